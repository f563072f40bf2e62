/*
 * The first byte says all about a value: 0x00 to 0xbf and 0xe0 to 0xff hold a small number
 * themselves, the 32 in between are the rows of a table.
 *
 * Source: the MessagePack specification, github.com/msgpack/msgpack, spec.md.
 */
#include "wire/head.h"

#include <endian.h>
#include <string.h>

/*
 * width  bytes of the number behind the first byte
 * added  what the number does not say: the type byte of an extension, or the whole number
 */
struct head_row {
    enum message_kind kind;
    uint8_t width;
    uint8_t added;
};

enum { FIRST_ROW = 0xc0, LAST_ROW = 0xdf, NEVER_USED = 0xc1 };

static const struct head_row rows[LAST_ROW - FIRST_ROW + 1] = {
    [0xc0 - FIRST_ROW] = {MESSAGE_NULL, 0, 0},      [0xc2 - FIRST_ROW] = {MESSAGE_FLAG, 0, 0},
    [0xc3 - FIRST_ROW] = {MESSAGE_FLAG, 0, 1},      [0xc4 - FIRST_ROW] = {MESSAGE_BYTES, 1, 0},
    [0xc5 - FIRST_ROW] = {MESSAGE_BYTES, 2, 0},     [0xc6 - FIRST_ROW] = {MESSAGE_BYTES, 4, 0},
    [0xc7 - FIRST_ROW] = {MESSAGE_EXTENSION, 1, 1}, [0xc8 - FIRST_ROW] = {MESSAGE_EXTENSION, 2, 1},
    [0xc9 - FIRST_ROW] = {MESSAGE_EXTENSION, 4, 1}, [0xca - FIRST_ROW] = {MESSAGE_NUMBER, 4, 0},
    [0xcb - FIRST_ROW] = {MESSAGE_NUMBER, 8, 0},    [0xcc - FIRST_ROW] = {MESSAGE_COUNT, 1, 0},
    [0xcd - FIRST_ROW] = {MESSAGE_COUNT, 2, 0},     [0xce - FIRST_ROW] = {MESSAGE_COUNT, 4, 0},
    [0xcf - FIRST_ROW] = {MESSAGE_COUNT, 8, 0},     [0xd0 - FIRST_ROW] = {MESSAGE_NEGATIVE, 1, 0},
    [0xd1 - FIRST_ROW] = {MESSAGE_NEGATIVE, 2, 0},  [0xd2 - FIRST_ROW] = {MESSAGE_NEGATIVE, 4, 0},
    [0xd3 - FIRST_ROW] = {MESSAGE_NEGATIVE, 8, 0},  [0xd4 - FIRST_ROW] = {MESSAGE_EXTENSION, 0, 2},
    [0xd5 - FIRST_ROW] = {MESSAGE_EXTENSION, 0, 3}, [0xd6 - FIRST_ROW] = {MESSAGE_EXTENSION, 0, 5},
    [0xd7 - FIRST_ROW] = {MESSAGE_EXTENSION, 0, 9}, [0xd8 - FIRST_ROW] = {MESSAGE_EXTENSION, 0, 17},
    [0xd9 - FIRST_ROW] = {MESSAGE_STRING, 1, 0},    [0xda - FIRST_ROW] = {MESSAGE_STRING, 2, 0},
    [0xdb - FIRST_ROW] = {MESSAGE_STRING, 4, 0},    [0xdc - FIRST_ROW] = {MESSAGE_ARRAY, 2, 0},
    [0xdd - FIRST_ROW] = {MESSAGE_ARRAY, 4, 0},     [0xde - FIRST_ROW] = {MESSAGE_MAP, 2, 0},
    [0xdf - FIRST_ROW] = {MESSAGE_MAP, 4, 0},
};

/* A head of one byte, outside of the table. */
static struct head head_of_byte(uint8_t byte)
{
    if (byte < 0x80)
        return (struct head){MESSAGE_COUNT, 1, byte};
    if (byte < 0x90)
        return (struct head){MESSAGE_MAP, 1, byte & 0x0fu};
    if (byte < 0xa0)
        return (struct head){MESSAGE_ARRAY, 1, byte & 0x0fu};
    if (byte < FIRST_ROW)
        return (struct head){MESSAGE_STRING, 1, byte & 0x1fu};
    return (struct head){MESSAGE_NEGATIVE, 1, (uint64_t)(int64_t)(int8_t)byte};
}

static uint64_t number_at(const char *bytes, uint32_t width)
{
    uint16_t two;
    uint32_t four;
    uint64_t eight;

    switch (width) {
    case 1:
        return (uint8_t)*bytes;
    case 2:
        memcpy(&two, bytes, sizeof two);
        return be16toh(two);
    case 4:
        memcpy(&four, bytes, sizeof four);
        return be32toh(four);
    case 8:
        memcpy(&eight, bytes, sizeof eight);
        return be64toh(eight);
    default:
        return 0;
    }
}

static uint64_t extend_sign(uint64_t number, uint32_t width)
{
    uint64_t sign = (uint64_t)1 << (8 * width - 1);

    return (number ^ sign) - sign;
}

enum lattn_status head_read(const char *bytes, size_t length, struct head *ret_head)
{
    const struct head_row *row;
    uint8_t byte;
    uint64_t number;

    if (length == 0)
        return LATTN_MORE;
    byte = (uint8_t)*bytes;
    if (byte < FIRST_ROW || byte > LAST_ROW) {
        *ret_head = head_of_byte(byte);
        return LATTN_OK;
    }
    if (byte == NEVER_USED)
        return LATTN_SYNTAX;
    row = &rows[byte - FIRST_ROW];
    if (length <= row->width)
        return LATTN_MORE;
    number = number_at(bytes + 1, row->width) + row->added;
    if (row->kind == MESSAGE_NEGATIVE)
        number = extend_sign(number, row->width);
    *ret_head = (struct head){row->kind, 1u + row->width, number};
    return LATTN_OK;
}
