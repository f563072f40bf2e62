#include "core/view.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/layer.h"
#include "core/whitening.h"

#include <string.h>

/* S is symmetric in b and c: twice the Gram matrix of mode b, and that of mode e. */
static void moment_sum(int32_t d, int32_t m, const double *S, double *ret_moment)
{
    int32_t rest = m * d * d;
    size_t n = (size_t)d;

    dense_multiply_rows(d, d, rest, 2, S, (size_t)rest, S, (size_t)rest, 0, ret_moment, n);
    dense_multiply(DENSE_TRANSPOSED, d, d, rest, 1, S, n, S, n, 1, ret_moment, n);
}

enum lattn_status view_init(struct view *view, int32_t d, int32_t m, const double *S)
{
    size_t square = (size_t)d * (size_t)d;
    int32_t length = layer_tensor_length(d, m);
    double *moment = memory_raw(2 * square, sizeof *moment);
    enum lattn_status status = LATTN_NO_MEMORY;

    *view = (struct view){
        .S = memory_raw((size_t)length, sizeof *view->S),
        .A = memory_raw(2 * square, sizeof *view->A),
    };
    if (moment != NULL && view->S != NULL && view->A != NULL) {
        double *C = moment + square;

        view->inverse = view->A + square;
        moment_sum(d, m, S, moment);
        /* A'moment A = 1 for A = C^-T, and A^-1 = C'. */
        whitening_make(d, moment, C, view->inverse, view->A);
        for (size_t i = 0; i < square; i++)
            view->inverse[i] = C[i % (size_t)d * (size_t)d + i / (size_t)d];
        memcpy(view->S, S, (size_t)length * sizeof *S);
        status = layer_tensor_transform(d, m, view->A, view->S);
        view->size = dense_norm(length, view->S);
    }
    memory_release(moment);
    if (status != LATTN_OK)
        view_done(view);
    return status;
}

void view_done(struct view *view)
{
    memory_release(view->S);
    memory_release(view->A);
    *view = (struct view){0};
}
