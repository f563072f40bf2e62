#ifndef WIRE_WRITER_H
#define WIRE_WRITER_H

#include <lattn/limits.h>
#include <lattn/wire.h>

#include <stddef.h>
#include <stdint.h>

/* A MessagePack array or map that is open. */
struct writer_level {
    size_t head;     /* where in the text its count is filled in; WRITER_COUNTED: it stands there */
    uint64_t values; /* written so far, keys among them */
};

/*
 * Writes values at the end of a text, as compact JSON or as MessagePack.
 *
 * The calls return nothing: the first that is refused is remembered, the later ones do nothing, and
 * writer_end takes back all that was written since writer_begin. Commas and counts come by
 * themselves.
 */
struct writer {
    struct lattn_text *text;
    enum lattn_format format;
    size_t start;
    enum lattn_status status;
    int32_t comma;                                   /* JSON: a value stands before the next one */
    int32_t depth;                                   /* MessagePack: levels that are open */
    struct writer_level levels[LATTN_DEPTH_MAX + 1]; /* the first is what is outside of all */
};

void writer_begin(struct writer *writer, struct lattn_text *text, enum lattn_format format);

/* Returns LATTN_OK, or with the text as it was at writer_begin LATTN_NO_MEMORY or what refused it.
 */
enum lattn_status writer_end(struct writer *writer);

/* Refuse what was written so far and all that is to come. */
void writer_refuse(struct writer *writer, enum lattn_status status);

/* Open and close an object or array: '{' '}' '[' ']'; in MessagePack at most LATTN_DEPTH_MAX deep.
 */
void writer_open(struct writer *writer, char bracket);
void writer_close(struct writer *writer, char bracket);

/* Open one of exactly `count` values, or keys; the same, but in MessagePack its head is shorter. */
void writer_open_counted(struct writer *writer, char bracket, uint32_t count);

/* The key of the next value. */
void writer_key(struct writer *writer, const char *key);
void writer_key_text(struct writer *writer, const char *bytes, size_t length);

void writer_null(struct writer *writer);
void writer_flag(struct writer *writer, int32_t flag);
void writer_count(struct writer *writer, uint64_t count);
void writer_number(struct writer *writer, double number); /* null where it is not finite */
void writer_string(struct writer *writer, const char *string);
void writer_text(struct writer *writer, const char *bytes, size_t length);  /* a string as well */
void writer_bytes(struct writer *writer, const char *bytes, size_t length); /* base64, or a bin */
void writer_row(struct writer *writer, const double *numbers, int32_t columns);
void writer_matrix(struct writer *writer, const double *numbers, int32_t rows, int32_t columns);

/* A value that was written before in the same format. */
void writer_raw(struct writer *writer, const char *bytes, size_t length);

/* An id, JSON text: in MessagePack it must be digits, up to 2^64 - 1, or else LATTN_FIELD. */
void writer_id(struct writer *writer, const char *id);

/*
 * An array of rank 1 or 2, and more in MessagePack: in JSON as writer_row and writer_matrix; there
 * {"shape", "dtype", "data"}, row-major.
 */
enum writer_dtype { WRITER_F8, WRITER_F4 };

void writer_tensor(struct writer *writer, const double *numbers, const int32_t *shape, int32_t rank,
                   enum writer_dtype dtype);

/* End a line; nothing in MessagePack, where a value knows its end. */
void writer_newline(struct writer *writer);

/* Add valid JSON, NUL-terminated, indented by 2; arrays of plain values stay as they are. */
void writer_indent(struct writer *writer, const char *text);

#endif
