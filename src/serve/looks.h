#ifndef SERVE_LOOKS_H
#define SERVE_LOOKS_H

#include <lattn/certificate.h>

#include <stdint.h>

/*
 * Repeated looks at the bound on the stream, for --exit-when stream:X.
 *
 * The bound is a statement for one look. Look number n asks it with alpha / (n (n + 1)), which sums
 * to alpha over all of them, however many there will be; and looks are taken only when half as many
 * tests again were made, so that n grows with the logarithm of the tests.
 *
 * share_max    X: the chance that the next input was undetermined is to be below it
 * taken        looks so far
 * tested_last  tests at the last of them
 * held         what it said
 */
struct looks {
    double share_max;
    uint64_t taken;
    uint64_t tested_last;
    int held;
};

/* The least share that full windows of determined inputs can show at the first look. */
double looks_share_least(void);

/*
 * Look, if it is time, or now if there is something new to see; the latter is for the end.
 *
 * Returns 1 where the bound is at most share_max at this look, or where looks_take_last has nothing
 * new to see, at the last one.
 */
int looks_take(struct looks *looks, const struct lattn_stream *stream);
int looks_take_last(struct looks *looks, const struct lattn_stream *stream);

#endif
