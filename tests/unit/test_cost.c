#include "core/cost.h"

#include <lattn/learner.h>
#include <lattn/state.h>

#include "base/random.h"

#include <criterion/criterion.h>

enum { TOKENS = 3, DIM_MAX = 8, OUTPUTS_MAX = 3, LARGE_DIM = 26 };

static struct lattn_learner *learner_of(enum lattn_engine engine, size_t memory_max)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = NULL;

    settings.engine = engine;
    settings.memory_max = memory_max;
    cr_assert_eq(lattn_learner_open(&learner, &settings), LATTN_OK);
    return learner;
}

/* Admit, and learn, so many sequences of normal tokens. */
static enum lattn_status rows_take(struct lattn_learner *learner, int32_t d, int32_t m, int count)
{
    struct random random = {1};
    double z[TOKENS * LARGE_DIM];
    double y[OUTPUTS_MAX] = {1};
    struct lattn_item item = {
        .z = z, .y = y, .weight = 1, .n = TOKENS, .d = d, .m = m, .labels = LATTN_LABELS_LAST};
    struct lattn_batch batch = {.count = 1, .items = &item};
    enum lattn_status status = LATTN_OK;

    for (int i = 0; status == LATTN_OK && i < count; i++) {
        random_normals(&random, z, TOKENS * d);
        status = lattn_learner_admit(learner, &item, NULL);
        if (status == LATTN_OK)
            lattn_learner_absorb(learner, &batch);
    }
    return status;
}

static void each_size_is(enum lattn_engine engine, int32_t d, int rows_per_feature,
                         size_t (*told)(const struct cost *cost))
{
    for (; d <= 4; d++) {
        for (int32_t m = 1; m <= OUTPUTS_MAX; m++) {
            struct cost cost = cost_of(d, m, engine);
            struct lattn_learner *learner = learner_of(engine, 0);
            int rows = 1 + rows_per_feature * (int)cost.features;

            cr_assert_eq(rows_take(learner, d, m, rows), LATTN_OK);
            cr_expect_eq(told(&cost), lattn_learner_memory(learner), "d %d m %d", d, m);
            lattn_learner_close(&learner);
        }
    }
}

static size_t state_told(const struct cost *cost)
{
    return cost->state_bytes;
}

static size_t first_told(const struct cost *cost)
{
    return cost->first_bytes;
}

/* A learner that has seen one row in which every feature occurs. */
Test(cost, is_what_a_learner_of_all_features_holds)
{
    each_size_is(LATTN_ENGINE_RLS, 1, 0, state_told);
    each_size_is(LATTN_ENGINE_RLS, 1, 0, first_told);
    each_size_is(LATTN_ENGINE_GRAM, 2, 0, first_told);
}

/* One that has seen enough of them that R went over. */
Test(cost, is_what_a_learner_in_information_form_holds)
{
    each_size_is(LATTN_ENGINE_GRAM, 1, 4, state_told);
}

/* Sequences of one symbol each, many times over: features that are never found together. */
static size_t bytes_of_symbols(enum lattn_engine engine)
{
    struct lattn_learner *learner = learner_of(engine, 0);
    size_t bytes;

    for (int32_t i = 0; i < 40 * DIM_MAX; i++) {
        double z[DIM_MAX] = {0}, y = 1;
        struct lattn_item item = {.z = z,
                                  .y = &y,
                                  .weight = 1,
                                  .n = 1,
                                  .d = DIM_MAX,
                                  .m = 1,
                                  .labels = LATTN_LABELS_LAST};
        struct lattn_batch batch = {.count = 1, .items = &item};

        z[i % DIM_MAX] = 1;
        cr_assert_eq(lattn_learner_admit(learner, &item, NULL), LATTN_OK);
        lattn_learner_absorb(learner, &batch);
    }
    bytes = lattn_learner_memory(learner);
    lattn_learner_close(&learner);
    return bytes;
}

Test(cost, is_the_same_for_symbols_with_either_engine)
{
    cr_assert_eq(bytes_of_symbols(LATTN_ENGINE_GRAM), bytes_of_symbols(LATTN_ENGINE_RLS));
}

/* Beyond 8192 features R is never kept: nothing is allocated here, since nothing fits. */
Test(cost, leaves_out_a_root_that_is_too_large)
{
    struct cost small = cost_of(25, 1, LATTN_ENGINE_GRAM);
    struct cost large = cost_of(LARGE_DIM, 1, LATTN_ENGINE_GRAM);

    cr_assert_eq(small.features, 8125);
    cr_assert_gt(small.first_bytes, small.state_bytes);
    cr_assert_gt(small.turning_bytes, 2 * (size_t)8125 * 8125 * sizeof(double));
    cr_assert_eq(large.features, 9126);
    cr_assert_eq(large.first_bytes, large.state_bytes);
    cr_assert_eq(large.turning_bytes, 0);
    cr_assert_lt(large.limited_bytes, small.limited_bytes);
    cr_assert_gt(large.most_bytes, (size_t)9126 * 9126 * sizeof(double));
}

/* A learner that may hold so much takes the row, and one byte less is not enough. */
static void limit_is(enum lattn_engine engine, int32_t d, size_t bytes)
{
    for (int less = 0; less <= 1; less++) {
        struct lattn_learner *learner = learner_of(engine, bytes - (size_t)less);

        cr_expect_eq(rows_take(learner, d, 1, 1), less ? LATTN_MEMORY_LIMIT : LATTN_OK);
        lattn_learner_close(&learner);
    }
}

Test(cost, is_what_the_limit_asks_for)
{
    limit_is(LATTN_ENGINE_RLS, 3, cost_of(3, 1, LATTN_ENGINE_RLS).limited_bytes);
    limit_is(LATTN_ENGINE_GRAM, 8, cost_of(8, 1, LATTN_ENGINE_GRAM).limited_bytes);
}

/*
 * R fits, the information form does not, and is not taken before the limit is lifted: then with the
 * row by which the number of rows doubles.
 */
Test(cost, keeps_the_form_that_the_limit_allows)
{
    for (int32_t d = 2; d <= 4; d++) {
        struct cost cost = cost_of(d, 1, LATTN_ENGINE_GRAM);
        struct lattn_learner *learner =
            learner_of(LATTN_ENGINE_GRAM, cost.first_bytes - cost.learner_bytes);
        struct lattn_learner_settings settings = lattn_learner_settings_get(learner);
        struct lattn_certificate certificate;

        cr_assert_lt(cost.first_bytes, cost.state_bytes);
        cr_assert_eq(rows_take(learner, d, 1, 4 * (int)cost.features), LATTN_OK);
        cr_expect_eq(lattn_learner_memory(learner), cost.first_bytes, "d %d", d);
        cr_assert_eq(lattn_learner_certify(learner, &certificate), LATTN_OK);
        cr_expect_eq(certificate.verdict, LATTN_IDENTIFYING, "d %d", d);
        settings.memory_max = 0;
        cr_assert_eq(lattn_learner_adjust(learner, &settings), LATTN_OK);
        cr_assert_eq(rows_take(learner, d, 1, 4 * (int)cost.features), LATTN_OK);
        cr_expect_eq(lattn_learner_memory(learner), cost.state_bytes, "d %d", d);
        lattn_learner_close(&learner);
    }
}

Test(cost, counts_features_and_work)
{
    struct cost small = cost_of(4, 1, LATTN_ENGINE_RLS);
    struct cost gram = cost_of(4, 1, LATTN_ENGINE_GRAM);
    struct cost large = cost_of(LATTN_DIM_MAX, LATTN_OUTPUTS_MAX, LATTN_ENGINE_RLS);

    cr_assert_eq(small.features, 40);
    cr_assert_float_eq(small.update_flops, 2 * 40 * 40 + 4 * 40, 0);
    cr_assert_float_eq(gram.update_flops, 10 * 10 * 13 + 4 * 40, 0);
    cr_assert_float_eq(3 * small.judging_flops, 4 * 40 * 40 * 40, 1e-9);
    cr_assert_float_eq(gram.settled_flops - small.settled_flops, 40 * 40 * 40 / 3.0 + 40 * 40 * 10,
                       1e-9);
    cr_assert_eq(small.judging_bytes, 2 * 40 * 40 * sizeof(double));
    cr_assert_eq(large.features, 8421376);
    cr_assert_gt(large.state_bytes, (size_t)large.features * (size_t)large.features * 8);
}

/* What one reads of the formula is all of the need but for what grows more slowly. */
Test(cost, says_how_it_grows)
{
    double p = 7200, q = 528;

    cr_assert_str_eq(cost_formula(24, LATTN_ENGINE_RLS),
                     "8 p (p + 2 m) bytes and more, p = d^2 (d+1) / 2");
    cr_assert_str_eq(cost_formula(25, LATTN_ENGINE_GRAM), cost_formula(25, LATTN_ENGINE_RLS));
    cr_assert_str_eq(cost_formula(32, LATTN_ENGINE_GRAM),
                     "4 q^2 (q + 1) bytes and more, q = d (d+1) / 2");
    cr_assert_float_eq((double)cost_of(24, 1, LATTN_ENGINE_RLS).limited_bytes / (8 * p * (p + 2)),
                       1, 0.1);
    cr_assert_float_eq(
        (double)cost_of(32, 1, LATTN_ENGINE_GRAM).limited_bytes / (4 * q * q * (q + 1)), 1, 0.05);
}
