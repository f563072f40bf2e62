#include "query/slices.h"

#include "query/linear.h"

#include "base/memory.h"
#include "core/dense.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(slices, .init = dense_threads_one);

static const struct conditions conditions = {.norm = 0x1p10, .length = 8, .epsilon = 0x1p-53};

static enum lattn_status box_learn(struct blackbox *box, struct lattn_model **ret_model,
                                   int32_t *ret_heads, struct oracle *oracle)
{
    struct lattn_probe_settings settings = {0};
    struct random random = {.state = 11};
    double error;

    box->is_linear = 1;
    cr_assert_eq(oracle_init(oracle, &box->oracle, &settings), LATTN_OK);
    return slices_learn(oracle, &conditions, &random, ret_model, &error, ret_heads);
}

Test(slices, count_is_that_of_whole_and_inner_slices)
{
    cr_expect_eq(slices_count(16, 2), 2 * 136 + 14 * (1 + 31));
    cr_expect_eq(slices_count(8, 0), 2 * 36 + 6);
    for (int32_t d = 3; d <= 64; d++)
        cr_expect_leq(slices_count(d, d / 3), linear_count(d), "d = %d", d);
}

Test(slices, many_heads_cost_no_question_more)
{
    struct random random = {.state = 3};
    struct lattn_model *model = NULL;
    struct blackbox box;
    struct oracle oracle;
    int32_t heads = 0;

    for (int32_t d = 1; d <= 6; d++) {
        blackbox_init(&box, d, 1, 3, &random);
        cr_assert_eq(box_learn(&box, &model, &heads, &oracle), LATTN_OK);
        cr_expect_eq(heads, -1);
        cr_expect_eq(box.asked, linear_count(d), "d = %d", d);
        lattn_model_close(&model);
        oracle_done(&oracle);
        blackbox_done(&box);
    }
}

/* Two heads of one value are one: their queries add up. */
Test(slices, heads_of_one_value_are_one)
{
    struct random random = {.state = 3};
    struct lattn_model *model = NULL;
    struct blackbox box;
    struct oracle oracle;
    int32_t heads = 0;

    blackbox_init(&box, 6, 1, 2, &random);
    memcpy(box.V + 6, box.V, 6 * sizeof *box.V);
    cr_assert_eq(box_learn(&box, &model, &heads, &oracle), LATTN_OK);
    cr_expect_eq(heads, 1);
    cr_expect_eq(model->heads, 1);
    cr_expect_eq(model->certified, LATTN_CERTIFIED_MINIMAL);
    lattn_model_close(&model);
    oracle_done(&oracle);
    blackbox_done(&box);
}

Test(slices, silence_has_no_heads)
{
    struct random random = {.state = 3};
    struct lattn_model *model = NULL;
    struct blackbox box;
    struct oracle oracle;
    int32_t heads = -1;

    blackbox_init(&box, 4, 1, 1, &random);
    memset(box.W, 0, 16 * sizeof *box.W);
    cr_assert_eq(box_learn(&box, &model, &heads, &oracle), LATTN_OK);
    cr_expect_eq(heads, 0);
    cr_expect_eq(model->heads, 0);
    cr_expect_eq(box.asked, slices_count(4, 0));
    lattn_model_close(&model);
    oracle_done(&oracle);
    blackbox_done(&box);
}

Test(slices, refuse_several_outputs)
{
    struct random random = {.state = 3};
    struct lattn_model *model = NULL;
    struct blackbox box;
    struct oracle oracle;
    int32_t heads;

    blackbox_init(&box, 4, 2, 1, &random);
    cr_expect_eq(box_learn(&box, &model, &heads, &oracle), LATTN_RANGE);
    cr_expect_str_eq(oracle.complaint.text,
                     "few heads are looked for in one output, the oracle has 2");
    cr_expect_eq(box.asked, 0);
    oracle_done(&oracle);
    blackbox_done(&box);
}

static void memory_try(int32_t d, int32_t heads)
{
    struct random random = {.state = 3};
    struct lattn_model *model = NULL;
    struct blackbox box;
    enum lattn_status status = LATTN_NO_MEMORY;

    blackbox_init(&box, d, 1, heads, &random);
    box.is_linear = 1;
    for (uint64_t k = 1; status == LATTN_NO_MEMORY; k++) {
        struct lattn_probe_settings settings = {0};
        struct random drawn = {.state = 11};
        struct oracle oracle;
        double error;
        int32_t found;

        cr_assert_eq(oracle_init(&oracle, &box.oracle, &settings), LATTN_OK);
        memory_fail(k, 0);
        status = slices_learn(&oracle, &conditions, &drawn, &model, &error, &found);
        cr_assert(status == LATTN_OK || model == NULL);
        cr_expect_eq(status == LATTN_OK, !memory_failed(), "allocation %d", (int)k);
        memory_fail(0, 0);
        oracle_done(&oracle);
    }
    cr_assert_eq(status, LATTN_OK);
    lattn_model_close(&model);
    blackbox_done(&box);
}

Test(slices, survive_every_failed_allocation)
{
    memory_try(6, 2);
    memory_try(4, 2);
}
