#ifndef SUPPORT_COURSES_H
#define SUPPORT_COURSES_H

#include "base/random.h"

#include <lattn/learner.h>

#include <stdint.h>

/*
 * Courses: endless lessons in blocks of any size, for tests of what a learner becomes. Between
 * them they have dense and sparse tokens, lists of ones, components that meet, names that grow,
 * weights, forgetting, and labels of every kind.
 */
enum {
    COURSE_BLOCK_MAX = 160, /* more than the learner folds at once */
    COURSE_TOKENS_MAX = 6,
    COURSE_DIM_MAX = 12,
    COURSE_OUTPUTS_MAX = 4,
    COURSES = 14
};

struct course {
    int32_t number;
    uint64_t block;
    struct random random;
    struct lattn_learner_settings settings;
    int32_t d; /* without the bias */
    int32_t m;
    struct lattn_item items[COURSE_BLOCK_MAX];
    double z[COURSE_BLOCK_MAX * COURSE_TOKENS_MAX * (COURSE_DIM_MAX + 1)];
    double y[COURSE_BLOCK_MAX * COURSE_TOKENS_MAX * COURSE_OUTPUTS_MAX];
};

/* Begin course number 0 .. COURSES - 1. */
void course_start(struct course *course, int32_t number, uint64_t seed);
const char *course_name(const struct course *course);

/*
 * The next block, borrowed until the next one; it has at least one item.
 *
 * ret_name  out  a coordinate to be named before it, or NULL
 */
struct lattn_batch course_next(struct course *course, const char **ret_name);

/* Let a learner take the block that came last: name, admit and learn. */
void course_teach(struct course *course, struct lattn_batch batch, const char *name,
                  struct lattn_learner *learner);

#endif
