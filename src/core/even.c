/*
 * Even coordinates of a second moment: the inverse of its Cholesky factor, which leaves alone what
 * it would have to blow up.
 */
#include "core/even.h"

#include "core/dense.h"
#include "core/feature.h"

#include <math.h>
#include <string.h>

/*
 * A squared pivot below this share of its coordinate is taken for rounding: the moment is known to
 * n u, and features, cubic in the tokens, would be known to u 1e18.
 */
static const double pivot_least = 1e-12;

/* A squared pivot below this share of its coordinate shows a correlation worth taking out. */
static const double pivot_even = 0.25;

/* Let the mean of the diagonal be 1; a coordinate that is always zero does not count, and gets 1.
 */
static void moment_normalise(size_t n, double *T)
{
    double largest = 0, sum = 0;
    size_t seen = 0;

    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, T[i * n + i]);
    for (size_t i = 0; i < n; i++) {
        seen += T[i * n + i] > 0;
        sum += largest > 0 ? T[i * n + i] / largest : 0;
    }
    for (size_t i = 0; i < n; i++) {
        int is_seen = T[i * n + i] > 0;

        for (size_t j = i; j < n; j++)
            T[i * n + j] = is_seen ? T[i * n + j] / largest * ((double)seen / sum) : i == j;
    }
}

/* Take coordinate j out of all correlations. */
static void moment_isolate(size_t n, size_t j, double *T)
{
    for (size_t k = 0; k < j; k++)
        T[j * n + k] = T[k * n + j] = 0;
    for (size_t i = j + 1; i < n; i++)
        T[j * n + i] = 0;
}

/*
 * The Cholesky factor C of T takes the lower triangle, the upper one right of the diagonal keeps T,
 * without the correlations of isolated coordinates.
 */
static void moment_factor(size_t n, double *T)
{
    for (size_t j = 0; j < n; j++) {
        double *row = T + j * n;
        double pivot = row[j];

        for (size_t k = 0; k < j; k++) {
            row[k] = (T[k * n + j] - dense_dot((int32_t)k, row, T + k * n)) / T[k * n + k];
            pivot -= row[k] * row[k];
        }
        if (!(pivot > pivot_least * row[j])) {
            moment_isolate(n, j, T);
            pivot = row[j] > 0 ? row[j] : 1;
        }
        row[j] = sqrt(pivot);
    }
}

/* In place, row by row: row i needs the rows of the inverse before it. */
static void lower_invert(size_t n, double *a)
{
    for (size_t i = 0; i < n; i++) {
        double *row = a + i * n;

        for (size_t j = 0; j < i; j++) {
            double sum = 0;

            for (size_t k = j; k < i; k++)
                sum -= row[k] * a[k * n + j];
            row[j] = sum / row[i];
        }
        row[i] = 1 / row[i];
        for (size_t j = i + 1; j < n; j++)
            row[j] = 0;
    }
}

/* After moment_factor: does no coordinate follow from those before it, or none that could be told?
 */
static int factor_is_even(size_t n, const double *T)
{
    for (size_t j = 0; j < n; j++) {
        const double *row = T + j * n;
        double size = dense_dot((int32_t)j + 1, row, row);

        if (row[j] * row[j] < pivot_even * size)
            return 0;
    }
    return 1;
}

/* Let the determinant of a triangle be 1. */
static void lower_level(size_t n, double *a)
{
    double mean = 0;

    for (size_t i = 0; i < n; i++)
        mean += log(a[i * n + i]) / (double)n;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            a[i * n + j] *= exp(-mean);
}

/* The diagonal of what moment_factor factored: the lengths of the rows. */
static void factor_straighten(size_t n, double *T)
{
    for (size_t j = 0; j < n; j++) {
        double *row = T + j * n;

        row[j] = dense_norm((int32_t)j + 1, row);
        for (size_t k = 0; k < j; k++)
            row[k] = 0;
    }
}

void even_choose(int32_t d, double *T)
{
    size_t n = (size_t)d;

    moment_normalise(n, T);
    moment_factor(n, T); /* isolated coordinates are scaled like any other */
    if (factor_is_even(n, T))
        factor_straighten(n, T);
    lower_invert(n, T);
    lower_level(n, T);
}

int even_holds(int32_t d, double *T)
{
    moment_normalise((size_t)d, T);
    moment_factor((size_t)d, T);
    return factor_is_even((size_t)d, T);
}

void even_invert(int32_t n, const double *A, double *ret_C)
{
    memcpy(ret_C, A, (size_t)n * (size_t)n * sizeof *A);
    lower_invert((size_t)n, ret_C);
}

/* From the last row on: row i needs the rows of A up to it. */
void even_compose(int32_t d, const double *B, double *A)
{
    size_t n = (size_t)d;

    for (size_t i = n; i-- > 0;) {
        for (size_t j = 0; j <= i; j++) {
            double sum = 0;

            for (size_t k = j; k <= i; k++)
                sum += B[i * n + k] * A[k * n + j];
            A[i * n + j] = sum;
        }
    }
}

void even_lift(int32_t d, const double *A, double *ret_lifted)
{
    size_t n = (size_t)d;
    size_t q = n * (n + 1) / 2;

    memset(ret_lifted, 0, q * q * sizeof *ret_lifted);
    for (int32_t j = 0; j < d; j++) {
        for (int32_t k = j; k < d; k++) {
            const double *a = A + (size_t)j * n, *b = A + (size_t)k * n;
            double *column = ret_lifted + feature_pair(d, j, k);

            for (int32_t x = 0; x <= j; x++)
                for (int32_t y = x; y <= k; y++)
                    column[(size_t)feature_pair(d, x, y) * q] =
                        x == y ? a[x] * b[x] : a[x] * b[y] + a[y] * b[x];
        }
    }
}
