#include "core/start.h"

#include "base/memory.h"
#include "core/dense.h"
#include "support/approx.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

/* S of a random layer. */
static double *tensor_new(int32_t d, int32_t m, int32_t heads, struct random *random)
{
    double *S = memory_raw((size_t)layer_tensor_length(d, m), sizeof *S);
    struct layer layer;

    cr_assert_not_null(S);
    cr_assert_eq(layer_init(&layer, d, m, heads), LATTN_OK);
    random_normals(random, layer.P, layer_length(&layer));
    layer_multiply(&layer, 1, 0, S);
    layer_symmetrise(d, m, S);
    layer_done(&layer);
    return S;
}

/* |T - S| / |S|, T made symmetric first or not. */
static double miss_of(const struct layer *layer, const double *S, int is_symmetric)
{
    int32_t length = layer_tensor_length(layer->d, layer->m);
    double *T = memory_raw((size_t)length, sizeof *T);
    double miss;

    cr_assert_not_null(T);
    layer_multiply(layer, 1, 0, T);
    if (is_symmetric)
        layer_symmetrise(layer->d, layer->m, T);
    dense_add(length, -1, S, T);
    miss = dense_norm(length, T) / dense_norm(length, S);
    memory_release(T);
    return miss;
}

/* How far start `number` for a teacher of so many heads is from it. */
static double miss_from(int32_t number, int32_t d, int32_t m, int32_t heads, uint64_t seed)
{
    struct random random = {.state = seed};
    double *S = tensor_new(d, m, heads, &random);
    struct layer layer;
    double miss;

    cr_assert_eq(layer_init(&layer, d, m, heads), LATTN_OK);
    cr_assert_eq(start_make(number, S, &random, &layer), LATTN_OK);
    miss = miss_of(&layer, S, 1);
    layer_done(&layer);
    memory_release(S);
    return miss;
}

Test(start, of_one_head_is_the_head)
{
    for (uint64_t seed = 1; seed <= 5; seed++)
        for (int32_t d = 2; d <= 6; d++)
            for (int32_t m = 1; m <= 4; m++)
                cr_expect_lt(miss_from(0, d, m, 1, seed), 1e-6, "d = %d, m = %d", d, m);
}

Test(start, from_spans_is_the_teacher)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        cr_expect_lt(miss_from(1, 4, 4, 2, seed), 1e-6);
        cr_expect_lt(miss_from(1, 5, 6, 4, seed), 1e-6);
        cr_expect_lt(miss_from(1, 3, 5, 3, seed), 1e-6);
        cr_expect_lt(miss_from(2, 5, 6, 3, seed), 1e-6);
        cr_expect_lt(miss_from(2, 6, 3, 2, seed), 1e-6);
    }
}

Test(start, from_spans_is_refused_where_they_say_nothing)
{
    struct random random = {.state = 1};
    double *S = tensor_new(3, 3, 3, &random);
    struct layer layer;

    cr_assert_eq(layer_init(&layer, 3, 3, 3), LATTN_OK);
    cr_expect_eq(start_make(1, S, &random, &layer), LATTN_RANK);
    cr_expect_eq(start_make(2, S, &random, &layer), LATTN_RANK);
    cr_expect_eq(start_flops(1, &layer), 0);
    layer_done(&layer);
    memory_release(S);
}

/* Nothing of its rank is nearer to S than the sum of its largest singular terms. */
Test(start, by_truncation_is_nearly_the_nearest_of_its_rank)
{
    enum { DIM = 4, OUTPUTS = 3, HEADS = 3, ROWS = DIM * OUTPUTS, COLUMNS = DIM * DIM };
    struct random random = {.state = 2};
    double *S = tensor_new(DIM, OUTPUTS, HEADS, &random);
    double copy[ROWS * COLUMNS], s[ROWS];
    double rest = 0, all = 0;
    struct layer layer;

    cr_assert_eq(layer_init(&layer, DIM, OUTPUTS, HEADS), LATTN_OK);
    cr_assert_eq(start_make(0, S, &random, &layer), LATTN_OK);
    memcpy(copy, S, sizeof copy);
    cr_assert_eq(dense_svd(COLUMNS, ROWS, copy, s, NULL, NULL), LATTN_OK);
    for (int i = 0; i < ROWS; i++) {
        all += s[i] * s[i];
        rest += i >= HEADS ? s[i] * s[i] : 0;
    }
    cr_expect_geq(miss_of(&layer, S, 0), sqrt(rest / all) * (1 - 1e-9));
    cr_expect_leq(miss_of(&layer, S, 0), sqrt(rest / all) * 1.02);
    layer_done(&layer);
    memory_release(S);
}

Test(start, at_random_differs_and_comes_back_with_its_seed)
{
    double one = miss_from(3, 4, 4, 3, 1);

    cr_expect_eq(miss_from(3, 4, 4, 3, 1), one);
    for (int32_t number = 4; number < 7; number++) {
        double miss = miss_from(number, 4, 4, 3, 1);

        cr_expect_neq(miss, one);
        cr_expect_lt(miss, 2);
    }
}
