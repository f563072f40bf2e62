#include "query/triage.h"

#include "core/dense.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { D = 5, LENGTH = 8 };

TestSuite(triage, .init = dense_threads_one);

static struct triage run(struct blackbox *box, const struct lattn_probe_settings *settings,
                         struct lattn_finding *finding)
{
    struct random random = {.state = settings->seed};
    struct triage triage;
    struct oracle oracle;

    memset(finding, 0, sizeof *finding);
    box->asked = 0;
    cr_assert_eq(oracle_init(&oracle, &box->oracle, settings), LATTN_OK);
    cr_assert_eq(triage_run(&oracle, settings, LENGTH, &random, finding, &triage), LATTN_OK);
    cr_expect_eq(oracle.counts.trial, box->asked, "all are trials");
    oracle_done(&oracle);
    return triage;
}

static void box_make(struct blackbox *box, uint64_t seed)
{
    struct random random = {.state = seed};

    blackbox_init(box, D, 1, 1, &random);
}

static struct lattn_finding *finding_make(void)
{
    struct lattn_finding *finding = calloc(1, sizeof *finding);

    cr_assert_not_null(finding);
    return finding;
}

Test(triage, finds_an_exact_oracle_without_caps)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct lattn_finding *finding = finding_make();
    struct triage triage;
    struct blackbox box;

    box_make(&box, 1);
    triage = run(&box, &settings, finding);
    cr_expect_eq(triage.architecture, LATTN_ARCHITECTURE_SOFTMAX);
    cr_expect_eq(triage.conditions.norm, 1024);
    cr_expect_eq(triage.conditions.length, LENGTH);
    cr_expect_eq(triage.conditions.noise, 0);
    cr_expect_eq(triage.conditions.step, 0);
    cr_expect_eq(triage.conditions.epsilon, 0x1p-53);
    cr_expect_leq(box.asked, triage_count(&settings));
    blackbox_done(&box);
    free(finding);
}

Test(triage, finds_rounding_and_rises_above_it)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct lattn_finding *finding = finding_make();

    for (int decimals = 2; decimals <= 8; decimals += 2)
        for (int is_told = 0; is_told <= 1; is_told++) {
            struct triage triage;
            struct blackbox box;

            box_make(&box, 2);
            box.decimals = decimals;
            settings.decimals = is_told ? decimals : -1;
            triage = run(&box, &settings, finding);
            cr_expect_float_eq(triage.conditions.step, pow(10, -decimals), 1e-20);
            cr_expect_eq(triage.conditions.norm, 0x1p20);
            cr_expect_eq(triage.architecture, LATTN_ARCHITECTURE_SOFTMAX, "%d decimals", decimals);
            blackbox_done(&box);
        }
    free(finding);
}

/* Values so small that tokens of norm 2^10 are answered by zeros. */
Test(triage, asks_farther_out_where_answers_are_rounded_away)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct lattn_finding *finding = finding_make();
    struct triage triage;
    struct blackbox box;

    box_make(&box, 3);
    for (int32_t j = 0; j < D; j++)
        box.V[j] *= 1e-5;
    box.decimals = 2;
    settings.decimals = 2;
    triage = run(&box, &settings, finding);
    cr_expect_not(triage.is_silent);
    settings.decimals = -1;
    triage = run(&box, &settings, finding);
    cr_expect_not(triage.is_silent);
    cr_expect_eq(triage.conditions.norm, 0x1p20);
    blackbox_done(&box);
    free(finding);
}

Test(triage, finds_floats_and_noise)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct lattn_finding *finding = finding_make();
    struct triage triage;
    struct blackbox box;

    box_make(&box, 4);
    box.is_float = 1;
    triage = run(&box, &settings, finding);
    cr_expect_eq(triage.conditions.epsilon, 0x1p-24);
    cr_expect_eq(triage.architecture, LATTN_ARCHITECTURE_SOFTMAX);
    box.is_float = 0;
    box.noise = 1e-3;
    triage = run(&box, &settings, finding);
    cr_expect_float_eq(log2(triage.conditions.noise / 1e-3), 0, 1);
    cr_expect_eq(triage.architecture, LATTN_ARCHITECTURE_SOFTMAX);
    blackbox_done(&box);
    free(finding);
}

Test(triage, believes_what_it_is_told)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct lattn_finding *finding = finding_make();
    struct triage triage;
    struct blackbox box;

    box_make(&box, 5);
    settings.architecture = LATTN_ARCHITECTURE_SOFTMAX;
    settings.noise = 0.25;
    settings.decimals = 3;
    settings.arithmetic = LATTN_ARITHMETIC_F32;
    settings.norm_max = 12;
    settings.length_max = 5;
    settings.scale = 3;
    triage = run(&box, &settings, finding);
    cr_expect_eq(box.asked, 0, "nothing is left to ask");
    cr_expect_eq(triage_count(&settings), 0);
    cr_expect_eq(triage.architecture, LATTN_ARCHITECTURE_SOFTMAX);
    cr_expect_eq(triage.conditions.norm, 12);
    cr_expect_eq(triage.conditions.length, 5);
    cr_expect_eq(triage.conditions.noise, 0.25);
    cr_expect_eq(triage.conditions.epsilon, 0x1p-24);
    cr_expect_eq(triage.conditions.scale, 3);
    blackbox_done(&box);
    free(finding);
}

Test(triage, asks_less_the_more_it_is_told)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct lattn_finding *finding = finding_make();
    uint64_t before = UINT64_MAX;
    struct blackbox box;

    box_make(&box, 6);
    for (int told = 0; told < 6; told++) {
        settings.architecture = told > 0 ? LATTN_ARCHITECTURE_SOFTMAX : LATTN_ARCHITECTURE_AUTO;
        settings.norm_max = told > 1 ? 1024 : 0;
        settings.length_max = told > 2 ? 8 : 0;
        settings.noise = told > 3 ? 0 : -1;
        settings.decimals = told > 4 ? 9 : -1;
        settings.arithmetic = told > 4 ? LATTN_ARITHMETIC_F64 : LATTN_ARITHMETIC_MEASURED;
        run(&box, &settings, finding);
        cr_expect_lt(box.asked, before, "%d", told);
        cr_expect_leq(box.asked, triage_count(&settings));
        before = box.asked;
    }
    blackbox_done(&box);
    free(finding);
}

Test(triage, keeps_below_a_cap_that_no_setting_tells)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct lattn_finding *finding = finding_make();
    struct triage triage;
    struct blackbox box;

    box_make(&box, 7);
    box.norm_max = 0.2;
    box.length_max = 3;
    triage = run(&box, &settings, finding);
    cr_expect_eq(triage.conditions.norm, 0.125);
    cr_expect_eq(triage.conditions.length, 3);
    cr_expect_eq(triage.architecture, LATTN_ARCHITECTURE_SOFTMAX);
    blackbox_done(&box);
    free(finding);
}
