#ifndef SERVE_ORDER_H
#define SERVE_ORDER_H

#include <lattn/status.h>

#include "serve/chunk.h"
#include "store/producer.h"

#include <stdint.h>

/*
 * The numbers of producers while a block is gathered: they are used up here first, and in the table
 * of those that are kept only with the commit. Beside them stands what producers owe: numbers that
 * were refused because they could not be kept, and that have to come again before later ones.
 *
 *     order_take ... order_settle   the block is committed: its numbers are no longer owed
 *                ... order_owe      it could not be: they are free again, and owed
 *     order_empty                   the next block
 */
struct order;

/* producers_max: of a block, and of those that owe something, of which the one idle longest is
 * forgotten. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status order_open(struct order **ret_order, int32_t producers_max);
/* Accepts a pointer to NULL. */
void order_close(struct order **order);

/*
 * Do the numbers of an entry follow on numbers that were refused because they could not be kept,
 * and have not come again? Such an entry is refused for the same reason.
 *
 * kept  in  the last numbers of all blocks before
 */
int order_is_owed(const struct order *order, const struct producers *kept,
                  const struct entry *entry);

/*
 * Use up the numbers of an entry, if they are next.
 *
 * ret_known  out  so many of its first items came before
 *
 * Returns as producers_note.
 */
enum lattn_status order_take(struct order *order, const struct producers *kept,
                             const struct entry *entry, uint64_t *ret_known,
                             struct lattn_complaint *complaint);

/* Does the last number of its producer, with this block, belong to this entry? */
int order_is_last(const struct order *order, const struct entry *entry);

/* So many of its first items came before this block. */
uint64_t order_known(const struct producers *kept, const struct entry *entry);

/* The items of an entry could not be kept, but the first `known`, which came before. Where there is
 * no memory to remember that, those that follow will be a gap. */
void order_owe(struct order *order, const struct entry *entry, uint64_t known);

/* Everything of a producer up to this number is kept. */
void order_settle(struct order *order, const char *producer, uint64_t last);

/* Forget the numbers of the block, or what is owed. */
void order_empty(struct order *order);
void order_forgive(struct order *order);

#endif
