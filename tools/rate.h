#ifndef RATE_H
#define RATE_H

#include <stdint.h>

/*
 * At most so many of something per second: not in bursts, but for those that make up for a moment
 * in which we were kept from asking.
 */
struct rate {
    uint64_t step_ns; /* between one and the next; 0: no limit */
    uint64_t due_ns;  /* the next one may go */
};

/* per_second: 0 for no limit. */
void rate_init(struct rate *rate, double per_second);

/* How long the next one has to wait, of a clock that never runs back; 0: it may go. */
uint64_t rate_wait_ns(const struct rate *rate, uint64_t now_ns);

/* One goes now, whose time has come. */
void rate_take(struct rate *rate, uint64_t now_ns);

#endif
