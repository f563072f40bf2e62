/*
 * One head under noise (src/query/README.md, "Under noise"): error of W over sigma, for answers of
 * standard deviation sigma and tokens no larger than R; questions as counted; error bars.
 */
#include "core/dense.h"
#include "query/noisy.h"
#include "support/asking.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(query_noisy, .init = dense_threads_one);

enum { INSTANCES = 20 };

/*
 * error              relative error of W over sigma
 * bars, value_bars   root of the mean square of (true error / W_error), and of v
 */
struct outcome {
    double error;
    double bars;
    double value_bars;
    uint64_t trials;
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* In the figures no entry of v is small. */
static void box_init(struct blackbox *box, int32_t d, uint64_t seed)
{
    struct random random = {seed};

    blackbox_init(box, d, 1, 1, &random);
    for (int32_t j = 0; j < d; j++)
        box->V[j] = copysign(fmax(fabs(box->V[j]), 0.1), box->V[j]);
}

/* decimals < 0: noise as large as sigma; otherwise rounding whose deviation that is. */
static struct outcome instance_run(int32_t d, double norm, double sigma, int32_t decimals,
                                   uint64_t seed)
{
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *found = NULL;
    struct outcome outcome;

    box_init(&box, d, seed);
    box.norm_max = norm;
    box.noise = decimals < 0 ? sigma : 0;
    box.decimals = decimals;
    asking_init(&asking, &box);
    asking.random.state = ~seed;
    cr_assert_eq(noisy_learn(&asking.oracle, &asking.conditions, &asking.random, &found), LATTN_OK,
                 "%s", asking.oracle.complaint.text);
    cr_assert_eq(asking.oracle.counts.learn, noisy_count(d));
    outcome = (struct outcome){
        .error = asking_distance(&box, found) / sigma,
        .bars = asking_bars(&box, found),
        .value_bars = asking_value_bars(&box, found),
        .trials = asking.oracle.counts.trial,
    };
    lattn_attention_close(&found);
    asking_done(&asking);
    blackbox_done(&box);
    return outcome;
}

/* The median error is within a factor of two of the figure, and error bars of a third. */
static void assert_reached(int32_t d, double norm, double sigma, int32_t decimals, double figure)
{
    double errors[INSTANCES], median, bars = 0, value_bars = 0, trials = 0;

    for (int i = 0; i < INSTANCES; i++) {
        struct outcome outcome =
            instance_run(d, norm, sigma, decimals, (uint64_t)(1000 * d + i + 1));

        errors[i] = outcome.error;
        bars += outcome.bars * outcome.bars / INSTANCES;
        value_bars += outcome.value_bars * outcome.value_bars / INSTANCES;
        trials += (double)outcome.trials / INSTANCES;
    }
    qsort(errors, INSTANCES, sizeof *errors, compare);
    median = errors[INSTANCES / 2];
    printf(
        "d=%d R=%g sigma=%.2g%s: error %.3g sigma (most %.3g), bars %.2f, %llu + %.0f questions\n",
        d, norm, sigma, decimals < 0 ? "" : " of rounding", median, errors[INSTANCES - 1],
        sqrt(bars), (unsigned long long)noisy_count(d), trials);
    cr_expect_leq(median, 2 * figure);
    cr_expect_geq(median, figure / 2);
    cr_expect_leq(sqrt(bars), 1.33);
    cr_expect_geq(sqrt(bars), 0.75);
    cr_expect_leq(sqrt(value_bars), 1.33, "v: %.2f", sqrt(value_bars));
    cr_expect_geq(sqrt(value_bars), 0.75, "v: %.2f", sqrt(value_bars));
}

Test(query_noisy, reaches_the_figures_with_small_tokens)
{
    assert_reached(4, 1, 1e-4, -1, 13);
    assert_reached(16, 1, 1e-4, -1, 18);
    assert_reached(64, 1, 1e-4, -1, 20);
}

Test(query_noisy, gains_by_large_tokens)
{
    assert_reached(4, 10, 1e-4, -1, 0.64);
    assert_reached(16, 10, 1e-4, -1, 0.33);
    assert_reached(64, 10, 1e-4, -1, 0.17);
    assert_reached(4, 100, 1e-4, -1, 0.071);
    assert_reached(16, 100, 1e-4, -1, 0.036);
    assert_reached(64, 100, 1e-4, -1, 0.017);
}

Test(query_noisy, learns_from_rounded_answers)
{
    assert_reached(4, 1, 1e-3 / sqrt(12), 3, 15);
    assert_reached(16, 1, 1e-3 / sqrt(12), 3, 20);
}

Test(query_noisy, counts_the_questions)
{
    cr_assert_eq(noisy_count(4), 38 - 6, "6 of the issue's are trials");
    cr_assert_eq(noisy_count(16), 342 - 6);
    cr_assert_eq(noisy_count(64), 4550 - 6);
}
