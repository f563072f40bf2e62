#ifndef CORE_DECOMPOSITION_H
#define CORE_DECOMPOSITION_H

#include "core/layer.h"
#include "core/metric.h"

#include <lattn/status.h>

#include <stdint.h>

/*
 * Fit a given number of heads to a symmetric tensor S by Levenberg and Marquardt's method:
 *
 *     min over (P, Q) of  f^2 = | sym(T(P, Q)) - S |^2 / |S|^2
 *
 * or, weighted by the data, of f^2 = | R (coef - W) |^2 / | R W |^2. Each step solves
 * (J'J + lambda D) x = -J'r by conjugate gradients, preconditioned with the diagonal blocks of the
 * unweighted J'J, no tensor in sight (layer_couple), until the error is min(.1, sqrt f) of the
 * first. Steps that do not gain are refused; lambda follows the ratio of gain to prediction.
 *
 * Source: README.md, section 4; Nielsen, Damping Parameter in Marquardt's Method, 1999, for lambda.
 */
enum decomposition_weighting { DECOMPOSITION_PLAIN, DECOMPOSITION_WEIGHTED };

/*
 * S           tensor in coordinates of unit covariance
 * scale       |S|, or |R W| if weighted
 * tolerance   stop at f below this
 * steps_max   stop after so many steps, refused ones counted
 * gain_least  stop where `gain_steps` accepted steps together gained a smaller share of f
 * effort      flops that may still be spent; goes down, and ends the fit below zero
 */
struct decomposition {
    const struct metric *metric;
    const double *S;
    enum decomposition_weighting weighting;
    double scale;
    double tolerance;
    double gain_least;
    int32_t gain_steps;
    int32_t steps_max;
    double effort;
};

/*
 * Improve a layer, which is in coordinates of unit covariance.
 *
 * ret_f  out  f as reached
 *
 * The layer is balanced on return. Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status decomposition_fit(struct decomposition *decomposition, struct layer *layer,
                                    double *ret_f);

/*
 * Linear least squares for one factor, unweighted, the other given: P from Q, or Q from P.
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY, or LATTN_RANK where the other factor leaves it open.
 */
enum lattn_status decomposition_solve_P(const double *S, struct layer *layer);
enum lattn_status decomposition_solve_Q(const double *S, struct layer *layer);

#endif
