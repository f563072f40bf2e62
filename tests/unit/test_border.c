#include "query/border.h"

#include "core/dense.h"
#include "support/asking.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { D = 5, SEEDS = 10 };

TestSuite(border, .init = dense_threads_one);

/* What is said about the parameters of a label box, W off by `off` and v scaled. */
static enum verify_verdict verdict_of(struct blackbox *box, double off,
                                      struct lattn_finding *finding)
{
    enum verify_verdict verdict = VERIFY_BLIND;
    struct asking asking;

    memset(finding, 0, sizeof *finding);
    asking_init(&asking, box);
    cr_assert_eq(lattn_attention_open(&finding->attention, D, 1, 1), LATTN_OK);
    for (int32_t i = 0; i < D * D; i++)
        finding->attention->W[i] = box->W[i] + (i % 2 ? off : -off);
    for (int32_t j = 0; j < D; j++)
        finding->attention->V[j] = 3 * box->V[j];
    finding->attention->threshold = 3 * box->threshold;
    cr_assert_eq(border_run(&asking.oracle, &asking.conditions, &asking.random, finding, &verdict),
                 LATTN_OK);
    cr_expect_leq(asking.oracle.counts.verify, border_count(asking.conditions.length));
    cr_expect_eq(asking.oracle.counts.verify, box->asked);
    lattn_attention_close(&finding->attention);
    asking_done(&asking);
    return verdict;
}

static void box_make(struct blackbox *box, double threshold, uint64_t seed)
{
    struct random random = {.state = seed};

    blackbox_init(box, D, 1, 1, &random);
    box->is_label = 1;
    box->threshold = threshold;
}

static const double thresholds[] = {0, 0.7, -2, 100};

Test(border, agrees_with_what_is_exact)
{
    struct lattn_finding *finding = calloc(1, sizeof *finding);

    cr_assert_not_null(finding);
    for (uint64_t seed = 0; seed < 4 * SEEDS; seed++) {
        struct blackbox box;

        box_make(&box, thresholds[seed % 4], seed);
        cr_expect_eq(verdict_of(&box, 0, finding), VERIFY_PASSED);
        cr_expect_eq(finding->residual, 0);
        cr_expect_eq(finding->checks_count, 4);
        blackbox_done(&box);
    }
    free(finding);
}

Test(border, differs_where_a_weight_is_off_by_little)
{
    struct lattn_finding *finding = calloc(1, sizeof *finding);

    cr_assert_not_null(finding);
    for (uint64_t seed = 0; seed < 4 * SEEDS; seed++) {
        struct blackbox box;

        box_make(&box, thresholds[seed % 4], seed);
        cr_expect_eq(verdict_of(&box, 1e-3, finding), VERIFY_FAILED, "seed %d", (int)seed);
        cr_expect_gt(finding->residual, 0);
        blackbox_done(&box);
    }
    free(finding);
}

Test(border, is_blind_where_no_token_reaches_the_threshold)
{
    struct lattn_finding *finding = calloc(1, sizeof *finding);
    struct blackbox box;

    cr_assert_not_null(finding);
    box_make(&box, 1e9, 1);
    cr_expect_eq(verdict_of(&box, 0, finding), VERIFY_BLIND);
    blackbox_done(&box);
    free(finding);
}
