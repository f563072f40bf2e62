#include "core/misfit.h"

#include "base/memory.h"
#include "core/dense.h"

#include <math.h>
#include <string.h>

/* What a handful of calls costs, whatever the sizes, in flops. */
static const double calls_flops = 3e4;

/* What layer_couple costs for each entry besides its product: small blocks are moved one by one. */
static const double couple_flops = 10;

enum lattn_status misfit_init(struct misfit *misfit, const struct layer *layer)
{
    size_t length = (size_t)layer_length(layer);
    size_t n = (size_t)layer->heads * (size_t)layer->d;
    size_t tensor = (size_t)layer_tensor_length(layer->d, layer->m);
    double *memory = memory_raw(tensor + 3 * length + 4 * n * n, sizeof *memory);

    misfit->memory = memory;
    if (memory == NULL)
        return LATTN_NO_MEMORY;
    misfit->tensor = memory;
    misfit->plain = misfit->tensor + tensor;
    misfit->change = misfit->plain + length;
    misfit->image = misfit->change + length;
    misfit->M_P = misfit->image + length;
    misfit->M_Q = misfit->M_P + n * n;
    misfit->couple = misfit->M_Q + n * n;
    misfit->gram = misfit->couple + n * n;
    misfit->ratio = 1;
    misfit->flops = 0;
    return LATTN_OK;
}

void misfit_done(struct misfit *misfit)
{
    memory_release(misfit->memory);
    *misfit = (struct misfit){0};
}

/* Copy a layer into numbers and bring it to plain coordinates. */
static enum lattn_status plain_make(const struct misfit *misfit, const struct layer *layer,
                                    double *ret_numbers, struct layer *ret_plain)
{
    *ret_plain = layer_view(layer, ret_numbers);
    memcpy(ret_numbers, layer->P, (size_t)layer_length(layer) * sizeof *ret_numbers);
    return layer_transform(ret_plain, misfit->metric->inverse);
}

/* ---- f and its gradient -------------------------------------------------------------------- */

enum lattn_status misfit_find(struct misfit *misfit, const struct layer *layer, double *ret_f)
{
    int32_t length = layer_tensor_length(layer->d, layer->m);
    struct layer plain;
    enum lattn_status status;

    misfit->flops += calls_flops + 6.0 * length * (layer->heads + 4);
    if (misfit->metric == NULL) {
        layer_multiply(layer, 1, 0, misfit->tensor);
        layer_symmetrise(layer->d, layer->m, misfit->tensor);
        dense_add(length, -1, misfit->S, misfit->tensor);
        *ret_f = dense_norm(length, misfit->tensor) / misfit->scale;
        return LATTN_OK;
    }
    misfit->flops += metric_flops(misfit->metric);
    status = plain_make(misfit, layer, misfit->change, &plain);
    if (status == LATTN_OK)
        *ret_f = sqrt(metric_compare(misfit->metric, &plain, misfit->tensor)) / misfit->scale;
    return status;
}

static enum lattn_status gradient_find(struct misfit *misfit, const struct layer *layer,
                                       struct layer *gradient)
{
    struct layer plain;
    enum lattn_status status;

    if (misfit->metric == NULL) {
        layer_contract_P(layer, misfit->tensor, gradient->P);
        layer_contract_Q(layer, misfit->tensor, gradient->Q);
        return LATTN_OK;
    }
    status = plain_make(misfit, layer, misfit->plain, &plain);
    if (status != LATTN_OK)
        return status;
    layer_contract_P(&plain, misfit->tensor, gradient->P);
    layer_contract_Q(&plain, misfit->tensor, gradient->Q);
    return layer_transform(gradient, misfit->metric->back);
}

/* ---- J'J ----------------------------------------------------------------------------------- */

static void square_times(int32_t n, int32_t width, const double *M, const double *x, double beta,
                         double *y)
{
    dense_multiply(DENSE_PLAIN, n, width, n, 1, M, (size_t)n, x, (size_t)width, beta, y,
                   (size_t)width);
}

static void curve_plain(struct misfit *misfit, const struct layer *at, const struct layer *change,
                        struct layer *image)
{
    int32_t n = at->heads * at->d;

    square_times(n, at->m, misfit->M_P, change->P, 0, image->P);
    layer_couple(at->d, at->heads, at->d, at->Q, change->Q, misfit->couple, misfit->gram);
    square_times(n, at->m, misfit->couple, at->P, 1, image->P);
    square_times(n, at->d, misfit->M_Q, change->Q, 0, image->Q);
    layer_couple(at->d, at->heads, at->m, at->P, change->P, misfit->couple, misfit->gram);
    square_times(n, at->d, misfit->couple, at->Q, 1, image->Q);
}

/* The change moves T by X (x) Q + P (x) Y; plain coordinates of (P, Q) are there since settling. */
static enum lattn_status curve_weighted(struct misfit *misfit, const struct layer *change,
                                        struct layer *image)
{
    struct layer at = layer_view(change, misfit->plain);
    struct layer moved, left, right;
    enum lattn_status status = plain_make(misfit, change, misfit->change, &moved);

    if (status != LATTN_OK)
        return status;
    left = (struct layer){at.d, at.m, at.heads, moved.P, at.Q};
    right = (struct layer){at.d, at.m, at.heads, at.P, moved.Q};
    layer_multiply(&left, 1, 0, misfit->tensor);
    layer_multiply(&right, 1, 1, misfit->tensor);
    metric_apply(misfit->metric, misfit->tensor);
    layer_contract_P(&at, misfit->tensor, image->P);
    layer_contract_Q(&at, misfit->tensor, image->Q);
    return layer_transform(image, misfit->metric->back);
}

enum lattn_status misfit_curve(struct misfit *misfit, const struct layer *layer,
                               const struct layer *change, struct layer *ret_image)
{
    double n = (double)layer->heads * layer->d;

    misfit->flops += calls_flops;
    if (misfit->metric == NULL) {
        misfit->flops += n * n * (6 * (layer->d + layer->m) + 2 * couple_flops);
        curve_plain(misfit, layer, change, ret_image);
        return LATTN_OK;
    }
    misfit->flops += metric_flops(misfit->metric);
    return curve_weighted(misfit, change, ret_image);
}

/* Along the gradient, g'J'J g with the data's weights over the same without. */
static enum lattn_status ratio_find(struct misfit *misfit, const struct layer *layer,
                                    const struct layer *gradient)
{
    int32_t length = layer_length(layer);
    struct layer image = layer_view(layer, misfit->image);
    double weighted, plain;
    enum lattn_status status = misfit_curve(misfit, layer, gradient, &image);

    if (status != LATTN_OK)
        return status;
    weighted = dense_dot(length, gradient->P, image.P);
    curve_plain(misfit, layer, gradient, &image);
    plain = dense_dot(length, gradient->P, image.P);
    misfit->ratio = plain > 0 ? weighted / plain : 1;
    return LATTN_OK;
}

enum lattn_status misfit_settle(struct misfit *misfit, const struct layer *layer,
                                struct layer *gradient)
{
    enum lattn_status status = gradient_find(misfit, layer, gradient);
    double n = (double)layer->heads * layer->d;

    if (status != LATTN_OK)
        return status;
    misfit->flops += calls_flops + n * n * (2 * (layer->d + layer->m) + 2 * couple_flops);
    layer_couple(layer->d, layer->heads, layer->d, layer->Q, layer->Q, misfit->M_P, misfit->gram);
    layer_couple(layer->d, layer->heads, layer->m, layer->P, layer->P, misfit->M_Q, misfit->gram);
    return misfit->metric == NULL ? LATTN_OK : ratio_find(misfit, layer, gradient);
}
