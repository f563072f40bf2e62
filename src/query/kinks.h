#ifndef QUERY_KINKS_H
#define QUERY_KINKS_H

#include "query/chord.h"

#include <stdint.h>

enum {
    /* Kinks of one chord: a hidden layer is rarely wider than four times the largest token. */
    KINKS_MAX = 4 * LATTN_DIM_MAX
};

/* Where a piecewise linear function bends, increasing. */
struct kinks {
    int32_t count;
    double at[KINKS_MAX];
};

/*
 * Find all kinks of the oracle's answers along a chord.
 *
 * A segment is split at the middle of asinh(t), on both sides of which the slope is measured, until
 * it is straight, or the tangents at its ends meet where the function takes the value of both:
 * there is its only kink. All comparisons allow for what chord_error explains, and no more: kinks
 * that lie closer than that can tell are taken for one or for none.
 *
 * Returns LATTN_OK; LATTN_NO_CONVERGENCE where the function is not piecewise linear, or of more
 * kinks than KINKS_MAX, oracle->complaint says which; LATTN_NO_MEMORY; or as oracle_ask.
 *
 * About ten questions per kink.
 */
enum lattn_status kinks_find(const struct chord *chord, struct random *random,
                             struct kinks *ret_kinks);

#endif
