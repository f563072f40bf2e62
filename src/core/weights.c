/*
 * Weights from R and C at the rank that a solution decided.
 */
#include "core/weights.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/solution.h"
#include "core/update.h"

#include <math.h>
#include <string.h>

/* A smaller pivot would be taken as none; A has columns of length 1, so this is as good as none. */
static const double ridge_root_min = 1e-140;

void weights_full(const struct component *component, double *ret_weights)
{
    size_t ldr;
    const double *r = component_triangle(component, &ldr);
    size_t m = (size_t)component->m;

    for (int32_t i = 0; i < component->columns; i++)
        memcpy(ret_weights + (size_t)i * m,
               component->rest != NULL ? component->rest + (size_t)i * m
                                       : r + (size_t)i * ldr + component->columns,
               m * sizeof *r);
    dense_triangle_solve_many(DENSE_PLAIN, component->columns, component->m, r, ldr, ret_weights,
                              m);
    if (component->rest != NULL)
        dense_add(component->columns * component->m, 1, component->weights, ret_weights);
}

/* W = D^-1 P [R11 R12]^+ Q'C: the solution of least norm in scaled coordinates. */
static enum lattn_status weights_deficient(const struct component *component, double *ret_weights)
{
    const struct solution *solution = component->solution;
    size_t n = (size_t)solution->columns;
    size_t rank = (size_t)solution->rank;
    size_t m = (size_t)component->m;
    double *transposed = memory_zeroed(n * rank, sizeof(double));
    double *x = memory_raw(n * m, sizeof(double));
    enum lattn_status status = LATTN_NO_MEMORY;

    if (transposed == NULL || x == NULL)
        goto done;
    memcpy(x, solution->target, n * m * sizeof *x);
    if (rank > 0) {
        /* [I T] has the row space of [R11 R12] and R11^-1 Q'C for right-hand side. */
        for (size_t b = 0; b < m; b++)
            dense_triangle_solve(DENSE_PLAIN, (int32_t)rank, solution->head, rank, x + b * n);
        for (size_t i = 0; i < rank; i++) {
            transposed[i * n + i] = 1;
            for (size_t j = rank; j < n; j++)
                transposed[i * n + j] = solution->tail[i * (n - rank) + j - rank];
        }
        status = dense_minimum_norm((int32_t)n, (int32_t)rank, transposed, component->m, x);
        if (status != LATTN_OK)
            goto done;
    } else {
        memset(x, 0, n * m * sizeof *x);
    }
    for (size_t i = 0; i < n; i++) {
        size_t column = (size_t)solution->pivot[i];

        for (size_t b = 0; b < m; b++)
            ret_weights[column * m + b] = x[b * n + i] * solution->inverse[column];
    }
    status = LATTN_OK;
done:
    memory_release(transposed);
    memory_release(x);
    return status;
}

/* min |A x - C|^2 + ridge |x|^2 by folding sqrt(ridge) I into a copy of [A C]. */
static enum lattn_status weights_ridge(const struct component *component, double ridge,
                                       double *ret_weights)
{
    enum { ROWS = 64 };
    double root = fmax(sqrt(ridge), ridge_root_min);
    const double *inverse = component->solution->inverse;
    size_t ldr;
    const double *r = component_triangle(component, &ldr);
    int32_t n = component->columns;
    size_t m = (size_t)component->m;
    double *a = memory_raw((size_t)n * ldr, sizeof(double));
    double *rows = memory_raw(ROWS * ldr, sizeof(double));
    double *work = memory_raw(update_workspace(ROWS), sizeof(double));
    enum lattn_status status = LATTN_NO_MEMORY;

    if (a == NULL || rows == NULL || work == NULL)
        goto done;
    memcpy(a, r, (size_t)n * ldr * sizeof *a);
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = i; j < n; j++)
            a[(size_t)i * ldr + (size_t)j] *= inverse[j];
    for (int32_t start = 0; start < n; start += ROWS) {
        int32_t count = n - start < ROWS ? n - start : ROWS;

        memset(rows, 0, (size_t)count * ldr * sizeof *rows);
        for (int32_t i = 0; i < count; i++)
            rows[(size_t)i * ldr + (size_t)(start + i)] = root;
        update_block(n, component->m, count, a, ldr, rows, ldr, work);
    }
    for (int32_t i = 0; i < n; i++)
        memcpy(ret_weights + (size_t)i * m, a + (size_t)i * ldr + n, m * sizeof *a);
    dense_triangle_solve_many(DENSE_PLAIN, n, component->m, a, ldr, ret_weights, m);
    for (int32_t i = 0; i < n; i++)
        for (size_t b = 0; b < m; b++)
            ret_weights[(size_t)i * m + b] *= inverse[i];
    status = LATTN_OK;
done:
    memory_release(a);
    memory_release(rows);
    memory_release(work);
    return status;
}

enum lattn_status weights_make(const struct component *component, double ridge, double *ret_weights)
{
    const struct solution *solution = component->solution;

    if (ridge > 0)
        return weights_ridge(component, ridge, ret_weights);
    if (solution->rank < solution->columns)
        return weights_deficient(component, ret_weights);
    weights_full(component, ret_weights);
    return LATTN_OK;
}
