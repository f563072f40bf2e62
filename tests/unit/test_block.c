#include "core/block.h"

#include "base/random.h"
#include "core/dense.h"
#include "support/approx.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D = 3, M = 4, H = 2, N = H * D, LENGTH = H * D * (M + D), TENSOR = D * M * D * D };

static const struct layer sizes = {.d = D, .m = M, .heads = H};

/* What a change of a factor's number moves of |sym(T) - S|^2, by differences; 0 at the least. */
static double slope(const struct layer *layer, const double *S, double *number)
{
    double misses[2];
    double was = *number;

    for (int side = 0; side < 2; side++) {
        double T[TENSOR];

        *number = was + (side == 0 ? -1 : 1);
        layer_multiply(layer, 1, 0, T);
        layer_symmetrise(D, M, T);
        dense_add(TENSOR, -1, S, T);
        misses[side] = dense_dot(TENSOR, T, T);
    }
    *number = was;
    /* Quadratic in one number: central differences are exact. */
    return (misses[1] - misses[0]) / 2;
}

static void expect_least(enum lattn_status (*fit)(const double *, struct layer *), int offset,
                         int count)
{
    struct random random = {.state = 1};
    double numbers[LENGTH], S[TENSOR];
    struct layer layer = layer_view(&sizes, numbers);

    random_normals(&random, numbers, LENGTH);
    random_normals(&random, S, TENSOR);
    layer_symmetrise(D, M, S);
    cr_assert_eq(fit(S, &layer), LATTN_OK);
    for (int i = offset; i < offset + count; i++)
        cr_expect_float_eq(slope(&layer, S, numbers + i), 0, approx_sum(TENSOR * N, 1e3));
}

Test(block, fits_one_factor_to_the_other)
{
    expect_least(block_fit_P, 0, H * D * M);
    expect_least(block_fit_Q, H * D * M, H * D * D);
}

Test(block, is_refused_where_the_other_factor_leaves_all_open)
{
    double numbers[LENGTH] = {0}, S[TENSOR] = {1};
    struct layer layer = layer_view(&sizes, numbers);

    cr_expect_eq(block_fit_P(S, &layer), LATTN_RANK);
    cr_expect_eq(block_fit_Q(S, &layer), LATTN_RANK);
}

Test(block, solves_with_its_shift)
{
    struct random random = {.state = 2};
    double numbers[LENGTH], A[N * N], gram[N * N], factor[N * N], x[N * 2], b[N * 2];
    struct layer layer = layer_view(&sizes, numbers);

    random_normals(&random, numbers, LENGTH);
    random_normals(&random, b, N * 2);
    layer_couple(D, H, D, layer.Q, layer.Q, A, gram);
    memcpy(x, b, sizeof x);
    cr_assert_eq(block_factor(N, A, 0.5, factor), LATTN_OK);
    block_solve(N, 2, factor, x);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < 2; k++) {
            double sum = 0.5 * x[i * 2 + k];

            for (int j = 0; j < N; j++)
                sum += A[i * N + j] * x[j * 2 + k];
            cr_expect_float_eq(sum, b[i * 2 + k], 1e-11);
        }
}
