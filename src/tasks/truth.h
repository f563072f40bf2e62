#ifndef TASKS_TRUTH_H
#define TASKS_TRUTH_H

#include <lattn/model.h>

/*
 * Size the heads and bring the largest to the front, as a model promises; the function that a model
 * computes does not depend on their order.
 */
void truth_order(struct lattn_model *model);

#endif
