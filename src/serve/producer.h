#ifndef SERVE_PRODUCER_H
#define SERVE_PRODUCER_H

#include <lattn/status.h>

#include <stdint.h>

/*
 * Who sent what: the last sequence number of each producer, so that an item sent twice is learned
 * once. Holds a bounded number of producers and forgets the one idle longest; since a forgotten one
 * must be able to go on, a producer that is not known may start at any number.
 */
struct producers;

/* count_max >= 1 producers are remembered. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status producers_open(struct producers **ret_producers, int32_t count_max);
void producers_close(struct producers **producers);

/*
 * May an item with this number be learned? If so the number is used up, learned or not.
 *
 * name  in  NUL-terminated, shorter than LATTN_PRODUCER_MAX
 *
 * Returns LATTN_OK: it is the next one; LATTN_DUPLICATE: it came before; LATTN_GAP: numbers are
 * missing before it, and nothing is noted; LATTN_NO_MEMORY.
 */
enum lattn_status producers_note(struct producers *producers, const char *name, uint64_t seq,
                                 struct lattn_complaint *complaint);

/* Returns LATTN_OK, or LATTN_NO_DATA for a producer that is not known. */
enum lattn_status producers_last(const struct producers *producers, const char *name,
                                 uint64_t *ret_seq);

/* Forget all of them. */
void producers_reset(struct producers *producers);

#endif
