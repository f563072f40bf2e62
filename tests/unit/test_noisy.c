#include "query/noisy.h"

#include "core/dense.h"
#include "support/asked.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(noisy, .init = dense_threads_one);

static enum lattn_status learn(struct asked *asked, struct lattn_attention **ret_found)
{
    return noisy_learn(&asked->oracle, &asked->conditions, &asked->random, ret_found);
}

static void assert_learned(struct asked *asked, double error_most)
{
    struct lattn_attention *found = NULL;

    cr_assert_eq(learn(asked, &found), LATTN_OK, "%s", asked->oracle.complaint.text);
    cr_expect_leq(asked_distance(asked, found), error_most, "d = %d", asked->box.d);
    for (int32_t j = 0; j < asked->box.d; j++) {
        cr_expect_gt(found->V_error[j], 0);
        cr_expect_leq(fabs(found->V[j] - asked->box.V[j]), 6 * found->V_error[j]);
    }
    lattn_attention_close(&found);
}

static void assert_refused(struct asked *asked, enum lattn_status status, const char *part)
{
    struct lattn_attention *found = NULL;

    cr_assert_eq(learn(asked, &found), status, "%s", asked->oracle.complaint.text);
    cr_assert_null(found, "nothing is given");
    cr_expect_not_null(strstr(asked->oracle.complaint.text, part), "%s",
                       asked->oracle.complaint.text);
}

Test(noisy, learns_every_small_size)
{
    for (int32_t d = 1; d <= 9; d++) {
        struct asked asked;

        asked_init(&asked, d, (uint64_t)d);
        asked.box.V[0] += copysign(1, asked.box.V[0]);
        asked_blur(&asked, 10, 1e-7, -1);
        assert_learned(&asked, 1e-5);
        asked_done(&asked);
    }
}

Test(noisy, finds_scales_far_from_one)
{
    const double scales[] = {1e-3, 1, 1e3, 1e6};

    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
        struct asked asked;

        asked_init(&asked, 5, s);
        for (int i = 0; i < 25; i++)
            asked.box.W[i] *= scales[s];
        asked_blur(&asked, 1024, 1e-6, -1);
        assert_learned(&asked, 1e-6);
        asked_done(&asked);
    }
}

Test(noisy, asks_large_columns_again)
{
    struct asked asked;

    asked_init(&asked, 8, 3);
    for (int i = 0; i < 8; i++)
        asked.box.W[8 * i + 2] *= 300;
    asked_blur(&asked, 10, 1e-6, -1);
    assert_learned(&asked, 1e-3);
    cr_expect_eq(asked.oracle.counts.learn, noisy_count(8));
    asked_done(&asked);
}

Test(noisy, tries_less_where_the_scale_is_told)
{
    uint64_t trials[2];

    for (int is_told = 0; is_told <= 1; is_told++) {
        struct asked asked;

        asked_init(&asked, 8, 4);
        asked_blur(&asked, 1024, 1e-6, -1);
        asked.conditions.scale = is_told ? 2 : 0;
        assert_learned(&asked, 1e-6);
        trials[is_told] = asked.oracle.counts.trial;
        asked_done(&asked);
    }
    cr_expect_lt(trials[1], trials[0]);
}

Test(noisy, tells_v_from_zero)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct asked asked;
        struct lattn_attention *found = NULL;

        asked_init(&asked, 6, seed);
        memset(asked.box.V, 0, 6 * sizeof(double));
        asked_blur(&asked, 10, 1e-3, -1);
        cr_assert_eq(learn(&asked, &found), LATTN_RANK);
        for (int i = 0; i < 36; i++)
            cr_assert_eq(found->W[i], 0);
        for (int j = 0; j < 6; j++) {
            cr_assert_eq(found->V[j], 0);
            cr_assert_float_eq(found->V_error[j], 1e-3 / 20, 1e-9, "four answers at norm 10");
        }
        cr_assert_eq(asked.oracle.counts.trial, 0);
        lattn_attention_close(&found);
        asked_done(&asked);
    }
}

Test(noisy, gives_bars_where_noise_hides_most)
{
    struct asked asked;
    struct lattn_attention *found = NULL;

    asked_init(&asked, 12, 5);
    asked_blur(&asked, 1, 0.3, -1);
    cr_assert_eq(learn(&asked, &found), LATTN_OK, "%s", asked.oracle.complaint.text);
    cr_expect_leq(asked_bars(&asked, found), 1.5);
    lattn_attention_close(&found);
    asked_done(&asked);
}

Test(noisy, refuses_weights_that_no_head_has)
{
    struct asked asked;

    asked_init(&asked, 4, 6);
    asked.box.is_linear = 1;
    asked_blur(&asked, 10, 1e-6, -1);
    assert_refused(&asked, LATTN_NO_CONVERGENCE, "between 0 and 1");
    asked_done(&asked);
}

Test(noisy, hands_refusals_on)
{
    struct asked asked;

    asked_init(&asked, 4, 7);
    asked_blur(&asked, 10, 1e-6, -1);
    asked.oracle.budget = 30;
    assert_refused(&asked, LATTN_BUDGET, "");
    asked_done(&asked);
    for (uint64_t after = 1; after < 40; after++) {
        asked_init(&asked, 4, 7);
        asked_blur(&asked, 10, 1e-6, -1);
        asked.box.fails_after = after;
        assert_refused(&asked, LATTN_CLOSED, "the box is shut");
        asked_done(&asked);
    }
    asked_init(&asked, 4, 7);
    asked_blur(&asked, 10, 1e-6, -1);
    asked.box.nan_after = 20;
    assert_refused(&asked, LATTN_NOT_FINITE, "not finite");
    asked_done(&asked);
}
