/*
 * Low rank in one batch (src/query/README.md, "Low rank in one batch"): Gauss-Newton finds W from
 * (1 + 2 / sqrt r) r (2 d - r) random entries in 20 of 20 cases.
 *
 * By default 5 cases of each; LATTN_LONG=1 runs 20, and r = 8.
 */
#include "core/dense.h"
#include "query/rankone.h"
#include "support/asking.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(query_rankone, .init = dense_threads_one);

enum { INSTANCES = 20, INSTANCES_SHORT = 5 };

static int is_long(void)
{
    return getenv("LATTN_LONG") != NULL;
}

/*
 * error  relative, of W
 * bars   root of the mean square of (true error / W_error)
 */
struct outcome {
    double error;
    double bars;
    double trials;
};

static struct outcome instance_run(int32_t d, int32_t rank, int32_t told, double noise,
                                   uint64_t seed)
{
    struct random random = {seed};
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *found = NULL;
    struct outcome outcome;

    blackbox_init(&box, d, 1, 1, &random);
    blackbox_lower(&box, rank, &random);
    box.noise = noise;
    asking_init(&asking, &box);
    asking.random.state = ~seed;
    cr_assert_eq(rankone_learn(&asking.oracle, &asking.conditions, &asking.random, told, &found),
                 LATTN_OK, "%s", asking.oracle.complaint.text);
    cr_expect_eq(asking.oracle.counts.learn, rankone_count(d, told));
    outcome = (struct outcome){asking_distance(&box, found), asking_bars(&box, found),
                               (double)asking.oracle.counts.trial};
    lattn_attention_close(&found);
    asking_done(&asking);
    blackbox_done(&box);
    return outcome;
}

static void assert_found(int32_t d, int32_t rank, int32_t told, double noise, double error_most)
{
    int count = is_long() ? INSTANCES : INSTANCES_SHORT;
    double most = 0, bars = 0, trials = 0;

    for (int i = 0; i < count; i++) {
        struct outcome outcome =
            instance_run(d, rank, told, noise, (uint64_t)(1000 * d + 100 * rank + i));

        most = fmax(most, outcome.error);
        bars += outcome.bars * outcome.bars / count;
        trials += outcome.trials / count;
    }
    printf("d=%d r=%d, at most %d, noise %g: %d of %d, error at most %.1e, bars %.2f, "
           "%d + %.0f questions\n",
           d, rank, told, noise, count, count, most, sqrt(bars), (int)rankone_count(d, told),
           trials);
    cr_expect_leq(most, error_most);
    cr_expect_leq(sqrt(bars), 3);
    cr_expect_geq(sqrt(bars), 0.33);
}

Test(query_rankone, finds_low_rank)
{
    assert_found(32, 1, 1, 0, 1e-13);
    assert_found(32, 2, 2, 0, 1e-13);
    assert_found(32, 4, 4, 0, 1e-13);
    assert_found(64, 2, 2, 0, 1e-13);
    assert_found(64, 4, 4, 0, 1e-13);
    if (is_long())
        assert_found(64, 8, 8, 0, 1e-13);
}

Test(query_rankone, finds_a_lower_rank_than_told)
{
    assert_found(32, 1, 4, 0, 1e-13);
    assert_found(32, 2, 4, 0, 1e-13);
}

Test(query_rankone, finds_it_under_noise)
{
    assert_found(32, 2, 2, 1e-4, 1e-5);
    assert_found(32, 2, 4, 1e-4, 1e-5);
}
