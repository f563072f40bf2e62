#ifndef QUERY_MULTIHEAD_H
#define QUERY_MULTIHEAD_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"

#include <stdint.h>

/*
 * Learn a layer of a known number of softmax heads (README.md, "Several heads"): heads are told
 * apart near one pair of directions, then all parameters are polished together.
 */

/* Questions of purpose ORACLE_LEARN where as many heads are found as were told. */
uint64_t multihead_count(int32_t d, int32_t heads);

/* Questions of purpose ORACLE_VERIFY that it holds out itself. */
enum { MULTIHEAD_HELD_OUT = 24 };

/*
 * Learn; the oracle answers one number.
 *
 * heads          in   1 .. LATTN_PROBE_HEADS_MAX: at most so many
 * ret_attention  out  given; it has fewer heads where fewer do: those of the same W act as one,
 *                     those of no value are left out
 *
 * Returns LATTN_OK; LATTN_RANK with a layer of zeros where no head says anything;
 * LATTN_NO_CONVERGENCE where so many heads do not explain the answers, or held-out ones;
 * LATTN_REFUSED where sequences are too short, tokens too small or d too large for it;
 * LATTN_NO_MEMORY; or as oracle_ask. The oracle's complaint says why.
 */
enum lattn_status multihead_learn(struct oracle *oracle, const struct conditions *conditions,
                                  struct random *random, int32_t heads,
                                  struct lattn_attention **ret_attention);

#endif
