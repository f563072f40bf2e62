#ifndef QUERY_PLAN_H
#define QUERY_PLAN_H

#include <lattn/query.h>
#include <lattn/status.h>

#include <stdint.h>

/*
 * Can anything be probed with these settings?
 *
 * complaint  out  may be NULL
 *
 * Returns LATTN_OK or LATTN_RANGE.
 */
enum lattn_status plan_check(const struct lattn_oracle *oracle,
                             const struct lattn_probe_settings *settings,
                             struct lattn_complaint *complaint);

/* The architecture of a plan made before anything is asked: a softmax layer where it is not told.
 */
enum lattn_architecture plan_architecture(const struct lattn_probe_settings *settings);

/* Questions to verify an architecture where sequences of `length` tokens are taken. */
uint64_t plan_verify(enum lattn_architecture architecture, int32_t length);

#endif
