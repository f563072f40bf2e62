#ifndef CORE_MERGE_H
#define CORE_MERGE_H

#include <lattn/learner.h>

/*
 * May the two be merged? Both have the bias, forgetting and engine of the other, and sizes and
 * names where both have some.
 *
 * Returns LATTN_OK, or LATTN_CONFLICT with what differs.
 */
enum lattn_status merge_check(const struct lattn_learner *learner,
                              const struct lattn_learner *other, struct lattn_complaint *complaint);

#endif
