#ifndef BENCH_LEARNER_H
#define BENCH_LEARNER_H

#include "bench_pairs.h"
#include "bench_row.h"

#include <lattn/learner.h>

/*
 * The stages of a learner that knows the layer behind the pairs. All but absorb learn one more pair
 * before each run: what is derived is kept until then.
 */
struct bench_learner {
    struct lattn_learner *learner;
    struct bench_pairs *pairs; /* borrowed until done */
    double *coef;              /* m x p */
    struct lattn_text text;
    size_t at; /* the pair that is learned next */
};

/*
 * Learn until the verdict can be "identifying".
 *
 * Returns LATTN_OK, or as lattn_learner_open and lattn_learner_admit with nothing to release.
 */
enum lattn_status bench_learner_make(struct bench_learner *learner, struct bench_pairs *pairs,
                                     enum lattn_engine engine);
void bench_learner_done(struct bench_learner *learner);

enum { BENCH_LEARNER_STAGES = 5 };

/*
 * A stage by its index: absorb, weights, verdict, heads, emission; its task is to be measured, and
 * takes the learner as its argument.
 *
 * work  out  of one call; the least there is to do with the features in this engine's form
 */
struct bench_learner_stage {
    const char *name;
    enum bench_unit unit;
    stopwatch_fn prepare;
    stopwatch_fn work;
};
extern const struct bench_learner_stage bench_learner_stages[BENCH_LEARNER_STAGES];
struct bench_work bench_learner_work(size_t stage, enum lattn_engine engine, int32_t d, int32_t m);

#endif
