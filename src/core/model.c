#include <lattn/limits.h>
#include <lattn/model.h>

#include "base/memory.h"
#include "core/dense.h"
#include "core/feature.h"

#include <assert.h>
#include <math.h>
#include <string.h>

int64_t lattn_features(int32_t d)
{
    return d < 1 || d > LATTN_DIM_MAX ? 0 : feature_count(d);
}

int32_t lattn_heads_max(int32_t d, int32_t m)
{
    return d * (m < d ? m : d);
}

enum lattn_status lattn_model_open(struct lattn_model **ret_model, int32_t d, int32_t m,
                                   int32_t heads)
{
    struct lattn_model *model;

    if (d < 1 || d > LATTN_DIM_MAX || m < 1 || m > LATTN_OUTPUTS_MAX || heads < 0)
        return LATTN_RANGE;
    model = memory_zeroed(1, sizeof *model);
    if (model == NULL)
        return LATTN_NO_MEMORY;
    model->d = d;
    model->m = m;
    model->heads = heads;
    model->V = memory_zeroed((size_t)heads * (size_t)m * (size_t)d, sizeof(double));
    model->Q = memory_zeroed((size_t)heads * (size_t)d * (size_t)d, sizeof(double));
    model->sigma = memory_zeroed((size_t)heads, sizeof(double));
    if (model->V == NULL || model->Q == NULL || model->sigma == NULL) {
        lattn_model_close(&model);
        return LATTN_NO_MEMORY;
    }
    *ret_model = model;
    return LATTN_OK;
}

void lattn_model_close(struct lattn_model **model)
{
    struct lattn_model *closed = *model;

    *model = NULL;
    if (closed == NULL)
        return;
    memory_release(closed->V);
    memory_release(closed->Q);
    memory_release(closed->sigma);
    memory_release(closed->certificate);
    lattn_names_done(&closed->names);
    memory_release(closed);
}

/* One token with the bias in front where the model has one. */
static void token_load(const struct lattn_model *model, const double *z, double *ret_token)
{
    ret_token[0] = 1;
    memcpy(ret_token + model->bias, z, (size_t)(model->d - model->bias) * sizeof *z);
}

/* ret = A x for a row-major A with `rows` rows of d. */
static void rows_times(int32_t rows, int32_t d, const double *a, const double *x, double *ret)
{
    for (int32_t i = 0; i < rows; i++) {
        double sum = 0;

        for (int32_t j = 0; j < d; j++)
            sum += a[(size_t)i * (size_t)d + (size_t)j] * x[j];
        ret[i] = sum;
    }
}

/* ret = Z Z' q, token by token. */
static void attend(const struct lattn_model *model, const double *z, int32_t n, const double *q,
                   double *ret)
{
    int32_t width = model->d - model->bias;
    double token[LATTN_DIM_MAX];

    memset(ret, 0, (size_t)model->d * sizeof *ret);
    for (int32_t t = 0; t < n; t++) {
        double score = 0;

        token_load(model, z + (size_t)t * (size_t)width, token);
        for (int32_t j = 0; j < model->d; j++)
            score += token[j] * q[j];
        for (int32_t j = 0; j < model->d; j++)
            ret[j] += score * token[j];
    }
}

/* What the heads say of a query: after n tokens z, or after those of the sums where z is NULL. */
static void heads_sum(const struct lattn_model *model, const double *query, const double *z,
                      int32_t n, const double *sums, double *ret_y)
{
    int32_t d = model->d;
    double q[LATTN_DIM_MAX], value[LATTN_DIM_MAX], y[LATTN_OUTPUTS_MAX];

    memset(ret_y, 0, (size_t)model->m * sizeof *ret_y);
    for (int32_t h = 0; h < model->heads; h++) {
        rows_times(d, d, model->Q + (size_t)h * (size_t)d * (size_t)d, query, q);
        if (z != NULL)
            attend(model, z, n, q, value);
        else
            rows_times(d, d, sums, q, value);
        rows_times(model->m, d, model->V + (size_t)h * (size_t)model->m * (size_t)d, value, y);
        for (int32_t a = 0; a < model->m; a++)
            ret_y[a] += y[a];
    }
}

void lattn_model_apply(const struct lattn_model *model, const double *z, int32_t n, double *ret_y)
{
    double query[LATTN_DIM_MAX];

    assert(n >= 1);
    token_load(model, z + (size_t)(n - 1) * (size_t)(model->d - model->bias), query);
    heads_sum(model, query, z, n, NULL, ret_y);
}

void lattn_model_step(const struct lattn_model *model, const double *token, double *sums,
                      double *ret_y)
{
    size_t d = (size_t)model->d;
    double query[LATTN_DIM_MAX];

    token_load(model, token, query);
    for (size_t j = 0; j < d; j++)
        for (size_t k = 0; k < d; k++)
            sums[j * d + k] += query[j] * query[k];
    if (ret_y != NULL)
        heads_sum(model, query, NULL, 0, sums, ret_y);
}

static void block_round(double *y, int32_t size)
{
    int32_t largest = 0;
    int is_clear;

    for (int32_t i = 1; i < size; i++)
        largest = y[i] > y[largest] ? i : largest;
    is_clear = y[largest] >= 0.5;
    for (int32_t i = 0; i < size; i++)
        y[i] = is_clear && i == largest ? 1 : 0;
}

void lattn_model_round(const struct lattn_model *model, double *y)
{
    assert(model->m == model->d - model->bias);
    for (int32_t b = 0; b < model->names.blocks_count; b++) {
        const struct lattn_block *block = &model->names.blocks[b];
        /* The bias is no output. */
        int32_t skipped = block->start < model->bias ? model->bias - block->start : 0;

        if (block->size > skipped)
            block_round(y + block->start + skipped - model->bias, block->size - skipped);
    }
}

/* Add V_h[a,:] and Q_h to the coefficients of output a: the symmetric part of their product. */
static void coef_add(int32_t d, const double *V, const double *Q, double *coef)
{
    for (int32_t j = 0; j < d; j++) {
        for (int32_t k = j; k < d; k++, coef += d) {
            const double *Qk = Q + (size_t)k * (size_t)d;
            const double *Qj = Q + (size_t)j * (size_t)d;

            for (int32_t l = 0; l < d; l++)
                coef[l] += j == k ? V[j] * Qj[l] : V[j] * Qk[l] + V[k] * Qj[l];
        }
    }
}

void lattn_model_coef(const struct lattn_model *model, double *ret_coef)
{
    size_t d = (size_t)model->d;
    size_t m = (size_t)model->m;
    size_t p = (size_t)feature_count(model->d);

    memset(ret_coef, 0, m * p * sizeof *ret_coef);
    for (size_t h = 0; h < (size_t)model->heads; h++)
        for (size_t a = 0; a < m; a++)
            coef_add(model->d, model->V + (h * m + a) * d, model->Q + h * d * d, ret_coef + a * p);
}

enum lattn_status lattn_model_distance(const struct lattn_model *a, const struct lattn_model *b,
                                       double *ret_absolute, double *ret_relative)
{
    int32_t count;
    double *coef_a;
    double *coef_b;
    double norm, distance;

    if (a->d != b->d || a->m != b->m)
        return LATTN_SHAPE;
    if (!feature_coef_fits(a->d, a->m))
        return LATTN_NO_MEMORY;
    count = a->m * feature_count(a->d);
    coef_a = memory_raw((size_t)count, sizeof *coef_a);
    coef_b = memory_raw((size_t)count, sizeof *coef_b);
    if (coef_a == NULL || coef_b == NULL) {
        memory_release(coef_a);
        memory_release(coef_b);
        return LATTN_NO_MEMORY;
    }
    lattn_model_coef(a, coef_a);
    lattn_model_coef(b, coef_b);
    norm = dense_norm(count, coef_a);
    dense_add(count, -1, coef_a, coef_b);
    distance = dense_norm(count, coef_b);
    *ret_absolute = distance;
    *ret_relative = distance == 0 ? 0 : distance / norm;
    memory_release(coef_a);
    memory_release(coef_b);
    return LATTN_OK;
}
