#ifndef SERVE_TAKING_H
#define SERVE_TAKING_H

#include <lattn/status.h>

#include "serve/arrival.h"
#include "store/arrivals.h"

#include <stddef.h>

/*
 * What is taken from streams while a block is gathered: marks move and numbers are used up here
 * first, and in the arrivals that are kept only with the commit.
 *
 *     taking_take ... taking_marks, taking_spans -> the block's record
 *     taking_empty                                  the next block
 */
struct taking;

/* arrivals_max: of a block. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status taking_open(struct taking **ret_taking, size_t arrivals_max);
/* Accepts a pointer to NULL. */
void taking_close(struct taking **taking);

/*
 * Take a message, if its stream has been taken up to where it follows.
 *
 * kept     in  of all blocks before
 * arrival  in  kept until taking_empty
 *
 * Returns LATTN_OK; LATTN_DUPLICATE: its publisher's number was taken before, and the mark has
 * moved all the same; LATTN_GAP with nothing taken: what comes before it was not.
 */
enum lattn_status taking_take(struct taking *taking, const struct arrivals *kept,
                              const struct arrival *arrival);

/* The message that was taken last, and no duplicate, has to come again: as if it were not taken. */
void taking_return(struct taking *taking);

/* What the block takes; borrowed until the next call. */
const struct arrivals_mark *taking_marks(const struct taking *taking, size_t *ret_count);
const struct arrivals_span *taking_spans(const struct taking *taking, size_t *ret_count);

/* The block is kept: put it into the arrivals, which have room for it (arrivals_reserve). */
void taking_keep(const struct taking *taking, struct arrivals *kept);

void taking_empty(struct taking *taking);

#endif
