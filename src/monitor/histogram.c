#include "monitor/histogram.h"

#include <assert.h>

static const uint64_t bounds_us[HISTOGRAM_BOUNDS] = {
    500,    1000,   2000,   5000,    10000,   20000,   50000,
    100000, 200000, 500000, 1000000, 2000000, 5000000, 10000000,
};

double histogram_bound(int index)
{
    assert(index >= 0 && index < HISTOGRAM_BOUNDS);
    return (double)bounds_us[index] / 1e6;
}

void histogram_add(struct histogram *histogram, uint64_t ns)
{
    int index = 0;

    while (index < HISTOGRAM_BOUNDS && ns > bounds_us[index] * 1000)
        index++;
    histogram->counts[index]++;
    histogram->sum_ns += ns;
}

uint64_t histogram_total(const struct histogram *histogram)
{
    uint64_t total = 0;

    for (int i = 0; i <= HISTOGRAM_BOUNDS; i++)
        total += histogram->counts[i];
    return total;
}
