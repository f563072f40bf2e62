#ifndef QUERY_SAMPLE_H
#define QUERY_SAMPLE_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"

#include <lattn/status.h>

#include <stdint.h>

/* Single tokens of growing norm and what an oracle says to them: how exact is it? */
enum { SAMPLE_COUNT = 6, SAMPLE_MORE = 4, SAMPLE_ALL = SAMPLE_COUNT + SAMPLE_MORE };

/*
 * exponents  token i has norm 0.99 2^exponents[i], and coordinates of a float; they grow over the
 *            first SAMPLE_COUNT, and the others, for rounding alone, are of sizes in between
 * x          SAMPLE_ALL x d
 * y          SAMPLE_ALL x m
 */
struct sample {
    int32_t d;
    int32_t m;
    int exponents[SAMPLE_ALL];
    double *x;
    double *y;
};

/* A random token of norm 0.99, its coordinates those of floats. */
void sample_token(int32_t d, struct random *random, double *ret_token);

/* Returns LATTN_OK or LATTN_NO_MEMORY; sample_done is due in both cases. */
enum lattn_status sample_init(struct sample *sample, const struct oracle *oracle);
void sample_done(struct sample *sample);

/*
 * Draw tokens of norms from 2^low to 2^high and ask them. With `is_repeated` the first and the last
 * of those that grow twice, and 14 times more where their answers differ: then ret_noise is their
 * standard deviation, and ret_relative that of the largest over its answer where noise grows with
 * answers, else 0.
 *
 * ret_noise, ret_relative  out  0 without is_repeated
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or what oracle_ask returned.
 */
enum lattn_status sample_ask(struct sample *sample, struct oracle *oracle, int low, int high,
                             int is_repeated, struct random *random, double *ret_noise,
                             double *ret_relative);

/* Are all answers 0 or 1? */
int sample_is_labels(const struct sample *sample);

#endif
