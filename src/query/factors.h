#ifndef QUERY_FACTORS_H
#define QUERY_FACTORS_H

#include "base/random.h"

#include <lattn/status.h>

#include <stdint.h>

/*
 * A matrix X = L R' of low rank from rank-one projections of it,
 *
 *     min over L, R   sum_q (y_q - a_q'L R'b_q)^2
 *
 * by damped Gauss-Newton steps from the singular vectors of sum_q y_q a_q b_q' (after Zilber and
 * Nadler, "GNMR", arXiv 2106.12933). Row-major.
 *
 * a, b     m x d, y  m: in; each y_q has standard deviation 1, directions are about isotropic
 * r        in/out: the rank, at most; found where it is less
 * L, R     d x r: out
 *
 * What else is there is scratch of factors_fit.
 */
struct factors {
    int32_t m;
    int32_t d;
    int32_t r;
    double *a;
    double *b;
    double *y;
    double *L;
    double *R;
    double *room;
    double *next;     /* 2 d r: L and R of the next step */
    double *rest;     /* m: y_q - a_q'L R'b_q */
    double *seen;     /* 2 m r: a_q'L, and then b_q'R */
    double *normal;   /* (2 d r)^2 */
    double *gradient; /* 2 d r */
    double *block;    /* some rows of the Jacobian */
};

/*
 * 1 <= r <= d, r (2 d - r) < m. Returns LATTN_OK or LATTN_NO_MEMORY; factors_done is due in both
 * cases.
 */
enum lattn_status factors_init(struct factors *factors, int32_t m, int32_t d, int32_t r);
void factors_done(struct factors *factors);

/*
 * Find L and R, balanced (L'L = R'R, diagonal), and the rank; 0 where nothing but noise is there.
 *
 * random  in/out  for another start, where the first leads nowhere
 *
 * About 10 steps, or 60 from each start that leads nowhere, of 2 m (2 d r)^2 flops. Returns
 * LATTN_OK; LATTN_NO_CONVERGENCE where no matrix of this rank explains y; LATTN_NO_MEMORY.
 */
enum lattn_status factors_fit(struct factors *factors, struct random *random);

/*
 * One standard deviation of each entry of X: those of y through the pseudo-inverse of the Jacobian.
 * Directions may be in other coordinates than when L and R were found, if these are, too; L and R
 * are balanced again.
 *
 * ret_errors  out  d x d
 *
 * r >= 1. Returns LATTN_OK; LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE with nothing written.
 */
enum lattn_status factors_bars(struct factors *factors, double *ret_errors);

#endif
