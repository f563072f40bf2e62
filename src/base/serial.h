#ifndef BASE_SERIAL_H
#define BASE_SERIAL_H

#include <lattn/state.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Numbers as bytes, the same on every machine: little-endian, doubles by their bits. Writer and
 * reader keep the first thing that went wrong, so that callers ask once, at the end.
 */

enum { SERIAL_PIECE = 64 << 10 };

/* Bytes of a magic, and of a header. */
enum { SERIAL_MAGIC_BYTES = 8, SERIAL_HEADER_BYTES = 24 };

/*
 * What an image says of itself first, in every version:
 *
 *     8 bytes magic, u32 version, u32 engine, u64 length of all
 *
 * word   for complaints: "learner"
 * magic  SERIAL_MAGIC_BYTES
 */
struct serial_header {
    const char *word;
    const char *magic;
    uint32_t version;
    uint32_t engine;
    uint64_t length;
};

/* status: LATTN_OK, or what the sink returned; nothing is written any more then. */
struct serial_writer {
    lattn_sink_fn sink;
    void *arg;
    enum lattn_status status;
    size_t used;
    unsigned char piece[SERIAL_PIECE];
};

/* The sink gets pieces of at most SERIAL_PIECE bytes, the last one from serial_flush. */
void serial_writer_init(struct serial_writer *writer, lattn_sink_fn sink, void *arg);

void serial_write_u8(struct serial_writer *writer, uint8_t value);
void serial_write_u16(struct serial_writer *writer, uint16_t value);
void serial_write_u32(struct serial_writer *writer, uint32_t value);
void serial_write_u64(struct serial_writer *writer, uint64_t value);
void serial_write_double(struct serial_writer *writer, double value);
void serial_write_doubles(struct serial_writer *writer, size_t count, const double *values);
void serial_write_bytes(struct serial_writer *writer, size_t length, const void *bytes);

void serial_write_header(struct serial_writer *writer, const struct serial_header *header);

/* A name of less than 256 bytes: its length, then its bytes. */
void serial_write_name(struct serial_writer *writer, const char *name);

/* Give the rest to the sink. Returns the writer's status. */
enum lattn_status serial_flush(struct serial_writer *writer);

/*
 * Reads bytes that are not trusted.
 *
 * what    for the complaint: "learner image"
 * length  of all; never more is asked of the source
 * at      the next byte
 * status  LATTN_OK; LATTN_DAMAGED or another from serial_refuse, or what the source returned. Every
 *         number read is 0 then
 */
struct serial_reader {
    lattn_source_fn source;
    void *arg;
    struct lattn_complaint *complaint;
    const char *what;
    enum lattn_status status;
    uint64_t length;
    uint64_t at;
    size_t next; /* of the piece, so many of them are there */
    size_t end;
    unsigned char piece[SERIAL_PIECE];
};

void serial_reader_init(struct serial_reader *reader, const char *what, lattn_source_fn source,
                        void *arg, uint64_t length, struct lattn_complaint *complaint);

/* Bytes that are still to come. */
uint64_t serial_left(const struct serial_reader *reader);

/* Note that what was read is wrong, naming the place; the first complaint stays. */
void serial_refuse(struct serial_reader *reader, enum lattn_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

uint8_t serial_read_u8(struct serial_reader *reader);
uint16_t serial_read_u16(struct serial_reader *reader);
uint32_t serial_read_u32(struct serial_reader *reader);
uint64_t serial_read_u64(struct serial_reader *reader);
double serial_read_double(struct serial_reader *reader);
void serial_read_doubles(struct serial_reader *reader, size_t count, double *ret_values);
void serial_read_bytes(struct serial_reader *reader, size_t length, void *ret_bytes);

/*
 * The same of numbers that lie in a range, or are refused as `name`.
 *
 * most  of serial_read_number and serial_read_numbers: >= least; NaN is refused
 */
int32_t serial_read_int(struct serial_reader *reader, const char *name, int32_t least,
                        int32_t most);
uint64_t serial_read_count(struct serial_reader *reader, const char *name, uint64_t most);
double serial_read_number(struct serial_reader *reader, const char *name, double least,
                          double most);
void serial_read_numbers(struct serial_reader *reader, const char *name, double least, double most,
                         size_t count, double *ret_values);

/*
 * Refuses another header than this one; a version or an engine beyond its own is
 * LATTN_OTHER_VERSION.
 *
 * ret_version, ret_engine  out  what it says
 */
void serial_read_header(struct serial_reader *reader, const struct serial_header *header,
                        uint32_t *ret_version, uint32_t *ret_engine);

/* A name without zeros inside, shorter than `room`; ret_name is zeroed behind it. */
void serial_read_name(struct serial_reader *reader, size_t room, char *ret_name);

#endif
