/*
 * A copy, not the learner, is evaluated: what becomes of it is taken back only where nothing was
 * forgotten meanwhile.
 */
#include "serve/emitter.h"

#include "base/memory.h"
#include "serve/log.h"
#include "serve/schedule.h"

#include <stdatomic.h>
#include <uv.h>

/*
 * generation, epoch, status  of the last emission that was begun; what became of it
 * verdict                    the last one that was logged
 * pace                       of the rank, from emission to emission
 * spectrum_due_ns            when an emission is worth making for the spectrum alone
 * heads...                   of the last emission that was made
 */
struct emitter {
    struct emitter_settings settings;
    struct fold *fold;
    struct publisher *publisher;
    struct schedule schedule;
    atomic_int is_asked;
    uint64_t generation;
    uint64_t epoch;
    enum lattn_status status;
    enum lattn_verdict verdict;
    struct pace pace;
    struct emitter_tally tally;
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

static void emission_start(struct emitter *emitter)
{
    struct lattn_learner *learner = fold_learner(emitter->fold);
    struct lattn_service service;

    schedule_begin(&emitter->schedule, uv_hrtime(), pairs_learned(emitter));
    emitter->generation = lattn_learner_generation(learner);
    emitter->epoch = fold_epoch(emitter->fold);
    emitter->spectrum_due_ns = SCHEDULE_NEVER; /* until this one says */
    emitter->settings.service(emitter->settings.arg, &service);
    emitter->status =
        publisher_start(emitter->publisher, learner, &service, &emitter->pace, emitter->epoch);
    if (emitter->status != LATTN_OK) {
        emitter->tally.failed++;
        log_event(LOG_LEVEL_ERROR, "no emission",
                  LOG_FIELDS(log_text("error", lattn_status_text(emitter->status))));
    }
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

/* Take over the heads of an emission, so that nobody looks for them again. */
static void heads_note(struct emitter *emitter, const struct lattn_model *model)
{
    struct lattn_learner *learner = fold_learner(emitter->fold);
    int32_t count = emitter->settings.heads_count;
    int32_t most = lattn_learner_heads_max(learner);

    emitter->heads = model->heads;
    emitter->heads_certified = model->certified;
    emitter->heads_decomposition = model->decomposition;
    lattn_learner_note_model(learner, emitter->settings.heads, count < most ? count : most, model);
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

/* Take in what became of the last emission. */
static void emission_collect(struct emitter *emitter)
{
    struct publisher_result result;

    if (publisher_result(emitter->publisher, &result) != LATTN_OK)
        return;
    schedule_end(&emitter->schedule, result.end_ns);
    tally_add(emitter, &result);
    emitter->spectrum_due_ns = result.spectrum_due_ns;
    emitter->status = result.status;
    if (result.status == LATTN_OK && result.epoch == fold_epoch(emitter->fold)) {
        heads_forget(emitter);
        emitter->heads_generation = result.certificate.generation;
        if (result.model != NULL)
            heads_note(emitter, result.model);
        lattn_learner_note(fold_learner(emitter->fold), &result.certificate);
        pace_note(&emitter->pace, &result.certificate);
        verdict_log(emitter, &result.certificate);
    }
    lattn_model_close(&result.model);
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
    memory_release(*emitter);
    *emitter = NULL;
}

/* ---- emissions on time, and on request ---- */

uint64_t emitter_due(struct emitter *emitter)
{
    /* Never while one is under way, whose end wakes this thread. */
    if (!publisher_is_idle(emitter->publisher))
        return SCHEDULE_NEVER;
    if (atomic_load(&emitter->is_asked))
        return 0;
    if (!has_news(emitter))
        return emitter->spectrum_due_ns;
    return schedule_due(&emitter->schedule, pairs_learned(emitter));
}

void emitter_tend(struct emitter *emitter, uint64_t now_ns)
{
    /* Asked first: a result that is ready while the publisher is idle is then taken below. */
    int is_idle = publisher_is_idle(emitter->publisher);

    emission_collect(emitter);
    if (!is_idle || emitter_due(emitter) > now_ns)
        return;
    atomic_store(&emitter->is_asked, 0);
    emission_start(emitter);
}

void emitter_ask(struct emitter *emitter)
{
    atomic_store(&emitter->is_asked, 1);
}

enum lattn_status emitter_force(struct emitter *emitter)
{
    publisher_wait(emitter->publisher);
    emission_collect(emitter);
    emission_start(emitter);
    publisher_wait(emitter->publisher);
    emission_collect(emitter);
    return emitter->status;
}

void emitter_finish(struct emitter *emitter)
{
    publisher_wait(emitter->publisher);
    emission_collect(emitter);
    /* The emission under way may have been of the last state already; a failure was logged. */
    if (has_news(emitter) || (emitter->status != LATTN_OK && pairs_learned(emitter) > 0))
        (void)emitter_force(emitter);
}

void emitter_forget(struct emitter *emitter)
{
    schedule_reset(&emitter->schedule);
    emitter->verdict = LATTN_NOT_IDENTIFYING;
    pace_init(&emitter->pace, 0);
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
        emitter_ask(emitter);
}

const struct pace *emitter_pace(const struct emitter *emitter)
{
    return &emitter->pace;
}

enum lattn_status emitter_bulletin(struct emitter *emitter, struct bulletin **ret_bulletin)
{
    return publisher_bulletin(emitter->publisher, ret_bulletin);
}
