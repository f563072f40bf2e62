#ifndef QUERY_PIECES_H
#define QUERY_PIECES_H

#include "query/kinks.h"

#include <stdint.h>

/*
 * The linear pieces of a function that a chord passes, in its order: one more than there are kinks.
 *
 * x         count x d, a point inside each
 * value     count
 * gradient  count x d
 * error     count: standard deviation of an entry of the gradient
 */
struct pieces {
    int32_t count;
    int32_t d;
    double *x;
    double *value;
    double *gradient;
    double *error;
};

/*
 * Measure them. Of each the gradient is taken by d short steps to one side, and believed where it
 * agrees with the slope along the chord, which two questions give; otherwise, and where answers are
 * noisy, by steps to both sides, shortened one by one until no kink lies between.
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY, or as oracle_ask; ret_pieces is to be closed in each case.
 *
 * About d + 2 questions for each.
 */
enum lattn_status pieces_measure(const struct chord *chord, const struct kinks *kinks,
                                 struct pieces *ret_pieces);
/* Release; accepts zeros. */
void pieces_close(struct pieces *pieces);

#endif
