#include <lattn/limits.h>
#include <lattn/model.h>

#include "base/memory.h"
#include "base/random.h"
#include "support/approx.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

enum { D = 3, M = 2, H = 2, N = 5, P = 18 };

static struct lattn_model *model_random(uint64_t seed, int32_t bias)
{
    struct random random = {.state = seed};
    struct lattn_model *model = NULL;

    cr_assert_eq(lattn_model_open(&model, D, M, H), LATTN_OK);
    model->bias = bias;
    random_normals(&random, model->V, H * M * D);
    random_normals(&random, model->Q, H * D * D);
    return model;
}

/* Coordinate j of token t, the bias in front. */
static long double token_of(const double *z, int32_t bias, int t, int j)
{
    return bias && j == 0 ? 1 : z[t * (D - bias) + j - bias];
}

/* sum_h V_h Z Z' Q_h z by the formula. */
static long double apply_literal(const struct lattn_model *model, const double *z, int a)
{
    long double y = 0;

    for (int h = 0; h < H; h++)
        for (int j = 0; j < D; j++)
            for (int k = 0; k < D; k++)
                for (int l = 0; l < D; l++)
                    for (int t = 0; t < N; t++)
                        y += (long double)model->V[(h * M + a) * D + j] *
                             token_of(z, model->bias, t, j) * token_of(z, model->bias, t, k) *
                             model->Q[(h * D + k) * D + l] * token_of(z, model->bias, N - 1, l);
    return y;
}

Test(model, counts_features)
{
    cr_expect_eq(lattn_features(4), 40);
    cr_expect_eq(lattn_features(8), 288);
    cr_expect_eq(lattn_features(LATTN_DIM_MAX), 8421376);
    cr_expect_eq(lattn_features(0), 0);
    cr_expect_eq(lattn_features(-1), 0);
    cr_expect_eq(lattn_features(LATTN_DIM_MAX + 1), 0);
}

Test(model, needs_a_head_for_each_row_or_column_at_most)
{
    cr_expect_eq(lattn_heads_max(4, 1), 4);
    cr_expect_eq(lattn_heads_max(4, 3), 12);
    cr_expect_eq(lattn_heads_max(4, 4), 16);
    cr_expect_eq(lattn_heads_max(4, 100), 16);
    cr_expect_eq(lattn_heads_max(0, 4), 0);
    cr_expect_eq(lattn_heads_max(4, 0), 0);
}

Test(model, refuses_sizes_outside_the_limits)
{
    struct lattn_model *model = NULL;

    cr_expect_eq(lattn_model_open(&model, 0, 1, 1), LATTN_RANGE);
    cr_expect_eq(lattn_model_open(&model, LATTN_DIM_MAX + 1, 1, 1), LATTN_RANGE);
    cr_expect_eq(lattn_model_open(&model, 1, 0, 1), LATTN_RANGE);
    cr_expect_eq(lattn_model_open(&model, 1, LATTN_OUTPUTS_MAX + 1, 1), LATTN_RANGE);
    cr_expect_eq(lattn_model_open(&model, 1, 1, -1), LATTN_RANGE);
    cr_expect_null(model);
    lattn_model_close(&model);
}

Test(model, applies_the_formula_with_and_without_bias)
{
    for (int32_t bias = 0; bias <= 1; bias++) {
        struct lattn_model *model = model_random(1, bias);
        struct random random = {.state = 2};
        double z[N * D], y[M];

        random_normals(&random, z, N * D);
        lattn_model_apply(model, z, N, y);
        for (int a = 0; a < M; a++)
            cr_expect_float_eq(y[a], (double)apply_literal(model, z, a), approx_sum(N * D, 500));
        lattn_model_close(&model);
    }
}

Test(model, steps_say_what_is_said_of_each_prefix)
{
    for (int32_t bias = 0; bias <= 1; bias++) {
        struct lattn_model *model = model_random(7, bias);
        struct random random = {.state = 8};
        double z[N * D], sums[D * D] = {0}, y[M], want[M];

        random_normals(&random, z, N * D);
        for (int t = 0; t < N; t++) {
            int is_asked = t != 1;

            lattn_model_step(model, z + t * (D - bias), sums, is_asked ? y : NULL);
            lattn_model_apply(model, z, t + 1, want);
            for (int a = 0; is_asked && a < M; a++)
                cr_expect_float_eq(y[a], want[a], approx_sum(N * D, 500), "token %d", t);
        }
        lattn_model_close(&model);
    }
}

Test(model, coefficients_are_the_function)
{
    struct lattn_model *model = model_random(3, 0);
    struct random random = {.state = 4};
    double z[N * D], coef[M * P];

    random_normals(&random, z, N * D);
    lattn_model_coef(model, coef);
    for (int a = 0; a < M; a++) {
        long double y = 0;
        int i = a * P;

        for (int j = 0; j < D; j++)
            for (int k = j; k < D; k++) {
                long double s = 0;

                for (int t = 0; t < N; t++)
                    s += (long double)z[t * D + j] * z[t * D + k];
                for (int l = 0; l < D; l++)
                    y += coef[i++] * s * z[(N - 1) * D + l];
            }
        cr_expect_float_eq((double)y, (double)apply_literal(model, z, a), approx_sum(N * D, 500));
    }
    lattn_model_close(&model);
}

Test(model, distance_is_that_of_the_functions)
{
    struct lattn_model *a = model_random(5, 0), *b = model_random(5, 0);
    double absolute, relative;

    /* The same function in other clothes: heads swapped, V halved and Q doubled. */
    for (int i = 0; i < M * D; i++) {
        b->V[i] = a->V[M * D + i] / 2;
        b->V[M * D + i] = a->V[i];
    }
    for (int i = 0; i < D * D; i++) {
        b->Q[i] = a->Q[D * D + i] * 2;
        b->Q[D * D + i] = a->Q[i];
    }
    cr_assert_eq(lattn_model_distance(a, b, &absolute, &relative), LATTN_OK);
    cr_expect_lt(relative, approx_sum(H, 1));
    for (int i = 0; i < H * M * D; i++)
        b->V[i] = 0;
    cr_assert_eq(lattn_model_distance(a, b, &absolute, &relative), LATTN_OK);
    cr_expect_eq(relative, 1);
    cr_assert_eq(lattn_model_distance(b, b, &absolute, &relative), LATTN_OK);
    cr_expect_eq(absolute, 0);
    cr_expect_eq(relative, 0, "two zeros are equal, not undefined");
    lattn_model_close(&a);
    lattn_model_close(&b);
}

Test(model, distance_of_other_shapes_is_refused)
{
    struct lattn_model *a = model_random(6, 0), *b = NULL;
    double absolute = -1, relative = -1;

    cr_assert_eq(lattn_model_open(&b, D, M + 1, 1), LATTN_OK);
    cr_expect_eq(lattn_model_distance(a, b, &absolute, &relative), LATTN_SHAPE);
    lattn_model_close(&b);
    cr_assert_eq(lattn_model_open(&b, D + 1, M, 1), LATTN_OK);
    cr_expect_eq(lattn_model_distance(a, b, &absolute, &relative), LATTN_SHAPE);
    cr_expect_eq(absolute, -1);
    for (uint64_t k = 1; k <= 2; k++) {
        memory_fail(k, 0);
        cr_expect_eq(lattn_model_distance(a, a, &absolute, &relative), LATTN_NO_MEMORY);
        cr_expect_eq(absolute, -1);
    }
    memory_fail(0, 0);
    lattn_model_close(&a);
    lattn_model_close(&b);
    lattn_model_close(&b);
}

static void expect_round(struct lattn_model *model, const double *y, const double *want)
{
    double rounded[8];

    for (int i = 0; i < model->m; i++)
        rounded[i] = y[i];
    lattn_model_round(model, rounded);
    for (int i = 0; i < model->m; i++)
        cr_expect_eq(rounded[i], want[i], "bias %d, output %d: %g", model->bias, i, rounded[i]);
}

static void block_add(struct lattn_model *model, const char *name, int32_t start, int32_t size)
{
    struct lattn_block block = {.start = start, .size = size};

    snprintf(block.name, sizeof block.name, "%s", name);
    cr_assert_eq(lattn_names_block(&model->names, &block), LATTN_OK);
}

/* 1 at the first largest entry of each block, or nothing; what is in no block stays. */
Test(model, rounds_by_blocks)
{
    struct lattn_model *model;

    cr_assert_eq(lattn_model_open(&model, 8, 8, 0), LATTN_OK);
    cr_assert_eq(lattn_names_extend(&model->names, 8, 8), LATTN_OK);
    block_add(model, "two", 0, 2);
    block_add(model, "three", 2, 3);
    block_add(model, "one", 6, 1);
    expect_round(model, (double[]){0.1, 0.9, 2, 2, -3, 0.3, 0.5, 1.5},
                 (double[]){0, 1, 1, 0, 0, 0.3, 1, 1.5});
    expect_round(model, (double[]){0.49, 0.4, -1, -2, 0.6, -0.3, NAN, 0},
                 (double[]){0, 0, 0, 0, 1, -0.3, 0, 0});
    lattn_model_close(&model);
}

/* Coordinate 0 is no output then. */
Test(model, rounds_outputs_behind_the_bias)
{
    struct lattn_model *model;

    cr_assert_eq(lattn_model_open(&model, 6, 5, 0), LATTN_OK);
    cr_assert_eq(lattn_names_extend(&model->names, 6, 5), LATTN_OK);
    model->bias = 1;
    block_add(model, "whole", 0, 1);
    block_add(model, "half", 0, 3);
    block_add(model, "behind", 3, 2);
    expect_round(model, (double[]){0.6, 0.7, 0.9, 0.8, 0.7}, (double[]){0, 1, 1, 0, 0.7});
    lattn_model_close(&model);
}
