#include "query/bisection.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

enum { LINES = 1500 };

/* The place, and which item it belongs to. */
static void place_write(const void *items, size_t item, double at, double *ret_x)
{
    (void)items;
    ret_x[0] = at;
    ret_x[1] = (double)item;
}

/* Counts its calls, and answers `label` from sqrt(item) on. */
struct steps {
    int calls;
    size_t questions;
    double label;
};

static enum lattn_status steps_ask(void *arg, size_t count, struct lattn_question *questions,
                                   struct lattn_complaint *complaint)
{
    struct steps *steps = arg;

    (void)complaint;
    steps->calls++;
    steps->questions += count;
    for (size_t i = 0; i < count; i++)
        questions[i].y[0] =
            questions[i].x[0] >= sqrt(questions[i].x[1]) ? steps->label : 1 - steps->label;
    return LATTN_OK;
}

/* A bisection over such an oracle. */
struct bench {
    struct steps steps;
    struct lattn_oracle asked;
    struct oracle oracle;
    struct bisection bisection;
    double low[LINES];
    double high[LINES];
};

static void bench_init(struct bench *bench, double label)
{
    struct lattn_probe_settings settings = {0};

    bench->steps = (struct steps){.label = label};
    bench->asked = (struct lattn_oracle){.d = 2, .m = 1, .ask = steps_ask, .arg = &bench->steps};
    cr_assert_eq(oracle_init(&bench->oracle, &bench->asked, &settings), LATTN_OK);
    cr_assert_eq(bisection_init(&bench->bisection, &bench->oracle, 1, place_write, NULL), LATTN_OK);
    bench->bisection.reached = label;
    for (int i = 0; i < LINES; i++) {
        bench->low[i] = -1;
        bench->high[i] = 63;
    }
}

static void bench_done(struct bench *bench)
{
    bisection_done(&bench->bisection);
    oracle_done(&bench->oracle);
}

Test(bisection, steps_are_the_bits_of_the_arithmetic)
{
    cr_expect_eq(bisection_steps(0x1p-53), 53);
    cr_expect_eq(bisection_steps(0x1p-24), 24);
}

Test(bisection, finds_every_change_in_lock_step)
{
    struct bench *bench = malloc(sizeof *bench);

    for (int label = 0; label <= 1; label++) {
        bench_init(bench, label);
        cr_assert_eq(bisection_find(&bench->bisection, 53, LINES, bench->low, bench->high),
                     LATTN_OK);
        for (int i = 0; i < LINES; i++) {
            cr_expect_leq(bench->low[i], sqrt(i));
            cr_expect_geq(bench->high[i], sqrt(i));
            cr_expect_leq(bench->high[i] - bench->low[i], 0x1p-46);
        }
        cr_expect_eq(bench->steps.calls, 2 * 53, "%d calls", bench->steps.calls);
        cr_expect_eq(bench->oracle.counts.learn, 53 * LINES);
        bench_done(bench);
    }
    free(bench);
}

Test(bisection, refuses_what_is_no_label)
{
    struct bench *bench = malloc(sizeof *bench);

    bench_init(bench, .25);
    cr_expect_eq(bisection_find(&bench->bisection, 53, 1, bench->low, bench->high),
                 LATTN_NO_CONVERGENCE);
    cr_expect_str_eq(bench->oracle.complaint.text, "an answer is 0.25, a label is 0 or 1");
    bench_done(bench);
    free(bench);
}

Test(bisection, survives_failed_allocations)
{
    struct bench *bench = malloc(sizeof *bench);
    struct lattn_probe_settings settings = {0};
    enum lattn_status status = LATTN_NO_MEMORY;

    bench_init(bench, 1);
    bisection_done(&bench->bisection);
    for (uint64_t k = 1; status == LATTN_NO_MEMORY; k++) {
        oracle_done(&bench->oracle);
        cr_assert_eq(oracle_init(&bench->oracle, &bench->asked, &settings), LATTN_OK);
        memory_fail(k, 0);
        status = bisection_init(&bench->bisection, &bench->oracle, 1, place_write, NULL);
        if (status == LATTN_OK)
            status = bisection_find(&bench->bisection, 4, 3, bench->low, bench->high);
        cr_expect_eq(status == LATTN_OK, !memory_failed(), "allocation %d", (int)k);
        memory_fail(0, 0);
        bisection_done(&bench->bisection);
    }
    bench_done(bench);
    free(bench);
}
