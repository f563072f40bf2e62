/*
 * The choice among the versions, the scratch that they share, and the block update in plain C that
 * they are tested against: one reflector per column, applied at once to the columns on its right.
 */

#include "core/update.h"
#include "core/update_scratch.h"

#include <math.h>

/* Columns reflected in one pass over the rows, so that rows are walked along, not across. */
enum { RUN = 16 };

int32_t update_scratch_rows(int32_t k)
{
    return (k + UPDATE_TILE - 1) / UPDATE_TILE * UPDATE_TILE;
}

size_t update_workspace(int32_t k)
{
    size_t rows = (size_t)update_scratch_rows(k), panel = UPDATE_PANEL_MAX;
    size_t strip = UPDATE_STRIP_MAX;

    return rows * panel + 2 * panel * panel + 2 * panel * strip + (panel + rows) * strip;
}

struct update_scratch update_scratch_carve(int32_t k, double *work)
{
    size_t rows = (size_t)update_scratch_rows(k), panel = UPDATE_PANEL_MAX;
    size_t strip = UPDATE_STRIP_MAX;
    struct update_scratch scratch;

    scratch.V = work;
    scratch.R = scratch.V + rows * panel;
    scratch.L = scratch.R + panel * panel;
    scratch.W = scratch.L + panel * panel;
    scratch.Z = scratch.W + panel * strip;
    scratch.edge = scratch.Z + panel * strip;
    return scratch;
}

/* Apply I - tau [1; s x] [1; s x]' to columns first .. first+count-1, count <= RUN. */
static void run_reflect(int32_t k, double tau, double s, size_t first, size_t count, double *factor,
                        double *rows, size_t ldr)
{
    double w[RUN] = {0};

    for (int32_t i = 0; i < k; i++)
        for (size_t c = 0; c < count; c++)
            w[c] += rows[(size_t)i * ldr] * rows[(size_t)i * ldr + first + c];
    for (size_t c = 0; c < count; c++) {
        w[c] = tau * (factor[first + c] + s * w[c]);
        factor[first + c] -= w[c];
        w[c] *= s;
    }
    for (int32_t i = 0; i < k; i++)
        for (size_t c = 0; c < count; c++)
            rows[(size_t)i * ldr + first + c] -= rows[(size_t)i * ldr] * w[c];
}

void update_block_portable(int32_t p, int32_t q, int32_t k, double *factor, size_t ldf,
                           double *rows, size_t ldr, double *work)
{
    (void)work;
    for (int32_t j = 0; j < p; j++, factor += ldf + 1, rows++) {
        size_t columns = (size_t)p + (size_t)q - (size_t)j;
        double alpha = factor[0], beta, square = 0;

        for (int32_t i = 0; i < k; i++)
            square += rows[(size_t)i * ldr] * rows[(size_t)i * ldr];
        if (square < UPDATE_PIVOT_MIN * UPDATE_PIVOT_MIN)
            continue;
        beta = -copysign(sqrt(alpha * alpha + square), alpha);
        factor[0] = beta;
        for (size_t c = 1; c < columns; c += RUN)
            run_reflect(k, (beta - alpha) / beta, 1 / (alpha - beta), c,
                        columns - c < RUN ? columns - c : RUN, factor, rows, ldr);
    }
}

void update_block_front(int32_t p, int32_t q, int32_t k, double *factor, size_t ldf, double *rows,
                        size_t ldr, double *work, const struct update_front *front)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f")) {
        update_block_512(p, q, k, factor, ldf, rows, ldr, work, front);
        return;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        update_block_256(p, q, k, factor, ldf, rows, ldr, work, front);
        return;
    }
#endif
    update_block_128(p, q, k, factor, ldf, rows, ldr, work, front);
}

void update_block(int32_t p, int32_t q, int32_t k, double *factor, size_t ldf, double *rows,
                  size_t ldr, double *work)
{
    update_block_front(p, q, k, factor, ldf, rows, ldr, work, NULL);
}
