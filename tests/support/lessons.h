#ifndef SUPPORT_LESSONS_H
#define SUPPORT_LESSONS_H

#include <lattn/learner.h>

#include <stdint.h>

/* A learner for one test, and items for it. What must succeed is asserted. */
struct lattn_learner *learner_make(struct lattn_learner_settings settings);
struct lattn_learner *learner_default(void);

/* A sequence with one label of weight 1; the arrays are borrowed. */
struct lattn_item item_make(const double *z, int32_t n, int32_t d, const double *y, int32_t m);

/* One item by itself: both steps, or one of them. */
enum lattn_status admit(struct lattn_learner *learner, struct lattn_item item);
void absorb(struct lattn_learner *learner, struct lattn_item item);
void teach(struct lattn_learner *learner, struct lattn_item item);

#endif
