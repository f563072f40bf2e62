/*
 * The learner thread takes whatever waits and folds it in together: it flushes when a block is as
 * large as is good for speed, before a request, and when nothing waits any more. So a single pair
 * that finds it idle is learned at once, and under load blocks form by themselves.
 *
 * A chunk is held until all its entries are answered, then it goes back. One whose next entry waits
 * for another thread stands aside with all that its client sent later, and the others go on.
 * Everything in struct pipeline below the line belongs to the learner thread.
 */
#include "serve/pipeline.h"

#include "base/memory.h"
#include "serve/aggregator.h"
#include "serve/dispatch.h"
#include "serve/emitter.h"
#include "serve/fold.h"
#include "serve/keeper.h"
#include "serve/log.h"
#include "serve/meter.h"
#include "serve/queue.h"
#include "serve/schedule.h"
#include "serve/source.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>
#include <uv.h>

/* Refused items are reported at most once in this time. */
#define REFUSALS_EVERY_NS UINT64_C(1000000000)

/* Of a part of an image, unless messages must be shorter: it is answered between two blocks. */
enum { PART_BYTES_MAX = 1 << 20, PART_BYTES_MIN = 4 << 10 };

static_assert(SCHEDULE_NEVER == QUEUE_FOREVER, "what is never due is waited for without limit");

struct pipeline {
    struct pipeline_settings settings;
    struct queue *in;
    struct queue *out;
    uv_thread_t thread;
    int has_thread;
    int is_ending;
    atomic_int has_ended;
    atomic_int checkpoint_asked;
    atomic_int signs_asked[PIPELINE_WATCHERS]; /* of life */
    uint64_t open_ns;
    /* ---- */
    struct fold *fold;
    struct keeper *keeper;
    struct emitter *emitter;
    struct aggregator *aggregator; /* NULL: pairs are learned */
    struct pusher *pusher;         /* NULL: nobody is shown the state */
    struct dispatch dispatch;
    struct meter meter;
    struct chunk *held;
    struct chunk **held_last;
    struct chunk *aside;
    struct chunk **aside_last;
    uint64_t refusals_logged;
    uint64_t refusals_ns;
};

/* ---- what status says about the service ---- */

/* What this thread alone knows. */
static void learner_describe(const struct pipeline *pipeline, uint64_t now_ns,
                             struct lattn_service *ret_service)
{
    const struct tally *tally = &fold_state(pipeline->fold)->tally;

    *ret_service = (struct lattn_service){
        .accepted = tally->accepted,
        .rejected = tally->rejected,
        .duplicates = tally->duplicates,
        .unkept = tally->unkept,
        .threads = lattn_learner_threads_get(fold_learner(pipeline->fold)),
    };
    emitter_describe(pipeline->emitter, ret_service);
    keeper_describe(pipeline->keeper, now_ns, &ret_service->kept);
    if (pipeline->pusher != NULL)
        pusher_describe(pipeline->pusher, now_ns, &ret_service->pushed);
}

static void pipeline_service(void *arg, struct lattn_service *ret_service)
{
    struct pipeline *pipeline = arg;
    uint64_t now_ns = uv_hrtime();

    learner_describe(pipeline, now_ns, ret_service);
    ret_service->denied = access_denied(pipeline->settings.access);
    ret_service->pairs_per_s = meter_rate(&pipeline->meter, now_ns);
    ret_service->queue_bytes = queue_bytes(pipeline->in);
    if (pipeline->aggregator != NULL)
        ret_service->aggregate = aggregator_describe(pipeline->aggregator, now_ns);
    ret_service->uptime_s = (now_ns - pipeline->open_ns) / UINT64_C(1000000000);
    sources_describe(pipeline->settings.sources, &ret_service->source);
}

/* What was learned is told before it is answered: whoever has the answer finds it counted. */
static void pipeline_tell(const struct pipeline *pipeline)
{
    const struct lattn_learner *learner = fold_learner(pipeline->fold);
    struct gauges_reading reading = {
        .open_ns = pipeline->open_ns,
        .pairs = lattn_learner_pairs(learner),
        .memory_bytes = lattn_learner_memory(learner),
        .meter = pipeline->meter,
        .emissions = emitter_tally(pipeline->emitter),
        .kept = keeper_tally(pipeline->keeper),
    };

    learner_describe(pipeline, uv_hrtime(), &reading.service);
    gauges_tell(pipeline->settings.gauges, &reading);
}

static uint64_t pairs_learned(const struct pipeline *pipeline)
{
    return lattn_learner_pairs(fold_learner(pipeline->fold));
}

/* ---- requests that concern more than the learner ---- */

static void pipeline_forget(void *arg)
{
    struct pipeline *pipeline = arg;

    log_event(LOG_LEVEL_INFO, "everything was forgotten on request", NULL);
    emitter_forget(pipeline->emitter);
    pipeline->refusals_logged = 0;
}

/* ---- refused items in the log ---- */

static uint64_t refusals_due(const struct pipeline *pipeline)
{
    if (fold_state(pipeline->fold)->tally.rejected == pipeline->refusals_logged)
        return SCHEDULE_NEVER;
    return pipeline->refusals_ns;
}

static void refusals_log(struct pipeline *pipeline, uint64_t now_ns)
{
    uint64_t rejected = fold_state(pipeline->fold)->tally.rejected;

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
    pipeline_tell(pipeline);
    while (pipeline->held != NULL) {
        struct chunk *chunk = pipeline->held;

        pipeline->held = chunk->next;
        queue_finish(pipeline->in, chunk->bytes);
        queue_put(pipeline->out, chunk);
    }
    pipeline->held_last = &pipeline->held;
    pipeline->settings.wake(pipeline->settings.wake_arg);
}

static void chunk_append(struct chunk ***last, struct chunk *chunk)
{
    chunk->next = NULL;
    **last = chunk;
    *last = &chunk->next;
}

/* Does the client of this chunk wait for what is under way? */
static int client_waits(const struct pipeline *pipeline, const struct chunk *chunk)
{
    for (const struct chunk *aside = pipeline->aside; aside != NULL; aside = aside->next) {
        if (aside->session == chunk->session)
            return 1;
    }
    return 0;
}

/* Take its entries one by one. Returns LATTN_OK, or LATTN_MORE where the next one has to wait. */
static enum lattn_status entries_work(struct pipeline *pipeline, struct chunk *chunk)
{
    for (; chunk->done < chunk->entries_count; chunk->done++) {
        const struct entry *entry = &chunk->entries[chunk->done];

        if (entry->kind == ENTRY_PAIRS && pipeline->aggregator != NULL) {
            dispatch_refuse(&pipeline->dispatch, chunk, entry);
            continue;
        }
        if (entry->kind == ENTRY_PAIRS) {
            fold_entry(pipeline->fold, chunk, entry);
            continue;
        }
        pipeline_flush(pipeline);
        if (dispatch_request(&pipeline->dispatch, chunk, entry) == LATTN_MORE)
            return LATTN_MORE;
    }
    return LATTN_OK;
}

static void chunk_work(struct pipeline *pipeline, struct chunk *chunk)
{
    if (client_waits(pipeline, chunk) || entries_work(pipeline, chunk) == LATTN_MORE)
        chunk_append(&pipeline->aside_last, chunk);
    else
        chunk_append(&pipeline->held_last, chunk);
    if (fold_is_ample(pipeline->fold))
        pipeline_flush(pipeline);
    if (fold_entries(pipeline->fold) == 0)
        held_return(pipeline);
}

/* Something that was waited for has come: all that stood aside tries again, in order. */
static void aside_work(struct pipeline *pipeline)
{
    struct chunk *chunk = pipeline->aside;

    pipeline->aside = NULL;
    pipeline->aside_last = &pipeline->aside;
    while (chunk != NULL) {
        struct chunk *next = chunk->next;

        chunk_work(pipeline, chunk);
        chunk = next;
    }
}

/* ---- what is kept ---- */

/* Returns 1 where something that was asked for has come to its end, as shards_consider. */
static int keeper_consider(struct pipeline *pipeline, uint64_t now_ns)
{
    if (atomic_exchange(&pipeline->checkpoint_asked, 0) && fold_is_kept(pipeline->fold))
        (void)keeper_ask(pipeline->keeper, KEEPER_CHECKPOINT);
    return keeper_tend(pipeline->keeper, fold_state(pipeline->fold), now_ns);
}

/* ---- shards ---- */

/* The sum of what workers have learned takes the place of the last one. */
static void sum_take(struct pipeline *pipeline)
{
    uint64_t pairs = pairs_learned(pipeline);
    uint64_t epoch = fold_epoch(pipeline->fold);
    struct state sum;

    if (!aggregator_sum(pipeline->aggregator, &sum))
        return;
    fold_replace(pipeline->fold, &sum);
    if (fold_epoch(pipeline->fold) != epoch)
        emitter_forget(pipeline->emitter);
    if (pairs_learned(pipeline) > pairs)
        meter_add(&pipeline->meter, uv_hrtime(), pairs_learned(pipeline) - pairs);
    if (pairs == 0 && pairs_learned(pipeline) > 0)
        first_pair_log(pipeline);
}

static int shards_consider(struct pipeline *pipeline, uint64_t now_ns)
{
    int is_news;

    if (pipeline->pusher != NULL)
        pusher_tend(pipeline->pusher, fold_state(pipeline->fold), fold_epoch(pipeline->fold),
                    now_ns);
    if (pipeline->aggregator == NULL)
        return 0;
    is_news = aggregator_tend(pipeline->aggregator, now_ns);
    sum_take(pipeline);
    if (aggregator_has_news(pipeline->aggregator))
        emitter_ask(pipeline->emitter);
    return is_news;
}

static uint64_t others_due(struct pipeline *pipeline)
{
    if (pipeline->aggregator != NULL)
        return aggregator_due(pipeline->aggregator);
    return pipeline->pusher == NULL ? SCHEDULE_NEVER : pusher_due(pipeline->pusher);
}

/* What else has become due; all that is found out now before anybody goes on to learn. */
static void pipeline_tend(struct pipeline *pipeline)
{
    uint64_t now_ns = uv_hrtime();

    if (fold_entries(pipeline->fold) == 0) {
        int is_news = shards_consider(pipeline, now_ns);

        is_news |= emitter_tend(pipeline->emitter, now_ns);
        is_news |= keeper_consider(pipeline, now_ns);
        if (is_news)
            aside_work(pipeline);
        pipeline_tell(pipeline);
    }
    refusals_log(pipeline, now_ns);
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Until when to wait for a chunk: not at all while pairs are gathered and not yet learned. */
static uint64_t pipeline_patience(struct pipeline *pipeline)
{
    if (pipeline->held != NULL || atomic_load(&pipeline->checkpoint_asked))
        return 0;
    return sooner(sooner(emitter_due(pipeline->emitter), refusals_due(pipeline)),
                  sooner(keeper_due(pipeline->keeper), others_due(pipeline)));
}

static void signs_give(struct pipeline *pipeline)
{
    for (size_t i = 0; i < PIPELINE_WATCHERS; i++)
        atomic_store(&pipeline->signs_asked[i], 0);
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
        signs_give(pipeline);
        pipeline_tend(pipeline);
    }
    assert(pipeline->aside == NULL); /* whoever waits for an answer is not idle */
    emitter_finish(pipeline->emitter);
    keeper_finish(pipeline->keeper, fold_state(pipeline->fold));
    if (pipeline->pusher != NULL)
        pusher_finish(pipeline->pusher, fold_state(pipeline->fold), fold_epoch(pipeline->fold));
    pipeline_tell(pipeline);
    atomic_store(&pipeline->has_ended, 1);
    pipeline->settings.wake(pipeline->settings.wake_arg);
}

/* ---- the loop's side ---- */

/* On other threads: an emission is made, or something is kept. */
static void work_done(void *arg)
{
    struct pipeline *pipeline = arg;

    queue_wake(pipeline->in);
    pipeline->settings.wake(pipeline->settings.wake_arg);
}

static void dispatch_set(struct pipeline *pipeline)
{
    pipeline->dispatch = (struct dispatch){
        .fold = pipeline->fold,
        .keeper = pipeline->keeper,
        .emitter = pipeline->emitter,
        .aggregator = pipeline->aggregator,
        .shards = pipeline->settings.shards.expect,
        .frame_bytes_max = pipeline->settings.frame_bytes_max,
        .heads = pipeline->settings.heads,
        .heads_count = pipeline->settings.heads_count,
        .service = pipeline_service,
        .forget = pipeline_forget,
        .arg = pipeline,
    };
}

static size_t part_bytes(size_t frame_bytes_max)
{
    size_t half = frame_bytes_max / 2;

    return half > PART_BYTES_MAX ? PART_BYTES_MAX : half < PART_BYTES_MIN ? PART_BYTES_MIN : half;
}

/* Keeper and fold: what is learned, and what of it outlives the process. */
static enum lattn_status state_take(struct pipeline *pipeline, struct state *state)
{
    const struct pipeline_settings *settings = &pipeline->settings;
    const struct keeper_settings keeping = {
        .store = settings->store,
        .directory = settings->state_dir,
        .checkpoint_every_ns = settings->checkpoint_every_ns,
        .part_bytes_max = part_bytes(settings->frame_bytes_max),
        .done = work_done,
        .arg = pipeline,
    };
    struct fold_journal journal;
    enum lattn_status status = keeper_open(&pipeline->keeper, &keeping, state);

    if (status != LATTN_OK)
        return status;
    journal = keeper_journal(pipeline->keeper);
    return fold_open(&pipeline->fold, state, &journal);
}

/* With whom the state is shared: those who add it up, or those whose are added up here. */
static enum lattn_status others_open(struct pipeline *pipeline)
{
    struct pusher_settings push = pipeline->settings.push;
    const struct aggregator_settings adding = {
        .shards = pipeline->settings.shards,
        .learner = lattn_learner_settings_get(fold_learner(pipeline->fold)),
        .from = pipeline->settings.from,
        .done = work_done,
        .arg = pipeline,
    };

    if (adding.shards.expect > 0)
        return aggregator_open(&pipeline->aggregator, &adding);
    if (push.address == NULL)
        return LATTN_OK;
    push.sources = pipeline->settings.sources;
    push.done = work_done;
    push.arg = pipeline;
    return pusher_open(&pipeline->pusher, &push);
}

static enum lattn_status pipeline_build(struct pipeline *pipeline, struct state *state,
                                        struct lattn_complaint *complaint)
{
    const struct pipeline_settings *settings = &pipeline->settings;
    const struct emitter_settings emitting = {
        .every_ns = settings->emit_every_ns,
        .every_pairs = settings->emit_every_pairs,
        .heads = settings->heads,
        .heads_count = settings->heads_count,
        .emit_dir = settings->emit_dir,
        .has_web = settings->has_web,
        .service = pipeline_service,
        .done = work_done,
        .arg = pipeline,
    };
    enum lattn_status status = queue_open(&pipeline->in);

    if (status == LATTN_OK)
        status = queue_open(&pipeline->out);
    if (status == LATTN_OK)
        status = state_take(pipeline, state);
    if (status == LATTN_OK)
        status = emitter_open(&pipeline->emitter, &emitting, pipeline->fold, complaint);
    if (status == LATTN_OK)
        status = others_open(pipeline);
    if (status != LATTN_OK)
        return status;
    dispatch_set(pipeline);
    pipeline->refusals_logged = fold_state(pipeline->fold)->tally.rejected;
    pipeline_tell(pipeline);
    if (uv_thread_create(&pipeline->thread, pipeline_run, pipeline) != 0)
        return LATTN_NO_MEMORY;
    pipeline->has_thread = 1;
    return LATTN_OK;
}

enum lattn_status pipeline_open(struct pipeline **ret_pipeline,
                                const struct pipeline_settings *settings, struct state *state,
                                struct lattn_complaint *complaint)
{
    struct pipeline *pipeline = memory_zeroed(1, sizeof *pipeline);
    enum lattn_status status;

    if (pipeline == NULL)
        return LATTN_NO_MEMORY;
    pipeline->settings = *settings;
    pipeline->held_last = &pipeline->held;
    pipeline->aside_last = &pipeline->aside;
    pipeline->open_ns = uv_hrtime();
    status = pipeline_build(pipeline, state, complaint);
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
    emitter_close(&old->emitter);
    aggregator_close(&old->aggregator);
    pusher_close(&old->pusher);
    fold_close(&old->fold);
    keeper_close(&old->keeper);
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
    return emitter_bulletin(pipeline->emitter, ret_bulletin);
}

void pipeline_want_spectrum(struct pipeline *pipeline, int is_wanted)
{
    emitter_want_spectrum(pipeline->emitter, is_wanted);
    queue_wake(pipeline->in);
}

void pipeline_emit(struct pipeline *pipeline)
{
    emitter_ask(pipeline->emitter);
    atomic_store(&pipeline->checkpoint_asked, 1);
    queue_wake(pipeline->in);
}

int pipeline_is_alive(struct pipeline *pipeline, enum pipeline_watcher watcher)
{
    int is_alive = atomic_exchange(&pipeline->signs_asked[watcher], 1) == 0;

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
