#ifndef QUERY_FRAME_H
#define QUERY_FRAME_H

#include "base/random.h"

#include <lattn/status.h>

#include <stdint.h>

/* Directions in which to ask; matrices are row-major, a direction is a row of length one. */

/*
 * An orthonormal basis of R^d that begins with v / |v| (a Householder reflection).
 *
 * v      in   d, not zero
 * ret_p  out  d x d
 */
void frame_complete(int32_t d, const double *v, double *ret_p);

/*
 * The anchored frame: u_0 = v / |v|, u_i = sqrt(c) u_0 + sqrt(1 - c) p_i with c = sqrt 2 - 1 and
 * p_i of frame_complete. Every u_i.v >= 0.64 |v|, whatever entries of v are zero.
 */
void frame_anchor(int32_t d, const double *v, double *ret_u);

/*
 * Solve u_i.x = value_i for the anchored frame, which needs no factorisation.
 *
 * u          in   d x d, of frame_anchor
 * value      in   d;  error  in  d, standard deviations of the values
 * ret_x      out  d;  ret_error  out  d, what the errors do to it to first order
 */
void frame_anchor_solve(int32_t d, const double *u, const double *value, const double *error,
                        double *ret_x, double *ret_error);

/* One direction of it, for a p at right angles to v: sqrt(c) v/|v| + sqrt(1 - c) p. */
void frame_lean(int32_t d, const double *v, const double *p, double *ret_u);

/* A random direction of length one, rounded to float32 (frame_round). */
void frame_draw(int32_t d, struct random *random, double *ret_u);

/* k random orthonormal rows, k <= d. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status frame_random(int32_t d, int32_t k, struct random *random, double *ret_rows);

/*
 * Solve U W = T for W, and what errors of T do to it:
 *
 *     var W_kj = sum_i (U^-1)_ki^2 var T_ij
 *
 * u          in, lost  d x d, not singular
 * entries    in, lost  d x d: row j is column j of T
 * variances  in        d x d: of the entries, in that order
 * ret_W      out       d x d
 * ret_error  out       d x d: standard deviations
 *
 * O(d^3) flops. Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status frame_solve(int32_t d, double *u, double *entries, const double *variances,
                              double *ret_W, double *ret_error);

/* Round numbers to float32, so that an oracle in that arithmetic takes them as they are. */
void frame_round(int64_t count, double *numbers);

#endif
