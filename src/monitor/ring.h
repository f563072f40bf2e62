#ifndef MONITOR_RING_H
#define MONITOR_RING_H

#include <lattn/status.h>
#include <lattn/wire.h>

#include <stddef.h>
#include <stdint.h>

enum {
    /* Emissions that a client may have missed: a minute's, where they come every second. */
    RING_EVENTS_MAX = 64,
    /* All of them together, but for the newest, which is kept whatever its length. */
    RING_BYTES_MAX = 1 << 20
};

/* An event as it is sent, with its number, which grows by one from each to the next. Held by the
 * ring and by whoever sends it. */
struct ring_event {
    uint64_t number;
    struct lattn_text text;
    size_t holders;
};

/* The newest events; zeroed it is empty. */
struct ring {
    struct ring_event *events[RING_EVENTS_MAX];
    size_t first;
    size_t count;
    size_t bytes;
};

/*
 * Add an event, for which old ones may have to go.
 *
 * text  in  given
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY with the ring as it was.
 */
enum lattn_status ring_add(struct ring *ring, uint64_t number, struct lattn_text *text);

/*
 * The oldest event after this number, to be given back with ring_release; NULL: none yet. A number
 * that the ring has never seen or has forgotten is followed by the oldest that there is.
 */
struct ring_event *ring_next(struct ring *ring, uint64_t after);

/* The number of the newest event; 0: there is none. */
uint64_t ring_newest(const struct ring *ring);

/* Give an event back and set the pointer to NULL; accepts a pointer to NULL. */
void ring_release(struct ring_event **event);

/* Let go of all events. */
void ring_done(struct ring *ring);

#endif
