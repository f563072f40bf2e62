/*
 * One softmax head is recovered to rounding from exactly d + d^2 questions (src/query/README.md,
 * One head), whatever the size of W and whichever entries of v are zero.
 *
 * 20 heads of each kind at d = 4, 8, 16, 32; fewer at 64 unless LATTN_LONG=1.
 */
#include "query/softmax.h"

#include "core/dense.h"
#include "support/asking.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

TestSuite(query_softmax, .init = dense_threads_one);

enum { HEADS = 20, HEADS_SHORT = 3, DIM_SHORT = 32 };

/* What is asked: W of this size, a share of v that is zero, an arithmetic; and what must come. */
struct kind {
    const char *name;
    double size;
    int is_half_zero;
    int is_float;
    int32_t decimals;
    int is_told; /* the scale */
    double error_max;
};

static void box_prepare(struct blackbox *box, const struct kind *kind, int32_t d, uint64_t seed)
{
    struct random random = {.state = seed};

    blackbox_init(box, d, 1, 1, &random);
    for (int32_t i = 0; i < d * d; i++)
        box->W[i] *= kind->size;
    for (int32_t i = 0; kind->is_half_zero && i < d / 2; i++)
        box->V[(size_t)(seed + (uint64_t)i) % (size_t)d] = 0;
    box->is_float = kind->is_float;
    box->decimals = kind->decimals;
}

/* Root mean square of errors over their bars. */
static double bars_judge(const struct lattn_attention *got, const struct blackbox *box)
{
    double errors = 0, bars = 0;

    for (int32_t i = 0; i < box->d * box->d; i++) {
        errors += pow(got->W[i] - box->W[i], 2);
        bars += pow(got->W_error[i], 2);
    }
    return sqrt(errors / bars);
}

static void head_learn(const struct kind *kind, int32_t d, uint64_t seed)
{
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *got = NULL;
    double W, v, bars;

    box_prepare(&box, kind, d, seed);
    asking_init(&asking, &box);
    if (kind->is_told)
        asking.conditions.scale = asking_scale(&box);
    cr_assert_eq(softmax_learn(&asking.oracle, &asking.conditions, &asking.random, &got), LATTN_OK,
                 "%s, d = %d: %s", kind->name, d, asking.oracle.complaint.text);
    W = blackbox_distance((size_t)d * (size_t)d, got->W, box.W);
    v = blackbox_distance((size_t)d, got->V, box.V);
    bars = bars_judge(got, &box);
    cr_expect_leq(W, kind->error_max, "%s, d = %d, seed %d: W %g", kind->name, d, (int)seed, W);
    cr_expect_leq(v, kind->error_max, "%s, d = %d, seed %d: v %g", kind->name, d, (int)seed, v);
    cr_expect(bars > 0.1 && bars < 10, "%s, d = %d, seed %d: error bars %g", kind->name, d,
              (int)seed, bars);
    cr_expect_eq(asking.oracle.counts.learn, softmax_count(d));
    cr_expect(kind->is_told ? asking.oracle.counts.trial == 0 : asking.oracle.counts.trial >= 6);
    lattn_attention_close(&got);
    asking_done(&asking);
    blackbox_done(&box);
}

static void kind_learn(const struct kind *kind)
{
    for (int32_t d = 4; d <= 64; d *= 2)
        for (uint64_t i = 0; i < HEADS; i++)
            if (d <= DIM_SHORT || i < HEADS_SHORT || getenv("LATTN_LONG") != NULL)
                head_learn(kind, d, 1000 * (uint64_t)d + i);
}

Test(query_softmax, learns_W_of_every_size)
{
    kind_learn(&(struct kind){"told", 1, 0, 0, -1, 1, 1e-14});
    kind_learn(&(struct kind){"told, W x 100", 100, 0, 0, -1, 1, 1e-14});
    kind_learn(&(struct kind){"W x 10", 10, 0, 0, -1, 0, 1e-14});
    kind_learn(&(struct kind){"W x 0.01", 0.01, 0, 0, -1, 0, 1e-14});
}

Test(query_softmax, learns_where_half_of_v_is_zero)
{
    kind_learn(&(struct kind){"half of v zero", 1, 1, 0, -1, 0, 1e-14});
}

Test(query_softmax, learns_from_float_answers)
{
    kind_learn(&(struct kind){"float", 1, 0, 1, -1, 0, 2e-6});
}

Test(query_softmax, learns_from_rounded_answers)
{
    kind_learn(&(struct kind){"6 decimals", 1, 0, 0, 6, 1, 1e-10});
}
