#include "query/rankone.h"

#include "core/dense.h"
#include "query/softmax.h"
#include "support/asking.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(rankone, .init = dense_threads_one);

/* A head of this rank, 0 for W = 0; tests set more before they learn. */
static void box_init(struct blackbox *box, int32_t d, int32_t rank, uint64_t seed)
{
    struct random random = {seed};

    blackbox_init(box, d, 1, 1, &random);
    if (rank > 0)
        blackbox_lower(box, rank, &random);
    else
        memset(box->W, 0, (size_t)(d * d) * sizeof *box->W);
}

/* Learn it within an error of each entry, and release the box. */
static void box_learn(struct blackbox *box, int32_t told, double error_most)
{
    struct asking asking;
    struct lattn_attention *found = NULL;
    int32_t d = box->d;

    asking_init(&asking, box);
    cr_assert_eq(rankone_learn(&asking.oracle, &asking.conditions, &asking.random, told, &found),
                 LATTN_OK, "%s", asking.oracle.complaint.text);
    cr_expect_eq(asking.oracle.counts.learn, rankone_count(d, told));
    for (int32_t i = 0; i < d * d; i++) {
        cr_expect_leq(fabs(found->W[i] - box->W[i]), error_most, "d = %d: %g", d,
                      fabs(found->W[i] - box->W[i]));
        cr_expect(found->W_error[i] > 0 && isfinite(found->W_error[i]));
    }
    lattn_attention_close(&found);
    asking_done(&asking);
    blackbox_done(box);
}

/* Be refused with a part of a sentence, and release the box. */
static void box_refuse(struct blackbox *box, int32_t told, uint64_t budget,
                       enum lattn_status status, const char *part)
{
    struct asking asking;
    struct lattn_attention *found = NULL;

    asking_init(&asking, box);
    asking.oracle.budget = budget;
    cr_assert_eq(rankone_learn(&asking.oracle, &asking.conditions, &asking.random, told, &found),
                 status, "%s", asking.oracle.complaint.text);
    cr_assert_null(found, "nothing is given");
    cr_expect_not_null(strstr(asking.oracle.complaint.text, part), "%s",
                       asking.oracle.complaint.text);
    asking_done(&asking);
    blackbox_done(box);
}

Test(rankone, learns_every_size_and_bound)
{
    for (int32_t d = 1; d <= 12; d++)
        for (int32_t told = 1; told <= d; told++) {
            struct blackbox box;

            box_init(&box, d, told > 1 ? told - 1 : 1, (uint64_t)(20 * d + told));
            box_learn(&box, told, 1e-12);
        }
}

Test(rankone, counts_no_more_than_full_rank)
{
    cr_expect_eq(rankone_count(64, 4), 64 + 2 * 4 * 124);
    cr_expect_eq(rankone_count(64, 64), softmax_count(64));
    cr_expect_eq(rankone_count(256, 8), softmax_count(256), "too many unknowns");
    for (int32_t rank = 1; rank <= 32; rank++)
        cr_expect_leq(rankone_count(32, rank), softmax_count(32));
}

Test(rankone, learns_that_w_is_zero)
{
    struct blackbox box;

    box_init(&box, 12, 0, 1);
    box_learn(&box, 1, 1e-15);
}

Test(rankone, learns_small_and_large_scores)
{
    const double scales[] = {1e-2, 1e2};

    for (size_t s = 0; s < 2; s++) {
        struct blackbox box;

        box_init(&box, 16, 2, 2 + s);
        for (int i = 0; i < 16 * 16; i++)
            box.W[i] *= scales[s];
        box_learn(&box, 2, 1e-12 * scales[s]);
    }
}

Test(rankone, tells_v_from_zero)
{
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *found = NULL;

    box_init(&box, 12, 1, 1);
    memset(box.V, 0, 12 * sizeof *box.V);
    asking_init(&asking, &box);
    cr_assert_eq(rankone_learn(&asking.oracle, &asking.conditions, &asking.random, 1, &found),
                 LATTN_RANK);
    for (int i = 0; i < 144; i++)
        cr_assert_eq(found->W[i], 0);
    lattn_attention_close(&found);
    asking_done(&asking);
    blackbox_done(&box);
}

Test(rankone, refuses_a_rank_above_what_was_told)
{
    struct blackbox box;

    box_init(&box, 16, 3, 3);
    box_refuse(&box, 1, UINT64_MAX, LATTN_NO_CONVERGENCE, "rank of W at most 1");
    box_init(&box, 16, 3, 3);
    box_refuse(&box, 2, UINT64_MAX, LATTN_NO_CONVERGENCE, "rank of W at most 2");
}

Test(rankone, refuses_weights_that_no_head_has)
{
    struct blackbox box;

    box_init(&box, 12, 2, 6);
    box.is_linear = 1;
    box_refuse(&box, 1, UINT64_MAX, LATTN_NO_CONVERGENCE, "between 0 and 1");
}

Test(rankone, hands_refusals_on)
{
    struct blackbox box;

    box_init(&box, 12, 1, 7);
    box_refuse(&box, 1, 20, LATTN_BUDGET, "");
    for (uint64_t after = 1; after < rankone_count(12, 1); after += 7) {
        box_init(&box, 12, 1, 7);
        box.fails_after = after;
        box_refuse(&box, 1, UINT64_MAX, LATTN_CLOSED, "the box is shut");
    }
    box_init(&box, 12, 1, 7);
    box.nan_after = 40;
    box_refuse(&box, 1, UINT64_MAX, LATTN_NOT_FINITE, "not finite");
}
