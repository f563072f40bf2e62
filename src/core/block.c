#include "core/block.h"

#include "base/memory.h"
#include "core/dense.h"

#include <string.h>

/* Of the mean diagonal: what rounding may take from the definiteness of a block. */
static const double definite_shift = 1e-13;

double block_mean(int32_t n, const double *M)
{
    double sum = 0;

    for (size_t i = 0; i < (size_t)n; i++)
        sum += M[i * (size_t)n + i];
    return sum / n;
}

enum lattn_status block_factor(int32_t n, const double *M, double shift, double *factor)
{
    double total = shift + definite_shift * block_mean(n, M);

    memcpy(factor, M, (size_t)n * (size_t)n * sizeof *factor);
    for (size_t i = 0; i < (size_t)n; i++)
        factor[i * (size_t)n + i] += total;
    return dense_cholesky(n, factor, (size_t)n);
}

void block_solve(int32_t n, int32_t width, const double *factor, double *x)
{
    dense_triangle_solve_many(DENSE_TRANSPOSED, n, width, factor, (size_t)n, x, (size_t)width);
    dense_triangle_solve_many(DENSE_PLAIN, n, width, factor, (size_t)n, x, (size_t)width);
}

/* x = M(F,F)^-1 x for a factor F, heads x d x width_F;  x: heads d x width */
static enum lattn_status couple_solve(int32_t d, int32_t heads, int32_t width_F, const double *F,
                                      int32_t width, double *x)
{
    int32_t n = heads * d;
    size_t square = (size_t)n * (size_t)n;
    double *M = memory_raw(2 * square, sizeof *M);
    enum lattn_status status;

    if (M == NULL)
        return LATTN_NO_MEMORY;
    layer_couple(d, heads, width_F, F, F, M, M + square);
    status = block_factor(n, M, 0, M + square);
    if (status == LATTN_OK)
        block_solve(n, width, M + square, x);
    memory_release(M);
    return status;
}

enum lattn_status block_fit_P(const double *S, struct layer *layer)
{
    layer_contract_P(layer, S, layer->P);
    return couple_solve(layer->d, layer->heads, layer->d, layer->Q, layer->m, layer->P);
}

enum lattn_status block_fit_Q(const double *S, struct layer *layer)
{
    layer_contract_Q(layer, S, layer->Q);
    return couple_solve(layer->d, layer->heads, layer->m, layer->P, layer->d, layer->Q);
}
