#include "core/dense.h"
#include "support/corpus.h"

#include <lattn/learner.h>

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(design, .init = dense_threads_one);

static struct lattn_learner *learner_of(int32_t dim, int32_t bias)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();

    settings.dim = dim;
    settings.bias = bias;
    return corpus_learner(&settings);
}

static struct lattn_design design_of(struct lattn_learner *learner, double norm_max, size_t count)
{
    struct lattn_design design;

    cr_assert_eq(lattn_learner_design(learner, norm_max, count, &design, NULL), LATTN_OK);
    return design;
}

/* The longest token. */
static double norm_largest(const struct lattn_design *design)
{
    double largest = 0;

    for (size_t i = 0; i < design->count; i++)
        for (int32_t t = 0; t < design->items[i].n; t++)
            largest = fmax(largest, dense_norm(design->items[i].d,
                                               design->items[i].z + t * design->items[i].d));
    return largest;
}

Test(design, keeps_within_the_norm)
{
    for (int32_t bias = 0; bias <= 1; bias++) {
        static const double norms[] = {0, 0.25, 1, 1000};

        for (size_t i = 0; i < sizeof norms / sizeof norms[0]; i++) {
            struct lattn_learner *learner = learner_of(3, bias);
            struct lattn_design design = design_of(learner, norms[i], SIZE_MAX);
            double want = norms[i] == 0 ? 1 : norms[i];

            cr_expect_eq(design.count, bias ? 40 : 18);
            cr_expect_float_eq(norm_largest(&design), want, 1e-15 * want);
            lattn_design_done(&design);
            lattn_learner_close(&learner);
        }
    }
}

/* Without a bound tokens are of the size of those learned, coordinate by coordinate. */
Test(design, takes_its_units_from_what_was_learned)
{
    struct lattn_learner *learner = learner_of(2, 0);
    const double z[] = {1000, 1e-3}, y = 1;
    const struct lattn_item item = {.z = z, .y = &y, .weight = 1, .n = 1, .d = 2, .m = 1};
    struct lattn_design design;

    corpus_teach_item(&item, learner);
    design = design_of(learner, 0, SIZE_MAX);
    cr_assert_eq(design.count, 5);
    for (size_t i = 0; i < design.count; i++)
        for (int32_t c = 0; c < 4; c++) {
            double size = fabs(design.items[i].z[c] / z[c % 2]);

            cr_expect(size == 0 || (size > 0.7 && size < 1.0001), "sequence %zu: %g", i, size);
        }
    lattn_design_done(&design);
    lattn_learner_close(&learner);
}

/* Of a coordinate that never asked S tells the unit. */
Test(design, takes_the_unit_of_a_coordinate_that_never_asked)
{
    struct lattn_learner *learner = learner_of(2, 0);
    const double z[] = {1000, 1e-3, 500, 0}, y = 1;
    const struct lattn_item item = {.z = z, .y = &y, .weight = 1, .n = 2, .d = 2, .m = 1};
    struct lattn_design design;

    corpus_teach_item(&item, learner);
    design = design_of(learner, 0, SIZE_MAX);
    cr_assert_eq(design.count, 5);
    for (size_t i = 0; i < design.count; i++)
        for (int32_t c = 0; c < 4; c++) {
            double size = fabs(design.items[i].z[c] / z[c % 2]);

            cr_expect(size == 0 || (size > 0.5 && size < 1), "sequence %zu: %g", i, size);
        }
    lattn_design_done(&design);
    lattn_learner_close(&learner);
}

Test(design, makes_no_more_than_asked_for_or_missing_and_changes_nothing)
{
    struct lattn_learner *learner = learner_of(2, 0);
    struct lattn_design design = design_of(learner, 0, 4);
    const double y = 1;

    cr_expect_eq(design.count, 4);
    cr_expect_eq(design.missing, 6);
    cr_expect_eq(lattn_learner_pairs(learner), 0);
    for (size_t i = 0; i < design.count; i++) {
        struct lattn_item item = design.items[i];

        item.y = &y;
        item.m = 1;
        corpus_teach_item(&item, learner);
    }
    lattn_design_done(&design);
    design = design_of(learner, 0, 4);
    cr_expect_eq(design.count, 2);
    cr_expect_eq(design.missing, 2);
    cr_expect_eq(lattn_learner_pairs(learner), 4);
    lattn_design_done(&design);
    lattn_design_done(NULL);
    lattn_learner_close(&learner);
}

/* At the most coordinates there can be, a few are made at once. */
Test(design, makes_a_few_of_many)
{
    struct lattn_learner *learner = learner_of(LATTN_DIM_MAX, 0);
    struct lattn_design design = design_of(learner, 0, 300);

    cr_expect_eq(design.count, 300);
    cr_expect_eq(design.missing, 256 * 256 / 2 * 257);
    lattn_design_done(&design);
    lattn_learner_close(&learner);
}

/* An item that was admitted and not yet learned has places for its features, and no more. */
Test(design, counts_nothing_as_seen_that_was_not_learned)
{
    struct lattn_learner *learner = learner_of(2, 0);
    const double z[] = {1, 2}, y = 1;
    const struct lattn_item item = {.z = z, .y = &y, .weight = 1, .n = 1, .d = 2, .m = 1};
    struct lattn_design design;

    cr_assert_eq(lattn_learner_admit(learner, &item, NULL), LATTN_OK);
    design = design_of(learner, 0, SIZE_MAX);
    cr_expect_eq(design.missing, 6);
    cr_expect_eq(design.count, 6);
    lattn_design_done(&design);
    lattn_learner_close(&learner);
}

/* Beside tokens of length 1 those of 1e-6 have features of 1e-18. */
Test(design, leaves_out_what_would_not_show)
{
    struct lattn_learner *learner = learner_of(2, 0);
    const double z[] = {1, 0.5, -0.3, 2}, y = 1;
    const struct lattn_item item = {.z = z, .y = &y, .weight = 1, .n = 2, .d = 2, .m = 1};
    struct lattn_design design;

    corpus_teach_item(&item, learner);
    design = design_of(learner, 1e-6, SIZE_MAX);
    cr_expect_eq(design.count, 0);
    cr_expect_eq(design.missing, 5);
    lattn_design_done(&design);
    lattn_learner_close(&learner);
}

/* The first sequences ask for what was learned in part; those of a third coordinate would show. */
Test(design, looks_further_where_the_first_would_not_show)
{
    struct lattn_learner *learner = learner_of(3, 0);
    const double z[] = {1e6, 5e5, 0, -3e5, 2e6, 0}, y = 1;
    const struct lattn_item item = {.z = z, .y = &y, .weight = 1, .n = 2, .d = 3, .m = 1};
    struct lattn_design design;

    corpus_teach_item(&item, learner);
    design = design_of(learner, 1, 1);
    cr_assert_eq(design.count, 1);
    cr_expect_eq(design.missing, 17);
    cr_expect(design.items[0].z[2] != 0 || design.items[0].z[5] != 0);
    lattn_design_done(&design);
    lattn_learner_close(&learner);
}

static void expect_refused(struct lattn_learner *learner, double norm_max, enum lattn_status status,
                           const char *said)
{
    struct lattn_design design = {.count = 77};
    struct lattn_complaint complaint = {""};

    cr_expect_eq(lattn_learner_design(learner, norm_max, 1, &design, &complaint), status);
    cr_expect_eq(strncmp(complaint.text, said, strlen(said)), 0, "%s", complaint.text);
    cr_expect_eq(design.count, 77);
}

Test(design, refuses_what_it_cannot_do)
{
    struct lattn_learner *unknown = learner_of(0, 1), *known = learner_of(2, 0),
                         *wide = learner_of(LATTN_DIM_MAX, 0);

    expect_refused(unknown, 0, LATTN_NO_DATA, "nothing tells yet how wide a token is");
    expect_refused(known, -1, LATTN_RANGE, "norm_max is -1, it may be from 1e-40 to 1e+40");
    expect_refused(known, NAN, LATTN_RANGE, "norm_max is");
    expect_refused(known, 1e41, LATTN_RANGE, "norm_max is 1e+41");
    cr_expect_eq(lattn_learner_design(wide, 0, SIZE_MAX, &(struct lattn_design){0}, NULL),
                 LATTN_MEMORY_LIMIT);
    lattn_learner_close(&unknown);
    lattn_learner_close(&known);
    lattn_learner_close(&wide);
}
