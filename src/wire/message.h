#ifndef WIRE_MESSAGE_H
#define WIRE_MESSAGE_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * A cursor over MessagePack, value by value and in place; what scan.h is to JSON. Nothing is
 * allocated, and nothing behind `end` is read, whatever the bytes say.
 */
struct message {
    const char *at;
    const char *end;
};

enum message_kind {
    MESSAGE_NULL,
    MESSAGE_FLAG,     /* flag */
    MESSAGE_COUNT,    /* count: a whole number >= 0 */
    MESSAGE_NEGATIVE, /* integer: a whole number < 0 */
    MESSAGE_NUMBER,   /* number: a float, of 4 bytes as well */
    MESSAGE_STRING,   /* bytes, length; not yet checked to be UTF-8 */
    MESSAGE_BYTES,    /* bytes, length: bin */
    MESSAGE_ARRAY,    /* count values follow */
    MESSAGE_MAP,      /* count pairs of key and value follow */
    MESSAGE_EXTENSION /* bytes, length; means nothing to us */
};

struct message_value {
    enum message_kind kind;
    int32_t flag;
    int64_t integer;
    uint64_t count;
    double number;
    const char *bytes; /* borrowed from the message */
    size_t length;
};

/*
 * Take the next value; of an array or map its head only.
 *
 * Returns LATTN_OK, or LATTN_SYNTAX where the bytes end within it or are no MessagePack; the cursor
 * then stays where it is.
 */
enum lattn_status message_next(struct message *message, struct message_value *ret_value);

/* Look at it without taking it. */
enum lattn_status message_peek(const struct message *message, struct message_value *ret_value);

/* Pass over a whole value with all that it contains, at most LATTN_DEPTH_MAX deep. */
enum lattn_status message_skip(struct message *message);

/* Is it a string (or bin) of these characters? */
int message_is(const struct message_value *value, const char *word);

/* ---- reading what should be there ---------------------------------------------------------- */

/* Bytes of an excerpt with its closing zero: enough to recognise what was sent. */
enum { MESSAGE_EXCERPT_MAX = 48 };

/* What a value is, for a complaint: bounded, in printable ASCII. */
void message_excerpt(const struct message_value *value, char ret_excerpt[MESSAGE_EXCERPT_MAX]);

/* Room for a field and three indices; a place deeper than that is cut. */
enum { MESSAGE_PLACE_MAX = 96 };

/* What complaints call the value behind so many indices: "z[3][0]". */
void message_place(const char *name, const uint64_t *index, int32_t count,
                   char ret_place[MESSAGE_PLACE_MAX]);

/* Take the next value; LATTN_SYNTAX where there is none. */
enum lattn_status message_take(struct message *message, struct message_value *ret_value,
                               struct lattn_complaint *complaint);

/* Refuse a value as LATTN_FIELD, "w is nil, a number is expected". */
enum lattn_status message_mismatch(const struct message_value *value, const char *name,
                                   const char *expected, struct lattn_complaint *complaint);

/* A whole number or a float as a double. Returns 0 for what is neither. */
int message_number(const struct message_value *value, double *ret_number);

/* Take the value of a field, which stands at the cursor. */
typedef enum lattn_status (*message_field_fn)(struct message *message, int32_t field, void *arg);

/*
 * Take a map, field by field. Fields that no word names are passed over; one that comes twice, and
 * a key that is no string, is LATTN_FIELD.
 *
 * words  in  the known fields, ended by NULL; at most 32
 * read   in  called with the index of the word; what it returns other than LATTN_OK ends the map
 */
enum lattn_status message_map(struct message *message, const char *name, const char *const *words,
                              message_field_fn read, void *arg, struct lattn_complaint *complaint);

#endif
