#ifndef QUERY_LABEL_H
#define QUERY_LABEL_H

#include "query/conditions.h"
#include "query/oracle.h"

#include "base/random.h"

#include <lattn/query.h>
#include <lattn/status.h>

#include <stdint.h>

/*
 * A softmax head of which only a label is seen, 1 where f(X) >= theta and 0 elsewhere (README.md,
 * labels). W is determined. v and theta are up to one positive factor, since no label depends on
 * it: |v| = 1 is returned, and theta in that scale.
 *
 * With u = gamma n + s p, n the direction in which labels change and p at right angles to it, the
 * label of [u + b ; b] changes where
 *
 *     gamma sigma(u'W b) = beta,    beta = distance - b.n > 0,
 *
 * so where it does, in gamma, u'W b = -ln(gamma / beta - 1): a bisection for each entry of W.
 */

/* Questions of label_learn, at most: bisections of d^2 + d numbers. Trials come on top. */
uint64_t label_count(int32_t d, const struct conditions *conditions);

/*
 * Learn it. Noise and decimals mean nothing to labels: conditions say norm and epsilon.
 *
 * ret_freedoms  out  LATTN_FREEDOM_SCALE; LATTN_FREEDOM_SILENT with LATTN_RANK
 *
 * Returns LATTN_OK; LATTN_RANK where no single token has another label than the token zero: v and W
 * are given as zero, with a threshold that says this label, and oracle->complaint says up to which
 * norm; LATTN_NO_CONVERGENCE where answers are no labels, or not those of a softmax head;
 * LATTN_REFUSED, in words, where a cap on norms leaves no room; LATTN_RANGE where m > 1;
 * LATTN_NO_MEMORY, or as oracle_ask. Nothing is given on refusal.
 */
enum lattn_status label_learn(struct oracle *oracle, const struct conditions *conditions,
                              struct random *random, struct lattn_attention **ret_attention,
                              uint32_t *ret_freedoms);

#endif
