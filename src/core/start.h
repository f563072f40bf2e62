#ifndef CORE_START_H
#define CORE_START_H

#include "base/random.h"
#include "core/layer.h"

#include <lattn/status.h>

#include <stdint.h>

/*
 * Where the fit of H heads to S begins (README.md, section 4). Start number
 *
 *     0    one head: the closed form; more: the truncated singular value decomposition of S
 *     1    the span of the V_h from the column spaces of N(x), where H < m and H <= d
 *     2    the span of the Q_h from the row spaces of N(x), where H < d and H <= m
 *     3..  the truncated decomposition of S + s A, A random, antisymmetric in (b, c), |A| = |S|,
 *          s = .3, .6, 1, 2 in turn
 *
 * S       tensor in coordinates of unit covariance
 * layer   out  heads are given
 *
 * Returns LATTN_OK; LATTN_RANK where there is no such start for these sizes; LATTN_NO_MEMORY or
 * LATTN_NO_CONVERGENCE.
 */
enum lattn_status start_make(int32_t number, const double *S, struct random *random,
                             struct layer *layer);

/* About how many flops that takes. */
double start_flops(int32_t number, const struct layer *layer);

#endif
