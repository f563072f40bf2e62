#ifndef QUERY_RANKONE_H
#define QUERY_RANKONE_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"

#include <lattn/query.h>

#include <stdint.h>

/*
 * Learn one softmax head of scalar answers whose W has a low rank that is known, or an upper bound
 * of it, from questions that do not depend on answers once v and the scale are known: entries u'W b
 * in random directions, all at once (README.md, "Low rank in one batch"). Where that would be as
 * many as d^2, or too many unknowns at a time, the questions are those of softmax_learn.
 *
 * random         in/out  directions
 * rank           in      1 <= rank <= d
 * ret_attention  out     given to the caller; W_error and V_error are one standard deviation
 *
 * Returns LATTN_OK; LATTN_RANK where v is zero: W is too; LATTN_NO_CONVERGENCE where no single head
 * of this rank answers so, in words; or what oracle_ask refused. rankone_count questions to learn;
 * entries that are saturated are asked again, as trials. factors_fit says what it computes.
 */
enum lattn_status rankone_learn(struct oracle *oracle, const struct conditions *conditions,
                                struct random *random, int32_t rank,
                                struct lattn_attention **ret_attention);

/* Questions to learn: d + (1 + 2 / sqrt r) r (2 d - r), or d + d^2. */
uint64_t rankone_count(int32_t d, int32_t rank);

#endif
