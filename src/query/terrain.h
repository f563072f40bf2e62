#ifndef QUERY_TERRAIN_H
#define QUERY_TERRAIN_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"

#include <stdint.h>

/*
 * What is known of a function f of one token before its insides are: how large it is, and at what
 * norms it bends.
 *
 * zero            f(0)
 * steepness       |f(x) - f(0)| is about steepness |x|
 * roughness       rounding inside the oracle, of terms larger than their sum, per norm of x
 * radius          norm of tokens among which neurons bend
 * is_homogeneous  f(s x) - f(0) = s (f(x) - f(0)), s > 0: no biases, all radii are the same
 */
struct terrain {
    double zero;
    double steepness;
    double roughness;
    double radius;
    int is_homogeneous;
};

/*
 * Look along some rays from zero, at norms that fall from the largest by factors of four.
 *
 * 55 questions, trials. Returns as oracle_ask, or LATTN_NO_MEMORY.
 */
enum lattn_status terrain_survey(struct oracle *oracle, const struct conditions *conditions,
                                 struct random *random, struct terrain *ret_terrain);

/* Typical size of f at this norm. */
double terrain_size(const struct terrain *terrain, double norm);

/* How far the answer to a token of this norm may be off, as one standard deviation. */
double terrain_error(const struct terrain *terrain, const struct conditions *conditions,
                     double norm);

/* The latter over the former at the radius: relative noise. 0 where f is 0. */
double terrain_noise(const struct terrain *terrain, const struct conditions *conditions);

/* A token of this norm in a random direction. */
void terrain_direction(struct random *random, int32_t d, double norm, double *ret_x);

#endif
