#ifndef LATTN_CERTIFICATE_H
#define LATTN_CERTIFICATE_H

#include <lattn/version.h>

#include <stdint.h>

LATTN_BEGIN

/* Does every model that fits the data seen so far compute the same function? */
enum lattn_verdict { LATTN_NOT_IDENTIFYING, LATTN_IDENTIFYING, LATTN_CANNOT_TELL };

/* "not identifying", "identifying" or "cannot tell". Static. */
LATTN_API const char *lattn_verdict_text(enum lattn_verdict verdict);

enum { LATTN_NEVER = -1 };

/*
 * What the factor R of the data lets us claim (src/core/README.md, section 3).
 *
 * lambda_*  extreme eigenvalues of (1/N) sum w phi phi' over all p features, plain coordinates;
 *           the smallest is 0 while a feature has never been seen
 * rho       sigma_min / sigma_max of R with column c divided by its a-priori scale D_c;
 *           0 while a feature has never been seen
 * rho_seen  the same over the seen features only; where they are deficient, an upper bound, and 0
 *           below 2^-53
 * rank      singular values of R/D above threshold * sigma_max, over all components together
 */
struct lattn_certificate {
    enum lattn_verdict verdict;
    int64_t p;
    int64_t features_seen;
    int64_t components;
    int64_t rank;
    double lambda_min;
    double lambda_max;
    double rho;
    double rho_seen;
    double tau;
    double threshold;
    uint64_t pairs;
    uint64_t generation;
    int64_t identifying_since; /* pairs at the first evaluation that said so, or LATTN_NEVER */
    int64_t lost_at;           /* pairs at the evaluation that lost it, or LATTN_NEVER */
};

LATTN_END

#endif
