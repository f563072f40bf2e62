/*
 * One job at a time: IDLE -> WORK (publisher_start) -> IDLE (the thread). The snapshot and its
 * companions belong to whoever the phase says; result and bulletin wait under the mutex until they
 * are taken. A bulletin nobody took is replaced by the next one.
 */
#include "serve/publish.h"

#include <lattn/emission.h>

#include "base/memory.h"
#include "serve/emit_dir.h"
#include "serve/log.h"

#include <assert.h>
#include <uv.h>

enum phase { PHASE_IDLE, PHASE_WORK, PHASE_END };

struct publisher {
    struct publisher_settings settings;
    struct emit_dir emit_dir;
    uv_thread_t thread;
    uv_mutex_t mutex;
    uv_cond_t changed;

    enum phase phase;
    struct lattn_learner *snapshot;
    struct lattn_service service;
    uint64_t epoch;
    uint64_t bulletins_made;

    struct publisher_result result;
    int has_result;
    struct bulletin *bulletin;
};

/* The parts of an emission in both formats, and the messages made of them. */
struct edition {
    struct lattn_text status[BULLETIN_FORMATS];
    struct lattn_text model[BULLETIN_FORMATS];
    struct bulletin *bulletin;
};

void bulletin_close(struct bulletin **bulletin)
{
    if (*bulletin == NULL)
        return;
    for (int format = 0; format < BULLETIN_FORMATS; format++) {
        lattn_text_done(&(*bulletin)->status[format]);
        lattn_text_done(&(*bulletin)->model[format]);
    }
    memory_release(*bulletin);
    *bulletin = NULL;
}

static void edition_done(struct edition *edition)
{
    for (int format = 0; format < BULLETIN_FORMATS; format++) {
        lattn_text_done(&edition->status[format]);
        lattn_text_done(&edition->model[format]);
    }
    bulletin_close(&edition->bulletin);
}

static enum lattn_status edition_write(struct edition *edition, enum lattn_format format,
                                       const struct lattn_emission *emission,
                                       const struct lattn_service *service)
{
    struct lattn_text *status_text = &edition->status[format];
    struct lattn_text *model_text = &edition->model[format];
    struct bulletin *bulletin = edition->bulletin;
    enum lattn_status status = lattn_write_status(status_text, format, &emission->report, service);

    if (status == LATTN_OK && emission->model != NULL)
        status = lattn_write_model(model_text, format, emission->model);
    if (status == LATTN_OK)
        status = lattn_write_emission(&bulletin->status[format], format, status_text->data,
                                      status_text->length, NULL, 0);
    if (status == LATTN_OK)
        status = lattn_write_emission(&bulletin->model[format], format, status_text->data,
                                      status_text->length, model_text->data, model_text->length);
    return status;
}

static enum lattn_status edition_make(struct edition *edition,
                                      const struct lattn_emission *emission,
                                      const struct lattn_service *service)
{
    struct bulletin *bulletin = memory_zeroed(1, sizeof *bulletin);
    enum lattn_status status;

    if (bulletin == NULL)
        return LATTN_NO_MEMORY;
    edition->bulletin = bulletin;
    bulletin->certificate = emission->report.certificate;
    bulletin->stream = emission->report.stream;
    status = edition_write(edition, LATTN_FORMAT_JSON, emission, service);
    if (status == LATTN_OK)
        status = edition_write(edition, LATTN_FORMAT_MSGPACK, emission, service);
    return status;
}

static enum lattn_status emission_publish(struct publisher *publisher,
                                          const struct lattn_emission *emission,
                                          struct edition *edition)
{
    struct lattn_service service = publisher->service;
    enum lattn_status status;

    service.heads = LATTN_NEVER;
    service.heads_generation = emission->report.generation;
    if (emission->model != NULL) {
        service.heads = emission->model->heads;
        service.heads_certified = emission->model->certified;
        service.heads_decomposition = emission->model->decomposition;
    }
    status = edition_make(edition, emission, &service);
    if (status != LATTN_OK)
        return status;
    edition->bulletin->number = ++publisher->bulletins_made;
    if (publisher->emit_dir.path != NULL)
        emit_dir_write(&publisher->emit_dir, &edition->status[LATTN_FORMAT_JSON], emission->model);
    return LATTN_OK;
}

/* Make the emission that was asked for; afterwards the snapshot is gone. */
static struct publisher_result publisher_work(struct publisher *publisher, struct edition *edition)
{
    struct publisher_result result = {.epoch = publisher->epoch};
    struct lattn_emission emission = {.model = NULL};
    int32_t heads_max = lattn_learner_heads_max(publisher->snapshot);
    int32_t heads_count = publisher->settings.heads_count;

    result.status =
        lattn_emission_make(publisher->snapshot, publisher->settings.heads,
                            heads_count < heads_max ? heads_count : heads_max, &emission);
    lattn_learner_close(&publisher->snapshot);
    if (result.status == LATTN_OK)
        result.status = emission_publish(publisher, &emission, edition);
    if (result.status == LATTN_OK) {
        result.certificate = emission.report.certificate;
        result.model = emission.model;
        emission.model = NULL;
    } else {
        log_event(LOG_LEVEL_ERROR, "no emission",
                  LOG_FIELDS(log_text("error", lattn_status_text(result.status))));
    }
    lattn_emission_done(&emission);
    result.end_ns = uv_hrtime();
    return result;
}

static void publisher_finish(struct publisher *publisher, const struct publisher_result *result,
                             struct edition *edition)
{
    uv_mutex_lock(&publisher->mutex);
    lattn_model_close(&publisher->result.model);
    publisher->result = *result;
    publisher->has_result = 1;
    if (result->status == LATTN_OK) {
        bulletin_close(&publisher->bulletin);
        publisher->bulletin = edition->bulletin;
        edition->bulletin = NULL;
    }
    publisher->phase = PHASE_IDLE;
    uv_cond_broadcast(&publisher->changed);
    uv_mutex_unlock(&publisher->mutex);
    publisher->settings.done(publisher->settings.arg);
}

static enum phase await_work(struct publisher *publisher)
{
    enum phase phase;

    uv_mutex_lock(&publisher->mutex);
    while (publisher->phase == PHASE_IDLE)
        uv_cond_wait(&publisher->changed, &publisher->mutex);
    phase = publisher->phase;
    uv_mutex_unlock(&publisher->mutex);
    return phase;
}

static void publisher_run(void *arg)
{
    struct publisher *publisher = arg;

    while (await_work(publisher) == PHASE_WORK) {
        struct edition edition = {.bulletin = NULL};
        struct publisher_result result = publisher_work(publisher, &edition);

        publisher_finish(publisher, &result, &edition);
        edition_done(&edition);
    }
}

static enum lattn_status thread_start(struct publisher *publisher)
{
    if (uv_mutex_init(&publisher->mutex) != 0)
        return LATTN_NO_MEMORY;
    if (uv_cond_init(&publisher->changed) != 0) {
        uv_mutex_destroy(&publisher->mutex);
        return LATTN_NO_MEMORY;
    }
    if (uv_thread_create(&publisher->thread, publisher_run, publisher) != 0) {
        uv_cond_destroy(&publisher->changed);
        uv_mutex_destroy(&publisher->mutex);
        return LATTN_NO_MEMORY;
    }
    return LATTN_OK;
}

enum lattn_status publisher_open(struct publisher **ret_publisher,
                                 const struct publisher_settings *settings,
                                 struct lattn_complaint *complaint)
{
    struct publisher *publisher = memory_zeroed(1, sizeof *publisher);
    enum lattn_status status = LATTN_OK;

    if (publisher == NULL)
        return LATTN_NO_MEMORY;
    publisher->settings = *settings;
    if (settings->emit_dir != NULL)
        status = emit_dir_init(&publisher->emit_dir, settings->emit_dir, complaint);
    if (status == LATTN_OK)
        status = thread_start(publisher);
    if (status != LATTN_OK) {
        memory_release(publisher);
        return status;
    }
    *ret_publisher = publisher;
    return LATTN_OK;
}

void publisher_close(struct publisher **publisher)
{
    struct publisher *old = *publisher;

    if (old == NULL)
        return;
    publisher_wait(old);
    uv_mutex_lock(&old->mutex);
    old->phase = PHASE_END;
    uv_cond_broadcast(&old->changed);
    uv_mutex_unlock(&old->mutex);
    uv_thread_join(&old->thread);
    uv_cond_destroy(&old->changed);
    uv_mutex_destroy(&old->mutex);
    bulletin_close(&old->bulletin);
    lattn_model_close(&old->result.model);
    memory_release(old);
    *publisher = NULL;
}

void publisher_start(struct publisher *publisher, struct lattn_learner *snapshot,
                     const struct lattn_service *service, uint64_t epoch)
{
    uv_mutex_lock(&publisher->mutex);
    assert(publisher->phase == PHASE_IDLE);
    publisher->snapshot = snapshot;
    publisher->service = *service;
    publisher->epoch = epoch;
    publisher->phase = PHASE_WORK;
    uv_cond_broadcast(&publisher->changed);
    uv_mutex_unlock(&publisher->mutex);
}

int publisher_is_idle(struct publisher *publisher)
{
    int idle;

    uv_mutex_lock(&publisher->mutex);
    idle = publisher->phase == PHASE_IDLE;
    uv_mutex_unlock(&publisher->mutex);
    return idle;
}

void publisher_wait(struct publisher *publisher)
{
    uv_mutex_lock(&publisher->mutex);
    while (publisher->phase == PHASE_WORK)
        uv_cond_wait(&publisher->changed, &publisher->mutex);
    uv_mutex_unlock(&publisher->mutex);
}

enum lattn_status publisher_result(struct publisher *publisher, struct publisher_result *ret_result)
{
    enum lattn_status status = LATTN_MORE;

    uv_mutex_lock(&publisher->mutex);
    if (publisher->has_result) {
        *ret_result = publisher->result;
        publisher->result.model = NULL;
        publisher->has_result = 0;
        status = LATTN_OK;
    }
    uv_mutex_unlock(&publisher->mutex);
    return status;
}

enum lattn_status publisher_bulletin(struct publisher *publisher, struct bulletin **ret_bulletin)
{
    enum lattn_status status = LATTN_MORE;

    uv_mutex_lock(&publisher->mutex);
    if (publisher->bulletin != NULL) {
        *ret_bulletin = publisher->bulletin;
        publisher->bulletin = NULL;
        status = LATTN_OK;
    }
    uv_mutex_unlock(&publisher->mutex);
    return status;
}
