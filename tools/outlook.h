#ifndef OUTLOOK_H
#define OUTLOOK_H

#include "history.h"

#include <lattn/spectrum.h>
#include <lattn/wire.h>

#include <stddef.h>
#include <stdint.h>

enum {
    OUTLOOK_SINGULAR_MAX = LATTN_SPECTRUM_ALL_MAX + 1, /* and the gap between two ends */
    OUTLOOK_HEADS_MAX = 512                            /* a terminal has not as many columns */
};

/* Values by their places, with a gap as NaN. */
struct outlook_values {
    double x[OUTLOOK_SINGULAR_MAX];
    double y[OUTLOOK_SINGULAR_MAX];
    size_t count;
};

/*
 * All that is shown of a daemon: what happened since learning began, and what its newest emission
 * says. A value without owners: it is copied by assignment.
 *
 * singular  values of R, the largest first; of too many both ends
 * seen      how many there are
 * heads     their sizes, the largest first
 */
struct outlook {
    struct history history;
    char headline[LATTN_SENTENCE_MAX];
    struct lattn_certificate certificate;
    uint64_t pairs;
    double loss_recent;
    struct lattn_service service;
    struct outlook_values singular;
    uint64_t seen;
    struct outlook_values heads;
};

/*
 * Take an emission into account.
 *
 * spectrum  in  NULL: it has none, and the one before stays
 */
void outlook_take(struct outlook *outlook, const struct lattn_state_of_service *state,
                  const struct lattn_spectrum *spectrum);

#endif
