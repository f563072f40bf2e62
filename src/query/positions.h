#ifndef QUERY_POSITIONS_H
#define QUERY_POSITIONS_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"

#include <lattn/query.h>
#include <lattn/status.h>

#include <stdint.h>

/*
 * Learn one softmax head that answers at every position of a sequence, all of which attend to all:
 * with V of full rank d known, the answers to d + 1 tokens [0; x_1; ...; x_d] have all
 *
 *     x_i'W x_n = log(alpha_ni / alpha_n0)
 *
 * in them, so that W takes one question after the d for V. Where V has a smaller rank, sequences
 * may not be so long, or answers are noisy, rounded to decimals or of float32, the last position is
 * learned from as in vector_learn: there tokens are as large as they may be, here they have to be
 * small.
 *
 * oracle         in/out  answers at all positions
 * random         in/out  directions of trials
 * ret_attention  out     given to the caller
 *
 * Returns LATTN_OK; LATTN_RANK, given as well, where V is zero and W is left zero;
 * LATTN_NO_CONVERGENCE where no single head answers so, oracle->complaint says which test failed;
 * LATTN_NO_MEMORY; or what oracle_ask returned.
 * O(d^2 m + d^3) flops outside of the oracle. Source: README.md, Answers at all positions.
 */
enum lattn_status positions_learn(struct oracle *oracle, const struct conditions *conditions,
                                  struct random *random, struct lattn_attention **ret_attention);

/*
 * Questions of purpose ORACLE_LEARN that positions_learn asks: d + 1, or vector_count.
 *
 * rank  of V
 */
uint64_t positions_count(int32_t d, int32_t rank, const struct conditions *conditions);

#endif
