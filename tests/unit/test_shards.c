#include "serve/shards.h"

#include "support/sharing.h"

#include <criterion/criterion.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

static struct shards *shards;
static struct lattn_complaint complaint;

static void shards_begin(void)
{
    const struct shards_settings settings = {.expect = 2, .max_age_ns = 10 * SECOND};

    cr_assert_eq(shards_open(&shards, &settings), LATTN_OK);
}

static void shards_end(void)
{
    shards_close(&shards);
    cr_assert_null(shards);
    shards_close(&shards);
}

TestSuite(shards, .init = shards_begin, .fini = shards_end);

/* Show a state; what its worker tells with it may be more. */
static enum lattn_status take(struct sharing sharing, uint64_t told_lost, uint64_t now_ns)
{
    struct state state = sharing_state(&sharing);
    struct lattn_offer told = sharing_greeting(&sharing);
    enum lattn_status status;

    told.lost = told_lost;
    complaint.text[0] = '\0';
    status = shards_take(shards, &state, &told, now_ns, &complaint);
    cr_expect_eq(state.learner == NULL, status == LATTN_OK, "given, or the caller's");
    state_done(&state);
    return status;
}

static int hear(struct sharing sharing, uint64_t now_ns)
{
    const struct lattn_offer offer = sharing_greeting(&sharing);

    cr_expect_eq(shards_greet(shards, &offer, now_ns, &complaint), LATTN_OK);
    return shards_hear(shards, &offer, now_ns);
}

static const struct lattn_shard *shard_at(uint64_t shard, uint64_t now_ns)
{
    (void)shards_look(shards, now_ns);
    return &shards_describe(shards, now_ns)->shards[shard];
}

Test(shards, are_complete_once_each_has_come)
{
    cr_expect_eq(take((struct sharing){SHARING_A, 1, 2, .pairs = 3}, 0, SECOND), LATTN_OK);
    cr_expect_not(shards_are_complete(shards));
    cr_expect_null(shards_holding(shards, 0));
    cr_expect_eq(shard_at(0, SECOND)->age_s, LATTN_NEVER);
    cr_expect_eq(take((struct sharing){SHARING_B, 0, 2, .pairs = 4}, 0, 2 * SECOND), LATTN_OK);
    cr_expect(shards_are_complete(shards));
    cr_expect_eq(shards_describe(shards, 2 * SECOND)->epoch, 1);
    cr_expect_eq(shard_at(1, 3 * SECOND)->pairs, 3);
    cr_expect_eq(shard_at(1, 3 * SECOND)->age_s, 2);
    cr_expect_str_eq(shard_at(0, 3 * SECOND)->worker, SHARING_B);
}

Test(shards, say_whether_so_many_pairs_are_held)
{
    struct sharing sharing = {SHARING_A, 0, 2, .pairs = 3};

    cr_expect_not(hear(sharing, SECOND));
    cr_expect_eq(take(sharing, 0, SECOND), LATTN_OK);
    cr_expect(hear(sharing, SECOND));
    sharing.pairs = 4;
    cr_expect_not(hear(sharing, SECOND));
}

Test(shards, keep_the_most_that_a_worker_has_lost)
{
    struct sharing sharing = {SHARING_A, 0, 2, .pairs = 3, .lost = 2};

    cr_expect_eq(take(sharing, 7, SECOND), LATTN_OK);
    cr_expect_eq(shard_at(0, SECOND)->lost, 7, "it told more with its first state");
    sharing.lost = 9;
    (void)hear(sharing, SECOND);
    cr_expect_eq(shard_at(0, SECOND)->lost, 9, "and still more later");
    sharing.lost = 4;
    sharing.pairs = 5;
    cr_expect_eq(take(sharing, 0, SECOND), LATTN_OK);
    (void)hear(sharing, SECOND);
    cr_expect_eq(shard_at(0, SECOND)->lost, 9, "what it knew stays known");
    cr_expect_eq(take((struct sharing){SHARING_B, 0, 2, .pairs = 6, .lost = 1}, 1, 60 * SECOND),
                 LATTN_OK);
    cr_expect_eq(shard_at(0, 60 * SECOND)->lost, 1, "another worker speaks for itself");
}

Test(shards, name_a_worker_that_went_back)
{
    struct sharing sharing = {SHARING_A, 0, 2, .pairs = 5, .rolled_back = 0};

    cr_expect_eq(take(sharing, 0, SECOND), LATTN_OK);
    cr_expect_not(shard_at(0, SECOND)->is_rolled_back);
    sharing.pairs = 3;
    cr_expect_eq(take(sharing, 0, SECOND), LATTN_OK);
    cr_expect(shard_at(0, SECOND)->is_rolled_back);
    sharing.pairs = 6;
    cr_expect_eq(take(sharing, 0, SECOND), LATTN_OK);
    cr_expect_not(shard_at(0, SECOND)->is_rolled_back);
    sharing.rolled_back = 1;
    (void)hear(sharing, SECOND);
    cr_expect(shard_at(0, SECOND)->is_rolled_back, "or whose stream did");
}

Test(shards, let_another_worker_in_once_the_first_is_stale)
{
    const struct sharing second = {SHARING_B, 0, 2, .pairs = 6};
    const struct lattn_offer offer = sharing_greeting(&second);

    cr_expect_eq(take((struct sharing){SHARING_A, 0, 2, .pairs = 5}, 0, SECOND), LATTN_OK);
    cr_expect_eq(shards_greet(shards, &offer, 2 * SECOND, &complaint), LATTN_CONFLICT);
    cr_expect_str_eq(complaint.text, "duplicate shard 0: workers " SHARING_A " and " SHARING_B);
    cr_expect_eq(take(second, 0, 2 * SECOND), LATTN_CONFLICT);
    cr_expect_str_eq(shard_at(0, 2 * SECOND)->error,
                     "duplicate shard 0: workers " SHARING_A " and " SHARING_B);
    cr_expect_eq(shards_due(shards), SECOND + 10 * SECOND + 1, "when it becomes stale");
    cr_expect(shards_look(shards, 12 * SECOND));
    cr_expect(shard_at(0, 12 * SECOND)->is_stale);
    cr_expect_eq(take(second, 0, 12 * SECOND), LATTN_OK);
    cr_expect_str_eq(shard_at(0, 12 * SECOND)->worker, SHARING_B);
    cr_expect_str_eq(shard_at(0, 12 * SECOND)->error, "", "its refusal is forgotten");
    cr_expect_not(shard_at(0, 12 * SECOND)->is_stale);
}

Test(shards, forget_a_refusal_after_a_while)
{
    const struct lattn_complaint why = {"it was wrong"};

    shards_refuse(shards, 1, "a", SECOND, &why);
    shards_refuse(shards, 7, "a", SECOND, &why);
    cr_expect_str_eq(shard_at(1, 2 * SECOND)->error, "it was wrong");
    cr_expect_str_eq(shards_describe(shards, 2 * SECOND)->error, "it was wrong", "of no shard");
    cr_expect_eq(shards_due(shards), 11 * SECOND + 1);
    cr_expect(shards_look(shards, 11 * SECOND + 1));
    cr_expect_str_eq(shard_at(1, 12 * SECOND)->error, "");
    cr_expect_str_eq(shards_describe(shards, 12 * SECOND)->error, "");
    cr_expect_eq(shards_due(shards), UINT64_MAX);
}

Test(shards, refuse_what_does_not_go_together)
{
    struct lattn_offer offer = sharing_greeting(&(struct sharing){SHARING_B, 1, 2, .pairs = 0});

    cr_expect_eq(take((struct sharing){SHARING_A, 0, 2, .pairs = 5}, 0, SECOND), LATTN_OK);
    offer.epoch = 2;
    cr_expect_eq(shards_greet(shards, &offer, SECOND, &complaint), LATTN_CONFLICT);
    offer.epoch = 1;
    offer.shard = 2;
    cr_expect_eq(shards_greet(shards, &offer, SECOND, &complaint), LATTN_RANGE);
    offer.shard = 1;
    offer.shards = 3;
    cr_expect_eq(shards_greet(shards, &offer, SECOND, &complaint), LATTN_CONFLICT);
    cr_expect_eq(take((struct sharing){SHARING_B, 1, 3, .pairs = 5}, 0, SECOND), LATTN_CONFLICT);
    cr_expect_null(shards_holding(shards, 1));
}

Test(shards, are_copied_with_all_that_is_said_of_them)
{
    struct lattn_aggregate *copy;

    cr_expect_eq(take((struct sharing){SHARING_A, 1, 2, .pairs = 3}, 0, SECOND), LATTN_OK);
    copy = shards_copy_out(shards_describe(shards, SECOND));
    cr_expect_eq(copy->expect, 2);
    cr_expect_str_eq(copy->shards[1].worker, SHARING_A);
    lattn_aggregate_close(&copy);
    cr_expect_null(copy);
    cr_expect_null(shards_copy_out(NULL));
}
