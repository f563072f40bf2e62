#ifndef QUERY_ROUGH_H
#define QUERY_ROUGH_H

#include "query/lookout.h"
#include "query/oracle.h"

#include <stdint.h>

/*
 * A first idea of all heads, from pairs of directions near one at which they are well apart: heads
 * keep their order by continuity, so none has to be matched.
 */

/* Questions: all ratios of d pairs, some ratios of d (d - 1). */
uint64_t rough_count(int32_t d, int32_t heads);

/*
 * Ask pairs (u_0 + lean p_i, b_0 + lean q_j), p and q orthonormal, at the lookout's size.
 *
 * heads  in   of the ratios, >= lookout->poles.count
 * lean   in   > 0: smaller keeps heads apart, larger is more exact
 * ret_W  out  heads x d x d of the lookout's count
 * ret_V  out  heads x d
 *
 * Returns as oracle_ask; LATTN_NO_MEMORY; LATTN_NO_CONVERGENCE where as many heads do not explain
 * the pairs of the first column.
 */
enum lattn_status rough_learn(const struct lookouts *lookouts, const struct lookout *lookout,
                              double lean, struct oracle *oracle, enum oracle_purpose purpose,
                              double *ret_W, double *ret_V);

#endif
