#include "core/cost.h"

#include <lattn/learner.h>

#include "base/random.h"

#include <criterion/criterion.h>

enum { TOKENS = 3, DIM_MAX = 8, OUTPUTS_MAX = 3 };

/* What a learner holds that has seen one row in which every feature occurs. */
static size_t bytes_of_learner(int32_t d, int32_t m)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = NULL;
    struct random random = {1};
    double z[TOKENS * DIM_MAX];
    double y[OUTPUTS_MAX] = {1};
    struct lattn_item item = {
        .z = z, .y = y, .weight = 1, .n = TOKENS, .d = d, .m = m, .labels = LATTN_LABELS_LAST};
    size_t bytes;

    random_normals(&random, z, TOKENS * d);
    cr_assert_eq(lattn_learner_open(&learner, &settings), LATTN_OK);
    cr_assert_eq(lattn_learner_admit(learner, &item, NULL), LATTN_OK);
    bytes = lattn_learner_memory(learner);
    lattn_learner_close(&learner);
    return bytes;
}

Test(cost, is_what_a_learner_of_all_features_holds)
{
    for (int32_t d = 1; d <= DIM_MAX; d++) {
        for (int32_t m = 1; m <= OUTPUTS_MAX; m++) {
            struct cost cost = cost_of(d, m);

            cr_expect_eq(cost.state_bytes, bytes_of_learner(d, m), "d %d m %d", d, m);
        }
    }
}

/* A learner that may hold so much takes the row, and one byte less is not enough. */
Test(cost, is_what_the_limit_asks_for)
{
    for (int less = 0; less <= 1; less++) {
        struct lattn_learner_settings settings = lattn_learner_settings_default();
        struct lattn_learner *learner = NULL;
        double z[] = {0.5, -1.25, 2, 1, 0.75, -0.5};
        double y[] = {1};
        struct lattn_item item = {
            .z = z, .y = y, .weight = 1, .n = 2, .d = 3, .m = 1, .labels = LATTN_LABELS_LAST};

        settings.memory_max = cost_of(3, 1).limited_bytes - (size_t)less;
        cr_assert_eq(lattn_learner_open(&learner, &settings), LATTN_OK);
        cr_expect_eq(lattn_learner_admit(learner, &item, NULL),
                     less ? LATTN_MEMORY_LIMIT : LATTN_OK);
        lattn_learner_close(&learner);
    }
}

Test(cost, counts_features_and_work)
{
    struct cost small = cost_of(4, 1);
    struct cost large = cost_of(LATTN_DIM_MAX, LATTN_OUTPUTS_MAX);

    cr_assert_eq(small.features, 40);
    cr_assert_float_eq(small.update_flops, 2 * 40 * 40 + 4 * 40, 0);
    cr_assert_float_eq(3 * small.judging_flops, 4 * 40 * 40 * 40, 1e-9);
    cr_assert_eq(small.judging_bytes, 2 * 40 * 40 * sizeof(double));
    cr_assert_eq(large.features, 8421376);
    cr_assert_gt(large.state_bytes, (size_t)large.features * (size_t)large.features * 8);
}
