#ifndef SUPPORT_ENGINES_H
#define SUPPORT_ENGINES_H

#include "support/corpus.h"

#include <lattn/learner.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Two learners that are taught the same in the same blocks, one by each engine, and how far apart
 * they are. What is refused or cannot be allocated fails the running test.
 */
struct engines {
    struct lattn_learner *rls;
    struct lattn_learner *gram;
};

/* Begin; the engine that the settings name is not looked at. */
void engines_open(struct engines *engines, const struct lattn_learner_settings *settings);
void engines_close(struct engines *engines);

/* As corpus_teach and corpus_teach_blocks. */
void engines_teach(struct engines *engines, const struct corpus *corpus, size_t first,
                   size_t count);
void engines_teach_blocks(struct engines *engines, const struct corpus *corpus, size_t block);

/* Learn all items in blocks whose sizes repeat: 1, 2, 3, 40, 1, 150, 7, 300. */
void engines_teach_mixed(struct engines *engines, const struct corpus *corpus);

/* Append a coordinate and an output by these names; NULL for none. */
void engines_name(struct engines *engines, const char *coordinate, const char *output);

/*
 * What two learners say of inputs.
 *
 * determined  inputs that both call so; differ: those that one calls so and the other does not
 * error       largest difference of predictions of determined inputs, over the root of the mean
 *             square of what the first says of them
 * leverage    largest difference of their leverages, relative
 */
struct answers {
    int32_t determined;
    int32_t differ;
    double error;
    double leverage;
};

struct answers answers_compare(struct lattn_learner *want, struct lattn_learner *got,
                               const struct corpus *inputs);

/* |got - want| / |want| of the coefficients of all outputs. */
double coef_compare(struct lattn_learner *want, struct lattn_learner *got);

/* The same with the coefficients of a model in the place of the first learner. */
double truth_compare(const struct lattn_model *truth, struct lattn_learner *got);

/*
 * Rounding of weights in information form, relative to them: p u of G, times the condition of G
 * with scaled columns, 1 / rho^2, of the features seen (Higham, theorem 10.3 and section 20.4).
 */
double engines_rounding(struct engines *engines);

/*
 * Expect that the certificates agree wherever neither says "cannot tell": verdict and rank. Sizes,
 * counts and lambda_max always.
 *
 * Returns that of rls.
 */
struct lattn_certificate engines_expect_verdict(struct engines *engines, const char *what);

/*
 * Expect that certificates agree, the same inputs are determined, and predictions of these agree to
 * `limit` of their size.
 */
void engines_expect(struct engines *engines, const struct corpus *inputs, double limit,
                    const char *what);

#endif
