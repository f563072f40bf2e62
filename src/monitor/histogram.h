#ifndef MONITOR_HISTOGRAM_H
#define MONITOR_HISTOGRAM_H

#include <stdint.h>

/* Half a millisecond, which a fast disk takes for a commit, to ten seconds, in steps of 1-2-5. */
enum { HISTOGRAM_BOUNDS = 14 };

/*
 * How long things took: counts[i] of them up to histogram_bound(i) and longer than the one before,
 * the last of them longer than all. Zeroed it is empty.
 */
struct histogram {
    uint64_t counts[HISTOGRAM_BOUNDS + 1];
    uint64_t sum_ns;
};

/* Seconds, 0 <= index < HISTOGRAM_BOUNDS; they grow with it. */
double histogram_bound(int index);

void histogram_add(struct histogram *histogram, uint64_t ns);

/* All that was added. */
uint64_t histogram_total(const struct histogram *histogram);

#endif
