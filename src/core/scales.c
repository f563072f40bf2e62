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
typedef double vector_anywhere __attribute__((vector_size(8 * HALF), aligned(8)));

/* STRIP scales of a pair; members with names, since arrays would not stay in registers. */
struct strip {
    vector low, high;
};

INLINE void strip_load(const double *from, struct strip *ret_strip)
{
    ret_strip->low = *(const vector_anywhere *)from;
    ret_strip->high = *(const vector_anywhere *)(from + HALF);
}

INLINE void strip_store(const struct strip *strip, double *to)
{
    *(vector_anywhere *)to = strip->low;
    *(vector_anywhere *)(to + HALF) = strip->high;
}

/* In the order of add_strip, so that they agree to the bit. */
INLINE void strip_add(double diagonal, const struct strip *first, struct strip *sum)
{
    sum->low += diagonal * first->low;
    sum->high += diagonal * first->high;
}

/* One to PAIRS pairs (j, k), (j, k + 1), ..., ld apart, whose scales stay in registers. */
INLINE void pairs_add(int pairs, int32_t rows, const double *diagonal, size_t d,
                      const struct strip *first, double *scales, size_t ld)
{
    struct strip sum0, sum1 = {{0}, {0}}, sum2 = sum1, sum3 = sum1;

    strip_load(scales, &sum0);
    if (pairs > 1)
        strip_load(scales + ld, &sum1);
    if (pairs > 2)
        strip_load(scales + 2 * ld, &sum2);
    if (pairs > 3)
        strip_load(scales + 3 * ld, &sum3);
    for (int32_t i = 0; i < rows; i++, diagonal += d) {
        strip_add(diagonal[0], &first[i], &sum0);
        if (pairs > 1)
            strip_add(diagonal[1], &first[i], &sum1);
        if (pairs > 2)
            strip_add(diagonal[2], &first[i], &sum2);
        if (pairs > 3)
            strip_add(diagonal[3], &first[i], &sum3);
    }
    strip_store(&sum0, scales);
    if (pairs > 1)
        strip_store(&sum1, scales + ld);
    if (pairs > 2)
        strip_store(&sum2, scales + 2 * ld);
    if (pairs > 3)
        strip_store(&sum3, scales + 3 * ld);
}

INLINE void pairs_add_any(int32_t pairs, int32_t rows, const double *diagonal, size_t d,
                          const struct strip *first, double *scales, size_t ld)
{
    if (pairs >= PAIRS)
        pairs_add(PAIRS, rows, diagonal, d, first, scales, ld);
    else if (pairs == 3)
        pairs_add(3, rows, diagonal, d, first, scales, ld);
    else if (pairs == 2)
        pairs_add(2, rows, diagonal, d, first, scales, ld);
    else
        pairs_add(1, rows, diagonal, d, first, scales, ld);
}

/* The same for a strip of fewer query coordinates, in a copy. */
INLINE void pairs_add_edge(int32_t count, int32_t pairs, int32_t rows, const double *diagonal,
                           size_t d, const struct strip *first, double *scales)
{
    double copy[PAIRS * STRIP] = {0};
    int32_t copied = pairs < PAIRS ? pairs : PAIRS;

    for (int32_t i = 0; i < copied; i++)
        for (int32_t l = 0; l < count; l++)
            copy[i * STRIP + l] = scales[(size_t)i * d + (size_t)l];
    pairs_add_any(pairs, rows, diagonal, d, first, copy, STRIP);
    for (int32_t i = 0; i < copied; i++)
        for (int32_t l = 0; l < count; l++)
            scales[(size_t)i * d + (size_t)l] = copy[i * STRIP + l];
}

/* At most ROWS rows, for `count` query coordinates; scales are those of the pair (j, j). */
INLINE void strip_add_rows(int32_t count, int32_t d, int32_t j, int32_t rows,
                           const double *diagonal, const double *squares, double *scales)
{
    struct strip first[ROWS];
    size_t width = (size_t)d;

    for (int32_t i = 0; i < rows; i++) {
        double s = diagonal[(size_t)i * width + (size_t)j];

        strip_load(squares + (size_t)i * scales_ld(d), &first[i]);
        first[i].low *= s;
        first[i].high *= s;
    }
    for (int32_t k = j; k < d; k += PAIRS, scales += PAIRS * width) {
        if (count == STRIP)
            pairs_add_any(d - k, rows, diagonal + k, width, first, scales, width);
        else
            pairs_add_edge(count, d - k, rows, diagonal + k, width, first, scales);
    }
}

INLINE void add_rows(int32_t d, int32_t j, int32_t rows, const double *diagonal,
                     const double *squares, double *scales)
{
    scales += (size_t)feature_pair(d, j, j) * (size_t)d;
    for (int32_t i = 0; i < rows; i += ROWS) {
        int32_t count = rows - i < ROWS ? rows - i : ROWS;

        for (int32_t l = 0; l < d; l += STRIP)
            strip_add_rows(d - l < STRIP ? d - l : STRIP, d, j, count,
                           diagonal + (size_t)i * (size_t)d, squares + (size_t)i * scales_ld(d) + l,
                           scales + l);
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
