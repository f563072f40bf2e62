#ifndef SUPPORT_ASKED_H
#define SUPPORT_ASKED_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"
#include "support/blackbox.h"

#include <stdint.h>

/*
 * A black box with what a learner needs to ask it.
 *
 * conditions  of an exact oracle until a test sets others: norm 2^10, 8 tokens, double
 */
struct asked {
    struct random random;
    struct blackbox box;
    struct oracle oracle;
    struct conditions conditions;
};

/* One softmax head on d coordinates; what cannot be allocated fails the running test. */
void asked_init(struct asked *asked, int32_t d, uint64_t seed);
void asked_done(struct asked *asked);

/* Make box and conditions alike in this. decimals < 0: not rounded. */
void asked_blur(struct asked *asked, double norm, double noise, int32_t decimals);

/* Relative error of W. */
double asked_distance(const struct asked *asked, const struct lattn_attention *found);

/* Root of the mean square of (true error / W_error), over all entries; and of v. */
double asked_bars(const struct asked *asked, const struct lattn_attention *found);
double asked_value_bars(const struct asked *asked, const struct lattn_attention *found);

#endif
