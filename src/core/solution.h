#ifndef CORE_SOLUTION_H
#define CORE_SOLUTION_H

#include "core/component.h"

#include <lattn/status.h>

#include <stdint.h>

/*
 * What follows from a component's R and C at one generation: rank, null space, weights.
 *
 * With A = R D^-1 (columns scaled by their a-priori scales) and a rank cut,
 *
 *     A P = Q [ R11 R12 ]        T = R11^-1 R12,        weights D^-1 A^+ Q'C
 *             [  0   ~0 ]
 *
 * At full rank R itself serves and no factorisation is kept. Of a component that is early the rank
 * is not looked for, and is 0.
 *
 * stamp    of the factor for which the rank was decided (D changes with every pair)
 * rank     columns at full rank
 * pivot    columns; NULL at full rank
 * head     R11, rank x rank row-major
 * tail     T, rank x (columns - rank) row-major
 * target   Q'C, columns x m COLUMN-major: the first rank rows are fitted, the others are residual
 * residual m: squares of those others
 * weights  columns x m row-major: exact; NULL where not made, or where those at hand are exact
 * inverse  1 / D, columns; 0 for a column that was never nonzero
 * time     label row of the stream up to which R had faded
 * is_bound the rank is known to be full still, but sigma_min is a lower bound and sigma_max is old
 */
struct solution {
    uint64_t generation;
    uint64_t stamp;
    uint64_t time;
    int32_t columns;
    int32_t rank;
    int32_t is_bound;
    int32_t *pivot;
    double *head;
    double *tail;
    double *target;
    double *residual;
    double *weights;
    double *inverse;
    double cut;        /* of the rank, absolute; NaN before solution_rank */
    double sigma_max;  /* of A */
    double sigma_min;  /* of A's columns seen; an upper bound where they are deficient */
    double sigma_rank; /* no singular value that the rank counts is smaller; infinite for none */
    double plain_max;  /* of R itself; NaN until asked for */
    double plain_min;
};

void solution_close(struct solution **solution);

/*
 * Find sigma_max of A for a component and keep it with the scales.
 *
 * inverse  in   columns: 1 / D; copied
 * stamp    in   recognises the state of the whole factor
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status solution_open(struct component *component, const double *inverse, uint64_t stamp);

/*
 * Decide the rank: the number of singular values of A above cut. Exact where a gap shows, by a
 * pivoted factorisation bounded on both sides; else all singular values are computed.
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status solution_rank(struct component *component, double cut);

/*
 * Make a solution and decide its rank by this component alone: good enough to predict with, no
 * exact answer.
 *
 * inverse  in   columns: 1 / D; copied
 * cut      in   relative to sigma_max
 */
enum lattn_status solution_begin(struct component *component, const double *inverse, double cut);

/*
 * Is a rank that was full still full, after rows were added and scales grew? R'R only grows, so
 * sigma_min(R/D+) >= sigma_min(R/D) min D/D+; and no column of R/D+ is longer than 1. If so the
 * solution is carried over to the component's generation; costs O(columns) instead of a spectrum.
 *
 * inverse      in   columns: 1 / D+
 * sigma_floor  in   threshold times the square root of all columns of the factor, the largest cut
 *                   possible
 *
 * Returns 1 where that is certain, else 0 with nothing changed. Not for data that fades.
 */
int solution_extend(struct component *component, const double *inverse, double sigma_floor,
                    uint64_t stamp);

/*
 * Let there be the exact weights of the component's generation; the rank must be decided.
 * Deficient: minimum norm in scaled coordinates. ridge > 0 adds ridge sum_c (D_c w_c)^2.
 *
 * The weights at hand stay as they are: who asks what must not show in the progressive loss.
 */
enum lattn_status solution_weights(struct component *component, double ridge);

/* These weights, columns x m row-major; after solution_weights. */
const double *solution_exact(const struct component *component);

/*
 * Squared residuals, m of them, that R and C still hold: a row that rounding alone tells from those
 * before it leaves its label in C, where no weights fit it. They have faded up to solution->time.
 *
 * NULL at full rank, and where the rank of the component's generation is not decided. O(1).
 */
const double *solution_residual(const struct component *component);

/*
 * Is x in the row space of A, and with what leverage?
 *
 * phi           in   columns: the features of an input that belong to this component
 * work          scratch, 3 * columns
 * ret_leverage  out  h = phi' (R'R)^+ phi; meaningful where determined
 *
 * Returns 1 where phi is determined, else 0. Source: README.md, section 3.
 */
int solution_determines(const struct component *component, const double *phi, double *work,
                        double *ret_leverage);

/*
 * What the null directions see of an input, and the same with all terms positive:
 *
 *     seen = x2 - T'x1,    magnitude = |x2| + |T|'|x1|
 *
 * x              in   columns: phi / D, pivoted
 * ret_seen       out  columns - rank; may be x2 itself
 * ret_magnitude  out  columns - rank
 */
void solution_look(const struct solution *solution, const double *x, double *ret_seen,
                   double *ret_magnitude);

#endif
