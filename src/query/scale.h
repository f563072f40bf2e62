#ifndef QUERY_SCALE_H
#define QUERY_SCALE_H

#include "query/conditions.h"

/*
 * How large two tokens have to be so that logits x'W z come to about one: the product |x| |z| is
 * told, or searched for in trials.
 */

enum {
    SCALE_TRIALS = 6, /* logits of one trial */
    /* Products tried: from the first one to the largest double it is not so many. */
    SCALE_TURNS_MAX = 48
};

/*
 * What the logits of one trial say together.
 *
 * logit     root mean square
 * largest   of their magnitudes
 * error     of a logit near 0, one standard deviation
 * is_rough  all tell their magnitude, if no more: no weight is 0 or 1 within its error
 */
struct scale_trial {
    double logit;
    double largest;
    double error;
    int is_rough;
};

/* The power of two at or below a positive number. */
double scale_power(double number);

/* The product where conditions->scale is told: the logit of a unit vector e_j is 3 at most. */
double scale_told(const struct conditions *conditions);

/* The product of the first trial. */
double scale_first(void);

/*
 * Take the next product.
 *
 * product  in/out  of the trial; then the next, or the one to learn with: at most product_max
 *
 * Returns 1 where it is the one to learn with, 0 where it is to be tried.
 */
int scale_turn(double *product, double product_max, const struct scale_trial *trial);

/*
 * A smaller step for a question with a saturated logit: down to where it comes to between 1/2 and
 * 1; where it is not rough, a long way.
 */
double scale_lower(double step, double logit, int is_rough);

#endif
