#ifndef QUERY_INTERIOR_H
#define QUERY_INTERIOR_H

#include "query/network.h"

/*
 * Learn W from inside linear pieces of a network that is known: d vantages b, at each of which
 * u'W b is asked for the d directions of the frame that leans on the gradient there.
 *
 * attention  in/out  the network is looked at, W and W_error are filled
 * info       in      of network_learn
 *
 * d^2 + d questions; trials for the scale of W, and where an entry is saturated.
 *
 * Returns LATTN_OK; LATTN_NO_CONVERGENCE where an answer gives a weight that no softmax has, or
 * the network is flat wherever it may be asked, oracle->complaint tells which; LATTN_NO_MEMORY; or
 * as oracle_ask. W is left undefined on refusal.
 */
enum lattn_status interior_learn(struct oracle *oracle, const struct conditions *conditions,
                                 struct random *random, const struct network_info *info,
                                 struct lattn_attention *attention);

/* Questions to learn from. */
uint64_t interior_count(int32_t d);

#endif
