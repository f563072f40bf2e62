#include "query/vector.h"

#include "support/asking.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static void box_init(struct blackbox *box, int32_t d, int32_t m, int32_t heads, uint64_t seed)
{
    struct random random = {.state = seed};

    blackbox_init(box, d, m, heads, &random);
}

/* Learn the box as it is, told this scale (0: not); the layer is given on LATTN_OK and _RANK. */
static enum lattn_status box_learn(const struct blackbox *box, double scale, struct asking *asking,
                                   struct lattn_attention **ret_attention)
{
    asking_init(asking, box);
    asking->conditions.scale = scale;
    *ret_attention = NULL;
    return vector_learn(&asking->oracle, &asking->conditions, &asking->random, ret_attention);
}

/* Learn, compare both parameters, release all; width: entries of W in an answer. */
static void box_check(struct blackbox *box, double scale, int32_t width, double error_max)
{
    size_t d = (size_t)box->d;
    struct asking asking;
    struct lattn_attention *got;

    cr_assert_eq(box_learn(box, scale, &asking, &got), LATTN_OK, "%s",
                 asking.oracle.complaint.text);
    cr_expect_leq(blackbox_distance(d * d, got->W, box->W), error_max, "d = %d, m = %d: W %g",
                  box->d, box->m, blackbox_distance(d * d, got->W, box->W));
    cr_expect_leq(blackbox_distance(d * (size_t)box->m, got->V, box->V), error_max);
    cr_expect_eq(asking.oracle.counts.learn, vector_count(box->d, width));
    cr_expect_leq(box->norm, asking.conditions.norm);
    lattn_attention_close(&got);
    asking_done(&asking);
    blackbox_done(box);
}

Test(vector, counts_its_questions)
{
    cr_expect_eq(vector_count(64, 64), 128);
    cr_expect_eq(vector_count(64, 63), 192);
    cr_expect_eq(vector_count(64, 1), 64 + 64 * 64);
    cr_expect_eq(vector_count(7, 3), 7 + 7 * 3);
}

Test(vector, learns_every_shape)
{
    for (int32_t d = 1; d <= 7; d++)
        for (int32_t m = 1; m <= 9; m++) {
            struct blackbox box;

            box_init(&box, d, m, 1, (uint64_t)(10 * d + m));
            box_check(&box, (d + m) % 2 ? asking_scale(&box) : 0, m < d ? m : d, 1e-12);
        }
}

Test(vector, learns_from_every_length)
{
    for (int32_t length = 2; length <= 8; length++) {
        struct blackbox box;

        box_init(&box, 6, 6, 1, 200);
        box.length_max = length;
        box_check(&box, 0, length - 1 < 6 ? length - 1 : 6, 1e-12);
    }
}

Test(vector, learns_W_of_every_size)
{
    static const double sizes[] = {1e-4, 1e-2, 1e2, 1e4};

    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct blackbox box;

        box_init(&box, 8, 4, 1, 300 + s);
        for (int i = 0; i < 64; i++)
            box.W[i] *= sizes[s];
        box_check(&box, s % 2 ? asking_scale(&box) : 0, 4, 1e-12);
    }
}

Test(vector, learns_columns_of_zeros_and_of_all_sizes)
{
    struct blackbox box;

    box_init(&box, 7, 3, 1, 400);
    for (size_t i = 0; i < 7; i++) {
        box.W[i * 7 + 1] = 0;
        box.W[i * 7 + 4] *= 1e5;
    }
    box_check(&box, 0, 3, 1e-12);
}

Test(vector, stays_within_the_cap_of_norms)
{
    static const double caps[] = {0.7, 1, 10};

    for (size_t c = 0; c < sizeof caps / sizeof *caps; c++)
        for (int told = 0; told < 2; told++) {
            struct blackbox box;

            box_init(&box, 8, 5, 1, 500 + c);
            box.norm_max = caps[c];
            box_check(&box, told * asking_scale(&box), 5, 1e-12);
        }
}

Test(vector, says_that_W_is_open_where_V_is_zero)
{
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *got;

    box_init(&box, 5, 3, 1, 600);
    memset(box.V, 0, 15 * sizeof *box.V);
    cr_assert_eq(box_learn(&box, 0, &asking, &got), LATTN_RANK);
    cr_assert_not_null(got);
    for (int i = 0; i < 25; i++)
        cr_expect_eq(got->W[i], 0);
    lattn_attention_close(&got);
    asking_done(&asking);
    blackbox_done(&box);
}

/* Two heads; linear attention; tokens that pass a layer norm. */
Test(vector, refuses_what_one_head_cannot_answer)
{
    for (int kind = 0; kind < 3; kind++)
        for (uint64_t seed = 0; seed < 10; seed++) {
            struct blackbox box;
            struct asking asking;
            struct lattn_attention *got;

            box_init(&box, 6, 9, kind == 0 ? 2 : 1, 700 + seed);
            box.is_linear = kind == 1;
            box.is_normed = kind == 2;
            cr_expect_eq(box_learn(&box, 0, &asking, &got), LATTN_NO_CONVERGENCE);
            cr_expect_null(got);
            cr_expect(strstr(asking.oracle.complaint.text, "between 0 and 1") != NULL ||
                          strstr(asking.oracle.complaint.text, "range of V") != NULL,
                      "%s", asking.oracle.complaint.text);
            asking_done(&asking);
            blackbox_done(&box);
        }
}

Test(vector, hands_on_what_the_oracle_says)
{
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *got;

    box_init(&box, 6, 2, 1, 800);
    box.fails_after = 20;
    cr_assert_eq(box_learn(&box, 0, &asking, &got), LATTN_CLOSED);
    cr_expect_null(got);
    cr_expect_str_eq(asking.oracle.complaint.text, "the box is shut");
    asking_done(&asking);
    blackbox_done(&box);
}
