#ifndef QUERY_TRANSFORMER_H
#define QUERY_TRANSFORMER_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"

#include <stdint.h>

/*
 * One softmax head followed by a network of one hidden ReLU layer, one answer:
 *
 *     f(X) = network(sum_i alpha_i x_i),    alpha = softmax(x_1'W x_n, ..., x_n'W x_n)
 */

/* Questions of purpose ORACLE_VERIFY that it holds out itself: single tokens, and 2, 3, 4. */
enum { TRANSFORMER_HELD_OUT = 4 * 16 };

/*
 * Learn it: the network from single tokens, then W.
 *
 * ret_attention  out  given: W, W_error, network; V is NULL
 * ret_freedoms   out  LATTN_FREEDOM_NETWORK where the network is an equivalent one,
 *                     LATTN_FREEDOM_SILENT with LATTN_RANK
 *
 * Returns LATTN_OK; LATTN_RANK where every answer is the same: W is zero; LATTN_NO_CONVERGENCE
 * where the answers are not those of this architecture, oracle->complaint tells the test that
 * failed; LATTN_NO_MEMORY; or as oracle_ask.
 */
enum lattn_status transformer_learn(struct oracle *oracle, const struct conditions *conditions,
                                    struct random *random, struct lattn_attention **ret_attention,
                                    uint32_t *ret_freedoms);

/* About so many questions to learn one whose hidden layer has this width. */
uint64_t transformer_count(int32_t d, int32_t width);

#endif
