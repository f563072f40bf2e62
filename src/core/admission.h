#ifndef CORE_ADMISSION_H
#define CORE_ADMISSION_H

#include "core/factor.h"

/*
 * Let the `count` features that are listed in factor->list_index belong to one component, the new
 * ones with columns of zeros.
 *
 * memory_max  in   bytes the factor may hold, 0 for no limit
 *
 * Returns LATTN_OK; LATTN_MEMORY_LIMIT or LATTN_NO_MEMORY with nothing changed.
 */
enum lattn_status admission_join(struct factor *factor, int32_t count, size_t memory_max);

/*
 * Make columns for the features an item brings, so that factor_absorb needs no memory.
 *
 * memory_max  in   as above
 *
 * Returns LATTN_OK, LATTN_MEMORY_LIMIT or LATTN_NO_MEMORY; columns made for earlier rows of the
 * item stay, and are zero.
 */
enum lattn_status admission_make(struct factor *factor, const struct lattn_item *item,
                                 size_t memory_max);

#endif
