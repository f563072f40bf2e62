#ifndef SERVE_SCHEDULE_H
#define SERVE_SCHEDULE_H

#include <stdint.h>

#define SCHEDULE_NEVER UINT64_MAX

/*
 * When the next emission is due, so that emissions come as often as asked for and yet take at most
 * a fifth of the time: after one that took t, the next begins no earlier than 4 t later.
 *
 * every_ns     at most one emission in this time; 0 where every_pairs decides
 * every_pairs  one emission after so many pairs
 */
struct schedule {
    uint64_t every_ns;
    uint64_t every_pairs;
    uint64_t begin_ns; /* of the last emission */
    uint64_t end_ns;
    uint64_t pairs;
    int begun; /* there was one */
};

/* The time at which to emit, given that something changed since the last emission. */
uint64_t schedule_due(const struct schedule *schedule, uint64_t pairs);

/* An emission of so many pairs begins; it ends. */
void schedule_begin(struct schedule *schedule, uint64_t now_ns, uint64_t pairs);
void schedule_end(struct schedule *schedule, uint64_t now_ns);

/* Everything was forgotten: pairs count from zero again. */
void schedule_reset(struct schedule *schedule);

#endif
