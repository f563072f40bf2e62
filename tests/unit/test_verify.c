#include "query/verify.h"

#include "core/dense.h"
#include "support/asking.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { D = 6, SEEDS = 10 };

TestSuite(verify, .init = dense_threads_one);

/* What is said of a box about the parameters that it has, each entry of W off by `off`. */
static enum verify_verdict verdict_of(struct blackbox *box, double off, double W_error,
                                      struct lattn_finding *finding)
{
    size_t weights = (size_t)box->heads * D * D, values = (size_t)box->heads * (size_t)box->m * D;
    enum verify_verdict verdict = VERIFY_BLIND;
    struct asking asking;

    memset(finding, 0, sizeof *finding);
    asking_init(&asking, box);
    cr_assert_eq(lattn_attention_open(&finding->attention, D, box->m, box->heads), LATTN_OK);
    memcpy(finding->attention->W, box->W, weights * sizeof *box->W);
    memcpy(finding->attention->V, box->V, values * sizeof *box->V);
    for (size_t i = 0; i < weights; i++) {
        finding->attention->W[i] += i % 2 ? off : -off;
        finding->attention->W_error[i] = W_error;
    }
    cr_assert_eq(verify_run(&asking.oracle, &asking.conditions, &asking.random, finding, &verdict),
                 LATTN_OK);
    cr_expect_eq(asking.oracle.counts.verify,
                 verify_count(LATTN_ARCHITECTURE_SOFTMAX, asking.conditions.length));
    lattn_attention_close(&finding->attention);
    asking_done(&asking);
    return verdict;
}

static void box_make(struct blackbox *box, int32_t m, int32_t heads, uint64_t seed)
{
    struct random random = {.state = seed};

    blackbox_init(box, D, m, heads, &random);
}

static struct lattn_finding *finding_make(void)
{
    struct lattn_finding *finding = calloc(1, sizeof *finding);

    cr_assert_not_null(finding);
    return finding;
}

Test(verify, passes_what_is_exact)
{
    struct lattn_finding *finding = finding_make();

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct blackbox box;

        box_make(&box, 1 + (int32_t)(seed % 3), 1 + (int32_t)(seed % 2), seed);
        cr_expect_eq(verdict_of(&box, 0, 0, finding), VERIFY_PASSED);
        cr_expect_leq(finding->residual, 1e-14);
        cr_expect_eq(finding->threshold, 1e-9);
        cr_expect_eq(finding->checks_count, 5);
        blackbox_done(&box);
    }
    free(finding);
}

Test(verify, fails_what_is_off_by_more_than_it_says)
{
    struct lattn_finding *finding = finding_make();

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct blackbox box;

        box_make(&box, 1, 1, seed);
        cr_expect_eq(verdict_of(&box, 1e-7, 0, finding), VERIFY_FAILED);
        cr_expect_gt(finding->residual, finding->threshold);
        cr_expect_eq(verdict_of(&box, 1e-7, 1e-7, finding), VERIFY_PASSED);
        cr_expect_lt(finding->residual, 5 * finding->noise_floor);
        cr_expect_gt(finding->residual, finding->noise_floor / 20);
        blackbox_done(&box);
    }
    free(finding);
}

/* The floor is what noise and rounding leave of exact parameters. */
Test(verify, floor_is_that_of_noise_and_of_rounding)
{
    struct lattn_finding *finding = finding_make();

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct blackbox box;

        box_make(&box, 1, 1, seed);
        box.noise = seed % 2 ? 1e-4 : 0;
        box.decimals = seed % 2 ? -1 : 4;
        cr_expect_eq(verdict_of(&box, 0, 0, finding), VERIFY_PASSED);
        for (int32_t i = 0; i < 4; i++) {
            double floor = finding->checks[i].threshold / 10;

            cr_expect_lt(finding->checks[i].value, 2 * floor);
            cr_expect_gt(finding->checks[i].value, floor / 2);
        }
        blackbox_done(&box);
    }
    free(finding);
}

Test(verify, passes_floats)
{
    struct lattn_finding *finding = finding_make();

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct blackbox box;

        box_make(&box, 1, 1, seed);
        box.is_float = 1;
        cr_expect_eq(verdict_of(&box, 0, 0, finding), VERIFY_PASSED);
        cr_expect_leq(finding->threshold, 1e-4);
        blackbox_done(&box);
    }
    free(finding);
}

Test(verify, is_blind_where_noise_hides_the_answers)
{
    struct lattn_finding *finding = finding_make();
    struct blackbox box;

    box_make(&box, 1, 1, 1);
    box.noise = 1;
    box.norm_max = 1;
    cr_expect_eq(verdict_of(&box, 0, 0, finding), VERIFY_BLIND);
    blackbox_done(&box);
    free(finding);
}

Test(verify, asks_no_longer_sequences_than_are_taken)
{
    struct lattn_finding *finding = finding_make();

    for (int32_t length = 2; length <= 9; length++) {
        struct blackbox box;

        box_make(&box, 1, 1, 1);
        box.length_max = length;
        cr_expect_eq(verdict_of(&box, 0, 0, finding), VERIFY_PASSED);
        cr_expect_eq(finding->checks_count, 2 + (length > 2) + (length > 3) + (length > 7));
        blackbox_done(&box);
    }
    free(finding);
}

Test(verify, looks_at_a_network)
{
    struct lattn_finding *finding = finding_make();

    for (int is_off = 0; is_off <= 1; is_off++) {
        enum verify_verdict verdict = VERIFY_BLIND;
        struct random random = {1};
        struct asking asking;
        struct blackbox box;

        box_make(&box, 1, 1, 1);
        blackbox_network(&box, 1, &random);
        asking_init(&asking, &box);
        memset(finding, 0, sizeof *finding);
        cr_assert_eq(lattn_attention_open_network(&finding->attention, D, 1), LATTN_OK);
        memcpy(finding->attention->W, box.W, (size_t)D * D * sizeof *box.W);
        for (int32_t j = 0; j < D; j++)
            finding->attention->network->J[j] = box.A[j] * fabs(box.w[0]);
        finding->attention->network->s[0] = box.w[0] > 0 ? 1 : -1;
        finding->attention->network->J[0] += 1e-4 * is_off;
        cr_assert_eq(
            verify_run(&asking.oracle, &asking.conditions, &asking.random, finding, &verdict),
            LATTN_OK);
        cr_expect_eq(verdict, is_off ? VERIFY_FAILED : VERIFY_PASSED);
        lattn_attention_close(&finding->attention);
        asking_done(&asking);
        blackbox_done(&box);
    }
    free(finding);
}
