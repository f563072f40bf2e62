/*
 * What is judged waits for nothing but the judge; sums take their time and are made one after the
 * other, of whatever is held when one begins. As emissions they take a fifth of the time at most.
 */
#include "serve/aggregator.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "serve/adder.h"
#include "serve/judge.h"
#include "serve/log.h"
#include "serve/schedule.h"
#include "serve/upload.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define LOOK_EVERY_NS UINT64_C(1000000000)

/* Shards that come together are added up together. */
#define SUM_EVERY_NS UINT64_C(100000000)

/* What could not be added up, for want of memory, is tried again after this. */
#define RETRY_NS UINT64_C(10000000000)

/*
 * uploads   of each shard
 * judged    the upload under way at the judge; NULL: a look into the directory, or nothing
 * look_ns   when to look next
 * stale_ns  when the next upload that does not go on is dropped
 * is_due    states were taken that are in no sum, to be added up from sum_ns on
 * sum       to be taken
 */
struct aggregator {
    struct aggregator_settings settings;
    struct shards *shards;
    struct upload *uploads;
    struct judge *judge;
    struct adder *adder;
    struct schedule schedule;
    struct upload *judged;
    uint64_t tickets;
    uint64_t look_ns;
    uint64_t stale_ns;
    int is_due;
    uint64_t sum_ns;
    struct state sum;
    int has_sum;
    int has_news;
};

/* ---- opening and closing ---- */

static enum lattn_status threads_open(struct aggregator *aggregator)
{
    const struct aggregator_settings *settings = &aggregator->settings;
    const struct judge_settings judging = {
        .learner = settings->learner,
        .directory = settings->from,
        .shards = settings->shards.expect,
        .done = settings->done,
        .arg = settings->arg,
    };
    enum lattn_status status = judge_open(&aggregator->judge, &judging);

    if (status != LATTN_OK)
        return status;
    return adder_open(&aggregator->adder, settings->shards.expect, settings->done, settings->arg);
}

enum lattn_status aggregator_open(struct aggregator **ret_aggregator,
                                  const struct aggregator_settings *settings)
{
    struct aggregator *aggregator = memory_zeroed(1, sizeof *aggregator);
    enum lattn_status status;

    if (aggregator == NULL)
        return LATTN_NO_MEMORY;
    aggregator->settings = *settings;
    aggregator->schedule.every_ns = SUM_EVERY_NS;
    aggregator->stale_ns = SCHEDULE_NEVER;
    aggregator->look_ns = settings->from == NULL ? SCHEDULE_NEVER : 0;
    aggregator->uploads = memory_zeroed(settings->shards.expect, sizeof *aggregator->uploads);
    status = aggregator->uploads == NULL ? LATTN_NO_MEMORY
                                         : shards_open(&aggregator->shards, &settings->shards);
    if (status == LATTN_OK)
        status = threads_open(aggregator);
    if (status != LATTN_OK) {
        aggregator_close(&aggregator);
        return status;
    }
    *ret_aggregator = aggregator;
    return LATTN_OK;
}

void aggregator_close(struct aggregator **aggregator)
{
    struct aggregator *old = *aggregator;

    if (old == NULL)
        return;
    judge_close(&old->judge);
    adder_close(&old->adder);
    for (uint64_t i = 0; old->uploads != NULL && i < old->settings.shards.expect; i++)
        upload_drop(&old->uploads[i]);
    shards_close(&old->shards);
    state_done(&old->sum);
    memory_release(old->uploads);
    memory_release(old);
    *aggregator = NULL;
}

/* ---- offers ---- */

/* What has become of the state with this ticket? */
static enum lattn_status outcome_tell(const struct upload *upload, uint64_t ticket,
                                      struct lattn_taken *ret_taken,
                                      struct lattn_complaint *complaint)
{
    if (upload->ticket == ticket && !upload->has_ended)
        return LATTN_MORE;
    if (upload->ticket != ticket)
        return complain(complaint, LATTN_BUSY, "another state of this shard came: offer again");
    if (upload->status != LATTN_OK)
        return complain(complaint, upload->status, "%s", upload->complaint.text);
    ret_taken->whole = 1;
    return LATTN_OK;
}

static enum lattn_status part_take(struct aggregator *aggregator,
                                   const struct lattn_request *request, uint64_t now_ns,
                                   uint64_t *ticket, struct lattn_complaint *complaint)
{
    const struct lattn_offer *offer = &request->offer;
    struct upload *upload = &aggregator->uploads[offer->shard];
    enum lattn_status status = upload_add(
        upload, offer, request->part, aggregator->settings.learner.memory_max, now_ns, complaint);

    if (status == LATTN_MORE)
        return LATTN_OK;
    if (status != LATTN_OK) {
        shards_refuse(aggregator->shards, offer->shard, offer->worker, now_ns, complaint);
        return status;
    }
    *ticket = upload->ticket = ++aggregator->tickets;
    upload->has_ended = 0;
    return LATTN_MORE;
}

enum lattn_status aggregator_offer(struct aggregator *aggregator,
                                   const struct lattn_request *request, uint64_t now_ns,
                                   uint64_t *ticket, struct lattn_taken *ret_taken,
                                   struct lattn_complaint *complaint)
{
    const struct lattn_offer *offer = &request->offer;
    enum lattn_status status;

    *ret_taken = (struct lattn_taken){.whole = 0};
    if (*ticket != 0) {
        status = outcome_tell(&aggregator->uploads[offer->shard], *ticket, ret_taken, complaint);
        if (status != LATTN_MORE)
            *ticket = 0;
        return status;
    }
    status = shards_greet(aggregator->shards, offer, now_ns, complaint);
    if (status != LATTN_OK)
        return status;
    ret_taken->whole = shards_hear(aggregator->shards, offer, now_ns);
    if (offer->parts == 0)
        return LATTN_OK;
    ret_taken->whole = 0;
    return part_take(aggregator, request, now_ns, ticket, complaint);
}

/* ---- what has been judged ---- */

/* Is the state the one that was announced? */
static enum lattn_status announcement_check(const struct upload *upload, uint64_t shard,
                                            const struct state *state,
                                            struct lattn_complaint *complaint)
{
    const struct origin *origin = &state->origin;

    if (origin->shards > 0 && (uint64_t)origin->shard == shard &&
        (upload == NULL || strcmp(origin->worker, upload->told.worker) == 0))
        return LATTN_OK;
    if (origin->shards == 0)
        return complain(complaint, LATTN_CONFLICT,
                        "what is offered as shard %" PRIu64 " is a state of no shard", shard);
    return complain(complaint, LATTN_CONFLICT,
                    "what is offered as shard %" PRIu64 " is shard %d of worker %s", shard,
                    origin->shard, origin->worker);
}

static void upload_end(struct upload *upload, enum lattn_status status,
                       const struct lattn_complaint *complaint)
{
    upload_drop(upload);
    upload->has_ended = 1;
    upload->status = status;
    upload->complaint = *complaint;
}

static void sum_want(struct aggregator *aggregator, uint64_t from_ns)
{
    aggregator->is_due = 1;
    aggregator->sum_ns = from_ns;
}

/* A file may be older than the clock. */
static uint64_t heard_at(const struct judge_result *result, uint64_t now_ns)
{
    return now_ns > result->age_ns ? now_ns - result->age_ns : 0;
}

static void state_judged(struct aggregator *aggregator, struct judge_result *result,
                         uint64_t now_ns)
{
    struct upload *upload = aggregator->judged;
    char worker[ORIGIN_WORKER_MAX];

    (void)snprintf(worker, sizeof worker, "%s", result->state.origin.worker);
    result->status = announcement_check(upload, result->shard, &result->state, &result->complaint);
    if (result->status == LATTN_OK)
        result->status =
            shards_take(aggregator->shards, &result->state, upload == NULL ? NULL : &upload->told,
                        heard_at(result, now_ns), &result->complaint);
    if (result->status == LATTN_OK)
        sum_want(aggregator, 0);
    else
        shards_refuse(aggregator->shards, result->shard, worker, now_ns, &result->complaint);
    state_done(&result->state);
}

/* Where something was found there may be more; what was of no use may be of use later. */
static void look_end(struct aggregator *aggregator, const struct judge_result *result,
                     uint64_t now_ns)
{
    int is_refused = result->status != LATTN_OK && result->status != LATTN_MORE;

    if (is_refused && result->shard < aggregator->settings.shards.expect)
        judge_refuse(aggregator->judge, result->shard);
    aggregator->look_ns = result->status == LATTN_OK ? now_ns : now_ns + LOOK_EVERY_NS;
}

/* Returns 1 where an offer waits for it. */
static int judge_collect(struct aggregator *aggregator, uint64_t now_ns)
{
    struct upload *upload = aggregator->judged;
    struct judge_result result;

    if (judge_result(aggregator->judge, &result) != LATTN_OK)
        return 0;
    if (result.has_state)
        state_judged(aggregator, &result, now_ns);
    else if (result.status == LATTN_OK)
        shards_touch(aggregator->shards, result.shard, heard_at(&result, now_ns));
    else if (result.status != LATTN_MORE)
        shards_refuse(aggregator->shards, result.shard, upload == NULL ? "" : upload->told.worker,
                      now_ns, &result.complaint);
    if (upload == NULL) {
        look_end(aggregator, &result, now_ns);
        return 0;
    }
    upload_end(upload, result.status, &result.complaint);
    aggregator->judged = NULL;
    return 1;
}

/*
 * What has stood there for long is not going on. Returns when the next one will have,
 * SCHEDULE_NEVER where none is under way.
 */
static uint64_t uploads_age(struct aggregator *aggregator, uint64_t now_ns)
{
    uint64_t due = SCHEDULE_NEVER;

    for (uint64_t i = 0; i < aggregator->settings.shards.expect; i++) {
        struct upload *upload = &aggregator->uploads[i];
        uint64_t end_ns = upload->heard_ns + aggregator->settings.shards.max_age_ns + 1;

        if (upload->is_whole || upload->next == 0)
            continue;
        if (now_ns >= end_ns)
            upload_drop(upload);
        else if (end_ns < due)
            due = end_ns;
    }
    return due;
}

/* Those that came first are judged first. */
static struct upload *upload_next(struct aggregator *aggregator, uint64_t *ret_shard)
{
    struct upload *next = NULL;

    for (uint64_t i = 0; i < aggregator->settings.shards.expect; i++) {
        struct upload *upload = &aggregator->uploads[i];

        if (upload->is_whole && (next == NULL || upload->ticket < next->ticket)) {
            next = upload;
            *ret_shard = i;
        }
    }
    return next;
}

static void judge_begin(struct aggregator *aggregator, uint64_t now_ns)
{
    uint64_t shard = 0;
    struct upload *upload;

    if (!judge_is_idle(aggregator->judge))
        return;
    upload = upload_next(aggregator, &shard);
    if (upload != NULL) {
        aggregator->judged = upload;
        judge_read(aggregator->judge, shard, &upload->bytes);
    } else if (now_ns >= aggregator->look_ns) {
        aggregator->look_ns = SCHEDULE_NEVER; /* until this look says */
        judge_look(aggregator->judge);
    }
}

/* ---- sums ---- */

static void adder_collect(struct aggregator *aggregator, uint64_t now_ns)
{
    struct lattn_complaint complaint = {""};
    struct state sum;
    enum lattn_status status;

    if (adder_result(aggregator->adder, &status, &sum, &complaint) != LATTN_OK)
        return;
    schedule_end(&aggregator->schedule, now_ns);
    if (status == LATTN_OK) {
        shards_note(aggregator->shards, "");
        state_done(&aggregator->sum);
        aggregator->sum = sum;
        aggregator->has_sum = 1;
    } else {
        shards_note(aggregator->shards,
                    complaint.text[0] == '\0' ? lattn_status_text(status) : complaint.text);
        if (!aggregator->is_due)
            sum_want(aggregator, now_ns + RETRY_NS);
    }
}

static uint64_t sum_due(struct aggregator *aggregator)
{
    uint64_t due;

    if (!aggregator->is_due || !adder_is_idle(aggregator->adder))
        return SCHEDULE_NEVER;
    due = schedule_due(&aggregator->schedule, 0);
    return aggregator->sum_ns > due ? aggregator->sum_ns : due;
}

static void sum_begin(struct aggregator *aggregator, uint64_t now_ns)
{
    if (sum_due(aggregator) > now_ns)
        return;
    aggregator->is_due = 0;
    schedule_begin(&aggregator->schedule, now_ns, 0);
    adder_start(aggregator->adder, aggregator->shards);
}

int aggregator_sum(struct aggregator *aggregator, struct state *ret_state)
{
    if (!aggregator->has_sum)
        return 0;
    *ret_state = aggregator->sum;
    aggregator->sum = (struct state){0};
    aggregator->has_sum = 0;
    return 1;
}

/* ---- all together ---- */

int aggregator_tend(struct aggregator *aggregator, uint64_t now_ns)
{
    int has_ended = judge_collect(aggregator, now_ns);

    aggregator->stale_ns = uploads_age(aggregator, now_ns);
    judge_begin(aggregator, now_ns);
    adder_collect(aggregator, now_ns);
    sum_begin(aggregator, now_ns);
    aggregator->has_news |= shards_look(aggregator->shards, now_ns);
    return has_ended;
}

uint64_t aggregator_due(struct aggregator *aggregator)
{
    uint64_t due = shards_due(aggregator->shards);
    uint64_t sum = sum_due(aggregator);

    if (judge_is_idle(aggregator->judge) && aggregator->look_ns < due)
        due = aggregator->look_ns;
    if (aggregator->stale_ns < due)
        due = aggregator->stale_ns;
    return sum < due ? sum : due;
}

int aggregator_has_news(struct aggregator *aggregator)
{
    int has_news = aggregator->has_news;

    aggregator->has_news = 0;
    return has_news;
}

const struct lattn_aggregate *aggregator_describe(struct aggregator *aggregator, uint64_t now_ns)
{
    return shards_describe(aggregator->shards, now_ns);
}
