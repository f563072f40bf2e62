#ifndef CORE_DECOMPOSITION_H
#define CORE_DECOMPOSITION_H

#include "core/layer.h"
#include "core/metric.h"

#include <lattn/status.h>

#include <stdint.h>

/*
 * Fit a given number of heads by Levenberg and Marquardt's method,
 *
 *     min over (P, Q) of  f = |r| / scale,      r as in misfit.h
 *
 * Each step solves (J'J + lambda D) x = -J'r by conjugate gradients, preconditioned with the damped
 * diagonal blocks of the unweighted J'J, until the error is min(.1, sqrt f) of the first. Steps
 * that do not gain are refused; lambda follows the ratio of gain to prediction.
 *
 * Source: README.md, section 4; Nielsen, Damping Parameter in Marquardt's Method, 1999, for lambda.
 *
 * metric      the data's, or NULL: S alone counts, all its entries alike
 * S           tensor in coordinates of unit covariance
 * scale       |S|, or with a metric |R W|
 * tolerance   stop at f below this
 * goal        stop where even 10 steps like the one in view would end above it; INFINITY: never
 * steps_max   stop after so many steps, refused ones counted
 * gain_least  stop where `gain_steps` accepted steps together gained a smaller share of f
 * effort      flops that may still be spent; goes down, and ends the fit below zero
 */
struct decomposition {
    const struct metric *metric;
    const double *S;
    double scale;
    double tolerance;
    double goal;
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

#endif
