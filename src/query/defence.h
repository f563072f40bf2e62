#ifndef QUERY_DEFENCE_H
#define QUERY_DEFENCE_H

#include <lattn/query.h>

#include <stdint.h>

/*
 * The defender's table: what it costs to learn one softmax head where its answers are rounded,
 * noisy or bare labels, where tokens are bounded, or where it is low in rank. Formulas from the
 * norms of W and v alone (README.md); nothing is asked.
 */

/* Norm of tokens that an attacker is taken to use where no cap binds him. */
#define DEFENCE_NORM_FREE 1048576.0

/*
 * What one pass over all entries of W leaves, as a relative Frobenius error of W: every entry asked
 * once with tokens of norm up to `norm`, each answer off by `sigma`.
 *
 * weight, value  Frobenius norm of W, norm of v; positive
 *
 * May exceed 1: then one pass says nothing.
 */
double defence_error(int32_t d, double weight, double value, double norm, double sigma);

/* Questions of that pass: d^2 entries, v and the anchor repeated. */
double defence_questions(int32_t d);

/*
 * Fill the table.
 *
 * attention     one softmax head without a network: of others, no row
 * rank          of W, as found; >= d or 0: not low
 * ret_defences  LATTN_DEFENCES_MAX rows
 *
 * Returns the number of rows filled. Where W or V is zero nothing can be learned: infinite
 * questions, error 1.
 */
int32_t defence_fill(const struct lattn_attention *attention, int32_t rank,
                     struct lattn_defence *ret_defences);

#endif
