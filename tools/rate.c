#include "rate.h"

#include <assert.h>

enum { SECOND_NS = 1000000000 };

/* As long as a wait may last too long: what was missed in it is made up for. */
static const uint64_t slack_ns = SECOND_NS / 100;

void rate_init(struct rate *rate, double per_second)
{
    double step = per_second > 0 ? SECOND_NS / per_second : 0;

    /* Slower than once a century is once a century. */
    *rate = (struct rate){.step_ns = step < 3e18 ? (uint64_t)step : (uint64_t)3e18};
}

uint64_t rate_wait_ns(const struct rate *rate, uint64_t now_ns)
{
    return rate->step_ns == 0 || rate->due_ns <= now_ns ? 0 : rate->due_ns - now_ns;
}

void rate_take(struct rate *rate, uint64_t now_ns)
{
    uint64_t earliest = now_ns > slack_ns ? now_ns - slack_ns : 0;

    assert(rate_wait_ns(rate, now_ns) == 0);
    if (rate->due_ns < earliest)
        rate->due_ns = earliest;
    rate->due_ns += rate->step_ns;
}
