#ifndef WIRE_WRITER_H
#define WIRE_WRITER_H

#include <lattn/wire.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Writes compact JSON at the end of a text.
 *
 * The calls return nothing: the first that finds no memory is remembered, the later ones do
 * nothing, and writer_end takes back all that was written since writer_begin. Commas come by
 * themselves.
 */
struct writer {
    struct lattn_text *text;
    size_t start;
    enum lattn_status status;
    int32_t comma; /* a value stands before the next one */
};

void writer_begin(struct writer *writer, struct lattn_text *text);

/* Returns LATTN_OK, or LATTN_NO_MEMORY with the text as it was at writer_begin. */
enum lattn_status writer_end(struct writer *writer);

/* Open and close an object or array: '{' '}' '[' ']'. */
void writer_open(struct writer *writer, char bracket);
void writer_close(struct writer *writer, char bracket);

/* The key of the next value; a word of ours, which needs no escapes. */
void writer_key(struct writer *writer, const char *key);

void writer_null(struct writer *writer);
void writer_flag(struct writer *writer, int32_t flag);
void writer_count(struct writer *writer, uint64_t count);
void writer_number(struct writer *writer, double number); /* null where it is not finite */
void writer_string(struct writer *writer, const char *string);
void writer_raw(struct writer *writer, const char *text, size_t length); /* JSON already */
void writer_row(struct writer *writer, const double *numbers, int32_t columns);
void writer_matrix(struct writer *writer, const double *numbers, int32_t rows, int32_t columns);

/* End a line. */
void writer_newline(struct writer *writer);

/* Add valid JSON, NUL-terminated, indented by 2; arrays of plain values stay as they are. */
void writer_indent(struct writer *writer, const char *text);

#endif
