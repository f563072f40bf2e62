#include "query/bilinear.h"

#include "query/frame.h"
#include "query/value.h"
#include "support/asking.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D = 6 };

/* A box, and everything on the way to its entries. */
struct bench {
    struct blackbox box;
    struct asking asking;
    struct bilinear bilinear;
    double v[D];
    double v_error[D];
    double u[D * D];
    double b[D * D]; /* unit vectors */
    struct bilinear_form forms[D * D];
};

static void bench_init(struct bench *bench, uint64_t seed)
{
    struct random random = {.state = seed};

    *bench = (struct bench){0};
    blackbox_init(&bench->box, D, 1, 1, &random);
    for (size_t i = 0; i < D; i++)
        bench->b[i * D + i] = 1;
}

static void bench_done(struct bench *bench)
{
    bilinear_done(&bench->bilinear);
    asking_done(&bench->asking);
    blackbox_done(&bench->box);
}

/* Learn v and choose the scale; the box and, with told > 0, the scale are as a test left them. */
static enum lattn_status bench_scale(struct bench *bench, double told)
{
    asking_init(&bench->asking, &bench->box);
    bench->asking.conditions.scale = told;
    cr_assert_eq(
        value_learn(&bench->asking.oracle, &bench->asking.conditions, bench->v, bench->v_error),
        LATTN_OK);
    cr_assert_eq(bilinear_init(&bench->bilinear, &bench->asking.oracle, &bench->asking.conditions,
                               bench->v, bench->v_error),
                 LATTN_OK);
    return bilinear_scale(&bench->bilinear, &bench->asking.random);
}

/* Ask all rows of the anchored frame against all unit vectors. */
static enum lattn_status bench_ask(struct bench *bench)
{
    frame_anchor(D, bench->v, bench->u);
    bilinear_stretch(&bench->bilinear, D, bench->u);
    for (size_t i = 0; i < D; i++)
        for (size_t j = 0; j < D; j++)
            bench->forms[i * D + j] =
                (struct bilinear_form){.u = bench->u + i * D, .b = bench->b + j * D};
    return bilinear_ask(&bench->bilinear, ORACLE_LEARN, (size_t)D * D, bench->forms);
}

static double truth(const struct bench *bench, const struct bilinear_form *form)
{
    long double sum = 0;

    for (size_t i = 0; i < D; i++)
        for (size_t j = 0; j < D; j++)
            sum += (long double)form->u[i] * bench->box.W[i * D + j] * form->b[j];
    return (double)sum;
}

/* Errors of all entries: root mean square over that of the entries, and over their bars. */
static void bench_judge(const struct bench *bench, double *ret_relative, double *ret_bars)
{
    double errors = 0, entries = 0, bars = 0;

    for (size_t i = 0; i < (size_t)D * D; i++) {
        double want = truth(bench, &bench->forms[i]);

        errors += pow(bench->forms[i].value - want, 2);
        entries += want * want;
        bars += pow(bench->forms[i].error, 2);
    }
    *ret_relative = sqrt(errors / entries);
    *ret_bars = sqrt(errors / bars);
}

Test(bilinear, learns_entries_to_rounding)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct bench bench;
        double relative, bars;

        bench_init(&bench, seed);
        cr_assert_eq(bench_scale(&bench, asking_scale(&bench.box)), LATTN_OK);
        cr_assert_eq(bench_ask(&bench), LATTN_OK);
        bench_judge(&bench, &relative, &bars);
        cr_expect_lt(relative, 5e-15, "%g", relative);
        cr_expect(bars > 0.05 && bars < 5, "%g", bars);
        cr_expect_eq(bench.asking.oracle.counts.learn, D + D * D);
        cr_expect_eq(bench.asking.oracle.counts.trial, 0);
        bench_done(&bench);
    }
}

Test(bilinear, finds_the_scale_in_few_trials)
{
    static const double sizes[] = {1e-6, 1e-2, 1, 1e2, 1e4};

    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (uint64_t seed = 1; seed <= 20; seed++) {
            struct bench bench;
            double relative, bars;
            uint64_t trials;

            bench_init(&bench, seed);
            for (size_t i = 0; i < (size_t)D * D; i++)
                bench.box.W[i] *= sizes[s];
            cr_assert_eq(bench_scale(&bench, 0), LATTN_OK);
            trials = bench.asking.oracle.counts.trial;
            cr_expect(trials == 6 || (trials == 12 && sizes[s] > 1e3), "%g: %d trials", sizes[s],
                      (int)trials);
            cr_assert_eq(bench_ask(&bench), LATTN_OK);
            bench_judge(&bench, &relative, &bars);
            cr_expect_lt(relative, 2e-14, "%g: %g", sizes[s], relative);
            bench_done(&bench);
        }
}

/* One column is a million times the others: each is asked until its logit is one. */
Test(bilinear, asks_saturated_entries_again)
{
    struct bench bench;

    bench_init(&bench, 3);
    for (size_t i = 0; i < D; i++)
        bench.box.W[i * D + 2] *= 1e6;
    cr_assert_eq(bench_scale(&bench, asking_scale(&bench.box) / 1e6), LATTN_OK);
    cr_assert_eq(bench_ask(&bench), LATTN_OK);
    cr_expect_eq(bench.asking.oracle.counts.learn, D + D * D);
    cr_expect(bench.asking.oracle.counts.trial >= D && bench.asking.oracle.counts.trial < 6 * D,
              "%d", (int)bench.asking.oracle.counts.trial);
    for (size_t i = 0; i < (size_t)D * D; i++) {
        double want = truth(&bench, &bench.forms[i]);

        cr_expect_lt(fabs(bench.forms[i].value - want), 1e-12 * fabs(want));
    }
    bench_done(&bench);
}

Test(bilinear, learns_that_W_is_zero)
{
    struct bench bench;

    bench_init(&bench, 4);
    memset(bench.box.W, 0, (size_t)D * D * sizeof *bench.box.W);
    cr_assert_eq(bench_scale(&bench, 0), LATTN_OK);
    cr_assert_eq(bench_ask(&bench), LATTN_OK);
    for (size_t i = 0; i < (size_t)D * D; i++)
        cr_expect_lt(fabs(bench.forms[i].value) / bench.bilinear.reach, 1e-17);
    bench_done(&bench);
}

Test(bilinear, stays_within_the_cap_of_norms)
{
    static const double caps[] = {0.001, 0.7, 1, 10, 1000};

    for (size_t c = 0; c < sizeof caps / sizeof *caps; c++)
        for (int told = 0; told < 2; told++) {
            struct bench bench;
            double relative, bars;

            bench_init(&bench, 5 + c);
            bench.box.norm_max = caps[c];
            cr_assert_eq(bench_scale(&bench, told * asking_scale(&bench.box)), LATTN_OK);
            cr_assert_eq(bench_ask(&bench), LATTN_OK);
            cr_expect_leq(bench.box.norm, caps[c]);
            bench_judge(&bench, &relative, &bars);
            cr_expect_lt(relative, 1e-14 * fmax(1, 1 / caps[c] / caps[c]), "cap %g: %g", caps[c],
                         relative);
            bench_done(&bench);
        }
}

Test(bilinear, knows_its_error_under_noise)
{
    struct bench bench;
    double relative, bars;

    bench_init(&bench, 6);
    bench.box.noise = 1e-3;
    cr_assert_eq(bench_scale(&bench, 0), LATTN_OK);
    cr_assert_eq(bench_ask(&bench), LATTN_OK);
    bench_judge(&bench, &relative, &bars);
    cr_expect_lt(relative, 1e-4, "%g", relative);
    cr_expect(bars > 0.5 && bars < 2, "%g", bars);
    bench_done(&bench);
}

/* A constant 5000 on every answer: more than all the weight on the larger token would give. */
Test(bilinear, refuses_weights_that_no_head_has)
{
    struct bench bench;

    bench_init(&bench, 7);
    cr_assert_eq(bench_scale(&bench, asking_scale(&bench.box)), LATTN_OK);
    bench.box.bias = 5000;
    cr_assert_eq(bench_ask(&bench), LATTN_NO_CONVERGENCE);
    cr_expect_not_null(strstr(bench.asking.oracle.complaint.text, "between 0 and 1"));
    bench_done(&bench);
}

Test(bilinear, refuses_a_scale_at_which_no_head_answers)
{
    struct bench bench;

    bench_init(&bench, 8);
    bench.box.is_normed = 1;
    cr_assert_eq(bench_scale(&bench, 0), LATTN_NO_CONVERGENCE);
    cr_expect_not_null(strstr(bench.asking.oracle.complaint.text, "between 0 and 1"));
    bench_done(&bench);
}

Test(bilinear, hands_on_what_the_oracle_says)
{
    struct bench bench;

    bench_init(&bench, 9);
    bench.box.fails_after = D + 6 + 3;
    cr_assert_eq(bench_scale(&bench, 0), LATTN_OK);
    cr_assert_eq(bench_ask(&bench), LATTN_CLOSED);
    cr_expect_str_eq(bench.asking.oracle.complaint.text, "the box is shut");
    bench_done(&bench);
}
