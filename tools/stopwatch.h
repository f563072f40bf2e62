#ifndef STOPWATCH_H
#define STOPWATCH_H

#include <lattn/status.h>

#include <stdint.h>

/*
 * How long something takes, by repeated short runs: what comes in between on a busy machine
 * lengthens some of them and leaves the median.
 *
 * yardstick  something known, done once before each run and timed as well, so that both meet the
 * same neighbours; NULL: nothing prepare    behind it, before each run, not timed; NULL: nothing.
 * Then a run is one call work       does the same thing `calls` times
 */
typedef enum lattn_status (*stopwatch_fn)(void *arg, uint64_t calls);

struct stopwatch_task {
    stopwatch_fn yardstick;
    stopwatch_fn prepare;
    stopwatch_fn work;
    void *arg;
    void *yardstick_arg;
};

/*
 * seconds  of one call, the median
 * spread   between the quartiles, over the median
 * ratio    the yardstick's seconds over those of one call, the median of all runs; 0 without one
 */
struct stopwatch_time {
    double seconds;
    double spread;
    double ratio;
    int32_t runs;
};

/*
 * Measure for about so many seconds, after one run that does not count; no fewer than 3 runs.
 *
 * Returns LATTN_OK, or what prepare or work returned otherwise, at once.
 */
enum lattn_status stopwatch_measure(const struct stopwatch_task *task, double seconds,
                                    struct stopwatch_time *ret_time);

#endif
