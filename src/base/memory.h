#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/* Memory is aligned so that a row of doubles starts on a cache line. */
enum { MEMORY_ALIGNMENT = 64 };

/* Doubles in whole cache lines, which are whole vectors as well. */
static inline size_t memory_lines(int32_t count)
{
    enum { DOUBLES_PER_LINE = MEMORY_ALIGNMENT / sizeof(double) };

    return ((size_t)count + DOUBLES_PER_LINE - 1) / DOUBLES_PER_LINE * DOUBLES_PER_LINE;
}

/*
 * Multiply sizes; every product of sizes goes through here.
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY where the product does not fit into size_t.
 */
enum lattn_status memory_product(size_t a, size_t b, size_t *ret_product);

/*
 * Allocate count objects of size bytes, zeroed and aligned to MEMORY_ALIGNMENT.
 *
 * Returns NULL where there is no memory, or where a test made this allocation fail. count or size
 * may be 0: the result is then a valid pointer to release.
 */
void *memory_zeroed(size_t count, size_t size);

/* The same of memory whose content is undefined. */
void *memory_raw(size_t count, size_t size);

/* Release; accepts NULL. */
void memory_release(void *memory);

/*
 * For tests: let the allocation number `after` from now fail, and with `and_all` every later one.
 * after = 0 turns this off. Per thread.
 */
void memory_fail(uint64_t after, int and_all);

/* For tests: did an allocation fail since the last memory_fail? */
int memory_failed(void);

#endif
