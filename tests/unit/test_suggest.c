#include "base/random.h"
#include "core/dense.h"
#include "support/corpus.h"

#include <lattn/learner.h>

#include <criterion/criterion.h>
#include <string.h>

TestSuite(suggest, .init = dense_threads_one);

enum { DIM = 6, TOKENS = 5, DOMAIN = 64, RANK = 20 };

static const double label[1] = {1};

/*
 * All inputs of automata of two states and two symbols: 16 tables, 4 keys to look up. Coordinates
 * are 4 keys and 2 states.
 */
struct pool {
    double z[DOMAIN][TOKENS * DIM];
    struct lattn_item items[DOMAIN];
    struct lattn_batch batch;
};

static void pool_make(struct pool *pool)
{
    memset(pool, 0, sizeof *pool);
    for (int32_t input = 0; input < DOMAIN; input++) {
        double *z = pool->z[input];

        for (int32_t key = 0; key < 4; key++) {
            z[key * DIM + key] = 1;
            z[key * DIM + 4 + (input / 4 >> key & 1)] = 1;
        }
        z[4 * DIM + input % 4] = 1;
        pool->items[input] =
            (struct lattn_item){.z = z, .y = label, .weight = 1, .n = TOKENS, .d = DIM, .m = 1};
    }
    pool->batch = (struct lattn_batch){pool->items, DOMAIN};
}

static int64_t rank_of(struct lattn_learner *learner)
{
    struct lattn_certificate certificate;

    cr_assert_eq(lattn_learner_certify(learner, &certificate), LATTN_OK);
    return certificate.rank;
}

/* Teach what is suggested until nothing is, and see that each pair raises the rank. */
static void follow(struct lattn_learner *learner, const struct pool *pool)
{
    size_t order[DOMAIN];
    size_t count;

    cr_assert_eq(lattn_learner_suggest(learner, &pool->batch, DOMAIN, order, &count, NULL),
                 LATTN_OK);
    for (size_t i = 0; i < count; i++) {
        int64_t before = rank_of(learner);

        corpus_teach_item(&pool->items[order[i]], learner);
        cr_assert_eq(rank_of(learner), before + 1, "suggestion %zu", i);
    }
    cr_assert_eq(rank_of(learner), RANK);
    cr_assert_eq(lattn_learner_suggest(learner, &pool->batch, DOMAIN, order, &count, NULL),
                 LATTN_OK);
    cr_assert_eq(count, 0);
}

Test(suggest, raises_the_rank_with_every_pair)
{
    static struct pool pool;
    struct lattn_learner_settings settings = lattn_learner_settings_default();

    pool_make(&pool);
    for (uint64_t taught = 0; taught <= 30; taught += 3) {
        struct lattn_learner *learner = corpus_learner(&settings);
        struct random random = {.state = taught};

        for (uint64_t i = 0; i < taught; i++)
            corpus_teach_item(&pool.items[random_below(&random, DOMAIN)], learner);
        follow(learner, &pool);
        lattn_learner_close(&learner);
    }
}

Test(suggest, takes_no_more_than_asked_for_and_changes_nothing)
{
    static struct pool pool;
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    size_t order[DOMAIN];
    size_t count;

    pool_make(&pool);
    corpus_teach_item(&pool.items[0], learner);
    cr_assert_eq(lattn_learner_suggest(learner, &pool.batch, 3, order, &count, NULL), LATTN_OK);
    cr_assert_eq(count, 3);
    cr_assert_eq(lattn_learner_pairs(learner), 1);
    cr_assert_eq(rank_of(learner), 1);
    lattn_learner_close(&learner);
}

/* Of dense inputs as many are chosen as there are directions, and never one that is known. */
Test(suggest, fills_what_dense_data_leaves_open)
{
    enum { D = 3, P = 18, COUNT = 60 };
    static double z[COUNT][4 * D];
    struct lattn_item items[COUNT];
    const struct lattn_batch batch = {items, COUNT};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    struct random random = {.state = 7};
    size_t order[COUNT];
    size_t count;

    for (int32_t i = 0; i < COUNT; i++) {
        random_normals(&random, z[i], (int64_t)4 * D);
        items[i] = (struct lattn_item){.z = z[i], .y = label, .weight = 1, .n = 4, .d = D, .m = 1};
    }
    for (int32_t i = 0; i < 11; i++)
        corpus_teach_item(&items[i], learner);
    cr_assert_eq(lattn_learner_suggest(learner, &batch, COUNT, order, &count, NULL), LATTN_OK);
    cr_assert_eq(count, P - 11);
    for (size_t i = 0; i < count; i++) {
        cr_assert_geq(order[i], 11);
        corpus_teach_item(&items[order[i]], learner);
    }
    cr_assert_eq(rank_of(learner), P);
    lattn_learner_close(&learner);
}

/* Far from zero all features are nearly parallel: directions remain where 1e-8 of one is left. */
Test(suggest, finds_what_little_is_left_far_from_zero)
{
    enum { D = 3, P = 18, COUNT = 60 };
    static double z[COUNT][4 * D];
    struct lattn_item items[COUNT];
    const struct lattn_batch batch = {items, COUNT};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    struct random random = {.state = 8};
    size_t order[COUNT];
    size_t count;

    for (int32_t i = 0; i < COUNT; i++) {
        random_normals(&random, z[i], (int64_t)4 * D);
        for (int32_t c = 0; c < 4 * D; c++)
            z[i][c] += 300;
        items[i] = (struct lattn_item){.z = z[i], .y = label, .weight = 1, .n = 4, .d = D, .m = 1};
    }
    cr_assert_eq(lattn_learner_suggest(learner, &batch, COUNT, order, &count, NULL), LATTN_OK);
    cr_assert_eq(count, P);
    for (size_t i = 0; i < count; i++) {
        corpus_teach_item(&items[order[i]], learner);
        cr_expect_eq(rank_of(learner), (int64_t)i + 1);
    }
    lattn_learner_close(&learner);
}

/* ---- limits --------------------------------------------------------------------------------- */

enum { WIDE = 16, MANY = 3700 };

/* Dense candidates, of 2176 features each. */
static struct lattn_batch many_make(void)
{
    static double z[MANY][2 * WIDE];
    static struct lattn_item items[MANY];
    struct random random = {.state = 9};

    for (int32_t i = 0; i < MANY; i++) {
        random_normals(&random, z[i], (int64_t)2 * WIDE);
        items[i] = (struct lattn_item){.z = z[i], .weight = 1, .n = 2, .d = WIDE};
    }
    return (struct lattn_batch){items, MANY};
}

/* Choose `most` of the first `count`. Returns the status; of a refusal it says so many. */
static enum lattn_status choose(struct lattn_learner *learner, size_t count, size_t most)
{
    static size_t order[MANY];
    struct lattn_batch batch = many_make();
    struct lattn_complaint complaint = {""};
    size_t chosen = 0;
    enum lattn_status status;

    batch.count = count;
    status = lattn_learner_suggest(learner, &batch, most, order, &chosen, &complaint);
    if (status == LATTN_OK)
        cr_expect_eq(chosen, most);
    else
        cr_expect(strstr(complaint.text, "candidates are too many at once") != NULL, "%s",
                  complaint.text);
    return status;
}

Test(suggest, refuses_more_than_memory_max)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner;

    settings.memory_max = 5000000;
    learner = corpus_learner(&settings);
    cr_expect_eq(choose(learner, 50, 50), LATTN_OK);
    cr_expect_eq(choose(learner, 200, 50), LATTN_MEMORY_LIMIT);
    lattn_learner_close(&learner);
}

Test(suggest, refuses_what_takes_too_long)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);

    cr_expect_eq(choose(learner, MANY, MANY), LATTN_RANGE);
    cr_expect_eq(choose(learner, MANY, 10), LATTN_OK);
    lattn_learner_close(&learner);
}

Test(suggest, refuses_candidates_of_another_shape)
{
    static struct pool pool;
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    struct lattn_complaint complaint = {""};
    size_t order[DOMAIN];
    size_t count;

    pool_make(&pool);
    pool.items[5].d = 5;
    cr_assert_eq(lattn_learner_suggest(learner, &pool.batch, 3, order, &count, &complaint),
                 LATTN_SHAPE);
    cr_assert_eq(strncmp(complaint.text, "candidates[5]: a token", 22), 0, "%s", complaint.text);
    lattn_learner_close(&learner);
}
