#include "serve/adder.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/learner.h"
#include "store/snapshot.h"
#include "support/sharing.h"

#include <criterion/criterion.h>
#include <string.h>
#include <uv.h>

enum { SHARDS = 3 };

static struct shards *shards;
static struct adder *adder;
static uv_sem_t done;

static void post(void *arg)
{
    uv_sem_post(arg);
}

static void adder_begin(void)
{
    const struct shards_settings settings = {.expect = SHARDS, .max_age_ns = 1};

    dense_threads_one();
    cr_assert_eq(uv_sem_init(&done, 0), 0);
    cr_assert_eq(shards_open(&shards, &settings), LATTN_OK);
    cr_assert_eq(adder_open(&adder, SHARDS, post, &done), LATTN_OK);
}

static void adder_end(void)
{
    adder_close(&adder);
    cr_assert_null(adder);
    adder_close(&adder);
    shards_close(&shards);
    uv_sem_destroy(&done);
}

TestSuite(adder, .init = adder_begin, .fini = adder_end);

static void take(int shard)
{
    struct state state =
        sharing_state(&(struct sharing){SHARING_A, shard, SHARDS, .pairs = 2 + shard});
    struct lattn_complaint complaint;

    cr_assert_eq(shards_take(shards, &state, NULL, 1, &complaint), LATTN_OK, "%s", complaint.text);
}

static struct state sum_make(void)
{
    struct lattn_complaint complaint = {""};
    enum lattn_status status = LATTN_MORE;
    struct state sum;

    cr_expect(adder_is_idle(adder));
    adder_start(adder, shards);
    uv_sem_wait(&done);
    cr_expect_not(adder_is_idle(adder), "a result is there");
    cr_assert_eq(adder_result(adder, &status, &sum, &complaint), LATTN_OK);
    cr_assert_eq(status, LATTN_OK, "%s", complaint.text);
    cr_expect_eq(adder_result(adder, &status, &sum, &complaint), LATTN_MORE);
    return sum;
}

Test(adder, withholds_the_verdict_while_a_shard_is_missing)
{
    struct state sum;

    take(2);
    sum = sum_make();
    cr_expect_eq(lattn_learner_pairs(sum.learner), 4);
    cr_expect(sum.learner->is_withheld);
    cr_expect_eq(sum.origin.shards, 0, "a sum is of no shard");
    state_done(&sum);
    take(0);
    take(1);
    sum = sum_make();
    cr_expect_eq(lattn_learner_pairs(sum.learner), 9);
    cr_expect_not(sum.learner->is_withheld);
    state_done(&sum);
}

/* What is held is only read; and the order in which states came is none of the sum's. */
Test(adder, makes_the_same_bits_of_the_same_states)
{
    static const int orders[][SHARDS] = {{0, 1, 2}, {2, 0, 1}};
    char *bytes[2];
    uint64_t length = 0;

    for (int o = 0; o < 2; o++) {
        struct state sum;

        for (int i = 0; i < SHARDS; i++)
            take(orders[o][i]);
        sum = sum_make();
        cr_expect(length == 0 || length == state_bytes(&sum));
        length = state_bytes(&sum);
        cr_assert_eq(snapshot_make(&sum, &bytes[o]), LATTN_OK);
        state_done(&sum);
        shards_close(&shards);
        cr_assert_eq(shards_open(&shards, &(struct shards_settings){.expect = SHARDS}), LATTN_OK);
    }
    cr_expect_eq(memcmp(bytes[0], bytes[1], length), 0);
    memory_release(bytes[0]);
    memory_release(bytes[1]);
}
