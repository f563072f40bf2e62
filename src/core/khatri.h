#ifndef CORE_KHATRI_H
#define CORE_KHATRI_H

#include <stddef.h>
#include <stdint.h>

/*
 * The update of a pair-symmetric moment, the arithmetic heart of the information form:
 *
 *     M[(a, b), c] = keep M[(a, b), c] + sum_i s_i[a] s_i[b] x_i[c],      a <= b
 *
 * s  k x q, lds;   x  k x n, ldx;   M  q (q + 1) / 2 x n, ldm; all row-major. Row (a, b) of M is
 * number khatri_row(q, a, b): runs of b for each a. The products s[a] s[b], rows of a Khatri-Rao
 * product, are formed in panels on the fly; nothing of size k x q (q + 1) / 2 is ever written.
 *
 * The functions run the version for the longest vectors that the processor has; all versions agree
 * to rounding with khatri_absorb_portable. Same input, same machine, same version: same bits.
 *
 * ldm, lds and ldx are multiples of 8 doubles and at least n, q and n; the three arrays are aligned
 * to 64 bytes. What stands between the columns and the leading dimension is zero in s and x, and
 * stays finite in M, where nobody reads it.
 */

static inline size_t khatri_row(int32_t q, int32_t a, int32_t b)
{
    return (size_t)a * (size_t)q - (size_t)a * (size_t)(a - 1) / 2 + (size_t)(b - a);
}

/* Rows of M. */
static inline size_t khatri_rows(int32_t q)
{
    return (size_t)q * (size_t)(q + 1) / 2;
}

/* Doubles of workspace that khatri_absorb needs for blocks of at most k rows. */
size_t khatri_workspace(int32_t q, int32_t n, int32_t k);

/*
 * Absorb k rows into the rows first <= r < last of M (all: 0 to khatri_rows(q)); calls for disjoint
 * rows may run at the same time, each with a workspace of its own.
 *
 * work  scratch  khatri_workspace(q, n, k) doubles, aligned to 64 bytes
 *
 * About k q (q + 1) n flops. Allocates nothing.
 */
void khatri_absorb(int32_t q, int32_t n, int32_t k, const double *s, size_t lds, const double *x,
                   size_t ldx, double keep, double *M, size_t ldm, size_t first, size_t last,
                   double *work);

/* Plain C, for other versions to be tested against. */
void khatri_absorb_portable(int32_t q, int32_t n, int32_t k, const double *s, size_t lds,
                            const double *x, size_t ldx, double keep, double *M, size_t ldm,
                            size_t first, size_t last, double *work);

#endif
