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
 *
 * The history of the verdict, in pairs learned, as far as evaluations saw it:
 *
 * identifying_since  at the first evaluation that said so, of the time that lasts or, where it was
 *                    lost, of the last one; LATTN_NEVER before. What has faded (forget < 1) or is
 *                    asked of more features has to be found anew; what was only buried was known
 *                    all the time, and keeps its date
 * lost_at            at the evaluation that lost it; LATTN_NEVER before, and once it is regained
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
    int64_t identifying_since;
    int64_t lost_at;
};

/* A sentence on the verdict fits, with its end. */
enum { LATTN_SENTENCE_MAX = 384 };

/*
 * The verdict as one sentence without its full stop, the same wherever it is shown:
 *
 *     nothing has been learned yet
 *     not yet identifying: 212 of 288 directions seen; about 80 more pairs at this rate
 *     not yet identifying: 288 of 288 directions seen, by fewer effective pairs
 *     identifying since pair 1 234
 *     cannot tell: 288 of 288 directions seen, some of them too weakly
 *     no longer identifying since pair 1 234: 287 of 288 directions seen
 *
 * pairs_to_go   in   about how many more pairs it takes; NaN where that is not known
 */
LATTN_API void lattn_verdict_sentence(const struct lattn_certificate *certificate,
                                      double pairs_to_go, char ret_sentence[LATTN_SENTENCE_MAX]);

/* So many tests of arriving inputs count at most, the newest. */
enum { LATTN_STREAM_WINDOW = 1000 };

/*
 * Were the inputs of the stream determined before they were learned from?
 *
 * Averaged over the last `checked` inputs tested, the chance that the next input was undetermined
 * was at most bound95, with 95 % confidence. This is a statement for one look; who looks repeatedly
 * must ask lattn_stream_bound for less (src/core/README.md, section 3). It cannot speak of what
 * the stream does more rarely than once in `checked` inputs.
 *
 * checked       tests that count, at most LATTN_STREAM_WINDOW
 * undetermined  of these
 * bound95       NaN before the first test
 * tested        tests since ever
 */
struct lattn_stream {
    uint64_t checked;
    uint64_t undetermined;
    double bound95;
    uint64_t tested;
};

/*
 * The exact one-sided binomial bound: the chance x for which at most `undetermined` of `checked`
 * happens with probability alpha, 0 < alpha < 1; for none of them 1 - alpha^(1 / checked). NaN
 * where nothing was checked. Source: Clopper, Pearson 1934.
 */
LATTN_API double lattn_stream_bound(uint64_t checked, uint64_t undetermined, double alpha);

LATTN_END

#endif
