#include "serve/aggregator.h"

#include "core/dense.h"
#include "core/learner.h"
#include "serve/drop.h"
#include "support/folder.h"
#include "support/sharing.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000000)

enum { WAIT_US = 1000, WAITS_MAX = 20000 };

static struct folder folder;
static struct aggregator *aggregator;
static struct lattn_complaint complaint;

static void nothing(void *arg)
{
    (void)arg;
}

static void aggregator_begin(void)
{
    const struct aggregator_settings settings = {
        .shards = {.expect = 2, .max_age_ns = 10 * SECOND},
        .learner = lattn_learner_settings_default(),
        .from = folder.path,
        .done = nothing,
    };

    dense_threads_one();
    folder = folder_make();
    cr_assert_eq(aggregator_open(&aggregator, &settings), LATTN_OK);
}

static void aggregator_end(void)
{
    aggregator_close(&aggregator);
    cr_assert_null(aggregator);
    aggregator_close(&aggregator);
    folder_remove(&folder);
}

TestSuite(aggregator, .init = aggregator_begin, .fini = aggregator_end);

/* Put the request, and wait for what becomes of it. */
static enum lattn_status put(const struct lattn_request *request, uint64_t now_ns,
                             struct lattn_taken *ret_taken)
{
    uint64_t ticket = 0;
    enum lattn_status status;

    complaint.text[0] = '\0';
    status = aggregator_offer(aggregator, request, now_ns, &ticket, ret_taken, &complaint);
    for (int waits = 0; status == LATTN_MORE; waits++) {
        cr_assert_lt(waits, WAITS_MAX);
        (void)usleep(WAIT_US);
        if (aggregator_tend(aggregator, now_ns))
            status = aggregator_offer(aggregator, request, now_ns, &ticket, ret_taken, &complaint);
    }
    return status;
}

static enum lattn_status offer_of(struct sharing sharing, uint64_t now_ns, int *ret_whole)
{
    struct lattn_request request = {.method = LATTN_METHOD_OFFER, .offer = sharing_offer(&sharing)};
    struct lattn_taken taken = {.whole = 0};
    enum lattn_status status = put(&request, now_ns, &taken);

    *ret_whole = taken.whole;
    lattn_text_done(&request.offer.data);
    return status;
}

static const struct lattn_shard *shard_at(uint64_t shard, uint64_t now_ns)
{
    return &aggregator_describe(aggregator, now_ns)->shards[shard];
}

/* The pairs of the next sum. */
static uint64_t sum_await(uint64_t now_ns)
{
    struct state sum;
    uint64_t pairs;
    int waits = 0;

    while (!aggregator_sum(aggregator, &sum)) {
        cr_assert_lt(waits++, WAITS_MAX);
        (void)usleep(WAIT_US);
        (void)aggregator_tend(aggregator, now_ns);
    }
    pairs = lattn_learner_pairs(sum.learner);
    cr_expect_eq(sum.origin.shards, 0, "a sum is of no shard");
    state_done(&sum);
    return pairs;
}

Test(aggregator, adds_up_what_it_was_shown)
{
    int whole = 0;

    cr_expect_eq(offer_of((struct sharing){SHARING_A, 0, 2, .pairs = 3}, SECOND, &whole), LATTN_OK);
    cr_expect(whole);
    cr_expect_eq(sum_await(2 * SECOND), 3);
    cr_expect_eq(offer_of((struct sharing){SHARING_B, 1, 2, .pairs = 4}, 3 * SECOND, &whole),
                 LATTN_OK);
    cr_expect_eq(sum_await(20 * SECOND), 7);
    cr_expect_eq(
        offer_of((struct sharing){SHARING_A, 0, 2, .pairs = 5, .lost = 2}, 21 * SECOND, &whole),
        LATTN_OK);
    cr_expect_eq(sum_await(40 * SECOND), 9, "a state takes the place of the last one");
    cr_expect_eq(shard_at(0, 40 * SECOND)->lost, 2);
    cr_expect(aggregator_has_news(aggregator));
    cr_expect_not(aggregator_has_news(aggregator));
}

Test(aggregator, refuses_a_state_that_is_not_what_was_announced)
{
    struct lattn_request request = {.method = LATTN_METHOD_OFFER};
    struct sharing sharing = {SHARING_A, 0, 2, .pairs = 3};
    struct lattn_taken taken;

    request.offer = sharing_offer(&sharing);
    request.offer.shard = 1;
    cr_expect_eq(put(&request, SECOND, &taken), LATTN_CONFLICT);
    cr_expect_str_eq(complaint.text, "what is offered as shard 1 is shard 0 of worker " SHARING_A);
    cr_expect_str_eq(shard_at(1, SECOND)->error, complaint.text);
    lattn_text_done(&request.offer.data);
}

/* A worker that has gone in the middle: its bytes need not wait for another event. */
Test(aggregator, drops_an_upload_that_does_not_go_on)
{
    struct lattn_request request = {.method = LATTN_METHOD_OFFER};
    struct sharing sharing = {SHARING_A, 0, 2, .pairs = 3};
    struct lattn_taken taken;

    request.offer = sharing_offer(&sharing);
    request.offer.parts = 2;
    request.offer.data.length--;
    cr_expect_eq(put(&request, SECOND, &taken), LATTN_OK);
    cr_expect_not(taken.whole);
    (void)aggregator_tend(aggregator, SECOND);
    cr_expect_leq(aggregator_due(aggregator), 11 * SECOND + 1);
    (void)aggregator_tend(aggregator, 11 * SECOND + 1);
    request.part = 1;
    cr_expect_eq(put(&request, 12 * SECOND, &taken), LATTN_GAP);
    lattn_text_done(&request.offer.data);
}

static void leave(struct sharing sharing)
{
    struct lattn_offer offer = sharing_offer(&sharing);
    struct drop_mark mark;
    char path[PATH_MAX];

    cr_assert_eq(drop_path(folder.path, offer.shard, offer.shards, path), LATTN_OK);
    cr_assert_eq(drop_put(path, offer.data.data, offer.data.length, &mark, &complaint), LATTN_OK);
    cr_assert_eq(drop_touch(path, &mark, &complaint), LATTN_OK);
    lattn_text_done(&offer.data);
}

/* Look into the directory until something is so; returns the time. */
static uint64_t look_until(int (*is_so)(uint64_t now_ns), uint64_t now_ns)
{
    for (int waits = 0; !is_so(now_ns); waits++) {
        cr_assert_lt(waits, WAITS_MAX);
        (void)usleep(WAIT_US);
        now_ns += SECOND / 100;
        (void)aggregator_tend(aggregator, now_ns);
    }
    return now_ns;
}

static int first_is_held(uint64_t now_ns)
{
    return strcmp(shard_at(0, now_ns)->worker, SHARING_A) == 0;
}

static int second_is_refused(uint64_t now_ns)
{
    return strcmp(shard_at(0, now_ns)->error,
                  "duplicate shard 0: workers " SHARING_A " and " SHARING_B) == 0;
}

static int second_is_held(uint64_t now_ns)
{
    return strcmp(shard_at(0, now_ns)->worker, SHARING_B) == 0;
}

/* It has nothing new any more: all it does is to touch what was refused while the first was alive.
 */
Test(aggregator, lets_another_worker_take_over_in_a_directory)
{
    const struct sharing second = {SHARING_B, 0, 2, .pairs = 4};
    uint64_t now_ns = 100 * SECOND;

    leave((struct sharing){SHARING_A, 0, 2, .pairs = 3});
    now_ns = look_until(first_is_held, now_ns);
    leave(second);
    now_ns = look_until(second_is_refused, now_ns);
    for (int touches = 0; touches < 15 && !second_is_held(now_ns); touches++) {
        leave(second);
        for (int i = 0; i < 10; i++) {
            (void)usleep(WAIT_US);
            now_ns += SECOND / 4;
            (void)aggregator_tend(aggregator, now_ns);
        }
    }
    cr_expect(second_is_held(now_ns), "%s", shard_at(0, now_ns)->error);
}
