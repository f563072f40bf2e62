#ifndef SERVE_GAUGES_H
#define SERVE_GAUGES_H

#include <lattn/wire.h>

#include "serve/emitter.h"
#include "serve/keeper.h"
#include "serve/meter.h"

#include <stdatomic.h>
#include <stdint.h>

/*
 * What the learner thread alone knows. Times are of uv_hrtime, so that ages are right whenever it
 * is read.
 *
 * open_ns  when the daemon began
 * service  but for denied, pairs_per_s, queue_bytes, uptime_s, source
 */
struct gauges_reading {
    uint64_t open_ns;
    uint64_t pairs;
    uint64_t memory_bytes;
    struct lattn_service service;
    struct meter meter;
    struct emitter_tally emissions;
    struct keeper_tally kept;
};

enum { GAUGES_WORDS = (sizeof(struct gauges_reading) + sizeof(uint64_t) - 1) / sizeof(uint64_t) };

/*
 * One reading, told by one thread and read by others, without a lock: the teller never waits, and
 * who reads gets a reading that was told as a whole. Zeroed, the reading is zeros.
 *
 * turn   counts readings; the newest is in slots[turn % 2]
 */
struct gauges {
    _Atomic uint64_t turn;
    _Atomic uint64_t slots[2][GAUGES_WORDS];
};

/* A fraction of a microsecond. On one thread. */
void gauges_tell(struct gauges *gauges, const struct gauges_reading *reading);

/* The newest reading; any thread. */
void gauges_read(struct gauges *gauges, struct gauges_reading *ret_reading);

#endif
