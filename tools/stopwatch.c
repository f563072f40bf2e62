#include "stopwatch.h"

#include <stdlib.h>
#include <time.h>

enum { RUNS_MIN = 3, RUNS_MAX = 101 };

/* A run is so short a part of the whole, and no shorter than what the clock can tell. */
enum { RUNS_GOAL = 25 };
static const double run_least_s = 20e-6;

/* Work that takes no time at all is not repeated for ever. */
#define CALLS_MAX (UINT64_C(1) << 32)

static double now_s(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* exists wherever we run */
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static enum lattn_status run_time(const struct stopwatch_task *task, uint64_t calls,
                                  double *ret_seconds)
{
    enum lattn_status status = LATTN_OK;
    double start;

    if (task->prepare != NULL)
        status = task->prepare(task->arg, 1);
    if (status != LATTN_OK)
        return status;
    start = now_s();
    status = task->work(task->arg, calls);
    *ret_seconds = now_s() - start;
    return status;
}

/* So many calls that a run is long enough. */
static enum lattn_status calls_choose(const struct stopwatch_task *task, double seconds,
                                      uint64_t *ret_calls)
{
    double goal = seconds / RUNS_GOAL > run_least_s ? seconds / RUNS_GOAL : run_least_s;
    uint64_t calls = 1;
    double took;
    enum lattn_status status = run_time(task, calls, &took);

    while (status == LATTN_OK && took < goal && task->prepare == NULL && calls < CALLS_MAX) {
        calls *= took < goal / 4 ? 4 : 2;
        status = run_time(task, calls, &took);
    }
    *ret_calls = calls;
    return status;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, int32_t count)
{
    qsort(values, (size_t)count, sizeof *values, compare);
    return values[count / 2];
}

/* The yardstick's seconds; 0 without one. */
static enum lattn_status yardstick_time(const struct stopwatch_task *task, double *ret_seconds)
{
    const struct stopwatch_task known = {.work = task->yardstick, .arg = task->yardstick_arg};

    *ret_seconds = 0;
    return task->yardstick == NULL ? LATTN_OK : run_time(&known, 1, ret_seconds);
}

enum lattn_status stopwatch_measure(const struct stopwatch_task *task, double seconds,
                                    struct stopwatch_time *ret_time)
{
    double runs[RUNS_MAX];
    double ratios[RUNS_MAX];
    int32_t count = 0;
    uint64_t calls;
    enum lattn_status status = calls_choose(task, seconds, &calls);
    double end = now_s() + seconds;

    while (status == LATTN_OK && count < RUNS_MAX && (count < RUNS_MIN || now_s() < end)) {
        double known;

        status = yardstick_time(task, &known);
        if (status == LATTN_OK)
            status = run_time(task, calls, &runs[count]);
        runs[count] /= (double)calls;
        ratios[count] = known / runs[count];
        count++;
    }
    if (status != LATTN_OK)
        return status;
    *ret_time = (struct stopwatch_time){.seconds = median(runs, count), .runs = count};
    ret_time->spread = (runs[3 * count / 4] - runs[count / 4]) / ret_time->seconds;
    ret_time->ratio = median(ratios, count);
    return LATTN_OK;
}
