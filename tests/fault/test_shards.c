/*
 * Every allocation on the way of a state to the sum fails once, and from then on. What is refused
 * leaves what was held as it was; what is asked again succeeds.
 */
#include "serve/shards.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/learner.h"
#include "serve/aggregator.h"
#include "serve/courier.h"
#include "serve/pusher.h"
#include "serve/upload.h"
#include "store/snapshot.h"
#include "support/leaks.h"
#include "support/sharing.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

enum { WAIT_US = 1000, WAITS_MAX = 20000 };

TestSuite(shards, .init = dense_threads_one);

static const struct sharing one = {SHARING_A, 0, 2, .pairs = 4};
static const struct sharing other = {SHARING_B, 1, 2, .pairs = 3};

static void nothing(void *arg)
{
    (void)arg;
}

/* Let allocation k fail, once or from then on. Returns 1 as long as there is one. */
static int each_fails(enum lattn_status (*run)(void), const char *title)
{
    uint64_t failures = 0;

    for (int from_then_on = 0; from_then_on <= 1; from_then_on++)
        for (uint64_t k = 1, failed = 1; failed; k++) {
            enum lattn_status status;

            memory_fail(k, from_then_on);
            status = run();
            failed = (uint64_t)memory_failed();
            memory_fail(0, 0);
            failures += failed;
            cr_expect_eq(status, failed ? LATTN_NO_MEMORY : LATTN_OK, "%s, allocation %d", title,
                         (int)k);
        }
    cr_expect_eq(leaks(), 0, "%s", title);
    return failures > 0;
}

static const struct shards_settings settings_of_shards = {.expect = 2, .max_age_ns = 10 * SECOND};

static enum lattn_status run_aggregator(void)
{
    const struct aggregator_settings settings = {.shards = settings_of_shards,
                                                 .learner = lattn_learner_settings_default(),
                                                 .from = "/nowhere",
                                                 .done = nothing};
    struct aggregator *aggregator = NULL;
    enum lattn_status status = aggregator_open(&aggregator, &settings);

    aggregator_close(&aggregator);
    return status;
}

static enum lattn_status run_pusher(void)
{
    const struct pusher_settings settings = {
        .address = "dir:/nowhere", .every_ns = SECOND, .done = nothing};
    struct pusher *pusher = NULL;
    enum lattn_status status = pusher_open(&pusher, &settings);

    pusher_close(&pusher);
    return status;
}

Test(shards, open_whole_or_not_at_all)
{
    cr_expect(each_fails(run_aggregator, "aggregator"));
    cr_expect(each_fails(run_pusher, "pusher"));
}

static struct shards *shards;
static struct state state;
static struct lattn_offer offer;

/* Refused, it is still the caller's, and nothing else is held than before. */
static enum lattn_status run_take(void)
{
    enum lattn_status status = shards_take(shards, &state, NULL, SECOND, NULL);

    if (status != LATTN_OK) {
        cr_expect_not_null(state.learner);
        cr_expect_not(shards_are_complete(shards));
        return status;
    }
    cr_expect_null(state.learner);
    cr_expect(shards_are_complete(shards));
    return status;
}

/* What succeeds changes what is held, so each run begins anew. */
Test(shards, take_a_state_or_leave_it)
{
    for (int from_then_on = 0; from_then_on <= 1; from_then_on++)
        for (uint64_t k = 1, failed = 1; failed; k++) {
            struct state first = sharing_state(&one);
            enum lattn_status status;

            state = sharing_state(&other);
            cr_assert_eq(shards_open(&shards, &settings_of_shards), LATTN_OK);
            cr_assert_eq(shards_take(shards, &first, NULL, SECOND, NULL), LATTN_OK);
            memory_fail(k, from_then_on);
            status = run_take();
            failed = (uint64_t)memory_failed();
            memory_fail(0, 0);
            cr_expect_eq(status, failed ? LATTN_NO_MEMORY : LATTN_OK, "allocation %d", (int)k);
            if (failed)
                cr_expect_eq(run_take(), LATTN_OK, "asked again");
            state_done(&state);
            shards_close(&shards);
        }
    cr_expect_eq(leaks(), 0);
}

static enum lattn_status run_upload(void)
{
    struct upload upload = {.next = 0};
    enum lattn_status status = upload_add(&upload, &offer, 0, 0, SECOND, NULL);

    cr_expect_eq(upload.is_whole, status == LATTN_OK);
    upload_drop(&upload);
    return status;
}

static enum lattn_status run_snapshot(void)
{
    struct state read = {0};
    char *bytes = NULL;
    enum lattn_status status = snapshot_make(&state, &bytes);

    if (status == LATTN_OK)
        status = snapshot_read(bytes, state_bytes(&state), &read, NULL);
    cr_expect_eq(read.learner != NULL, status == LATTN_OK);
    state_done(&read);
    memory_release(bytes);
    return status;
}

Test(shards, are_sent_and_read_whole_or_not_at_all)
{
    state = sharing_state(&one);
    offer = sharing_offer(&one);
    cr_expect(each_fails(run_upload, "upload"));
    cr_expect(each_fails(run_snapshot, "snapshot"));
    lattn_text_done(&offer.data);
    state_done(&state);
}

static const char reply_line[] =
    "{\"id\":1,\"result\":{\"aggregate\":{\"expect\":1,\"complete\":true,\"epoch\":1,"
    "\"error\":null,\"shards\":[{\"shard\":0,\"worker\":\"w\",\"pairs\":1}]}}}\n";

static enum lattn_status run_reply(void)
{
    struct lattn_aggregate *aggregate = NULL;
    struct lattn_reply reply;
    enum lattn_status status =
        lattn_reply_read(reply_line, sizeof reply_line - 1, LATTN_FORMAT_JSON, &reply, NULL);

    if (status == LATTN_OK) {
        status = lattn_reply_aggregate(&reply, &aggregate);
        lattn_reply_done(&reply);
    }
    cr_expect_eq(aggregate != NULL, status == LATTN_OK);
    lattn_aggregate_close(&aggregate);
    return status;
}

Test(shards, are_read_back_whole_or_not_at_all)
{
    cr_expect(each_fails(run_reply, "reply"));
}

/* ---- on the adder's thread ----------------------------------------------------------------- */

static _Atomic int jobs;

/* Of judge, adder, judge, adder, adder it is the first adder that is left without memory. */
enum { JOB_ADDER = 2 };

/* Called on the thread that has done its job: its next one has no memory, or has it again. */
static void memory_take(void *arg)
{
    (void)arg;
    memory_fail(jobs + 1 == JOB_ADDER, 1);
    jobs++;
}

static void jobs_await(int count)
{
    for (int waits = 0; jobs < count; waits++) {
        cr_assert_lt(waits, WAITS_MAX);
        (void)usleep(WAIT_US);
    }
}

static struct aggregator *aggregator;

static void show(const struct sharing *sharing, uint64_t now_ns)
{
    struct lattn_request request = {.method = LATTN_METHOD_OFFER, .offer = sharing_offer(sharing)};
    struct lattn_complaint complaint = {""};
    struct lattn_taken taken;
    uint64_t ticket = 0;
    int before = jobs;

    cr_assert_eq(aggregator_offer(aggregator, &request, now_ns, &ticket, &taken, &complaint),
                 LATTN_MORE);
    (void)aggregator_tend(aggregator, now_ns);
    jobs_await(before + 1);
    (void)aggregator_tend(aggregator, now_ns);
    cr_assert_eq(aggregator_offer(aggregator, &request, now_ns, &ticket, &taken, &complaint),
                 LATTN_OK, "%s", complaint.text);
    lattn_text_done(&request.offer.data);
}

/* The pairs of the next sum; 0 where there is none, and status says why. */
static uint64_t sum_await(uint64_t now_ns)
{
    struct state sum;
    uint64_t pairs;

    for (int waits = 0; !aggregator_sum(aggregator, &sum); waits++) {
        if (aggregator_describe(aggregator, now_ns)->error[0] != '\0')
            return 0;
        cr_assert_lt(waits, WAITS_MAX);
        (void)usleep(WAIT_US);
        (void)aggregator_tend(aggregator, now_ns);
    }
    pairs = lattn_learner_pairs(sum.learner);
    state_done(&sum);
    return pairs;
}

/* No worker has anything new any more: nobody else would ask for it. */
Test(shards, are_added_up_later_where_there_was_no_memory)
{
    const struct aggregator_settings settings = {.shards = settings_of_shards,
                                                 .learner = lattn_learner_settings_default(),
                                                 .done = memory_take};

    cr_assert_eq(aggregator_open(&aggregator, &settings), LATTN_OK);
    show(&one, SECOND);
    cr_expect_eq(sum_await(SECOND), 4);
    jobs_await(2);
    show(&other, 2 * SECOND);
    cr_expect_eq(sum_await(3 * SECOND), 0);
    jobs_await(4);
    cr_expect_str_eq(aggregator_describe(aggregator, 3 * SECOND)->error,
                     lattn_status_text(LATTN_NO_MEMORY));
    cr_expect_gt(aggregator_due(aggregator), 3 * SECOND);
    cr_expect_leq(aggregator_due(aggregator), 13 * SECOND);
    (void)aggregator_tend(aggregator, 14 * SECOND);
    jobs_await(5);
    (void)aggregator_tend(aggregator, 14 * SECOND);
    cr_expect_eq(sum_await(14 * SECOND), 7);
    aggregator_close(&aggregator);
    cr_expect_eq(leaks(), 0);
}
