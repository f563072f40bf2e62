#ifndef SERVE_OUTBOX_H
#define SERVE_OUTBOX_H

#include <lattn/status.h>
#include <lattn/wire.h>

#include "serve/channel.h"
#include "serve/patience.h"
#include "serve/pool.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/*
 * What one client is sent and has not taken yet, counted in a pool that all share; it may take so
 * long without taking a byte.
 *
 * bytes   of memory, as counted in the pool
 * unsent  bytes the system had not taken when `taken` began to count, and what came since
 */
struct outbox {
    struct channel *channel;
    struct pool *pool;
    struct patience taken;
    size_t bytes;
    size_t unsent;
};

/* channel, pool: kept. timed_out: see patience_init; it asks outbox_is_stuck. */
void outbox_init(struct outbox *outbox, struct channel *channel, struct pool *pool, uv_loop_t *loop,
                 uint64_t timeout_ms, void (*timed_out)(void *arg), void *arg);

/* Give its part of the pool back and close its handle, as patience_close; the channel is closed. */
void outbox_close(struct outbox *outbox, uv_close_cb closed);

/*
 * Send; text is given and left empty. Returns LATTN_OK, or LATTN_MEMORY_LIMIT: it is on its way,
 * but the pool is exceeded.
 */
enum lattn_status outbox_write(struct outbox *outbox, struct lattn_text *text);

/* The channel reported that something has left. */
void outbox_drained(struct outbox *outbox);

/* The time is over: did the client really take nothing? If it did take some, it has time again. */
int outbox_is_stuck(struct outbox *outbox);

#endif
