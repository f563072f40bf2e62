#include "core/canonical.h"

#include "base/random.h"
#include "core/dense.h"
#include "core/layer.h"
#include "support/approx.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D = 4, NUMBERS = 3 * D * (3 + D), P = D * D * (D + 1) / 2 };

static struct layer layer_random(int32_t m, int32_t heads, double *numbers, uint64_t seed)
{
    const struct layer sizes = {.d = D, .m = m, .heads = heads};
    struct random random = {.state = seed};

    random_normals(&random, numbers, layer_length(&sizes));
    return layer_view(&sizes, numbers);
}

static struct lattn_model *canonical_of(struct layer *layer)
{
    struct lattn_model *model;

    cr_assert_eq(lattn_model_open(&model, layer->d, layer->m, layer->heads), LATTN_OK);
    cr_assert_eq(canonical_write(layer, model), LATTN_OK);
    return model;
}

/* The coefficients of the heads as they are. */
static void coef_of(const struct layer *layer, double *ret_coef)
{
    struct lattn_model *model;

    cr_assert_eq(lattn_model_open(&model, layer->d, layer->m, layer->heads), LATTN_OK);
    for (int32_t h = 0; h < layer->heads; h++)
        for (int32_t a = 0; a < layer->m; a++)
            for (int32_t b = 0; b < D; b++)
                model->V[(h * layer->m + a) * D + b] = layer->P[(h * D + b) * layer->m + a];
    memcpy(model->Q, layer->Q, (size_t)(layer->heads * D * D) * sizeof(double));
    lattn_model_coef(model, ret_coef);
    lattn_model_close(&model);
}

static void expect_same_function(int32_t m, int32_t heads, uint64_t seed)
{
    double numbers[NUMBERS], before[3 * P], after[3 * P];
    struct layer layer = layer_random(m, heads, numbers, seed);
    struct lattn_model *model;

    coef_of(&layer, before);
    model = canonical_of(&layer);
    lattn_model_coef(model, after);
    for (int i = 0; i < m * P; i++)
        cr_expect_float_eq(after[i], before[i], approx_sum(D * D * D, 16));
    for (int32_t h = 0; h < heads; h++) {
        double largest = 0;

        cr_expect(h == 0 || model->sigma[h] <= model->sigma[h - 1]);
        for (int i = 0; i < m * D; i++)
            if (fabs(model->V[h * m * D + i]) > fabs(largest))
                largest = model->V[h * m * D + i];
        cr_expect_gt(largest, 0);
    }
    lattn_model_close(&model);
}

Test(canonical, form_computes_the_same)
{
    for (int32_t heads = 1; heads <= 3; heads++) {
        expect_same_function(3, heads, 1);
        expect_same_function(1, heads, 2);
    }
}

/* Two ways to write one function: the second head is mixed into the first, and with one output Q is
 * moved by a part that sym(T) does not see. */
Test(canonical, form_is_one_for_all_ways_to_write_a_function)
{
    for (int32_t m = 1; m <= 3; m += 2) {
        double a[NUMBERS], b[NUMBERS];
        struct layer plain = layer_random(m, 2, a, 3);
        struct layer mixed = layer_random(m, 2, b, 3);
        struct lattn_model *one, *other;

        /* P_0 Q_0 + P_1 Q_1 = (P_0 + 2 P_1) Q_0 + P_1 (Q_1 - 2 Q_0) */
        dense_add(D * m, 2, mixed.P + D * m, mixed.P);
        dense_add(D * D, -2, mixed.Q, mixed.Q + D * D);
        if (m == 1)
            for (int c = 0; c < D; c++)
                for (int e = 0; e < D; e++) {
                    mixed.Q[c * D + e] += mixed.P[D + c] * (e + 1);
                    mixed.Q[D * D + c * D + e] -= mixed.P[c] * (e + 1);
                }
        one = canonical_of(&plain);
        other = canonical_of(&mixed);
        for (int i = 0; i < 2 * m * D; i++)
            cr_expect_float_eq(one->V[i], other->V[i], 1e-11);
        for (int i = 0; i < 2 * D * D; i++)
            cr_expect_float_eq(one->Q[i], other->Q[i], 1e-11);
        lattn_model_close(&one);
        lattn_model_close(&other);
    }
}
