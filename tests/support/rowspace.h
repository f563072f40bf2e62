#ifndef SUPPORT_ROWSPACE_H
#define SUPPORT_ROWSPACE_H

#include <stddef.h>

/*
 * Oracle for rank and row space: row-pivoted Gram-Schmidt in long double, each projection twice.
 *
 * basis  rank x columns orthonormal rows
 * least  the last row taken in, and rest the largest of those left, over the first one
 */
struct rowspace {
    size_t columns;
    size_t rank;
    long double *basis;
    long double least;
    long double rest;
};

/*
 * rows  in, lost  count x columns
 * cut   in        rows are taken in while more than cut of the largest one is left of them
 */
void rowspace_init(struct rowspace *rowspace, size_t count, size_t columns, long double *rows,
                   long double cut);
void rowspace_done(struct rowspace *rowspace);

/* The part of x outside the row space, over |x|. */
long double rowspace_distance(const struct rowspace *rowspace, const long double *x);

#endif
