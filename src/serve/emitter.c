/*
 * A copy, not the learner, is evaluated: what becomes of it is taken back only where nothing was
 * forgotten meanwhile. Emissions and models take turns where both are asked for.
 */
#include "serve/emitter.h"

#include "base/memory.h"
#include "serve/log.h"
#include "serve/schedule.h"
#include "serve/wish.h"

#include <stdatomic.h>
#include <string.h>
#include <uv.h>

/* An emission for those who asked: what became of the last that was begun for any of them. */
struct emission_errand {
    struct wish wish;
    enum lattn_status status;
    uint64_t generation;
};

/*
 * A model for those who asked for heads that were not at hand. While the wish is open it is for
 * these heads alone: who wants others waits until it is begun.
 */
struct model_errand {
    struct wish wish;
    enum lattn_heads heads;
    int32_t count;
    enum lattn_status status;
};

/* The model that was found last, by whatever was asked for; NULL where there is none. */
struct finding {
    struct lattn_model *model;
    enum lattn_heads heads;
    int32_t count;
};

/*
 * is_asked, spectrum_asked   an emission is, by any thread; one that has the spectrum
 * generation, epoch, status  of the last emission that was begun; what became of it
 * last                       job that was begun
 * verdict                    the last one that was logged
 * pace                       of the rank, from emission to emission
 * has_spectrum               the last emission has
 * spectrum_due_ns            when an emission is worth making for the spectrum alone
 * heads...                   of the last emission that was made
 */
struct emitter {
    struct emitter_settings settings;
    struct fold *fold;
    struct publisher *publisher;
    struct schedule schedule;
    atomic_int is_asked;
    atomic_int spectrum_asked;
    uint64_t generation;
    uint64_t epoch;
    enum lattn_status status;
    enum publisher_job last;
    struct emission_errand emission;
    struct model_errand model;
    struct finding finding;
    enum lattn_verdict verdict;
    struct pace pace;
    struct emitter_tally tally;
    int has_spectrum;
    uint64_t spectrum_due_ns;
    int32_t heads;
    uint64_t heads_generation;
    enum lattn_certified heads_certified;
    enum lattn_decomposition heads_decomposition;
};

static uint64_t pairs_learned(const struct emitter *emitter)
{
    return lattn_learner_pairs(fold_learner(emitter->fold));
}

static int has_news(const struct emitter *emitter)
{
    return lattn_learner_generation(fold_learner(emitter->fold)) != emitter->generation ||
           fold_epoch(emitter->fold) != emitter->epoch;
}

/* ---- models ---- */

static int arrays_equal(const void *a, const void *b, int32_t count, size_t size)
{
    return count == 0 || memcmp(a, b, (size_t)count * size) == 0;
}

static int names_equal(const struct lattn_names *a, const struct lattn_names *b)
{
    return a->coordinates_count == b->coordinates_count && a->outputs_count == b->outputs_count &&
           a->blocks_count == b->blocks_count &&
           arrays_equal(a->coordinates, b->coordinates, a->coordinates_count,
                        sizeof *a->coordinates) &&
           arrays_equal(a->outputs, b->outputs, a->outputs_count, sizeof *a->outputs) &&
           arrays_equal(a->blocks, b->blocks, a->blocks_count, sizeof *a->blocks);
}

/* Would the learner answer the same? Blocks may have got names where nothing was learned. */
static int finding_is_current(const struct emitter *emitter, enum lattn_heads heads, int32_t count)
{
    const struct finding *finding = &emitter->finding;
    const struct lattn_learner *learner = fold_learner(emitter->fold);

    return finding->model != NULL && finding->heads == heads && finding->count == count &&
           finding->model->generation == lattn_learner_generation(learner) &&
           finding->model->pairs == lattn_learner_pairs(learner) &&
           names_equal(&finding->model->names, lattn_learner_names(learner));
}

/* Take over the heads of a copy, so that nobody looks for them again. */
static void finding_take(struct emitter *emitter, struct publisher_result *result)
{
    if (result->model == NULL)
        return;
    lattn_model_close(&emitter->finding.model);
    emitter->finding = (struct finding){
        .model = result->model,
        .heads = result->heads,
        .count = result->heads_count,
    };
    result->model = NULL;
    lattn_learner_note_model(fold_learner(emitter->fold), emitter->finding.heads,
                             emitter->finding.count, emitter->finding.model);
}

/* Returns 1 where somebody waits for what it came to, as all that begin or collect a job. */
static int model_end(struct emitter *emitter, enum lattn_status status)
{
    emitter->model.status = status;
    return wish_end(&emitter->model.wish);
}

static int model_start(struct emitter *emitter)
{
    struct model_errand *errand = &emitter->model;
    enum lattn_status status = LATTN_OK;

    wish_begin(&errand->wish);
    /* Whoever asked while others were looked for may find what it wants among these. */
    if (finding_is_current(emitter, errand->heads, errand->count))
        return model_end(emitter, status);
    emitter->last = PUBLISHER_MODEL;
    status = publisher_start_model(emitter->publisher, fold_learner(emitter->fold), errand->heads,
                                   errand->count, fold_epoch(emitter->fold));
    return status == LATTN_OK ? 0 : model_end(emitter, status);
}

/* ---- emissions ---- */

static int emission_end(struct emitter *emitter, enum lattn_status status, uint64_t generation)
{
    emitter->status = status;
    emitter->emission.status = status;
    emitter->emission.generation = generation;
    return wish_end(&emitter->emission.wish);
}

static int emission_start(struct emitter *emitter)
{
    struct lattn_learner *learner = fold_learner(emitter->fold);
    struct lattn_service service;
    enum lattn_status status;

    wish_begin(&emitter->emission.wish);
    schedule_begin(&emitter->schedule, uv_hrtime(), pairs_learned(emitter));
    emitter->last = PUBLISHER_EMISSION;
    emitter->generation = lattn_learner_generation(learner);
    emitter->epoch = fold_epoch(emitter->fold);
    emitter->spectrum_due_ns = SCHEDULE_NEVER; /* until this one says */
    emitter->settings.service(emitter->settings.arg, &service);
    status = publisher_start(emitter->publisher, learner, &service, &emitter->pace, emitter->epoch);
    if (status == LATTN_OK)
        return 0;
    emitter->tally.failed++;
    log_event(LOG_LEVEL_ERROR, "no emission",
              LOG_FIELDS(log_text("error", lattn_status_text(status))));
    return emission_end(emitter, status, 0);
}

static void verdict_log(struct emitter *emitter, const struct lattn_certificate *certificate)
{
    if (certificate->verdict == emitter->verdict)
        return;
    emitter->verdict = certificate->verdict;
    log_event(LOG_LEVEL_INFO, "verdict",
              LOG_FIELDS(log_text("verdict", lattn_verdict_text(certificate->verdict)),
                         log_count("pairs", (int64_t)certificate->pairs),
                         log_count("rank", certificate->rank), log_count("p", certificate->p),
                         log_real("rho", certificate->rho)));
}

static void heads_forget(struct emitter *emitter)
{
    emitter->heads = LATTN_NEVER;
    emitter->heads_generation = 0;
    emitter->heads_certified = LATTN_CERTIFIED_UNKNOWN;
    emitter->heads_decomposition = LATTN_DECOMPOSITION_NONE;
}

static void heads_note(struct emitter *emitter, const struct lattn_model *model)
{
    emitter->heads = model->heads;
    emitter->heads_certified = model->certified;
    emitter->heads_decomposition = model->decomposition;
}

static void tally_add(struct emitter *emitter, const struct publisher_result *result)
{
    struct emitter_tally *tally = &emitter->tally;

    if (result->status != LATTN_OK) {
        tally->failed++;
        return;
    }
    tally->made++;
    tally->end_ns = result->end_ns;
    tally->took_ns = result->end_ns - emitter->schedule.begin_ns;
}

static int emission_take(struct emitter *emitter, const struct publisher_result *result)
{
    const struct lattn_certificate *certificate = &result->certificate;

    schedule_end(&emitter->schedule, result->end_ns);
    tally_add(emitter, result);
    emitter->spectrum_due_ns = result->spectrum_due_ns;
    if (result->status == LATTN_OK && result->epoch == fold_epoch(emitter->fold)) {
        emitter->has_spectrum = result->has_spectrum;
        heads_forget(emitter);
        emitter->heads_generation = certificate->generation;
        if (result->model != NULL)
            heads_note(emitter, result->model);
        lattn_learner_note(fold_learner(emitter->fold), certificate);
        pace_note(&emitter->pace, certificate);
        verdict_log(emitter, certificate);
    }
    return emission_end(emitter, result->status, certificate->generation);
}

static int model_take(struct emitter *emitter, const struct publisher_result *result)
{
    if (result->status == LATTN_OK && result->epoch == fold_epoch(emitter->fold))
        lattn_learner_note(fold_learner(emitter->fold), &result->certificate);
    return model_end(emitter, result->status);
}

/* Take in what became of the last job. */
static int result_collect(struct emitter *emitter)
{
    struct publisher_result result;
    int is_news;

    if (publisher_result(emitter->publisher, &result) != LATTN_OK)
        return 0;
    is_news = result.job == PUBLISHER_EMISSION ? emission_take(emitter, &result)
                                               : model_take(emitter, &result);
    finding_take(emitter, &result);
    return is_news;
}

/* ---- opening and closing ---- */

enum lattn_status emitter_open(struct emitter **ret_emitter,
                               const struct emitter_settings *settings, struct fold *fold,
                               struct lattn_complaint *complaint)
{
    struct emitter *emitter = memory_zeroed(1, sizeof *emitter);
    const struct publisher_settings publisher = {
        .heads = settings->heads,
        .heads_count = settings->heads_count,
        .emit_dir = settings->emit_dir,
        .with_safetensors = settings->has_web,
        .done = settings->done,
        .arg = settings->arg,
    };
    enum lattn_status status;

    if (emitter == NULL)
        return LATTN_NO_MEMORY;
    emitter->settings = *settings;
    emitter->fold = fold;
    emitter->schedule.every_ns = settings->every_ns;
    emitter->schedule.every_pairs = settings->every_pairs;
    emitter->generation = lattn_learner_generation(fold_learner(fold));
    heads_forget(emitter);
    pace_init(&emitter->pace, pairs_learned(emitter));
    emitter->spectrum_due_ns = SCHEDULE_NEVER;
    atomic_store(&emitter->is_asked, settings->has_web || pairs_learned(emitter) > 0);
    status = publisher_open(&emitter->publisher, &publisher, complaint);
    if (status != LATTN_OK) {
        memory_release(emitter);
        return status;
    }
    *ret_emitter = emitter;
    return LATTN_OK;
}

void emitter_close(struct emitter **emitter)
{
    if (*emitter == NULL)
        return;
    publisher_close(&(*emitter)->publisher);
    lattn_model_close(&(*emitter)->finding.model);
    memory_release(*emitter);
    *emitter = NULL;
}

/* ---- what is due ---- */

/* An emission; SCHEDULE_NEVER: none. */
static uint64_t emission_due(struct emitter *emitter)
{
    if (wish_is_open(&emitter->emission.wish) || atomic_load(&emitter->is_asked))
        return 0;
    if (!has_news(emitter))
        return emitter->spectrum_due_ns;
    return schedule_due(&emitter->schedule, pairs_learned(emitter));
}

uint64_t emitter_due(struct emitter *emitter)
{
    /* Never while a job is under way, whose end wakes this thread. */
    if (!publisher_is_idle(emitter->publisher))
        return SCHEDULE_NEVER;
    if (wish_is_open(&emitter->model.wish) || atomic_load(&emitter->spectrum_asked))
        return 0;
    return emission_due(emitter);
}

/* Whoever came to want the spectrum needs an emission only where the last one is without. */
static void spectrum_consider(struct emitter *emitter)
{
    if (atomic_exchange(&emitter->spectrum_asked, 0) && !emitter->has_spectrum &&
        pairs_learned(emitter) > 0)
        emitter_ask(emitter);
}

/* Begin what is due. */
static int job_consider(struct emitter *emitter, uint64_t now_ns)
{
    int is_due = emission_due(emitter) <= now_ns;

    if (wish_is_open(&emitter->model.wish) && !(is_due && emitter->last == PUBLISHER_MODEL))
        return model_start(emitter);
    if (!is_due)
        return 0;
    atomic_store(&emitter->is_asked, 0);
    return emission_start(emitter);
}

int emitter_tend(struct emitter *emitter, uint64_t now_ns)
{
    /* Asked first: a result that is ready while the publisher is idle is then taken below. */
    int is_idle = publisher_is_idle(emitter->publisher);
    int is_news = result_collect(emitter);

    if (!is_idle)
        return is_news;
    spectrum_consider(emitter);
    return is_news | job_consider(emitter, now_ns);
}

void emitter_finish(struct emitter *emitter)
{
    publisher_wait(emitter->publisher);
    (void)result_collect(emitter); /* nobody waits any more, neither here nor below */
    /* The emission under way may have been of the last state already; a failure was logged. */
    if (!has_news(emitter) && (emitter->status == LATTN_OK || pairs_learned(emitter) == 0))
        return;
    (void)emission_start(emitter);
    publisher_wait(emitter->publisher);
    (void)result_collect(emitter);
}

/* ---- what can be asked for ---- */

void emitter_ask(struct emitter *emitter)
{
    atomic_store(&emitter->is_asked, 1);
}

enum lattn_status emitter_emission(struct emitter *emitter, uint64_t *ticket,
                                   uint64_t *ret_generation)
{
    struct emission_errand *errand = &emitter->emission;

    if (*ticket == 0)
        *ticket = wish_ask(&errand->wish);
    if (!wish_has_ended(&errand->wish, *ticket))
        return LATTN_MORE;
    *ticket = 0;
    if (errand->status == LATTN_OK)
        *ret_generation = errand->generation;
    return errand->status;
}

enum lattn_status emitter_model(struct emitter *emitter, enum lattn_heads heads, int32_t count,
                                uint64_t *ticket, const struct lattn_model **ret_model)
{
    struct model_errand *errand = &emitter->model;
    enum lattn_status status = LATTN_OK;

    if (*ticket != 0) {
        if (!wish_has_ended(&errand->wish, *ticket))
            return LATTN_MORE;
        *ticket = 0;
        status = errand->status;
    } else if (!finding_is_current(emitter, heads, count)) {
        if (wish_is_open(&errand->wish) && (errand->heads != heads || errand->count != count))
            return LATTN_MORE;
        errand->heads = heads;
        errand->count = count;
        *ticket = wish_ask(&errand->wish);
        return LATTN_MORE;
    }
    if (status == LATTN_OK)
        *ret_model = emitter->finding.model;
    return status;
}

void emitter_forget(struct emitter *emitter)
{
    schedule_reset(&emitter->schedule);
    emitter->verdict = LATTN_NOT_IDENTIFYING;
    pace_init(&emitter->pace, 0);
    emitter->has_spectrum = 0;
    emitter->spectrum_due_ns = SCHEDULE_NEVER;
    heads_forget(emitter);
}

struct emitter_tally emitter_tally(const struct emitter *emitter)
{
    return emitter->tally;
}

void emitter_describe(const struct emitter *emitter, struct lattn_service *service)
{
    service->heads = emitter->heads;
    service->heads_generation = emitter->heads_generation;
    service->heads_certified = emitter->heads_certified;
    service->heads_decomposition = emitter->heads_decomposition;
}

void emitter_want_spectrum(struct emitter *emitter, int is_wanted)
{
    publisher_want_spectrum(emitter->publisher, is_wanted);
    if (is_wanted)
        atomic_store(&emitter->spectrum_asked, 1);
}

const struct pace *emitter_pace(const struct emitter *emitter)
{
    return &emitter->pace;
}

enum lattn_status emitter_bulletin(struct emitter *emitter, struct bulletin **ret_bulletin)
{
    return publisher_bulletin(emitter->publisher, ret_bulletin);
}
