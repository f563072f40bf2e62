/*
 * A head that answers at all positions is recovered from d + 1 questions where V has full rank
 * (src/query/README.md, Answers at all positions).
 *
 * 20 heads each; d = 64 with fewer unless LATTN_LONG=1.
 */
#include "query/positions.h"

#include "core/dense.h"
#include "support/asking.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

TestSuite(query_positions, .init = dense_threads_one);

enum { HEADS = 20, HEADS_SHORT = 3, DIM_SHORT = 32 };

static void head_learn(int32_t d, int32_t m, double size, int is_told, uint64_t seed)
{
    struct random random = {.state = seed};
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *got = NULL;
    double W, errors = 0, bars = 0;

    blackbox_init(&box, d, m, 1, &random);
    box.oracle.answers = LATTN_ANSWERS_POSITIONS;
    for (int32_t i = 0; i < d * d; i++)
        box.W[i] *= size;
    asking_init(&asking, &box);
    asking.conditions.scale = is_told * asking_scale(&box);
    cr_assert_eq(positions_learn(&asking.oracle, &asking.conditions, &asking.random, &got),
                 LATTN_OK, "%s", asking.oracle.complaint.text);
    W = blackbox_distance((size_t)d * (size_t)d, got->W, box.W);
    for (int32_t i = 0; i < d * d; i++) {
        errors += pow(got->W[i] - box.W[i], 2);
        bars += pow(got->W_error[i], 2);
    }
    cr_expect_leq(W, 1e-12, "d = %d, seed %d: W %g", d, (int)seed, W);
    cr_expect(errors < 100 * bars && errors > bars / 10000, "d = %d: error bars %g", d,
              sqrt(errors / bars));
    cr_expect_eq(asking.oracle.counts.learn, (uint64_t)d + 1);
    cr_expect_leq(asking.oracle.counts.trial, 4);
    lattn_attention_close(&got);
    asking_done(&asking);
    blackbox_done(&box);
}

static void heads_learn(int32_t m_over_d, double size, int is_told)
{
    for (int32_t d = 4; d <= 64; d *= 2)
        for (uint64_t i = 0; i < HEADS; i++)
            if (d <= DIM_SHORT || i < HEADS_SHORT || getenv("LATTN_LONG") != NULL)
                head_learn(d, m_over_d * d, size, is_told, 1000 * (uint64_t)d + i);
}

Test(query_positions, learns_W_from_one_question)
{
    heads_learn(1, 1, 1);
    heads_learn(1, 1, 0);
}

Test(query_positions, learns_from_more_answers_than_coordinates)
{
    heads_learn(2, 1, 0);
}

Test(query_positions, learns_W_of_every_size)
{
    heads_learn(1, 100, 0);
    heads_learn(1, 0.01, 0);
}
