/* A vector of features, seen as q x d, is turned by a triangle from either side. */
#include "solve/frame.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/even.h"

#include <string.h>

static int is_diagonal(int32_t n, const double *a)
{
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = 0; j < i; j++)
            if (a[i * n + j] != 0)
                return 0;
    return 1;
}

int frame_is_plain(int32_t d, const double *A, const double *B)
{
    return is_diagonal(d, A) && is_diagonal(d, B);
}

enum lattn_status frame_open(struct frame *frame, int32_t d, const double *A, const double *B)
{
    size_t square = (size_t)d * (size_t)d;
    size_t q = (size_t)d * (size_t)(d + 1) / 2;

    *frame = (struct frame){
        .d = d,
        .q = (int32_t)q,
        .is_plain = frame_is_plain(d, A, B),
        .A = memory_raw(4 * square + 2 * q * q, sizeof(double)),
    };
    if (frame->A == NULL)
        return LATTN_NO_MEMORY;
    frame->B = frame->A + square;
    frame->C = frame->B + square;
    frame->B_inverse = frame->C + square;
    frame->lift = frame->B_inverse + square;
    frame->drop = frame->lift + q * q;
    memcpy(frame->A, A, square * sizeof *A);
    memcpy(frame->B, B, square * sizeof *B);
    even_invert(d, A, frame->C);
    even_invert(d, B, frame->B_inverse);
    even_lift(d, A, frame->lift);
    even_lift(d, frame->C, frame->drop);
    return LATTN_OK;
}

void frame_close(struct frame *frame)
{
    memory_release(frame->A);
    *frame = (struct frame){0};
}

void frame_apply(const struct frame *frame, enum frame_turn turn, double *x)
{
    int is_in = turn == FRAME_IN || turn == FRAME_IN_TRANSPOSED;
    int is_straight = turn == FRAME_IN || turn == FRAME_OUT;
    size_t q = (size_t)frame->q, d = (size_t)frame->d;

    dense_triangle_multiply_many(is_straight ? DENSE_TRANSPOSED : DENSE_PLAIN, frame->q, frame->d,
                                 is_in ? frame->lift : frame->drop, q, x, d);
    dense_triangle_multiply_rows(DENSE_LOWER, is_straight ? DENSE_TRANSPOSED : DENSE_PLAIN,
                                 frame->q, frame->d, is_in ? frame->B : frame->B_inverse, d, x, d);
}
