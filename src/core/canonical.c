#include "core/canonical.h"

#include "base/memory.h"
#include "core/dense.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Q_h = sum_k r_hk Q_k, since P_k = sum_h r_hk times the orthonormal P_h. */
static void queries_turn(const struct layer *layer, const double *r, double *work)
{
    int32_t H = layer->heads;
    int32_t columns = layer->d * layer->d;

    memcpy(work, layer->Q, (size_t)H * (size_t)columns * sizeof *work);
    dense_multiply(DENSE_PLAIN, H, columns, H, 1, r, (size_t)H, work, (size_t)columns, 0, layer->Q,
                   (size_t)columns);
}

/* With q_hk = P_k'Q_h: Q_h += sum_k P_k (q_kh - q_hk)' / 2, which sym(T) does not see. */
static void queries_shorten(const struct layer *layer, double *work)
{
    size_t d = (size_t)layer->d;
    size_t H = (size_t)layer->heads;

    for (size_t h = 0; h < H; h++)
        dense_multiply(DENSE_PLAIN, layer->heads, layer->d, layer->d, 1, layer->P, d,
                       layer->Q + h * d * d, d, 0, work + h * H * d, d);
    for (size_t h = 0; h < H; h++)
        for (size_t k = 0; k < H; k++)
            for (size_t e = 0; e < d; e++) {
                double turn = (work[(k * H + h) * d + e] - work[(h * H + k) * d + e]) / 2;

                for (size_t c = 0; c < d; c++)
                    layer->Q[(h * d + c) * d + e] += layer->P[k * d + c] * turn;
            }
}

static enum lattn_status one_output_fix(struct layer *layer)
{
    size_t d = (size_t)layer->d;
    size_t H = (size_t)layer->heads;
    double *r = memory_raw(H * H + H * d * d, sizeof *r);
    enum lattn_status status;

    assert(layer->heads <= layer->d);
    if (r == NULL)
        return LATTN_NO_MEMORY;
    status = dense_orthonormalise(layer->d, layer->heads, layer->P, r);
    if (status == LATTN_OK) {
        queries_turn(layer, r, r + H * H);
        queries_shorten(layer, r + H * H);
    }
    memory_release(r);
    return status;
}

/* The sign that makes the largest of the numbers positive. */
static double largest_sign(int32_t count, const double *numbers)
{
    double largest = 0;

    for (int32_t i = 0; i < count; i++)
        if (fabs(numbers[i]) > fabs(largest))
            largest = numbers[i];
    return largest < 0 ? -1 : 1;
}

/* V_h = +-P_h', Q_h = +-Q_h */
static void head_write(const struct layer *layer, int32_t head, struct lattn_model *model)
{
    size_t d = (size_t)layer->d;
    size_t m = (size_t)layer->m;
    const double *P = layer->P + (size_t)head * d * m;
    const double *Q = layer->Q + (size_t)head * d * d;
    double *V = model->V + (size_t)head * m * d;
    double sign;

    for (size_t a = 0; a < m; a++)
        for (size_t b = 0; b < d; b++)
            V[a * d + b] = P[b * m + a];
    sign = largest_sign((int32_t)(m * d), V);
    for (size_t i = 0; i < m * d; i++)
        V[i] *= sign;
    for (size_t i = 0; i < d * d; i++)
        model->Q[(size_t)head * d * d + i] = sign * Q[i];
}

enum lattn_status canonical_write(struct layer *layer, struct lattn_model *model)
{
    enum lattn_status status = LATTN_OK;

    assert(model->heads == layer->heads && model->d == layer->d && model->m == layer->m);
    if (layer->m == 1 && layer->heads > 1)
        status = one_output_fix(layer);
    if (status == LATTN_OK)
        status = layer_balance(layer, model->sigma);
    for (int32_t h = 0; status == LATTN_OK && h < layer->heads; h++)
        head_write(layer, h, model);
    return status;
}
