#ifndef CORE_OUTER_H
#define CORE_OUTER_H

#include <stddef.h>
#include <stdint.h>

/*
 * Sums of outer products S = sum z z' of tokens without zeros, of which all features are made: the
 * same for each length of vector, to the bit: tokens are added in their order, and no product is
 * fused with a sum, which would save less than a hundredth of what a pair costs.
 *
 * S is ld x ld, row-major, ld a multiple of OUTER_STRIP, with room for OUTER_STRIP numbers behind
 * it. Only its diagonal, what is right of that and the rest of the square blocks on the diagonal
 * are written.
 *
 * has_less  is one of the numbers of a magnitude below `least`? None is NaN
 * set       make S the sum over n >= 1 rows of ld numbers each
 * add       add the sum over n rows to S
 * guard     copy the triangle of S without what may be rounding only: S_jk counts where its
 *           magnitude is above factor * sqrt(S_jj S_kk)
 *
 *           diagonal  out  d: S_jj
 *           root      out  d: sqrt(S_jj); OUTER_STRIP numbers behind it are read and mean nothing
 *           guarded   out  d (d+1) / 2, row by row; OUTER_STRIP numbers behind it may be written
 */
enum { OUTER_STRIP = 4 };

struct outer {
    int (*has_less)(size_t count, const double *numbers, double least);
    void (*set)(int32_t n, const double *rows, size_t ld, double *S);
    void (*add)(int32_t n, const double *rows, size_t ld, double *S);
    void (*guard)(int32_t d, double factor, const double *S, size_t ld, double *diagonal,
                  double *root, double *guarded);
};

/* With 128-bit vectors, which SSE2, NEON and the like have from the start. */
extern const struct outer outer_128;

#if defined(__x86_64__)
/* With AVX2. */
extern const struct outer outer_256;
#endif

/* The fastest that the processor has. */
const struct outer *outer_choose(void);

#endif
