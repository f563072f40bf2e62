#ifndef SERVE_PACE_H
#define SERVE_PACE_H

#include <lattn/certificate.h>

#include <stdint.h>

/* So many looks back the rate is taken from. */
enum { PACE_LOOKS = 8 };

/*
 * How fast the rank grows, from the last looks at it, oldest first. A look is an emission; an
 * empty learner was looked at before its first pair.
 */
struct pace {
    struct {
        uint64_t pairs;
        int64_t rank;
    } looks[PACE_LOOKS];
    int32_t looks_count;
};

/* Begin with a learner of so many pairs: of one that has some no rank is known yet. */
void pace_init(struct pace *pace, uint64_t pairs);

/* There was a look. */
void pace_note(struct pace *pace, const struct lattn_certificate *certificate);

/*
 * About how many more pairs until every direction was seen, if the rank goes on growing as it did
 * since the oldest look: what is missing, over the growth per pair.
 *
 * Returns NaN where nothing is missing, before the first pair, and where the rank does not grow.
 */
double pace_pairs_to_go(const struct pace *pace, const struct lattn_certificate *certificate);

#endif
