#include "core/dense.h"

#include "base/memory.h"
#include "base/random.h"
#include "support/approx.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { N_MAX = 24 };

static double *normals(size_t count, uint64_t seed)
{
    struct random random = {.state = seed};
    double *x = memory_raw(count, sizeof *x);

    cr_assert_not_null(x);
    random_normals(&random, x, (int64_t)count);
    return x;
}

/* A well-conditioned upper triangle, n x n row-major; garbage below the diagonal. */
static double *triangle(int32_t n, uint64_t seed)
{
    double *r = normals((size_t)n * (size_t)n, seed);

    for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j < n; j++)
            r[i * n + j] = j < i ? NAN : i == j ? 2 + r[i * n + j] / 8 : r[i * n + j] / n;
    return r;
}

/* Few columns go another way than many; both are part of wider rows. */
static void check_product(int32_t n)
{
    enum { M = 5, K = 4, LD = 6 };
    double *a = normals(M * K, 1), *b = normals(K * LD, 2), *c = normals(M * LD, 3);

    for (int side = 0; side < 2; side++) {
        double got[M * LD];

        memcpy(got, c, sizeof got);
        dense_multiply(side == 0 ? DENSE_PLAIN : DENSE_TRANSPOSED, M, n, K, -2, a,
                       side == 0 ? K : M, b, LD, 0.5, got, LD);
        for (int i = 0; i < M; i++) {
            for (int j = 0; j < n; j++) {
                double want = 0.5 * c[i * LD + j];

                for (int k = 0; k < K; k++)
                    want -= 2 * (side == 0 ? a[i * K + k] : a[k * M + i]) * b[k * LD + j];
                cr_expect_float_eq(got[i * LD + j], want, approx_sum(K, 16));
            }
            for (int j = n; j < LD; j++)
                cr_expect_eq(got[i * LD + j], c[i * LD + j]);
        }
    }
    memory_release(a);
    memory_release(b);
    memory_release(c);
}

Test(dense, multiplies_both_sides)
{
    for (int32_t n = 1; n <= 5; n++)
        check_product(n);
}

Test(dense, solves_what_the_triangle_multiplied)
{
    for (int32_t n = 1; n <= N_MAX; n++) {
        double *r = triangle(n, 4), *x = normals((size_t)n, 5);
        double got[N_MAX];

        for (int side = 0; side < 2; side++) {
            enum dense_side s = side == 0 ? DENSE_PLAIN : DENSE_TRANSPOSED;

            memcpy(got, x, (size_t)n * sizeof *got);
            dense_triangle_multiply(s, n, r, (size_t)n, got);
            dense_triangle_solve(s, n, r, (size_t)n, got);
            for (int32_t i = 0; i < n; i++)
                cr_expect_float_eq(got[i], x[i], approx_sum(n, 4));
        }
        memory_release(r);
        memory_release(x);
    }
}

Test(dense, solves_many_as_it_solves_one)
{
    enum { N = 9, Q = 4 };
    double *r = triangle(N, 6), *x = normals(N * Q, 7);
    double one[N];

    for (int32_t columns = 1; columns <= Q; columns++) {
        double many[N * Q];

        memcpy(many, x, sizeof many);
        dense_triangle_solve_many(DENSE_TRANSPOSED, N, columns, r, N, many, Q);
        for (int c = 0; c < Q; c++) {
            for (int i = 0; i < N; i++)
                one[i] = x[i * Q + c];
            if (c < columns)
                dense_triangle_solve(DENSE_TRANSPOSED, N, r, N, one);
            for (int i = 0; i < N; i++)
                cr_expect_float_eq(many[i * Q + c], one[i], approx_sum(N, 2));
        }
    }
    memory_release(r);
    memory_release(x);
}

Test(dense, pivoted_qr_keeps_inner_products)
{
    for (int32_t n = 1; n <= N_MAX; n++) {
        size_t size = (size_t)n;
        double *a = normals(size * size, 8), *b = normals(size, 9), *r = normals(size * size, 8);
        double *qb = normals(size, 9), tau[N_MAX];
        int32_t pivot[N_MAX];

        cr_assert_eq(dense_pivoted_qr(n, r, pivot, tau, 1, qb), LATTN_OK);
        for (int32_t i = 0; i < n; i++) {
            double labels = 0, labels_want = 0;

            for (int32_t k = 0; k < n; k++)
                labels_want += a[pivot[i] * n + k] * b[k];
            for (int32_t k = 0; k <= i; k++)
                labels += r[i * n + k] * qb[k];
            cr_expect_float_eq(labels, labels_want, approx_sum(n, 4 * n));
            for (int32_t j = 0; j <= i; j++) {
                double got = 0, want = 0;

                for (int32_t k = 0; k < n; k++)
                    want += a[pivot[i] * n + k] * a[pivot[j] * n + k];
                for (int32_t k = 0; k <= j; k++)
                    got += r[i * n + k] * r[j * n + k];
                cr_expect_float_eq(got, want, approx_sum(n, 4 * n));
            }
            if (i > 0)
                cr_expect_leq(fabs(r[i * n + i]), fabs(r[(i - 1) * n + i - 1]) * (1 + 1e-12));
        }
        memory_release(a);
        memory_release(b);
        memory_release(r);
        memory_release(qb);
    }
}

Test(dense, minimum_norm_solves_and_is_shortest)
{
    for (int32_t r = 1; r <= 6; r++) {
        enum { N = 9 };
        double *at = normals((size_t)(N * r), 10), *lost = normals((size_t)(N * r), 10);
        double *b = normals((size_t)r, 11);
        double x[N] = {0};
        double residue = 0;

        memcpy(x, b, (size_t)r * sizeof *x);
        cr_assert_eq(dense_minimum_norm(N, r, lost, 1, x), LATTN_OK);
        for (int32_t i = 0; i < r; i++) {
            double got = 0;

            for (int32_t j = 0; j < N; j++)
                got += at[i * N + j] * x[j];
            cr_expect_float_eq(got, b[i], approx_sum(N, 64));
        }
        /* Shortest: x is a combination of the rows; fit it by them and nothing is left. */
        for (int pass = 0; pass < 4000; pass++)
            for (int32_t i = 0; i < r; i++) {
                double dot = dense_dot(N, at + i * N, x),
                       square = dense_dot(N, at + i * N, at + i * N);

                dense_add(N, -dot / square, at + i * N, x);
            }
        residue = dense_norm(N, x);
        cr_expect_lt(residue, 1e-6, "r = %d: %g", r, residue);
        memory_release(at);
        memory_release(lost);
        memory_release(b);
    }
}

Test(dense, svd_gives_back_the_matrix)
{
    const int32_t sizes[][2] = {{1, 1}, {1, 5}, {5, 1}, {7, 4}, {4, 7}, {20, 20}, {8, 16}, {3, 40}};

    for (size_t t = 0; t < sizeof sizes / sizeof sizes[0]; t++) {
        int32_t m = sizes[t][0], n = sizes[t][1], least = m < n ? m : n;
        double *a = normals((size_t)(m * n), 12), *lost = normals((size_t)(m * n), 12);
        double s[20], u[400], vt[400];

        cr_assert_eq(dense_svd(m, n, lost, s, u, vt), LATTN_OK);
        for (int32_t i = 0; i < m; i++) {
            for (int32_t j = 0; j < n; j++) {
                double got = 0;

                for (int32_t k = 0; k < least; k++)
                    got += u[k * m + i] * s[k] * vt[j * least + k];
                cr_expect_float_eq(got, a[j * m + i], approx_sum(least, 8));
            }
        }
        for (int32_t k = 1; k < least; k++)
            cr_expect_geq(s[k - 1], s[k]);
        memory_release(a);
        memory_release(lost);
    }
}

/* Also where rows of a wide matrix depend on each other, or are all zero. */
Test(dense, svd_has_orthonormal_vectors)
{
    enum { M = 4, N = 12 };

    for (int rank = 0; rank <= M; rank++) {
        double *left = normals(M * M, 21), *right = normals(M * N, 22);
        double a[M * N] = {0}, s[M], u[M * M], vt[M * N];

        for (int i = 0; i < M; i++)
            for (int j = 0; j < N; j++)
                for (int k = 0; k < rank; k++)
                    a[j * M + i] += left[i * M + k] * right[k * N + j];
        cr_assert_eq(dense_svd(M, N, a, s, u, vt), LATTN_OK);
        for (int k = 0; k < M; k++)
            for (int l = 0; l < M; l++) {
                double product = 0;

                for (int j = 0; j < N; j++)
                    product += vt[j * M + k] * vt[j * M + l];
                cr_expect_float_eq(product, k == l, approx_sum(N, 8));
                cr_expect_float_eq(dense_dot(M, u + k * M, u + l * M), k == l, approx_sum(M, 8));
            }
        for (int k = rank; k < M; k++)
            cr_expect_leq(s[k], approx_sum(N, 8) * (1 + s[0]));
        memory_release(left);
        memory_release(right);
    }
}

Test(dense, tridiagonal_of_the_second_difference)
{
    enum { N = 50 };
    double diagonal[N], beside[N - 1];

    for (int i = 0; i < N; i++)
        diagonal[i] = 2;
    for (int i = 0; i < N - 1; i++)
        beside[i] = -1;
    cr_assert_eq(dense_tridiagonal(N, diagonal, beside), LATTN_OK);
    for (int i = 0; i < N; i++) {
        double sine = sin((i + 1) * M_PI / (2 * (N + 1)));

        cr_expect_float_eq(diagonal[i], 4 * sine * sine, approx_sum(N, 4));
    }
}

Test(dense, says_so_without_memory)
{
    double a[4] = {1, 0, 0, 1}, s[2], x[2] = {1, 1}, tau[2];
    double wide[8] = {1, 0, 0, 1}, u[4], vt[8];
    int32_t pivot[2];

    memory_fail(1, 1);
    cr_expect_eq(dense_pivoted_qr(2, a, pivot, tau, 1, x), LATTN_NO_MEMORY);
    cr_expect_eq(dense_minimum_norm(2, 1, a, 1, x), LATTN_NO_MEMORY);
    cr_expect_eq(dense_svd(2, 2, a, s, NULL, NULL), LATTN_NO_MEMORY);
    cr_expect_eq(dense_pivoted_cholesky(2, a, 2, 0, pivot, &pivot[1]), LATTN_NO_MEMORY);
    cr_expect_eq(dense_triangularise(2, 2, a, 2), LATTN_NO_MEMORY);
    for (uint64_t k = 1; k <= 6; k++) {
        memory_fail(k, 0);
        cr_expect_eq(dense_svd(2, 4, wide, s, u, vt), LATTN_NO_MEMORY, "allocation %d", (int)k);
    }
    memory_fail(0, 0);
}

Test(dense, multiplies_rows_with_rows)
{
    enum { M = 5, N = 3, K = 4 };
    double *a = normals(M * K, 11), *b = normals(N * K, 12), *c = normals(M * N, 13);
    double got[M * N];

    memcpy(got, c, sizeof got);
    dense_multiply_rows(M, N, K, -2, a, K, b, K, 0.5, got, N);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++)
            cr_expect_float_eq(got[i * N + j],
                               0.5 * c[i * N + j] - 2 * dense_dot(K, a + i * K, b + j * K),
                               approx_sum(K, 16));
    memory_release(a);
    memory_release(b);
    memory_release(c);
}

Test(dense, multiplies_many_as_it_multiplies_one)
{
    enum { N = 9, Q = 4 };
    double *r = triangle(N, 14), *x = normals(N * Q, 15);

    for (int side = 0; side < 2; side++) {
        enum dense_side s = side == 0 ? DENSE_PLAIN : DENSE_TRANSPOSED;
        double many[N * Q], one[N];

        memcpy(many, x, sizeof many);
        dense_triangle_multiply_many(s, N, Q, r, N, many, Q);
        for (int c = 0; c < Q; c++) {
            for (int i = 0; i < N; i++)
                one[i] = x[i * Q + c];
            dense_triangle_multiply(s, N, r, N, one);
            for (int i = 0; i < N; i++)
                cr_expect_float_eq(many[i * Q + c], one[i], approx_sum(N, 8));
        }
    }
    memory_release(r);
    memory_release(x);
}

Test(dense, factors_a_definite_matrix_and_refuses_another)
{
    for (int32_t n = 1; n <= N_MAX; n++) {
        double *x = normals((size_t)n * (size_t)n, 16), a[N_MAX * N_MAX], r[N_MAX * N_MAX];

        dense_multiply_rows(n, n, n, 1, x, (size_t)n, x, (size_t)n, 0, a, (size_t)n);
        memcpy(r, a, sizeof r);
        cr_assert_eq(dense_cholesky(n, r, (size_t)n), LATTN_OK);
        for (int32_t i = 0; i < n; i++)
            for (int32_t j = i; j < n; j++) {
                double sum = 0;

                for (int32_t k = 0; k <= i; k++)
                    sum += r[k * n + i] * r[k * n + j];
                cr_expect_float_eq(sum, a[i * n + j], approx_sum(n, 4 * n));
            }
        a[n * n - 1] = -1;
        cr_expect_eq(dense_cholesky(n, a, (size_t)n), LATTN_RANK);
        memory_release(x);
    }
}

Test(dense, factors_between_other_numbers)
{
    enum { N = 7, LD = 10 };
    double *x = normals(N * N, 18), a[N * N], r[N * LD];

    dense_multiply_rows(N, N, N, 1, x, N, x, N, 0, a, N);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < LD; j++)
            r[i * LD + j] = j < i || j >= N ? NAN : a[i * N + j];
    cr_assert_eq(dense_cholesky(N, r, LD), LATTN_OK);
    cr_assert_eq(dense_cholesky(N, a, N), LATTN_OK);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < LD; j++)
            cr_expect(j < i || j >= N ? isnan(r[i * LD + j]) : r[i * LD + j] == a[i * N + j]);
    memory_release(x);
}

/* The sum of squares of rows 0..rank - 1 of a factor, in the order that the pivots give. */
static double factor_product(const double *r, size_t ld, int rank, int i, int j)
{
    double sum = 0;

    for (int k = 0; k < rank && k <= i && k <= j; k++)
        sum += r[(size_t)k * ld + (size_t)i] * r[(size_t)k * ld + (size_t)j];
    return sum;
}

Test(dense, pivoted_cholesky_stops_at_the_rank)
{
    enum { LD = N_MAX + 3 };

    for (int32_t n = 1; n <= N_MAX; n++)
        for (int32_t rank = 0; rank <= n; rank += 1 + n / 6) {
            double *x = normals((size_t)n * (size_t)(rank + 1), 19), a[N_MAX * N_MAX],
                   r[N_MAX * LD];
            int32_t pivot[N_MAX], got = -1;

            dense_multiply_rows(n, n, rank, 1, x, (size_t)rank + 1, x, (size_t)rank + 1, 0, a,
                                (size_t)n);
            for (int32_t i = 0; i < n; i++)
                for (int32_t j = 0; j < LD; j++)
                    r[i * LD + j] = j < i || j >= n ? NAN : a[i * n + j];
            cr_assert_eq(dense_pivoted_cholesky(n, r, LD, approx_sum(n, 8 * n), pivot, &got),
                         LATTN_OK);
            cr_expect_eq(got, rank);
            for (int32_t i = 0; i < n; i++)
                for (int32_t j = i; j < n; j++)
                    cr_expect_float_eq(factor_product(r, LD, rank, i, j),
                                       a[pivot[i] * n + pivot[j]], approx_sum(n, 8 * n));
            memory_release(x);
        }
}

Test(dense, makes_rows_a_triangle_from_the_left)
{
    enum { LD = N_MAX + 5 };

    for (int32_t n = 1; n <= N_MAX; n++)
        for (int32_t k = 1; k <= n; k += 1 + n / 6) {
            double *rows = normals((size_t)k * LD, 20), r[N_MAX * LD];

            memcpy(r, rows, (size_t)k * LD * sizeof *r);
            cr_assert_eq(dense_triangularise(k, n, r, LD), LATTN_OK);
            for (int32_t i = 0; i < n; i++)
                for (int32_t j = i; j < n; j++) {
                    double want = 0;

                    for (int32_t row = 0; row < k; row++)
                        want += rows[row * LD + i] * rows[row * LD + j];
                    cr_expect_float_eq(factor_product(r, LD, k, i, j), want, approx_sum(k, 8 * k));
                }
            for (int32_t row = 0; row < k; row++)
                cr_expect_eq(r[row * LD + n], rows[row * LD + n]);
            memory_release(rows);
        }
}

Test(dense, multiplies_rows_with_every_triangle)
{
    enum { ROWS = 4, N = 6, LDT = 7, LDX = 9 };
    double *t = normals(N * LDT, 21), *x = normals(ROWS * LDX, 22);

    for (int half = 0; half < 2; half++)
        for (int side = 0; side < 2; side++) {
            double got[ROWS * LDX], lone[N * LDT];
            int is_upper = half == 0;

            for (int i = 0; i < N; i++)
                for (int j = 0; j < LDT; j++)
                    lone[i * LDT + j] =
                        j < N && (is_upper ? i <= j : j <= i) ? t[i * LDT + j] : NAN;
            memcpy(got, x, sizeof got);
            dense_triangle_multiply_rows(is_upper ? DENSE_UPPER : DENSE_LOWER,
                                         side == 0 ? DENSE_PLAIN : DENSE_TRANSPOSED, ROWS, N, lone,
                                         LDT, got, LDX);
            for (int r = 0; r < ROWS; r++)
                for (int j = 0; j < LDX; j++) {
                    double want = j < N ? 0 : x[r * LDX + j];

                    for (int i = 0; j < N && i < N; i++) {
                        double entry = lone[side == 0 ? i * LDT + j : j * LDT + i];

                        want += isnan(entry) ? 0 : x[r * LDX + i] * entry;
                    }
                    cr_expect_float_eq(got[r * LDX + j], want, approx_sum(N, 10));
                }
        }
    memory_release(t);
    memory_release(x);
}

Test(dense, finds_eigenvectors_as_rows)
{
    for (int32_t n = 1; n <= N_MAX; n++) {
        double *x = normals((size_t)n * (size_t)n, 17), a[N_MAX * N_MAX], v[N_MAX * N_MAX];
        double values[N_MAX], image[N_MAX];

        for (int32_t i = 0; i < n; i++)
            for (int32_t j = 0; j < n; j++)
                v[i * n + j] = a[i * n + j] = x[i * n + j] + x[j * n + i];
        cr_assert_eq(dense_symmetric(n, v, values), LATTN_OK);
        for (int32_t i = 0; i < n; i++) {
            cr_expect(i == 0 || values[i] >= values[i - 1]);
            cr_expect_float_eq(dense_norm(n, v + i * n), 1, approx_sum(n, 1));
            dense_multiply_vector(DENSE_PLAIN, n, n, 1, a, (size_t)n, v + i * n, 0, image);
            dense_add(n, -values[i], v + i * n, image);
            cr_expect_lt(dense_norm(n, image), approx_sum(n, 16 * n));
        }
        memory_release(x);
    }
}

Test(dense, makes_rows_orthonormal)
{
    for (int32_t k = 1; k <= N_MAX; k++) {
        double *x = normals((size_t)k * N_MAX, 18), q[N_MAX * N_MAX], r[N_MAX * N_MAX];
        double back[N_MAX * N_MAX];

        memcpy(q, x, (size_t)k * N_MAX * sizeof *q);
        cr_assert_eq(dense_orthonormalise(N_MAX, k, q, r), LATTN_OK);
        dense_multiply(DENSE_TRANSPOSED, k, N_MAX, k, 1, r, (size_t)k, q, N_MAX, 0, back, N_MAX);
        for (int32_t i = 0; i < k; i++) {
            for (int32_t j = 0; j < N_MAX; j++)
                cr_expect_float_eq(back[i * N_MAX + j], x[i * N_MAX + j], approx_sum(N_MAX, 8));
            for (int32_t j = 0; j <= i; j++) {
                cr_expect_float_eq(dense_dot(N_MAX, q + i * N_MAX, q + j * N_MAX), i == j,
                                   approx_sum(N_MAX, 1));
                cr_expect(i == j || r[i * k + j] == 0);
            }
        }
        memory_release(x);
    }
}

Test(dense, lu_solves_for_rows)
{
    enum { N = 7, Q = 3 };
    double *a = normals(N * N, 21), *want = normals(Q * N, 22);
    double factors[N * N], got[Q * N];
    int32_t pivot[N];

    for (int j = 0; j < Q; j++)
        for (int i = 0; i < N; i++) {
            got[j * N + i] = 0;
            for (int k = 0; k < N; k++)
                got[j * N + i] += a[i * N + k] * want[j * N + k];
        }
    memcpy(factors, a, sizeof factors);
    cr_assert_eq(dense_lu(N, factors, pivot), LATTN_OK);
    dense_lu_solve(N, factors, pivot, Q, got);
    for (int i = 0; i < Q * N; i++)
        cr_expect_float_eq(got[i], want[i], 1e-12); /* condition about 100, 2^-53, 7 terms */
    memset(a, 0, N * sizeof *a);
    cr_expect_eq(dense_lu(N, a, pivot), LATTN_RANK);
    memory_release(a);
    memory_release(want);
}

Test(dense, least_squares_leave_a_residual_at_right_angles)
{
    enum { M = 9, N = 4 };
    double *a = normals(M * N, 23), *b = normals(M, 24);
    double lost[M * N], x[M];
    int32_t rank;

    memcpy(lost, a, sizeof lost);
    memcpy(x, b, sizeof x);
    cr_assert_eq(dense_least_squares(M, N, lost, 1, x, 1e-12, &rank), LATTN_OK);
    cr_expect_eq(rank, N);
    for (int j = 0; j < N; j++) {
        double product = 0;

        for (int i = 0; i < M; i++) {
            double residual = b[i];

            for (int k = 0; k < N; k++)
                residual -= a[k * M + i] * x[k];
            product += residual * a[j * M + i];
        }
        cr_expect_float_eq(product, 0, approx_sum(M * N, 64));
    }
    memcpy(lost, a, sizeof lost);
    memcpy(lost + M, a, M * sizeof *a); /* two columns are the same */
    memcpy(x, b, sizeof x);
    cr_assert_eq(dense_least_squares(M, N, lost, 1, x, 1e-12, &rank), LATTN_OK);
    cr_expect_eq(rank, N - 1);
    cr_expect_float_eq(x[0], x[1], 1e-13); /* the smallest norm shares alike */
    memory_release(a);
    memory_release(b);
}

/* The companion matrix of (x - 1) (x - 2) (x^2 + 9). */
Test(dense, eigenvalues_are_the_roots_of_a_polynomial)
{
    enum { N = 4 };
    double a[N * N] = {3, -11, 27, -18, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};
    double real[N], imaginary[N], found[N] = {0};

    cr_assert_eq(dense_eigenvalues(N, a, real, imaginary), LATTN_OK);
    for (int i = 0; i < N; i++) {
        found[0] += fabs(real[i] - 1) < 1e-12 && fabs(imaginary[i]) < 1e-12;
        found[1] += fabs(real[i] - 2) < 1e-12 && fabs(imaginary[i]) < 1e-12;
        found[2] += fabs(real[i]) < 1e-12 && fabs(imaginary[i] - 3) < 1e-12;
        found[3] += fabs(real[i]) < 1e-12 && fabs(imaginary[i] + 3) < 1e-12;
    }
    for (int i = 0; i < N; i++)
        cr_expect_eq(found[i], 1);
}
