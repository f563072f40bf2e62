#ifndef CORE_VIEW_H
#define CORE_VIEW_H

#include <lattn/status.h>

#include <stdint.h>

/*
 * S in coordinates of its own, Z = A Z^, in which the Gram matrices of its modes b, c and e add up
 * to the unit matrix. Where tokens differ in scale, coordinates of unit covariance make the entries
 * of heads differ by the cube of that; here they are even.
 *
 * S  d x m x d x d, size  |S|;   A, inverse  d x d: from here, and to here
 */
struct view {
    double *S;
    double size;
    double *A;
    double *inverse;
};

/* S is copied. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status view_init(struct view *view, int32_t d, int32_t m, const double *S);
void view_done(struct view *view);

#endif
