#ifndef CORE_BOUNDS_H
#define CORE_BOUNDS_H

#include "base/random.h"

#include <lattn/status.h>

#include <stdint.h>

/*
 * How few heads can do (README.md, section 4), for S = sym(T) as in layer.h and random vectors:
 *
 *     H >= rank N(x),        N(x)[a,e] = sum_bc S[b,a,c,e] x_b x_c = sum_h (V_h x)_a (x'Q_h)_e
 *     H >= rank M / 2,       M[b,c] = sum_ae alpha_a beta_e S[b,a,c,e], of rank 2 per head
 *
 * Ranks count singular values above 1e-7 of the largest, so a smaller head is not seen.
 *
 * ret_heads  out  at least 1
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status bounds_heads(int32_t d, int32_t m, const double *S, struct random *random,
                               int32_t *ret_heads);

/* About how many flops that takes. */
double bounds_flops(int32_t d, int32_t m);

/* N(x) as above, m x d row-major; work: m d^2 scratch. */
void bounds_contract(int32_t d, int32_t m, const double *S, const double *x, double *ret_N,
                     double *work);

/*
 * Numbers that H heads can choose freely: dimension of the set of functions of at most H heads.
 *
 * m >= 2:  H (m d + d^2) - H^2;  m = 1:  H (d - H) + d (d H - H (H - 1) / 2);  at most m p
 */
int64_t bounds_dimension(int32_t d, int32_t m, int32_t heads);

#endif
