#include "query/span.h"

#include "core/dense.h"
#include "query/heldout.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* A column of which less than this is new makes errors larger by its inverse. */
static const double novelty_min = 1.0 / 32;

double *span_row(const struct span *span, double *matrix, int32_t j)
{
    return matrix + (size_t)j * (size_t)span->d;
}

void span_open(struct span *span)
{
    size_t size = (size_t)span->d * (size_t)span->d;
    enum lattn_status status;

    memcpy(span->solver, span->frame, size * sizeof *span->solver);
    status = dense_lu(span->d, span->solver, span->pivot);
    assert(status == LATTN_OK);
}

enum lattn_status span_take(struct span *span, const double *v)
{
    int32_t d = span->d, r = span->rank + 1;
    size_t row = (size_t)d * sizeof(double);
    double *column = span_row(span, span->columns, span->rank);
    enum lattn_status status;

    assert(span->asked[span->rank] == d);
    memcpy(column, span_row(span, span->readings, span->rank), row);
    dense_lu_solve(d, span->solver, span->pivot, 1, column);
    memcpy(span->Q, span->columns, (size_t)r * row);
    status = dense_orthonormalise(d, r, span->Q, span->R);
    if (status != LATTN_OK)
        return status;
    for (int32_t i = 0; i < r; i++) {
        double *q = span_row(span, span->Q, i);
        double sign = dense_dot(d, v, q) < 0 ? -1 : 1;

        for (int32_t l = 0; l < d; l++)
            q[l] *= sign;
        for (int32_t l = 0; l < r; l++)
            span->R[i * r + l] *= sign;
    }
    span->rank = r;
    return LATTN_OK;
}

/*
 * Variance of what is left of column j once coordinates y are taken away: its readings are off, and
 * those of the columns of which it is a sum.
 */
static double rest_variance(const struct span *span, int32_t j, const double *y)
{
    int32_t d = span->d, r = span->rank;
    double shares[LATTN_DIM_MAX];
    double variance = 0;

    memcpy(shares, y, (size_t)r * sizeof *shares);
    if (r > 0)
        dense_triangle_solve(DENSE_PLAIN, r, span->R, (size_t)r, shares);
    for (int32_t t = 1; t <= span->asked[j]; t++) {
        variance += pow(span_row(span, span->errors, j)[t % d], 2);
        for (int32_t k = 0; k < r; k++)
            variance += pow(shares[k] * span_row(span, span->errors, k)[t % d], 2);
    }
    return variance;
}

enum lattn_status span_fit(const struct span *span, int32_t j, struct span_fit *ret_fit)
{
    int32_t d = span->d, r = span->rank, asked = span->asked[j];
    const double *readings = span_row(span, span->readings, j);
    double *a = span->scratch; /* asked x r, column-major: column k is U q_k */
    double *y = ret_fit->y;
    double rest = 0, whole = 0;
    enum lattn_status status = LATTN_OK;

    for (int32_t t = 1; t <= asked; t++) {
        y[t - 1] = readings[t % d];
        for (int32_t k = 0; k < r; k++)
            a[k * asked + t - 1] =
                dense_dot(d, span_row(span, span->frame, t % d), span_row(span, span->Q, k));
    }
    if (r > 0)
        status = dense_least_squares(asked, r, a, 1, y, DBL_EPSILON, NULL);
    if (status != LATTN_OK)
        return status;
    for (int32_t t = 1; t <= asked; t++) {
        double left = readings[t % d];

        for (int32_t k = 0; k < r; k++)
            left -=
                y[k] * dense_dot(d, span_row(span, span->frame, t % d), span_row(span, span->Q, k));
        rest += left * left;
        whole += readings[t % d] * readings[t % d];
    }
    ret_fit->fits = sqrt(rest) <= HELDOUT_DEVIATIONS * sqrt(rest_variance(span, j, y));
    ret_fit->is_weak = rest * asked < novelty_min * novelty_min * whole * (asked - r);
    return LATTN_OK;
}
