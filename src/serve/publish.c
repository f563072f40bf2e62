/*
 * The worker's thread makes the emission, or the model; the result waits until it is taken, and so
 * does the bulletin, which any thread may take. A bulletin nobody took is replaced by the next one.
 * The snapshot outlives its job, for the next one is copied faster into memory that has been
 * touched.
 *
 * The spectrum may cost more than all the rest of an emission. It is found for those who want it,
 * and by a ration: emissions between repeat the last one.
 */
#include "serve/publish.h"

#include <lattn/emission.h>

#include "base/memory.h"
#include "core/learner.h"
#include "serve/emit_dir.h"
#include "serve/log.h"
#include "serve/ration.h"
#include "serve/shards.h"
#include "serve/worker.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>
#include <uv.h>

/*
 * All but worker and bulletin belongs to whom the worker says.
 *
 * snapshot  of the job under way; between two of them what the next copy can use, or NULL
 * heads, heads_count  that the snapshot is asked for
 * spectrum_is_missed  a new one could not be made when it was its time
 */
struct publisher {
    struct publisher_settings settings;
    struct emit_dir emit_dir;
    struct worker *worker;
    enum publisher_job job;
    struct lattn_learner *snapshot;
    enum lattn_heads heads;
    int32_t heads_count;
    struct lattn_service service;
    struct lattn_aggregate *aggregate; /* that the service points to */
    struct pace pace;
    uint64_t epoch;
    uint64_t bulletins_made;
    atomic_int spectrum_wanted;
    struct lattn_spectrum spectrum;
    uint64_t spectrum_epoch;
    int spectrum_is_missed;
    struct ration spectrum_ration;
    struct publisher_result result;
    int has_result;
    _Atomic(struct bulletin *) bulletin;
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
    lattn_aggregate_close(&old->aggregate);
    memory_release(old);
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

    publisher->spectrum_is_missed = 0;
    if (publisher->spectrum_epoch != publisher->epoch)
        publisher->spectrum_ration = (struct ration){0};
    if (!atomic_load(&publisher->spectrum_wanted) ||
        !ration_allows(&publisher->spectrum_ration, begin_ns))
        return 0;
    if (lattn_learner_spectrum(publisher->snapshot, &spectrum) != LATTN_OK) {
        publisher->spectrum_is_missed = 1;
        return uv_hrtime() - begin_ns;
    }
    lattn_spectrum_done(&publisher->spectrum);
    publisher->spectrum = spectrum;
    publisher->spectrum_epoch = publisher->epoch;
    end_ns = uv_hrtime();
    ration_spend(&publisher->spectrum_ration, begin_ns, end_ns);
    return end_ns - begin_ns;
}

/*
 * When the spectrum of this generation may be made, if an older one was repeated; one that could
 * not be made waits for an emission with news, lest emissions follow each other for it alone.
 */
static uint64_t spectrum_due(const struct publisher *publisher, uint64_t generation)
{
    const struct lattn_spectrum *spectrum = spectrum_newest(publisher);

    return spectrum == NULL || spectrum->generation == generation || publisher->spectrum_is_missed
               ? UINT64_MAX
               : publisher->spectrum_ration.next_ns;
}

void publisher_want_spectrum(struct publisher *publisher, int is_wanted)
{
    atomic_store(&publisher->spectrum_wanted, is_wanted);
}

/* ---- bulletins ---- */

static void outputs_fill(struct bulletin *bulletin, const struct lattn_names *names)
{
    for (int32_t i = 0; i < names->outputs_count && i < METRICS_OUTPUTS_MAX; i++)
        memcpy(bulletin->outputs[i], names->outputs[i], LATTN_NAME_MAX);
}

/* Take over the report, and with it what the model says of heads and names. */
static void bulletin_fill(struct bulletin *bulletin, struct lattn_emission *emission,
                          struct publisher *publisher)
{
    struct lattn_service *facts = &bulletin->service;

    bulletin->report = emission->report;
    emission->report.noise_std = NULL;
    emission->report.r2 = NULL;
    *facts = publisher->service;
    bulletin->aggregate = publisher->aggregate;
    publisher->aggregate = NULL;
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

static enum lattn_status bulletin_open(struct bulletin **ret_bulletin, struct publisher *publisher,
                                       struct lattn_emission *emission)
{
    struct bulletin *bulletin = memory_zeroed(1, sizeof *bulletin);
    const struct lattn_spectrum *spectrum = spectrum_newest(publisher);
    int with_file = publisher->settings.with_safetensors || publisher->emit_dir.path != NULL;
    enum lattn_status status;

    if (bulletin == NULL)
        return LATTN_NO_MEMORY;
    bulletin->holders = 1;
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

/* Make the emission that was asked for; afterwards of the snapshot only its memory is left. */
static void emission_make(struct publisher *publisher, struct publisher_result *result)
{
    struct lattn_emission emission = {.model = NULL};
    struct bulletin *bulletin = NULL;
    uint64_t spectrum_ns = 0;

    result->status = lattn_emission_make(publisher->snapshot, publisher->heads,
                                         publisher->heads_count, &emission);
    if (result->status == LATTN_OK)
        spectrum_ns = spectrum_renew(publisher);
    learner_strip(publisher->snapshot);
    if (result->status == LATTN_OK)
        result->status = emission_publish(publisher, &emission, &bulletin);
    if (result->status == LATTN_OK) {
        result->certificate = bulletin->report.certificate;
        result->has_spectrum = bulletin->spectrum[LATTN_FORMAT_JSON].length > 0;
        result->spectrum_due_ns = spectrum_due(publisher, result->certificate.generation);
        result->model = emission.model;
        emission.model = NULL;
        bulletin = atomic_exchange(&publisher->bulletin, bulletin);
    } else {
        log_event(LOG_LEVEL_ERROR, "no emission",
                  LOG_FIELDS(log_text("error", lattn_status_text(result->status))));
    }
    bulletin_close(&bulletin);
    lattn_emission_done(&emission);
    result->end_ns = uv_hrtime() - spectrum_ns;
}

/* Look for the model that was asked for; of the snapshot only its memory is left, too. */
static void model_make(struct publisher *publisher, struct publisher_result *result)
{
    result->status = lattn_learner_model(publisher->snapshot, publisher->heads,
                                         publisher->heads_count, &result->model);
    learner_strip(publisher->snapshot);
    if (result->status == LATTN_OK)
        result->certificate = *result->model->certificate;
    result->end_ns = uv_hrtime();
}

static void publisher_work(void *arg)
{
    struct publisher *publisher = arg;
    struct publisher_result result = {
        .job = publisher->job,
        .epoch = publisher->epoch,
        .spectrum_due_ns = UINT64_MAX,
        .heads = publisher->heads,
        .heads_count = publisher->heads_count,
    };

    if (publisher->job == PUBLISHER_EMISSION)
        emission_make(publisher, &result);
    else
        model_make(publisher, &result);
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
    lattn_aggregate_close(&old->aggregate);
    bulletin = atomic_load(&old->bulletin);
    bulletin_close(&bulletin);
    lattn_model_close(&old->result.model);
    lattn_spectrum_done(&old->spectrum);
    memory_release(old);
    *publisher = NULL;
}

/* ---- the owner's side ---- */

/* What the next job is about. Returns LATTN_OK, or LATTN_NO_MEMORY with nothing changed. */
static enum lattn_status job_prepare(struct publisher *publisher, enum publisher_job job,
                                     const struct lattn_learner *learner, enum lattn_heads heads,
                                     int32_t heads_count, uint64_t epoch)
{
    enum lattn_status status;

    assert(worker_is_idle(publisher->worker));
    status = learner_copy_over(learner, &publisher->snapshot);
    if (status != LATTN_OK)
        return status;
    publisher->job = job;
    publisher->heads = heads;
    publisher->heads_count = heads_count;
    publisher->epoch = epoch;
    return LATTN_OK;
}

enum lattn_status publisher_start(struct publisher *publisher, const struct lattn_learner *learner,
                                  const struct lattn_service *service, const struct pace *pace,
                                  uint64_t epoch)
{
    int32_t most = lattn_learner_heads_max(learner);
    int32_t count = publisher->settings.heads_count;
    enum lattn_status status =
        job_prepare(publisher, PUBLISHER_EMISSION, learner, publisher->settings.heads,
                    count < most ? count : most, epoch);

    if (status != LATTN_OK)
        return status;
    publisher->service = *service;
    lattn_aggregate_close(&publisher->aggregate);
    publisher->aggregate = shards_copy_out(service->aggregate);
    publisher->service.aggregate = publisher->aggregate;
    publisher->pace = *pace;
    worker_start(publisher->worker);
    return LATTN_OK;
}

enum lattn_status publisher_start_model(struct publisher *publisher,
                                        const struct lattn_learner *learner, enum lattn_heads heads,
                                        int32_t heads_count, uint64_t epoch)
{
    enum lattn_status status =
        job_prepare(publisher, PUBLISHER_MODEL, learner, heads, heads_count, epoch);

    if (status == LATTN_OK)
        worker_start(publisher->worker);
    return status;
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
