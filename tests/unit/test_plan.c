#include "query/plan.h"

#include "core/dense.h"
#include "query/border.h"
#include "query/recipe.h"
#include "query/verify.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stddef.h>

TestSuite(plan, .init = dense_threads_one);

static struct lattn_oracle oracle_of(int32_t d, int32_t m)
{
    return (struct lattn_oracle){.d = d, .m = m};
}

static enum lattn_status check(int32_t d, int32_t m, const struct lattn_probe_settings *settings)
{
    struct lattn_oracle oracle = oracle_of(d, m);
    struct lattn_complaint complaint = {""};
    enum lattn_status status = plan_check(&oracle, settings, &complaint);

    cr_expect_eq(complaint.text[0] != '\0', status != LATTN_OK);
    return status;
}

Test(plan, takes_what_makes_sense)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();

    cr_expect_eq(check(1, 1, &settings), LATTN_OK);
    cr_expect_eq(check(LATTN_DIM_MAX, LATTN_OUTPUTS_MAX, &settings), LATTN_OK);
    settings.rank = LATTN_RANK_FIND;
    cr_expect_eq(check(8, 1, &settings), LATTN_OK);
    settings.rank = 2;
    settings.in_batch = 1;
    cr_expect_eq(check(8, 1, &settings), LATTN_OK);
}

Test(plan, refuses_sizes_beyond_limits)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct lattn_oracle oracle = oracle_of(4, 1);

    cr_expect_eq(check(0, 1, &settings), LATTN_RANGE);
    cr_expect_eq(check(LATTN_DIM_MAX + 1, 1, &settings), LATTN_RANGE);
    cr_expect_eq(check(4, 0, &settings), LATTN_RANGE);
    cr_expect_eq(check(4, LATTN_OUTPUTS_MAX + 1, &settings), LATTN_RANGE);
    oracle.answers = (enum lattn_answers)7;
    cr_expect_eq(plan_check(&oracle, &settings, NULL), LATTN_RANGE);
}

/* Each setting out of its range, alone. */
Test(plan, refuses_settings_out_of_range)
{
#define WRONG(member, value)                                                                       \
    do {                                                                                           \
        struct lattn_probe_settings settings = lattn_probe_settings_default();                     \
        settings.member = (value);                                                                 \
        cr_expect_eq(check(4, 1, &settings), LATTN_RANGE, #member " = " #value);                   \
    } while (0)
    WRONG(architecture, (enum lattn_architecture)9);
    WRONG(heads, 0);
    WRONG(heads, LATTN_PROBE_HEADS_MAX + 1);
    WRONG(rank, -2);
    WRONG(rank, 5);
    WRONG(in_batch, 1);
    WRONG(scale, -1);
    WRONG(scale, NAN);
    WRONG(noise, NAN);
    WRONG(noise, INFINITY);
    WRONG(decimals, 16);
    WRONG(arithmetic, (enum lattn_arithmetic)3);
    WRONG(norm_max, -1);
    WRONG(norm_max, INFINITY);
    WRONG(length_max, -1);
#undef WRONG
}

Test(plan, refuses_what_does_not_go_together)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();

    settings.architecture = LATTN_ARCHITECTURE_LABEL;
    cr_expect_eq(check(4, 2, &settings), LATTN_RANGE, "labels of two numbers");
    settings.architecture = LATTN_ARCHITECTURE_TRANSFORMER;
    cr_expect_eq(check(4, 2, &settings), LATTN_RANGE, "a network of two numbers");
    settings.rank = 2;
    cr_expect_eq(check(4, 1, &settings), LATTN_RANGE, "low rank before a network");
    settings = lattn_probe_settings_default();
    settings.heads = 2;
    cr_expect_eq(check(4, 2, &settings), LATTN_RANGE, "two heads, two numbers");
    settings.rank = 2;
    cr_expect_eq(check(4, 1, &settings), LATTN_RANGE, "two heads of low rank");
    settings = lattn_probe_settings_default();
    settings.rank = 2;
    cr_expect_eq(check(4, 2, &settings), LATTN_RANGE, "low rank, two numbers");
    settings.architecture = LATTN_ARCHITECTURE_LINEAR;
    settings.in_batch = 1;
    cr_expect_eq(check(4, 1, &settings), LATTN_RANGE, "linear attention in one batch");
}

/* A plan against what is asked then. */
static void expect_kept(struct blackbox *box, const struct lattn_probe_settings *settings)
{
    struct lattn_finding *finding = NULL;
    struct lattn_probe_plan plan;

    cr_assert_eq(lattn_probe_plan(&box->oracle, settings, &plan, NULL), LATTN_OK);
    cr_expect_eq(box->asked, 0);
    cr_assert_eq(lattn_probe(&box->oracle, settings, &finding, NULL), LATTN_OK);
    cr_assert_leq(finding->outcome, LATTN_OUTCOME_UP_TO, "%s", finding->reason);
    if (plan.is_bound)
        cr_expect_leq(finding->asked.learn, plan.asked.learn);
    else
        cr_expect_eq(finding->asked.learn, plan.asked.learn);
    cr_expect_eq(finding->asked.verify, plan.asked.verify, "%d to verify",
                 (int)finding->asked.verify);
    cr_expect_leq(finding->asked.trial, 2 * plan.asked.trial, "%d trials",
                  (int)finding->asked.trial);
    cr_expect_geq(2 * finding->asked.trial, plan.asked.trial, "%d trials",
                  (int)finding->asked.trial);
    lattn_finding_close(&finding);
}

Test(plan, is_kept)
{
    static const int32_t heads[] = {1, 1, 2, 1};
    static const int32_t outputs[] = {1, 3, 1, 1};

    for (int kind = 0; kind < 4; kind++) {
        struct lattn_probe_settings settings = lattn_probe_settings_default();
        struct random random = {1};
        struct blackbox box;

        blackbox_init(&box, 6, outputs[kind], heads[kind], &random);
        settings.heads = heads[kind];
        box.is_linear = kind == 3;
        settings.architecture = kind == 3 ? LATTN_ARCHITECTURE_LINEAR : LATTN_ARCHITECTURE_AUTO;
        expect_kept(&box, &settings);
        blackbox_done(&box);
    }
}

Test(plan, counts_a_network_from_above_and_noise)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct random random = {1};
    struct blackbox box;

    blackbox_init(&box, 6, 1, 1, &random);
    settings.noise = 1e-4;
    expect_kept(&box, &settings);
    box.asked = 0;
    blackbox_network(&box, 6, &random);
    settings = lattn_probe_settings_default();
    settings.architecture = LATTN_ARCHITECTURE_TRANSFORMER;
    expect_kept(&box, &settings);
    blackbox_done(&box);
}

Test(plan, counts_labels_and_low_rank_from_above)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct random random = {1};
    struct blackbox box;

    blackbox_init(&box, 8, 1, 1, &random);
    blackbox_lower(&box, 2, &random);
    settings.rank = LATTN_RANK_FIND;
    expect_kept(&box, &settings);
    box.asked = 0;
    settings = lattn_probe_settings_default();
    settings.architecture = LATTN_ARCHITECTURE_LABEL;
    box.is_label = 1;
    expect_kept(&box, &settings);
    blackbox_done(&box);
}
