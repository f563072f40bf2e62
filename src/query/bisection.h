#ifndef QUERY_BISECTION_H
#define QUERY_BISECTION_H

#include "query/oracle.h"

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Many numbers at once from answers that are 0 or 1: for each item there is a line of questions
 * along which the label changes, and all of them are halved in lock step, so that every call asks
 * one question of each.
 */

/* Write the question of an item at a place on its line: n x d numbers. */
typedef void (*bisection_write_fn)(const void *items, size_t item, double at, double *ret_x);

/*
 * n        tokens of a question
 * reached  the label, 0 or 1, behind the change
 * items    given to write
 */
struct bisection {
    struct oracle *oracle;
    int32_t n;
    double reached;
    bisection_write_fn write;
    const void *items;
    double *x;
    double *labels;
};

/*
 * oracle  kept until bisection_done; m = 1
 * items   kept likewise; may be set anew
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status bisection_init(struct bisection *bisection, struct oracle *oracle, int32_t n,
                                 bisection_write_fn write, const void *items);
/* Release; accepts what bisection_init refused. */
void bisection_done(struct bisection *bisection);

/* Halvings until a place is known as exactly as arithmetic of this epsilon holds it. */
int32_t bisection_steps(double epsilon);

/*
 * Ask items first .. first + count - 1.
 *
 * at           in   count places
 * ret_reached  out  count, 0 or 1
 *
 * Returns LATTN_OK; LATTN_NO_CONVERGENCE where an answer is no label; or as oracle_ask.
 */
enum lattn_status bisection_ask(struct bisection *bisection, enum oracle_purpose purpose,
                                size_t first, size_t count, const double *at, uint8_t *ret_reached);

/*
 * Find where labels change, for items 0 .. count - 1, by `steps` questions each (purpose learn).
 *
 * low, high  in/out  count: not reached at low, reached at high; (high - low) 2^-steps on return
 *
 * Returns as bisection_ask, or LATTN_NO_MEMORY.
 */
enum lattn_status bisection_find(struct bisection *bisection, int32_t steps, size_t count,
                                 double *low, double *high);

#endif
