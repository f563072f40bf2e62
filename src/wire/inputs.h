#ifndef WIRE_INPUTS_H
#define WIRE_INPUTS_H

#include "wire/scan.h"

#include <lattn/batch.h>

/*
 * How many numbers the tokens in the value here can hold at most: for z one per comma and one more,
 * for t also one per token.
 */
size_t inputs_numbers_bound(const struct scan *scan);

/*
 * Take an array of inputs {"z"} or {"t"}, whose other fields are passed over.
 *
 * name       in   of the array, for complaints
 * ret_items  out  given: the items, and behind them their tokens, one allocation (memory_release)
 *
 * Returns LATTN_OK, LATTN_SYNTAX, LATTN_FIELD, LATTN_EMPTY, LATTN_SHAPE, LATTN_RANGE (more than
 * LATTN_INPUTS_MAX), LATTN_NOT_FINITE or LATTN_NO_MEMORY; then nothing is given.
 */
enum lattn_status inputs_read(struct scan *scan, const char *name, struct lattn_item **ret_items,
                              size_t *ret_count);

#endif
