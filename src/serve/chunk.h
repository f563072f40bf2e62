#ifndef SERVE_CHUNK_H
#define SERVE_CHUNK_H

#include <lattn/batch.h>
#include <lattn/status.h>
#include <lattn/wire.h>

#include "serve/arrival.h"
#include "serve/buffer.h"
#include "store/tally.h"

#include <stddef.h>
#include <stdint.h>

enum entry_kind { ENTRY_PAIRS, ENTRY_REQUEST };

/*
 * What the messages of a client may be, and how they are answered.
 *
 * CHUNK_MESSAGES  any
 * CHUNK_PAIRS     pairs alone; the first that is refused is answered, under its line
 * CHUNK_INPUTS    bare inputs of predict, each answered with its bare result or error
 */
enum chunk_purpose { CHUNK_MESSAGES, CHUNK_PAIRS, CHUNK_INPUTS };

/*
 * One message of a client.
 *
 * status     LATTN_OK, or why the message was refused when it was read; then message says it
 * line       its number on the connection
 * id         JSON text, "" if there is none; in the chunk's text, as are producer and message
 * is_silent  nobody waits for an answer, not even to an error
 * item       of pairs: the first of `count` items, see lattn_item_member; the arrays lie in the
 *            chunk's numbers
 * count      items as sent, also of pairs that are refused; at least 1
 * seq        of the first item
 * request    of a request that was not refused; owned by the chunk
 *
 * Until the chunk is sealed the pointers are offsets (the arrays they lie in still move).
 */
struct entry {
    enum entry_kind kind;
    enum lattn_status status;
    uint64_t line;
    size_t id_at;
    size_t producer_at;
    size_t message_at;
    size_t z_at;
    size_t y_at;
    const char *id;
    const char *producer; /* "" if there is none */
    const char *message;
    int is_silent;
    int has_seq;
    uint64_t seq;
    struct lattn_item item;
    uint64_t count;
    struct lattn_request *request;
};

/*
 * Messages of one client in the order in which they came: filled by the loop, read by the learner
 * thread, which writes the answers, and carried back to the loop. One thread has it at a time.
 *
 * purpose  CHUNK_MESSAGES once it is open
 * format   of the messages, and of the answers
 * session  whom the answers are for, not looked at here; NULL for nobody
 * source   where there is no session, of which stream they are (source.h)
 * arrivals  of messages of a stream, for each entry how it came; else NULL
 * tally    the session's counters, touched by the learner thread only
 * is_unheard  nobody takes the answers any more: questions are left out when they are read
 * last_kind, last_status  of the message that was read last, left out or not
 * bytes    of memory, once sealed
 * done     so many entries have been taken: where to go on once the next need not wait any more
 * refused  why the first was that was, for whatever reason; LATTN_OK: none
 * ticket   of what the next entry waits for, 0 for nothing (dispatch.h)
 */
struct chunk {
    struct chunk *next;
    enum chunk_purpose purpose;
    enum lattn_format format;
    void *session;
    void *source;
    struct arrival *arrivals;
    struct tally *tally;
    struct entry *entries;
    size_t entries_count;
    size_t entries_capacity;
    double *numbers;
    size_t numbers_count;
    size_t numbers_capacity;
    struct lattn_text text;
    size_t requests_count;
    int is_unheard;
    enum entry_kind last_kind;
    enum lattn_status last_status;
    size_t bytes;
    size_t done;
    uint64_t ticket;
    enum lattn_status refused;
    struct lattn_text answers;
    int answers_lost; /* there was no memory for one of them */
};

/* Returns LATTN_OK or LATTN_NO_MEMORY. session and tally are kept until the chunk is closed. */
enum lattn_status chunk_open(struct chunk **ret_chunk, enum lattn_format format, void *session,
                             struct tally *tally);
/* Release it and what it owns, set the pointer to NULL; accepts NULL. */
void chunk_close(struct chunk **chunk);

/*
 * So many bytes of messages are about to be read: make room for the numbers that most have in them,
 * at once and not by growing. Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status chunk_expect(struct chunk *chunk, size_t bytes);

/*
 * Read one message into the chunk. One that is refused becomes an entry as well, so that its answer
 * keeps its place; a blank line becomes none.
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY with the message lost.
 */
enum lattn_status chunk_read(struct chunk *chunk, const struct letter *letter);

/* Add a message that could not be read as a whole, and why. Returns as chunk_read. */
enum lattn_status chunk_refuse(struct chunk *chunk, const struct letter *letter,
                               enum lattn_status status, const char *message);

/* What the message that was read last cost beside its bytes, as bytes of pairs that take as long.
 */
size_t chunk_surcharge(const struct chunk *chunk, const struct letter *letter);

/* How the message of an entry came from its stream; NULL where it is of a client. */
struct arrival *chunk_arrival(const struct chunk *chunk, const struct entry *entry);

/* Nothing more will be added: make the entries' pointers valid and measure. */
void chunk_seal(struct chunk *chunk);

/*
 * Answer an entry, unless it is silent: with a request's result, which is written in the chunk's
 * format; with what became of pairs, if they have an id; with an error. A message of "" stands for
 * the sentence of its status. durable: as lattn_write_applied.
 */
void chunk_answer(struct chunk *chunk, const struct entry *entry, const struct lattn_text *result);
void chunk_answer_applied(struct chunk *chunk, const struct entry *entry, uint64_t applied,
                          int duplicate, const uint64_t *durable);
void chunk_answer_error(struct chunk *chunk, const struct entry *entry, enum lattn_status status,
                        const char *message);

#endif
