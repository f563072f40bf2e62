#ifndef SERVE_POOL_H
#define SERVE_POOL_H

#include <lattn/status.h>

#include <stddef.h>

/*
 * Memory that all clients share, as a number: who wants some takes it here before it allocates, and
 * gives it back when it has released. On the loop's thread.
 *
 * bytes      taken now
 * is_wanted  somebody was refused since the last give
 * freed      called when some is given back that somebody was refused; what waits may try again
 */
struct pool {
    size_t bytes_max;
    size_t bytes;
    int is_wanted;
    void (*freed)(void *arg);
    void *arg;
};

/* Returns LATTN_OK, or LATTN_MEMORY_LIMIT with nothing taken: pool->freed will tell. */
enum lattn_status pool_take(struct pool *pool, size_t bytes);

/* Take memory that is in use already. Returns LATTN_MEMORY_LIMIT where it is more than there is. */
enum lattn_status pool_charge(struct pool *pool, size_t bytes);

/* Give back what was taken or charged. */
void pool_give(struct pool *pool, size_t bytes);

#endif
