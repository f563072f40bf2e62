#ifndef TASKS_CONTEXTS_H
#define TASKS_CONTEXTS_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * What each key did last. A table of bounded size: where it is full, the key that has been idle
 * longest makes room for a new one.
 */

/* The last symbols of one key, oldest first; count is at most the table's window. */
struct context {
    struct context *chain; /* the next one of the same bucket */
    struct context *older;
    struct context *newer;
    uint64_t hash;
    int32_t *symbols;
    const char *key;
    int32_t count;
};

struct contexts {
    struct context **buckets; /* a power of two of them, never fewer than there are keys */
    size_t buckets_count;
    size_t count;
    size_t count_max;
    int32_t window;
    struct context *oldest;
    struct context *newest;
};

/* Make a table without keys; window >= 1, count_max >= 1. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status contexts_init(struct contexts *contexts, int32_t window, size_t count_max);

/* Release all keys; accepts a zeroed table. */
void contexts_done(struct contexts *contexts);

/*
 * Find the context of a key, or make an empty one; either way the key is now the newest.
 *
 * ret_context  out  borrowed until the key is forgotten, so at least until the next call
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY with nothing changed.
 */
enum lattn_status contexts_find(struct contexts *contexts, const char *key,
                                struct context **ret_context);

/* Let a symbol join a context; the oldest one leaves it where the window is full. */
void contexts_push(const struct contexts *contexts, struct context *context, int32_t symbol);

#endif
