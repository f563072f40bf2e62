#include <lattn/batch.h>
#include <lattn/limits.h>

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

enum { TOKENS = 3, DIM = 2, OUTPUTS = 2 };

/* A good item in the caller's arrays, with a label at every prefix. */
static struct lattn_item item_make(double *z, double *y)
{
    for (int i = 0; i < TOKENS * DIM; i++)
        z[i] = i;
    for (int i = 0; i < TOKENS * OUTPUTS; i++)
        y[i] = -i;
    return (struct lattn_item){.z = z,
                               .y = y,
                               .weight = 1,
                               .n = TOKENS,
                               .d = DIM,
                               .m = OUTPUTS,
                               .labels = LATTN_LABELS_CAUSAL};
}

static enum lattn_status check(const struct lattn_item *item)
{
    return lattn_item_check(item, NULL);
}

Test(batch, counts_label_rows)
{
    double z[TOKENS * DIM], y[TOKENS * OUTPUTS];
    struct lattn_item item = item_make(z, y);

    cr_expect_eq(lattn_item_rows(&item), TOKENS);
    item.labels = LATTN_LABELS_FULL;
    cr_expect_eq(lattn_item_rows(&item), TOKENS);
    item.labels = LATTN_LABELS_LAST;
    cr_expect_eq(lattn_item_rows(&item), 1);
}

Test(batch, accepts_a_good_item_and_an_input)
{
    double z[TOKENS * DIM], y[TOKENS * OUTPUTS];
    struct lattn_item item = item_make(z, y);

    cr_expect_eq(check(&item), LATTN_OK);
    item.y = NULL;
    item.m = 0;
    item.weight = 0;
    cr_expect_eq(check(&item), LATTN_OK, "weight and outputs of an input are not looked at");
}

Test(batch, refuses_sizes_outside_the_limits)
{
    double z[TOKENS * DIM], y[TOKENS * OUTPUTS];
    struct lattn_item item = item_make(z, y);

    item.n = 0;
    cr_expect_eq(check(&item), LATTN_EMPTY);
    item.n = -1;
    cr_expect_eq(check(&item), LATTN_RANGE);
    item.n = LATTN_TOKENS_MAX + 1;
    cr_expect_eq(check(&item), LATTN_RANGE);
    item = item_make(z, y);
    item.d = -1;
    cr_expect_eq(check(&item), LATTN_RANGE);
    item.d = LATTN_DIM_MAX + 1;
    cr_expect_eq(check(&item), LATTN_RANGE);
    item = item_make(z, y);
    item.m = 0;
    cr_expect_eq(check(&item), LATTN_RANGE);
    item.m = LATTN_OUTPUTS_MAX + 1;
    cr_expect_eq(check(&item), LATTN_RANGE);
}

Test(batch, accepts_tokens_without_coordinates)
{
    double z[TOKENS * DIM], y[TOKENS * OUTPUTS];
    struct lattn_item item = item_make(z, y);

    item.d = 0;
    cr_expect_eq(check(&item), LATTN_OK, "a learner with bias can learn from them");
}

Test(batch, refuses_weights_whose_squares_leave_the_range)
{
    const double bad[] = {0, -1, 1e-101, 1e101, NAN, INFINITY, -INFINITY};
    double z[TOKENS * DIM], y[TOKENS * OUTPUTS];
    struct lattn_item item = item_make(z, y);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        item.weight = bad[i];
        cr_expect_eq(check(&item), LATTN_RANGE, "%g", bad[i]);
    }
}

Test(batch, names_each_number_that_is_not_finite)
{
    const double bad[] = {NAN, INFINITY, -INFINITY};
    double z[TOKENS * DIM], y[TOKENS * OUTPUTS];
    struct lattn_complaint complaint;
    char expected[64];

    for (int i = 0; i < TOKENS * DIM; i++) {
        struct lattn_item item = item_make(z, y);

        z[i] = bad[i % 3];
        cr_expect_eq(lattn_item_check(&item, &complaint), LATTN_NOT_FINITE);
        snprintf(expected, sizeof expected, "z[%d][%d] is not finite", i / DIM, i % DIM);
        cr_expect_str_eq(complaint.text, expected);
    }
    for (int i = 0; i < TOKENS * OUTPUTS; i++) {
        struct lattn_item item = item_make(z, y);

        y[i] = bad[i % 3];
        cr_expect_eq(lattn_item_check(&item, &complaint), LATTN_NOT_FINITE);
        snprintf(expected, sizeof expected, "y[%d][%d] is not finite", i / OUTPUTS, i % OUTPUTS);
        cr_expect_str_eq(complaint.text, expected);
    }
}

Test(batch, takes_two_infinities_for_what_they_are)
{
    double z[TOKENS * DIM], y[TOKENS * OUTPUTS];
    struct lattn_item item = item_make(z, y);

    z[0] = INFINITY;
    z[1] = -INFINITY;
    cr_expect_eq(check(&item), LATTN_NOT_FINITE);
}

Test(batch, accepts_the_largest_doubles)
{
    double z[TOKENS * DIM], y[TOKENS * OUTPUTS];
    struct lattn_item item = item_make(z, y);

    z[0] = 1.7e308;
    y[0] = -1.7e308;
    cr_expect_eq(check(&item), LATTN_OK, "whether they fit is the learner's question");
}
