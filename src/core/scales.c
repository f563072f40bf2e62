/*
 * A scale is a product of four numbers, and where tokens are far apart a product of some of them
 * may be no normal number though all four make one. Then it is made of roots: since S_jj is at
 * least DBL_MIN where coordinate j occurs (core/feature.c), so are the product of two roots and
 * what z makes of it, unless the entry of the row is below 2^-511 itself.
 */
#include "core/scales.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

typedef void (*dense_fn)(int32_t d, const struct feature_view *view, double weight, double *scales);

/* Numbers that are handled together: two of the longer vectors, or two of the shorter. */
enum { STRIP = 8, HALF = STRIP / 2 };

/*
 * The scales of `count` query coordinates, which stay in registers where count is a constant.
 *
 * The same text is compiled for each instruction set. A product is rounded before it is added in
 * all of them, so that they agree to the bit.
 */
INLINE void add_strip(int count, int32_t d, const struct feature_view *view, const double *z,
                      double weight, double *restrict scales)
{
    double squares[STRIP], first[STRIP];

    for (int l = 0; l < count; l++)
        squares[l] = weight * (z[l] * z[l]);
    for (int32_t j = 0; j < d; j++) {
        for (int l = 0; l < count; l++)
            first[l] = view->diagonal[j] * squares[l];
        for (int32_t k = j; k < d; k++, scales += d)
            for (int l = 0; l < count; l++)
                scales[l] += view->diagonal[k] * first[l];
    }
}

INLINE void add_dense(int32_t d, const struct feature_view *view, double weight, double *scales)
{
    int32_t l = 0;

    for (; l + STRIP <= d; l += STRIP)
        add_strip(STRIP, d, view, view->z + l, weight, scales + l);
    for (; l + HALF <= d; l += HALF)
        add_strip(HALF, d, view, view->z + l, weight, scales + l);
    for (; l < d; l++)
        add_strip(1, d, view, view->z + l, weight, scales + l);
}

static void add_dense_portable(int32_t d, const struct feature_view *view, double weight,
                               double *scales)
{
    add_dense(d, view, weight, scales);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void
add_dense_256(int32_t d, const struct feature_view *view, double weight, double *scales)
{
    add_dense(d, view, weight, scales);
}
#endif

static void add_sparse(int32_t d, const struct feature_view *view, double weight, double *scales)
{
    for (int32_t a = 0; a < view->support_count; a++) {
        int32_t j = view->support[a];
        double first = weight * view->diagonal[j];

        for (int32_t b = a; b < view->support_count; b++) {
            int32_t k = view->support[b];
            double both = first * view->diagonal[k];
            double *scale = scales + (size_t)feature_pair(d, j, k) * (size_t)d;

            for (int32_t c = 0; c < view->query_count; c++) {
                int32_t l = view->query[c];

                scale[l] += both * (view->z[l] * view->z[l]);
            }
        }
    }
}

/* In the order in which only the last product can be lost: whatever is 0 belongs to no entry. */
static void add_far_apart(int32_t d, const struct feature_view *view, double weight, double *scales)
{
    double root = sqrt(weight);

    for (int32_t a = 0; a < view->support_count; a++) {
        int32_t j = view->support[a];

        for (int32_t b = a; b < view->support_count; b++) {
            int32_t k = view->support[b];
            double both = sqrt(view->diagonal[j]) * sqrt(view->diagonal[k]);
            double *scale = scales + (size_t)feature_pair(d, j, k) * (size_t)d;

            for (int32_t c = 0; c < view->query_count; c++) {
                double entry = both * view->z[view->query[c]] * root;

                scale[view->query[c]] += entry * entry;
            }
        }
    }
}

/* Of finite numbers; fmin is a call, since it has to look for others. */
static double lesser(double a, double b)
{
    return a < b ? a : b;
}

/* Is every product of some of weight, S_jj, S_kk and z_l^2 a normal number? */
static int is_close_together(const struct feature_view *view, double weight)
{
    double least = 1;
    double z = 1;

    for (int32_t a = 0; a < view->support_count; a++)
        least = lesser(least, view->diagonal[view->support[a]]);
    for (int32_t c = 0; c < view->query_count; c++)
        z = lesser(z, fabs(view->z[view->query[c]]));
    return lesser(weight, 1) * least * least * z * z >= DBL_MIN;
}

/* All of scales_add, with a version for rows without zeros. */
INLINE void add_any(dense_fn dense, int32_t d, const struct feature_view *view, double weight,
                    double *scales)
{
    if (!is_close_together(view, weight))
        add_far_apart(d, view, weight, scales);
    else if (view->support_count < d || view->query_count < d)
        add_sparse(d, view, weight, scales);
    else
        dense(d, view, weight, scales);
}

void scales_add_portable(int32_t d, const struct feature_view *view, double weight, double *scales)
{
    add_any(add_dense_portable, d, view, weight, scales);
}

void scales_add(int32_t d, const struct feature_view *view, double weight, double *scales)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        add_any(add_dense_256, d, view, weight, scales);
        return;
    }
#endif
    scales_add_portable(d, view, weight, scales);
}

/* ---- many rows at once --------------------------------------------------------------------- */

enum { ROWS = 64, PAIRS = 4 };

typedef double vector __attribute__((vector_size(8 * HALF)));

/* Members with names, since arrays would not stay in registers. */
struct strip {
    vector low, high;
};

struct strips {
    struct strip s0, s1, s2, s3;
};

INLINE void strip_load(int count, const double *from, struct strip *ret_strip)
{
    *ret_strip = (struct strip){{0}, {0}};
    memcpy(ret_strip, from, (size_t)count * sizeof *from);
}

/* In the order of add_strip, so that they agree to the bit. */
INLINE void strip_add(double diagonal, const struct strip *first, struct strip *sum)
{
    sum->low += diagonal * first->low;
    sum->high += diagonal * first->high;
}

/* One to PAIRS pairs (j, k), (j, k + 1), ..., whose scales stay in registers while rows pass. */
INLINE void pairs_add(int count, int pairs, int32_t d, int32_t rows, const double *diagonal,
                      const struct strip *first, double *scales)
{
    size_t bytes = (size_t)count * sizeof *scales;
    struct strips sum;

    strip_load(count, scales, &sum.s0);
    if (pairs > 1)
        strip_load(count, scales + d, &sum.s1);
    if (pairs > 2)
        strip_load(count, scales + 2 * d, &sum.s2);
    if (pairs > 3)
        strip_load(count, scales + 3 * d, &sum.s3);
    for (int32_t i = 0; i < rows; i++, diagonal += d) {
        strip_add(diagonal[0], &first[i], &sum.s0);
        if (pairs > 1)
            strip_add(diagonal[1], &first[i], &sum.s1);
        if (pairs > 2)
            strip_add(diagonal[2], &first[i], &sum.s2);
        if (pairs > 3)
            strip_add(diagonal[3], &first[i], &sum.s3);
    }
    memcpy(scales, &sum.s0, bytes);
    if (pairs > 1)
        memcpy(scales + d, &sum.s1, bytes);
    if (pairs > 2)
        memcpy(scales + 2 * d, &sum.s2, bytes);
    if (pairs > 3)
        memcpy(scales + 3 * d, &sum.s3, bytes);
}

INLINE void pairs_add_any(int count, int32_t pairs, int32_t d, int32_t rows, const double *diagonal,
                          const struct strip *first, double *scales)
{
    if (pairs >= PAIRS)
        pairs_add(count, PAIRS, d, rows, diagonal, first, scales);
    else if (pairs == 3)
        pairs_add(count, 3, d, rows, diagonal, first, scales);
    else if (pairs == 2)
        pairs_add(count, 2, d, rows, diagonal, first, scales);
    else
        pairs_add(count, 1, d, rows, diagonal, first, scales);
}

/* At most ROWS rows, for `count` query coordinates; scales are those of the pair (j, j). */
INLINE void strip_add_rows(int count, int32_t d, int32_t j, int32_t rows, const double *diagonal,
                           const double *squares, double *scales)
{
    struct strip first[ROWS];
    size_t ld = scales_ld(d);

    for (int32_t i = 0; i < rows; i++) {
        struct strip square;
        double s = diagonal[(size_t)i * (size_t)d + (size_t)j];

        strip_load(STRIP, squares + (size_t)i * ld, &square);
        first[i] = (struct strip){s * square.low, s * square.high};
    }
    for (int32_t k = j; k < d; k += PAIRS)
        pairs_add_any(count, d - k, d, rows, diagonal + k, first,
                      scales + (size_t)(k - j) * (size_t)d);
}

INLINE void add_rows(int32_t d, int32_t j, int32_t rows, const double *diagonal,
                     const double *squares, double *scales)
{
    scales += (size_t)feature_pair(d, j, j) * (size_t)d;
    for (int32_t i = 0; i < rows; i += ROWS) {
        int32_t count = rows - i < ROWS ? rows - i : ROWS;
        const double *s = diagonal + (size_t)i * (size_t)d;
        const double *z = squares + (size_t)i * scales_ld(d);
        int32_t l = 0;

        for (; l + STRIP <= d; l += STRIP)
            strip_add_rows(STRIP, d, j, count, s, z + l, scales + l);
        if (l + HALF == d)
            strip_add_rows(HALF, d, j, count, s, z + l, scales + l);
        else if (l < d)
            strip_add_rows(d - l, d, j, count, s, z + l, scales + l);
    }
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void add_rows_256(int32_t d, int32_t j, int32_t rows,
                                                         const double *diagonal,
                                                         const double *squares, double *scales)
{
    add_rows(d, j, rows, diagonal, squares, scales);
}
#endif

void scales_add_rows(int32_t d, int32_t j, int32_t rows, const double *diagonal,
                     const double *squares, double *scales)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        add_rows_256(d, j, rows, diagonal, squares, scales);
        return;
    }
#endif
    add_rows(d, j, rows, diagonal, squares, scales);
}
