#include "base/serial.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Compilers make one instruction of these two where the machine is little-endian. */
static inline void bits_put(unsigned char *to, int size, uint64_t bits)
{
    for (int i = 0; i < size; i++)
        to[i] = (unsigned char)(bits >> 8 * i);
}

static inline uint64_t bits_get(const unsigned char *from, int size)
{
    uint64_t bits = 0;

    for (int i = 0; i < size; i++)
        bits |= (uint64_t)from[i] << 8 * i;
    return bits;
}

static inline uint64_t double_bits(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline double bits_double(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* ---- writing ------------------------------------------------------------------------------- */

void serial_writer_init(struct serial_writer *writer, lattn_sink_fn sink, void *arg)
{
    writer->sink = sink;
    writer->arg = arg;
    writer->status = LATTN_OK;
    writer->used = 0;
}

enum lattn_status serial_flush(struct serial_writer *writer)
{
    if (writer->status == LATTN_OK && writer->used > 0)
        writer->status = writer->sink(writer->arg, writer->piece, writer->used);
    writer->used = 0;
    return writer->status;
}

/* Room for a number. */
static unsigned char *piece_take(struct serial_writer *writer, size_t size)
{
    unsigned char *room;

    if (writer->used + size > SERIAL_PIECE)
        (void)serial_flush(writer); /* the status stays with the writer */
    room = writer->piece + writer->used;
    writer->used += size;
    return room;
}

void serial_write_u8(struct serial_writer *writer, uint8_t value)
{
    *piece_take(writer, 1) = value;
}

void serial_write_u16(struct serial_writer *writer, uint16_t value)
{
    bits_put(piece_take(writer, 2), 2, value);
}

void serial_write_u32(struct serial_writer *writer, uint32_t value)
{
    bits_put(piece_take(writer, 4), 4, value);
}

void serial_write_u64(struct serial_writer *writer, uint64_t value)
{
    bits_put(piece_take(writer, 8), 8, value);
}

void serial_write_double(struct serial_writer *writer, double value)
{
    serial_write_u64(writer, double_bits(value));
}

void serial_write_doubles(struct serial_writer *writer, size_t count, const double *values)
{
    while (count > 0) {
        size_t room = (SERIAL_PIECE - writer->used) / 8;
        size_t now = room < count ? room : count;
        unsigned char *to = writer->piece + writer->used;

        for (size_t i = 0; i < now; i++)
            bits_put(to + 8 * i, 8, double_bits(values[i]));
        writer->used += 8 * now;
        values += now;
        count -= now;
        if (count > 0)
            (void)serial_flush(writer); /* the status stays with the writer */
    }
}

void serial_write_bytes(struct serial_writer *writer, size_t length, const void *bytes)
{
    const unsigned char *from = bytes;

    while (length > 0) {
        size_t room = SERIAL_PIECE - writer->used;
        size_t now = room < length ? room : length;

        memcpy(writer->piece + writer->used, from, now);
        writer->used += now;
        from += now;
        length -= now;
        if (length > 0)
            (void)serial_flush(writer); /* the status stays with the writer */
    }
}

void serial_write_header(struct serial_writer *writer, const struct serial_header *header)
{
    serial_write_bytes(writer, SERIAL_MAGIC_BYTES, header->magic);
    serial_write_u32(writer, header->version);
    serial_write_u32(writer, header->engine);
    serial_write_u64(writer, header->length);
}

void serial_write_name(struct serial_writer *writer, const char *name)
{
    size_t length = strlen(name);

    serial_write_u8(writer, (uint8_t)length);
    serial_write_bytes(writer, length, name);
}

/* ---- reading ------------------------------------------------------------------------------- */

void serial_reader_init(struct serial_reader *reader, const char *what, lattn_source_fn source,
                        void *arg, uint64_t length, struct lattn_complaint *complaint)
{
    reader->source = source;
    reader->arg = arg;
    reader->complaint = complaint;
    reader->what = what;
    reader->status = LATTN_OK;
    reader->length = length;
    reader->at = 0;
    reader->next = 0;
    reader->end = 0;
}

uint64_t serial_left(const struct serial_reader *reader)
{
    return reader->length - reader->at;
}

void serial_refuse(struct serial_reader *reader, enum lattn_status status, const char *format, ...)
{
    va_list arguments;
    char text[sizeof reader->complaint->text];

    if (reader->status != LATTN_OK)
        return;
    reader->status = status;
    if (reader->complaint == NULL)
        return;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)snprintf(reader->complaint->text, sizeof reader->complaint->text,
                   "%s, byte %" PRIu64 ": %.180s", reader->what, reader->at, text);
}

/* Let there be bytes in the piece. Returns 0 where there are none any more. */
static int piece_fill(struct serial_reader *reader)
{
    uint64_t left = serial_left(reader);
    size_t size = left < SERIAL_PIECE ? (size_t)left : SERIAL_PIECE;

    if (reader->status != LATTN_OK)
        return 0;
    if (reader->next < reader->end)
        return 1;
    if (size == 0) {
        serial_refuse(reader, LATTN_DAMAGED, "it ends too early");
        return 0;
    }
    reader->status = reader->source(reader->arg, reader->piece, size);
    reader->next = 0;
    reader->end = reader->status == LATTN_OK ? size : 0;
    return reader->status == LATTN_OK;
}

void serial_read_bytes(struct serial_reader *reader, size_t length, void *ret_bytes)
{
    unsigned char *to = ret_bytes;

    while (length > 0 && piece_fill(reader)) {
        size_t ready = reader->end - reader->next;
        size_t now = ready < length ? ready : length;

        memcpy(to, reader->piece + reader->next, now);
        reader->next += now;
        reader->at += now;
        to += now;
        length -= now;
    }
    if (length > 0)
        memset(to, 0, length);
}

static uint64_t number_read(struct serial_reader *reader, int size)
{
    unsigned char bytes[8];

    serial_read_bytes(reader, (size_t)size, bytes);
    return reader->status == LATTN_OK ? bits_get(bytes, size) : 0;
}

uint8_t serial_read_u8(struct serial_reader *reader)
{
    return (uint8_t)number_read(reader, 1);
}

uint16_t serial_read_u16(struct serial_reader *reader)
{
    return (uint16_t)number_read(reader, 2);
}

uint32_t serial_read_u32(struct serial_reader *reader)
{
    return (uint32_t)number_read(reader, 4);
}

uint64_t serial_read_u64(struct serial_reader *reader)
{
    return number_read(reader, 8);
}

double serial_read_double(struct serial_reader *reader)
{
    return bits_double(number_read(reader, 8));
}

void serial_read_doubles(struct serial_reader *reader, size_t count, double *ret_values)
{
    serial_read_bytes(reader, count * sizeof *ret_values, ret_values);
    for (size_t i = 0; i < count; i++)
        ret_values[i] = bits_double(bits_get((const unsigned char *)&ret_values[i], 8));
}

int32_t serial_read_int(struct serial_reader *reader, const char *name, int32_t least, int32_t most)
{
    int32_t value = (int32_t)serial_read_u32(reader);

    if (value >= least && value <= most)
        return value;
    serial_refuse(reader, LATTN_DAMAGED, "%s is %" PRId32 ", %" PRId32 " to %" PRId32 " is right",
                  name, value, least, most);
    return 0;
}

uint64_t serial_read_count(struct serial_reader *reader, const char *name, uint64_t most)
{
    uint64_t value = serial_read_u64(reader);

    if (value <= most)
        return value;
    serial_refuse(reader, LATTN_DAMAGED, "%s is %" PRIu64 ", at most %" PRIu64 " is right", name,
                  value, most);
    return 0;
}

/* A number in its range, or 0 and refused. */
static double number_check(struct serial_reader *reader, const char *name, double least,
                           double most, double value)
{
    if (value >= least && value <= most)
        return value;
    serial_refuse(reader, LATTN_DAMAGED, "%s is %.17g, %g to %g is right", name, value, least,
                  most);
    return 0;
}

double serial_read_number(struct serial_reader *reader, const char *name, double least, double most)
{
    return number_check(reader, name, least, most, serial_read_double(reader));
}

void serial_read_numbers(struct serial_reader *reader, const char *name, double least, double most,
                         size_t count, double *ret_values)
{
    serial_read_doubles(reader, count, ret_values);
    for (size_t i = 0; i < count && reader->status == LATTN_OK; i++)
        ret_values[i] = number_check(reader, name, least, most, ret_values[i]);
}

void serial_read_header(struct serial_reader *reader, const struct serial_header *header,
                        uint32_t *ret_version, uint32_t *ret_engine)
{
    char magic[SERIAL_MAGIC_BYTES];
    uint32_t version, engine;
    uint64_t length;

    serial_read_bytes(reader, sizeof magic, magic);
    version = serial_read_u32(reader);
    engine = serial_read_u32(reader);
    length = serial_read_u64(reader);
    if (memcmp(magic, header->magic, sizeof magic) != 0)
        serial_refuse(reader, LATTN_DAMAGED, "no %s begins like this", header->word);
    else if (version < 1 || version > header->version)
        serial_refuse(reader, LATTN_OTHER_VERSION,
                      "the %s has format %" PRIu32 ", formats 1 to %" PRIu32 " are known here",
                      header->word, version, header->version);
    else if (engine < 1 || engine > header->engine)
        serial_refuse(reader, LATTN_OTHER_VERSION,
                      "the %s has engine %" PRIu32 ", engines 1 to %" PRIu32 " are known here",
                      header->word, engine, header->engine);
    else if (length != header->length)
        serial_refuse(reader, LATTN_DAMAGED,
                      "the %s says it has %" PRIu64 " bytes, there are %" PRIu64, header->word,
                      length, header->length);
    *ret_version = version;
    *ret_engine = engine;
}

void serial_read_name(struct serial_reader *reader, size_t room, char *ret_name)
{
    size_t length = serial_read_u8(reader);

    memset(ret_name, 0, room);
    if (length >= room) {
        serial_refuse(reader, LATTN_DAMAGED, "a name has %zu bytes, at most %zu fit", length,
                      room - 1);
        return;
    }
    serial_read_bytes(reader, length, ret_name);
    if (memchr(ret_name, '\0', length) != NULL)
        serial_refuse(reader, LATTN_DAMAGED, "a name of %zu bytes has a zero inside", length);
}
