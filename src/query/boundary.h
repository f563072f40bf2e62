#ifndef QUERY_BOUNDARY_H
#define QUERY_BOUNDARY_H

#include "query/conditions.h"
#include "query/oracle.h"

#include <lattn/limits.h>
#include <lattn/status.h>

/*
 * What single tokens tell of a label oracle, 1 where v.x >= theta: the half-space of those whose
 * label is `reached`,
 *
 *     direction . x >= distance,     |direction| = 1,  distance = |theta| / |v| >= 0
 *
 * reached    1: direction is that of v.  0 (theta < 0): that of -v
 * error      one standard deviation of each entry of direction, and of distance over itself
 */
struct boundary {
    double reached;
    double direction[LATTN_DIM_MAX];
    double distance;
    double error;
};

/*
 * Learn it: at most d bisections. A threshold that the tokens of norm 2^-100 of the largest one
 * reach counts as none, distance = 0.
 *
 * Room is left for questions of W: where distance > 0 tokens of a norm below conditions->norm / 8
 * reach it. Noise and decimals mean nothing to labels: conditions say norm and epsilon.
 *
 * Returns LATTN_OK; LATTN_RANK where no token along a coordinate has another label than the token
 * zero: then `reached` is the label that there is not; LATTN_REFUSED, in words, where only too
 * large ones have; LATTN_NO_CONVERGENCE where an answer is no label; LATTN_NO_MEMORY, or as
 * oracle_ask.
 */
enum lattn_status boundary_learn(struct oracle *oracle, const struct conditions *conditions,
                                 struct boundary *ret_boundary);

#endif
