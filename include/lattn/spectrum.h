#ifndef LATTN_SPECTRUM_H
#define LATTN_SPECTRUM_H

#include <lattn/status.h>
#include <lattn/version.h>

#include <stdint.h>

LATTN_BEGIN

/* Up to so many features seen all singular values are told; of more, so many of either end. */
enum { LATTN_SPECTRUM_ALL_MAX = 1000, LATTN_SPECTRUM_END = 32 };

/*
 * Singular values of R/D over all components together, each divided by the largest one: they stand
 * on one axis with rho and threshold of the certificate. Of the features seen only.
 *
 * seen        features seen, as many as there are values; between the two ends lie those not told
 * generation  of the learner when they were found
 * largest     decreasing, the first is 1; all of them where seen <= LATTN_SPECTRUM_ALL_MAX
 * smallest    decreasing, down to the smallest of all; none where all are in `largest`
 * heads       sizes of the heads of the model that goes with it, decreasing, which may be of a
 *             later generation (lattn_service.heads_generation); none where there is no model
 *
 * The values of R/D are one allocation, which begins at `largest`; owned. The heads are owned where
 * they were read, and borrowed where they are written; a learner leaves them out.
 */
struct lattn_spectrum {
    int64_t seen;
    uint64_t generation;
    double *largest;
    double *smallest;
    int32_t largest_count;
    int32_t smallest_count;
    double *heads;
    int32_t heads_count;
};

/* Release what it owns; accepts NULL, and one that is zero or done. */
LATTN_API void lattn_spectrum_done(struct lattn_spectrum *spectrum);

LATTN_END

#endif
