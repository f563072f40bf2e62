#include "query/polish.h"

#include "base/memory.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static const struct conditions exact = {.norm = 1024, .length = 4, .epsilon = 0x1p-53};

/* A layer, and the same a little off. */
struct setting {
    struct blackbox box;
    struct oracle oracle;
    double *W;
    double *V;
};

static void setting_init(struct setting *setting, int32_t d, int32_t heads, double off)
{
    static const struct lattn_probe_settings settings = {0};
    struct random random = {.state = 11};
    int32_t weights = heads * d * d, values = heads * d;

    blackbox_init(&setting->box, d, 1, heads, &random);
    cr_assert_eq(oracle_init(&setting->oracle, &setting->box.oracle, &settings), LATTN_OK);
    setting->W = blackbox_numbers((size_t)weights);
    setting->V = blackbox_numbers((size_t)values);
    random_normals(&random, setting->W, weights);
    random_normals(&random, setting->V, values);
    for (int32_t i = 0; i < weights; i++)
        setting->W[i] = setting->box.W[i] + off * setting->W[i];
    for (int32_t i = 0; i < values; i++)
        setting->V[i] = setting->box.V[i] + off * setting->V[i];
}

static void setting_done(struct setting *setting)
{
    oracle_done(&setting->oracle);
    blackbox_done(&setting->box);
    free(setting->W);
    free(setting->V);
}

static enum lattn_status setting_polish(struct setting *setting, struct polish **ret_polish)
{
    struct random random = {.state = 12};
    enum lattn_status status = polish_open(ret_polish, setting->box.d, setting->box.heads);

    cr_assert_eq(status, LATTN_OK);
    status = polish_ask(*ret_polish, &setting->oracle, ORACLE_LEARN, &exact, &random, setting->W,
                        setting->V);
    return status == LATTN_OK ? polish_run(*ret_polish) : status;
}

Test(polish, what_is_nearly_right_becomes_exact)
{
    for (int32_t heads = 1; heads <= 3; heads++)
        for (int32_t d = 1; d <= 6; d++) {
            struct setting setting = {0};
            struct lattn_attention *layer;
            struct polish *polish;
            size_t square = (size_t)(d * d);

            setting_init(&setting, d, heads, 1e-3);
            cr_assert_eq(setting_polish(&setting, &polish), LATTN_OK);
            cr_expect_eq(setting.oracle.counts.learn, polish_count(d, heads));
            cr_expect_leq(setting.oracle.norm, exact.norm);
            cr_expect_lt(polish->residual, 1e-13 * polish->size);
            cr_assert_eq(lattn_attention_open(&layer, d, 1, heads), LATTN_OK);
            cr_assert_eq(polish_layer(polish, exact.epsilon * polish->size, layer), LATTN_OK);
            for (size_t i = 0; i < (size_t)heads * square; i++)
                cr_expect_lt(fabs(layer->W[i] - setting.box.W[i]), 20 * layer->W_error[i],
                             "%d heads, d = %d: off by %g, said %g", heads, d,
                             layer->W[i] - setting.box.W[i], layer->W_error[i]);
            for (size_t i = 0; i < (size_t)(heads * d); i++)
                cr_expect_lt(fabs(layer->V[i] - setting.box.V[i]), 20 * layer->V_error[i]);
            lattn_attention_close(&layer);
            polish_close(&polish);
            setting_done(&setting);
        }
}

Test(polish, heads_that_are_one_leave_parameters_open)
{
    struct setting setting = {0};
    struct polish *polish;

    setting_init(&setting, 4, 2, 0);
    memcpy(setting.box.W + 16, setting.box.W, 16 * sizeof(double));
    memcpy(setting.W + 16, setting.W, 16 * sizeof(double));
    cr_expect_eq(setting_polish(&setting, &polish), LATTN_NO_CONVERGENCE);
    polish_close(&polish);
    setting_done(&setting);
}

Test(polish, keeps_its_memory_in_bounds)
{
    cr_expect(polish_fits(16, 4));
    cr_expect(polish_fits(161, 2));
    cr_expect_not(polish_fits(162, 2));
    cr_expect_not(polish_fits(256, 4));
}

Test(polish, want_of_memory_is_told)
{
    struct polish *polish = NULL;
    struct setting setting = {0};
    struct random random = {.state = 1};

    for (uint64_t k = 1; k <= 2; k++) {
        memory_fail(k, 0);
        cr_expect_eq(polish_open(&polish, 3, 2), LATTN_NO_MEMORY);
        cr_expect_null(polish);
    }
    memory_fail(0, 0);
    setting_init(&setting, 3, 2, 1e-3);
    cr_assert_eq(polish_open(&polish, 3, 2), LATTN_OK);
    memory_fail(1, 1);
    cr_expect_eq(
        polish_ask(polish, &setting.oracle, ORACLE_LEARN, &exact, &random, setting.W, setting.V),
        LATTN_NO_MEMORY);
    memory_fail(0, 0);
    polish_close(&polish);
    polish_close(&polish);
    setting_done(&setting);
}
