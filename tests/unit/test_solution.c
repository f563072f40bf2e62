#include "core/solution.h"
#include "core/standing.h"

#include "base/memory.h"
#include "base/random.h"
#include "core/dense.h"
#include "core/nullspace.h"
#include "support/approx.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { N_MAX = 60, M = 2 };

/*
 * A component whose R is A = U diag(sigma) V' made triangular, C random; the scales are one, so
 * that A is R itself.
 */
static struct component *component_make(int32_t n, const double *sigma, uint64_t seed)
{
    struct random random = {.state = seed};
    struct component *component = NULL;
    double a[N_MAX * N_MAX] = {0}, v[N_MAX], c[N_MAX * M], tau[N_MAX];
    int32_t pivot[N_MAX];

    cr_assert_eq(component_open(&component, M, 0), LATTN_OK);
    cr_assert_eq(component_reserve(component, n, M), LATTN_OK);
    for (int32_t i = 0; i < n; i++)
        *component_widen(component, 1) = (struct feature){0, 0, (uint16_t)i};
    for (int32_t i = 0; i < n; i++)
        a[i * n + i] = sigma[i];
    for (int pass = 0; pass < 3; pass++) {
        random_normals(&random, v, n);
        for (int32_t i = 0; i < n; i++)
            dense_add(n, -2 * dense_dot(n, v, a + i * n) / dense_dot(n, v, v), v, a + i * n);
    }
    random_normals(&random, c, n * M);
    cr_assert_eq(dense_pivoted_qr(n, a, pivot, tau, 0, c), LATTN_OK);
    for (int32_t i = 0; i < n; i++) {
        double *row = component->factor + (size_t)i * component->ld;

        for (int32_t j = i; j < n; j++)
            row[j] = a[j * n + i];
        for (int32_t b = 0; b < M; b++)
            row[n + b] = c[i * M + b];
    }
    return component;
}

static void ones(double *x)
{
    for (int i = 0; i < N_MAX; i++)
        x[i] = 1;
}

static void open_and_rank(struct component *component, const double *inverse, double cut)
{
    cr_assert_eq(solution_open(component, inverse, 1), LATTN_OK);
    cr_assert_eq(solution_rank(component, cut), LATTN_OK);
}

/* Entry (i, j) of the component's A with the scales. */
static double entry(const struct component *component, const double *inverse, int32_t i, int32_t j)
{
    return j < i ? 0 : component->factor[(size_t)i * component->ld + (size_t)j] * inverse[j];
}

/* Singular values above the cut by a full decomposition. */
static int32_t rank_by_svd(const struct component *component, const double *inverse, double cut)
{
    int32_t n = component->columns, rank = 0;
    double a[N_MAX * N_MAX], sigma[N_MAX];

    for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j < n; j++)
            a[j * n + i] = entry(component, inverse, i, j);
    cr_assert_eq(dense_svd(n, n, a, sigma, NULL, NULL), LATTN_OK);
    while (rank < n && sigma[rank] > cut)
        rank++;
    return rank;
}

Test(solution, counts_like_a_full_svd_where_no_gap_shows)
{
    double inverse[N_MAX], sigma[N_MAX];

    ones(inverse);
    for (int32_t n = 2; n <= N_MAX; n += 3) {
        for (int32_t i = 0; i < n; i++)
            sigma[i] = pow(10, -8. * i / n);
        for (double cut = 1e-1; cut > 1e-8; cut *= 0.37) {
            struct component *component = component_make(n, sigma, (uint64_t)n);

            open_and_rank(component, inverse, cut);
            cr_expect_eq(component->solution->rank, rank_by_svd(component, inverse, cut),
                         "n = %d, cut = %g: rank %d", n, cut, component->solution->rank);
            component_close(&component);
        }
    }
}

/* Kahan's triangle: pivoting sees no small diagonal entry although the matrix is nearly singular.
 */
Test(solution, is_not_fooled_by_a_triangle_whose_diagonal_hides_the_rank)
{
    enum { N = 50 };
    double inverse[N_MAX], sigma[N_MAX], s = 0.6, c = 0.8;
    struct component *component;

    ones(inverse);
    ones(sigma);
    component = component_make(N, sigma, 1);
    for (int i = 0; i < N; i++) {
        double *row = component->factor + (size_t)i * component->ld;

        for (int j = i; j < N; j++)
            row[j] = pow(s, i) * (i == j ? 1 : -c) * (1 + 1e-13 * (N - j));
    }
    for (double cut = 1e-5; cut > 1e-19; cut *= 0.1) {
        open_and_rank(component, inverse, cut);
        cr_expect_eq(component->solution->rank, rank_by_svd(component, inverse, cut), "cut = %g",
                     cut);
    }
    component_close(&component);
}

Test(solution, finds_the_rank_where_a_gap_shows)
{
    double inverse[N_MAX], sigma[N_MAX];

    ones(inverse);
    for (int32_t n = 1; n <= N_MAX; n += 7) {
        for (int32_t rank = 0; rank <= n; rank += 3) {
            struct component *component;

            for (int32_t i = 0; i < n; i++)
                sigma[i] = i < rank ? 1 + i : 1e-16;
            component = component_make(n, sigma, (uint64_t)(n * 100 + rank));
            open_and_rank(component, inverse, 1e-10);
            cr_expect_eq(component->solution->rank, rank);
            cr_expect(rank < n ? component->solution->sigma_min <= 1e-10
                               : component->solution->sigma_min > 0.1);
            component_close(&component);
        }
    }
}

/* Full rank that shows by the norm of A, which is too strict a cut, and that shows by sigma_max. */
Test(solution, leaves_open_what_the_cut_by_sigma_max_does)
{
    const double cut = 0.05, norm = sqrt(N_MAX - 1);
    const double weakest[] = {0.02, 0.9 * cut, 1.1 * cut, 0.9 * cut * norm, 1.1 * cut * norm, 1};
    double sigma[N_MAX], inverse[N_MAX];

    ones(inverse);
    ones(sigma);
    for (size_t i = 0; i < sizeof weakest / sizeof weakest[0]; i++) {
        struct component *component;

        sigma[N_MAX - 1] = weakest[i];
        component = component_make(N_MAX, sigma, i);
        standing_resettle(component, inverse, cut, 0, 0);
        cr_assert_not_null(component->settled);
        cr_expect_eq(component->settled->directions, weakest[i] < cut, "%g", weakest[i]);
        if (weakest[i] > cut)
            cr_expect_float_eq(component->settled->sigma, weakest[i], 1e-9);
        cr_expect_null(component->solution);
        component_close(&component);
    }
}

Test(solution, a_column_of_zeros_is_a_null_direction)
{
    double inverse[N_MAX], sigma[N_MAX], phi[3] = {0, 0, 1}, work[9], leverage;
    struct component *component;

    ones(inverse);
    ones(sigma);
    component = component_make(3, sigma, 2);
    for (int i = 0; i < 3; i++)
        component->factor[(size_t)i * component->ld + 2] = 0;
    inverse[2] = 0;
    open_and_rank(component, inverse, 1e-10);
    cr_expect_eq(component->solution->rank, 2);
    cr_assert_eq(solution_weights(component, 0), LATTN_OK);
    for (int b = 0; b < M; b++)
        cr_expect_eq(solution_exact(component)[2 * M + b], 0);
    cr_expect_eq(solution_determines(component, phi, work, &leverage), 0);
    phi[2] = 0;
    phi[0] = 1;
    cr_expect_eq(solution_determines(component, phi, work, &leverage), 1);
    component_close(&component);
}

/* Weights against their definition: A'(A x - C) = 0, and x in the row space. */
Test(solution, deficient_weights_solve_and_are_shortest)
{
    for (int32_t rank = 1; rank <= 9; rank++) {
        enum { N = 10 };
        double inverse[N_MAX], sigma[N_MAX], phi[N], work[3 * N], leverage;
        struct component *component;

        for (int32_t i = 0; i < N; i++) {
            sigma[i] = i < rank ? 1 + i : 0;
            inverse[i] = 1 + i % 3;
        }
        component = component_make(N, sigma, (uint64_t)rank);
        open_and_rank(component, inverse, 1e-10);
        cr_assert_eq(component->solution->rank, rank);
        cr_assert_eq(solution_weights(component, 0), LATTN_OK);
        for (int b = 0; b < M; b++) {
            double residual[N] = {0};

            for (int i = 0; i < N; i++) {
                for (int j = 0; j < N; j++)
                    residual[i] += entry(component, inverse, i, j) *
                                   solution_exact(component)[j * M + b] / inverse[j];
                residual[i] -= component->factor[(size_t)i * component->ld + N + (size_t)b];
            }
            for (int j = 0; j < N; j++) {
                double gradient = 0;

                for (int i = 0; i < N; i++)
                    gradient += entry(component, inverse, i, j) * residual[i];
                cr_expect_float_eq(gradient, 0, approx_sum(N * N, 1000));
            }
            /* x = D w lies in the row space: as an input x D it is determined. */
            for (int j = 0; j < N; j++)
                phi[j] = solution_exact(component)[j * M + b] / (inverse[j] * inverse[j]);
            cr_expect(solution_determines(component, phi, work, &leverage), "rank %d", rank);
        }
        component_close(&component);
    }
}

/* (A'A + ridge I) x = A'C by Gaussian elimination in long double. */
static void ridge_literal(const struct component *component, const double *inverse, double ridge,
                          long double *ret_x)
{
    int32_t n = component->columns;
    static long double g[N_MAX][N_MAX + M];

    for (int32_t i = 0; i < n; i++) {
        for (int32_t j = 0; j < n + M; j++) {
            g[i][j] = i == j ? ridge : 0;
            for (int32_t k = 0; k < n; k++) {
                long double right =
                    j < n ? (long double)entry(component, inverse, k, j)
                          : (long double)component->factor[(size_t)k * component->ld + (size_t)j];

                g[i][j] += entry(component, inverse, k, i) * right;
            }
        }
    }
    for (int32_t k = 0; k < n; k++)
        for (int32_t i = 0; i < n; i++) {
            long double factor = i == k ? 0 : g[i][k] / g[k][k];

            for (int32_t j = k; j < n + M; j++)
                g[i][j] -= factor * g[k][j];
        }
    for (int32_t i = 0; i < n; i++)
        for (int32_t b = 0; b < M; b++)
            ret_x[i * M + b] = g[i][n + b] / g[i][i] * inverse[i];
}

Test(solution, ridge_weights_solve_the_ridge_equations)
{
    const double ridges[] = {1e-6, 1e-2, 1, 1e3};

    for (size_t r = 0; r < sizeof ridges / sizeof ridges[0]; r++) {
        for (int32_t n = 1; n <= 40; n += 13) {
            double inverse[N_MAX], sigma[N_MAX], tolerance;
            static long double want[N_MAX * M];
            struct component *component;

            for (int32_t i = 0; i < n; i++) {
                sigma[i] = i % 4 == 3 ? 0 : 1 + (double)i / n;
                inverse[i] = 1 + i % 3;
            }
            component = component_make(n, sigma, (uint64_t)n);
            open_and_rank(component, inverse, 1e-10);
            cr_assert_eq(solution_weights(component, ridges[r]), LATTN_OK);
            ridge_literal(component, inverse, ridges[r], want);
            tolerance = approx_solution(n, 40 / sqrt(ridges[r])) * 30;
            for (int32_t i = 0; i < n * M; i++)
                cr_expect_float_eq(solution_exact(component)[i], (double)want[i], tolerance,
                                   "ridge %g, n = %d", ridges[r], n);
            component_close(&component);
        }
    }
}

Test(solution, the_smallest_ridge_gives_finite_weights)
{
    const double ridges[] = {1e-280, 1e-301, 5e-324};

    for (size_t r = 0; r < sizeof ridges / sizeof ridges[0]; r++) {
        double inverse[N_MAX], sigma[N_MAX] = {1, 1, 0};
        struct component *component;

        ones(inverse);
        component = component_make(3, sigma, 3);
        memset(component->factor + 2 * component->ld + 2, 0, sizeof(double));
        open_and_rank(component, inverse, 1e-10);
        cr_assert_eq(solution_weights(component, ridges[r]), LATTN_OK);
        for (int i = 0; i < 3 * M; i++)
            cr_expect(isfinite(solution_exact(component)[i]), "ridge %g", ridges[r]);
        component_close(&component);
    }
}

Test(solution, full_leverage_is_that_of_the_normal_equations)
{
    enum { N = 8 };
    double inverse[N_MAX], sigma[N_MAX], phi[N], work[3 * N], leverage;
    struct component *component;
    struct random random = {.state = 9};

    ones(inverse);
    for (int i = 0; i < N; i++)
        sigma[i] = 1 + i;
    component = component_make(N, sigma, 4);
    open_and_rank(component, inverse, 1e-10);
    /* phi = R'u has leverage |u|^2. */
    for (int trial = 0; trial < 20; trial++) {
        double u[N];

        random_normals(&random, u, N);
        for (int j = 0; j < N; j++) {
            phi[j] = 0;
            for (int i = 0; i <= j; i++)
                phi[j] += entry(component, inverse, i, j) * u[i];
        }
        cr_expect_eq(solution_determines(component, phi, work, &leverage), 1);
        cr_expect_float_eq(leverage, dense_dot(N, u, u), approx_sum(N * N, 64));
    }
    component_close(&component);
}

Test(solution, without_memory_can_be_asked_again)
{
    for (int32_t rank = 4; rank <= 6; rank += 2) {
        double inverse[N_MAX], sigma[N_MAX];

        ones(inverse);
        for (int i = 0; i < 6; i++)
            sigma[i] = i < rank ? 1 + i : 0;
        for (uint64_t k = 1, failed = 1; failed; k++) {
            struct component *component = component_make(6, sigma, 5);
            enum lattn_status status;

            memory_fail(k, 0);
            status = solution_open(component, inverse, 1);
            if (status == LATTN_OK)
                status = solution_rank(component, 1e-10);
            if (status == LATTN_OK)
                status = solution_weights(component, 0);
            failed = (uint64_t)memory_failed();
            cr_expect_eq(status, failed ? LATTN_NO_MEMORY : LATTN_OK);
            memory_fail(0, 0);
            open_and_rank(component, inverse, 1e-10);
            cr_expect_eq(component->solution->rank, rank);
            cr_expect_eq(solution_weights(component, 0), LATTN_OK);
            component_close(&component);
        }
    }
}
