#ifndef SERVE_INBOX_H
#define SERVE_INBOX_H

#include <lattn/status.h>
#include <lattn/wire.h>

#include "serve/buffer.h"
#include "serve/frames.h"
#include "serve/lines.h"
#include "serve/pool.h"

#include <stddef.h>

/*
 * What one client sends: bytes go in, whole messages come out. The first byte decides whether they
 * are lines or frames. Holds less than one message of the greatest length and what was added since.
 *
 * pooled  bytes of memory that it has taken from the pool: the piece of a long message is here
 */
struct inbox {
    struct buffer buffer;
    enum lattn_format format; /* JSON until the first byte has come */
    int is_begun;
    struct lines lines;
    struct frames frames;
    size_t bytes_max;
    struct pool *pool;
    size_t pooled;
};

/* bytes_max: the longest message accepted; pool: kept. Allocates nothing. */
void inbox_init(struct inbox *inbox, size_t bytes_max, struct pool *pool);
/* What will come is lines, whatever the first byte is. */
void inbox_expect_lines(struct inbox *inbox);
/* Drops what waits and gives its memory back; accepts NULL. */
void inbox_done(struct inbox *inbox);

/*
 * Have memory for one read more (READ_BYTES_MAX), once inbox_next has no more: without it the
 * client is not to be read from.
 *
 * Returns LATTN_OK; LATTN_MEMORY_LIMIT: the pool is used up, see pool_take; LATTN_NO_MEMORY.
 */
enum lattn_status inbox_expect(struct inbox *inbox);

/*
 * Where the bytes of the next read belong, READ_BYTES_MAX of them at most; borrowed until the inbox
 * is changed. NULL: there is no memory.
 */
char *inbox_room(struct inbox *inbox, size_t *ret_length);

/*
 * Add bytes that came, copied unless they are where inbox_room says. Returns LATTN_OK, or
 * LATTN_NO_MEMORY with nothing added.
 */
enum lattn_status inbox_add(struct inbox *inbox, const char *bytes, size_t length);

/*
 * Take the next whole message.
 *
 * complaint  out  of one that is refused
 *
 * Returns LATTN_OK; LATTN_MORE: none is here; LATTN_TOO_BIG or LATTN_SYNTAX, once per message:
 * refused, see lines_next and frames_next.
 */
enum lattn_status inbox_next(struct inbox *inbox, struct letter *ret_letter,
                             struct lattn_complaint *complaint);

/* After the end of the bytes, once inbox_next has no more: what is left of them. As inbox_next. */
enum lattn_status inbox_last(struct inbox *inbox, struct letter *ret_letter,
                             struct lattn_complaint *complaint);

/*
 * Give up the message under way: the letter has what an answer to it needs, and the stream is lost.
 */
void inbox_abandon(struct inbox *inbox, struct letter *ret_letter);

/* Was a message refused behind which nothing more can be read? */
int inbox_is_lost(const struct inbox *inbox);

/* Give memory back that what waits does not need; what was taken is no longer valid. */
void inbox_trim(struct inbox *inbox);

#endif
