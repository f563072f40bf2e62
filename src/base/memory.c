/*
 * All memory of the libraries comes from here, so that a test can let the k-th allocation fail.
 */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static _Thread_local uint64_t fail_after;
static _Thread_local int fail_all;
static _Thread_local int fail_happened;

void memory_fail(uint64_t after, int and_all)
{
    fail_after = after;
    fail_all = and_all;
    fail_happened = 0;
}

int memory_failed(void)
{
    return fail_happened;
}

static int fails_now(void)
{
    if (fail_after == 0)
        return 0;
    if (fail_after > 1) {
        fail_after--;
        return 0;
    }
    if (!fail_all)
        fail_after = 0;
    fail_happened = 1;
    return 1;
}

enum lattn_status memory_product(size_t a, size_t b, size_t *ret_product)
{
    size_t product;

    if (__builtin_mul_overflow(a, b, &product))
        return LATTN_NO_MEMORY;
    *ret_product = product;
    return LATTN_OK;
}

void *memory_raw(size_t count, size_t size)
{
    size_t bytes;

    if (memory_product(count, size, &bytes) != LATTN_OK || bytes > PTRDIFF_MAX - MEMORY_ALIGNMENT)
        return NULL;
    if (fails_now())
        return NULL;
    bytes = (bytes + MEMORY_ALIGNMENT) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
    return aligned_alloc(MEMORY_ALIGNMENT, bytes);
}

void *memory_zeroed(size_t count, size_t size)
{
    void *memory = memory_raw(count, size);

    if (memory != NULL)
        memset(memory, 0, count * size);
    return memory;
}

void memory_release(void *memory)
{
    free(memory);
}
