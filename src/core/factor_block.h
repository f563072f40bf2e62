#ifndef CORE_FACTOR_BLOCK_H
#define CORE_FACTOR_BLOCK_H

#include "core/factor.h"

#include <lattn/batch.h>

#include <stddef.h>

/*
 * Label rows of dense data taken many at once: several threads form them where they wait.
 *
 * What is learned is the same to the bit as by factor_take of one item after the other, for any
 * number of threads and any cut into blocks.
 */
struct factor_block;

/*
 * Learn the first of some admitted items, as many as one fold has room for; factor_block_end comes
 * next. Scales and weights are then those after the last of them, while their rows wait.
 *
 * Returns how many items were taken; 0 where it is not for several at once: then factor_take does.
 */
size_t factor_block_take(struct factor *factor, const struct lattn_item *items, size_t count);

/* Fold the rows that wait if there are enough of them. */
void factor_block_end(struct factor *factor);

/* Release the scratch and set the pointer to NULL; accepts NULL. */
void factor_block_close(struct factor_block **block);

#endif
