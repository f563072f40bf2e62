#include "serve/meter.h"

#define STEP_NS UINT64_C(100000000)

/* Drop the steps that have left the window. */
static void meter_advance(struct meter *meter, uint64_t now_ns)
{
    uint64_t step = now_ns / STEP_NS;
    uint64_t passed = step > meter->step ? step - meter->step : 0;

    for (uint64_t i = 1; i <= passed && i <= METER_STEPS; i++)
        meter->counts[(meter->step + i) % METER_STEPS] = 0;
    meter->step += passed;
}

static uint64_t meter_sum(const struct meter *meter)
{
    uint64_t sum = 0;

    for (int i = 0; i < METER_STEPS; i++)
        sum += meter->counts[i];
    return sum;
}

void meter_add(struct meter *meter, uint64_t now_ns, uint64_t count)
{
    meter_advance(meter, now_ns);
    if (meter_sum(meter) == 0)
        meter->begin_ns = now_ns;
    meter->counts[meter->step % METER_STEPS] += count;
}

double meter_rate(struct meter *meter, uint64_t now_ns)
{
    uint64_t sum;
    uint64_t window_ns;

    meter_advance(meter, now_ns);
    sum = meter_sum(meter);
    if (sum == 0)
        return 0;
    /* The window begins with its oldest step, or with the events if those are younger. */
    window_ns = now_ns - (meter->step >= METER_STEPS ? meter->step - METER_STEPS + 1 : 0) * STEP_NS;
    if (meter->begin_ns <= now_ns && now_ns - meter->begin_ns < window_ns)
        window_ns = now_ns - meter->begin_ns;
    if (window_ns < STEP_NS)
        window_ns = STEP_NS;
    return (double)sum * 1e9 / (double)window_ns;
}
