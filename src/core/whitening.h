#ifndef CORE_WHITENING_H
#define CORE_WHITENING_H

#include <stdint.h>

/*
 * Coordinates x = C x~ in which a second moment is the unit matrix:  moment = C C',  C lower
 * triangular; diagonal, of the roots of the moment's diagonal, where it is singular to rounding.
 *
 * moment  in   d x d, symmetric;   C, inverse, back  out  d x d: C, C^-1 and C^-T
 */
void whitening_make(int32_t d, const double *moment, double *C, double *inverse, double *back);

#endif
