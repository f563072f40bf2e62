#include <lattn/bench.h>
#include <lattn/model.h>

#include "base/memory.h"
#include "base/random.h"
#include "support/approx.h"

#include <criterion/criterion.h>

enum { TOKENS = 3, DIM_MAX = 5, ITEMS = 4 };

Test(bench, works_and_tells_how_much)
{
    struct lattn_bench *bench = NULL;

    cr_assert_eq(lattn_bench_open(&bench, 1), LATTN_OK);
    cr_expect_gt(lattn_bench_multiply(bench), 0);
    cr_expect_gt(lattn_bench_stream(bench), 0);
    lattn_bench_close(&bench);
    cr_expect_null(bench);
    lattn_bench_close(&bench);
}

Test(bench, takes_a_sensible_number_of_threads)
{
    struct lattn_bench *bench = NULL;

    cr_expect_eq(lattn_bench_open(&bench, 0), LATTN_RANGE);
    cr_expect_eq(lattn_bench_open(&bench, LATTN_BENCH_THREADS_MAX + 1), LATTN_RANGE);
    cr_expect_null(bench);
}

/* z_l sum_t z_tj z_tk of the tokens 0 .. last and the query token, and its rounding. */
static long double feature_of(const struct lattn_item *item, int32_t last, int32_t query, int32_t j,
                              int32_t k, int32_t l, double *ret_rounding)
{
    const double *z = item->z;
    long double sum = 0;
    double scale = 0;

    for (int32_t t = 0; t <= last; t++) {
        sum += (long double)z[t * item->d + j] * z[t * item->d + k];
        scale += fabs(z[t * item->d + j] * z[t * item->d + k] * z[query * item->d + l]);
    }
    *ret_rounding = approx_sum(TOKENS, scale);
    return sum * z[query * item->d + l];
}

static const double *row_check(const struct lattn_item *item, int32_t last, int32_t query,
                               const double *row)
{
    for (int32_t j = 0; j < item->d; j++)
        for (int32_t k = j; k < item->d; k++)
            for (int32_t l = 0; l < item->d; l++) {
                double rounding;
                long double expected = feature_of(item, last, query, j, k, l, &rounding);

                cr_expect_leq(fabsl(*row++ - expected), rounding, "d %d labels %d: %d %d %d",
                              item->d, (int)item->labels, j, k, l);
            }
    return row;
}

Test(bench, features_are_those_of_the_formula)
{
    static double rows[ITEMS * TOKENS * DIM_MAX * DIM_MAX * (DIM_MAX + 1) / 2];
    double z[ITEMS][TOKENS * DIM_MAX];
    struct random random = {5};

    random_normals(&random, z[0], ITEMS * TOKENS * DIM_MAX);
    for (int32_t d = 1; d <= DIM_MAX; d++) {
        struct lattn_item items[ITEMS];
        const double *row = rows;

        for (int i = 0; i < ITEMS; i++)
            items[i] = (struct lattn_item){.z = z[i],
                                           .weight = 1,
                                           .n = TOKENS,
                                           .d = d,
                                           .m = 1,
                                           .labels = (enum lattn_labels)(i % 3)};
        cr_assert_eq(lattn_bench_features(&(struct lattn_batch){items, ITEMS}, rows), LATTN_OK);
        for (int i = 0; i < ITEMS; i++) {
            enum lattn_labels labels = items[i].labels;

            for (int32_t t = labels == LATTN_LABELS_LAST ? TOKENS - 1 : 0; t < TOKENS; t++)
                row = row_check(&items[i], labels == LATTN_LABELS_CAUSAL ? t : TOKENS - 1, t, row);
        }
    }
}

Test(bench, refuses_a_mixed_batch_and_bad_numbers)
{
    const double z[] = {1, 2, 3, 4};
    const double bad[] = {1, NAN, 3, 4};
    struct lattn_item items[] = {{.z = z, .weight = 1, .n = 1, .d = 2, .m = 1},
                                 {.z = z, .weight = 1, .n = 1, .d = 3, .m = 1}};
    double rows[64];

    cr_expect_eq(lattn_bench_features(&(struct lattn_batch){items, 2}, rows), LATTN_SHAPE);
    cr_expect_eq(lattn_bench_features(&(struct lattn_batch){items, 0}, rows), LATTN_OK);
    items[0].z = bad;
    cr_expect_eq(lattn_bench_features(&(struct lattn_batch){items, 1}, rows), LATTN_NOT_FINITE);
}

Test(bench, survives_want_of_memory)
{
    const double z[] = {1, 2};
    struct lattn_item item = {.z = z, .weight = 1, .n = 1, .d = 2, .m = 1};
    struct lattn_bench *bench = NULL;
    double rows[6];

    for (uint64_t k = 1; k <= 2; k++) {
        memory_fail(k, 0);
        cr_expect_eq(lattn_bench_open(&bench, 1), LATTN_NO_MEMORY);
        cr_expect_null(bench);
    }
    memory_fail(1, 0);
    cr_expect_eq(lattn_bench_features(&(struct lattn_batch){&item, 1}, rows), LATTN_NO_MEMORY);
    memory_fail(0, 0);
}
