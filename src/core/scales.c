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
