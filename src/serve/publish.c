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
#include <string.h>
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
    struct pace pace;
    uint64_t epoch;
    uint64_t bulletins_made;

    struct publisher_result result;
    int has_result;
    struct bulletin *bulletin;
};

struct bulletin *bulletin_hold(struct bulletin *bulletin)
{
    bulletin->holders++;
    return bulletin;
}

void bulletin_close(struct bulletin **bulletin)
{
    struct bulletin *old = *bulletin;

    *bulletin = NULL;
    if (old == NULL || --old->holders > 0)
        return;
    for (int format = 0; format < BULLETIN_FORMATS; format++) {
        lattn_text_done(&old->status[format]);
        lattn_text_done(&old->model[format]);
        lattn_text_done(&old->spectrum[format]);
    }
    lattn_text_done(&old->safetensors);
    lattn_report_done(&old->report);
    memory_release(old);
}

/* Lay out in one format what the bulletin has. */
static enum lattn_status bulletin_write(struct bulletin *bulletin, enum lattn_format format,
                                        const struct lattn_model *model)
{
    enum lattn_status status = lattn_write_status(&bulletin->status[format], format,
                                                  &bulletin->report, &bulletin->service);

    if (status == LATTN_OK && model != NULL)
        status = lattn_write_model(&bulletin->model[format], format, model);
    return status;
}

static void outputs_fill(struct bulletin *bulletin, const struct lattn_names *names)
{
    for (int32_t i = 0; i < names->outputs_count && i < METRICS_OUTPUTS_MAX; i++)
        memcpy(bulletin->outputs[i], names->outputs[i], LATTN_NAME_MAX);
}

/* Take over the report, and with it what the model says of heads and names. */
static void bulletin_fill(struct bulletin *bulletin, struct lattn_emission *emission,
                          const struct publisher *publisher)
{
    struct lattn_service *facts = &bulletin->service;

    bulletin->report = emission->report;
    emission->report.noise_std = NULL;
    emission->report.r2 = NULL;
    *facts = publisher->service;
    facts->pairs_to_go = pace_pairs_to_go(&publisher->pace, &bulletin->report.certificate);
    facts->heads = LATTN_NEVER;
    facts->heads_generation = bulletin->report.generation;
    if (emission->model != NULL) {
        facts->heads = emission->model->heads;
        facts->heads_certified = emission->model->certified;
        facts->heads_decomposition = emission->model->decomposition;
        outputs_fill(bulletin, &emission->model->names);
    }
}

static enum lattn_status bulletin_open(struct bulletin **ret_bulletin,
                                       const struct publisher *publisher,
                                       struct lattn_emission *emission)
{
    struct bulletin *bulletin = memory_zeroed(1, sizeof *bulletin);
    int with_file = publisher->settings.with_safetensors || publisher->emit_dir.path != NULL;
    enum lattn_status status;

    if (bulletin == NULL)
        return LATTN_NO_MEMORY;
    bulletin->holders = 1;
    bulletin_fill(bulletin, emission, publisher);
    status = bulletin_write(bulletin, LATTN_FORMAT_JSON, emission->model);
    if (status == LATTN_OK)
        status = bulletin_write(bulletin, LATTN_FORMAT_MSGPACK, emission->model);
    if (status == LATTN_OK && with_file && emission->model != NULL)
        status = lattn_write_safetensors(&bulletin->safetensors, emission->model);
    if (status != LATTN_OK) {
        bulletin_close(&bulletin);
        return status;
    }
    *ret_bulletin = bulletin;
    return LATTN_OK;
}

static enum lattn_status emission_publish(struct publisher *publisher,
                                          struct lattn_emission *emission,
                                          struct bulletin **ret_bulletin)
{
    struct bulletin *bulletin = NULL;
    enum lattn_status status = bulletin_open(&bulletin, publisher, emission);

    if (status != LATTN_OK)
        return status;
    bulletin->number = ++publisher->bulletins_made;
    if (publisher->emit_dir.path != NULL)
        emit_dir_write(&publisher->emit_dir, &bulletin->status[LATTN_FORMAT_JSON],
                       &bulletin->safetensors);
    if (!publisher->settings.with_safetensors)
        lattn_text_done(&bulletin->safetensors);
    *ret_bulletin = bulletin;
    return LATTN_OK;
}

/* Make the emission that was asked for; afterwards the snapshot is gone. */
static struct publisher_result publisher_work(struct publisher *publisher,
                                              struct bulletin **ret_bulletin)
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
        result.status = emission_publish(publisher, &emission, ret_bulletin);
    if (result.status == LATTN_OK) {
        result.certificate = (*ret_bulletin)->report.certificate;
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

/* bulletin  given; NULL where there is none */
static void publisher_finish(struct publisher *publisher, const struct publisher_result *result,
                             struct bulletin *bulletin)
{
    uv_mutex_lock(&publisher->mutex);
    lattn_model_close(&publisher->result.model);
    publisher->result = *result;
    publisher->has_result = 1;
    if (result->status == LATTN_OK) {
        bulletin_close(&publisher->bulletin);
        publisher->bulletin = bulletin;
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
        struct bulletin *bulletin = NULL;
        struct publisher_result result = publisher_work(publisher, &bulletin);

        publisher_finish(publisher, &result, bulletin);
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
                     const struct lattn_service *service, const struct pace *pace, uint64_t epoch)
{
    uv_mutex_lock(&publisher->mutex);
    assert(publisher->phase == PHASE_IDLE);
    publisher->snapshot = snapshot;
    publisher->service = *service;
    publisher->pace = *pace;
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
