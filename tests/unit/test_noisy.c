#include "query/noisy.h"

#include "core/dense.h"
#include "support/asking.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(noisy, .init = dense_threads_one);

/* A head whose answers are noisy; tests set more before they learn. */
static void box_init(struct blackbox *box, int32_t d, double norm, double noise, uint64_t seed)
{
    struct random random = {seed};

    blackbox_init(box, d, 1, 1, &random);
    box->norm_max = norm;
    box->noise = noise;
}

static enum lattn_status learn(struct asking *asking, struct lattn_attention **ret_found)
{
    return noisy_learn(&asking->oracle, &asking->conditions, &asking->random, ret_found);
}

/* Learn W within an error, v within its bars, and release the box. */
static struct lattn_asked box_learn(struct blackbox *box, double scale, double error_most)
{
    struct asking asking;
    struct lattn_attention *found = NULL;
    struct lattn_asked counts;

    asking_init(&asking, box);
    asking.conditions.scale = scale;
    cr_assert_eq(learn(&asking, &found), LATTN_OK, "%s", asking.oracle.complaint.text);
    cr_expect_leq(asking_distance(box, found), error_most, "d = %d", box->d);
    for (int32_t j = 0; j < box->d; j++) {
        cr_expect_gt(found->V_error[j], 0);
        cr_expect_leq(fabs(found->V[j] - box->V[j]), 6 * found->V_error[j]);
    }
    counts = asking.oracle.counts;
    lattn_attention_close(&found);
    asking_done(&asking);
    blackbox_done(box);
    return counts;
}

/* Be refused with a part of a sentence, and release the box. */
static void box_refuse(struct blackbox *box, uint64_t budget, enum lattn_status status,
                       const char *part)
{
    struct asking asking;
    struct lattn_attention *found = NULL;

    asking_init(&asking, box);
    asking.oracle.budget = budget;
    cr_assert_eq(learn(&asking, &found), status, "%s", asking.oracle.complaint.text);
    cr_assert_null(found, "nothing is given");
    cr_expect_not_null(strstr(asking.oracle.complaint.text, part), "%s",
                       asking.oracle.complaint.text);
    asking_done(&asking);
    blackbox_done(box);
}

Test(noisy, learns_every_small_size)
{
    for (int32_t d = 1; d <= 9; d++) {
        struct blackbox box;

        box_init(&box, d, 10, 1e-7, (uint64_t)d);
        box.V[0] += copysign(1, box.V[0]);
        box_learn(&box, 0, 1e-5);
    }
}

Test(noisy, finds_scales_far_from_one)
{
    const double scales[] = {1e-3, 1, 1e3, 1e6};

    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
        struct blackbox box;

        box_init(&box, 5, 1024, 1e-6, s);
        for (int i = 0; i < 25; i++)
            box.W[i] *= scales[s];
        box_learn(&box, 0, 1e-6);
    }
}

Test(noisy, asks_large_columns_again)
{
    struct blackbox box;
    struct lattn_asked counts;

    box_init(&box, 8, 10, 1e-6, 3);
    for (int i = 0; i < 8; i++)
        box.W[8 * i + 2] *= 300;
    counts = box_learn(&box, 0, 1e-3);
    cr_expect_eq(counts.learn, noisy_count(8));
    cr_expect_gt(counts.trial, 8);
}

Test(noisy, tries_once_where_the_scale_is_told)
{
    struct blackbox box;

    box_init(&box, 8, 1024, 1e-6, 4);
    cr_expect_eq(box_learn(&box, 2, 1e-6).trial, 6);
    box_init(&box, 8, 1024, 1e-6, 4);
    cr_expect_gt(box_learn(&box, 0, 1e-6).trial, 6);
}

Test(noisy, tells_v_from_zero)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct blackbox box;
        struct asking asking;
        struct lattn_attention *found = NULL;

        box_init(&box, 6, 10, 1e-3, seed);
        memset(box.V, 0, 6 * sizeof(double));
        asking_init(&asking, &box);
        cr_assert_eq(learn(&asking, &found), LATTN_RANK);
        for (int i = 0; i < 36; i++)
            cr_assert_eq(found->W[i], 0);
        for (int j = 0; j < 6; j++) {
            cr_assert_eq(found->V[j], 0);
            cr_assert_float_eq(found->V_error[j], 1e-3 / 20, 1e-9, "four answers at norm 10");
        }
        cr_assert_eq(asking.oracle.counts.trial, 0);
        lattn_attention_close(&found);
        asking_done(&asking);
        blackbox_done(&box);
    }
}

Test(noisy, gives_bars_where_noise_hides_most)
{
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *found = NULL;

    box_init(&box, 12, 1, 0.3, 5);
    asking_init(&asking, &box);
    cr_assert_eq(learn(&asking, &found), LATTN_OK, "%s", asking.oracle.complaint.text);
    cr_expect_leq(asking_bars(&box, found), 1.5);
    lattn_attention_close(&found);
    asking_done(&asking);
    blackbox_done(&box);
}

Test(noisy, refuses_weights_that_no_head_has)
{
    struct blackbox box;

    box_init(&box, 4, 10, 1e-6, 6);
    box.is_linear = 1;
    box_refuse(&box, UINT64_MAX, LATTN_NO_CONVERGENCE, "between 0 and 1");
}

Test(noisy, hands_refusals_on)
{
    struct blackbox box;

    box_init(&box, 4, 10, 1e-6, 7);
    box_refuse(&box, 30, LATTN_BUDGET, "");
    for (uint64_t after = 1; after < noisy_count(4); after++) {
        box_init(&box, 4, 10, 1e-6, 7);
        box.fails_after = after;
        box_refuse(&box, UINT64_MAX, LATTN_CLOSED, "the box is shut");
    }
    box_init(&box, 4, 10, 1e-6, 7);
    box.nan_after = 20;
    box_refuse(&box, UINT64_MAX, LATTN_NOT_FINITE, "not finite");
}
