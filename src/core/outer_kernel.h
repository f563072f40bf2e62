#ifndef CORE_OUTER_KERNEL_H
#define CORE_OUTER_KERNEL_H

/*
 * The sums, written once for any length of vector. Each file that includes this one defines
 *
 *     OUTER_LANES    doubles in a vector: 2 or 4
 *     OUTER_TARGET   function attribute that turns its instructions on, or nothing
 *
 * and makes a struct outer of what is here. S is taken in tiles that stay in registers while all
 * tokens pass.
 */

#include "core/outer.h"

#include <math.h>
#include <string.h>

/* Alone, for tools that read headers one by one. */
#ifndef OUTER_LANES
#define OUTER_LANES 2
#define OUTER_TARGET
#endif

#define INLINE static inline __attribute__((always_inline)) OUTER_TARGET

enum {
    STRIP = OUTER_STRIP,
    LANES = OUTER_LANES,
    /* To a row of a tile: what is loaded of a token once serves both. */
    VECTORS_MAX = 2,
    WIDTH = VECTORS_MAX * LANES
};

typedef double vector __attribute__((vector_size(8 * OUTER_LANES)));
typedef double vector_anywhere __attribute__((vector_size(8 * OUTER_LANES), aligned(8)));

INLINE vector vector_load(const double *from)
{
    return *(const vector_anywhere *)from;
}

/* Magnitudes are in the order of their bits: one that is less borrows from the sign's place. */
static OUTER_TARGET int has_less(size_t count, const double *numbers, double least)
{
    const uint64_t sign = UINT64_C(1) << 63;
    uint64_t limit, borrows = 0;

    memcpy(&limit, &least, sizeof limit);
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;

        memcpy(&bits, &numbers[i], sizeof bits);
        borrows |= (bits & ~sign) - limit;
    }
    return borrows >> 63 != 0;
}

/* The tile of S at (j, k), so many vectors wide: z z' of n tokens, on top of what is there or not.
 */
INLINE void tile_sum(int is_set, size_t width, int32_t n, const double *rows, size_t ld, size_t j,
                     size_t k, double *S)
{
    vector tile[STRIP][VECTORS_MAX], right[VECTORS_MAX];

    for (size_t i = 0; i < STRIP; i++)
        for (size_t x = 0; x < width; x++)
            tile[i][x] = is_set ? (vector){0} : vector_load(S + (j + i) * ld + k + x * LANES);
    for (int32_t t = 0; t < n; t++, rows += ld) {
        for (size_t x = 0; x < width; x++)
            right[x] = vector_load(rows + k + x * LANES);
        for (size_t i = 0; i < STRIP; i++)
            for (size_t x = 0; x < width; x++)
                tile[i][x] += rows[j + i] * right[x];
    }
    for (size_t i = 0; i < STRIP; i++)
        for (size_t x = 0; x < width; x++)
            *(vector_anywhere *)(S + (j + i) * ld + k + x * LANES) = tile[i][x];
}

INLINE void sum(int is_set, int32_t n, const double *rows, size_t ld, double *S)
{
    for (size_t j = 0; j < ld; j += STRIP) {
        size_t k = j;

        for (; k + WIDTH <= ld; k += WIDTH)
            tile_sum(is_set, VECTORS_MAX, n, rows, ld, j, k, S);
        if (k < ld)
            tile_sum(is_set, STRIP / LANES, n, rows, ld, j, k, S);
    }
}

static OUTER_TARGET void set(int32_t n, const double *rows, size_t ld, double *S)
{
    sum(1, n, rows, ld, S);
}

static OUTER_TARGET void add(int32_t n, const double *rows, size_t ld, double *S)
{
    sum(0, n, rows, ld, S);
}

/* What a vector writes behind its row is overwritten by the next one. */
static OUTER_TARGET void guard(int32_t d, double factor, const double *restrict S, size_t ld,
                               double *restrict diagonal, double *restrict root,
                               double *restrict guarded)
{
    for (int32_t j = 0; j < d; j++)
        diagonal[j] = S[(size_t)j * (ld + 1)];
    for (int32_t j = 0; j < d; j++)
        root[j] = sqrt(diagonal[j]);
    for (int32_t j = 0; j < d; guarded += d - j, S += ld, j++) {
        double limit = factor * root[j];

        for (int32_t k = j; k < d; k += STRIP)
            for (int32_t l = k; l < k + STRIP; l++)
                guarded[l - j] = fabs(S[l]) > limit * root[l] ? S[l] : 0;
    }
}

#endif
