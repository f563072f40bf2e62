#ifndef CORE_NULLSPACE_H
#define CORE_NULLSPACE_H

#include <lattn/status.h>

#include <stdint.h>

/*
 * What the rows of a component leave open: a basis N of the null space of A = R D^-1. An input with
 * the features phi is determined when no direction of it sees x = phi / D, that is N'x = 0
 * (README.md, section 3); with A P = Q [R11 R12; 0 0] and T = R11^-1 R12 this is x2 - T'x1.
 *
 * A row that is learned takes away one direction, with w = N'x and a pivot w_j:
 *
 *     N_k <- N_k - (w_k / w_j) N_j,   N_j goes
 *
 * so a row space can follow its rows without a factorisation, in O(columns directions).
 *
 * columns     of the component when the basis was made or widened last
 * directions  columns - rank
 * basis       columns x room row-major, N in its first `directions` columns
 * inverse     columns: 1 / D then; 0 for a column that was never nonzero
 * sigma       no singular value that N goes by was smaller, in these scales, at label row `time` of
 *             the stream; infinite where it goes by none
 */
struct nullspace {
    int32_t columns;
    int32_t directions;
    int32_t room;
    double *basis;
    double *inverse;
    double sigma;
    uint64_t time;
};

/*
 * Make a null space from a pivoted factorisation at its rank.
 *
 * pivot    in   columns: P; not looked at where rank = columns
 * tail     in   rank x (columns - rank) row-major: T
 * inverse  in   columns: 1 / D
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY. Of 0 columns it is that of no rows. sigma is infinite, time
 * 0.
 */
enum lattn_status nullspace_open(struct nullspace **ret_nullspace, int32_t columns, int32_t rank,
                                 const int32_t *pivot, const double *tail, const double *inverse);
void nullspace_close(struct nullspace **nullspace);

/*
 * Let there be more columns, all of them open: they were zero in every row.
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY with nothing changed.
 */
enum lattn_status nullspace_widen(struct nullspace *nullspace, int32_t columns);

/*
 * No singular value that N goes by is smaller in other scales, after more rows: sigma_i(R D+^-1) >=
 * sigma_i(R D^-1) min D/D+.
 *
 * inverse  in  columns: 1 / D+
 * keep     in  what the rows at `time` were multiplied by since
 */
double nullspace_sigma(const struct nullspace *nullspace, const double *inverse, double keep);

/* Is there one of all columns, without directions, and with a larger sigma in these scales? */
int nullspace_is_firm(const struct nullspace *nullspace, int32_t columns, const double *inverse,
                      double sigma_floor);

/*
 * How much of what a direction sees of an input may be rounding?
 *
 * magnitude  in   entry of N'x with all terms positive
 * norm       in   |x|
 */
double nullspace_rounding(double magnitude, double norm);

/*
 * Leave of what directions see only what is more than rounding.
 *
 * magnitude  in      directions
 * norm       in      |x|
 * seen       in/out  directions: N'x; 0 where it is rounding
 *
 * Returns whether anything is left.
 */
int nullspace_sift(int32_t directions, const double *magnitude, double norm, double *seen);

/*
 * Does any direction see more of an input than rounding can explain?
 *
 * count      in       nonzero features: column[i] holds phi[i]
 * magnitude  scratch  directions
 * ret_seen   out      directions: w, 0 where it is rounding; meaningful where anything is seen
 */
int nullspace_sees(const struct nullspace *nullspace, int32_t count, const int32_t *column,
                   const double *phi, double *magnitude, double *ret_seen);

/*
 * Take away what the row behind `seen` adds to the row space; w_j, its pivot, is to be the largest.
 *
 * seen  in, lost  as nullspace_sees gave it
 */
void nullspace_take(struct nullspace *nullspace, double *seen, int32_t j);

#endif
