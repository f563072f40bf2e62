/*
 * The learner thread takes whatever waits and folds it in together: it flushes when a block is as
 * large as is good for speed, before a request, and when nothing waits any more. So a single pair
 * that finds it idle is learned at once, and under load blocks form by themselves.
 *
 * A chunk is held until all its entries are answered, then it goes back. Everything in struct
 * pipeline below the line belongs to the learner thread.
 */
#include "serve/pipeline.h"

#include "base/memory.h"
#include "serve/dispatch.h"
#include "serve/log.h"
#include "serve/meter.h"
#include "serve/queue.h"
#include "serve/schedule.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>
#include <uv.h>

enum {
    /* Label rows at which a block no longer gains speed by growing (256 at p = 2176). */
    BLOCK_ROWS_ENOUGH = 512
};

/* Refused items are reported at most once in this time. */
#define REFUSALS_EVERY_NS UINT64_C(1000000000)

static_assert(SCHEDULE_NEVER == QUEUE_FOREVER, "what is never due is waited for without limit");

struct pipeline {
    struct pipeline_settings settings;
    struct queue *in;
    struct queue *out;
    struct publisher *publisher;
    uv_thread_t thread;
    int has_thread;
    int is_ending;
    atomic_int has_ended;
    atomic_int emit_asked;
    atomic_int sign_asked; /* of life */
    uint64_t open_ns;
    /* ---- */
    struct fold *fold;
    struct dispatch dispatch;
    struct schedule schedule;
    struct meter meter;
    struct chunk *held;
    struct chunk **held_last;
    uint64_t emitted_generation;
    uint64_t emitted_epoch;
    enum lattn_status emitted_status;
    enum lattn_verdict verdict;
    int32_t heads;
    uint64_t heads_generation;
    enum lattn_certified heads_certified;
    enum lattn_decomposition heads_decomposition;
    uint64_t refusals_logged;
    uint64_t refusals_ns;
};

/* ---- what status says about the service ---- */

static void pipeline_service(void *arg, struct lattn_service *ret_service)
{
    struct pipeline *pipeline = arg;
    const struct tally *tally = fold_tally(pipeline->fold);
    uint64_t now_ns = uv_hrtime();

    *ret_service = (struct lattn_service){
        .accepted = tally->accepted,
        .rejected = tally->rejected,
        .duplicates = tally->duplicates,
        .denied = access_denied(pipeline->settings.access),
        .pairs_per_s = meter_rate(&pipeline->meter, now_ns),
        .queue_bytes = queue_bytes(pipeline->in),
        .uptime_s = (now_ns - pipeline->open_ns) / UINT64_C(1000000000),
        .heads = pipeline->heads,
        .heads_generation = pipeline->heads_generation,
        .heads_certified = pipeline->heads_certified,
        .heads_decomposition = pipeline->heads_decomposition,
    };
}

/* ---- emissions ---- */

static uint64_t pairs_learned(const struct pipeline *pipeline)
{
    return lattn_learner_pairs(fold_learner(pipeline->fold));
}

static int has_news(const struct pipeline *pipeline)
{
    return lattn_learner_generation(fold_learner(pipeline->fold)) != pipeline->emitted_generation ||
           fold_epoch(pipeline->fold) != pipeline->emitted_epoch;
}

static void emission_start(struct pipeline *pipeline)
{
    struct lattn_learner *learner = fold_learner(pipeline->fold);
    struct lattn_learner *snapshot = NULL;
    struct lattn_service service;

    schedule_begin(&pipeline->schedule, uv_hrtime(), pairs_learned(pipeline));
    pipeline->emitted_generation = lattn_learner_generation(learner);
    pipeline->emitted_epoch = fold_epoch(pipeline->fold);
    pipeline->emitted_status = lattn_learner_copy(learner, &snapshot);
    if (pipeline->emitted_status != LATTN_OK) {
        log_event(LOG_LEVEL_ERROR, "no emission",
                  LOG_FIELDS(log_text("error", lattn_status_text(pipeline->emitted_status))));
        return;
    }
    pipeline_service(pipeline, &service);
    publisher_start(pipeline->publisher, snapshot, &service, pipeline->emitted_epoch);
}

static void verdict_log(struct pipeline *pipeline, const struct lattn_certificate *certificate)
{
    if (certificate->verdict == pipeline->verdict)
        return;
    pipeline->verdict = certificate->verdict;
    log_event(LOG_LEVEL_INFO, "verdict",
              LOG_FIELDS(log_text("verdict", lattn_verdict_text(certificate->verdict)),
                         log_count("pairs", (int64_t)certificate->pairs),
                         log_count("rank", certificate->rank), log_count("p", certificate->p),
                         log_real("rho", certificate->rho)));
}

static void heads_forget(struct pipeline *pipeline)
{
    pipeline->heads = LATTN_NEVER;
    pipeline->heads_generation = 0;
    pipeline->heads_certified = LATTN_CERTIFIED_UNKNOWN;
    pipeline->heads_decomposition = LATTN_DECOMPOSITION_NONE;
}

/* Take over the heads of an emission, so that nobody looks for them again. */
static void heads_note(struct pipeline *pipeline, const struct lattn_model *model)
{
    struct lattn_learner *learner = fold_learner(pipeline->fold);
    int32_t count = pipeline->settings.heads_count;
    int32_t most = lattn_learner_heads_max(learner);

    pipeline->heads = model->heads;
    pipeline->heads_certified = model->certified;
    pipeline->heads_decomposition = model->decomposition;
    lattn_learner_note_model(learner, pipeline->settings.heads, count < most ? count : most, model);
}

/* Take in what became of the last emission. */
static void emission_collect(struct pipeline *pipeline)
{
    struct publisher_result result;

    if (publisher_result(pipeline->publisher, &result) != LATTN_OK)
        return;
    schedule_end(&pipeline->schedule, result.end_ns);
    pipeline->emitted_status = result.status;
    if (result.status == LATTN_OK && result.epoch == fold_epoch(pipeline->fold)) {
        heads_forget(pipeline);
        pipeline->heads_generation = result.certificate.generation;
        if (result.model != NULL)
            heads_note(pipeline, result.model);
        lattn_learner_note(fold_learner(pipeline->fold), &result.certificate);
        verdict_log(pipeline, &result.certificate);
    }
    lattn_model_close(&result.model);
}

/* Make an emission of the state as it is now, and wait until it can be seen. */
static enum lattn_status emission_force(void *arg)
{
    struct pipeline *pipeline = arg;

    publisher_wait(pipeline->publisher);
    emission_collect(pipeline);
    emission_start(pipeline);
    publisher_wait(pipeline->publisher);
    emission_collect(pipeline);
    return pipeline->emitted_status;
}

/*
 * The emission under way may be of the last state already; one that failed is tried again. A
 * failure has been logged.
 */
static void emission_last(struct pipeline *pipeline)
{
    publisher_wait(pipeline->publisher);
    emission_collect(pipeline);
    if (has_news(pipeline) || (pipeline->emitted_status != LATTN_OK && pairs_learned(pipeline) > 0))
        (void)emission_force(pipeline);
}

/* When the next emission may begin; never while one is under way, whose end wakes this thread. */
static uint64_t emission_due(struct pipeline *pipeline)
{
    if (!publisher_is_idle(pipeline->publisher))
        return SCHEDULE_NEVER;
    if (atomic_load(&pipeline->emit_asked))
        return 0;
    if (!has_news(pipeline))
        return SCHEDULE_NEVER;
    return schedule_due(&pipeline->schedule, pairs_learned(pipeline));
}

static void emission_consider(struct pipeline *pipeline, uint64_t now_ns)
{
    emission_collect(pipeline);
    if (emission_due(pipeline) > now_ns)
        return;
    atomic_store(&pipeline->emit_asked, 0);
    emission_start(pipeline);
}

static void pipeline_forget(void *arg)
{
    struct pipeline *pipeline = arg;

    log_event(LOG_LEVEL_INFO, "everything was forgotten on request", NULL);
    schedule_reset(&pipeline->schedule);
    pipeline->verdict = LATTN_NOT_IDENTIFYING;
    heads_forget(pipeline);
    pipeline->refusals_logged = 0;
}

/* ---- refused items in the log ---- */

static uint64_t refusals_due(const struct pipeline *pipeline)
{
    if (fold_tally(pipeline->fold)->rejected == pipeline->refusals_logged)
        return SCHEDULE_NEVER;
    return pipeline->refusals_ns;
}

static void refusals_log(struct pipeline *pipeline, uint64_t now_ns)
{
    uint64_t rejected = fold_tally(pipeline->fold)->rejected;

    if (refusals_due(pipeline) > now_ns)
        return;
    log_event(LOG_LEVEL_WARN, "items refused",
              LOG_FIELDS(log_count("count", (int64_t)(rejected - pipeline->refusals_logged)),
                         log_count("rejected", (int64_t)rejected),
                         log_text("last", fold_refusal(pipeline->fold))));
    pipeline->refusals_logged = rejected;
    pipeline->refusals_ns = now_ns + REFUSALS_EVERY_NS;
}

/* ---- the way of a chunk ---- */

/* Sizes that the first pair told cannot be refused any more for the heads that were asked for. */
static void first_pair_log(const struct pipeline *pipeline)
{
    const struct lattn_learner *learner = fold_learner(pipeline->fold);
    int32_t d = lattn_learner_dim(learner);
    int32_t most = lattn_learner_heads_max(learner);

    log_event(LOG_LEVEL_INFO, "first pair",
              LOG_FIELDS(log_count("d", d), log_count("m", lattn_learner_outputs(learner)),
                         log_count("p", lattn_features(d))));
    if (pipeline->settings.heads == LATTN_HEADS_COUNT && pipeline->settings.heads_count > most)
        log_event(LOG_LEVEL_WARN, "--heads is more than there can be",
                  LOG_FIELDS(log_count("heads", pipeline->settings.heads_count),
                             log_count("most", most)));
}

static void pipeline_flush(struct pipeline *pipeline)
{
    uint64_t pairs = pairs_learned(pipeline);
    uint64_t learned;

    if (fold_entries(pipeline->fold) == 0)
        return;
    fold_flush(pipeline->fold);
    learned = pairs_learned(pipeline) - pairs;
    if (pairs == 0 && learned > 0)
        first_pair_log(pipeline);
    meter_add(&pipeline->meter, uv_hrtime(), learned);
}

/* Everything held has been answered: send it back. */
static void held_return(struct pipeline *pipeline)
{
    if (pipeline->held == NULL)
        return;
    assert(fold_entries(pipeline->fold) == 0);
    while (pipeline->held != NULL) {
        struct chunk *chunk = pipeline->held;

        pipeline->held = chunk->next;
        queue_finish(pipeline->in, chunk->bytes);
        queue_put(pipeline->out, chunk);
    }
    pipeline->held_last = &pipeline->held;
    pipeline->settings.wake(pipeline->settings.wake_arg);
}

static void chunk_hold(struct pipeline *pipeline, struct chunk *chunk)
{
    chunk->next = NULL;
    *pipeline->held_last = chunk;
    pipeline->held_last = &chunk->next;
}

static void chunk_work(struct pipeline *pipeline, struct chunk *chunk)
{
    chunk_hold(pipeline, chunk);
    for (size_t i = 0; i < chunk->entries_count; i++) {
        const struct entry *entry = &chunk->entries[i];

        if (entry->kind == ENTRY_PAIRS) {
            fold_entry(pipeline->fold, chunk, entry);
        } else {
            pipeline_flush(pipeline);
            dispatch_request(&pipeline->dispatch, chunk, entry);
        }
    }
    if (fold_rows(pipeline->fold) >= BLOCK_ROWS_ENOUGH)
        pipeline_flush(pipeline);
    if (fold_entries(pipeline->fold) == 0)
        held_return(pipeline);
}

/* What else has become due. */
static void pipeline_tend(struct pipeline *pipeline)
{
    uint64_t now_ns = uv_hrtime();

    if (fold_entries(pipeline->fold) == 0)
        emission_consider(pipeline, now_ns);
    refusals_log(pipeline, now_ns);
}

/* Until when to wait for a chunk: not at all while pairs are gathered and not yet learned. */
static uint64_t pipeline_patience(struct pipeline *pipeline)
{
    uint64_t emission_ns;
    uint64_t refusals_ns;

    if (pipeline->held != NULL)
        return 0;
    emission_ns = emission_due(pipeline);
    refusals_ns = refusals_due(pipeline);
    return emission_ns < refusals_ns ? emission_ns : refusals_ns;
}

static void pipeline_run(void *arg)
{
    struct pipeline *pipeline = arg;
    enum lattn_status status = LATTN_MORE;

    while (status != LATTN_CLOSED) {
        struct chunk *chunk = NULL;

        status = queue_take(pipeline->in, pipeline_patience(pipeline), &chunk);
        if (status == LATTN_OK) {
            chunk_work(pipeline, chunk);
        } else {
            pipeline_flush(pipeline);
            held_return(pipeline);
        }
        atomic_store(&pipeline->sign_asked, 0);
        pipeline_tend(pipeline);
    }
    emission_last(pipeline);
    atomic_store(&pipeline->has_ended, 1);
    pipeline->settings.wake(pipeline->settings.wake_arg);
}

/* ---- the loop's side ---- */

static void emission_done(void *arg)
{
    struct pipeline *pipeline = arg;

    queue_wake(pipeline->in);
    pipeline->settings.wake(pipeline->settings.wake_arg);
}

static void dispatch_set(struct pipeline *pipeline)
{
    pipeline->dispatch = (struct dispatch){
        .fold = pipeline->fold,
        .bias = pipeline->settings.learner.bias,
        .frame_bytes_max = pipeline->settings.frame_bytes_max,
        .heads = pipeline->settings.heads,
        .heads_count = pipeline->settings.heads_count,
        .service = pipeline_service,
        .emit = emission_force,
        .forget = pipeline_forget,
        .arg = pipeline,
    };
}

static enum lattn_status pipeline_build(struct pipeline *pipeline,
                                        struct lattn_complaint *complaint)
{
    const struct pipeline_settings *settings = &pipeline->settings;
    const struct publisher_settings publisher = {
        .heads = settings->heads,
        .heads_count = settings->heads_count,
        .emit_dir = settings->emit_dir,
        .done = emission_done,
        .arg = pipeline,
    };
    enum lattn_status status = queue_open(&pipeline->in);

    if (status == LATTN_OK)
        status = queue_open(&pipeline->out);
    if (status == LATTN_OK)
        status =
            fold_open(&pipeline->fold, &settings->learner, settings->commit, settings->commit_arg);
    if (status == LATTN_OK)
        status = publisher_open(&pipeline->publisher, &publisher, complaint);
    if (status != LATTN_OK)
        return status;
    dispatch_set(pipeline);
    pipeline->emitted_generation = lattn_learner_generation(fold_learner(pipeline->fold));
    if (uv_thread_create(&pipeline->thread, pipeline_run, pipeline) != 0)
        return LATTN_NO_MEMORY;
    pipeline->has_thread = 1;
    return LATTN_OK;
}

enum lattn_status pipeline_open(struct pipeline **ret_pipeline,
                                const struct pipeline_settings *settings,
                                struct lattn_complaint *complaint)
{
    struct pipeline *pipeline = memory_zeroed(1, sizeof *pipeline);
    enum lattn_status status;

    if (pipeline == NULL)
        return LATTN_NO_MEMORY;
    pipeline->settings = *settings;
    pipeline->schedule.every_ns = settings->emit_every_ns;
    pipeline->schedule.every_pairs = settings->emit_every_pairs;
    pipeline->held_last = &pipeline->held;
    heads_forget(pipeline);
    pipeline->open_ns = uv_hrtime();
    status = pipeline_build(pipeline, complaint);
    if (status != LATTN_OK) {
        pipeline_close(&pipeline);
        return status;
    }
    *ret_pipeline = pipeline;
    return LATTN_OK;
}

void pipeline_close(struct pipeline **pipeline)
{
    struct pipeline *old = *pipeline;

    if (old == NULL)
        return;
    if (old->has_thread) {
        pipeline_end(old);
        uv_thread_join(&old->thread);
    }
    publisher_close(&old->publisher);
    fold_close(&old->fold);
    queue_close(&old->in);
    queue_close(&old->out);
    memory_release(old);
    *pipeline = NULL;
}

void pipeline_submit(struct pipeline *pipeline, struct chunk *chunk)
{
    assert(!pipeline->is_ending);
    queue_put(pipeline->in, chunk);
}

size_t pipeline_bytes(struct pipeline *pipeline)
{
    return queue_bytes(pipeline->in);
}

enum lattn_status pipeline_collect(struct pipeline *pipeline, struct chunk **ret_chunk)
{
    return queue_take(pipeline->out, 0, ret_chunk);
}

enum lattn_status pipeline_bulletin(struct pipeline *pipeline, struct bulletin **ret_bulletin)
{
    return publisher_bulletin(pipeline->publisher, ret_bulletin);
}

void pipeline_emit(struct pipeline *pipeline)
{
    atomic_store(&pipeline->emit_asked, 1);
    queue_wake(pipeline->in);
}

int pipeline_is_alive(struct pipeline *pipeline)
{
    int is_alive = atomic_exchange(&pipeline->sign_asked, 1) == 0;

    queue_wake(pipeline->in);
    return is_alive;
}

void pipeline_end(struct pipeline *pipeline)
{
    pipeline->is_ending = 1;
    queue_end(pipeline->in);
}

int pipeline_has_ended(struct pipeline *pipeline)
{
    return atomic_load(&pipeline->has_ended);
}
