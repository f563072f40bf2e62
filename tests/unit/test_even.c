#include "core/even.h"

#include "base/random.h"
#include "core/feature.h"
#include "support/approx.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { N = 5, Q = N * (N + 1) / 2 };

/* A moment of normals, coordinate i as large as sizes[i]; NAN below the diagonal. */
static void moment_make(uint64_t seed, const double *sizes, double *T)
{
    enum { ROWS = 40 };
    struct random random = {.state = seed};
    double rows[ROWS * N];

    random_normals(&random, rows, ROWS * N);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            T[i * N + j] = j < i ? NAN : 0;
            for (int r = 0; j >= i && r < ROWS; r++)
                T[i * N + j] += sizes[i] * sizes[j] * rows[r * N + i] * rows[r * N + j];
        }
}

/* (A T A')[i][j] */
static long double turned(const double *A, const double *T, int i, int j)
{
    long double sum = 0;

    for (int x = 0; x < N; x++)
        for (int y = 0; y < N; y++)
            sum += (long double)A[i * N + x] * (long double)T[x <= y ? x * N + y : y * N + x] *
                   (long double)A[j * N + y];
    return sum;
}

static void diagonal_make(const double *diagonal, double *T)
{
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            T[i * N + j] = i == j ? diagonal[i] : j < i ? NAN : 0;
}

Test(even, makes_a_moment_the_unit_matrix_up_to_its_size)
{
    const double sizes[N] = {1, 1e3, 1e-3, 2, 1e8};
    double T[N * N], A[N * N];

    moment_make(1, sizes, T);
    /* What all have in common is most of each. */
    for (int i = 0; i < N; i++)
        for (int j = i; j < N; j++)
            T[i * N + j] += 400 * sizes[i] * sizes[j];
    memcpy(A, T, sizeof A);
    even_choose(N, A);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            long double size = turned(A, T, 0, 0);

            cr_expect_float_eq((double)(turned(A, T, i, j) / size), i == j, 1e-13);
            cr_expect(j <= i || A[i * N + j] == 0);
        }
}

Test(even, only_scales_where_nothing_follows_from_the_rest)
{
    const double sizes[N] = {1, 1e3, 1e-3, 2, 1e8};
    double T[N * N], A[N * N];

    diagonal_make(sizes, T);
    for (int i = 0; i < N; i++)
        for (int j = i + 1; j < N; j++)
            T[i * N + j] = 0.3 * sqrt(sizes[i] * sizes[j]);
    memcpy(A, T, sizeof A);
    even_choose(N, A);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            if (i == j)
                cr_expect_float_eq(A[i * N + i] * sqrt(sizes[i]), A[0], 1e-13 * A[0]);
            else
                cr_expect_eq(A[i * N + j], 0);
}

Test(even, keeps_numbers_as_large_as_they_were)
{
    const double sizes[N] = {1e-20, 1e3, 1e-3, 1, 1e30};
    double A[N * N];
    double product = 1;

    moment_make(7, sizes, A);
    even_choose(N, A);
    for (int i = 0; i < N; i++)
        product *= A[i * N + i];
    cr_expect_float_eq(product, 1, 1e-12);
}

Test(even, does_not_mind_how_large_a_moment_is)
{
    const double small[N] = {1e-75, 1e-75, 1e-75, 1e-75, 1e-75};
    const double large[N] = {1e150, 1e150, 1e150, 1e150, 1e150};
    double A[N * N], B[N * N];

    moment_make(2, small, A);
    moment_make(2, large, B);
    even_choose(N, A);
    even_choose(N, B);
    for (int i = 0; i < N * N; i++)
        cr_expect_float_eq(A[i], B[i], 1e-13 * (1 + fabs(A[i])));
}

/* Coordinate 3 is 1 + 2; what is rounding there is not to become a coordinate of size one. */
Test(even, only_scales_what_is_dependent)
{
    const double sizes[N] = {1, 1, 1, 1, 1};
    double T[N * N], A[N * N];

    moment_make(3, sizes, T);
    for (int i = 0; i <= 3; i++)
        T[i * N + 3] = (i == 0 ? T[1] : T[N + (i < 3 ? i : 1)]) + (i == 3   ? T[N + 2]
                                                                   : i <= 2 ? T[i * N + 2]
                                                                            : 0);
    T[3 * N + 3] = T[N + 1] + 2 * T[N + 2] + T[2 * N + 2];
    T[3 * N + 4] = T[N + 4] + T[2 * N + 4];
    memcpy(A, T, sizeof A);
    even_choose(N, A);
    for (int k = 0; k < N; k++) {
        cr_expect(k == 3 || A[3 * N + k] == 0);
        cr_expect(k == 3 || A[k * N + 3] == 0);
    }
    cr_expect_float_eq(A[3 * N + 3] * sqrt(T[3 * N + 3]), A[0] * sqrt(T[0]), 1e-12);
}

Test(even, only_scales_what_is_always_zero)
{
    const double sizes[N] = {3, 0, 3, 3, 3}, none[N] = {0};
    double T[N * N], A[N * N];

    moment_make(4, sizes, A);
    even_choose(N, A);
    for (int k = 0; k < N; k++) {
        cr_expect((A[N + k] != 0) == (k == 1));
        cr_expect((A[k * N + 1] != 0) == (k == 1));
    }
    moment_make(4, none, T);
    even_choose(N, T);
    for (int i = 0; i < N * N; i++)
        cr_expect_eq(T[i], i % (N + 1) == 0);
}

static int holds(const double *T)
{
    double lost[N * N];

    memcpy(lost, T, sizeof lost);
    return even_holds(N, lost);
}

Test(even, holds_where_nothing_follows_from_the_rest)
{
    /* Sizes do not count, nor does a coordinate that is always zero. */
    const double sizes[N] = {1e-9, 1, 1e12, 1, 3}, zero[N] = {0, 1, 1, 1, 1};
    double T[N * N];

    diagonal_make(sizes, T);
    cr_expect(holds(T));
    diagonal_make(zero, T);
    cr_expect(holds(T));
    T[3 * N + 4] = 0.86;
    cr_expect(holds(T));
    T[3 * N + 4] = 0.87;
    cr_expect_not(holds(T));
    /* Dependent to rounding: choosing anew would change nothing. */
    T[3 * N + 4] = 1;
    cr_expect(holds(T));
}

Test(even, inverts_and_composes)
{
    const double sizes[N] = {1, 10, 1, 2, 100};
    double A[N * N], C[N * N];

    moment_make(5, sizes, A);
    even_choose(N, A);
    even_invert(N, A, C);
    even_compose(N, A, C);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            cr_expect_float_eq(C[i * N + j], i == j, approx_sum(N, 100));
}

Test(even, lifts_to_pairs)
{
    struct random random = {.state = 6};
    double A[N * N], X[N * N], lifted[Q * Q];

    random_normals(&random, A, N * N);
    random_normals(&random, X, N * N);
    for (int i = 0; i < N; i++)
        for (int j = i + 1; j < N; j++)
            A[i * N + j] = 0;
    even_lift(N, A, lifted);
    for (int j = 0; j < N; j++)
        for (int k = j; k < N; k++) {
            double sum = 0;

            for (int x = 0; x < N; x++)
                for (int y = x; y < N; y++) {
                    int from = feature_pair(N, x, y), to = feature_pair(N, j, k);

                    sum += X[x * N + y] * lifted[from * Q + to];
                    cr_expect(from <= to || lifted[from * Q + to] == 0);
                }
            cr_expect_float_eq(sum, (double)turned(A, X, j, k), approx_sum(N * N, 10));
        }
}
