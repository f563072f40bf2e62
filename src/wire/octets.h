#ifndef WIRE_OCTETS_H
#define WIRE_OCTETS_H

#include <lattn/wire.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Writes the bytes of a binary file at the end of a text, numbers little-endian.
 *
 * The calls return nothing: the first that finds no memory is remembered, the later ones do
 * nothing, and octets_end takes back all that was written since octets_begin.
 */
struct octets {
    struct lattn_text *text;
    size_t start;
    enum lattn_status status;
};

void octets_begin(struct octets *octets, struct lattn_text *text);

/* Returns LATTN_OK, or the status that was remembered with the text as it was at octets_begin. */
enum lattn_status octets_end(struct octets *octets);

/* Bytes written since octets_begin. */
size_t octets_length(const struct octets *octets);

void octets_bytes(struct octets *octets, const char *bytes, size_t length);
void octets_fill(struct octets *octets, char byte, size_t count);

/* The lowest `width` bytes of a number, 1 to 8. */
void octets_uint(struct octets *octets, uint64_t number, size_t width);

void octets_doubles(struct octets *octets, const double *numbers, size_t count);

/* Write a number over what stands at `at`, counted from octets_begin. */
void octets_replace(struct octets *octets, size_t at, uint64_t number, size_t width);

/* ---- reading -------------------------------------------------------------------------------- */

/* The little-endian number of `width` bytes, 1 to 8. */
uint64_t octets_read_uint(const char *bytes, size_t width);

/* As many doubles as octets_doubles wrote; bytes need no alignment. */
void octets_read_doubles(const char *bytes, size_t count, double *ret_numbers);

#endif
