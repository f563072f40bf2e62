/* Layers of softmax attention: made, applied, released. */
#include <lattn/query.h>

#include "base/memory.h"

#include <math.h>
#include <string.h>

static enum lattn_status network_open(struct lattn_network **ret_network, int32_t d, int32_t width)
{
    struct lattn_network *network = memory_zeroed(1, sizeof *network);

    *ret_network = network;
    if (network == NULL)
        return LATTN_NO_MEMORY;
    network->width = width;
    network->J = memory_zeroed((size_t)width * (size_t)d, sizeof(double));
    network->c = memory_zeroed((size_t)width, sizeof(double));
    network->s = memory_zeroed((size_t)width, sizeof(double));
    network->p = memory_zeroed((size_t)d, sizeof(double));
    return network->J == NULL || network->c == NULL || network->s == NULL || network->p == NULL
               ? LATTN_NO_MEMORY
               : LATTN_OK;
}

static void network_close(struct lattn_network *network)
{
    if (network == NULL)
        return;
    memory_release(network->J);
    memory_release(network->c);
    memory_release(network->s);
    memory_release(network->p);
    memory_release(network);
}

/* W and its errors; V and its where has_values. */
static enum lattn_status layer_open(struct lattn_attention **ret_attention, int32_t d, int32_t m,
                                    int32_t heads, int has_values)
{
    size_t weights = (size_t)heads * (size_t)d * (size_t)d;
    size_t values = (size_t)heads * (size_t)m * (size_t)d;
    struct lattn_attention *layer;

    if (d < 1 || d > LATTN_DIM_MAX || m < 1 || m > LATTN_OUTPUTS_MAX || heads < 1)
        return LATTN_RANGE;
    layer = memory_zeroed(1, sizeof *layer);
    if (layer == NULL)
        return LATTN_NO_MEMORY;
    layer->d = d;
    layer->m = m;
    layer->heads = heads;
    layer->W = memory_zeroed(weights, sizeof(double));
    layer->W_error = memory_zeroed(weights, sizeof(double));
    if (has_values) {
        layer->V = memory_zeroed(values, sizeof(double));
        layer->V_error = memory_zeroed(values, sizeof(double));
    }
    if (layer->W == NULL || layer->W_error == NULL ||
        (has_values && (layer->V == NULL || layer->V_error == NULL))) {
        lattn_attention_close(&layer);
        return LATTN_NO_MEMORY;
    }
    *ret_attention = layer;
    return LATTN_OK;
}

enum lattn_status lattn_attention_open(struct lattn_attention **ret_attention, int32_t d, int32_t m,
                                       int32_t heads)
{
    return layer_open(ret_attention, d, m, heads, 1);
}

enum lattn_status lattn_attention_open_network(struct lattn_attention **ret_attention, int32_t d,
                                               int32_t width)
{
    struct lattn_attention *layer;
    enum lattn_status status;

    if (width < 0)
        return LATTN_RANGE;
    status = layer_open(&layer, d, 1, 1, 0);
    if (status != LATTN_OK)
        return status;
    status = network_open(&layer->network, d, width);
    if (status != LATTN_OK)
        lattn_attention_close(&layer);
    else
        *ret_attention = layer;
    return status;
}

void lattn_attention_close(struct lattn_attention **attention)
{
    struct lattn_attention *closed = *attention;

    *attention = NULL;
    if (closed == NULL)
        return;
    memory_release(closed->W);
    memory_release(closed->W_error);
    memory_release(closed->V);
    memory_release(closed->V_error);
    network_close(closed->network);
    memory_release(closed);
}

static double dot(int32_t d, const double *a, const double *b)
{
    double sum = 0;

    for (int32_t j = 0; j < d; j++)
        sum += a[j] * b[j];
    return sum;
}

/*
 * The attended token sum_i alpha_i x_i of one head, in one pass: weights are relative to the
 * largest score so far.
 */
static void attend(int32_t d, const double *W, const double *x, int32_t n, double *ret_token)
{
    const double *last = x + (size_t)(n - 1) * (size_t)d;
    double key[LATTN_DIM_MAX];
    double most = -INFINITY;
    double sum = 0;

    for (int32_t i = 0; i < d; i++)
        key[i] = dot(d, W + (size_t)i * (size_t)d, last);
    memset(ret_token, 0, (size_t)d * sizeof *ret_token);
    for (int32_t t = 0; t < n; t++) {
        const double *token = x + (size_t)t * (size_t)d;
        double score = dot(d, token, key);
        double scale = score > most ? exp(most - score) : 1;
        double weight = score > most ? 1 : exp(score - most);

        sum = sum * scale + weight;
        for (int32_t j = 0; j < d; j++)
            ret_token[j] = ret_token[j] * scale + weight * token[j];
        most = fmax(most, score);
    }
    for (int32_t j = 0; j < d; j++)
        ret_token[j] /= sum;
}

static double network_apply(const struct lattn_network *network, int32_t d, const double *token)
{
    double sum = dot(d, network->p, token) + network->q;

    for (int32_t k = 0; k < network->width; k++) {
        double z = dot(d, network->J + (size_t)k * (size_t)d, token) + network->c[k];

        sum += z > 0 ? network->s[k] * z : 0;
    }
    return sum;
}

void lattn_attention_apply(const struct lattn_attention *attention, const double *x, int32_t n,
                           double *ret_y)
{
    int32_t d = attention->d;
    size_t values = (size_t)attention->m * (size_t)d;
    double token[LATTN_DIM_MAX];

    memset(ret_y, 0, (size_t)attention->m * sizeof *ret_y);
    for (int32_t h = 0; h < attention->heads; h++) {
        attend(d, attention->W + (size_t)h * (size_t)d * (size_t)d, x, n, token);
        if (attention->network != NULL)
            ret_y[0] = network_apply(attention->network, d, token);
        else
            for (int32_t a = 0; a < attention->m; a++)
                ret_y[a] +=
                    dot(d, attention->V + (size_t)h * values + (size_t)a * (size_t)d, token);
    }
}
