#ifndef QUERY_SOFTMAX_H
#define QUERY_SOFTMAX_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"

#include <lattn/query.h>
#include <lattn/status.h>

#include <stdint.h>

/*
 * Learn one softmax head with a scalar answer,
 *
 *     f(X) = softmax(x_1'W x_n, ..., x_n'W x_n)' X v
 *
 * from d questions of one token and d^2 of two: entries u_i'W e_j on the anchored frame of v, then
 * one LU factorisation of the frame for all columns. Trials are asked beside, for the scale where
 * it is not told, and where an entry is saturated.
 *
 * oracle         in/out  m = 1
 * random         in/out  directions of trials
 * ret_attention  out     given to the caller
 *
 * Returns LATTN_OK; LATTN_RANK, given as well, where v is zero and W is left zero;
 * LATTN_NO_CONVERGENCE where no single head answers so, oracle->complaint says which test failed;
 * LATTN_NO_MEMORY; or what oracle_ask returned.
 * O(d^3) flops outside of the oracle; 5 d^2 doubles and the questions of one call at a time.
 * Source: [Q] Theorem 4.1; README.md, One head.
 */
enum lattn_status softmax_learn(struct oracle *oracle, const struct conditions *conditions,
                                struct random *random, struct lattn_attention **ret_attention);

/* Questions of purpose ORACLE_LEARN that softmax_learn asks. */
uint64_t softmax_count(int32_t d);

#endif
