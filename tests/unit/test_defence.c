#include "query/defence.h"

#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A layer of d coordinates whose W and V are random. */
static struct lattn_attention *layer_open(int32_t d, int32_t m, int32_t heads)
{
    struct random random = {.state = 31};
    struct lattn_attention *layer;
    struct blackbox box;

    blackbox_init(&box, d, m, heads, &random);
    cr_assert_eq(lattn_attention_open(&layer, d, m, heads), LATTN_OK);
    memcpy(layer->W, box.W, (size_t)(heads * d * d) * sizeof *box.W);
    memcpy(layer->V, box.V, (size_t)(heads * m * d) * sizeof *box.V);
    blackbox_done(&box);
    return layer;
}

static const struct lattn_defence *row_find(const struct lattn_defence *rows, int32_t count,
                                            const char *name)
{
    for (int32_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    cr_assert_fail("no row %s", name);
    return NULL;
}

Test(defence, rows_say_what_is_known_of_them)
{
    struct lattn_attention *layer = layer_open(16, 1, 1);
    struct lattn_defence rows[LATTN_DEFENCES_MAX];
    int32_t count = defence_fill(layer, 2, rows);

    cr_expect_eq(row_find(rows, count, "nothing")->questions, 16 + 256);
    cr_expect_eq(row_find(rows, count, "nothing, where W is of low rank")->questions,
                 16 + 2 * 30 + 6);
    cr_expect_eq(row_find(rows, count, "nothing, and answers of d numbers")->questions, 33);
    cr_expect_float_eq(row_find(rows, count, "labels alone")->questions, 70 * 272, 1);
    cr_expect(isinf(row_find(rows, count, "sequences of one token")->questions));
    for (int32_t i = 0; i < count; i++) {
        cr_expect(rows[i].questions > 0 && rows[i].error > 0 && rows[i].error <= 1, "%s",
                  rows[i].name);
        for (int32_t k = 0; k < i; k++)
            cr_expect_str_neq(rows[i].name, rows[k].name);
    }
    lattn_attention_close(&layer);
}

Test(defence, a_full_rank_is_no_row)
{
    struct lattn_attention *layer = layer_open(4, 1, 1);
    struct lattn_defence rows[LATTN_DEFENCES_MAX];
    int32_t low = defence_fill(layer, 3, rows);

    cr_expect_eq(defence_fill(layer, 4, rows), low - 1);
    cr_expect_eq(defence_fill(layer, 0, rows), low - 1);
    lattn_attention_close(&layer);
}

Test(defence, tighter_caps_and_more_noise_cost_more)
{
    double before = 0;

    for (double norm = 1000; norm > 0.01; norm /= 3) {
        double error = defence_error(16, 4, 4, norm, 1e-4);

        cr_expect_gt(error, before);
        cr_expect_float_eq(defence_error(16, 4, 4, norm, 1e-3), 10 * error, 1e-9 * error);
        before = error;
    }
}

Test(defence, repeats_reach_what_is_wanted)
{
    struct lattn_attention *layer = layer_open(16, 1, 1);
    struct lattn_defence rows[LATTN_DEFENCES_MAX];
    int32_t count = defence_fill(layer, 16, rows);
    const struct lattn_defence *mild = row_find(rows, count, "noise of 0.0001, norms up to 10");
    const struct lattn_defence *hard = row_find(rows, count, "noise of 0.01, norms up to 1");
    double once = defence_questions(16);

    cr_expect_eq(mild->questions, once);
    cr_expect_lt(mild->error, 1e-3);
    cr_expect_eq(hard->error, 0.01);
    cr_expect_gt(hard->questions, 100 * once);
    lattn_attention_close(&layer);
}

Test(defence, says_nothing_of_other_layers)
{
    struct lattn_attention *layer = layer_open(4, 1, 2);
    struct lattn_defence rows[LATTN_DEFENCES_MAX];

    cr_expect_eq(defence_fill(layer, 4, rows), 0);
    lattn_attention_close(&layer);
    cr_assert_eq(lattn_attention_open_network(&layer, 4, 2), LATTN_OK);
    cr_expect_eq(defence_fill(layer, 4, rows), 0);
    lattn_attention_close(&layer);
}

Test(defence, a_silent_layer_has_nothing_to_lose)
{
    struct lattn_attention *layer = layer_open(4, 1, 1);
    struct lattn_defence rows[LATTN_DEFENCES_MAX];

    memset(layer->V, 0, 4 * sizeof *layer->V);
    cr_expect_eq(defence_fill(layer, 4, rows), 1);
    cr_expect(isinf(rows[0].questions));
    cr_expect_eq(rows[0].error, 1);
    lattn_attention_close(&layer);
}
