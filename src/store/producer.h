#ifndef STORE_PRODUCER_H
#define STORE_PRODUCER_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

struct serial_reader;
struct serial_writer;

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
 * May items with the numbers seq, seq + 1, ... be learned? If so the numbers are used up, learned
 * or not.
 *
 * name       in   NUL-terminated, shorter than LATTN_PRODUCER_MAX
 * count      in   of the items, at least 1
 * ret_known  out  so many of the first ones came before; less than count
 *
 * Returns LATTN_OK; LATTN_DUPLICATE: all of them came before; LATTN_GAP: numbers are missing before
 * the first; LATTN_RANGE: there are not so many numbers; LATTN_NO_MEMORY. Nothing is noted then.
 */
enum lattn_status producers_note(struct producers *producers, const char *name, uint64_t seq,
                                 uint64_t count, uint64_t *ret_known,
                                 struct lattn_complaint *complaint);

/* Returns LATTN_OK, or LATTN_NO_DATA for a producer that is not known. */
enum lattn_status producers_last(const struct producers *producers, const char *name,
                                 uint64_t *ret_seq);

/*
 * Let this be the producer's last number, whether it was known before or not; it was used just now.
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY with nothing changed.
 */
enum lattn_status producers_put(struct producers *producers, const char *name, uint64_t seq);

/*
 * Make room, so that producers_put of so many cannot fail.
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY with nothing changed that anybody can see.
 */
enum lattn_status producers_reserve(struct producers *producers, size_t count);

/*
 * Take over the producers of another stream, as used after those that are there.
 *
 * Returns LATTN_OK; LATTN_CONFLICT where one of them is in both, naming it; LATTN_NO_MEMORY.
 * Nothing has changed then.
 */
enum lattn_status producers_merge(struct producers *producers, const struct producers *other,
                                  struct lattn_complaint *complaint);

/* An independent copy. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status producers_copy(const struct producers *producers, struct producers **ret_copy);

/*
 * As bytes: how many there are, then last number and name of each, the one idle longest first.
 * producers_bytes counts all but the first of these. Reading adds to producers that have none yet;
 * what was wrong, or a lack of memory, is with the reader.
 */
uint64_t producers_bytes(const struct producers *producers);
void producers_write(const struct producers *producers, struct serial_writer *writer);
void producers_read(struct producers *producers, struct serial_reader *reader);

/* Forget all of them. */
void producers_reset(struct producers *producers);

#endif
