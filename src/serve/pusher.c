#include "serve/pusher.h"

#include "base/memory.h"
#include "core/learner.h"
#include "serve/courier.h"
#include "serve/log.h"
#include "serve/source.h"
#include "serve/worker.h"
#include "store/snapshot.h"

#include <stdio.h>
#include <string.h>
#include <uv.h>

#define NEVER UINT64_MAX

/* Whom nobody answers tries again after this, and longer each time. */
#define RETRY_NS_MAX UINT64_C(10000000000)

/* A state is carried for one tenth of the time at most, until it is taken: a large one keeps
 * everybody at work. */
enum { REST_SHARE = 9 };

enum job { JOB_GREET, JOB_CARRY };

/* What of a state tells it from an earlier one. */
struct mark {
    uint64_t generation;
    uint64_t pairs;
    uint64_t epoch;
    int32_t coordinates;
    int32_t outputs;
};

/*
 * All but the worker belongs to whom the worker says, as far as `reading`.
 *
 * snapshot      to be carried; between two jobs what the next copy can use
 * shown         the mark of what is being carried
 * is_connected  the last try was answered
 * begin_ns      of the job under way; rested_ns: when the next state may be carried
 */
struct pusher {
    struct pusher_settings settings;
    struct worker *worker;
    struct courier *courier;
    enum job job;
    struct lattn_offer offer;
    struct state snapshot;
    enum lattn_status status;
    struct lattn_complaint complaint;
    int is_whole;
    int has_result;
    int was_connected;

    struct mark shown;
    struct mark taken;
    int is_carrying; /* a greeting was answered: the state is wanted */
    uint64_t due_ns;
    uint64_t begin_ns;
    uint64_t rested_ns;
    uint64_t retry_ns;
    uint64_t pushed_ns;
    struct lattn_pushed reading;
};

/* ---- the thread ---- */

static enum lattn_status state_carry(struct pusher *pusher)
{
    size_t length = state_bytes(&pusher->snapshot);
    char *bytes;
    enum lattn_status status = snapshot_make(&pusher->snapshot, &bytes);

    state_strip(&pusher->snapshot);
    if (status != LATTN_OK)
        return status;
    status = courier_carry(pusher->courier, &pusher->offer, bytes, length, &pusher->complaint);
    memory_release(bytes);
    return status;
}

static void pusher_work(void *arg)
{
    struct pusher *pusher = arg;

    pusher->complaint.text[0] = '\0';
    pusher->status =
        pusher->job == JOB_CARRY
            ? state_carry(pusher)
            : courier_greet(pusher->courier, &pusher->offer, &pusher->is_whole, &pusher->complaint);
    pusher->was_connected = courier_is_connected(pusher->courier);
    pusher->has_result = 1;
}

/* ---- opening and closing ---- */

enum lattn_status pusher_open(struct pusher **ret_pusher, const struct pusher_settings *settings)
{
    struct pusher *pusher = memory_zeroed(1, sizeof *pusher);
    const struct courier_settings going = {
        .address = settings->address,
        .ca_file = settings->ca_file,
        .token_file = settings->token_file,
    };
    const struct worker_settings worker = {pusher_work, pusher, settings->done, settings->arg};
    enum lattn_status status;

    if (pusher == NULL)
        return LATTN_NO_MEMORY;
    pusher->settings = *settings;
    pusher->reading =
        (struct lattn_pushed){.is_pushed = 1, .pushed_age_s = LATTN_NEVER, .pairs = LATTN_NEVER};
    (void)snprintf(pusher->reading.address, sizeof pusher->reading.address, "%s",
                   settings->address);
    status = courier_open(&pusher->courier, &going);
    if (status == LATTN_OK)
        status = worker_open(&pusher->worker, &worker);
    if (status != LATTN_OK) {
        courier_close(&pusher->courier);
        memory_release(pusher);
        return status;
    }
    *ret_pusher = pusher;
    return LATTN_OK;
}

void pusher_close(struct pusher **pusher)
{
    struct pusher *old = *pusher;

    if (old == NULL)
        return;
    courier_stop(old->courier);
    worker_close(&old->worker);
    courier_close(&old->courier);
    state_done(&old->snapshot);
    memory_release(old);
    *pusher = NULL;
}

/* ---- what there is to show ---- */

static struct mark mark_of(const struct state *state, uint64_t epoch)
{
    const struct lattn_names *names = lattn_learner_names(state->learner);

    return (struct mark){
        .generation = lattn_learner_generation(state->learner),
        .pairs = lattn_learner_pairs(state->learner),
        .epoch = epoch,
        .coordinates = names->coordinates_count,
        .outputs = names->outputs_count,
    };
}

static int marks_agree(const struct mark *a, const struct mark *b)
{
    return a->generation == b->generation && a->pairs == b->pairs && a->epoch == b->epoch &&
           a->coordinates == b->coordinates && a->outputs == b->outputs;
}

/* How far its streams are, as those who take from them know, or else as the state does. */
static void streams_tell(const struct pusher *pusher, const struct state *state,
                         struct lattn_offer *offer)
{
    struct arrivals_mark total;
    struct lattn_source source;

    sources_describe(pusher->settings.sources, &source);
    if (source.is_given) {
        for (uint64_t i = 0; i < source.streams_count; i++) {
            offer->lag += source.streams[i].pending;
            offer->lost += source.streams[i].lost;
            offer->rolled_back += source.streams[i].rolled_back;
        }
        return;
    }
    total = arrivals_total(state->arrivals);
    offer->lag = total.known - total.seq;
    offer->lost = total.lost;
    offer->rolled_back = total.rolled_back;
}

static struct lattn_offer offer_of(const struct pusher *pusher, const struct state *state)
{
    const struct origin *origin = &state->origin;
    struct lattn_offer offer = {
        .shard = (uint64_t)origin->shard,
        .shards = (uint64_t)origin->shards,
        .epoch = origin->epoch,
        .pairs = lattn_learner_pairs(state->learner),
    };

    (void)snprintf(offer.worker, sizeof offer.worker, "%s", origin->worker);
    streams_tell(pusher, state, &offer);
    return offer;
}

/* ---- jobs ---- */

static void job_begin(struct pusher *pusher, const struct state *state, uint64_t epoch)
{
    pusher->offer = offer_of(pusher, state);
    pusher->job = JOB_GREET;
    if (pusher->is_carrying) {
        if (state_copy_over(state, &pusher->snapshot) != LATTN_OK)
            return; /* tried again when it is due */
        pusher->job = JOB_CARRY;
        pusher->shown = mark_of(state, epoch);
    }
    worker_start(pusher->worker);
}

static void failure_note(struct pusher *pusher, uint64_t now_ns)
{
    struct lattn_pushed *reading = &pusher->reading;
    const char *why = pusher->complaint.text[0] != '\0' ? pusher->complaint.text
                                                        : lattn_status_text(pusher->status);

    if (strcmp(reading->error, why) != 0)
        log_event(LOG_LEVEL_WARN, "the state is not pushed: tried again",
                  LOG_FIELDS(log_text("address", reading->address), log_text("error", why)));
    (void)snprintf(reading->error, sizeof reading->error, "%s", why);
    pusher->retry_ns = pusher->retry_ns == 0 ? pusher->settings.every_ns : 2 * pusher->retry_ns;
    if (pusher->retry_ns > RETRY_NS_MAX)
        pusher->retry_ns = RETRY_NS_MAX;
    pusher->due_ns = now_ns + pusher->retry_ns;
    pusher->is_carrying = 0;
}

static void success_note(struct pusher *pusher, uint64_t now_ns)
{
    struct lattn_pushed *reading = &pusher->reading;

    pusher->retry_ns = 0;
    pusher->due_ns = now_ns + pusher->settings.every_ns;
    pusher->is_carrying = 0;
    if (pusher->job == JOB_GREET) {
        reading->error[0] = '\0'; /* it is held there, or has to rest */
        return;
    }
    if (reading->error[0] != '\0' || reading->pairs == LATTN_NEVER)
        log_event(LOG_LEVEL_INFO, "the state is pushed",
                  LOG_FIELDS(log_text("address", reading->address),
                             log_count("pairs", (int64_t)pusher->shown.pairs)));
    reading->error[0] = '\0';
    reading->pairs = (int64_t)pusher->shown.pairs;
    pusher->taken = pusher->shown;
    pusher->pushed_ns = now_ns;
    pusher->rested_ns = now_ns + REST_SHARE * (now_ns - pusher->begin_ns);
}

/* Returns 1 where the state of now is wanted. */
static int result_take(struct pusher *pusher, const struct mark *mark, uint64_t now_ns)
{
    int is_new = !pusher->is_whole || !marks_agree(mark, &pusher->taken);

    pusher->has_result = 0;
    pusher->reading.connected = pusher->was_connected;
    if (pusher->status != LATTN_OK) {
        failure_note(pusher, now_ns);
        return 0;
    }
    if (pusher->job == JOB_GREET && is_new && now_ns >= pusher->rested_ns) {
        pusher->is_carrying = 1;
        return 1;
    }
    success_note(pusher, now_ns);
    return 0;
}

void pusher_tend(struct pusher *pusher, const struct state *state, uint64_t epoch, uint64_t now_ns)
{
    struct mark mark;
    int is_wanted = 0;

    if (!worker_is_idle(pusher->worker))
        return;
    mark = mark_of(state, epoch);
    if (pusher->has_result)
        is_wanted = result_take(pusher, &mark, now_ns);
    if (is_wanted || now_ns >= pusher->due_ns) {
        pusher->due_ns = now_ns + pusher->settings.every_ns;
        pusher->begin_ns = now_ns;
        job_begin(pusher, state, epoch);
    }
}

uint64_t pusher_due(struct pusher *pusher)
{
    if (!worker_is_idle(pusher->worker))
        return NEVER;
    return pusher->has_result ? 0 : pusher->due_ns;
}

void pusher_finish(struct pusher *pusher, const struct state *state, uint64_t epoch)
{
    struct mark mark = mark_of(state, epoch);

    worker_wait(pusher->worker);
    if (pusher->has_result)
        (void)result_take(pusher, &mark, uv_hrtime());
    if (marks_agree(&mark, &pusher->taken) || pusher->reading.error[0] != '\0')
        return;
    pusher->is_carrying = 1;
    job_begin(pusher, state, epoch);
    worker_wait(pusher->worker);
}

void pusher_describe(const struct pusher *pusher, uint64_t now_ns, struct lattn_pushed *ret_pushed)
{
    *ret_pushed = pusher->reading;
    if (pusher->reading.pairs != LATTN_NEVER)
        ret_pushed->pushed_age_s = (int64_t)((now_ns - pusher->pushed_ns) / UINT64_C(1000000000));
}
