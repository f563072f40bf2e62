#ifndef SUPPORT_TEACHER_H
#define SUPPORT_TEACHER_H

#include "base/random.h"
#include "core/feature.h"
#include "core/metric.h"

#include <lattn/learner.h>
#include <lattn/model.h>

#include <stdint.h>

/*
 * A random layer whose heads are to be found again: entries are standard normals, or where rank > 0
 * every V_h and Q_h is a product of two normal matrices of that inner size.
 *
 * features, weights  its coefficients, p x m, every feature in order
 * triangle           the unit matrix, p x p: data that sees all coefficients alike
 */
struct teacher {
    struct lattn_model *model;
    struct feature *features;
    double *weights;
    double *triangle;
};

/* What cannot be allocated fails the running test. */
void teacher_init(struct teacher *teacher, int32_t d, int32_t m, int32_t heads, int32_t rank,
                  struct random *random);
void teacher_done(struct teacher *teacher);

/* The fewest heads from the exact weights; NULL where none were found. */
struct lattn_model *teacher_heads(const struct teacher *teacher, double effort);

/* Draw normal tokens; where mix (d x d) is not NULL, every token x becomes mix x. */
void teacher_tokens(int64_t tokens, int32_t d, const double *mix, struct random *random, double *z);

/*
 * Teach a learner of d coordinates from `pairs` sequences of 2 d normal tokens, labelled at the
 * last one, with normal noise of `noise` times the root mean square of the labels; mix as above.
 */
struct lattn_learner *teacher_teach(const struct teacher *teacher, int32_t pairs, double noise,
                                    const double *mix, struct random *random);

#endif
