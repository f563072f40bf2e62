#ifndef CORE_BLOCK_H
#define CORE_BLOCK_H

#include "core/layer.h"

#include <lattn/status.h>

#include <stdint.h>

/*
 * The diagonal blocks of the unweighted Gauss-Newton matrix, M(Q,Q) and M(P,P) of layer.h: they
 * precondition the fit of both factors, and are the normal equations of one with the other given.
 */

/*
 * factor = the Cholesky factor of M + shift I, and of a little more than rounding may take away.
 *
 * M, factor  n x n
 *
 * About n^3 / 3 flops. Returns LATTN_OK, or LATTN_RANK where that is not positive definite.
 */
enum lattn_status block_factor(int32_t n, const double *M, double shift, double *factor);

/* x = M^-1 x, x: n x width */
void block_solve(int32_t n, int32_t width, const double *factor, double *x);

/* The mean of the diagonal. */
double block_mean(int32_t n, const double *M);

/*
 * Linear least squares for one factor of sym(T) = S, the other given: P from Q, or Q from P.
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY, or LATTN_RANK where the other factor leaves it open.
 */
enum lattn_status block_fit_P(const double *S, struct layer *layer);
enum lattn_status block_fit_Q(const double *S, struct layer *layer);

#endif
