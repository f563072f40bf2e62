#ifndef SOLVE_FRAME_H
#define SOLVE_FRAME_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * The even coordinates in which moments are summed (core/moment.h): phi~ = K phi with
 * K = S2(A) (x) B, A and B lower triangular.
 *
 * A, B        d x d;   C = A^-1
 * lift, drop  q x q: S2(A)' and S2(A^-1)';   B_inverse  d x d
 * is_plain    A and B are diagonal: coordinates are only scaled
 */
struct frame {
    int32_t d;
    int32_t q;
    int is_plain;
    double *A;
    double *B;
    double *C;
    double *B_inverse;
    double *lift;
    double *drop;
};

/* A and B are copied. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status frame_open(struct frame *frame, int32_t d, const double *A, const double *B);
void frame_close(struct frame *frame);

/* Are both matrices diagonal? */
int frame_is_plain(int32_t d, const double *A, const double *B);

/*
 * x = K x, K' x, K^-1 x or K^-T x, for a vector of p = q d features.
 */
enum frame_turn { FRAME_IN, FRAME_IN_TRANSPOSED, FRAME_OUT, FRAME_OUT_TRANSPOSED };
void frame_apply(const struct frame *frame, enum frame_turn turn, double *x);

#endif
