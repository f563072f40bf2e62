#ifndef SERVE_BUFFER_H
#define SERVE_BUFFER_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Bytes of one client that have come and were not yet taken: data[start] to data[end].
 */
struct buffer {
    char *data;
    size_t start;
    size_t end;
    size_t capacity;
};

/*
 * One whole message as its bytes: a line without its end, or a frame.
 *
 * bytes    borrowed from the buffer until bytes are added or the buffer is trimmed
 * numbers  room for the doubles it may hold
 * number   its place among the messages of its connection; the first is 1
 */
struct letter {
    const char *bytes;
    size_t length;
    size_t numbers;
    uint64_t number;
};

/* Allocates nothing. */
void buffer_init(struct buffer *buffer);
/* Accepts NULL. */
void buffer_done(struct buffer *buffer);

/*
 * Memory for bytes to come: at least `least` of them, and where more has to be taken for that,
 * `wish`. Borrowed until the buffer is changed.
 *
 * Returns where they belong, or NULL where there is no memory.
 */
char *buffer_room(struct buffer *buffer, size_t least, size_t wish, size_t *ret_length);

/*
 * Add bytes that came: copied, unless they were put where buffer_room says. Returns LATTN_OK, or
 * LATTN_NO_MEMORY with nothing added.
 */
enum lattn_status buffer_add(struct buffer *buffer, const char *bytes, size_t length);

/* The bytes of memory it will have when `length` bytes more were added. */
size_t buffer_capacity_for(const struct buffer *buffer, size_t length);

/*
 * Have so many bytes of memory, more or fewer; what waits must fit. Returns LATTN_OK, or
 * LATTN_NO_MEMORY with nothing changed.
 */
enum lattn_status buffer_resize(struct buffer *buffer, size_t capacity);

/* What waits, if there is any; borrowed as a letter's bytes are. */
const char *buffer_bytes(const struct buffer *buffer);
size_t buffer_length(const struct buffer *buffer);

/* Take so many of the bytes that wait. */
void buffer_take(struct buffer *buffer, size_t length);

/* Give memory back if everything was taken: an idle client costs none. */
void buffer_trim(struct buffer *buffer);

#endif
