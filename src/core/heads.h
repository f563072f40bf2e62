#ifndef CORE_HEADS_H
#define CORE_HEADS_H

#include "core/feature.h"

#include <lattn/model.h>
#include <lattn/status.h>

#include <stdint.h>

/* Entries of an unfolding that is decomposed: with its vectors it takes half a gigabyte. */
enum { HEADS_ENTRIES_MAX = 1 << 24 };

/* Coefficients of the features that occur; those of all others are zero. Borrowed arrays. */
struct coefficients {
    int32_t d;
    int32_t m;
    int32_t count;
    const struct feature *features; /* count, each at most once */
    const double *weights;          /* count x m row-major */
};

/*
 * Heads by the plain singular value decomposition (README.md, section 4; arXiv 2410.10101,
 * Algorithm 1): the coefficients, read as the symmetric tensor S[a,b,c,e] and unfolded to (m d) x
 * (d d), rows (a, b), columns (c, e), are sum_h vec(V_h) vec(Q_h)'.
 *
 * heads_max  in   keep at most so many, the largest; 0 for all that are not rounding
 * ret_model  out  given; sigma, V and Q in canonical form: decreasing sigma, split evenly between V
 *                 and Q, the largest entry of each V_h positive; residual is set
 *
 * Time and memory follow the rows and columns that occur, not d. Returns LATTN_OK,
 * LATTN_MEMORY_LIMIT (more than 2^24 entries), LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status heads_svd(const struct coefficients *coefficients, int32_t heads_max,
                            struct lattn_model **ret_model);

#endif
