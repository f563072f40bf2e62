#ifndef SUPPORT_APPROX_H
#define SUPPORT_APPROX_H

#include <float.h>
#include <math.h>

/*
 * Tolerances of the form  c * dimension * epsilon * scale.
 *
 * The bounds of Higham, Accuracy and Stability of Numerical Algorithms 2e (3.1, 19.3), are linear
 * in the number of operations an entry goes through, with a constant of a few units;
 * APPROX_CONSTANT is that constant with room for the bounds' own small factors. An error in a
 * formula, in a weight or in a row is larger by ten orders of magnitude.
 */
#define APPROX_CONSTANT 8

/* Rounding of a sum of `terms` products whose magnitudes add up to `scale`. */
static inline double approx_sum(double terms, double scale)
{
    return APPROX_CONSTANT * terms * DBL_EPSILON * scale;
}

/*
 * Rounding of a least-squares solution with residuals of no account, relative to its norm: backward
 * error of orthogonal updates of p columns times the condition of the scaled columns (Higham,
 * theorem 20.3).
 */
static inline double approx_solution(double columns, double condition)
{
    return APPROX_CONSTANT * columns * DBL_EPSILON * condition;
}

static inline double approx_error(double got, double want)
{
    return fabs(got - want) / fabs(want);
}

#endif
