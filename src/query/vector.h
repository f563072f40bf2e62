#ifndef QUERY_VECTOR_H
#define QUERY_VECTOR_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"

#include <lattn/query.h>
#include <lattn/status.h>

#include <stdint.h>

/*
 * Learn one softmax head that answers with m numbers,
 *
 *     f(X) = V sum_i alpha_i x_i,    alpha = softmax(x_1'W x_n, ..., x_n'W x_n)
 *
 * With V of rank k known, a question of k + 1 tokens has k entries of W in its answer: d questions
 * for V and d ceil(d / k) for W. Sequences of `length` tokens hold length - 1 entries at most.
 * Trials are asked beside, for the scale where it is not told, and where an answer is saturated.
 *
 * oracle         in/out  m >= 1; of one that answers at all positions, the last
 * random         in/out  directions of trials
 * ret_attention  out     given to the caller
 *
 * Returns LATTN_OK; LATTN_RANK, given as well, where V is zero and W is left zero;
 * LATTN_NO_CONVERGENCE where no single head answers so, oracle->complaint says which test failed;
 * LATTN_NO_MEMORY; or what oracle_ask returned.
 * O(d^2 m + d^3) flops outside of the oracle; questions of 32 MiB at a time.
 * Source: README.md, Answers with m numbers.
 */
enum lattn_status vector_learn(struct oracle *oracle, const struct conditions *conditions,
                               struct random *random, struct lattn_attention **ret_attention);

/* W alone, where attention has V and V_error: ORACLE_LEARN d ceil(d / width) times. */
enum lattn_status vector_learn_weights(struct oracle *oracle, const struct conditions *conditions,
                                       struct random *random, struct lattn_attention *attention);

/* Questions of purpose ORACLE_LEARN that vector_learn asks; width: rank of V or length - 1,
 * whichever is less. */
uint64_t vector_count(int32_t d, int32_t width);

#endif
