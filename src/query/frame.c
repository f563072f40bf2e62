#include "query/frame.h"

#include <lattn/limits.h>

#include "base/memory.h"
#include "core/dense.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

/* cos^2 of the angle between an anchored direction and v: balances u.v against |U^-1|. */
#define ANCHOR_SHARE (M_SQRT2 - 1)

/* The reflection that takes e_0 to -sign(x_0) x has no cancellation; row 0 takes the sign back. */
void frame_complete(int32_t d, const double *v, double *ret_p)
{
    size_t n = (size_t)d;
    double norm = dense_norm(d, v);
    double sign = v[0] > 0 ? -1 : 1;
    double w[LATTN_DIM_MAX];
    double square = 0;

    assert(norm > 0);
    for (int32_t i = 0; i < d; i++) {
        w[i] = (i == 0) - sign * (v[i] / norm);
        square += w[i] * w[i];
    }
    for (int32_t i = 0; i < d; i++)
        for (int32_t j = 0; j < d; j++)
            ret_p[(size_t)i * n + (size_t)j] = (i == j) - 2 * w[i] * w[j] / square;
    for (int32_t j = 0; j < d; j++)
        ret_p[j] = v[j] / norm;
}

void frame_lean(int32_t d, const double *v, const double *p, double *ret_u)
{
    double norm = dense_norm(d, v);

    for (int32_t j = 0; j < d; j++)
        ret_u[j] = sqrt(ANCHOR_SHARE) * (v[j] / norm) + sqrt(1 - ANCHOR_SHARE) * p[j];
}

void frame_anchor(int32_t d, const double *v, double *ret_u)
{
    size_t n = (size_t)d;
    double p[LATTN_DIM_MAX];

    frame_complete(d, v, ret_u);
    for (int32_t i = 1; i < d; i++) {
        memcpy(p, ret_u + (size_t)i * n, n * sizeof *p);
        frame_lean(d, v, p, ret_u + (size_t)i * n);
    }
}

/*
 * x.p_i = (value_i - sqrt(c) value_0) / sqrt(1 - c), with p_i = (u_i - sqrt(c) u_0) / sqrt(1 - c);
 * so all of them share the error of value_0.
 */
void frame_anchor_solve(int32_t d, const double *u, const double *value, const double *error,
                        double *ret_x, double *ret_error)
{
    double anchor = sqrt(ANCHOR_SHARE), rest = sqrt(1 - ANCHOR_SHARE);
    double first[LATTN_DIM_MAX];

    for (int32_t j = 0; j < d; j++) {
        first[j] = u[j];
        ret_error[j] = 0;
    }
    memset(ret_x, 0, (size_t)d * sizeof *ret_x);
    for (int32_t i = 1; i < d; i++) {
        const double *row = u + (size_t)i * (size_t)d;

        for (int32_t j = 0; j < d; j++) {
            double p = (row[j] - anchor * u[j]) / rest;

            first[j] -= anchor / rest * p;
            ret_x[j] += value[i] / rest * p;
            ret_error[j] += error[i] / rest * p * error[i] / rest * p;
        }
    }
    for (int32_t j = 0; j < d; j++) {
        ret_x[j] += value[0] * first[j];
        ret_error[j] = hypot(sqrt(ret_error[j]), error[0] * first[j]);
    }
}

void frame_draw(int32_t d, struct random *random, double *ret_u)
{
    double norm;

    random_normals(random, ret_u, d);
    norm = fmax(dense_norm(d, ret_u), DBL_MIN);
    for (int32_t j = 0; j < d; j++)
        ret_u[j] /= norm;
    frame_round(d, ret_u);
}

enum lattn_status frame_random(int32_t d, int32_t k, struct random *random, double *ret_rows)
{
    double *r = memory_raw((size_t)k * (size_t)k, sizeof *r);
    enum lattn_status status;

    if (r == NULL)
        return LATTN_NO_MEMORY;
    random_normals(random, ret_rows, (int64_t)k * d);
    status = dense_orthonormalise(d, k, ret_rows, r);
    memory_release(r);
    return status;
}

static void transpose(size_t n, const double *a, double *ret_a)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            ret_a[i * n + j] = a[j * n + i];
}

/* Row i of inverse is column i of U^-1, as dense_lu_solve takes and gives its columns. */
static void solve(int32_t d, double *u, int32_t *pivot, double *entries, const double *variances,
                  double *inverse, double *ret_W, double *ret_error)
{
    size_t n = (size_t)d;
    enum lattn_status status = dense_lu(d, u, pivot);

    assert(status == LATTN_OK);
    dense_lu_solve(d, u, pivot, d, entries);
    transpose(n, entries, ret_W);
    for (size_t i = 0; i < n; i++)
        inverse[i * n + i] = 1;
    dense_lu_solve(d, u, pivot, d, inverse);
    for (size_t i = 0; i < n * n; i++)
        inverse[i] *= inverse[i];
    dense_multiply(DENSE_PLAIN, d, d, d, 1, variances, n, inverse, n, 0, entries, n);
    transpose(n, entries, ret_error);
    for (size_t i = 0; i < n * n; i++)
        ret_error[i] = sqrt(ret_error[i]);
}

enum lattn_status frame_solve(int32_t d, double *u, double *entries, const double *variances,
                              double *ret_W, double *ret_error)
{
    size_t n = (size_t)d;
    int32_t *pivot = memory_raw(n, sizeof *pivot);
    double *inverse = memory_zeroed(n * n, sizeof *inverse);
    enum lattn_status status = pivot == NULL || inverse == NULL ? LATTN_NO_MEMORY : LATTN_OK;

    if (status == LATTN_OK)
        solve(d, u, pivot, entries, variances, inverse, ret_W, ret_error);
    memory_release(pivot);
    memory_release(inverse);
    return status;
}

void frame_round(int64_t count, double *numbers)
{
    for (int64_t i = 0; i < count; i++)
        numbers[i] = (double)(float)numbers[i];
}
