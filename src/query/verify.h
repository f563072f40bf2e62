#ifndef QUERY_VERIFY_H
#define QUERY_VERIFY_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"

#include <lattn/query.h>
#include <lattn/status.h>

#include <stdint.h>

/* Tokens of held-out sequences. */
enum { VERIFY_LENGTHS = 4, VERIFY_TOKENS_MAX = 8 };
extern const int32_t verify_lengths[VERIFY_LENGTHS];

enum verify_verdict { VERIFY_PASSED, VERIFY_FAILED, VERIFY_BLIND };

/*
 * Held-out sequences: does what was found say the same as the oracle?
 *
 * Sequences of 2, 3, 4 and 8 tokens, as far as they are taken, are answered by the oracle and by
 * the attention or the model in the finding. Of each length the residual, root mean square over
 * that of the answers, must stay below ten times what noise, rounding and the errors of the
 * parameters explain, and below 1e-9 where they explain less, or less than that where a cap keeps
 * scores below 1.5. Of oracles that answer at all positions all are compared. Labels are
 * border.h's.
 *
 * finding  in/out  takes a check for each kind of question; residual, threshold and noise_floor
 *                  are those of the worst
 * ret_verdict  out     whether one of them failed; blind where in none of them wrong parameters
 * could be told from noise
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or what oracle_ask returned.
 */
enum lattn_status verify_run(struct oracle *oracle, const struct conditions *conditions,
                             struct random *random, struct lattn_finding *finding,
                             enum verify_verdict *ret_verdict);

/*
 * Variance that the errors of a layer without a network, and the rounding of an oracle that
 * computes with this epsilon, bring into its answers to x, n x d, n <= VERIFY_TOKENS_MAX.
 *
 * variance  in/out  m: it is added
 */
void verify_variance(const struct lattn_attention *layer, double epsilon, const double *x,
                     int32_t n, double *variance);

/* Questions that verify_run asks where sequences of `length` tokens are taken; not of labels. */
uint64_t verify_count(enum lattn_architecture architecture, int32_t length);

#endif
