#ifndef QUERY_OVERLAP_H
#define QUERY_OVERLAP_H

#include <lattn/status.h>

#include <stdint.h>

/*
 * How many heads two slices of linear attention have (slices.h), and the span of their v: where the
 * ranges of the slices, of dimension 2H each, meet.
 *
 * fits      1: they meet in exactly half their dimension. 0: there are too many heads, 3H > d, or
 *           one has Q_h z along v_h whatever z is; nothing else has a meaning
 * frame     d x d orthonormal rows; the first `heads` are the span
 * variance  heads: mean square of how far each of them may be off
 */
struct overlap {
    int32_t d;
    int32_t heads;
    int fits;
    double *frame;
    double *variance;
};

enum { OVERLAP_SLICES = 2 };

/* Slice k of slices of q = d (d+1) / 2 coefficients as a symmetric matrix, d x d. */
void overlap_unpack(int32_t d, const double *slices, int32_t k, double *ret_matrix);

/*
 * slices    in   OVERLAP_SLICES x q
 * variance  in   of each: mean over its coefficients
 * ret_overlap  out  release with overlap_done, whatever is returned
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status overlap_find(int32_t d, const double *slices, const double *variance,
                               struct overlap *ret_overlap);

/* Release; accepts zeros. */
void overlap_done(struct overlap *overlap);

#endif
