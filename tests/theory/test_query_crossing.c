/*
 * Low rank by adaptive crosses (src/query/README.md, "Low rank"): the rank is found, in exactly
 * d + r (2 d - r) + 6 questions, and W as exactly as answers allow.
 *
 * By default 5 coarse oracles of each kind; LATTN_LONG=1 runs 20.
 */
#include "core/dense.h"
#include "query/crossing.h"
#include "support/asking.h"
#include "support/corpus.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

TestSuite(query_crossing, .init = dense_threads_one);

enum { DIM = 64, INSTANCES = 20, INSTANCES_SHORT = 5 };

enum arithmetic { EXACT, DECIMALS, FLOAT, NOISY };

static const char *const names[] = {"float64", "6 decimals", "float32", "noise 1e-4"};

/*
 * error   relative, of W
 * bars    root of the mean square of (true error / W_error)
 */
struct outcome {
    double error;
    double bars;
    double trials;
};

static struct outcome instance_run(int32_t rank, enum arithmetic arithmetic, uint64_t seed)
{
    struct random random = {seed};
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *found = NULL;
    struct outcome outcome;
    int32_t found_rank = -1;

    blackbox_init(&box, DIM, 1, 1, &random);
    blackbox_lower(&box, rank, &random);
    box.decimals = arithmetic == DECIMALS ? 6 : -1;
    box.is_float = arithmetic == FLOAT;
    box.noise = arithmetic == NOISY ? 1e-4 : 0;
    asking_init(&asking, &box);
    asking.random.state = ~seed;
    cr_assert_eq(crossing_learn(&asking.oracle, &asking.conditions, &asking.random, DIM,
                                &found_rank, &found),
                 LATTN_OK, "%s", asking.oracle.complaint.text);
    cr_expect_eq(found_rank, rank);
    cr_expect_eq(asking.oracle.counts.learn, (uint64_t)(DIM + rank * (2 * DIM - rank) + 6));
    outcome = (struct outcome){asking_distance(&box, found), asking_bars(&box, found),
                               (double)asking.oracle.counts.trial};
    lattn_attention_close(&found);
    asking_done(&asking);
    blackbox_done(&box);
    return outcome;
}

static void assert_reached(enum arithmetic arithmetic, double error_most)
{
    int instances = corpus_is_long() || arithmetic == EXACT ? INSTANCES : INSTANCES_SHORT;

    for (int32_t rank = 1; rank <= 8; rank *= 2) {
        double most = 0, mean = 0, bars = 0, trials = 0;

        for (int i = 0; i < instances; i++) {
            struct outcome outcome = instance_run(rank, arithmetic, (uint64_t)(100 * rank + i));

            most = fmax(most, outcome.error);
            mean += log(outcome.error) / instances;
            bars += outcome.bars * outcome.bars / instances;
            trials += outcome.trials / instances;
        }
        printf("r=%d %s: error %.1e, most %.1e, bars %.2f, %d + %.0f questions\n", rank,
               names[arithmetic], exp(mean), most, sqrt(bars), (int)crossing_count(DIM, rank),
               trials);
        cr_expect_leq(most, error_most, "r = %d", rank);
        cr_expect_leq(sqrt(bars), 3);
        cr_expect_geq(sqrt(bars), 0.33);
    }
}

Test(query_crossing, learns_in_double)
{
    assert_reached(EXACT, 1e-11);
}

Test(query_crossing, learns_from_six_decimals)
{
    assert_reached(DECIMALS, 1.2e-8);
}

Test(query_crossing, learns_in_float)
{
    assert_reached(FLOAT, 9e-5);
}

Test(query_crossing, learns_under_noise)
{
    assert_reached(NOISY, 1e-4);
}
