#include "serve/schedule.h"

/* Time to rest after an emission, in units of its own duration. */
enum { REST_FACTOR = 4 };

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t after(uint64_t start_ns, uint64_t ns)
{
    uint64_t time_ns;

    return __builtin_add_overflow(start_ns, ns, &time_ns) ? SCHEDULE_NEVER : time_ns;
}

uint64_t schedule_due(const struct schedule *schedule, uint64_t pairs)
{
    uint64_t duration_ns = schedule->end_ns - schedule->begin_ns;

    if (schedule->every_ns == 0 && pairs - schedule->pairs < schedule->every_pairs)
        return SCHEDULE_NEVER;
    if (!schedule->begun)
        return 0;
    return later(after(schedule->end_ns, REST_FACTOR * duration_ns),
                 after(schedule->begin_ns, schedule->every_ns));
}

void schedule_begin(struct schedule *schedule, uint64_t now_ns, uint64_t pairs)
{
    schedule->begin_ns = now_ns;
    schedule->end_ns = now_ns;
    schedule->pairs = pairs;
    schedule->begun = 1;
}

void schedule_end(struct schedule *schedule, uint64_t now_ns)
{
    schedule->end_ns = now_ns;
}

void schedule_reset(struct schedule *schedule)
{
    schedule->pairs = 0;
}
