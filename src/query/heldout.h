#ifndef QUERY_HELDOUT_H
#define QUERY_HELDOUT_H

#include "base/random.h"
#include "query/bilinear.h"
#include "query/oracle.h"

#include <lattn/query.h>

#include <stdint.h>

/* Entries u'W b that were not asked before, in random directions b, against a W that was found. */

enum { HELDOUT_MAX = 8 };

/*
 * Standard deviations that are no sign of a difference. Those of rounding are of answers, not of
 * the sums inside of the oracle, so that these are more than noise would need.
 */
#define HELDOUT_DEVIATIONS 16

/*
 * Ask `count` of them, 0 <= count <= HELDOUT_MAX.
 *
 * u          count x d, rows of bilinear_stretch
 * attention  in   W and W_error: what u'W b may differ by is made of these and of the answer's
 * ret_agree  out  1 where they agree
 *
 * Returns LATTN_OK or what bilinear_ask refused. Allocates nothing.
 */
enum lattn_status heldout_ask(struct bilinear *bilinear, enum oracle_purpose purpose, int32_t count,
                              const double *u, const struct lattn_attention *attention,
                              struct random *random, int *ret_agree);

#endif
