#include "core/whitening.h"

#include "core/dense.h"

#include <math.h>
#include <string.h>

/* A squared pivot below this share of its moment is rounding: then coordinates are only scaled. */
static const double pivot_least = 1e-12;

static double root_or_one(double square)
{
    return square > 0 ? sqrt(square) : 1;
}

static void moment_split(int32_t d, const double *moment, double *C)
{
    size_t n = (size_t)d;
    int is_definite;

    memcpy(C, moment, n * n * sizeof *C);
    is_definite = dense_cholesky(d, C, n) == LATTN_OK;
    for (size_t i = 0; is_definite && i < n; i++)
        is_definite = C[i * n + i] * C[i * n + i] > pivot_least * moment[i * n + i];
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i; j < n; j++) {
            double entry = is_definite ? C[i * n + j] : i == j ? root_or_one(moment[i * n + i]) : 0;

            C[i * n + j] = j == i ? entry : 0;
            C[j * n + i] = entry;
        }
    }
}

void whitening_make(int32_t d, const double *moment, double *C, double *inverse, double *back)
{
    size_t n = (size_t)d;

    moment_split(d, moment, C);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            inverse[i * n + j] = i == j;
            back[i * n + j] = C[j * n + i];
        }
    dense_triangle_solve_many(DENSE_TRANSPOSED, d, d, back, n, inverse, n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            back[i * n + j] = inverse[j * n + i];
}
