#ifndef QUERY_VALUE_H
#define QUERY_VALUE_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"

#include <lattn/status.h>

/*
 * Learn the value matrix of softmax attention, or the sum of those of several heads: a sequence of
 * one token attends to that token, f(R e_i) = R V e_i. d questions to learn from.
 *
 * ret_V      out  m x d row-major
 * ret_error  out  m x d: one standard deviation of what noise and rounding do to each entry
 *
 * Returns LATTN_OK; LATTN_RANK with both given where V is zero as far as answers tell; or what
 * oracle_ask returned.
 */
enum lattn_status value_learn(struct oracle *oracle, const struct conditions *conditions,
                              double *ret_V, double *ret_error);

/* Learns W and W_error of a head, where attention has V and V_error. */
typedef enum lattn_status (*value_then_fn)(struct oracle *oracle,
                                           const struct conditions *conditions,
                                           struct random *random,
                                           struct lattn_attention *attention);

/*
 * Learn a layer of one head: V, then W.
 *
 * Returns LATTN_OK; LATTN_RANK with W zero where V is; ret_attention is given in both cases. Or
 * what oracle_ask or `then` returned.
 */
enum lattn_status value_learn_layer(struct oracle *oracle, const struct conditions *conditions,
                                    struct random *random, value_then_fn then,
                                    struct lattn_attention **ret_attention);

/* The largest number of float32 that is at most norm: a token of it stays within the cap. */
double value_norm(const struct conditions *conditions);

#endif
