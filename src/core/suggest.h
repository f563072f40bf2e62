#ifndef CORE_SUGGEST_H
#define CORE_SUGGEST_H

#include "core/learner.h"

/*
 * Choose among candidates that were checked (learner_item_check), as lattn_learner_suggest does.
 *
 * d          in   coordinates with the bias, for a learner that does not know its sizes yet
 * complaint  out  set where candidates are too many at once: LATTN_RANGE or LATTN_MEMORY_LIMIT
 *
 * Returns LATTN_OK, LATTN_RANGE, LATTN_MEMORY_LIMIT, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status suggest_among(struct lattn_learner *learner, int32_t d,
                                const struct lattn_batch *candidates, size_t count,
                                size_t *ret_order, size_t *ret_count,
                                struct lattn_complaint *complaint);

#endif
