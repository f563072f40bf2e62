#ifndef HISTORY_H
#define HISTORY_H

#include <lattn/wire.h>

#include <stddef.h>
#include <stdint.h>

/* What is kept of an emission, to be drawn against pairs; NaN where it was not known. */
enum history_field {
    HISTORY_PAIRS,
    HISTORY_LOSS_PROGRESSIVE,
    HISTORY_LOSS_RECENT,
    HISTORY_RANK,
    HISTORY_FEATURES, /* p, which the rank has to reach */
    HISTORY_RHO,
    HISTORY_RHO_SEEN,
    HISTORY_THRESHOLD, /* which rho has to reach */
    HISTORY_LAMBDA_MIN,
    HISTORY_PAIRS_PER_S,
    HISTORY_QUEUE_BYTES,
    HISTORY_REJECTED,
    HISTORY_UNSAVED, /* pairs that are in no checkpoint; NaN where none is made */
    HISTORY_FIELDS
};

/* Far more points than a terminal has columns, and as many again before they are thinned. */
enum { HISTORY_POINTS_MAX = 4096 };

struct history_point {
    double values[HISTORY_FIELDS];
};

/*
 * The emissions since learning began, thinned where they are many: points stay evenly spaced among
 * all emissions, the first and the newest are always there. Zeroed is empty.
 *
 * points     in order of pairs; each is the emission number i * stride, the last one the newest
 * emissions  all there were
 */
struct history {
    struct history_point points[HISTORY_POINTS_MAX];
    size_t count;
    uint64_t emissions;
    uint64_t stride; /* 0 means 1 */
};

/* The numbers of an emission as a point. */
struct history_point history_point(const struct lattn_state_of_service *state);

/* Add a point. One with fewer pairs than the last is of a daemon that began anew: so does this. */
void history_add(struct history *history, const struct history_point *point);

#endif
