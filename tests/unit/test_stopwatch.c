#include "stopwatch.h"

#include <criterion/criterion.h>
#include <time.h>

/* Counts what it is asked for, and fails at a call if told so. */
struct log {
    uint64_t prepared;
    uint64_t runs;
    uint64_t calls;
    uint64_t calls_most;
    uint64_t fails_at;
};

static enum lattn_status prepare(void *arg, uint64_t calls)
{
    struct log *log = arg;

    cr_expect_eq(calls, 1);
    cr_expect_eq(log->prepared, log->runs, "once before each run");
    log->prepared++;
    return LATTN_OK;
}

static enum lattn_status work(void *arg, uint64_t calls)
{
    struct log *log = arg;

    log->runs++;
    log->calls += calls;
    log->calls_most = calls > log->calls_most ? calls : log->calls_most;
    return log->runs == log->fails_at ? LATTN_NO_MEMORY : LATTN_OK;
}

Test(stopwatch, repeats_what_is_short)
{
    struct log log = {0};
    const struct stopwatch_task task = {.work = work, .arg = &log};
    struct stopwatch_time time;

    cr_assert_eq(stopwatch_measure(&task, 1e-3, &time), LATTN_OK);
    cr_expect_geq(time.runs, 3);
    cr_expect_gt(time.seconds, 0);
    cr_expect_geq(time.spread, 0);
    cr_expect_gt(log.calls_most, 1, "a call is shorter than what the clock tells");
    cr_expect_geq(log.runs, (uint64_t)time.runs + 1, "a run before them does not count");
}

Test(stopwatch, prepares_each_run_of_one_call)
{
    struct log log = {0};
    const struct stopwatch_task task = {.prepare = prepare, .work = work, .arg = &log};
    struct stopwatch_time time;

    cr_assert_eq(stopwatch_measure(&task, 1e-9, &time), LATTN_OK);
    cr_expect_eq(time.runs, 3, "as few as there can be");
    cr_expect_eq(log.prepared, log.runs);
    cr_expect_eq(log.calls_most, 1);
}

Test(stopwatch, stops_at_a_failure)
{
    for (uint64_t k = 1; k <= 4; k++) {
        struct log log = {.fails_at = k};
        const struct stopwatch_task task = {.prepare = prepare, .work = work, .arg = &log};
        struct stopwatch_time time;

        cr_expect_eq(stopwatch_measure(&task, 1e-9, &time), LATTN_NO_MEMORY);
        cr_expect_eq(log.runs, k);
    }
}

/* Does nothing but wait until so many nanoseconds have passed. */
static enum lattn_status wait_ns(void *arg, uint64_t calls)
{
    const struct timespec pause = {.tv_nsec = *(const long *)arg};

    for (; calls > 0; calls--)
        cr_assert_eq(nanosleep(&pause, NULL), 0);
    return LATTN_OK;
}

Test(stopwatch, holds_a_yardstick_beside_each_run)
{
    struct log log = {0};
    long long_ns = 2000000;
    struct stopwatch_task task = {.work = work, .arg = &log};
    struct stopwatch_time time;

    cr_assert_eq(stopwatch_measure(&task, 1e-3, &time), LATTN_OK);
    cr_expect_eq(time.ratio, 0, "there is none");
    task.yardstick = wait_ns;
    task.yardstick_arg = &long_ns;
    cr_assert_eq(stopwatch_measure(&task, 1e-3, &time), LATTN_OK);
    cr_expect_gt(time.ratio, 0);
    task.yardstick = work;
    task.yardstick_arg = &log;
    log = (struct log){.fails_at = 2};
    task.work = wait_ns;
    task.arg = &long_ns;
    cr_expect_eq(stopwatch_measure(&task, 1e-3, &time), LATTN_NO_MEMORY, "its failure is ours");
}
