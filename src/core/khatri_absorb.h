#ifndef CORE_KHATRI_ABSORB_H
#define CORE_KHATRI_ABSORB_H

/*
 * khatri_absorb, written once for any length of vector. Each khatri_absorb<bits>.c defines
 *
 *     KHATRI_LANES    doubles in a vector: 2, 4 or 8
 *     KHATRI_QUADS    rows of M in registers, in fours: 1, or 2 where there are 32 registers
 *     KHATRI_TARGET   function attribute that turns its instructions on, or nothing
 *
 * and includes this file. It is a matrix product, M += P' x, whose left factor P is never whole:
 *
 *     for each panel of 16 rows (a, b) of M
 *         for each chunk of 128 rows i of s and x
 *             form P = s_i[a] s_i[b], row (a, b) after row
 *             for each strip of three vectors of columns
 *                 for each tile of rows: sum over the chunk in registers, add to M
 *
 * P is formed along i from the columns of s. So vectors know nothing of the runs that the pairs
 * come in, which begin and end anywhere, and a tile reads P number by number and x by vectors. The
 * panel and a strip of x stay in the first cache, and M is passed once for each chunk.
 *
 * Every entry of M is one sum over each chunk in the order of the rows, wherever ranges, panels and
 * tiles begin.
 *
 * Source: Goto, van de Geijn 2008 (blocking of a matrix product for caches).
 */

#include "core/khatri_scratch.h"

#include <string.h>

/* Alone, for tools that read headers one by one. */
#ifndef KHATRI_LANES
#define KHATRI_LANES 2
#define KHATRI_QUADS 1
#define KHATRI_TARGET
#endif

#define INLINE static inline __attribute__((always_inline)) KHATRI_TARGET

enum { LANES = KHATRI_LANES, QUADS = KHATRI_QUADS, TILE = 4 * QUADS, VECTORS = 3, LINE = 8 };

typedef double vector __attribute__((vector_size(8 * KHATRI_LANES)));

/* A row of a tile, and four of them: members with names, since arrays would not stay in registers.
 * In a strip of fewer vectors the others vanish, as the number is a constant wherever it is used.
 */
struct row {
    vector v0, v1, v2;
};

struct quad {
    struct row r0, r1, r2, r3;
};

/* A pair (a, b) of columns of s, a <= b. */
struct pair {
    int32_t a, b;
};

INLINE vector vector_load(const double *from)
{
    return *(const vector *)from;
}

INLINE void vector_store(double *to, vector v)
{
    *(vector *)to = v;
}

INLINE struct row row_load(int vectors, const double *from)
{
    struct row row = {{0}, {0}, {0}};

    row.v0 = vector_load(from);
    if (vectors > 1)
        row.v1 = vector_load(from + LANES);
    if (vectors > 2)
        row.v2 = vector_load(from + 2 * LANES);
    return row;
}

/* sum += factor row */
INLINE void row_add(int vectors, double factor, struct row row, struct row *sum)
{
    sum->v0 += factor * row.v0;
    if (vectors > 1)
        sum->v1 += factor * row.v1;
    if (vectors > 2)
        sum->v2 += factor * row.v2;
}

/* m = keep m + sum */
INLINE void row_return(int vectors, struct row sum, double keep, double *m)
{
    struct row row = row_load(vectors, m);

    row_add(vectors, keep, row, &sum);
    vector_store(m, sum.v0);
    if (vectors > 1)
        vector_store(m + LANES, sum.v1);
    if (vectors > 2)
        vector_store(m + 2 * LANES, sum.v2);
}

INLINE void quad_add(int vectors, const double *P, struct row x, struct quad *sum)
{
    row_add(vectors, P[0], x, &sum->r0);
    row_add(vectors, P[KHATRI_LD], x, &sum->r1);
    row_add(vectors, P[2 * KHATRI_LD], x, &sum->r2);
    row_add(vectors, P[3 * KHATRI_LD], x, &sum->r3);
}

INLINE void quad_return(int vectors, const struct quad *sum, double keep, double *M, size_t ldm)
{
    row_return(vectors, sum->r0, keep, M);
    row_return(vectors, sum->r1, keep, M + ldm);
    row_return(vectors, sum->r2, keep, M + 2 * ldm);
    row_return(vectors, sum->r3, keep, M + 3 * ldm);
}

/*
 * M = keep M + P x for a tile of M: P is TILE x k, x k rows of so many vectors. The rows of M are
 * called for before the sums, which take longer than they take to come.
 */
INLINE void tile_absorb(int vectors, int32_t k, const double *P, const double *x, size_t ldx,
                        double keep, double *M, size_t ldm)
{
    struct row zero = {{0}, {0}, {0}};
    struct quad upper = {zero, zero, zero, zero}, lower = upper;

    for (int32_t r = 0; r < TILE; r++)
        for (int32_t c = 0; c < vectors * LANES; c += LINE)
            __builtin_prefetch(M + (size_t)r * ldm + c, 1);
    for (int32_t i = 0; i < k; i++, P++, x += ldx) {
        struct row row = row_load(vectors, x);

        quad_add(vectors, P, row, &upper);
        if (QUADS > 1)
            quad_add(vectors, P + 4 * KHATRI_LD, row, &lower);
    }
    quad_return(vectors, &upper, keep, M, ldm);
    if (QUADS > 1)
        quad_return(vectors, &lower, keep, M + 4 * ldm, ldm);
}

/* The same for all rows of a panel; those that do not fill a tile go through a copy. */
INLINE void strip_absorb(int vectors, int32_t rows, int32_t k, const double *P, const double *x,
                         size_t ldx, double keep, double *M, size_t ldm, double *edge)
{
    size_t bytes = (size_t)(vectors * LANES) * sizeof *M;
    int32_t r;

    for (r = 0; r + TILE <= rows; r += TILE, P += TILE * KHATRI_LD, M += TILE * ldm)
        tile_absorb(vectors, k, P, x, ldx, keep, M, ldm);
    if (r == rows)
        return;
    memset(edge, 0, KHATRI_TILE_MAX * KHATRI_STRIP_MAX * sizeof *edge);
    for (int32_t i = 0; i < rows - r; i++)
        memcpy(edge + i * KHATRI_STRIP_MAX, M + (size_t)i * ldm, bytes);
    tile_absorb(vectors, k, P, x, ldx, keep, edge, KHATRI_STRIP_MAX);
    for (int32_t i = 0; i < rows - r; i++)
        memcpy(M + (size_t)i * ldm, edge + i * KHATRI_STRIP_MAX, bytes);
}

/* The same where the number of vectors, 1 to 3, is not known beforehand. */
KHATRI_TARGET static void strip_absorb_any(int32_t vectors, int32_t rows, int32_t k,
                                           const double *P, const double *x, size_t ldx,
                                           double keep, double *M, size_t ldm, double *edge)
{
    if (vectors == 1)
        strip_absorb(1, rows, k, P, x, ldx, keep, M, ldm, edge);
    else if (vectors == 2)
        strip_absorb(2, rows, k, P, x, ldx, keep, M, ldm, edge);
    else
        strip_absorb(3, rows, k, P, x, ldx, keep, M, ldm, edge);
}

/* Vectors of the next strip; four are two and two, since one alone would wait for its own sums. */
INLINE int32_t strip_vectors(int32_t left)
{
    return left == VECTORS + 1 ? 2 : left < VECTORS ? left : VECTORS;
}

/* Vectors in a row of n numbers. */
INLINE int32_t row_vectors(int32_t n)
{
    return (n + LANES - 1) / LANES;
}

/* Copy rows of x strip by strip. */
KHATRI_TARGET static void strips_copy(int32_t n, int32_t k, const double *x, size_t ldx,
                                      double *strips)
{
    for (int32_t left = row_vectors(n), w; left > 0; left -= w, x += w * LANES) {
        w = strip_vectors(left);
        for (int32_t i = 0; i < k; i++)
            for (int32_t v = 0; v < w; v++, strips += LANES)
                vector_store(strips, vector_load(x + (size_t)i * ldx + v * LANES));
    }
}

/* Copy rows of s column by column. */
KHATRI_TARGET static void columns_copy(int32_t q, int32_t k, const double *s, size_t lds,
                                       double *columns)
{
    for (int32_t a = 0; a < q; a++, columns += KHATRI_LD)
        for (int32_t i = 0; i < k; i++)
            columns[i] = s[(size_t)i * lds + (size_t)a];
}

INLINE struct pair pair_of_row(int32_t q, size_t row)
{
    int32_t a = 0;

    while (a + 1 < q && khatri_row(q, a + 1, a + 1) <= row)
        a++;
    return (struct pair){a, a + (int32_t)(row - khatri_row(q, a, a))};
}

INLINE struct pair pair_next(int32_t q, struct pair pair)
{
    if (pair.b + 1 < q)
        return (struct pair){pair.a, pair.b + 1};
    return (struct pair){pair.a + 1, pair.a + 1};
}

/* Form so many rows of products, from this pair on; returns the pair after them. */
KHATRI_TARGET static struct pair panel_form(int32_t q, struct pair pair, int32_t rows, int32_t k,
                                            const double *columns, double *P)
{
    for (int32_t r = 0; r < rows; r++, P += KHATRI_LD, pair = pair_next(q, pair)) {
        const double *a = columns + (size_t)pair.a * KHATRI_LD;
        const double *b = columns + (size_t)pair.b * KHATRI_LD;

        for (int32_t i = 0; i < k; i += LANES)
            vector_store(P + i, vector_load(a + i) * vector_load(b + i));
    }
    return pair;
}

/* Both factors as panels read them: the first chunk of each, and how far it is to the next. */
struct factors {
    const double *columns, *x;
    size_t columns_step, x_step;
    size_t ldx; /* 0 where x lies strip by strip */
};

/* Rows of chunk h. */
INLINE int32_t chunk_rows(int32_t k, int32_t h)
{
    return k - h * KHATRI_CHUNK < KHATRI_CHUNK ? k - h * KHATRI_CHUNK : KHATRI_CHUNK;
}

/* Bring s and x into the order in which they are read; x of one strip is read where it stands. */
KHATRI_TARGET static struct factors factors_copy(int32_t q, int32_t n, int32_t k, const double *s,
                                                 size_t lds, const double *x, size_t ldx,
                                                 const struct khatri_scratch *scratch)
{
    struct factors factors = {scratch->columns, x, (size_t)q * KHATRI_LD, KHATRI_CHUNK * ldx, ldx};

    for (int32_t h = 0; h * KHATRI_CHUNK < k; h++)
        columns_copy(q, chunk_rows(k, h), s + (size_t)h * KHATRI_CHUNK * lds, lds,
                     scratch->columns + (size_t)h * factors.columns_step);
    if (row_vectors(n) <= VECTORS)
        return factors;
    factors.x = scratch->strips;
    factors.x_step = KHATRI_CHUNK * (size_t)(row_vectors(n) * LANES);
    factors.ldx = 0;
    for (int32_t h = 0; h * KHATRI_CHUNK < k; h++)
        strips_copy(n, chunk_rows(k, h), x + (size_t)h * KHATRI_CHUNK * ldx, ldx,
                    scratch->strips + (size_t)h * factors.x_step);
    return factors;
}

/* Absorb the k rows of a chunk into the rows of a panel, strip by strip. */
KHATRI_TARGET static void panel_absorb(int32_t n, int32_t rows, int32_t k, const double *x,
                                       size_t ldx, double keep, double *M, size_t ldm,
                                       const struct khatri_scratch *scratch)
{
    for (int32_t left = row_vectors(n), w; left > 0; left -= w, M += w * LANES) {
        w = strip_vectors(left);
        strip_absorb_any(w, rows, k, scratch->panel, x, ldx == 0 ? (size_t)(w * LANES) : ldx, keep,
                         M, ldm, scratch->edge);
        x += (size_t)k * (size_t)(w * LANES);
    }
}

/* All of khatri_absorb. Without rows M still fades, so that there is always a first chunk. */
INLINE void chunks_absorb(int32_t q, int32_t n, int32_t k, const double *s, size_t lds,
                          const double *x, size_t ldx, double keep, double *M, size_t ldm,
                          size_t first, size_t last, double *work)
{
    struct khatri_scratch scratch = khatri_scratch_carve(q, n, k, work);
    struct factors factors = factors_copy(q, n, k, s, lds, x, ldx, &scratch);
    struct pair pair = pair_of_row(q, first), next = pair;

    for (size_t row = first; row < last; row += KHATRI_PANEL, pair = next) {
        int32_t rows = last - row < KHATRI_PANEL ? (int32_t)(last - row) : KHATRI_PANEL;

        for (int32_t h = 0; h == 0 || h * KHATRI_CHUNK < k; h++) {
            next = panel_form(q, pair, rows, chunk_rows(k, h),
                              factors.columns + (size_t)h * factors.columns_step, scratch.panel);
            panel_absorb(n, rows, chunk_rows(k, h), factors.x + (size_t)h * factors.x_step,
                         factors.ldx, h == 0 ? keep : 1, M + row * ldm, ldm, &scratch);
        }
    }
}

#endif
