#ifndef CONVERGENCE_H
#define CONVERGENCE_H

#include "history.h"

#include <lattn/spectrum.h>
#include <lattn/wire.h>

#include <stddef.h>
#include <stdint.h>

/* Pairs between which the verdict was "identifying"; until is NaN where it still is. */
struct convergence_span {
    double since;
    double until;
};

/*
 * How learning went, emission by emission, from its last beginning on. Zeroed is empty.
 *
 * spans           in order, none overlaps another; owned
 * spectrum        the newest one; owned. has_spectrum 0: there was none
 * spectrum_pairs  learned when it was found, which may be long before the last emission, since a
 *                 daemon repeats it; NaN: not known. spectrum_threshold: that of the rank then
 * restarts        how often a daemon began anew: what was before is not here any more
 */
struct convergence {
    struct history history;
    struct convergence_span *spans;
    size_t spans_count;
    size_t spans_capacity;
    struct lattn_spectrum spectrum;
    int has_spectrum;
    double spectrum_pairs;
    double spectrum_threshold;
    int is_ended; /* what comes next begins anew */
    uint64_t restarts;
};

/*
 * Take an emission into account; one without pairs tells nothing yet.
 *
 * spectrum  in  given where this returns LATTN_OK; NULL: it has none, and the one before stays
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY with nothing to go on from.
 */
enum lattn_status convergence_take(struct convergence *convergence,
                                   const struct lattn_state_of_service *state,
                                   struct lattn_spectrum *spectrum);

/* Release what it owns; accepts a zeroed one. */
void convergence_done(struct convergence *convergence);

#endif
