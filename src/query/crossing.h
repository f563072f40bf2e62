#ifndef QUERY_CROSSING_H
#define QUERY_CROSSING_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"

#include <lattn/query.h>

#include <stdint.h>

/*
 * Learn one softmax head of scalar answers whose W has low rank, which is found, by adaptive cross
 * approximation (README.md, "Low rank"): r columns of W in a random basis, of the others as many
 * projections as they have unknowns.
 *
 * conditions     in      decide what is zero: 16 standard deviations of an answer
 * random         in/out  the basis
 * rank_max       in      0 <= rank_max <= d, d where nothing is known
 * ret_rank       out     of W, where LATTN_OK
 * ret_attention  out     given to the caller; W_error and V_error are one standard deviation
 *
 * Returns LATTN_OK; LATTN_RANK where v is zero: W is too; LATTN_NO_CONVERGENCE where no single head
 * answers so, or none of that rank, in words; or what oracle_ask refused. W of full rank is
 * learned, too. crossing_count questions to learn; more where held-out ones show that a rank was
 * missed. O(d^3 + d r^3) flops.
 */
enum lattn_status crossing_learn(struct oracle *oracle, const struct conditions *conditions,
                                 struct random *random, int32_t rank_max, int32_t *ret_rank,
                                 struct lattn_attention **ret_attention);

/* Questions to learn a W of this rank: d + r (2 d - r) + 6 up to r = d - 3, d + d^2 at r = d. */
uint64_t crossing_count(int32_t d, int32_t rank);

#endif
