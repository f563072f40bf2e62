#ifndef CORE_FEWEST_H
#define CORE_FEWEST_H

#include "core/metric.h"

#include <lattn/model.h>
#include <lattn/status.h>

#include <stdint.h>

/*
 * The fewest heads that compute what the data says (README.md, section 4): the free, antisymmetric
 * part of T is chosen so that its rank is least.
 *
 * Without noise H rises from its lower bound until f <= 1e-10 in coordinates of unit covariance, or
 * | R (coef - W) | <= 1e-10 | R W |, from at most 20 starts each; found at the bound they are
 * certified. With noise no bound holds and nothing is certified; H rises from 1 until
 *
 *     F = (| R (coef - W) |^2 / nu1) / (RSS / nu2),      nu1 = m p - dim(H),  nu2 = m (N - p)
 *
 * has a p-value of 1e-3 or more, from at most 5 starts; only where nu2 >= nu1, since with less data
 * H would come out too small.
 *
 * rss      residual sum of squares over all outputs;  yy  sum of w y^2
 * freedom  nu2
 * effort   flops that may be spent
 * seed     of the starts: the same seed gives the same heads
 */
struct fewest_evidence {
    double rss;
    double yy;
    double freedom;
    double effort;
    uint64_t seed;
};

/*
 * Is there evidence enough to refuse one head too few, nu2 >= nu1 or no noise? Looks at no data:
 * ask before what fewest_find needs is made.
 */
int fewest_is_known(int32_t d, int32_t m, const struct fewest_evidence *evidence);

/*
 * ret_model  out  given; heads in canonical form, residual, decomposition, certified
 *
 * Returns LATTN_OK; LATTN_MORE where data or effort did not suffice, and nothing is given;
 * LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status fewest_find(const struct metric *metric, const struct fewest_evidence *evidence,
                              struct lattn_model **ret_model);

#endif
