#include "core/bounds.h"

#include "base/memory.h"
#include "base/random.h"
#include "core/layer.h"

#include <criterion/criterion.h>

/* The bound for a random layer, seen through its symmetric tensor alone. */
static int32_t bound_of(int32_t d, int32_t m, int32_t heads, uint64_t seed)
{
    struct random random = {.state = seed};
    double *S = memory_raw((size_t)layer_tensor_length(d, m), sizeof *S);
    struct layer layer;
    int32_t bound = 0;

    cr_assert_not_null(S);
    cr_assert_eq(layer_init(&layer, d, m, heads), LATTN_OK);
    random_normals(&random, layer.P, layer_length(&layer));
    layer_multiply(&layer, 1, 0, S);
    layer_symmetrise(d, m, S);
    cr_assert_eq(bounds_heads(d, m, S, &random, &bound), LATTN_OK);
    layer_done(&layer);
    memory_release(S);
    return bound;
}

Test(bounds, are_reached_by_random_heads_where_outputs_are_many)
{
    for (int32_t d = 2; d <= 9; d++)
        for (int32_t heads = 1; heads <= d; heads++)
            cr_expect_eq(bound_of(d, d, heads, (uint64_t)heads), heads, "d = %d, %d heads", d,
                         heads);
}

Test(bounds, are_reached_up_to_half_the_width_with_one_output)
{
    for (int32_t d = 2; d <= 9; d++)
        for (int32_t heads = 1; heads <= d; heads++) {
            int32_t half = (d + 1) / 2;

            cr_expect_eq(bound_of(d, 1, heads, (uint64_t)heads), heads < half ? heads : half,
                         "d = %d, %d heads", d, heads);
        }
}

Test(bounds, never_exceed_the_heads_there_are)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        int32_t d = 2 + (int32_t)(seed % 5);
        int32_t m = 1 + (int32_t)(seed / 5 % 4);
        int32_t heads = 1 + (int32_t)(seed % 7) % d;

        cr_expect_leq(bound_of(d, m, heads, seed), heads);
    }
}

/* Generic numbers of heads: the least for which every function is within reach. */
Test(bounds, dimension_reaches_everything_at_the_generic_number)
{
    static const int32_t generic[][2] = {{2, 2},   {4, 7},   {6, 13},  {8, 22},
                                         {12, 47}, {16, 81}, {32, 312}};

    for (size_t i = 0; i < sizeof generic / sizeof *generic; i++) {
        int32_t d = generic[i][0];
        int64_t all = (int64_t)d * d * d * (d + 1) / 2;

        cr_expect_eq(bounds_dimension(d, d, generic[i][1]), all, "d = %d", d);
        cr_expect_lt(bounds_dimension(d, d, generic[i][1] - 1), all, "d = %d", d);
        cr_expect_eq(bounds_dimension(d, 1, d), all / d);
        cr_expect_lt(bounds_dimension(d, 1, d - 1), all / d);
    }
}
