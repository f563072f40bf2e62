#include <lattn/query.h>

#include "base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D_MAX = 9, N_MAX = 6, M_MAX = 3, WIDTH_MAX = 5 };

/* Token j of what head h attends to, by definition. */
static long double attended(const struct lattn_attention *layer, int32_t h, const double *x,
                            int32_t n, int32_t j)
{
    int32_t d = layer->d;
    long double sum = 0, weighted = 0;

    for (int32_t t = 0; t < n; t++) {
        long double score = 0, weight;

        for (int32_t a = 0; a < d; a++)
            for (int32_t b = 0; b < d; b++)
                score +=
                    (long double)x[t * d + a] * layer->W[(h * d + a) * d + b] * x[(n - 1) * d + b];
        weight = expl(score);
        sum += weight;
        weighted += weight * x[t * d + j];
    }
    return weighted / sum;
}

static long double said(const struct lattn_attention *layer, const double *x, int32_t n, int32_t a)
{
    long double sum = 0;

    for (int32_t h = 0; h < layer->heads; h++)
        for (int32_t j = 0; j < layer->d; j++)
            sum += layer->V[(h * layer->m + a) * layer->d + j] * attended(layer, h, x, n, j);
    return sum;
}

static long double network_said(const struct lattn_attention *layer, const double *x, int32_t n)
{
    const struct lattn_network *network = layer->network;
    long double sum = network->q;

    for (int32_t j = 0; j < layer->d; j++)
        sum += network->p[j] * attended(layer, 0, x, n, j);
    for (int32_t k = 0; k < network->width; k++) {
        long double z = network->c[k];

        for (int32_t j = 0; j < layer->d; j++)
            z += network->J[k * layer->d + j] * attended(layer, 0, x, n, j);
        sum += network->s[k] * (z > 0 ? z : 0);
    }
    return sum;
}

Test(attention, applies_as_it_is_defined)
{
    struct random random = {1};

    for (int32_t d = 1; d <= D_MAX; d++)
        for (int32_t m = 1; m <= M_MAX; m++)
            for (int32_t n = 1; n <= N_MAX; n++) {
                struct lattn_attention *layer;
                double x[N_MAX * D_MAX], y[M_MAX];

                cr_assert_eq(lattn_attention_open(&layer, d, m, 1 + n % 3), LATTN_OK);
                random_normals(&random, layer->W, (int64_t)layer->heads * d * d);
                random_normals(&random, layer->V, (int64_t)layer->heads * m * d);
                random_normals(&random, x, (int64_t)n * d);
                lattn_attention_apply(layer, x, n, y);
                for (int32_t a = 0; a < m; a++)
                    cr_expect_float_eq(y[a], (double)said(layer, x, n, a), 1e-13 * d * d);
                lattn_attention_close(&layer);
                cr_expect_null(layer);
            }
}

Test(attention, puts_a_network_behind_its_head)
{
    struct random random = {2};

    for (int32_t width = 0; width <= WIDTH_MAX; width++)
        for (int32_t n = 1; n <= N_MAX; n++) {
            struct lattn_attention *layer;
            double x[N_MAX * D_MAX], y;

            cr_assert_eq(lattn_attention_open_network(&layer, D_MAX, width), LATTN_OK);
            cr_expect_null(layer->V);
            cr_expect_eq(layer->m, 1);
            random_normals(&random, layer->W, (int64_t)D_MAX * D_MAX);
            random_normals(&random, layer->network->J, (int64_t)width * D_MAX);
            random_normals(&random, layer->network->c, width);
            random_normals(&random, layer->network->p, D_MAX);
            for (int32_t k = 0; k < width; k++)
                layer->network->s[k] = k % 2 ? -1 : 1;
            layer->network->q = 0.5;
            random_normals(&random, x, (int64_t)n * D_MAX);
            lattn_attention_apply(layer, x, n, &y);
            cr_expect_float_eq(y, (double)network_said(layer, x, n), 1e-11);
            lattn_attention_close(&layer);
        }
}

/* Scores whose exponentials overflow: the largest token takes all. */
Test(attention, does_not_overflow)
{
    double x[3] = {-1e4, 1e4, 1e4 - 1}, y;
    struct lattn_attention *layer;

    cr_assert_eq(lattn_attention_open(&layer, 1, 1, 1), LATTN_OK);
    layer->W[0] = 1;
    layer->V[0] = 1;
    lattn_attention_apply(layer, x, 3, &y);
    cr_expect_float_eq(y, 1e4, 1e-9);
    lattn_attention_close(&layer);
}

Test(attention, is_of_sizes_within_limits)
{
    static const int32_t wrong[][3] = {
        {0, 1, 1}, {LATTN_DIM_MAX + 1, 1, 1}, {1, 0, 1}, {1, LATTN_OUTPUTS_MAX + 1, 1}, {1, 1, 0}};
    struct lattn_attention *layer = NULL;

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        cr_expect_eq(lattn_attention_open(&layer, wrong[i][0], wrong[i][1], wrong[i][2]),
                     LATTN_RANGE);
    cr_expect_eq(lattn_attention_open_network(&layer, 1, -1), LATTN_RANGE);
    cr_expect_null(layer);
    lattn_attention_close(&layer);
}
