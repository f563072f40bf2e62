#ifndef QUERY_NOISY_H
#define QUERY_NOISY_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"

#include <lattn/query.h>

#include <stdint.h>

/*
 * Learn one softmax head of scalar answers, any rank, from answers with noise or coarse rounding
 * (README.md, "Under noise"): tokens as large as allowed, scores of about 0.75, the anchor asked
 * more often than others.
 *
 * conditions     in   noise, step and epsilon: how far answers may be off. With a scale it takes
 *                     fewer trials
 * random         in/out  directions of the scale search; sizes of repeats where rounding calls for
 *                        them
 * ret_attention  out  given to the caller; W_error and V_error are one standard deviation
 *
 * Returns LATTN_OK; LATTN_RANK where v cannot be told from zero: V and W are; LATTN_NO_CONVERGENCE
 * where no single head answers so, in words; or what oracle_ask refused, nothing is given then.
 * noisy_count questions to learn, 6 to 100 trials; columns of large scores are asked again.
 * O(d^3) flops; memory for 1024 questions, and for three matrices like W.
 */
enum lattn_status noisy_learn(struct oracle *oracle, const struct conditions *conditions,
                              struct random *random, struct lattn_attention **ret_attention);

/* Questions to learn: 4 d of v, d^2 of W, and repeats of the anchor. */
uint64_t noisy_count(int32_t d);

#endif
