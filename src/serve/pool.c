#include "serve/pool.h"

#include <assert.h>

enum lattn_status pool_take(struct pool *pool, size_t bytes)
{
    if (pool->bytes <= pool->bytes_max && bytes <= pool->bytes_max - pool->bytes) {
        pool->bytes += bytes;
        return LATTN_OK;
    }
    pool->is_wanted = 1;
    return LATTN_MEMORY_LIMIT;
}

enum lattn_status pool_charge(struct pool *pool, size_t bytes)
{
    pool->bytes += bytes;
    return pool->bytes <= pool->bytes_max ? LATTN_OK : LATTN_MEMORY_LIMIT;
}

void pool_give(struct pool *pool, size_t bytes)
{
    assert(bytes <= pool->bytes);
    pool->bytes -= bytes;
    if (!pool->is_wanted || bytes == 0)
        return;
    pool->is_wanted = 0;
    pool->freed(pool->arg);
}
