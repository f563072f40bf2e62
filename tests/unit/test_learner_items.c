/*
 * What an item says about itself besides numbers: tokens told by their ones, and their precision.
 */
#include <lattn/learner.h>

#include "support/lessons.h"

#include <criterion/criterion.h>
#include <string.h>

enum { N = 3, COEF_MAX = 256 };

static void coef_of(struct lattn_learner *learner, double *ret_coef)
{
    memset(ret_coef, 0, COEF_MAX * sizeof *ret_coef);
    cr_assert_eq(lattn_learner_coef(learner, ret_coef), LATTN_OK);
}

/* ---- tokens of ones ------------------------------------------------------------------------ */

static struct lattn_item ones_make(const double *lists, int32_t n, int32_t d, const double *y)
{
    struct lattn_item item = item_make(lists, n, d, y, 1);

    item.tokens = LATTN_TOKENS_ONES;
    return item;
}

Test(learner_items, ones_are_the_tokens_they_stand_for)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *with_lists, *with_tokens;
    double coef[2][COEF_MAX], values[2], errors[2];

    settings.dim = 3;
    settings.bias = 1;
    with_lists = learner_make(settings);
    with_tokens = learner_make(settings);
    for (int i = 0; i < 60; i++) {
        const double lists[] = {1, i % 3, 2, (i / 3) % 3, (i / 3 + 1) % 3, 1, (i / 9) % 2};
        const double y[] = {i * i % 7, i % 5, i % 3};
        double z[N * 3];
        struct lattn_item ones = ones_make(lists, N, 3, y), dense = item_make(z, N, 3, y, 1);

        ones.labels = dense.labels = (enum lattn_labels)(i % 3);
        lattn_item_expand(&ones, 3, z);
        teach(with_lists, ones);
        teach(with_tokens, dense);
    }
    coef_of(with_lists, coef[0]);
    coef_of(with_tokens, coef[1]);
    cr_expect_arr_eq(coef[0], coef[1], sizeof coef[0]);
    {
        const double lists[] = {1, 1, 1, 0}, z[] = {0, 1, 0, 1, 0, 0};
        struct lattn_item ones = ones_make(lists, 2, 2, NULL), dense = item_make(z, 2, 3, NULL, 0);
        struct lattn_prediction a = {.y = &values[0], .std_error = &errors[0]};
        struct lattn_prediction b = {.y = &values[1], .std_error = &errors[1]};

        cr_expect_eq(lattn_learner_predict(with_lists, &ones, &a, NULL), LATTN_OK);
        cr_expect_eq(lattn_learner_predict(with_tokens, &dense, &b, NULL), LATTN_OK);
        cr_expect_eq(values[0], values[1]);
        cr_expect_eq(a.leverage, b.leverage);
    }
    lattn_learner_close(&with_lists);
    lattn_learner_close(&with_tokens);
}

Test(learner_items, ones_do_not_tell_how_wide_a_token_is)
{
    const double lists[] = {1, 1}, z[] = {1, 0, 0}, y[] = {1};
    const char *names[] = {"a", "b", "c"};
    struct lattn_item ones = ones_make(lists, 1, 2, y);
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = learner_default();
    struct lattn_complaint complaint;
    int32_t indices[3];

    cr_expect_eq(lattn_learner_admit(learner, &ones, &complaint), LATTN_SHAPE);
    cr_expect_str_eq(complaint.text, "t does not tell how wide a token is: set --dim, name "
                                     "coordinates, or send a pair with z first");
    cr_expect_eq(lattn_learner_dim(learner), 0);
    cr_assert_eq(lattn_learner_name(learner, names, 3, NULL, 0, NULL, 0, indices, NULL, NULL),
                 LATTN_OK);
    teach(learner, ones);
    cr_expect_eq(lattn_learner_dim(learner), 3);
    lattn_learner_close(&learner);

    learner = learner_default();
    teach(learner, item_make(z, 1, 3, y, 1));
    teach(learner, ones);
    lattn_learner_close(&learner);

    settings.dim = 3;
    learner = learner_make(settings);
    teach(learner, ones);
    lattn_learner_close(&learner);
}

Test(learner_items, ones_beyond_the_dimension_are_refused)
{
    const double lists[] = {1, 3}, none[] = {0}, y[] = {1};
    struct lattn_item ones = ones_make(lists, 1, 4, y), input = ones_make(lists, 1, 4, NULL);
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_prediction prediction = {0};
    struct lattn_learner *learner;
    struct lattn_complaint complaint;

    settings.dim = 3;
    settings.bias = 1;
    learner = learner_make(settings);
    cr_expect_eq(lattn_learner_admit(learner, &ones, &complaint), LATTN_SHAPE);
    cr_expect_str_eq(complaint.text, "t has coordinate 3, the learner has 0 to 2");
    teach(learner, ones_make(none, 1, 0, y));
    cr_expect_eq(lattn_learner_predict(learner, &input, &prediction, NULL), LATTN_SHAPE);
    lattn_learner_close(&learner);
}

/* ---- precision ----------------------------------------------------------------------------- */

static double threshold_of(struct lattn_learner *learner)
{
    struct lattn_certificate certificate;

    cr_assert_eq(lattn_learner_certify(learner, &certificate), LATTN_OK);
    return certificate.threshold;
}

/* The threshold of a learner with this setting that learned one item of this precision. */
static double threshold_with(double setting, double precision)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner;
    const double z[] = {1, 2}, y[] = {3};
    struct lattn_item item = item_make(z, 1, 2, y, 1);
    double threshold;

    settings.precision = setting;
    item.precision = precision;
    learner = learner_make(settings);
    teach(learner, item);
    threshold = threshold_of(learner);
    lattn_learner_close(&learner);
    return threshold;
}

Test(learner_items, verdicts_go_by_the_coarsest_precision)
{
    cr_expect_eq(threshold_with(0, LATTN_PRECISION_F32), threshold_with(LATTN_PRECISION_F32, 0));
    cr_expect_eq(threshold_with(1e-3, LATTN_PRECISION_F32), threshold_with(1e-3, 0));
    cr_expect_gt(threshold_with(0, LATTN_PRECISION_F32), 100 * threshold_with(0, 0));
}

Test(learner_items, remembers_the_precision_of_what_it_learned)
{
    const double z[] = {1, 2}, y[] = {3};
    struct lattn_item exact = item_make(z, 1, 2, y, 1), coarse = exact, narrow = exact;
    struct lattn_learner *learner = learner_default(), *copy;
    double before, after;

    coarse.precision = narrow.precision = LATTN_PRECISION_F32;
    narrow.d = 1;
    teach(learner, exact);
    before = threshold_of(learner);
    cr_expect_eq(admit(learner, narrow), LATTN_SHAPE);
    cr_expect_eq(admit(learner, coarse), LATTN_OK, "admitted, and then not absorbed");
    cr_expect_eq(threshold_of(learner), before);
    teach(learner, coarse);
    teach(learner, exact);
    after = threshold_of(learner);
    cr_expect_gt(after, 100 * before);
    cr_assert_eq(lattn_learner_copy(learner, &copy), LATTN_OK);
    cr_expect_eq(threshold_of(copy), after);
    lattn_learner_close(&copy);
    cr_assert_eq(lattn_learner_reset(learner), LATTN_OK);
    teach(learner, exact);
    cr_expect_eq(threshold_of(learner), before);
    lattn_learner_close(&learner);
}
