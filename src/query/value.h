#ifndef QUERY_VALUE_H
#define QUERY_VALUE_H

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

/* The largest number of float32 that is at most norm: a token of it stays within the cap. */
double value_norm(const struct conditions *conditions);

#endif
