#ifndef SERVE_POOL_H
#define SERVE_POOL_H

#include <lattn/status.h>

#include <stddef.h>

/*
 * Memory that all clients share, as a number: who wants some takes it here before it allocates, and
 * gives it back when it has released. On the loop's thread.
 *
 * bytes      taken now
 * reserved   of bytes_max: only for the favoured, who was refused while there was none. So one
 * comes to an end where all hold some and none has enough, and then the next. is_wanted  somebody
 * was refused since the last give freed      called when some is given back that somebody was
 * refused; what waits may try again
 */
struct pool {
    size_t bytes_max;
    size_t bytes;
    size_t reserved;
    const void *favoured;
    int is_wanted;
    void (*freed)(void *arg);
    void *arg;
};

/*
 * Take memory for somebody, who is only compared with others. Returns LATTN_OK, or
 * LATTN_MEMORY_LIMIT with nothing taken: pool->freed will tell.
 */
enum lattn_status pool_take(struct pool *pool, size_t bytes, const void *who);

/* Somebody has given back all he took: if he was the favoured, another can be. */
void pool_leave(struct pool *pool, const void *who);

/* Take memory that is in use already. Returns LATTN_MEMORY_LIMIT where it is more than there is. */
enum lattn_status pool_charge(struct pool *pool, size_t bytes);

/* Is half of it free? Where it is not, pool->freed will tell. */
int pool_has_half(struct pool *pool);

/* Give back what was taken or charged. */
void pool_give(struct pool *pool, size_t bytes);

#endif
