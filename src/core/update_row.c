/*
 * One row by Givens rotations, four rows of the factor a sweep: the row then passes through the
 * registers once for four rotations, and memory is asked for little more than the triangle.
 *
 * The same text is compiled for each instruction set; the loops are plain, and the compiler makes
 * vectors of them.
 */

#include "core/update.h"
#include "core/update_scratch.h"

#include <math.h>
#include <stddef.h>

#define INLINE static inline __attribute__((always_inline))

enum { SWEEP = 4 };

struct rotation {
    double c, s;
};

/*
 * The rotation that takes (alpha, x) to (beta, 0). |x| is 0 or at least UPDATE_PIVOT_MIN, so that
 * x^2 is a normal number, and alpha^2 is lost to underflow only below 2^-53 of it.
 */
INLINE struct rotation rotation_of(double *alpha, double x)
{
    struct rotation rotation = {1, 0};

    if (fabs(x) >= UPDATE_PIVOT_MIN) {
        double beta = sqrt(*alpha * *alpha + x * x), inverse = 1 / beta;

        rotation = (struct rotation){*alpha * inverse, x * inverse};
        *alpha = beta;
    }
    return rotation;
}

INLINE double rotation_apply(struct rotation by, double *r, double x)
{
    double old = *r;

    *r = by.c * old + by.s * x;
    return by.c * x - by.s * old;
}

/* Rotate the row's first `count` entries into the diagonal block, entry by entry. */
INLINE void row_enter(int32_t count, double *factor, size_t ldf, double *row,
                      struct rotation *ret_rotations)
{
    for (int32_t i = 0; i < count; i++, factor += ldf) {
        ret_rotations[i] = rotation_of(&factor[i], row[i]);
        for (int32_t c = i + 1; c < count; c++)
            row[c] = rotation_apply(ret_rotations[i], &factor[c], row[c]);
    }
}

INLINE void row_sweep(int32_t columns, const struct rotation *by, double *restrict r0,
                      double *restrict r1, double *restrict r2, double *restrict r3,
                      double *restrict row)
{
    struct rotation b0 = by[0], b1 = by[1], b2 = by[2], b3 = by[3];

    for (int32_t c = 0; c < columns; c++) {
        double x = row[c];

        x = rotation_apply(b0, &r0[c], x);
        x = rotation_apply(b1, &r1[c], x);
        x = rotation_apply(b2, &r2[c], x);
        row[c] = rotation_apply(b3, &r3[c], x);
    }
}

INLINE void row_update(int32_t p, int32_t q, double *factor, size_t ldf, double *row)
{
    struct rotation by[SWEEP];
    int32_t j;

    for (j = 0; j + SWEEP <= p; j += SWEEP, factor += SWEEP * (ldf + 1), row += SWEEP) {
        double *right = factor + SWEEP;

        row_enter(SWEEP, factor, ldf, row, by);
        row_sweep(p + q - j - SWEEP, by, right, right + ldf, right + 2 * ldf, right + 3 * ldf,
                  row + SWEEP);
    }
    row_enter(p - j, factor, ldf, row, by);
    for (int32_t i = 0; i < p - j; i++, factor += ldf)
        for (int32_t c = p - j; c < p + q - j; c++)
            row[c] = rotation_apply(by[i], &factor[c], row[c]);
}

void update_row_portable(int32_t p, int32_t q, double *factor, size_t ldf, double *row)
{
    row_update(p, q, factor, ldf, row);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) void update_row_256(int32_t p, int32_t q, double *factor,
                                                        size_t ldf, double *row)
{
    row_update(p, q, factor, ldf, row);
}
#endif

void update_row(int32_t p, int32_t q, double *factor, size_t ldf, double *row)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        update_row_256(p, q, factor, ldf, row);
        return;
    }
#endif
    update_row_portable(p, q, factor, ldf, row);
}
