#ifndef QUERY_BORDER_H
#define QUERY_BORDER_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"
#include "query/verify.h"

#include <lattn/query.h>
#include <lattn/status.h>

#include <stdint.h>

/*
 * Held-out labels: between a sequence below the threshold and one above it, what was found says
 * where the label changes. The oracle is asked a millionth of the way on both sides, or farther off
 * where noise asks for it. Sequences of 2, 3, 4 and 8 tokens, as far as they are taken.
 *
 * finding  in/out  attention and threshold are looked at; takes a check for each length, whose
 *                  value is the share of labels that differ; residual is the largest, threshold 0
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or what oracle_ask returned.
 */
enum lattn_status border_run(struct oracle *oracle, const struct conditions *conditions,
                             struct random *random, struct lattn_finding *finding,
                             enum verify_verdict *ret_verdict);

/* Questions that border_run asks at most. */
uint64_t border_count(int32_t length);

#endif
