#include "query/label.h"

#include "base/memory.h"
#include "core/dense.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(label, .init = dense_threads_one);

static const struct conditions conditions = {.norm = 0x1p10, .length = 8, .epsilon = 0x1p-53};

/* A label oracle and what asks it. */
struct bench {
    struct random random;
    struct blackbox box;
    struct oracle oracle;
    struct lattn_attention *attention;
    uint32_t freedoms;
};

static void bench_init(struct bench *bench, int32_t d, double threshold)
{
    *bench = (struct bench){.random = {.state = 5}};
    blackbox_init(&bench->box, d, 1, 1, &bench->random);
    bench->box.is_label = 1;
    bench->box.threshold = threshold;
}

static enum lattn_status bench_learn(struct bench *bench, double norm, uint64_t budget)
{
    struct lattn_probe_settings settings = {.budget = budget};
    struct conditions under = conditions;

    under.norm = norm;
    cr_assert_eq(oracle_init(&bench->oracle, &bench->box.oracle, &settings), LATTN_OK);
    return label_learn(&bench->oracle, &under, &bench->random, &bench->attention, &bench->freedoms);
}

static void bench_done(struct bench *bench)
{
    lattn_attention_close(&bench->attention);
    oracle_done(&bench->oracle);
    blackbox_done(&bench->box);
}

static void expect_learned(struct bench *bench, double error)
{
    size_t d = (size_t)bench->box.d;
    double size = dense_norm(bench->box.d, bench->box.V);
    double sum = 0;

    cr_assert_eq(bench_learn(bench, 0x1p10, 0), LATTN_OK, "%s", bench->oracle.complaint.text);
    for (size_t i = 0; i < d * d; i++)
        sum += pow(bench->attention->W[i] - bench->box.W[i], 2);
    cr_expect_leq(sqrt(sum), error, "d = %d: %.2g", bench->box.d, sqrt(sum));
    for (size_t i = 0; i < d; i++)
        cr_expect_float_eq(bench->attention->V[i], bench->box.V[i] / size, 4e-15);
    cr_expect_float_eq(bench->attention->threshold, bench->box.threshold / size, 4e-15);
}

/* ---- hard heads ------------------------------------------------------------------------------ */

Test(label, learns_every_small_size)
{
    for (int32_t d = 1; d <= 5; d++)
        for (int sign = -1; sign <= 1; sign++) {
            struct bench bench;

            bench_init(&bench, d, .5 * sign);
            expect_learned(&bench, 1e-11);
            bench_done(&bench);
        }
}

Test(label, learns_where_half_of_v_is_zero)
{
    for (int sign = -1; sign <= 1; sign++) {
        struct bench bench;

        bench_init(&bench, 6, sign);
        memset(bench.box.V, 0, 3 * sizeof *bench.box.V);
        expect_learned(&bench, 1e-11);
        bench_done(&bench);
    }
}

Test(label, learns_large_and_small_scores)
{
    static const double scales[] = {0, .01, 100, 1e4};

    for (int i = 0; i < 4; i++)
        for (int sign = -1; sign <= 1; sign++) {
            struct bench bench;

            bench_init(&bench, 4, sign * .3);
            for (int k = 0; k < 16; k++)
                bench.box.W[k] *= scales[i];
            expect_learned(&bench, fmax(scales[i], 1e-3) * 1e-11);
            bench_done(&bench);
        }
}

/* Columns of different size, one of them zero. */
Test(label, learns_uneven_columns)
{
    struct bench bench;

    bench_init(&bench, 5, 0);
    for (int i = 0; i < 5; i++) {
        bench.box.W[i * 5 + 1] *= 1000;
        bench.box.W[i * 5 + 3] = 0;
    }
    expect_learned(&bench, 1e-8);
    bench_done(&bench);
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* An oracle that hands on to another, and counts calls. */
struct counter {
    struct lattn_oracle behind;
    uint64_t calls;
};

static enum lattn_status counter_ask(void *arg, size_t count, struct lattn_question *questions,
                                     struct lattn_complaint *complaint)
{
    struct counter *counter = arg;

    counter->calls++;
    return counter->behind.ask(counter->behind.arg, count, questions, complaint);
}

Test(label, fills_its_calls)
{
    struct bench bench;
    struct counter counter = {0};

    bench_init(&bench, 16, .7);
    counter.behind = bench.box.oracle;
    bench.box.oracle.ask = counter_ask;
    bench.box.oracle.arg = &counter;
    counter.behind.arg = &bench.box;
    cr_assert_eq(bench_learn(&bench, 0x1p10, 0), LATTN_OK);
    cr_expect_leq(counter.calls, bench.box.asked / 60, "%d questions in %d calls",
                  (int)bench.box.asked, (int)counter.calls);
    bench_done(&bench);
}

/* ---- what is refused ------------------------------------------------------------------------- */

Test(label, names_silence)
{
    for (int sign = -1; sign <= 1; sign++) {
        struct bench bench;
        double x[3] = {1, 2, 3}, y;

        bench_init(&bench, 3, sign);
        memset(bench.box.V, 0, 3 * sizeof *bench.box.V);
        cr_assert_eq(bench_learn(&bench, 0x1p10, 0), LATTN_RANK);
        cr_expect_eq(bench.freedoms, LATTN_FREEDOM_SILENT);
        lattn_attention_apply(bench.attention, x, 1, &y);
        cr_expect_eq(y >= bench.attention->threshold, sign <= 0);
        cr_expect_str_eq(bench.oracle.complaint.text,
                         sign <= 0
                             ? "the label of single tokens is 1 along every coordinate, up to norm "
                               "1.02e+03"
                             : "the label of single tokens is 0 along every coordinate, up to norm "
                               "1.02e+03");
        bench_done(&bench);
    }
}

Test(label, refuses_a_cap_that_leaves_no_room)
{
    struct bench bench;

    bench_init(&bench, 4, 1);
    cr_expect_eq(bench_learn(&bench, 2, 0), LATTN_REFUSED);
    cr_expect_not_null(strstr(bench.oracle.complaint.text, "too near to leave room"));
    cr_expect_null(bench.attention);
    bench_done(&bench);
}

Test(label, refuses_numbers)
{
    struct bench bench;

    bench_init(&bench, 4, 1);
    bench.box.is_label = 0;
    cr_expect_eq(bench_learn(&bench, 0x1p10, 0), LATTN_NO_CONVERGENCE);
    cr_expect_null(bench.attention);
    bench_done(&bench);
}

/* A last token that goes on to the answer moves every change. */
Test(label, refuses_what_no_softmax_head_answers)
{
    struct bench bench;

    bench_init(&bench, 4, 0);
    bench.box.residual = blackbox_numbers(4);
    for (int i = 0; i < 4; i++)
        bench.box.residual[i] = 10 * bench.box.V[i];
    cr_expect_eq(bench_learn(&bench, 0x1p10, 0), LATTN_NO_CONVERGENCE);
    cr_expect_str_eq(bench.oracle.complaint.text,
                     "labels of two tokens do not change where those of a softmax head would, "
                     "whatever their size: column 0 in the frame of v");
    bench_done(&bench);
}

Test(label, refuses_two_outputs)
{
    struct bench bench = {.random = {.state = 5}};

    blackbox_init(&bench.box, 4, 2, 1, &bench.random);
    cr_expect_eq(bench_learn(&bench, 0x1p10, 0), LATTN_RANGE);
    cr_expect_str_eq(bench.oracle.complaint.text, "a label is one number, the oracle answers 2");
    cr_expect_eq(bench.box.asked, 0);
    bench_done(&bench);
}

Test(label, ends_with_its_budget)
{
    for (uint64_t budget = 1; budget < 1100; budget += 61) {
        struct bench bench;

        bench_init(&bench, 4, 1);
        cr_expect_eq(bench_learn(&bench, 0x1p10, budget), LATTN_BUDGET);
        cr_expect_leq(bench.box.asked, budget);
        cr_expect_null(bench.attention);
        bench_done(&bench);
    }
}

Test(label, survives_every_failed_allocation)
{
    enum lattn_status status = LATTN_NO_MEMORY;

    for (uint64_t k = 1; status == LATTN_NO_MEMORY; k++) {
        struct bench bench;
        struct lattn_probe_settings settings = {0};

        bench_init(&bench, 2, 1);
        cr_assert_eq(oracle_init(&bench.oracle, &bench.box.oracle, &settings), LATTN_OK);
        memory_fail(k, 0);
        status = label_learn(&bench.oracle, &conditions, &bench.random, &bench.attention,
                             &bench.freedoms);
        cr_assert(status == LATTN_OK || bench.attention == NULL);
        cr_expect_eq(status == LATTN_OK, !memory_failed(), "allocation %d", (int)k);
        memory_fail(0, 0);
        bench_done(&bench);
    }
    cr_assert_eq(status, LATTN_OK);
}
