#include "wire/octets.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

static_assert(sizeof(double) == sizeof(uint64_t), "a double is 8 bytes in files");

void octets_begin(struct octets *octets, struct lattn_text *text)
{
    *octets = (struct octets){.text = text, .start = text->length};
}

enum lattn_status octets_end(struct octets *octets)
{
    if (octets->status != LATTN_OK && octets->text->length > octets->start) {
        octets->text->length = octets->start;
        octets->text->data[octets->start] = '\0';
    }
    return octets->status;
}

size_t octets_length(const struct octets *octets)
{
    return octets->text->length - octets->start;
}

void octets_bytes(struct octets *octets, const char *bytes, size_t length)
{
    if (octets->status == LATTN_OK)
        octets->status = lattn_text_add(octets->text, bytes, length);
}

void octets_fill(struct octets *octets, char byte, size_t count)
{
    for (size_t i = 0; i < count; i++)
        octets_bytes(octets, &byte, 1);
}

static void uint_lay(char *bytes, uint64_t number, size_t width)
{
    assert(width >= 1 && width <= 8);
    for (size_t i = 0; i < width; i++)
        bytes[i] = (char)(number >> (8 * i) & 0xff);
}

void octets_uint(struct octets *octets, uint64_t number, size_t width)
{
    char bytes[8];

    uint_lay(bytes, number, width);
    octets_bytes(octets, bytes, width);
}

void octets_doubles(struct octets *octets, const double *numbers, size_t count)
{
    uint64_t block[64];
    const size_t block_count = sizeof block / sizeof *block;

    while (count > 0) {
        size_t n = count < block_count ? count : block_count;

        memcpy(block, numbers, n * sizeof *block);
        for (size_t i = 0; i < n; i++)
            block[i] = htole64(block[i]);
        octets_bytes(octets, (const char *)block, n * sizeof *block);
        numbers += n;
        count -= n;
    }
}

void octets_replace(struct octets *octets, size_t at, uint64_t number, size_t width)
{
    if (octets->status != LATTN_OK)
        return;
    assert(at + width <= octets_length(octets));
    uint_lay(octets->text->data + octets->start + at, number, width);
}

/* ---- reading -------------------------------------------------------------------------------- */

uint64_t octets_read_uint(const char *bytes, size_t width)
{
    uint64_t number = 0;

    assert(width >= 1 && width <= 8);
    for (size_t i = width; i > 0; i--)
        number = number << 8 | (unsigned char)bytes[i - 1];
    return number;
}

void octets_read_doubles(const char *bytes, size_t count, double *ret_numbers)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t bits;

        memcpy(&bits, bytes + i * sizeof bits, sizeof bits);
        bits = le64toh(bits);
        memcpy(&ret_numbers[i], &bits, sizeof bits);
    }
}
