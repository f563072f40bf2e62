/* One row after the other is unpacked to a block, laid down in the piece, and looked at. */
#include "solve/passage.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/feature.h"

#include <math.h>

static void view_make(struct passage *passage)
{
    const double *C = passage->frame->C;
    size_t d = (size_t)passage->d;
    size_t pair = 0;

    /* S_jj = sum of C_jk C_jl S~_kl, C = A^-1. */
    for (size_t k = 0; k < d; k++)
        for (size_t l = k; l < d; l++, pair++) {
            passage->pair_of[pair] = k == l ? (int32_t)k : -1;
            for (size_t j = 0; j < d; j++)
                passage->view[pair * d + j] = (k == l ? 1 : 2) * C[j * d + k] * C[j * d + l];
        }
}

enum lattn_status passage_open(struct passage *passage, const struct frame *frame,
                               struct grid *grid, int32_t m)
{
    size_t d = (size_t)frame->d, q = (size_t)frame->q, outputs = (size_t)m;

    *passage = (struct passage){
        .frame = frame,
        .grid = grid,
        .d = frame->d,
        .q = frame->q,
        .m = m,
        .is_finite = 1,
        .pair_ratio = memory_raw(2 * q + d, sizeof(double)),
        .delta = memory_raw(q * d * outputs, sizeof(double)),
        .scale = memory_zeroed(q * d, sizeof(double)),
        .labels = memory_zeroed(q * d * outputs, sizeof(double)),
        .energy = memory_zeroed(outputs, sizeof(double)),
        .tokens = memory_zeroed(d * d, sizeof(double)),
        .pair_of = memory_raw(q, sizeof(int32_t)),
        .view = memory_raw(q * d, sizeof(double)),
        .block = memory_raw(d * (d + outputs), sizeof(double)),
    };
    if (passage->pair_ratio == NULL || passage->delta == NULL || passage->scale == NULL ||
        passage->labels == NULL || passage->energy == NULL || passage->tokens == NULL ||
        passage->pair_of == NULL || passage->view == NULL || passage->block == NULL)
        return LATTN_NO_MEMORY;
    passage->entry_ratio = passage->pair_ratio + q;
    passage->query_ratio = passage->entry_ratio + q;
    passage->answer = passage->block + d * d;
    view_make(passage);
    return LATTN_OK;
}

void passage_close(struct passage *passage)
{
    memory_release(passage->pair_ratio);
    memory_release(passage->delta);
    memory_release(passage->scale);
    memory_release(passage->labels);
    memory_release(passage->energy);
    memory_release(passage->tokens);
    memory_release(passage->pair_of);
    memory_release(passage->view);
    memory_release(passage->block);
    *passage = (struct passage){0};
}

/* ---- frames ---------------------------------------------------------------------------------- */

void passage_scale(struct passage *passage, const double *A, const double *B)
{
    const struct frame *frame = passage->frame;
    int32_t d = passage->d, pair = 0;

    for (int32_t j = 0; j < d; j++) {
        size_t jj = (size_t)j * (size_t)(d + 1);

        passage->query_ratio[j] = frame->B[jj] / B[jj];
        for (int32_t k = j; k < d; k++, pair++) {
            size_t kk = (size_t)k * (size_t)(d + 1);

            passage->pair_ratio[pair] = frame->A[jj] / A[jj] * (frame->A[kk] / A[kk]);
            passage->entry_ratio[pair] = frame->B[jj] / B[jj] * (frame->B[kk] / B[kk]);
        }
    }
}

void passage_scale_none(struct passage *passage)
{
    for (int32_t i = 0; i < 2 * passage->q + passage->d; i++)
        passage->pair_ratio[i] = 1; /* and those behind them */
}

/* ---- one row --------------------------------------------------------------------------------- */

/*
 * Entries of a strip are those whose smaller index is in it: so rows of a block from its first on,
 * to the end of the block in the strip's own columns, to that of the strip in those behind.
 */
static int32_t strip_end(const struct passage *passage, struct passage_strip strip, int32_t column)
{
    return column < strip.end ? passage->d : strip.end;
}

/* Unpack a row into the block, in the coordinates and with the weight of the sum. */
static void block_make(struct passage *passage, struct passage_strip strip, int32_t a, int32_t b,
                       const double *row, size_t step)
{
    int32_t d = passage->d;
    const double *entry = passage->entry_ratio + feature_pair(d, strip.first, strip.first);
    double factor = passage->share * passage->pair_ratio[a] * passage->pair_ratio[b];
    double *block = passage->block;

    for (int32_t l = strip.first; l < strip.end; l++)
        for (int32_t k = l; k < d; k++, row += step) {
            double value = factor * *entry++ * *row;

            passage->is_finite &= isfinite(value) != 0;
            block[l * d + k] = value;
            block[k * d + l] = value;
        }
}

/* Put the block, which is symmetric, at a place of the piece. */
static void block_put(const struct passage *passage, struct passage_strip strip, int32_t height,
                      int32_t width)
{
    size_t ld = (size_t)passage->grid->ld;
    double *to = passage->grid->a + (size_t)(width + strip.first) * ld + (size_t)height;
    const double *from = passage->block + (size_t)strip.first * (size_t)passage->d;

    for (int32_t x = strip.first; x < passage->d; x++, to += ld, from += passage->d)
        for (int32_t y = strip.first, end = strip_end(passage, strip, x); y < end; y++)
            to[y] = from[y] + (passage->is_first ? 0 : to[y]);
}

/* Its place below the diagonal, and above where that is in the same block of the grid. */
static void block_place(const struct passage *passage, struct passage_strip strip, int32_t a,
                        int32_t b)
{
    const struct grid *grid = passage->grid;
    int32_t first = a * passage->d, last = b * passage->d;
    int32_t unit = grid->block;

    block_put(passage, strip, grid_place(last, unit, grid->rows, grid->row),
              grid_place(first, unit, grid->columns, grid->column));
    if (a != b && first / unit == last / unit)
        block_put(passage, strip, grid_place(first, unit, grid->rows, grid->row),
                  grid_place(last, unit, grid->columns, grid->column));
}

/* The a-priori scales, and the second moment of the queries in the frame. */
static void block_note(struct passage *passage, struct passage_strip strip, int32_t a, int32_t b)
{
    int32_t d = passage->d, j = passage->pair_of[a], k = passage->pair_of[b];
    double share = (a == b ? 1 : 2) * dense_dot(d, passage->view + (size_t)a * (size_t)d,
                                                passage->view + (size_t)b * (size_t)d);

    if (j >= 0 && k >= 0)
        for (int32_t l = strip.first; l < strip.end; l++)
            passage->scale[feature_pair(d, j, k) * d + l] += passage->block[l * (d + 1)];
    for (int32_t x = strip.first; share != 0 && x < d; x++) {
        int32_t at = x * d + strip.first;

        dense_add(strip_end(passage, strip, x) - strip.first, share, passage->block + at,
                  passage->tokens + at);
    }
}

/* The block times x, d x m. */
static void block_multiply(const struct passage *passage, struct passage_strip strip,
                           const double *x, double *ret_answer)
{
    int32_t d = passage->d, m = passage->m, first = strip.first, end = strip.end;
    const double *block = passage->block;
    size_t n = (size_t)d, width = (size_t)m;

    dense_multiply(DENSE_PLAIN, end - first, m, d - first, 1, block + first * d + first, n,
                   x + first * m, width, 0, ret_answer + first * m, width);
    if (end < d)
        dense_multiply(DENSE_PLAIN, d - end, m, end - first, 1, block + end * d + first, n,
                       x + first * m, width, 0, ret_answer + end * m, width);
}

/* What the block, times weights of pair `from`, adds to the labels of pair `to`. */
static void block_answer(struct passage *passage, struct passage_strip strip, int32_t from,
                         int32_t to)
{
    int32_t m = passage->m;
    size_t unit = (size_t)passage->d * (size_t)m;
    const double *delta = passage->delta + (size_t)to * unit;
    double *labels = passage->labels + (size_t)to * unit;

    block_multiply(passage, strip, passage->delta + (size_t)from * unit, passage->answer);
    for (int32_t i = strip.first * m; i < passage->d * m; i++) {
        labels[i] += passage->answer[i];
        passage->energy[i % m] += passage->answer[i] * delta[i];
    }
}

/* What the shard's own weights at hand left of its labels, from what ours leave. */
static void block_move(struct passage *passage, struct passage_strip strip, int32_t a, int32_t b)
{
    block_answer(passage, strip, a, b);
    if (a != b)
        block_answer(passage, strip, b, a);
}

void passage_take(struct passage *passage, struct passage_strip strip, int32_t a, int32_t b,
                  int32_t count, const double *rows, size_t step, size_t lead)
{
    for (int32_t end = b + count; b < end; b++, rows += lead) {
        block_make(passage, strip, a, b, rows, step);
        block_place(passage, strip, a, b);
        block_note(passage, strip, a, b);
        if (passage->has_delta)
            block_move(passage, strip, a, b);
    }
}

/* ---- whose ----------------------------------------------------------------------------------- */

int32_t passage_owner(const struct grid *grid, int32_t d, int32_t a, int32_t b)
{
    return grid_owner(grid, b * d, a * d);
}

int32_t passage_run_end(const struct grid *grid, int32_t d, int32_t q, int32_t b)
{
    int32_t unit = grid->block / d;
    int32_t end = (b / unit + 1) * unit;

    return grid->rows == 1 || end > q ? q : end;
}
