#include "query/softmax.h"

#include "support/asking.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static void box_init(struct blackbox *box, int32_t d, uint64_t seed)
{
    struct random random = {.state = seed};

    blackbox_init(box, d, 1, 1, &random);
}

/* Learn the box as it is, told this scale (0: not); the layer is given on LATTN_OK and _RANK. */
static enum lattn_status box_learn(const struct blackbox *box, double scale, struct asking *asking,
                                   struct lattn_attention **ret_attention)
{
    asking_init(asking, box);
    asking->conditions.scale = scale;
    *ret_attention = NULL;
    return softmax_learn(&asking->oracle, &asking->conditions, &asking->random, ret_attention);
}

/* Learn, compare both parameters, release all. */
static void box_check(struct blackbox *box, double scale, double error_max)
{
    size_t d = (size_t)box->d;
    struct asking asking;
    struct lattn_attention *got;

    cr_assert_eq(box_learn(box, scale, &asking, &got), LATTN_OK, "%s",
                 asking.oracle.complaint.text);
    cr_expect_leq(blackbox_distance(d * d, got->W, box->W), error_max, "W %g",
                  blackbox_distance(d * d, got->W, box->W));
    cr_expect_leq(blackbox_distance(d, got->V, box->V), error_max);
    cr_expect_eq(asking.oracle.counts.learn, d + d * d);
    lattn_attention_close(&got);
    asking_done(&asking);
    blackbox_done(box);
}

Test(softmax, learns_of_every_size_from_one_on)
{
    for (int32_t d = 1; d <= 12; d++) {
        struct blackbox box;

        box_init(&box, d, (uint64_t)d);
        box_check(&box, d % 2 ? asking_scale(&box) : 0, 1e-14);
    }
}

/* A scale is told within a factor of 4. */
Test(softmax, learns_where_the_scale_is_told_roughly)
{
    static const double factors[] = {0.25, 0.5, 2, 4};

    for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
        struct blackbox box;

        box_init(&box, 16, 20 + i);
        box_check(&box, factors[i] * asking_scale(&box), 2e-14);
    }
}

/* Of a rank-one W that v leans into, logits are as large as the scale allows. */
Test(softmax, needs_no_trial_where_the_scale_is_told)
{
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *got;

    box_init(&box, 8, 30);
    for (size_t i = 0; i < 8; i++)
        for (size_t j = 0; j < 8; j++)
            box.W[i * 8 + j] = box.V[i] * (j == 3 ? 7 : 0.5);
    cr_assert_eq(box_learn(&box, asking_scale(&box), &asking, &got), LATTN_OK);
    cr_expect_eq(asking.oracle.counts.trial, 0);
    cr_expect_lt(blackbox_distance(64, got->W, box.W), 1e-14);
    lattn_attention_close(&got);
    asking_done(&asking);
    blackbox_done(&box);
}

Test(softmax, learns_columns_of_zeros_and_of_all_sizes)
{
    for (int told = 0; told < 2; told++) {
        struct blackbox box;

        box_init(&box, 7, 40);
        for (size_t i = 0; i < 7; i++) {
            box.W[i * 7 + 1] = 0;
            box.W[i * 7 + 4] *= 1e5;
            box.W[i * 7 + 5] *= 1e-5;
        }
        box_check(&box, told * asking_scale(&box), 1e-13);
    }
}

Test(softmax, learns_that_W_is_zero)
{
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *got;

    box_init(&box, 5, 50);
    memset(box.W, 0, 25 * sizeof *box.W);
    cr_assert_eq(box_learn(&box, 0, &asking, &got), LATTN_OK);
    for (int i = 0; i < 25; i++)
        cr_expect_lt(fabs(got->W[i]), 1e-18);
    lattn_attention_close(&got);
    asking_done(&asking);
    blackbox_done(&box);
}

/* With norms of 1 the logits are at most |W| / 4, and lose as many digits as they are small. */
Test(softmax, learns_within_a_cap_of_norms)
{
    static const double caps[] = {1, 10, 100};

    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++)
        for (int told = 0; told < 2; told++) {
            struct blackbox box;

            box_init(&box, 16, 60 + i);
            box.norm_max = caps[i];
            box_check(&box, told * asking_scale(&box), 2e-14 * fmax(1, 4 / caps[i]));
        }
}

Test(softmax, says_that_W_is_open_where_v_is_zero)
{
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *got;

    box_init(&box, 5, 70);
    memset(box.V, 0, 5 * sizeof *box.V);
    cr_assert_eq(box_learn(&box, 0, &asking, &got), LATTN_RANK);
    cr_assert_not_null(got);
    for (int i = 0; i < 25; i++)
        cr_expect_eq(got->W[i], 0);
    cr_expect_eq(oracle_count(&asking.oracle), 5);
    lattn_attention_close(&got);
    asking_done(&asking);
    blackbox_done(&box);
}

Test(softmax, refuses_what_one_head_cannot_answer)
{
    for (int kind = 0; kind < 2; kind++) {
        struct blackbox box;
        struct asking asking;
        struct lattn_attention *got;

        box_init(&box, 6, 80);
        box.is_linear = kind == 0;
        box.is_normed = kind == 1;
        cr_assert_eq(box_learn(&box, 0, &asking, &got), LATTN_NO_CONVERGENCE);
        cr_expect_null(got);
        cr_expect_not_null(strstr(asking.oracle.complaint.text, "between 0 and 1"));
        asking_done(&asking);
        blackbox_done(&box);
    }
}

Test(softmax, hands_on_what_the_oracle_says)
{
    for (uint64_t after = 1; after < 6 + 6 + 36; after += 5) {
        struct blackbox box;
        struct asking asking;
        struct lattn_attention *got;

        box_init(&box, 6, 90);
        box.nan_after = after;
        cr_assert_eq(box_learn(&box, 0, &asking, &got), LATTN_NOT_FINITE);
        cr_expect_null(got);
        asking_done(&asking);
        blackbox_done(&box);
    }
}
