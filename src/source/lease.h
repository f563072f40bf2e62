#ifndef SOURCE_LEASE_H
#define SOURCE_LEASE_H

#include <lattn/layout.h>
#include <lattn/status.h>

#include "source/jetstream.h"

#include <stdint.h>

/* It is renewed so often, and stale when it was not for so long. */
#define LEASE_EVERY_NS UINT64_C(2000000000)
#define LEASE_STALE_NS UINT64_C(6000000000)

/*
 * Which process takes from a shard: a message in a stream that keeps one for each shard, written
 * only behind the one that was seen, so that of two who want it one gets it.
 *
 *     "WORKER HOST PID"     WORKER is the state's, which a restart keeps
 *
 * A holder is believed for LEASE_STALE_NS after its last sign of life, by the clock of whoever
 * looks: nobody's clocks are compared.
 *
 * text      ours
 * seen      the newest that was seen, "" for none; its number, and when it was seen first
 * held_ns   when we wrote it last; 0: we do not hold it
 */
struct lease {
    char text[JETSTREAM_TEXT_MAX];
    char seen[JETSTREAM_TEXT_MAX];
    uint64_t seen_seq;
    uint64_t seen_ns;
    uint64_t held_ns;
};

/* worker: of the state, without blanks. */
void lease_init(struct lease *lease, const char *worker);

/*
 * Get it, or keep it. A holder that is our own worker, in a process before, gives way at once, but
 * not twice: two processes with copies of one state would take turns.
 *
 * now_ns  of a clock that only goes on
 *
 * Returns LATTN_OK: it is ours; LATTN_BUSY, naming who holds it; or as jetstream.h.
 */
enum lattn_status lease_renew(struct lease *lease, struct jetstream *jetstream,
                              const struct lattn_layout *layout, uint64_t now_ns,
                              struct lattn_complaint *complaint);

/* Give it up, so that the next one need not wait; without an answer it becomes stale. */
void lease_release(struct lease *lease, struct jetstream *jetstream,
                   const struct lattn_layout *layout);

/* What is to be done about it? Apart from lease_renew, so that it can be tried without a server. */
enum lease_step { LEASE_WRITE, LEASE_WAIT };
enum lease_step lease_next(struct lease *lease, const char *newest, uint64_t seq, uint64_t now_ns);

/* Must it be renewed now? Is it so old that another may have it? */
int lease_is_due(const struct lease *lease, uint64_t now_ns);
int lease_is_doubtful(const struct lease *lease, uint64_t now_ns);

#endif
