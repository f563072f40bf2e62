#include "query/factors.h"

#include "core/dense.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(factors, .init = dense_threads_one);

enum { D = 9, ENTRIES = 120 };

/* Products of normals of a matrix of this rank, all of them off by normal errors. */
static void problem_make(struct factors *factors, int32_t told, int32_t rank, double size,
                         double *ret_X, struct random *random)
{
    double left[D * D], right[D * D], errors[ENTRIES];

    cr_assert_eq(factors_init(factors, ENTRIES, D, told), LATTN_OK);
    random_normals(random, left, D * rank);
    random_normals(random, right, D * rank);
    random_normals(random, factors->a, ENTRIES * D);
    random_normals(random, factors->b, ENTRIES * D);
    random_normals(random, errors, ENTRIES);
    for (int32_t i = 0; i < D * D; i++)
        ret_X[i] = size * dense_dot(rank, left + i / D * rank, right + i % D * rank);
    for (int32_t q = 0; q < ENTRIES; q++) {
        factors->y[q] = errors[q];
        for (int32_t i = 0; i < D; i++)
            factors->y[q] +=
                factors->a[q * D + i] * dense_dot(D, ret_X + i * D, factors->b + q * D);
    }
}

static double product_at(const struct factors *factors, int32_t i, int32_t j)
{
    return dense_dot(factors->r, factors->L + i * factors->r, factors->R + j * factors->r);
}

Test(factors, finds_rank_and_matrix)
{
    struct random random = {1};

    for (int32_t told = 1; told <= 3; told++)
        for (int32_t rank = 1; rank <= told; rank++) {
            struct factors factors;
            double X[D * D];

            problem_make(&factors, told, rank, 1e6, X, &random);
            cr_assert_eq(factors_fit(&factors, &random), LATTN_OK, "%d of %d", rank, told);
            cr_expect_eq(factors.r, rank, "%d, not %d", factors.r, rank);
            for (int32_t i = 0; i < D; i++)
                for (int32_t j = 0; j < D; j++)
                    cr_expect_float_eq(product_at(&factors, i, j), X[i * D + j], 5);
            factors_done(&factors);
        }
}

Test(factors, balances_them)
{
    struct random random = {2};
    struct factors factors;
    double X[D * D];

    problem_make(&factors, 2, 2, 1e6, X, &random);
    cr_assert_eq(factors_fit(&factors, &random), LATTN_OK);
    for (int32_t k = 0; k < 2; k++)
        for (int32_t l = 0; l < 2; l++) {
            double left = 0, right = 0;

            for (int32_t i = 0; i < D; i++) {
                left += factors.L[2 * i + k] * factors.L[2 * i + l];
                right += factors.R[2 * i + k] * factors.R[2 * i + l];
            }
            cr_expect_float_eq(left, right, 1e-3);
            if (k != l)
                cr_expect_float_eq(left, 0, 1e-3);
        }
    factors_done(&factors);
}

Test(factors, sees_that_nothing_is_there)
{
    struct random random = {3};
    struct factors factors;
    double X[D * D];

    problem_make(&factors, 2, 1, 0, X, &random);
    cr_assert_eq(factors_fit(&factors, &random), LATTN_OK);
    cr_expect_eq(factors.r, 0);
    factors_done(&factors);
}

Test(factors, refuses_what_has_a_higher_rank)
{
    struct random random = {4};
    struct factors factors;
    double X[D * D];

    problem_make(&factors, 2, 4, 1e6, X, &random);
    cr_assert_eq(factors_fit(&factors, &random), LATTN_NO_CONVERGENCE);
    factors_done(&factors);
}

/* Over many draws of the errors, also in other coordinates. */
Test(factors, has_right_error_bars)
{
    for (int is_scaled = 0; is_scaled <= 1; is_scaled++) {
        struct random random = {5};
        double sum = 0;

        for (int trial = 0; trial < 40; trial++) {
            struct factors factors;
            double X[D * D], bars[D * D];

            problem_make(&factors, 3, 2, 1e4, X, &random);
            cr_assert_eq(factors_fit(&factors, &random), LATTN_OK);
            for (int32_t i = 0; is_scaled && i < D * factors.r; i++)
                factors.L[i] *= 1000;
            for (int32_t i = 0; is_scaled && i < ENTRIES * D; i++)
                factors.a[i] /= 1000;
            cr_assert_eq(factors_bars(&factors, bars), LATTN_OK);
            for (int32_t i = 0; i < D * D; i++) {
                double unit = is_scaled ? 1000 : 1;

                sum += pow((product_at(&factors, i / D, i % D) - unit * X[i]) / bars[i], 2) /
                       (40 * D * D);
            }
            factors_done(&factors);
        }
        cr_expect_float_eq(sqrt(sum), 1, 0.1, "%g", sqrt(sum));
    }
}
