#ifndef CORE_EVEN_H
#define CORE_EVEN_H

#include <stdint.h>

/*
 * Coordinates x~ = A x in which a second moment T of x is even. Where a coordinate follows from
 * those before it to three quarters or more, A = C^-1 with  T = C C',  both lower triangular; else
 * A only scales, as sizes are no matter: what is not mixed stays as it is when sizes drift.
 * The determinant of A is 1, so that numbers neither grow nor shrink however often coordinates are
 * chosen anew.
 *
 * A coordinate that the ones before it determine, to 1e-6 of its own size, is only scaled, like one
 * that is always zero: rounding would be blown up to an independent coordinate.
 *
 * Matrices are n x n, row-major, without padding.
 */

/* T in, of which the upper triangle is read; A out, zeros above the diagonal. */
void even_choose(int32_t n, double *T);

/*
 * Does no coordinate follow from those before it to three quarters or more? One that even_choose
 * would not take out does not count, nor do sizes.
 *
 * T  in, lost  of which the upper triangle is read
 */
int even_holds(int32_t n, double *T);

/* C = A^-1 of a lower triangle. */
void even_invert(int32_t n, const double *A, double *ret_C);

/* B = B A, both lower triangles with zeros above. */
void even_compose(int32_t n, const double *B, double *A);

/*
 * What A does to packed pairs, for X~ = A X A' with symmetric X:  svec(X~)' = svec(X)' ret_lifted.
 * It is upper triangular, n (n + 1) / 2 squared, zeros below: entry (j, k) of X~ sees only those
 * entries (j', k') of X, j' <= k', with j' <= j and k' <= k, which come before it.
 */
void even_lift(int32_t n, const double *A, double *ret_lifted);

#endif
