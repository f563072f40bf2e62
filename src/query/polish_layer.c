/* What polishing ends with (polish.h): W from the keys, and the errors of all entries. */
#include "query/polish.h"

#include "base/memory.h"
#include "core/dense.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* W_h b_j = key for all j: row i of W_h solves with entry i of the keys. */
static enum lattn_status weights_solve(const struct polish *polish, double *ret_W)
{
    int32_t d = polish->d, n = polish->unknowns;
    size_t wide = (size_t)d;
    double *lasts = memory_raw(wide * wide, sizeof *lasts);
    int32_t pivot[LATTN_DIM_MAX];
    enum lattn_status status = LATTN_NO_MEMORY;

    if (lasts == NULL)
        return status;
    memcpy(lasts, polish->last, wide * wide * sizeof *lasts);
    status = dense_lu(d, lasts, pivot);
    if (status == LATTN_OK) {
        for (int32_t i = 0; i < n; i++)
            for (int32_t j = 0; j < d; j++)
                ret_W[(size_t)i * wide + (size_t)j] =
                    polish->keys[(size_t)j * (size_t)n + (size_t)i];
        dense_lu_solve(d, lasts, pivot, n, ret_W);
    }
    memory_release(lasts);
    return status == LATTN_RANK ? LATTN_NO_CONVERGENCE : status;
}

/* Squares of the rows of op(R)^-1 B, B n x n lost, added to ret_squares. */
static void rows_square(int32_t n, const double *r, double *b, double *ret_squares)
{
    size_t wide = (size_t)n;

    dense_triangle_solve_many(DENSE_PLAIN, n, n, r, wide, b, wide);
    for (int32_t i = 0; i < n; i++)
        ret_squares[i] += dense_dot(n, b + (size_t)i * wide, b + (size_t)i * wide);
}

static void identity_fill(int32_t n, double *ret_a)
{
    memset(ret_a, 0, (size_t)n * (size_t)n * sizeof *ret_a);
    for (int32_t i = 0; i < n; i++)
        ret_a[(size_t)i * (size_t)n + (size_t)i] = 1;
}

/*
 * Variances of W from those of one column's keys, for answers of variance 1: last tokens are nearly
 * orthogonal, so that column j moves W_h by dk b_j' / |b_j|^2.
 */
static void weights_spread(const struct polish *polish, int32_t column, const double *variances,
                           double *W_variance)
{
    int32_t d = polish->d;
    const double *last = polish->last + (size_t)column * (size_t)d;
    double square = dense_dot(d, last, last);

    for (int32_t i = 0; i < polish->unknowns; i++)
        for (int32_t j = 0; j < d; j++)
            W_variance[(size_t)i * (size_t)d + (size_t)j] +=
                variances[i] * pow(last[j] / square, 2);
}

/* Square roots of the variances, times sigma. */
static void errors_scale(size_t count, double sigma, double *variances)
{
    for (size_t i = 0; i < count; i++)
        variances[i] = sigma * sqrt(variances[i]);
}

/* From the factors of the last step: V by its information, keys by their own and by those of V. */
static enum lattn_status errors_compute(const struct polish *polish, double sigma,
                                        struct lattn_attention *attention)
{
    int32_t n = polish->unknowns;
    size_t wide = (size_t)n, square = wide * wide;
    double *spread = memory_raw(square, sizeof *spread), *work = memory_raw(square, sizeof *work);
    double *variances = memory_raw(wide, sizeof *variances);
    enum lattn_status status = LATTN_NO_MEMORY;

    if (spread == NULL || work == NULL || variances == NULL)
        goto done;
    identity_fill(n, spread);
    rows_square(n, polish->information, spread, attention->V_error);
    for (int32_t j = 0; j < polish->d; j++) {
        const double *triangle = polish->triangles + (size_t)j * square;

        memset(variances, 0, wide * sizeof *variances);
        identity_fill(n, work);
        rows_square(n, triangle, work, variances);
        dense_multiply(DENSE_PLAIN, n, n, n, 1, polish->couplings + (size_t)j * square, wide,
                       spread, wide, 0, work, wide);
        rows_square(n, triangle, work, variances);
        weights_spread(polish, j, variances, attention->W_error);
    }
    errors_scale(wide, sigma, attention->V_error);
    errors_scale(wide * (size_t)polish->d, sigma, attention->W_error);
    status = LATTN_OK;
done:
    memory_release(spread);
    memory_release(work);
    memory_release(variances);
    return status;
}

enum lattn_status polish_layer(const struct polish *polish, double sigma,
                               struct lattn_attention *attention)
{
    enum lattn_status status = weights_solve(polish, attention->W);

    assert(attention->d == polish->d && attention->heads == polish->heads && attention->m == 1);
    if (status != LATTN_OK)
        return status;
    memcpy(attention->V, polish->values, (size_t)polish->unknowns * sizeof *attention->V);
    return errors_compute(polish, sigma, attention);
}
