#ifndef SERVE_CHUNK_H
#define SERVE_CHUNK_H

#include <lattn/batch.h>
#include <lattn/status.h>
#include <lattn/wire.h>

#include <stddef.h>
#include <stdint.h>

/* Items as sent: of one connection, or of all. */
struct tally {
    uint64_t accepted;
    uint64_t rejected;
    uint64_t duplicates;
};

enum entry_kind { ENTRY_PAIR, ENTRY_REQUEST };

/*
 * One line of a client.
 *
 * status   LATTN_OK, or why the line was refused when it was read; then message says it in words
 * line     its number on the connection
 * id       JSON text, "" if there is none; in the chunk's text, as are producer and message
 * item     of a pair; the arrays lie in the chunk's numbers
 * request  of a request that was not refused; owned by the chunk
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
    int has_seq;
    uint64_t seq;
    struct lattn_item item;
    struct lattn_request *request;
};

/*
 * Lines of one client in the order in which they came: filled by the loop, read by the learner
 * thread, which writes the answers, and carried back to the loop. One thread has it at a time.
 *
 * session  whom the answers are for, not looked at here; NULL for nobody
 * tally    the session's counters, touched by the learner thread only
 * bytes    of memory, once sealed
 */
struct chunk {
    struct chunk *next;
    void *session;
    struct tally *tally;
    struct entry *entries;
    size_t entries_count;
    size_t entries_capacity;
    double *numbers;
    size_t numbers_count;
    size_t numbers_capacity;
    struct lattn_text text;
    size_t requests_count;
    size_t bytes;
    struct lattn_text answers;
    int answers_lost; /* there was no memory for one of them */
};

/* Returns LATTN_OK or LATTN_NO_MEMORY. session and tally are kept until the chunk is closed. */
enum lattn_status chunk_open(struct chunk **ret_chunk, void *session, struct tally *tally);
/* Release it and what it owns, set the pointer to NULL; accepts NULL. */
void chunk_close(struct chunk **chunk);

/*
 * Read one line into the chunk. A line that is refused becomes an entry as well, so that its answer
 * keeps its place; a blank line becomes none.
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY with the line lost.
 */
enum lattn_status chunk_read(struct chunk *chunk, const char *text, size_t length, uint64_t line);

/* Add a line of which nothing is known but why it is refused. Returns as chunk_read. */
enum lattn_status chunk_refuse(struct chunk *chunk, enum lattn_status status, const char *message,
                               uint64_t line);

/* Nothing more will be added: make the entries' pointers valid and measure. */
void chunk_seal(struct chunk *chunk);

#endif
