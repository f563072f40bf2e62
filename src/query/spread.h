#ifndef QUERY_SPREAD_H
#define QUERY_SPREAD_H

#include <lattn/status.h>

#include <stdint.h>

/*
 * How errors of readings spread to a W of low rank, W = Q'Z, that crosses learned (crossing.h).
 * Row-major.
 *
 * basis   d x d: rows b_j, all but orthonormal; the first r columns W b_j were read whole
 * frame   d x d: rows u_i by which they were read;  errors  r x d: deviations of u_i'W b_j
 * Q       r x d, orthonormal rows;  R  r x r upper: W b_j = sum_i R_ij q_i, j < r;  Z  r x d
 * lean    r x d: rows by which the other columns were read
 * blurs   d x r: deviations of those readings, from row r on
 */
struct spread {
    int32_t d;
    int32_t r;
    const double *basis;
    const double *frame;
    const double *errors;
    const double *Q;
    const double *R;
    const double *Z;
    const double *lean;
    const double *blurs;
};

/*
 * One standard deviation of each entry of W, to first order: with C the whole columns, W = C A, and
 * P = C (L C)^-1 L the projection on their span along what `lean` (L) does not see,
 *
 *     dW = (I - P) dC A + P dC B_1' + C (L C)^-1 dT B_2'
 *
 * ret_errors  out  d x d
 *
 * 1 <= r <= d. O(d^3) flops. Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status spread_bars(const struct spread *spread, double *ret_errors);

#endif
