#include "query/positions.h"

#include "support/asking.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void box_init(struct blackbox *box, int32_t d, int32_t m, uint64_t seed)
{
    struct random random = {.state = seed};

    blackbox_init(box, d, m, 1, &random);
    box->oracle.answers = LATTN_ANSWERS_POSITIONS;
}

/* Learn the box as it is; the layer is given on LATTN_OK and LATTN_RANK. */
static enum lattn_status box_learn(const struct blackbox *box, struct asking *asking,
                                   struct lattn_attention **ret_attention)
{
    asking_init(asking, box);
    *ret_attention = NULL;
    return positions_learn(&asking->oracle, &asking->conditions, &asking->random, ret_attention);
}

/* Learn, compare both parameters and the count for this rank, release all. */
static void box_check(struct blackbox *box, int32_t rank, uint64_t count, double error_max)
{
    size_t d = (size_t)box->d;
    struct asking asking;
    struct lattn_attention *got;

    cr_assert_eq(box_learn(box, &asking, &got), LATTN_OK, "%s", asking.oracle.complaint.text);
    cr_expect_leq(blackbox_distance(d * d, got->W, box->W), error_max, "d = %d, m = %d: W %g",
                  box->d, box->m, blackbox_distance(d * d, got->W, box->W));
    cr_expect_leq(blackbox_distance(d * (size_t)box->m, got->V, box->V), error_max);
    cr_expect_eq(asking.oracle.counts.learn, count);
    cr_expect_eq(positions_count(box->d, rank, &asking.conditions), count);
    cr_expect_leq(box->norm, asking.conditions.norm);
    lattn_attention_close(&got);
    asking_done(&asking);
    blackbox_done(box);
}

Test(positions, learns_from_one_question_after_V)
{
    for (int32_t d = 1; d <= 9; d++)
        for (int32_t m = d; m <= 2 * d; m += d) {
            struct blackbox box;

            box_init(&box, d, m, (uint64_t)(10 * d + m));
            box_check(&box, d, (uint64_t)d + 1, 1e-12);
        }
}

Test(positions, learns_within_a_cap_of_norms)
{
    static const double caps[] = {0.3, 1, 10};

    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++) {
        struct blackbox box;

        box_init(&box, 6, 6, 100 + i);
        box.norm_max = caps[i];
        box_check(&box, 6, 7, 1e-11);
    }
}

/* A scale told too small: the one question is saturated, and asked again as a trial. */
Test(positions, asks_a_saturated_question_again)
{
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *got = NULL;

    box_init(&box, 6, 6, 200);
    asking_init(&asking, &box);
    asking.conditions.scale = asking_scale(&box) / 1000;
    cr_assert_eq(positions_learn(&asking.oracle, &asking.conditions, &asking.random, &got),
                 LATTN_OK);
    cr_expect_lt(blackbox_distance(36, got->W, box.W), 1e-12);
    cr_expect_eq(asking.oracle.counts.learn, 7);
    cr_expect(asking.oracle.counts.trial >= 1 && asking.oracle.counts.trial <= 4);
    lattn_attention_close(&got);
    asking_done(&asking);
    blackbox_done(&box);
}

Test(positions, learns_from_the_last_one_where_V_is_deficient)
{
    for (int32_t m = 1; m < 6; m++) {
        struct blackbox box;

        box_init(&box, 6, m, 300 + (uint64_t)m);
        box_check(&box, m, 6 + 6 * (uint64_t)((6 + m - 1) / m), 1e-12);
    }
}

Test(positions, learns_from_the_last_one_of_short_sequences)
{
    for (int32_t length = 2; length <= 7; length++) {
        struct blackbox box;

        box_init(&box, 6, 6, 400);
        box.length_max = length;
        box_check(&box, 6, length == 7 ? 7 : 6 + 6 * (uint64_t)((6 + length - 2) / (length - 1)),
                  1e-12);
    }
}

Test(positions, learns_from_the_last_one_where_answers_are_coarse)
{
    for (int kind = 0; kind < 3; kind++) {
        struct blackbox box;

        box_init(&box, 6, 6, 500);
        box.decimals = kind == 0 ? 6 : -1;
        box.is_float = kind == 1;
        box.noise = kind == 2 ? 1e-9 : 0;
        box_check(&box, 6, 12, kind == 0 ? 1e-8 : kind == 1 ? 1e-4 : 1e-9);
    }
}

Test(positions, says_that_W_is_open_where_V_is_zero)
{
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *got;

    box_init(&box, 4, 4, 600);
    memset(box.V, 0, 16 * sizeof *box.V);
    cr_assert_eq(box_learn(&box, &asking, &got), LATTN_RANK);
    cr_assert_not_null(got);
    cr_expect_eq(oracle_count(&asking.oracle), 4);
    lattn_attention_close(&got);
    asking_done(&asking);
    blackbox_done(&box);
}

/* ---- what is not one head -------------------------------------------------------------------- */

/* Answers with a mask: a position attends to those before it, and to itself. */
static enum lattn_status masked_ask(void *arg, size_t count, struct lattn_question *questions,
                                    struct lattn_complaint *complaint)
{
    struct blackbox *box = arg;
    enum lattn_status status = LATTN_OK;

    for (size_t i = 0; status == LATTN_OK && i < count; i++) {
        double *y = blackbox_numbers((size_t)questions[i].n * (size_t)box->m);

        for (int32_t t = 0; status == LATTN_OK && t < questions[i].n; t++) {
            struct lattn_question prefix = {.n = t + 1, .x = questions[i].x, .y = y};

            status = blackbox_ask(box, 1, &prefix, complaint);
            memcpy(questions[i].y + t * box->m, y + t * box->m, (size_t)box->m * sizeof *y);
        }
        questions[i].is_refused = 0;
        free(y);
    }
    return status;
}

static void box_refuse(struct blackbox *box, const char *words)
{
    struct asking asking;
    struct lattn_attention *got;

    cr_expect_eq(box_learn(box, &asking, &got), LATTN_NO_CONVERGENCE);
    cr_expect_null(got);
    cr_expect_not_null(strstr(asking.oracle.complaint.text, words), "%s",
                       asking.oracle.complaint.text);
    asking_done(&asking);
    blackbox_done(box);
}

Test(positions, refuses_a_mask)
{
    struct blackbox box;

    box_init(&box, 5, 5, 700);
    box.oracle.ask = masked_ask;
    box_refuse(&box, "one gives a token a weight of 0, which one softmax head cannot give: "
                     "a causal mask");
}

/* A bias of scores, and additions to the tokens, give weight to the zero token. */
Test(positions, refuses_zero_tokens_that_do_not_attend_evenly)
{
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct blackbox box;

        box_init(&box, 5, 5, 800 + seed);
        box.score_bias = blackbox_numbers(5);
        box.score_bias[seed] = 0.1;
        box_refuse(&box, "one softmax head cannot give");
    }
}

Test(positions, refuses_tokens_that_pass_a_norm)
{
    struct blackbox box;

    box_init(&box, 5, 5, 900);
    box.is_normed = 1;
    box_refuse(&box, "one softmax head cannot give");
}
