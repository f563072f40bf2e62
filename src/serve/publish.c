/*
 * The worker's thread makes the emission; the result waits until it is taken, and so does the
 * bulletin, which any thread may take. A bulletin nobody took is replaced by the next one. The
 * snapshot outlives its emission, for the next one is copied faster into memory that has been
 * touched.
 */
#include "serve/publish.h"

#include <lattn/emission.h>

#include "base/memory.h"
#include "core/learner.h"
#include "serve/emit_dir.h"
#include "serve/log.h"
#include "serve/worker.h"

#include <assert.h>
#include <stdatomic.h>
#include <uv.h>

/*
 * All but worker and bulletin belongs to whom the worker says.
 *
 * snapshot  of the emission under way; between two of them what the next copy can use, or NULL
 */
struct publisher {
    struct publisher_settings settings;
    struct emit_dir emit_dir;
    struct worker *worker;
    struct lattn_learner *snapshot;
    struct lattn_service service;
    uint64_t epoch;
    uint64_t bulletins_made;
    struct publisher_result result;
    int has_result;
    _Atomic(struct bulletin *) bulletin;
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

/* Make the emission that was asked for; afterwards of the snapshot only its memory is left. */
static struct publisher_result emission_make(struct publisher *publisher, struct edition *edition)
{
    struct publisher_result result = {.epoch = publisher->epoch};
    struct lattn_emission emission = {.model = NULL};
    int32_t heads_max = lattn_learner_heads_max(publisher->snapshot);
    int32_t heads_count = publisher->settings.heads_count;

    result.status =
        lattn_emission_make(publisher->snapshot, publisher->settings.heads,
                            heads_count < heads_max ? heads_count : heads_max, &emission);
    learner_strip(publisher->snapshot);
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

static void publisher_work(void *arg)
{
    struct publisher *publisher = arg;
    struct edition edition = {.bulletin = NULL};
    struct publisher_result result = emission_make(publisher, &edition);

    if (result.status == LATTN_OK)
        edition.bulletin = atomic_exchange(&publisher->bulletin, edition.bulletin);
    edition_done(&edition);
    lattn_model_close(&publisher->result.model);
    publisher->result = result;
    publisher->has_result = 1;
}

enum lattn_status publisher_open(struct publisher **ret_publisher,
                                 const struct publisher_settings *settings,
                                 struct lattn_complaint *complaint)
{
    struct publisher *publisher = memory_zeroed(1, sizeof *publisher);
    const struct worker_settings worker = {publisher_work, publisher, settings->done,
                                           settings->arg};
    enum lattn_status status = LATTN_OK;

    if (publisher == NULL)
        return LATTN_NO_MEMORY;
    publisher->settings = *settings;
    if (settings->emit_dir != NULL)
        status = emit_dir_init(&publisher->emit_dir, settings->emit_dir, complaint);
    if (status == LATTN_OK)
        status = worker_open(&publisher->worker, &worker);
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
    struct bulletin *bulletin;

    if (old == NULL)
        return;
    worker_close(&old->worker);
    lattn_learner_close(&old->snapshot);
    bulletin = atomic_load(&old->bulletin);
    bulletin_close(&bulletin);
    lattn_model_close(&old->result.model);
    memory_release(old);
    *publisher = NULL;
}

enum lattn_status publisher_start(struct publisher *publisher, const struct lattn_learner *learner,
                                  const struct lattn_service *service, uint64_t epoch)
{
    enum lattn_status status;

    assert(worker_is_idle(publisher->worker));
    status = learner_copy_over(learner, &publisher->snapshot);
    if (status != LATTN_OK)
        return status;
    publisher->service = *service;
    publisher->epoch = epoch;
    worker_start(publisher->worker);
    return LATTN_OK;
}

int publisher_is_idle(struct publisher *publisher)
{
    return worker_is_idle(publisher->worker);
}

void publisher_wait(struct publisher *publisher)
{
    worker_wait(publisher->worker);
}

enum lattn_status publisher_result(struct publisher *publisher, struct publisher_result *ret_result)
{
    if (!worker_is_idle(publisher->worker) || !publisher->has_result)
        return LATTN_MORE;
    *ret_result = publisher->result;
    publisher->result.model = NULL;
    publisher->has_result = 0;
    return LATTN_OK;
}

enum lattn_status publisher_bulletin(struct publisher *publisher, struct bulletin **ret_bulletin)
{
    struct bulletin *bulletin = atomic_exchange(&publisher->bulletin, NULL);

    if (bulletin == NULL)
        return LATTN_MORE;
    *ret_bulletin = bulletin;
    return LATTN_OK;
}
