#include "core/admission.h"

#include <criterion/criterion.h>

enum { D = 3, P = 18 };

static const double label[1] = {1};

static struct lattn_item item_of(const double *z, int32_t n)
{
    return (struct lattn_item){
        .z = z, .y = label, .weight = 1, .n = n, .d = D, .m = 1, .labels = LATTN_LABELS_LAST};
}

static void factor_make(struct factor *factor)
{
    factor_init(factor, 0, 1, 0, LATTN_ENGINE_RLS);
    cr_assert_eq(factor_resize(factor, D, 1), LATTN_OK);
}

static void admit(struct factor *factor, const double *z, int32_t n)
{
    struct lattn_item item = item_of(z, n);

    cr_assert_eq(admission_make(factor, &item, 0), LATTN_OK);
}

static int32_t components(const struct factor *factor)
{
    int32_t count = 0;

    for (int32_t i = 0; i < factor->components_count; i++)
        count += factor->components[i] != NULL;
    return count;
}

static int32_t columns(const struct factor *factor)
{
    int32_t count = 0;

    for (int32_t i = 0; i < P; i++)
        count += factor->slots[i].component != 0;
    return count;
}

Test(admission, only_features_that_occur_get_columns)
{
    const double one[] = {1, 0, 0}, two[] = {1, 2, 0};
    struct factor factor;

    factor_make(&factor);
    admit(&factor, one, 1);
    cr_expect_eq(columns(&factor), 1);
    admit(&factor, two, 1);
    cr_expect_eq(columns(&factor), 6);
    cr_expect_eq(components(&factor), 1);
    factor_done(&factor);
}

Test(admission, features_that_never_met_stay_apart_until_they_do)
{
    const double first[] = {1, 0, 0}, second[] = {0, 1, 0}, third[] = {0, 0, 1};
    const double meets[] = {1, 1, 1};
    struct factor factor;

    factor_make(&factor);
    admit(&factor, first, 1);
    admit(&factor, second, 1);
    admit(&factor, third, 1);
    cr_expect_eq(components(&factor), 3);
    admit(&factor, meets, 1);
    cr_expect_eq(components(&factor), 1);
    cr_expect_eq(columns(&factor), P);
    factor_done(&factor);
}

Test(admission, a_free_place_is_used_again)
{
    const double first[] = {1, 0, 0}, second[] = {0, 1, 0}, both[] = {1, 0, 0, 0, 1, 0, 1, 1, 0};
    const double third[] = {0, 0, 1};
    struct factor factor;

    factor_make(&factor);
    admit(&factor, first, 1);
    admit(&factor, second, 1);
    admit(&factor, both, 3);
    cr_expect_eq(components(&factor), 1);
    admit(&factor, third, 1);
    cr_expect_eq(components(&factor), 2);
    cr_expect_eq(factor.components_count, 2);
    factor_done(&factor);
}

Test(admission, a_row_without_features_needs_no_place)
{
    const double zero[] = {0, 0, 0}, zero_query[] = {1, 2, 3, 0, 0, 0};
    struct factor factor;

    factor_make(&factor);
    admit(&factor, zero, 1);
    admit(&factor, zero_query, 2);
    cr_expect_eq(components(&factor), 0);
    factor_done(&factor);
}

Test(admission, the_limit_refuses_and_the_rest_goes_on)
{
    const double one[] = {1, 0, 0}, all[] = {1, 2, 3};
    struct lattn_item item = item_of(all, 1);
    struct factor factor;
    size_t bytes;

    factor_make(&factor);
    admit(&factor, one, 1);
    bytes = factor.bytes;
    cr_expect_eq(admission_make(&factor, &item, bytes), LATTN_MEMORY_LIMIT);
    cr_expect_eq(columns(&factor), 1);
    cr_expect_eq(factor.bytes, bytes);
    item = item_of(one, 1);
    cr_expect_eq(admission_make(&factor, &item, bytes), LATTN_OK);
    admit(&factor, all, 1);
    cr_expect_eq(columns(&factor), P);
    cr_expect_gt(factor.bytes, bytes);
    factor_done(&factor);
}

Test(admission, bytes_are_those_of_a_factor_made_at_once)
{
    const double steps[][3] = {{1, 0, 0}, {0, 1, 0}, {1, 1, 0}, {0, 0, 1}, {1, 1, 1}};
    struct factor factor;

    factor_make(&factor);
    for (int i = 0; i < 5; i++) {
        admit(&factor, steps[i], 1);
        cr_expect_eq(factor.bytes, factor_bytes_resized(&factor, D, 1));
    }
    factor_done(&factor);
}
