#include "query/crossing.h"

#include "core/dense.h"
#include "support/asking.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(crossing, .init = dense_threads_one);

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

static double largest(int32_t count, const double *numbers)
{
    double most = 0;

    for (int32_t i = 0; i < count; i++)
        most = fmax(most, fabs(numbers[i]));
    return most;
}

/* Learn it, rank and all, and release the box; questions come to `*ret_counts`. */
static void box_learn(struct blackbox *box, int32_t rank, int32_t rank_max, double error_most,
                      struct lattn_asked *ret_counts)
{
    struct asking asking;
    struct lattn_attention *found = NULL;
    int32_t found_rank = -1, d = box->d;

    asking_init(&asking, box);
    cr_assert_eq(crossing_learn(&asking.oracle, &asking.conditions, &asking.random, rank_max,
                                &found_rank, &found),
                 LATTN_OK, "%s", asking.oracle.complaint.text);
    cr_expect_eq(found_rank, rank, "d = %d: %d, not %d", d, found_rank, rank);
    for (int32_t i = 0; i < d * d; i++)
        found->W[i] -= box->W[i];
    cr_expect_leq(largest(d * d, found->W), error_most * fmax(1e-3, largest(d * d, box->W)),
                  "d = %d, rank %d: %g", d, rank, largest(d * d, found->W));
    for (int32_t j = 0; j < d; j++)
        cr_expect_leq(fabs(found->V[j] - box->V[j]), 6 * found->V_error[j] + 1e-15);
    for (int32_t i = 0; i < d * d; i++)
        cr_expect(found->W_error[i] > 0 && isfinite(found->W_error[i]));
    *ret_counts = asking.oracle.counts;
    lattn_attention_close(&found);
    asking_done(&asking);
    blackbox_done(box);
}

/* Be refused with a part of a sentence, and release the box. */
static void box_refuse(struct blackbox *box, int32_t rank_max, uint64_t budget,
                       enum lattn_status status, const char *part)
{
    struct asking asking;
    struct lattn_attention *found = NULL;
    int32_t rank = -1;

    asking_init(&asking, box);
    asking.oracle.budget = budget;
    cr_assert_eq(
        crossing_learn(&asking.oracle, &asking.conditions, &asking.random, rank_max, &rank, &found),
        status, "%s", asking.oracle.complaint.text);
    cr_assert_null(found, "nothing is given");
    cr_assert_eq(rank, -1);
    cr_expect_not_null(strstr(asking.oracle.complaint.text, part), "%s",
                       asking.oracle.complaint.text);
    asking_done(&asking);
    blackbox_done(box);
}

Test(crossing, learns_every_size_and_rank)
{
    for (int32_t d = 1; d <= 8; d++)
        for (int32_t rank = 0; rank <= d; rank++) {
            struct blackbox box;
            struct lattn_asked counts;

            box_init(&box, d, rank, (uint64_t)(10 * d + rank));
            box_learn(&box, rank, d, 1e-11, &counts);
            cr_expect_eq(counts.learn, crossing_count(d, rank), "d = %d, rank %d", d, rank);
        }
}

Test(crossing, needs_no_rank_above_the_true_one)
{
    for (int32_t rank = 0; rank <= 4; rank++) {
        struct blackbox box;
        struct lattn_asked counts;

        box_init(&box, 9, rank, (uint64_t)rank);
        box_learn(&box, rank, rank, 1e-11, &counts);
        cr_expect_eq(counts.learn, crossing_count(9, rank));
    }
}

Test(crossing, counts_what_theory_does)
{
    cr_assert_eq(crossing_count(64, 4), 64 + 4 * 124 + 6);
    cr_assert_eq(crossing_count(64, 64), 64 + 64 * 64);
    cr_assert_eq(crossing_count(1, 1), 2);
}

Test(crossing, learns_where_v_is_zero_in_half)
{
    struct blackbox box;
    struct lattn_asked counts;

    box_init(&box, 16, 3, 1);
    memset(box.V, 0, 8 * sizeof *box.V);
    box_learn(&box, 3, 16, 1e-11, &counts);
}

Test(crossing, learns_small_and_large_scores)
{
    const double scales[] = {1e-2, 1e2};

    for (size_t s = 0; s < 2; s++) {
        struct blackbox box;
        struct lattn_asked counts;

        box_init(&box, 16, 3, 2 + s);
        for (int i = 0; i < 16 * 16; i++)
            box.W[i] *= scales[s];
        box_learn(&box, 3, 16, 1e-10, &counts);
    }
}

/* Learn a W whose third direction is hardly above the noise; 1 where more had to be asked. */
static int faint_learn(double strength, uint64_t seed)
{
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *found = NULL;
    int32_t rank = -1;
    int is_more;

    box_init(&box, 16, 2, seed);
    for (int32_t i = 0; i < 16; i++)
        for (int32_t j = 0; j < 16; j++)
            box.W[16 * i + j] += strength * cos(i + 1) * sin(3 * j + 1);
    box.noise = 1e-4;
    asking_init(&asking, &box);
    asking.random.state = seed;
    cr_assert_eq(
        crossing_learn(&asking.oracle, &asking.conditions, &asking.random, 16, &rank, &found),
        LATTN_OK, "%s", asking.oracle.complaint.text);
    cr_expect(rank == 2 || rank == 3, "%d", rank);
    cr_expect_leq(asking_distance(&box, found), 2e-4, "%g: rank %d", strength, rank);
    is_more = asking.oracle.counts.learn > crossing_count(16, rank);
    lattn_attention_close(&found);
    asking_done(&asking);
    blackbox_done(&box);
    return is_more;
}

/* A column may seem to fit by chance. */
Test(crossing, takes_more_columns_where_held_out_answers_differ)
{
    int more = 0;

    for (uint64_t seed = 0; seed < 200; seed++)
        more += faint_learn(3e-7 * pow(1.05, (double)seed), seed);
    cr_expect_gt(more, 0);
    cr_expect_lt(more, 50);
}

Test(crossing, tells_v_from_zero)
{
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *found = NULL;
    int32_t rank = -1;

    box_init(&box, 6, 2, 1);
    memset(box.V, 0, 6 * sizeof *box.V);
    asking_init(&asking, &box);
    cr_assert_eq(
        crossing_learn(&asking.oracle, &asking.conditions, &asking.random, 6, &rank, &found),
        LATTN_RANK);
    cr_expect_eq(rank, 0);
    cr_expect_eq(largest(6, found->V), 0);
    cr_expect_eq(largest(36, found->W), 0);
    cr_expect_eq(asking.oracle.counts.learn, 6);
    lattn_attention_close(&found);
    asking_done(&asking);
    blackbox_done(&box);
}

Test(crossing, refuses_a_rank_above_what_was_told)
{
    for (int32_t rank_max = 0; rank_max < 5; rank_max++) {
        struct blackbox box;

        box_init(&box, 8, 5, 3);
        box_refuse(&box, rank_max, UINT64_MAX, LATTN_NO_CONVERGENCE, "rank of W at most");
    }
}

Test(crossing, refuses_weights_that_no_head_has)
{
    struct blackbox box;

    box_init(&box, 4, 2, 6);
    box.is_linear = 1;
    box_refuse(&box, 4, UINT64_MAX, LATTN_NO_CONVERGENCE, "between 0 and 1");
}

Test(crossing, hands_refusals_on)
{
    struct blackbox box;

    box_init(&box, 5, 2, 7);
    box_refuse(&box, 5, 12, LATTN_BUDGET, "");
    for (uint64_t after = 1; after < crossing_count(5, 2); after++) {
        box_init(&box, 5, 2, 7);
        box.fails_after = after;
        box_refuse(&box, 5, UINT64_MAX, LATTN_CLOSED, "the box is shut");
    }
    box_init(&box, 5, 2, 7);
    box.nan_after = 20;
    box_refuse(&box, 5, UINT64_MAX, LATTN_NOT_FINITE, "not finite");
}
