#ifndef QUERY_CHORD_H
#define QUERY_CHORD_H

#include "base/random.h"
#include "query/terrain.h"

#include <stddef.h>
#include <stdint.h>

/*
 * A chord of the ball of tokens that may be asked,
 *
 *     x(t) = origin + t direction,    |origin| = |direction| = radius,    |t| <= reach
 *
 * and the oracle's answers along it, a function of t.
 */
struct chord {
    struct oracle *oracle;
    const struct conditions *conditions;
    struct terrain terrain;
    double *origin;    /* d */
    double *direction; /* d */
    double reach;
};

/*
 * Draw one that passes near a point.
 *
 * through             in  d: the origin is the point of this direction, at the radius
 * oracle, conditions  in  kept until chord_close
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status chord_open(struct chord *chord, struct oracle *oracle,
                             const struct conditions *conditions, const struct terrain *terrain,
                             const double *through, struct random *random);
/* Release; accepts what chord_open refused, and zeros. */
void chord_close(struct chord *chord);

/* x(t), d numbers. */
void chord_point(const struct chord *chord, double t, double *ret_x);

/* How far the answer to x(t) may be off. */
double chord_error(const struct chord *chord, double t);

/* Ask x(t) for `count` values of t, to learn. Returns as oracle_ask. */
enum lattn_status chord_ask(const struct chord *chord, size_t count, const double *t,
                            double *ret_y);

#endif
