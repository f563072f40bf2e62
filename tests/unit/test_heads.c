#include "core/heads.h"

#include "base/memory.h"
#include "base/random.h"
#include "core/dense.h"
#include "support/approx.h"

#include <criterion/criterion.h>
#include <math.h>

enum { D = 3, M = 2, P = 18 };

static void coef_random(double *coef, uint64_t seed)
{
    struct random random = {.state = seed};

    random_normals(&random, coef, M * P);
}

/* Heads of coefficients in the layout of lattn_model_coef, all features named in order. */
static enum lattn_status heads_of(const double *coef, int32_t heads_max, struct lattn_model **model)
{
    struct feature features[P];
    double weights[P * M];
    const struct coefficients coefficients = {D, M, P, features, weights};
    int32_t i = 0;

    for (uint16_t j = 0; j < D; j++)
        for (uint16_t k = j; k < D; k++)
            for (uint16_t l = 0; l < D; l++)
                features[i++] = (struct feature){j, k, l};
    for (i = 0; i < P; i++)
        for (int32_t a = 0; a < M; a++)
            weights[i * M + a] = coef[a * P + i];
    return heads_svd(&coefficients, heads_max, model);
}

static struct lattn_model *heads_make(const double *coef, int32_t heads_max)
{
    struct lattn_model *model = NULL;

    cr_assert_eq(heads_of(coef, heads_max, &model), LATTN_OK);
    return model;
}

/* |coef(heads) - coef| / |coef| by the definition. */
static double residual_of(const struct lattn_model *model, const double *coef)
{
    double back[M * P];

    lattn_model_coef(model, back);
    dense_add(M * P, -1, coef, back);
    return dense_norm(M * P, back) / dense_norm(M * P, coef);
}

Test(heads, give_the_coefficients_back)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        double coef[M * P], back[M * P];
        struct lattn_model *model;

        coef_random(coef, seed);
        model = heads_make(coef, 0);
        lattn_model_coef(model, back);
        for (int i = 0; i < M * P; i++)
            cr_expect_float_eq(back[i], coef[i], approx_sum(D * D, 4));
        cr_expect_leq(model->heads, M * D);
        cr_expect_lt(model->residual, approx_sum(D * D, 1));
        lattn_model_close(&model);
    }
}

Test(heads, are_in_canonical_form)
{
    double coef[M * P];
    struct lattn_model *model;

    coef_random(coef, 99);
    model = heads_make(coef, 0);
    for (int32_t h = 0; h < model->heads; h++) {
        const double *V = model->V + h * M * D, *Q = model->Q + h * D * D;
        double largest = 0;

        cr_expect(h == 0 || model->sigma[h] <= model->sigma[h - 1]);
        cr_expect_float_eq(dense_dot(M * D, V, V), model->sigma[h], approx_sum(D * D, 8));
        cr_expect_float_eq(dense_dot(D * D, Q, Q), model->sigma[h], approx_sum(D * D, 8));
        for (int i = 0; i < M * D; i++)
            if (fabs(V[i]) > fabs(largest))
                largest = V[i];
        cr_expect_gt(largest, 0);
        for (int32_t g = 0; g < h; g++) {
            cr_expect_float_eq(dense_dot(M * D, V, model->V + g * M * D), 0, approx_sum(D * D, 8));
            cr_expect_float_eq(dense_dot(D * D, Q, model->Q + g * D * D), 0, approx_sum(D * D, 8));
        }
    }
    lattn_model_close(&model);
}

Test(heads, of_a_zero_solution_are_none)
{
    const double coef[M * P] = {0};
    struct lattn_model *model = heads_make(coef, 0);
    const double z[2 * D] = {1, 2, 3, 4, 5, 6};
    double y[M] = {7, 7};

    cr_expect_eq(model->heads, 0);
    cr_expect_eq(model->residual, 0);
    lattn_model_apply(model, z, 2, y);
    cr_expect_eq(y[0], 0);
    cr_expect_eq(y[1], 0);
    lattn_model_close(&model);
}

Test(heads, of_few_features_in_any_order_are_those_of_all)
{
    const struct feature features[] = {{1, 2, 0}, {0, 0, 2}, {0, 2, 1}};
    const double weights[] = {3, -1, 0.5, 2, 0, 4};
    const struct coefficients coefficients = {D, M, 3, features, weights};
    double coef[M * P] = {0}, back[M * P];
    struct lattn_model *model = NULL;

    for (int i = 0; i < 3; i++)
        for (int a = 0; a < M; a++)
            coef[a * P + feature_index(D, features[i])] = weights[i * M + a];
    cr_assert_eq(heads_svd(&coefficients, 0, &model), LATTN_OK);
    lattn_model_coef(model, back);
    for (int i = 0; i < M * P; i++)
        cr_expect_float_eq(back[i], coef[i], approx_sum(D * D, 8));
    lattn_model_close(&model);
}

Test(heads, of_no_feature_are_none)
{
    const struct coefficients coefficients = {.d = D, .m = M};
    struct lattn_model *model = NULL;

    cr_assert_eq(heads_svd(&coefficients, 0, &model), LATTN_OK);
    cr_expect_eq(model->heads, 0);
    lattn_model_close(&model);
}

Test(heads, fewer_of_them_leave_what_the_others_carried)
{
    double coef[M * P], last = 0;
    struct lattn_model *all;

    coef_random(coef, 5);
    all = heads_make(coef, 0);
    for (int32_t count = all->heads; count >= 1; count--) {
        struct lattn_model *model = heads_make(coef, count);

        cr_expect_eq(model->heads, count);
        cr_expect_float_eq(model->residual, residual_of(model, coef), 1e-12);
        cr_expect_geq(model->residual, last - 1e-12);
        cr_expect_lt(model->residual, 1);
        last = model->residual;
        lattn_model_close(&model);
    }
    cr_expect_gt(last, 0.01);
    lattn_model_close(&all);
}

Test(heads, one_nonzero_coefficient_is_few_heads)
{
    for (int i = 0; i < M * P; i++) {
        double coef[M * P] = {0}, back[M * P];
        struct lattn_model *model;

        coef[i] = -2;
        model = heads_make(coef, 0);
        cr_expect_leq(model->heads, 2);
        lattn_model_coef(model, back);
        for (int j = 0; j < M * P; j++)
            cr_expect_float_eq(back[j], coef[j], 1e-14);
        lattn_model_close(&model);
    }
}

Test(heads, without_memory_nothing_is_given)
{
    double coef[M * P];

    coef_random(coef, 6);
    for (uint64_t k = 1;; k++) {
        struct lattn_model *model = NULL;
        enum lattn_status status;

        memory_fail(k, 0);
        status = heads_of(coef, 0, &model);
        if (!memory_failed()) {
            cr_expect_eq(status, LATTN_OK);
            lattn_model_close(&model);
            break;
        }
        cr_expect_eq(status, LATTN_NO_MEMORY);
        cr_expect_null(model);
    }
    memory_fail(0, 0);
}
