#include "query/frame.h"

#include "base/random.h"
#include "core/dense.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D_MAX = 24 };

TestSuite(query_frame, .init = dense_threads_one);

static double product(int32_t d, const double *a, const double *b)
{
    long double sum = 0;

    for (int32_t j = 0; j < d; j++)
        sum += (long double)a[j] * b[j];
    return (double)sum;
}

/* Values along the first coordinate, against it, without it, and in general. */
static void value_make(int32_t d, int kind, double *ret_v)
{
    struct random random = {.state = (uint64_t)(d * 10 + kind)};

    memset(ret_v, 0, (size_t)d * sizeof *ret_v);
    if (kind < 2)
        ret_v[0] = kind == 0 ? 2 : -3;
    else
        random_normals(&random, ret_v, d);
    if (kind == 3 && d > 1)
        ret_v[0] = 0;
}

Test(query_frame, completes_to_an_orthonormal_basis)
{
    for (int32_t d = 1; d <= D_MAX; d++)
        for (int kind = 0; kind < 4; kind++) {
            double v[D_MAX], p[D_MAX * D_MAX];

            value_make(d, kind, v);
            frame_complete(d, v, p);
            for (int32_t i = 0; i < d; i++)
                for (int32_t j = 0; j < d; j++)
                    cr_expect_float_eq(product(d, p + i * d, p + j * d), i == j, 1e-14);
            cr_expect_float_eq(product(d, p, v), sqrt(product(d, v, v)), 1e-14 * d);
        }
}

Test(query_frame, leans_every_direction_towards_the_value)
{
    for (int32_t d = 1; d <= D_MAX; d++)
        for (int kind = 0; kind < 4; kind++) {
            double v[D_MAX], u[D_MAX * D_MAX];
            double norm;

            value_make(d, kind, v);
            norm = sqrt(product(d, v, v));
            frame_anchor(d, v, u);
            for (int32_t i = 0; i < d; i++) {
                cr_expect_float_eq(product(d, u + i * d, u + i * d), 1, 1e-14);
                cr_expect_geq(product(d, u + i * d, v), 0.64 * norm);
            }
        }
}

Test(query_frame, draws_orthonormal_rows)
{
    struct random random = {1};
    double rows[D_MAX * D_MAX];

    for (int32_t k = 1; k <= D_MAX; k++) {
        cr_assert_eq(frame_random(D_MAX, k, &random, rows), LATTN_OK);
        for (int32_t i = 0; i < k; i++)
            for (int32_t j = 0; j < k; j++)
                cr_expect_float_eq(product(D_MAX, rows + i * D_MAX, rows + j * D_MAX), i == j,
                                   1e-13);
    }
}

Test(query_frame, rounds_to_floats)
{
    double numbers[] = {0.1, -1e-3, 3, 1 + 0x1p-30};

    frame_round(4, numbers);
    for (int i = 0; i < 4; i++)
        cr_expect_eq(numbers[i], (double)(float)numbers[i]);
    cr_expect_eq(numbers[3], 1);
    cr_expect_float_eq(numbers[0], 0.1, 1e-8);
    cr_expect_neq(numbers[0], 0.1);
}

Test(query_frame, draws_directions_that_floats_hold)
{
    struct random random = {.state = 12};
    double u[40];

    for (int32_t d = 1; d <= 40; d++) {
        frame_draw(d, &random, u);
        cr_expect_float_eq(dense_norm(d, u), 1, 0x1p-23); /* each entry is off by 2^-24 of it */
        for (int32_t j = 0; j < d; j++)
            cr_expect_eq((double)(float)u[j], u[j]);
    }
}
