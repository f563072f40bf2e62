#include "serve/pool.h"

#include <assert.h>

static int has_room(const struct pool *pool, size_t bytes, size_t bytes_max)
{
    return pool->bytes <= bytes_max && bytes <= bytes_max - pool->bytes;
}

enum lattn_status pool_take(struct pool *pool, size_t bytes, const void *who)
{
    int fits = has_room(pool, bytes, pool->bytes_max - pool->reserved);

    if (!fits && pool->favoured == NULL)
        pool->favoured = who;
    if (!fits && pool->favoured == who)
        fits = has_room(pool, bytes, pool->bytes_max);
    if (fits)
        pool->bytes += bytes;
    else
        pool->is_wanted = 1;
    return fits ? LATTN_OK : LATTN_MEMORY_LIMIT;
}

static void freed_tell(struct pool *pool)
{
    if (!pool->is_wanted)
        return;
    pool->is_wanted = 0;
    pool->freed(pool->arg);
}

void pool_leave(struct pool *pool, const void *who)
{
    if (pool->favoured != who)
        return;
    pool->favoured = NULL;
    freed_tell(pool);
}

enum lattn_status pool_charge(struct pool *pool, size_t bytes)
{
    pool->bytes += bytes;
    return pool->bytes <= pool->bytes_max ? LATTN_OK : LATTN_MEMORY_LIMIT;
}

int pool_has_half(struct pool *pool)
{
    if (pool->bytes <= pool->bytes_max / 2)
        return 1;
    pool->is_wanted = 1;
    return 0;
}

void pool_give(struct pool *pool, size_t bytes)
{
    assert(bytes <= pool->bytes);
    pool->bytes -= bytes;
    if (bytes > 0)
        freed_tell(pool);
}
