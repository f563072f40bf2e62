#ifndef QUERY_MIRROR_H
#define QUERY_MIRROR_H

#include "query/terrain.h"

/*
 * The antisymmetric part of an oracle, f(X) - f(-X), as an oracle of its own. Scores are even in X:
 * of a softmax head with a network without biases behind it what is left is one softmax head, whose
 * value is the sum of all neurons' weights,
 *
 *     f(X) - f(-X) = w . A' sum_i alpha_i x_i
 *
 * outer       what learners ask; each question costs two of inner, for the same purpose
 * conditions  of its answers
 */
struct mirror {
    struct oracle outer;
    struct conditions conditions;
    struct lattn_oracle face;
    struct oracle *inner;
    struct lattn_asked seen;
};

/*
 * inner    in  kept until mirror_close
 * terrain  in  of single tokens: differences of large answers are noisier than their size tells
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY; mirror_close is due in both cases.
 */
enum lattn_status mirror_open(struct mirror *mirror, struct oracle *inner,
                              const struct conditions *conditions, const struct terrain *terrain);
/* Release; what outer complains of becomes a complaint of inner, unless that has one. */
void mirror_close(struct mirror *mirror);

#endif
