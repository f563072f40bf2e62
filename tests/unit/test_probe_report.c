#include "probe_report.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static char *report_of(const struct lattn_finding *finding, const struct respondent_info *info)
{
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);

    probe_report_print(file, finding, info);
    (void)fclose(file);
    return text;
}

static void check_says(const struct lattn_finding *finding, const struct respondent_info *info,
                       const char *expected)
{
    char *text = report_of(finding, info);

    cr_assert_str_eq(text, expected);
    free(text);
}

/* Does the report hold this? */
static int says(const struct lattn_finding *finding, const char *part)
{
    const struct respondent_info info = {0};
    char *text = report_of(finding, &info);
    int found = strstr(text, part) != NULL;

    free(text);
    return found;
}

static struct lattn_finding finding_recovered(void)
{
    struct lattn_finding finding = {
        .architecture = LATTN_ARCHITECTURE_SOFTMAX,
        .rank = 2,
        .residual = 3e-16,
        .threshold = 1e-9,
        .noise_floor = 2e-16,
        .asked = {1006, 9, 16},
        .theory = 1006,
        .norm = 1024,
        .length = 8,
        .checks = {{"answers add up", 0, 1, 1}},
        .checks_count = 1,
        .defences = {{"answers rounded to 3 decimals", 12345, 0.25}, {"noise 1", INFINITY, 1}},
        .defences_count = 2,
    };

    cr_assert_eq(lattn_attention_open(&finding.attention, 2, 1, 1), LATTN_OK);
    for (int32_t i = 0; i < 4; i++) {
        finding.attention->W[i] = i % 2 ? 2 : -2;
        finding.attention->W_error[i] = 1e-16;
    }
    finding.attention->W_error[3] = 3e-16;
    finding.attention->V_error[0] = 4e-16;
    return finding;
}

Test(probe_report, says_on_one_screen_what_was_recovered_and_how_well)
{
    struct lattn_finding finding = finding_recovered();
    const struct respondent_info info = {0};

    check_says(&finding, &info,
               "recovered: one softmax head\n"
               "  residual            3e-16 of held-out answers, at most 1e-09\n"
               "  noise floor         2e-16\n"
               "  rank of W           2 of 2\n"
               "  error of W          8.7e-17 of an entry's size, 1.5e-16 at most\n"
               "  error of v          2.8e-16, 4e-16 at most\n"
               "  questions           1 031: 1 006 to learn (theory: 1 006), 9 on trial, "
               "16 to verify\n"
               "  tokens              up to norm 1024, up to 8 in a question\n"
               "  tests               1 of 1 passed\n"
               "\n"
               "  an attack, where the defence is                questions    error of W\n"
               "  answers rounded to 3 decimals                     12 345          0.25\n"
               "  noise 1                                        no number             1\n");
    lattn_attention_close(&finding.attention);
}

Test(probe_report, says_why_nothing_was_recovered_and_what_happened)
{
    const struct lattn_finding finding = {
        .outcome = LATTN_OUTCOME_OTHER,
        .reason = "held-out answers differ",
        .noise = 0.5,
        .noise_floor = 0.25,
        .residual = 0.75,
        .threshold = 0.5,
        .asked = {0, 4, 2},
        .norm = 1,
        .length = 2,
        .checks = {{"answers add up", 0, 1, 1}, {"held out", 0.75, 0.5, 0}},
        .checks_count = 2,
    };
    const struct respondent_info info = {
        .recalled = 3, .refused = 2, .refusal = "too long", .undetermined = 1, .restarts = 4};

    check_says(&finding, &info,
               "not this architecture: held-out answers differ\n"
               "  residual            0.75 of held-out answers, at most 0.5\n"
               "  noise floor         0.25\n"
               "  answers vary        by 0.5\n"
               "  questions           6: 0 to learn, 4 on trial, 2 to verify\n"
               "  tokens              up to norm 1, up to 2 in a question\n"
               "  recalled            3 answers, from the log\n"
               "  refused             2 questions, the last: too long\n"
               "  undetermined        1 answer, which the daemon's data leaves open\n"
               "  started again       4 times\n"
               "  tests               1 of 2 passed\n"
               "    failed            held out: 0.75, at most 0.5\n");
}

Test(probe_report, is_silent_about_what_was_not_asked)
{
    const struct lattn_finding finding = {.outcome = LATTN_OUTCOME_UNDECIDED,
                                          .reason = "the budget",
                                          .asked = {0, 4, 0},
                                          .norm = 1,
                                          .length = 2};
    const struct respondent_info info = {0};

    check_says(&finding, &info,
               "undecided: the budget\n"
               "  questions           4: 0 to learn, 4 on trial, 0 to verify\n"
               "  tokens              up to norm 1, up to 2 in a question\n");
}

Test(probe_report, names_what_was_recovered)
{
    struct lattn_finding finding = {.architecture = LATTN_ARCHITECTURE_SOFTMAX};

    cr_assert_eq(lattn_attention_open(&finding.attention, 2, 3, 2), LATTN_OK);
    cr_assert(says(&finding, "recovered: 2 softmax heads\n"));
    cr_assert(says(&finding, "error of V"));
    lattn_attention_close(&finding.attention);

    finding.architecture = LATTN_ARCHITECTURE_LABEL;
    cr_assert_eq(lattn_attention_open(&finding.attention, 2, 1, 1), LATTN_OK);
    finding.attention->threshold = 0.5;
    cr_assert(says(&finding, "recovered: one softmax head behind labels, threshold 0.5\n"));
    lattn_attention_close(&finding.attention);

    finding.architecture = LATTN_ARCHITECTURE_TRANSFORMER;
    cr_assert_eq(lattn_attention_open_network(&finding.attention, 2, 7), LATTN_OK);
    cr_assert(says(&finding, "recovered: one softmax head, then a network of 7 neurons\n"));
    cr_assert_not(says(&finding, "error of v"));
    finding.checks[0] = (struct lattn_check){"answers add up", 1, 0, 0};
    finding.checks_count = 1;
    cr_assert(says(&finding, "0 of 1 passed, the others rule out attention alone\n"));
    finding.checks_count = 0;
    lattn_attention_close(&finding.attention);

    finding.architecture = LATTN_ARCHITECTURE_LINEAR;
    cr_assert_eq(lattn_model_open(&finding.linear, 2, 1, 2), LATTN_OK);
    finding.linear_error = 0.125;
    cr_assert(says(&finding, "recovered: linear attention\n"));
    cr_assert(says(&finding, "coefficient error   0.12\n"));
    lattn_model_close(&finding.linear);
}

Test(probe_report, names_every_freedom)
{
    struct lattn_finding finding = finding_recovered();

    finding.outcome = LATTN_OUTCOME_UP_TO;
    cr_assert(says(&finding, "recovered up to named freedoms: one softmax head\n"));
    for (uint32_t bit = 1; bit <= LATTN_FREEDOM_HEADS; bit <<= 1) {
        finding.freedoms = bit;
        cr_assert(says(&finding, lattn_freedom_text((enum lattn_freedom)bit)));
    }
    lattn_attention_close(&finding.attention);
}

Test(probe_report, says_no_error_of_a_matrix_that_is_free)
{
    struct lattn_finding finding = finding_recovered();

    finding.freedoms = LATTN_FREEDOM_SILENT;
    cr_assert_not(says(&finding, "  error of W          "));
    cr_assert(says(&finding, "  error of v"));
    lattn_attention_close(&finding.attention);
}

Test(probe_report, says_no_residual_where_nothing_was_verified)
{
    const struct lattn_finding finding = {
        .outcome = LATTN_OUTCOME_OTHER, .reason = "it bends", .asked = {4, 4, 16}};

    cr_assert_not(says(&finding, "residual"));
}

Test(probe_report, tells_what_a_plan_takes)
{
    const struct lattn_probe_plan plan = {.asked = {72, 9, 16}, .theory = 72, .is_bound = 1};
    char *text = NULL;
    size_t length;
    FILE *file = open_memstream(&text, &length);

    probe_report_print_plan(file, &plan, LATTN_ARCHITECTURE_AUTO, 10);
    (void)fclose(file);
    cr_assert_str_eq(text, "at most about 97 questions: 72 to learn (theory: 72), 9 on trial, "
                           "16 to verify\n"
                           "that is for softmax attention; --model tells what others take\n"
                           "that takes 10 s at this rate\n");
    free(text);
}

/* What an oracle says is shown, and moves no terminal. */
Test(probe_report, shows_no_control_character)
{
    struct lattn_finding finding = {.outcome = LATTN_OUTCOME_UNDECIDED, .reason = "why not"};
    const struct respondent_info info = {.refused = 1,
                                         .refusal = "no\n\x1b[31m\xc2\x9b\x7f \xc3\xa9"};
    char *text = report_of(&finding, &info);

    cr_expect(strstr(text, "the last: no??[31m?? \xc3\xa9\n") != NULL, "%s", text);
    free(text);
}
