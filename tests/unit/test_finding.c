#include "query/finding.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct lattn_finding *finding_make(void)
{
    struct lattn_finding *finding = calloc(1, sizeof *finding);

    cr_assert_not_null(finding);
    return finding;
}

Test(finding, puts_down_tests)
{
    struct lattn_finding *finding = finding_make();

    cr_expect(finding_check(finding, "met", 1, 1));
    cr_expect_not(finding_check(finding, "missed", 2, 1));
    cr_expect_not(finding_check(finding, "no number", NAN, 1));
    cr_assert_eq(finding->checks_count, 3);
    cr_expect_str_eq(finding->checks[1].name, "missed");
    cr_expect_eq(finding->checks[1].value, 2);
    cr_expect_eq(finding->checks[1].threshold, 1);
    cr_expect_not(finding->checks[1].is_passed);
    cr_expect_not(finding->checks[2].is_passed);
    free(finding);
}

Test(finding, cuts_a_reason_that_is_too_long)
{
    struct lattn_finding *finding = finding_make();

    finding_reason(finding, LATTN_OUTCOME_OTHER, "%0*d", 1000, 7);
    cr_expect_eq(finding->outcome, LATTN_OUTCOME_OTHER);
    cr_expect_eq(strlen(finding->reason), LATTN_REASON_MAX - 1);
    free(finding);
}

Test(finding, withdraws_parameters)
{
    struct lattn_finding *finding = finding_make();

    cr_assert_eq(lattn_attention_open(&finding->attention, 2, 1, 1), LATTN_OK);
    cr_assert_eq(lattn_model_open(&finding->linear, 2, 1, 1), LATTN_OK);
    finding->freedoms = LATTN_FREEDOM_ORDER;
    finding->rank = 2;
    finding_withdraw(finding);
    cr_expect_null(finding->attention);
    cr_expect_null(finding->linear);
    cr_expect_eq(finding->freedoms, 0);
    cr_expect_eq(finding->rank, 0);
    free(finding);
}

Test(finding, has_words_for_everything)
{
    static const char *const architectures[] = {"auto", "softmax", "linear", "transformer",
                                                "label"};

    for (int i = 0; i < 5; i++)
        cr_expect_str_eq(lattn_architecture_text((enum lattn_architecture)i), architectures[i]);
    cr_expect_null(lattn_architecture_text((enum lattn_architecture)5));
    for (int i = LATTN_OUTCOME_RECOVERED; i <= LATTN_OUTCOME_UNDECIDED; i++)
        cr_expect_str_not_empty(lattn_outcome_text((enum lattn_outcome)i));
    for (int bit = LATTN_FREEDOM_SCALE; bit <= LATTN_FREEDOM_HEADS; bit *= 2)
        cr_expect_str_not_empty(lattn_freedom_text((enum lattn_freedom)bit));
}

Test(finding, closes_what_is_not_there)
{
    struct lattn_finding *finding = NULL;

    lattn_finding_close(&finding);
    cr_expect_null(finding);
}
