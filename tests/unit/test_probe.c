#include <lattn/query.h>

#include "base/random.h"
#include "core/dense.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

TestSuite(probe, .init = dense_threads_one);

static struct lattn_finding *finding_of(struct blackbox *box,
                                        const struct lattn_probe_settings *settings)
{
    struct lattn_complaint complaint = {""};
    struct lattn_finding *finding = NULL;

    cr_assert_eq(lattn_probe(&box->oracle, settings, &finding, &complaint), LATTN_OK, "%s",
                 complaint.text);
    cr_expect_eq(finding->asked.learn + finding->asked.trial + finding->asked.verify, box->asked);
    return finding;
}

/* Probe a box and look at its outcome; parameters are there exactly where it says so. */
static struct lattn_finding *expect(struct blackbox *box,
                                    const struct lattn_probe_settings *settings,
                                    enum lattn_outcome outcome,
                                    enum lattn_architecture architecture)
{
    struct lattn_finding *finding = finding_of(box, settings);
    int has_parameters = finding->attention != NULL || finding->linear != NULL;

    cr_assert_eq(finding->outcome, outcome, "%s: %s", lattn_outcome_text(finding->outcome),
                 finding->reason);
    cr_expect_eq(finding->architecture, architecture, "%s",
                 lattn_architecture_text(finding->architecture));
    cr_expect_eq(has_parameters, outcome <= LATTN_OUTCOME_UP_TO);
    cr_expect_eq(finding->reason[0] == '\0', outcome <= LATTN_OUTCOME_UP_TO);
    return finding;
}

static void box_make(struct blackbox *box, int32_t d, int32_t m, int32_t heads, uint64_t seed)
{
    struct random random = {.state = seed};

    blackbox_init(box, d, m, heads, &random);
}

static double weight_error(const struct blackbox *box, const struct lattn_finding *finding)
{
    return blackbox_distance((size_t)(box->d * box->d), finding->attention->W, box->W);
}

/* ---- what is recovered ----------------------------------------------------------------------- */

Test(probe, recovers_a_head_and_says_how)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct lattn_finding *finding;
    struct blackbox box;

    box_make(&box, 8, 1, 1, 1);
    finding = expect(&box, &settings, LATTN_OUTCOME_RECOVERED, LATTN_ARCHITECTURE_SOFTMAX);
    cr_expect_leq(weight_error(&box, finding), 1e-14);
    cr_expect_eq(finding->asked.learn, 72);
    cr_expect_eq(finding->theory, 72);
    cr_expect_eq(finding->rank, 8);
    cr_expect_eq(finding->freedoms, 0);
    cr_expect_eq(finding->noise, 0);
    cr_expect_leq(finding->residual, 1e-14);
    cr_expect_eq(finding->threshold, 1e-9);
    cr_expect_gt(finding->noise_floor, 0);
    cr_expect_eq(finding->norm, 1024);
    cr_expect_eq(finding->length, 8);
    cr_expect_gt(finding->defences_count, 5);
    lattn_finding_close(&finding);
    blackbox_done(&box);
}

Test(probe, finds_a_low_rank_where_it_is_asked_to)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct random random = {3};
    struct lattn_finding *finding;
    struct blackbox box;

    settings.rank = LATTN_RANK_FIND;
    box_make(&box, 16, 1, 1, 3);
    blackbox_lower(&box, 2, &random);
    finding = expect(&box, &settings, LATTN_OUTCOME_RECOVERED, LATTN_ARCHITECTURE_SOFTMAX);
    cr_expect_eq(finding->rank, 2);
    cr_expect_leq(weight_error(&box, finding), 1e-10);
    cr_expect_lt(finding->asked.learn, 100);
    lattn_finding_close(&finding);
    blackbox_done(&box);
}

Test(probe, learns_a_low_rank_from_one_batch)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct random random = {3};
    struct lattn_finding *finding;
    struct blackbox box;

    settings.rank = 2;
    settings.in_batch = 1;
    box_make(&box, 16, 1, 1, 3);
    blackbox_lower(&box, 2, &random);
    finding = expect(&box, &settings, LATTN_OUTCOME_RECOVERED, LATTN_ARCHITECTURE_SOFTMAX);
    cr_expect_leq(weight_error(&box, finding), 1e-10);
    cr_expect_lt(finding->asked.learn, 16 + 256);
    lattn_finding_close(&finding);
    blackbox_done(&box);
}

Test(probe, finds_that_a_head_of_full_size_has_low_rank)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct random random = {4};
    struct lattn_finding *finding;
    struct blackbox box;

    box_make(&box, 12, 1, 1, 4);
    blackbox_lower(&box, 3, &random);
    finding = expect(&box, &settings, LATTN_OUTCOME_RECOVERED, LATTN_ARCHITECTURE_SOFTMAX);
    cr_expect_eq(finding->rank, 3);
    lattn_finding_close(&finding);
    blackbox_done(&box);
}

Test(probe, learns_as_many_heads_as_it_is_told)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct lattn_finding *finding;
    struct blackbox box;

    settings.heads = 2;
    box_make(&box, 4, 1, 2, 5);
    finding = expect(&box, &settings, LATTN_OUTCOME_UP_TO, LATTN_ARCHITECTURE_SOFTMAX);
    cr_expect_eq(finding->freedoms, LATTN_FREEDOM_ORDER);
    cr_expect_eq(finding->attention->heads, 2);
    lattn_finding_close(&finding);
    blackbox_done(&box);
}

Test(probe, learns_from_answers_of_several_numbers)
{
    for (int32_t m = 2; m <= 10; m += 4) {
        struct lattn_probe_settings settings = lattn_probe_settings_default();
        struct lattn_finding *finding;
        struct blackbox box;

        box_make(&box, 6, m, 1, (uint64_t)m);
        finding = expect(&box, &settings, LATTN_OUTCOME_RECOVERED, LATTN_ARCHITECTURE_SOFTMAX);
        cr_expect_leq(weight_error(&box, finding), 1e-12);
        lattn_finding_close(&finding);
        blackbox_done(&box);
    }
}

Test(probe, learns_from_answers_at_all_positions)
{
    for (int32_t m = 1; m <= 8; m += 7) {
        struct lattn_probe_settings settings = lattn_probe_settings_default();
        struct lattn_finding *finding;
        struct blackbox box;

        box_make(&box, 6, m, 1, (uint64_t)m);
        box.oracle.answers = LATTN_ANSWERS_POSITIONS;
        finding = expect(&box, &settings, LATTN_OUTCOME_RECOVERED, LATTN_ARCHITECTURE_SOFTMAX);
        cr_expect_eq(finding->asked.learn, m == 1 ? 42 : 7);
        cr_expect_leq(weight_error(&box, finding), 1e-11);
        lattn_finding_close(&finding);
        blackbox_done(&box);
    }
}

/* Every position attends to those before it alone: the last one is that of one head. */
static enum lattn_status causal_ask(void *arg, size_t count, struct lattn_question *questions,
                                    struct lattn_complaint *complaint)
{
    struct blackbox *box = arg;
    double *y = blackbox_numbers((size_t)LATTN_QUESTION_TOKENS_MAX * (size_t)box->m);
    size_t m = (size_t)box->m;
    enum lattn_status status = LATTN_OK;

    for (size_t i = 0; i < count; i++)
        for (int32_t n = 1; status == LATTN_OK && n <= questions[i].n; n++) {
            struct lattn_question part = {.n = n, .x = questions[i].x, .y = y};

            status = blackbox_ask(box, 1, &part, complaint);
            memcpy(questions[i].y + (size_t)(n - 1) * m, y + (size_t)(n - 1) * m, m * sizeof *y);
        }
    free(y);
    return status;
}

Test(probe, looks_at_every_position_before_it_says_recovered)
{
    for (int32_t m = 1; m <= 8; m += 7) {
        struct lattn_probe_settings settings = lattn_probe_settings_default();
        struct lattn_finding *finding = NULL;
        struct blackbox box;

        box_make(&box, 6, m, 1, (uint64_t)m);
        box.oracle.answers = LATTN_ANSWERS_POSITIONS;
        box.oracle.ask = causal_ask;
        cr_assert_eq(lattn_probe(&box.oracle, &settings, &finding, NULL), LATTN_OK);
        cr_expect_eq(finding->outcome, LATTN_OUTCOME_OTHER, "%s", finding->reason);
        cr_expect_null(finding->attention);
        lattn_finding_close(&finding);
        blackbox_done(&box);
    }
}

/* Coarse arithmetic is no other architecture. */
Test(probe, finds_networks_and_labels_in_floats)
{
    for (uint64_t seed = 1; seed <= 8; seed++)
        for (int is_label = 0; is_label <= 1; is_label++) {
            struct lattn_probe_settings settings = lattn_probe_settings_default();
            struct random random = {.state = seed};
            struct lattn_finding *finding;
            struct blackbox box;

            box_make(&box, 4, 1, 1, seed);
            box.is_float = 1;
            box.is_label = is_label;
            if (!is_label)
                blackbox_network(&box, 4, &random);
            finding = finding_of(&box, &settings);
            cr_expect_leq(finding->outcome, LATTN_OUTCOME_UP_TO, "%s", finding->reason);
            if (finding->attention != NULL)
                cr_expect_leq(weight_error(&box, finding), 1e-5);
            lattn_finding_close(&finding);
            blackbox_done(&box);
        }
}

Test(probe, finds_a_network_behind_the_head)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct lattn_probe_settings settings = lattn_probe_settings_default();
        struct random random = {.state = seed};
        struct lattn_finding *finding;
        struct blackbox box;

        box_make(&box, 5, 1, 1, seed);
        blackbox_network(&box, 3 + (int32_t)(seed % 3) * 3, &random);
        if (seed % 2) {
            random_normals(&random, box.c, box.width);
            box.q = 0.5;
        }
        finding = finding_of(&box, &settings);
        cr_expect_eq(finding->architecture, LATTN_ARCHITECTURE_TRANSFORMER);
        cr_expect_leq(finding->outcome, LATTN_OUTCOME_UP_TO, "%s", finding->reason);
        if (finding->attention != NULL)
            cr_expect_leq(weight_error(&box, finding), 1e-6);
        lattn_finding_close(&finding);
        blackbox_done(&box);
    }
}

Test(probe, refuses_a_residual_stream_beside_a_network)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct lattn_probe_settings settings = lattn_probe_settings_default();
        struct random random = {.state = seed};
        struct lattn_finding *finding;
        struct blackbox box;

        box_make(&box, 5, 1, 1, seed);
        blackbox_network(&box, 4, &random);
        box.residual = blackbox_numbers(5);
        box.residual[0] = 1;
        finding = finding_of(&box, &settings);
        cr_expect_eq(finding->outcome, LATTN_OUTCOME_OTHER, "%s", finding->reason);
        cr_expect_null(finding->attention);
        lattn_finding_close(&finding);
        blackbox_done(&box);
    }
}

Test(probe, finds_linear_attention)
{
    for (int32_t m = 1; m <= 3; m++) {
        struct lattn_probe_settings settings = lattn_probe_settings_default();
        struct lattn_finding *finding;
        struct blackbox box;

        box_make(&box, 5, m, 2, (uint64_t)m);
        box.is_linear = 1;
        finding = expect(&box, &settings, LATTN_OUTCOME_UP_TO, LATTN_ARCHITECTURE_LINEAR);
        cr_expect_eq(finding->freedoms, LATTN_FREEDOM_HEADS);
        cr_expect_eq(finding->asked.learn, (uint64_t)lattn_features(5));
        lattn_finding_close(&finding);
        blackbox_done(&box);
    }
}

/* Answers grow with the third power, up to where a double has no sixth decimal. */
Test(probe, finds_linear_attention_behind_six_decimals)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct lattn_probe_settings settings = lattn_probe_settings_default();
        struct lattn_finding *finding;
        struct blackbox box;

        box_make(&box, 4, 1, 1, seed);
        box.is_linear = 1;
        box.decimals = 6;
        finding = expect(&box, &settings, LATTN_OUTCOME_UP_TO, LATTN_ARCHITECTURE_LINEAR);
        lattn_finding_close(&finding);
        blackbox_done(&box);
    }
}

Test(probe, finds_labels)
{
    static const double thresholds[] = {0, 0.7, -2};

    for (int i = 0; i < 3; i++) {
        struct lattn_probe_settings settings = lattn_probe_settings_default();
        struct lattn_finding *finding;
        struct blackbox box;

        box_make(&box, 4, 1, 1, (uint64_t)i + 1);
        box.is_label = 1;
        box.threshold = thresholds[i];
        finding = expect(&box, &settings, LATTN_OUTCOME_UP_TO, LATTN_ARCHITECTURE_LABEL);
        cr_expect_eq(finding->freedoms, LATTN_FREEDOM_SCALE);
        cr_expect_eq(finding->residual, 0);
        cr_expect_leq(weight_error(&box, finding), 1e-9);
        lattn_finding_close(&finding);
        blackbox_done(&box);
    }
}

Test(probe, refuses_labels_of_two_heads)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct lattn_probe_settings settings = lattn_probe_settings_default();
        struct lattn_finding *finding;
        struct blackbox box;

        box_make(&box, 4, 1, 2, seed);
        box.is_label = 1;
        finding = finding_of(&box, &settings);
        cr_expect_eq(finding->outcome, LATTN_OUTCOME_OTHER, "%s", finding->reason);
        cr_expect_null(finding->attention);
        lattn_finding_close(&finding);
        blackbox_done(&box);
    }
}

/* ---- what comes first ------------------------------------------------------------------------ */

Test(probe, says_what_the_budget_lacks)
{
    static const uint64_t budgets[] = {1, 5, 30, 70, 90, 140};

    for (size_t i = 0; i < sizeof budgets / sizeof *budgets; i++) {
        struct lattn_probe_settings settings = lattn_probe_settings_default();
        struct lattn_finding *finding;
        struct blackbox box;

        settings.budget = budgets[i];
        box_make(&box, 8, 1, 1, 1);
        finding = finding_of(&box, &settings);
        cr_expect_eq(finding->outcome, LATTN_OUTCOME_UNDECIDED);
        cr_expect(strstr(finding->reason, "budget"), "%s", finding->reason);
        cr_expect_leq(box.asked, budgets[i]);
        cr_expect_null(finding->attention);
        lattn_finding_close(&finding);
        blackbox_done(&box);
    }
}

Test(probe, keeps_within_caps_of_the_oracle)
{
    static const double norms[] = {0.3, 1, 10};

    for (int i = 0; i < 3; i++)
        for (int is_told = 0; is_told <= 1; is_told++) {
            struct lattn_probe_settings settings = lattn_probe_settings_default();
            struct lattn_finding *finding;
            struct blackbox box;

            box_make(&box, 6, 1, 1, 1);
            box.norm_max = norms[i];
            box.length_max = 2 + i;
            settings.norm_max = is_told ? norms[i] : 0;
            settings.length_max = is_told ? 2 + i : 0;
            finding = expect(&box, &settings, LATTN_OUTCOME_RECOVERED, LATTN_ARCHITECTURE_SOFTMAX);
            cr_expect_leq(finding->norm, norms[i]);
            cr_expect_leq(finding->length, 2 + i);
            cr_expect_leq(weight_error(&box, finding), 1e-11);
            lattn_finding_close(&finding);
            blackbox_done(&box);
        }
}

Test(probe, says_which_cap_leaves_nothing_to_learn)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct lattn_finding *finding;
    struct blackbox box;

    box_make(&box, 4, 1, 1, 1);
    box.length_max = 1;
    finding = finding_of(&box, &settings);
    cr_expect_eq(finding->outcome, LATTN_OUTCOME_UNDECIDED);
    cr_expect(strstr(finding->reason, "two tokens"), "%s", finding->reason);
    lattn_finding_close(&finding);
    box.length_max = 0;
    box.norm_max = 1e-9;
    box.asked = 0;
    finding = finding_of(&box, &settings);
    cr_expect_eq(finding->outcome, LATTN_OUTCOME_UNDECIDED);
    cr_expect(strstr(finding->reason, "norm"), "%s", finding->reason);
    lattn_finding_close(&finding);
    blackbox_done(&box);
}

Test(probe, asks_no_second_token_where_it_is_told_that_none_is_taken)
{
    for (int architecture = 0; architecture <= LATTN_ARCHITECTURE_LABEL; architecture++)
        for (int32_t m = 1; m <= (architecture == LATTN_ARCHITECTURE_SOFTMAX ? 3 : 1); m++) {
            struct lattn_probe_settings settings = lattn_probe_settings_default();
            struct lattn_finding *finding;
            struct blackbox box;

            box_make(&box, 3, m, 1, 1);
            box.is_label = architecture == LATTN_ARCHITECTURE_LABEL;
            settings.architecture = (enum lattn_architecture)architecture;
            settings.length_max = box.length_max = 1;
            finding = finding_of(&box, &settings);
            cr_expect_eq(finding->outcome, LATTN_OUTCOME_UNDECIDED);
            cr_expect(strstr(finding->reason, "no sequence of two"), "%s", finding->reason);
            lattn_finding_close(&finding);
            blackbox_done(&box);
        }
}

/* v of the size of a step: neither is it zero, nor do heads cancel. */
Test(probe, says_where_rounding_hides_everything)
{
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct lattn_probe_settings settings = lattn_probe_settings_default();
        int32_t d = 2 + (int32_t)(seed % 7);
        struct lattn_finding *finding;
        struct blackbox box;

        box_make(&box, d, 1, 1, seed);
        for (int32_t j = 0; j < d; j++)
            box.V[j] *= 3e-4;
        box.decimals = settings.decimals = 3;
        box.norm_max = settings.norm_max = 1;
        finding = finding_of(&box, &settings);
        cr_expect_eq(finding->outcome, LATTN_OUTCOME_UNDECIDED, "%s", finding->reason);
        lattn_finding_close(&finding);
        blackbox_done(&box);
    }
}

Test(probe, says_where_noise_hides_everything)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct lattn_finding *finding;
    struct blackbox box;

    box_make(&box, 6, 1, 1, 1);
    box.noise = 0.1;
    box.norm_max = 1;
    finding = finding_of(&box, &settings);
    cr_expect_eq(finding->outcome, LATTN_OUTCOME_UNDECIDED, "%s", finding->reason);
    cr_expect(strstr(finding->reason, "noise"), "%s", finding->reason);
    cr_expect_float_eq(finding->noise, 0.1, 0.05);
    lattn_finding_close(&finding);
    blackbox_done(&box);
}

/* ---- what is handed on ----------------------------------------------------------------------- */

Test(probe, hands_on_what_ends_the_oracle)
{
    for (uint64_t after = 1; after < 150; after += 16)
        for (int is_shut = 0; is_shut <= 1; is_shut++) {
            struct lattn_probe_settings settings = lattn_probe_settings_default();
            struct lattn_complaint complaint = {""};
            struct lattn_finding *finding = NULL;
            struct blackbox box;

            box_make(&box, 6, 1, 1, 1);
            box.fails_after = is_shut ? after : 0;
            box.nan_after = is_shut ? 0 : after;
            cr_expect_eq(lattn_probe(&box.oracle, &settings, &finding, &complaint),
                         is_shut ? LATTN_CLOSED : LATTN_NOT_FINITE);
            cr_expect_null(finding);
            cr_expect_str_not_empty(complaint.text);
            blackbox_done(&box);
        }
}

/* All questions in order, and what they are answered. */
struct tape {
    struct blackbox *box;
    uint64_t hash;
};

static enum lattn_status tape_ask(void *arg, size_t count, struct lattn_question *questions,
                                  struct lattn_complaint *complaint)
{
    struct tape *tape = arg;

    for (size_t i = 0; i < count; i++)
        for (int32_t j = 0; j < questions[i].n * tape->box->d; j++) {
            uint64_t bits;

            memcpy(&bits, &questions[i].x[j], sizeof bits);
            tape->hash = (tape->hash ^ bits) * 0x100000001b3;
        }
    return blackbox_ask(tape->box, count, questions, complaint);
}

static uint64_t tape_of(uint64_t seed, int kind)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct lattn_finding *finding = NULL;
    struct lattn_oracle oracle;
    struct blackbox box;
    struct tape tape = {&box, 0};

    box_make(&box, 5, 1, 1, 9);
    box.is_linear = kind == 1;
    box.is_label = kind == 2;
    box.noise = kind == 3 ? 1e-4 : 0;
    oracle = (struct lattn_oracle){.d = 5, .m = 1, .ask = tape_ask, .arg = &tape};
    settings.seed = seed;
    cr_assert_eq(lattn_probe(&oracle, &settings, &finding, NULL), LATTN_OK);
    lattn_finding_close(&finding);
    blackbox_done(&box);
    return tape.hash;
}

Test(probe, asks_the_same_of_the_same_answers)
{
    for (int kind = 0; kind < 4; kind++) {
        cr_expect_eq(tape_of(1, kind), tape_of(1, kind));
        cr_expect_neq(tape_of(1, kind), tape_of(2, kind));
    }
}
