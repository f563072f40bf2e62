#ifndef LATTN_NAMES_H
#define LATTN_NAMES_H

#include <lattn/limits.h>
#include <lattn/status.h>

#include <stdint.h>

LATTN_BEGIN

/* A run of coordinates that together hold one symbol, for example "state". */
struct lattn_block {
    char name[LATTN_NAME_MAX];
    int32_t start;
    int32_t size;
};

/*
 * Names of token coordinates and of outputs, and the blocks that coordinates form.
 *
 * coordinates and outputs are arrays of names, "" where a coordinate has none; within each array a
 * non-empty name occurs once. All arrays are owned by the struct.
 */
struct lattn_names {
    char (*coordinates)[LATTN_NAME_MAX];
    char (*outputs)[LATTN_NAME_MAX];
    struct lattn_block *blocks;
    int32_t coordinates_count;
    int32_t outputs_count;
    int32_t blocks_count;
};

/* Make an empty set of names; cannot fail and allocates nothing. */
LATTN_API void lattn_names_init(struct lattn_names *names);

/* Release all names; accepts NULL and leaves an empty set. */
LATTN_API void lattn_names_done(struct lattn_names *names);

/* Copy names. ret_copy is initialised by the call. Returns LATTN_OK or LATTN_NO_MEMORY. */
LATTN_API enum lattn_status lattn_names_copy(const struct lattn_names *names,
                                             struct lattn_names *ret_copy);

/*
 * Find a name or add it at the end.
 *
 * ret_index  out  its index, whether it was there before or not
 *
 * Returns LATTN_OK, LATTN_NAME (empty or too long), LATTN_RANGE (the array is full) or
 * LATTN_NO_MEMORY.
 */
LATTN_API enum lattn_status lattn_names_coordinate(struct lattn_names *names, const char *name,
                                                   int32_t *ret_index);
LATTN_API enum lattn_status lattn_names_output(struct lattn_names *names, const char *name,
                                               int32_t *ret_index);

/* Let the arrays have at least d coordinates and m outputs, the new ones unnamed. */
LATTN_API enum lattn_status lattn_names_extend(struct lattn_names *names, int32_t d, int32_t m);

/*
 * Add a block, or replace the one of the same name.
 *
 * Returns LATTN_OK, LATTN_NAME, LATTN_RANGE (outside the coordinates, or too many) or
 * LATTN_NO_MEMORY.
 */
LATTN_API enum lattn_status lattn_names_block(struct lattn_names *names,
                                              const struct lattn_block *block);

LATTN_END

#endif
