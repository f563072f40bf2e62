#ifndef CORE_UPDATE_BLOCK_H
#define CORE_UPDATE_BLOCK_H

/*
 * The blocked update, written once for any length of vector. Each update_block<bits>.c defines
 *
 *     UPDATE_LANES    doubles in a vector: 2, 4 or 8
 *     UPDATE_TARGET   function attribute that turns its instructions on, or nothing
 *
 * and includes this file. The columns are taken in panels. A panel is copied to scratch together
 * with the factor's diagonal block, padded with zeros so that nothing in it has an edge. There it
 * is reduced, eight columns at a time, to
 *
 *     Q' = I + [ I ] L [ I  V' ],    L lower triangular: LAPACK's -T'
 *              [ V ]
 *
 * and Q' is applied to the columns on the right, in strips of three vectors:
 *
 *     W = R + V'B,    Z = L W,    R += Z,    B += V Z.
 *
 * These products, those inside the panel and the growth of L are one kernel, tile_add. Strips lie
 * in the caller's arrays; the last one goes through a copy where it is not made of whole vectors,
 * so that nothing outside the caller's columns is read or written.
 *
 * Source: Golub, Van Loan, Matrix Computations 4e, 5.2.3; Schreiber, Van Loan 1989 (products of
 * reflectors); Elmroth, Gustavson 2000 (L of a panel from those of its blocks).
 */

#include "core/update_scratch.h"

#include <math.h>
#include <string.h>

/* Alone, for tools that read headers one by one. */
#ifndef UPDATE_LANES
#define UPDATE_LANES 2
#define UPDATE_TARGET
#endif

#define INLINE static inline __attribute__((always_inline)) UPDATE_TARGET

enum {
    LANES = UPDATE_LANES,
    VECTORS = 3,
    STRIP = VECTORS * LANES,
    BLOCK = UPDATE_BLOCK,
    BLOCK_VECTORS = UPDATE_BLOCK / UPDATE_LANES,
    JOIN_VECTORS = BLOCK_VECTORS < VECTORS ? BLOCK_VECTORS : 2,
    JOIN = JOIN_VECTORS * LANES,
    TILE = UPDATE_TILE,
    CHUNK = 48, /* rows of V'B at a time: they and their pages stay in the first caches */
};

typedef double vector __attribute__((vector_size(8 * UPDATE_LANES)));
typedef double vector_anywhere __attribute__((vector_size(8 * UPDATE_LANES), aligned(8)));

/* The product of w reflectors: Q' as above. V and L are padded with zeros to whole tiles. */
struct reflector {
    int32_t w, k;
    const double *V, *L;
    size_t ld;
};

INLINE vector vector_load(const double *from)
{
    return *(const vector_anywhere *)from;
}

INLINE void vector_store(double *to, vector v)
{
    *(vector_anywhere *)to = v;
}

/*
 * C += A B with C 4 x vectors, A 4 x n and B n x vectors. Entry (i, l) of A lies at i * step_i +
 * l * step_l, so that A may be stored either way. The sums are kept in registers: `vectors` is a
 * constant wherever this is inlined, and with it the loops vanish.
 */
INLINE void tile_add(int vectors, int32_t n, const double *A, size_t step_i, size_t step_l,
                     const double *B, size_t ldb, double *C, size_t ldc)
{
    vector c0[VECTORS], c1[VECTORS], c2[VECTORS], c3[VECTORS];

    for (int x = 0; x < vectors; x++) {
        c0[x] = vector_load(C + x * LANES);
        c1[x] = vector_load(C + ldc + x * LANES);
        c2[x] = vector_load(C + 2 * ldc + x * LANES);
        c3[x] = vector_load(C + 3 * ldc + x * LANES);
    }
    for (int32_t l = 0; l < n; l++, A += step_l, B += ldb) {
        vector b[VECTORS];

        for (int x = 0; x < vectors; x++)
            b[x] = vector_load(B + x * LANES);
        for (int x = 0; x < vectors; x++)
            c0[x] += A[0] * b[x];
        for (int x = 0; x < vectors; x++)
            c1[x] += A[step_i] * b[x];
        for (int x = 0; x < vectors; x++)
            c2[x] += A[2 * step_i] * b[x];
        for (int x = 0; x < vectors; x++)
            c3[x] += A[3 * step_i] * b[x];
    }
    for (int x = 0; x < vectors; x++) {
        vector_store(C + x * LANES, c0[x]);
        vector_store(C + ldc + x * LANES, c1[x]);
        vector_store(C + 2 * ldc + x * LANES, c2[x]);
        vector_store(C + 3 * ldc + x * LANES, c3[x]);
    }
}

/* The same on the last rows of C, fewer than a tile, through a copy. */
INLINE void tile_add_rows(int vectors, int32_t rows, int32_t n, const double *A, size_t lda,
                          const double *B, size_t ldb, double *C, size_t ldc)
{
    double copy[TILE * STRIP] = {0};
    size_t bytes = (size_t)vectors * LANES * sizeof *C;

    for (int32_t i = 0; i < rows; i++)
        memcpy(copy + i * STRIP, C + (size_t)i * ldc, bytes);
    tile_add(vectors, n, A, lda, 1, B, ldb, copy, STRIP);
    for (int32_t i = 0; i < rows; i++)
        memcpy(C + (size_t)i * ldc, copy + i * STRIP, bytes);
}

/* W = R + V'B and Z = L W for one strip. */
INLINE void strip_project(int vectors, const struct reflector *by, const double *R, size_t ldr,
                          const double *B, size_t ldb, double *W, double *Z)
{
    int32_t i;

    for (i = 0; i < by->w; i++)
        for (int x = 0; x < vectors; x++)
            vector_store(W + i * STRIP + x * LANES, vector_load(R + (size_t)i * ldr + x * LANES));
    for (; i % TILE != 0; i++)
        memset(W + i * STRIP, 0, STRIP * sizeof *W);
    memset(Z, 0, (size_t)i * STRIP * sizeof *Z);
    for (int32_t r = 0; r < by->k; r += CHUNK)
        for (i = 0; i < by->w; i += TILE)
            tile_add(vectors, by->k - r < CHUNK ? by->k - r : CHUNK, by->V + (size_t)r * by->ld + i,
                     1, by->ld, B + (size_t)r * ldb, ldb, W + i * STRIP, STRIP);
    for (i = 0; i < by->w; i += TILE)
        tile_add(vectors, i + TILE, by->L + (size_t)i * by->ld, by->ld, 1, W, STRIP, Z + i * STRIP,
                 STRIP);
}

/* Apply Q' to one strip of R (w rows) and B (k rows). */
INLINE void strip_reflect(int vectors, const struct reflector *by, double *R, size_t ldr, double *B,
                          size_t ldb, const struct update_scratch *scratch)
{
    double *Z = scratch->Z;
    int32_t i;

    strip_project(vectors, by, R, ldr, B, ldb, scratch->W, Z);
    for (i = 0; i < by->w; i++) {
        for (int x = 0; x < vectors; x++) {
            double *r = R + (size_t)i * ldr + x * LANES;

            vector_store(r, vector_load(r) + vector_load(Z + i * STRIP + x * LANES));
        }
    }
    for (i = 0; i + TILE <= by->k; i += TILE)
        tile_add(vectors, by->w, by->V + (size_t)i * by->ld, by->ld, 1, Z, STRIP,
                 B + (size_t)i * ldb, ldb);
    if (i < by->k)
        tile_add_rows(vectors, by->k - i, by->w, by->V + (size_t)i * by->ld, by->ld, Z, STRIP,
                      B + (size_t)i * ldb, ldb);
}

/* The same where the number of vectors, 1 to 3, is not known beforehand. */
UPDATE_TARGET static void strip_reflect_any(int32_t vectors, const struct reflector *by, double *R,
                                            size_t ldr, double *B, size_t ldb,
                                            const struct update_scratch *scratch)
{
    if (vectors == 1)
        strip_reflect(1, by, R, ldr, B, ldb, scratch);
    else if (vectors == 2)
        strip_reflect(2, by, R, ldr, B, ldb, scratch);
    else
        strip_reflect(3, by, R, ldr, B, ldb, scratch);
}

/*
 * Copy columns to an array of whole vectors, the last one filled up with zeros. Its columns are
 * copied one by one: a loop of one to seven turns for each row would cost as much as the
 * reflection does.
 */
UPDATE_TARGET static void columns_copy(int32_t rows, int32_t columns, const double *from,
                                       size_t ld_from, double *to, size_t ld_to)
{
    int32_t whole = columns / LANES * LANES;

    for (int32_t i = 0; i < rows; i++)
        for (int32_t c = 0; c < whole; c += LANES)
            vector_store(to + (size_t)i * ld_to + c, vector_load(from + (size_t)i * ld_from + c));
    if (whole == columns)
        return;
    for (int32_t i = 0; i < rows; i++)
        vector_store(to + (size_t)i * ld_to + whole, (vector){0});
    for (int32_t c = whole; c < columns; c++)
        for (int32_t i = 0; i < rows; i++)
            to[(size_t)i * ld_to + (size_t)c] = from[(size_t)i * ld_from + (size_t)c];
}

/* Copy them back, and only them. */
UPDATE_TARGET static void columns_return(int32_t rows, int32_t columns, const double *from,
                                         size_t ld_from, double *to, size_t ld_to)
{
    int32_t whole = columns / LANES * LANES;

    for (int32_t i = 0; i < rows; i++)
        for (int32_t c = 0; c < whole; c += LANES)
            vector_store(to + (size_t)i * ld_to + c, vector_load(from + (size_t)i * ld_from + c));
    for (int32_t c = whole; c < columns; c++)
        for (int32_t i = 0; i < rows; i++)
            to[(size_t)i * ld_to + (size_t)c] = from[(size_t)i * ld_from + (size_t)c];
}

/* Apply Q' to any number of columns: whole vectors in place, an edge through a copy. */
UPDATE_TARGET static void columns_reflect(int32_t columns, const struct reflector *by, double *R,
                                          size_t ldr, double *B, size_t ldb,
                                          const struct update_scratch *scratch)
{
    double *R_edge = scratch->edge, *B_edge = scratch->edge + UPDATE_PANEL_MAX * STRIP;

    for (; columns >= STRIP; columns -= STRIP, R += STRIP, B += STRIP)
        strip_reflect(VECTORS, by, R, ldr, B, ldb, scratch);
    if (columns == 0)
        return;
    if (columns % LANES == 0) {
        strip_reflect_any(columns / LANES, by, R, ldr, B, ldb, scratch);
        return;
    }
    columns_copy(by->w, columns, R, ldr, R_edge, STRIP);
    columns_copy(by->k, columns, B, ldb, B_edge, STRIP);
    strip_reflect_any(columns / LANES + 1, by, R_edge, STRIP, B_edge, STRIP, scratch);
    columns_return(by->w, columns, R_edge, STRIP, R, ldr);
    columns_return(by->k, columns, B_edge, STRIP, B, ldb);
}

/*
 * Rows of the block: subtract f times column `done`, then take the inner products of column
 * `next` with all columns. One sweep does both, since what it subtracts from a row is all that the
 * row's part of the products waits for.
 */
UPDATE_TARGET static void block_sweep(int32_t k, double *V, size_t ld, size_t done, size_t next,
                                      const double *f, double *ret_dots)
{
    vector factors[BLOCK_VECTORS], even[BLOCK_VECTORS], odd[BLOCK_VECTORS];

    for (int x = 0; x < BLOCK_VECTORS; x++) {
        factors[x] = vector_load(f + x * LANES);
        even[x] = odd[x] = (vector){0};
    }
    for (int32_t i = 0; i < k; i += 2, V += 2 * ld) {
        double a = V[done], b = V[ld + done];
        vector upper[BLOCK_VECTORS], lower[BLOCK_VECTORS];

        for (int x = 0; x < BLOCK_VECTORS; x++) {
            upper[x] = vector_load(V + x * LANES) - a * factors[x];
            lower[x] = vector_load(V + ld + x * LANES) - b * factors[x];
            vector_store(V + x * LANES, upper[x]);
            vector_store(V + ld + x * LANES, lower[x]);
        }
        a = V[next];
        b = V[ld + next];
        for (int x = 0; x < BLOCK_VECTORS; x++) {
            even[x] += a * upper[x];
            odd[x] += b * lower[x];
        }
    }
    for (int x = 0; x < BLOCK_VECTORS; x++)
        vector_store(ret_dots + x * LANES, even[x] + odd[x]);
}

/*
 * Row j of L, from the inner products of column j with the reflectors before it, both not yet
 * scaled: l = -tau (e_j + V'v of the block so far, times L).
 */
INLINE void block_extend(int32_t j, double minus_tau, const double *scale, const double *dots,
                         double *L, size_t ld)
{
    vector sums[BLOCK_VECTORS];

    for (int x = 0; x < BLOCK_VECTORS; x++)
        sums[x] = (vector){0};
    for (int32_t l = 0; l < j; l++)
        for (int x = 0; x < BLOCK_VECTORS; x++)
            sums[x] += scale[l] * dots[l] * vector_load(L + (size_t)l * ld + x * LANES);
    for (int x = 0; x < BLOCK_VECTORS; x++)
        vector_store(L + (size_t)j * ld + x * LANES, minus_tau * scale[j] * sums[x]);
    L[(size_t)j * ld + (size_t)j] = minus_tau;
}

/*
 * Reduce eight columns one by one. V holds the columns and on return the reflectors, R and L are
 * the block's parts of the panel's.
 *
 * The columns are scaled to reflectors at the end only: v = s x, and s x would cost a sweep. That
 * is safe: |s| <= 1 / |x| and a column is left alone below UPDATE_PIVOT_MIN, so s and its products
 * with inner products stay far from overflow; and alpha^2 + |x|^2 loses alpha^2 or |x|^2 to
 * underflow only where the other one is larger by 2^53 and more.
 */
UPDATE_TARGET static void block_reduce(int32_t k, double *V, double *R, double *L, size_t ld)
{
    double dots[BLOCK], f[BLOCK] = {0}, scale[BLOCK] = {0};

    for (int32_t j = 0; j < BLOCK; j++, R += ld) {
        double alpha = R[j], beta, tau;

        block_sweep(k, V, ld, (size_t)(j == 0 ? 0 : j - 1), (size_t)j, f, dots);
        if (dots[j] < UPDATE_PIVOT_MIN * UPDATE_PIVOT_MIN) {
            memset(f, 0, sizeof f);
            continue;
        }
        beta = -copysign(sqrt(alpha * alpha + dots[j]), alpha);
        tau = (beta - alpha) / beta;
        scale[j] = 1 / (alpha - beta);
        for (int32_t c = 0; c < BLOCK; c++) {
            double w = c > j ? tau * (R[c] + scale[j] * dots[c]) : 0;

            R[c] -= w;
            f[c] = scale[j] * w;
        }
        R[j] = beta;
        block_extend(j, -tau, scale, dots, L, ld);
    }
    for (int32_t i = 0; i < k; i++, V += ld)
        for (int x = 0; x < BLOCK_VECTORS; x++)
            vector_store(V + x * LANES,
                         vector_load(V + x * LANES) * vector_load(scale + x * LANES));
}

/*
 * Join the block at column j to the j reflectors before it: with L1 and L2 the parts on the
 * diagonal, L21 = L2 (V2'V1) L1.
 */
UPDATE_TARGET static void block_join(int32_t k, int32_t j, const double *V, double *L, size_t ld,
                                     const struct update_scratch *scratch)
{
    const double *V2 = V + j, *L2 = L + (size_t)j * ld + j;
    double *L21 = L + (size_t)j * ld, *W = scratch->W, *Z = scratch->Z;

    memset(W, 0, BLOCK * UPDATE_PANEL_MAX * sizeof *W);
    memset(Z, 0, BLOCK * UPDATE_PANEL_MAX * sizeof *Z);
    for (int32_t c = 0; c < j; c += JOIN)
        for (int32_t i = 0; i < BLOCK; i += TILE)
            tile_add(JOIN_VECTORS, k, V2 + i, 1, ld, V + c, ld, W + i * UPDATE_PANEL_MAX + c,
                     UPDATE_PANEL_MAX);
    for (int32_t c = 0; c < j; c += JOIN)
        for (int32_t i = 0; i < BLOCK; i += TILE)
            tile_add(JOIN_VECTORS, j - c, W + i * UPDATE_PANEL_MAX + c, UPDATE_PANEL_MAX, 1,
                     L + (size_t)c * ld + c, ld, Z + i * UPDATE_PANEL_MAX + c, UPDATE_PANEL_MAX);
    for (int32_t c = 0; c < j; c += JOIN)
        for (int32_t i = 0; i < BLOCK; i += TILE)
            tile_add(JOIN_VECTORS, i + TILE, L2 + (size_t)i * ld, ld, 1, Z + c, UPDATE_PANEL_MAX,
                     L21 + (size_t)i * ld + c, ld);
}

/* Reduce the panel in scratch: width columns, a multiple of 8, and k rows, a multiple of 4. */
UPDATE_TARGET static void panel_reduce(int32_t width, int32_t k,
                                       const struct update_scratch *scratch)
{
    size_t ld = (size_t)width;

    for (int32_t j = 0; j < width; j += BLOCK) {
        double *V = scratch->V + j;
        double *R = scratch->R + (size_t)j * ld + j, *L = scratch->L + (size_t)j * ld + j;
        struct reflector block = {BLOCK, k, V, L, ld};

        block_reduce(k, V, R, L, ld);
        columns_reflect(width - j - BLOCK, &block, R + BLOCK, ld, V + BLOCK, ld, scratch);
        if (j > 0)
            block_join(k, j, scratch->V, scratch->L, ld, scratch);
    }
}

/* Copy w columns of the factor's diagonal block and of the rows; what is missing is zero. */
UPDATE_TARGET static void panel_load(int32_t w, int32_t k, const double *factor, size_t ldf,
                                     const double *rows, size_t ldr, size_t ld,
                                     const struct update_scratch *scratch)
{
    size_t rows_padded = (size_t)update_scratch_rows(k);

    memset(scratch->R, 0, ld * ld * sizeof(double));
    memset(scratch->L, 0, ld * ld * sizeof(double));
    if ((size_t)w < ld || (size_t)k < rows_padded)
        memset(scratch->V, 0, rows_padded * ld * sizeof(double));
    for (int32_t i = 0; i < w; i++)
        for (int32_t c = i; c < w; c++)
            scratch->R[(size_t)i * ld + (size_t)c] = factor[(size_t)i * ldf + (size_t)c];
    columns_copy(k, w, rows, ldr, scratch->V, ld);
}

UPDATE_TARGET static void panel_return(int32_t w, double *factor, size_t ldf, size_t ld,
                                       const struct update_scratch *scratch)
{
    for (int32_t i = 0; i < w; i++)
        for (int32_t c = i; c < w; c++)
            factor[(size_t)i * ldf + (size_t)c] = scratch->R[(size_t)i * ld + (size_t)c];
}

/* A panel costs more per column than strips do, so its width pays only by what is on its right. */
INLINE int32_t panel_width(int32_t columns)
{
    int32_t width = columns < 64 ? 8 : columns < 512 ? 16 : UPDATE_PANEL_MAX;

    return columns < width ? columns : width;
}

/* All of update_block; at each panel the block ahead must have passed it. */
INLINE void block_update(int32_t p, int32_t q, int32_t k, double *factor, size_t ldf, double *rows,
                         size_t ldr, double *work, const struct update_front *front)
{
    struct update_scratch scratch = update_scratch_carve(k, work);

    for (int32_t j = 0; j < p;) {
        int32_t w = panel_width(p - j), width = (w + BLOCK - 1) / BLOCK * BLOCK;
        struct reflector panel = {w, k, scratch.V, scratch.L, (size_t)width};

        update_front_follow(front, j + w);
        panel_load(w, k, factor, ldf, rows, ldr, (size_t)width, &scratch);
        panel_reduce(width, update_scratch_rows(k), &scratch);
        panel_return(w, factor, ldf, (size_t)width, &scratch);
        columns_reflect(p + q - j - w, &panel, factor + w, ldf, rows + w, ldr, &scratch);
        j += w;
        update_front_pass(front, j);
        factor += (size_t)w * (ldf + 1);
        rows += w;
    }
}

#endif
