/*
 * Linear attention from questions (src/query/README.md, linear attention): the coefficients of
 * random layers, from exactly as many questions, or fewer where heads are few.
 *
 * LATTN_LONG=1 goes up to d = 64, with 20 layers each.
 */
#include "core/dense.h"
#include "query/linear.h"
#include "query/slices.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

TestSuite(query_linear, .init = dense_threads_one);

static int is_long(void)
{
    return getenv("LATTN_LONG") != NULL;
}

/* Coefficients as in lattn_model_coef, from the insides of a box. */
static double *coef_make(const struct blackbox *box)
{
    size_t d = (size_t)box->d, m = (size_t)box->m, at = 0;
    double *coef = blackbox_numbers(m * d * d * (d + 1) / 2);

    for (size_t a = 0; a < m; a++)
        for (size_t j = 0; j < d; j++)
            for (size_t k = j; k < d; k++)
                for (size_t l = 0; l < d; l++, at++)
                    for (size_t h = 0; h < (size_t)box->heads; h++) {
                        const double *V = box->V + (h * m + a) * d;
                        const double *Q = box->W + h * d * d;

                        coef[at] += V[j] * Q[k * d + l];
                        if (j != k)
                            coef[at] += V[k] * Q[j * d + l];
                    }
    return coef;
}

struct case_of {
    int32_t d;
    int32_t m;
    int32_t heads;
    int is_float;
    int32_t decimals;
    int is_sliced;
};

struct result {
    double error;    /* relative, of all coefficients */
    double ratio;    /* root mean square error over the standard deviation told */
    uint64_t learn;  /* questions */
    int32_t heads;   /* found by slices_learn */
    int32_t written; /* of the model */
};

static struct conditions conditions_of(const struct case_of *of)
{
    return (struct conditions){
        .norm = of->decimals > 0 ? 0x1p20 : 0x1p10,
        .length = 8,
        .step = of->decimals > 0 ? pow(10, -of->decimals) : 0,
        .epsilon = of->is_float ? 0x1p-24 : 0x1p-53,
    };
}

static struct result case_run(const struct case_of *of, uint64_t seed)
{
    struct random random = {.state = seed};
    struct lattn_probe_settings settings = {0};
    struct conditions conditions = conditions_of(of);
    struct lattn_model *model = NULL;
    struct blackbox box;
    struct oracle oracle;
    struct result result = {0};
    double error = 0;
    size_t count;
    double *want, *got;

    blackbox_init(&box, of->d, of->m, of->heads, &random);
    box.is_linear = 1;
    box.is_float = of->is_float;
    box.decimals = of->decimals > 0 ? of->decimals : -1;
    cr_assert_eq(oracle_init(&oracle, &box.oracle, &settings), LATTN_OK);
    cr_assert_eq(of->is_sliced
                     ? slices_learn(&oracle, &conditions, &random, &model, &error, &result.heads)
                     : linear_learn(&oracle, &conditions, &model, &error),
                 LATTN_OK, "%s", oracle.complaint.text);
    cr_assert_eq(oracle.counts.trial + oracle.counts.verify, 0);
    cr_expect_leq(oracle.norm, conditions.norm);
    result.learn = oracle.counts.learn;
    result.written = model->heads;
    count = (size_t)linear_count(of->d) * (size_t)of->m;
    want = coef_make(&box);
    got = blackbox_numbers(count);
    lattn_model_coef(model, got);
    result.error = blackbox_distance(count, got, want);
    result.ratio = result.error * dense_norm((int32_t)count, want) / sqrt((double)count) / error;
    free(want);
    free(got);
    lattn_model_close(&model);
    oracle_done(&oracle);
    blackbox_done(&box);
    return result;
}

/* Errors of 20 layers; the largest is given back. */
static double cases_run(const struct case_of *of, uint64_t learn)
{
    double worst = 0, square = 0;
    uint64_t layers = is_long() || of->d <= 16 ? 20 : 3;

    for (uint64_t seed = 1; seed <= layers; seed++) {
        struct result result = case_run(of, seed * 1000 + (uint64_t)of->d);

        cr_expect_eq(result.learn, learn, "%d, not %d", (int)result.learn, (int)learn);
        if (of->is_sliced)
            cr_expect_eq(result.heads, 3 * of->heads <= of->d ? of->heads : -1);
        if (of->is_sliced && result.heads >= 0)
            cr_expect_eq(result.written, of->heads);
        worst = fmax(worst, result.error);
        square += result.ratio * result.ratio / (double)layers;
    }
    cr_expect(.1 < sqrt(square) && sqrt(square) < 10, "d = %d: error over what was told %.2g",
              of->d, sqrt(square));
    if (getenv("LATTN_SHOW") != NULL)
        cr_log_warn("d %d m %d heads %d float %d decimals %d sliced %d: %.2g, told %.2g", of->d,
                    of->m, of->heads, of->is_float, of->decimals, of->is_sliced, worst,
                    sqrt(square));
    return worst;
}

Test(query_linear, coefficients_of_exact_answers)
{
    for (int32_t d = 1; d <= (is_long() ? 32 : 16); d *= 2)
        for (int32_t heads = 1; heads <= 4; heads *= 2) {
            const struct case_of of = {.d = d, .m = 1 + d * (heads == 4) / 2, .heads = heads};

            cr_expect_leq(cases_run(&of, linear_count(d)), 2e-14, "d = %d, %d heads", d, heads);
        }
}

/* Before heads are read from them. */
Test(query_linear, slices_of_exact_answers)
{
    for (int32_t d = 4; d <= (is_long() ? 64 : 16); d *= 2) {
        struct random random = {.state = (uint64_t)d};
        struct lattn_probe_settings settings = {0};
        struct conditions conditions = {.norm = 0x1p10, .length = 8, .epsilon = 0x1p-53};
        size_t q = (size_t)d * (size_t)(d + 1) / 2;
        double *slices = blackbox_numbers(q * (size_t)d), *turned = blackbox_numbers(q * (size_t)d);
        double variance[64];
        struct blackbox box;
        struct oracle oracle;
        double *want;

        blackbox_init(&box, d, 1, 2, &random);
        box.is_linear = 1;
        cr_assert_eq(oracle_init(&oracle, &box.oracle, &settings), LATTN_OK);
        cr_assert_eq(linear_slices(&oracle, &conditions, NULL, 0, d, slices, variance), LATTN_OK);
        for (size_t pair = 0; pair < q; pair++)
            for (size_t k = 0; k < (size_t)d; k++)
                turned[pair * (size_t)d + k] = slices[k * q + pair];
        want = coef_make(&box);
        cr_expect_leq(blackbox_distance(q * (size_t)d, turned, want), 8e-16, "d = %d: %.2g", d,
                      blackbox_distance(q * (size_t)d, turned, want));
        free(slices);
        free(turned);
        free(want);
        oracle_done(&oracle);
        blackbox_done(&box);
    }
}

Test(query_linear, coefficients_of_answers_in_float)
{
    for (int32_t d = 4; d <= (is_long() ? 32 : 8); d *= 2) {
        const struct case_of of = {.d = d, .m = 1, .heads = 2, .is_float = 1};

        cr_expect_leq(cases_run(&of, linear_count(d)), 1e-6, "d = %d", d);
    }
}

Test(query_linear, coefficients_of_answers_of_six_decimals)
{
    for (int32_t d = 4; d <= (is_long() ? 32 : 8); d *= 2) {
        const struct case_of of = {.d = d, .m = 2, .heads = 2, .decimals = 6};

        cr_expect_leq(cases_run(&of, linear_count(d)), 2e-14, "d = %d", d);
    }
}

Test(query_linear, few_heads_need_fewer_questions)
{
    cr_expect_leq(slices_count(16, 2), 722);
    for (int32_t d = 8; d <= (is_long() ? 64 : 16); d *= 2)
        for (int32_t heads = 1; heads <= 4; heads *= 2) {
            const struct case_of of = {.d = d, .m = 1, .heads = heads, .is_sliced = 1};
            int fits = 3 * heads <= d;

            cr_expect_leq(cases_run(&of, fits ? slices_count(d, heads) : linear_count(d)), 1e-11,
                          "d = %d, %d heads", d, heads);
        }
}

Test(query_linear, few_heads_are_counted_in_float)
{
    const struct case_of of = {.d = 8, .m = 1, .heads = 2, .is_float = 1, .is_sliced = 1};

    cr_expect_leq(cases_run(&of, slices_count(8, 2)), 2e-4);
}
