#include "query/overlap.h"

#include "base/memory.h"
#include "base/random.h"
#include "core/dense.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(overlap, .init = dense_threads_one);

enum { DIM = 9, Q = DIM * (DIM + 1) / 2 };

static const double exact[OVERLAP_SLICES] = {1e-32, 1e-32};

/* slice += sym(v w') */
static void product_add(const double *v, const double *w, double *slice)
{
    for (int i = 0; i < DIM; i++)
        for (int j = i; j < DIM; j++)
            *slice++ += i == j ? v[i] * w[i] : v[i] * w[j] + v[j] * w[i];
}

/* Two slices of `heads` heads with values v; queries of the last `bound` of them lie along v. */
static void slices_make(int heads, int bound, double *ret_v, double *ret_slices)
{
    struct random random = {.state = 7};
    double w[DIM];

    random_normals(&random, ret_v, (int64_t)heads * DIM);
    memset(ret_slices, 0, OVERLAP_SLICES * Q * sizeof *ret_slices);
    for (int k = 0; k < OVERLAP_SLICES; k++)
        for (int h = 0; h < heads; h++) {
            random_normals(&random, w, DIM);
            product_add(ret_v + h * DIM, h < heads - bound ? w : ret_v + h * DIM,
                        ret_slices + k * Q);
        }
}

static void expect_fit(int heads, int bound, int fits)
{
    double v[DIM * DIM], slices[OVERLAP_SLICES * Q];
    struct overlap overlap;

    slices_make(heads, bound, v, slices);
    cr_assert_eq(overlap_find(DIM, slices, exact, &overlap), LATTN_OK);
    cr_expect_eq(overlap.fits, fits, "%d heads, %d bound", heads, bound);
    if (fits)
        cr_expect_eq(overlap.heads, heads);
    for (int h = 0; fits && h < heads; h++) {
        double inside = 0;

        for (int a = 0; a < heads; a++)
            inside += pow(dense_dot(DIM, overlap.frame + a * DIM, v + h * DIM), 2);
        cr_expect_float_eq(sqrt(inside), dense_norm(DIM, v + h * DIM), 1e-12);
    }
    overlap_done(&overlap);
}

Test(overlap, is_that_of_the_values)
{
    for (int heads = 0; heads <= 3; heads++)
        expect_fit(heads, 0, 1);
}

Test(overlap, fits_not_where_heads_are_many_or_bound)
{
    for (int heads = 4; heads <= DIM; heads++)
        expect_fit(heads, 0, 0);
    for (int heads = 1; heads <= 3; heads++)
        expect_fit(heads, 1, 0);
}

Test(overlap, fits_not_where_one_slice_is_silent)
{
    double v[DIM], slices[OVERLAP_SLICES * Q];
    struct overlap overlap;

    slices_make(1, 0, v, slices);
    memset(slices, 0, Q * sizeof *slices);
    cr_assert_eq(overlap_find(DIM, slices, exact, &overlap), LATTN_OK);
    cr_expect_not(overlap.fits);
    overlap_done(&overlap);
}

Test(overlap, is_off_by_what_it_tells)
{
    const double deviation = 1e-6;
    const double variance[] = {deviation * deviation, deviation * deviation};
    struct random random = {.state = 3};
    double v[DIM], slices[OVERLAP_SLICES * Q], noise[OVERLAP_SLICES * Q];
    double told = 0, seen = 0;

    for (int round = 0; round < 50; round++) {
        struct overlap overlap;

        slices_make(1, 0, v, slices);
        random_normals(&random, noise, OVERLAP_SLICES * Q);
        for (int i = 0; i < OVERLAP_SLICES * Q; i++)
            slices[i] += deviation * noise[i];
        cr_assert_eq(overlap_find(DIM, slices, variance, &overlap), LATTN_OK);
        cr_assert(overlap.fits && overlap.heads == 1);
        told += overlap.variance[0];
        seen += 1 - pow(dense_dot(DIM, overlap.frame, v) / dense_norm(DIM, v), 2);
        overlap_done(&overlap);
    }
    cr_expect(told / 10 < seen && seen < told * 10, "seen %.2g, told %.2g", sqrt(seen / 50),
              sqrt(told / 50));
}

Test(overlap, survives_every_failed_allocation)
{
    double v[2 * DIM], slices[OVERLAP_SLICES * Q];
    enum lattn_status status = LATTN_NO_MEMORY;

    slices_make(2, 0, v, slices);
    for (uint64_t k = 1; status == LATTN_NO_MEMORY; k++) {
        struct overlap overlap;

        memory_fail(k, 0);
        status = overlap_find(DIM, slices, exact, &overlap);
        cr_expect_eq(status == LATTN_OK, !memory_failed(), "allocation %d", (int)k);
        memory_fail(0, 0);
        overlap_done(&overlap);
    }
    cr_assert_eq(status, LATTN_OK);
}
