#include "query/linear.h"

#include "base/memory.h"
#include "core/dense.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TestSuite(linear, .init = dense_threads_one);

static const struct conditions conditions = {.norm = 0x1p10, .length = 8, .epsilon = 0x1p-53};

static void oracle_make(struct oracle *oracle, const struct lattn_oracle *asked, uint64_t budget)
{
    struct lattn_probe_settings settings = {.budget = budget};

    cr_assert_eq(oracle_init(oracle, asked, &settings), LATTN_OK);
}

/* ---- the design ---------------------------------------------------------------------------- */

/* Keeps the first tokens of what is asked with the last coordinate as the last token. */
struct record {
    int32_t d;
    size_t count;
    double *keys; /* d (d + 1) / 2 rows of d */
};

static enum lattn_status record_ask(void *arg, size_t count, struct lattn_question *questions,
                                    struct lattn_complaint *complaint)
{
    struct record *record = arg;
    size_t d = (size_t)record->d;

    (void)complaint;
    for (size_t i = 0; i < count; i++) {
        const struct lattn_question *question = &questions[i];

        questions[i].y[0] = 0;
        if (question->n == 2 && question->x[2 * d - 1] != 0)
            memcpy(record->keys + record->count++ * d, question->x, d * sizeof(double));
    }
    return LATTN_OK;
}

/*
 * The condition number of one slice in orthonormal coordinates of symmetric matrices. The token z
 * alone tells what [gamma z ; z] would.
 */
static double design_condition(int32_t dim)
{
    size_t d = (size_t)dim, q = d * (d + 1) / 2;
    struct record record = {.d = dim, .keys = blackbox_numbers(q * d)};
    struct lattn_oracle asked = {.d = dim, .m = 1, .ask = record_ask, .arg = &record};
    double *slices = blackbox_numbers(q * d), *design = blackbox_numbers(q * q);
    double *values = blackbox_numbers(q), *variance = blackbox_numbers(d);
    struct oracle oracle;
    double condition, largest = 0;

    oracle_make(&oracle, &asked, 0);
    cr_assert_eq(linear_slices(&oracle, &conditions, NULL, 0, dim, slices, variance), LATTN_OK);
    cr_assert_eq(record.count, q - 1);
    for (size_t j = 0; j < d; j++)
        largest = fmax(largest, fabs(record.keys[j]));
    record.keys[(q - 1) * d + d - 1] = largest;
    for (size_t r = 0; r < q; r++) {
        const double *x = record.keys + r * d;
        size_t at = 0;

        for (size_t i = 0; i < d; i++)
            for (size_t j = i; j < d; j++)
                design[at++ * q + r] = (i == j ? 1 : sqrt(2)) * x[i] * x[j];
    }
    cr_assert_eq(dense_svd((int32_t)q, (int32_t)q, design, values, NULL, NULL), LATTN_OK);
    condition = values[0] / values[q - 1];
    oracle_done(&oracle);
    free(record.keys);
    free(slices);
    free(design);
    free(values);
    free(variance);
    return condition;
}

Test(linear, design_has_the_condition_of_the_theory)
{
    static const struct {
        int32_t d;
        double condition;
    } cases[] = {{4, 4.0}, {8, 5.8}, {16, 8.4}, {32, 11.9}, {64, 16.9}};

    for (size_t i = 0; i < (getenv("LATTN_LONG") != NULL ? 5 : 3); i++)
        cr_expect_float_eq(design_condition(cases[i].d), cases[i].condition, .05, "d = %d: %.3f",
                           cases[i].d, design_condition(cases[i].d));
}

/* ---- what is given and refused --------------------------------------------------------------- */

Test(linear, stays_below_a_cap_on_norms)
{
    struct random random = {.state = 3};
    struct conditions capped = conditions;
    struct lattn_model *model = NULL;
    struct blackbox box;
    struct oracle oracle;
    double error;

    capped.norm = .3;
    blackbox_init(&box, 5, 2, 2, &random);
    box.is_linear = 1;
    box.norm_max = .3;
    oracle_make(&oracle, &box.oracle, linear_count(5));
    cr_assert_eq(linear_learn(&oracle, &capped, &model, &error), LATTN_OK, "%s",
                 oracle.complaint.text);
    cr_expect_eq(oracle.counts.learn, 75);
    lattn_model_close(&model);
    oracle_done(&oracle);
    blackbox_done(&box);
}

Test(linear, silence_has_no_heads)
{
    struct random random = {.state = 3};
    struct lattn_model *model = NULL;
    struct blackbox box;
    struct oracle oracle;
    double error = 1;

    blackbox_init(&box, 3, 1, 1, &random);
    box.is_linear = 1;
    memset(box.V, 0, 3 * sizeof *box.V);
    oracle_make(&oracle, &box.oracle, 0);
    cr_assert_eq(linear_learn(&oracle, &conditions, &model, &error), LATTN_OK);
    cr_expect_eq(model->heads, 0);
    cr_expect_eq(error, 0);
    lattn_model_close(&model);
    oracle_done(&oracle);
    blackbox_done(&box);
}

Test(linear, asks_nothing_where_heads_would_not_fit)
{
    struct lattn_model *model = NULL;
    struct lattn_oracle asked = {.d = 256, .m = 2};
    struct oracle oracle;
    double error;

    oracle_make(&oracle, &asked, 0);
    cr_expect_eq(linear_learn(&oracle, &conditions, &model, &error), LATTN_MEMORY_LIMIT);
    cr_expect_str_eq(
        oracle.complaint.text,
        "the heads of d = 256 and 2 outputs have 33554432 entries, more than 16777216");
    cr_expect_null(model);
    oracle_done(&oracle);
}

Test(linear, hands_on_what_the_oracle_returns)
{
    struct random random = {.state = 3};
    struct lattn_model *model = NULL;
    struct blackbox box;
    struct oracle oracle;
    double error;

    blackbox_init(&box, 4, 1, 1, &random);
    box.is_linear = 1;
    box.fails_after = 9;
    oracle_make(&oracle, &box.oracle, 0);
    cr_expect_eq(linear_learn(&oracle, &conditions, &model, &error), LATTN_CLOSED);
    cr_expect_str_eq(oracle.complaint.text, "the box is shut");
    oracle_done(&oracle);
    oracle_make(&oracle, &box.oracle, 39);
    box.fails_after = 0;
    cr_expect_eq(linear_learn(&oracle, &conditions, &model, &error), LATTN_BUDGET);
    cr_expect_null(model);
    oracle_done(&oracle);
    blackbox_done(&box);
}

Test(linear, survives_every_failed_allocation)
{
    struct random random = {.state = 3};
    struct lattn_model *model = NULL;
    struct blackbox box;
    enum lattn_status status = LATTN_NO_MEMORY;

    blackbox_init(&box, 3, 2, 1, &random);
    box.is_linear = 1;
    for (uint64_t k = 1; status == LATTN_NO_MEMORY; k++) {
        struct oracle oracle;
        double error;

        oracle_make(&oracle, &box.oracle, 0);
        memory_fail(k, 0);
        status = linear_learn(&oracle, &conditions, &model, &error);
        cr_assert(status == LATTN_OK || model == NULL);
        cr_expect_eq(status == LATTN_OK, !memory_failed(), "allocation %d", (int)k);
        memory_fail(0, 0);
        oracle_done(&oracle);
    }
    cr_assert_eq(status, LATTN_OK);
    lattn_model_close(&model);
    blackbox_done(&box);
}
