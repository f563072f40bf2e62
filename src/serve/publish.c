/*
 * One job at a time: IDLE -> WORK (publisher_start) -> IDLE (the thread). The snapshot and its
 * companions belong to whoever the phase says; result and bulletin wait under the mutex until they
 * are taken. A bulletin nobody took is replaced by the next one.
 *
 * The spectrum may cost more than all the rest of an emission. It is found for those who want it,
 * and by a ration: emissions between repeat the last one.
 */
#include "serve/publish.h"

#include <lattn/emission.h>

#include "base/memory.h"
#include "serve/emit_dir.h"
#include "serve/log.h"
#include "serve/ration.h"

#include <assert.h>
#include <stdatomic.h>
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
    atomic_int spectrum_wanted;
    struct lattn_spectrum spectrum;
    uint64_t spectrum_epoch;
    struct ration spectrum_ration;

    struct publisher_result result;
    int has_result;
    struct bulletin *bulletin;
};

void bulletin_close(struct bulletin **bulletin)
{
    struct bulletin *old = *bulletin;

    if (old == NULL)
        return;
    for (int format = 0; format < BULLETIN_FORMATS; format++) {
        lattn_text_done(&old->status[format]);
        lattn_text_done(&old->model[format]);
        lattn_text_done(&old->spectrum[format]);
    }
    lattn_text_done(&old->safetensors);
    lattn_report_done(&old->report);
    memory_release(old);
    *bulletin = NULL;
}

/* The heads go with it, which are always those of this emission. */
static enum lattn_status spectrum_write(struct lattn_text *text, enum lattn_format format,
                                        const struct lattn_spectrum *spectrum,
                                        const struct lattn_model *model)
{
    struct lattn_spectrum told = *spectrum;

    told.heads = model != NULL ? model->sigma : NULL;
    told.heads_count = model != NULL ? model->heads : 0;
    return lattn_write_spectrum(text, format, &told);
}

/* Lay out in one format what the bulletin has. */
static enum lattn_status bulletin_write(struct bulletin *bulletin, enum lattn_format format,
                                        const struct lattn_model *model,
                                        const struct lattn_spectrum *spectrum)
{
    enum lattn_status status = lattn_write_status(&bulletin->status[format], format,
                                                  &bulletin->report, &bulletin->service);

    if (status == LATTN_OK && model != NULL)
        status = lattn_write_model(&bulletin->model[format], format, model);
    if (status == LATTN_OK && spectrum != NULL)
        status = spectrum_write(&bulletin->spectrum[format], format, spectrum, model);
    return status;
}

/* ---- the spectrum ---- */

/* One that tells of this learner, and that somebody wants; NULL: there is none. */
static const struct lattn_spectrum *spectrum_newest(const struct publisher *publisher)
{
    if (!atomic_load(&publisher->spectrum_wanted) ||
        publisher->spectrum_epoch != publisher->epoch || publisher->spectrum.largest_count == 0)
        return NULL;
    return &publisher->spectrum;
}

/*
 * Find that of the snapshot if it is wanted and its time has come; without one we go on. Returns
 * the time that this took.
 */
static uint64_t spectrum_renew(struct publisher *publisher)
{
    uint64_t begin_ns = uv_hrtime();
    struct lattn_spectrum spectrum;
    uint64_t end_ns;

    if (publisher->spectrum_epoch != publisher->epoch)
        publisher->spectrum_ration = (struct ration){0};
    if (!atomic_load(&publisher->spectrum_wanted) ||
        !ration_allows(&publisher->spectrum_ration, begin_ns))
        return 0;
    if (lattn_learner_spectrum(publisher->snapshot, &spectrum) != LATTN_OK)
        return uv_hrtime() - begin_ns; /* the emission has met the same want, or will */
    lattn_spectrum_done(&publisher->spectrum);
    publisher->spectrum = spectrum;
    publisher->spectrum_epoch = publisher->epoch;
    end_ns = uv_hrtime();
    ration_spend(&publisher->spectrum_ration, begin_ns, end_ns);
    return end_ns - begin_ns;
}

/* When the spectrum of this generation may be made, if an older one was repeated. */
static uint64_t spectrum_due(const struct publisher *publisher, uint64_t generation)
{
    const struct lattn_spectrum *spectrum = spectrum_newest(publisher);

    return spectrum == NULL || spectrum->generation == generation
               ? UINT64_MAX
               : publisher->spectrum_ration.next_ns;
}

void publisher_want_spectrum(struct publisher *publisher, int is_wanted)
{
    atomic_store(&publisher->spectrum_wanted, is_wanted);
}

/* ---- bulletins ---- */

/* Take over the report, and with it what the model says of the heads. */
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
    }
}

static enum lattn_status bulletin_open(struct bulletin **ret_bulletin,
                                       const struct publisher *publisher,
                                       struct lattn_emission *emission)
{
    struct bulletin *bulletin = memory_zeroed(1, sizeof *bulletin);
    const struct lattn_spectrum *spectrum = spectrum_newest(publisher);
    int with_file = publisher->settings.with_safetensors || publisher->emit_dir.path != NULL;
    enum lattn_status status;

    if (bulletin == NULL)
        return LATTN_NO_MEMORY;
    bulletin_fill(bulletin, emission, publisher);
    status = bulletin_write(bulletin, LATTN_FORMAT_JSON, emission->model, spectrum);
    if (status == LATTN_OK)
        status = bulletin_write(bulletin, LATTN_FORMAT_MSGPACK, emission->model, spectrum);
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
    struct publisher_result result = {.epoch = publisher->epoch, .spectrum_due_ns = UINT64_MAX};
    struct lattn_emission emission = {.model = NULL};
    int32_t heads_max = lattn_learner_heads_max(publisher->snapshot);
    int32_t heads_count = publisher->settings.heads_count;
    uint64_t spectrum_ns = 0;

    result.status =
        lattn_emission_make(publisher->snapshot, publisher->settings.heads,
                            heads_count < heads_max ? heads_count : heads_max, &emission);
    if (result.status == LATTN_OK)
        spectrum_ns = spectrum_renew(publisher);
    lattn_learner_close(&publisher->snapshot);
    if (result.status == LATTN_OK)
        result.status = emission_publish(publisher, &emission, ret_bulletin);
    if (result.status == LATTN_OK) {
        result.certificate = (*ret_bulletin)->report.certificate;
        result.spectrum_due_ns = spectrum_due(publisher, result.certificate.generation);
        result.model = emission.model;
        emission.model = NULL;
    } else {
        log_event(LOG_LEVEL_ERROR, "no emission",
                  LOG_FIELDS(log_text("error", lattn_status_text(result.status))));
    }
    lattn_emission_done(&emission);
    result.end_ns = uv_hrtime() - spectrum_ns;
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
    lattn_spectrum_done(&old->spectrum);
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
