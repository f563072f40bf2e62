#ifndef QUERY_POLES_H
#define QUERY_POLES_H

#include <lattn/query.h>
#include <lattn/status.h>

#include <stdint.h>

/*
 * What heads say about one pair of directions, told apart. With kappa = k1 / k2 copies of two
 * tokens the answer is a sum over heads of
 *
 *     c_h kappa / (kappa + exp(-l_h))
 *
 * a rational function of kappa with a pole at -exp(-l_h): c_h is the head's value of the first
 * token, l_h by how much its score exceeds the other's.
 */

enum { POLES_MAX = LATTN_PROBE_HEADS_MAX, POLES_POINTS_MAX = 2 * POLES_MAX + 1 };

struct poles {
    int32_t count;
    double c[POLES_MAX];
    double l[POLES_MAX];
};

/* Values g of the function; kappa > 0, infinite allowed: there it is the sum of c. */
struct poles_points {
    int32_t count;
    double kappa[POLES_POINTS_MAX];
    double g[POLES_POINTS_MAX];
};

/* What a fit may change. */
enum poles_free { POLES_ALL, POLES_SCORES };

/* The function at kappa. */
double poles_value(const struct poles *poles, double kappa);

/*
 * Fit without a start: the numerator and the denominator by linear least squares, the roots of the
 * denominator, then c. Scores that come out complex are set beside each other.
 *
 * count  in  poles, 2 count <= points->count
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE (of the roots).
 */
enum lattn_status poles_guess(const struct poles_points *points, int32_t count,
                              struct poles *ret_poles);

/*
 * Gauss-Newton from a start near by, which keeps the order of the poles.
 *
 * poles         in/out
 * ret_residual  out  root mean square of what is left
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status poles_refine(const struct poles_points *points, enum poles_free free,
                               struct poles *poles, double *ret_residual);

/*
 * How well the points tell the poles: the smallest singular value of the derivatives by c and l,
 * of points->g as a whole. Small where two scores are near each other or a c is small.
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status poles_sharpness(const struct poles_points *points, const struct poles *poles,
                                  double *ret_sharpness);

#endif
