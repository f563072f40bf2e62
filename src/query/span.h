#ifndef QUERY_SPAN_H
#define QUERY_SPAN_H

#include <lattn/limits.h>
#include <lattn/status.h>

#include <stdint.h>

/*
 * The span of some columns of W that were read whole, and how others fit into it. Everything is
 * row-major and belongs to whoever asks (crossing.c).
 *
 * frame     d x d: rows u_i by which columns are asked: first 1, 2, ..., d - 1, then 0
 * solver    its LU factors, with pivot
 * readings  d x d: row j holds u_i'W b_j of column j;  errors  d x d: their standard deviations
 * asked     of column j, as many of them
 * columns   d x d: row j is W b_j of the first `rank` columns
 * Q         rank x d: orthonormal rows;  R  rank x rank upper: W b_j = sum_i R_ij q_i
 * scratch   d x d
 */
struct span {
    int32_t d;
    int32_t rank;
    double *frame;
    double *solver;
    int32_t pivot[LATTN_DIM_MAX];
    double *readings;
    double *errors;
    int32_t asked[LATTN_DIM_MAX];
    double *columns;
    double *Q;
    double *R;
    double *scratch;
};

/*
 * A column as a sum of those in the span.
 *
 * y        its coordinates on q_i
 * fits     nothing but errors is left of it
 * is_weak  so little is left that others might show more: in the span it would make errors 32
 *          times as large as they need to be
 */
struct span_fit {
    double y[LATTN_DIM_MAX];
    int fits;
    int is_weak;
};

/* Row j of one of the matrices. */
double *span_row(const struct span *span, double *matrix, int32_t j);

/*
 * Factor the frame, which is regular: solver and pivot. Before any column is taken.
 */
void span_open(struct span *span);

/*
 * Take column `rank`, which was asked in all rows, into the span. Every q_i.v >= 0, so that a
 * direction near q_i sees v.
 *
 * O(d rank^2) flops. Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status span_take(struct span *span, const double *v);

/*
 * Fit column j to what was asked of it, in least squares; asked[j] > rank.
 *
 * O(d rank^2) flops. Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status span_fit(const struct span *span, int32_t j, struct span_fit *ret_fit);

#endif
