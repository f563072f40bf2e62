#ifndef SERVE_METER_H
#define SERVE_METER_H

#include <stdint.h>

/* About this long is looked back, in steps of a tenth. */
enum { METER_STEPS = 10 };

/*
 * A speed over about the last second; it falls to 0 by itself when nothing happens. Times are
 * nanoseconds of any clock that does not go back.
 */
struct meter {
    uint64_t counts[METER_STEPS];
    uint64_t step;     /* number of the newest step */
    uint64_t begin_ns; /* of the events that are still within the window */
};

void meter_add(struct meter *meter, uint64_t now_ns, uint64_t count);

/* Events per second. */
double meter_rate(struct meter *meter, uint64_t now_ns);

#endif
