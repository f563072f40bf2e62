#include <lattn/batch.h>
#include <lattn/limits.h>

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

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

/* Three tokens of four coordinates: {2, 0}, none, {3}. */
static struct lattn_item ones_make(double *z)
{
    const double lists[] = {2, 2, 0, 0, 1, 3};

    memcpy(z, lists, sizeof lists);
    return (struct lattn_item){.z = z, .n = 3, .d = 4, .tokens = LATTN_TOKENS_ONES};
}

Test(batch, counts_the_numbers_of_tokens)
{
    double z[8], dense[TOKENS * DIM], y[TOKENS * OUTPUTS];
    struct lattn_item item = item_make(dense, y), ones = ones_make(z);

    cr_expect_eq(lattn_item_numbers(&item), TOKENS * DIM);
    cr_expect_eq(lattn_item_numbers(&ones), 6);
    ones.n = 2;
    cr_expect_eq(lattn_item_numbers(&ones), 4);
}

Test(batch, finds_members_behind_the_first)
{
    double z[3 * TOKENS * DIM], y[3 * TOKENS * OUTPUTS], lists[8];
    struct lattn_item item = item_make(z, y), ones = ones_make(lists), member;

    member = lattn_item_member(&item, 2);
    cr_expect_eq(member.z, z + 2 * TOKENS * DIM);
    cr_expect_eq(member.y, y + 2 * TOKENS * OUTPUTS, "a label at every token");
    item.labels = LATTN_LABELS_LAST;
    member = lattn_item_member(&item, 2);
    cr_expect_eq(member.y, y + 2 * OUTPUTS);
    cr_expect_eq(member.n, TOKENS);
    item.y = NULL;
    cr_expect_null(lattn_item_member(&item, 2).y);
    cr_expect_eq(lattn_item_member(&ones, 0).z, lists);
}

Test(batch, expands_tokens_of_both_kinds)
{
    const double dense_wide[] = {0, 1, 0, 2, 3, 0, 4, 5, 0};
    const double ones_wide[] = {1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0};
    double z[8], dense[TOKENS * DIM], y[TOKENS * OUTPUTS], wide[15];
    struct lattn_item item = item_make(dense, y), ones = ones_make(z);

    lattn_item_expand(&item, 3, wide);
    cr_expect_arr_eq(wide, dense_wide, sizeof dense_wide);
    lattn_item_expand(&ones, 5, wide);
    cr_expect_arr_eq(wide, ones_wide, sizeof ones_wide);
}

/* Put one number into the lists and expect these words. */
static void expect_refused_list(int at, double number, const char *words)
{
    struct lattn_complaint complaint = {""};
    double z[8];
    struct lattn_item item = ones_make(z);

    cr_expect_eq(check(&item), LATTN_OK);
    z[at] = number;
    cr_expect_eq(lattn_item_check(&item, &complaint), LATTN_RANGE);
    cr_expect_str_eq(complaint.text, words);
}

Test(batch, refuses_lists_that_name_no_coordinates)
{
    expect_refused_list(0, 5, "t[0] names 5 coordinates, 0 to 4 can be");
    expect_refused_list(0, -1, "t[0] names -1 coordinates, 0 to 4 can be");
    expect_refused_list(0, 1.5, "t[0] names 1.5 coordinates, 0 to 4 can be");
    expect_refused_list(4, NAN, "t[2] names nan coordinates, 0 to 4 can be");
    expect_refused_list(2, 4, "t[0][1] is 4, a coordinate is 0 to 3");
    expect_refused_list(5, -1, "t[2][0] is -1, a coordinate is 0 to 3");
    expect_refused_list(5, 0.5, "t[2][0] is 0.5, a coordinate is 0 to 3");
    expect_refused_list(1, INFINITY, "t[0][0] is inf, a coordinate is 0 to 3");
    expect_refused_list(2, 2, "t[0] names coordinate 2 twice");
}

Test(batch, takes_every_coordinate_once)
{
    double z[1 + LATTN_DIM_MAX + 1];
    struct lattn_item item = {.z = z, .n = 1, .d = LATTN_DIM_MAX, .tokens = LATTN_TOKENS_ONES};

    z[0] = LATTN_DIM_MAX;
    for (int i = 0; i < LATTN_DIM_MAX; i++)
        z[1 + i] = LATTN_DIM_MAX - 1 - i;
    cr_expect_eq(check(&item), LATTN_OK);
    z[LATTN_DIM_MAX] = LATTN_DIM_MAX - 1;
    cr_expect_eq(check(&item), LATTN_RANGE, "the first one once more");
}

Test(batch, refuses_precisions_that_leave_nothing)
{
    const double bad[] = {1, -1e-300, NAN, INFINITY};
    double z[TOKENS * DIM], y[TOKENS * OUTPUTS];
    struct lattn_item item = item_make(z, y);

    item.precision = LATTN_PRECISION_F32;
    cr_expect_eq(check(&item), LATTN_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        item.precision = bad[i];
        cr_expect_eq(check(&item), LATTN_RANGE, "%g", bad[i]);
    }
}

Test(batch, sees_every_number_of_a_long_item)
{
    double z[67], y[1] = {0};

    for (int32_t n = 1; n <= 67; n++)
        for (int32_t i = 0; i < n; i++) {
            struct lattn_item item = {.z = z, .y = y, .weight = 1, .n = n, .d = 1, .m = 1};

            memset(z, 0, sizeof z);
            cr_expect_eq(check(&item), LATTN_OK);
            z[i] = NAN;
            cr_expect_eq(check(&item), LATTN_NOT_FINITE, "number %d of %d", i, n);
        }
}
