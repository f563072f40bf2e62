#ifndef CORE_MISFIT_H
#define CORE_MISFIT_H

#include "core/layer.h"
#include "core/metric.h"

#include <lattn/status.h>

/*
 * How far the heads of a layer are from what they shall be, in coordinates of unit covariance, and
 * how that changes with them:
 *
 *     f = |r| / scale,      r = sym(T) - S,   or weighted by the data   r = R (coef - W)
 *
 * With J the derivative of r by (P, Q), J'J needs no tensor where r is not weighted (layer_couple):
 * O(H^2 d^2 (d + m)) flops; weighted it costs as much as an application of the metric.
 *
 * metric  R and W, or NULL: not weighted
 * S       used where it is not weighted
 * scale   |S|, or |R W|
 * M_P     M(Q,Q), heads d x heads d: the block of P in J'J, not weighted;  M_Q  M(P,P)
 * ratio   of the curvature that the data sees along the gradient to that of M_P and M_Q; 1 where
 *         it is not weighted
 * flops   about how many were spent
 */
struct misfit {
    const struct metric *metric;
    const double *S;
    double scale;
    double *M_P;
    double *M_Q;
    double ratio;
    double flops;
    /* ---- */
    double *memory;
    double *tensor;
    double *couple;
    double *gram;
    double *plain;
    double *change;
    double *image;
};

/*
 * metric, S, scale are set; the sizes are those of the layer.
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status misfit_init(struct misfit *misfit, const struct layer *layer);
void misfit_done(struct misfit *misfit);

/* f at a layer. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status misfit_find(struct misfit *misfit, const struct layer *layer, double *ret_f);

/*
 * Settle at a layer: find J'r, M_P, M_Q and ratio. The last call was misfit_find with the same T.
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status misfit_settle(struct misfit *misfit, const struct layer *layer,
                                struct layer *gradient);

/*
 * J'J times a change, at the layer where it settled, however many others were looked at since.
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status misfit_curve(struct misfit *misfit, const struct layer *layer,
                               const struct layer *change, struct layer *ret_image);

#endif
