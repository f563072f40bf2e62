#ifndef SUPPORT_ASKING_H
#define SUPPORT_ASKING_H

#include "query/conditions.h"
#include "query/oracle.h"
#include "support/blackbox.h"

/*
 * A black box under conditions that a probe would have found: what a learner is given. What cannot
 * be allocated fails the running test.
 */
struct asking {
    struct oracle oracle;
    struct conditions conditions;
    struct random random;
};

/*
 * Conditions follow from the box: norm 2^10, 2^20 where it rounds to decimals, or its cap; scale is
 * not told.
 */
void asking_init(struct asking *asking, const struct blackbox *box);
void asking_done(struct asking *asking);

/* The largest Euclidean norm of a column of the box's first W. */
double asking_scale(const struct blackbox *box);

/* Relative error of the first W. */
double asking_distance(const struct blackbox *box, const struct lattn_attention *found);

/* Root of the mean square of (true error / error bar), over all entries of W, and of V. */
double asking_bars(const struct blackbox *box, const struct lattn_attention *found);
double asking_value_bars(const struct blackbox *box, const struct lattn_attention *found);

#endif
