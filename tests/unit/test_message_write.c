#include "wire/message_write.h"

#include <criterion/criterion.h>
#include <msgpack.h>
#include <string.h>

/* Unpack one value, which must be all of the bytes. */
static msgpack_object unpack(msgpack_unpacked *unpacked, const char *bytes, size_t length)
{
    size_t at = 0;

    msgpack_unpacked_init(unpacked);
    cr_assert_eq(msgpack_unpack_next(unpacked, bytes, length, &at), MSGPACK_UNPACK_SUCCESS);
    cr_assert_eq(at, length);
    return unpacked->data;
}

static const struct {
    uint64_t count;
    size_t bytes;
} counts[] = {
    {0, 1},          {1, 1},          {127, 1},   {128, 2},        {255, 2},
    {256, 3},        {65535, 3},      {65536, 5}, {UINT32_MAX, 5}, {1ull << 32, 9},
    {1ull << 53, 9}, {1ull << 63, 9}, {1000, 3},  {UINT64_MAX, 9},
};

enum { COUNTS = sizeof counts / sizeof *counts };

Test(message_write, counts_are_as_short_as_can_be)
{
    for (size_t i = 0; i < COUNTS; i++) {
        char bytes[MESSAGE_WRITE_MAX];
        msgpack_unpacked unpacked;
        msgpack_object object;

        cr_assert_eq(message_write_count(counts[i].count, bytes), counts[i].bytes);
        object = unpack(&unpacked, bytes, counts[i].bytes);
        cr_assert_eq(object.type, MSGPACK_OBJECT_POSITIVE_INTEGER);
        cr_assert_eq(object.via.u64, counts[i].count);
        msgpack_unpacked_destroy(&unpacked);
    }
}

Test(message_write, numbers_are_float64_to_the_bit)
{
    static const double numbers[] = {0, -0.0, 1, -2, 0.1, 5e-324, 1.7976931348623157e308, 3e38};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char bytes[MESSAGE_WRITE_MAX];
        msgpack_unpacked unpacked;
        msgpack_object object;

        cr_assert_eq(message_write_number(numbers[i], bytes), 9);
        object = unpack(&unpacked, bytes, 9);
        cr_assert_eq(object.type, MSGPACK_OBJECT_FLOAT64);
        cr_assert_eq(memcmp(&object.via.f64, &numbers[i], sizeof numbers[i]), 0);
        msgpack_unpacked_destroy(&unpacked);
    }
}

Test(message_write, words_are_one_byte)
{
    char bytes[MESSAGE_WRITE_MAX];

    cr_assert_eq(message_write_null(bytes), 1);
    cr_assert_eq((unsigned char)bytes[0], 0xc0);
    cr_assert_eq(message_write_flag(0, bytes), 1);
    cr_assert_eq((unsigned char)bytes[0], 0xc2);
    cr_assert_eq(message_write_flag(7, bytes), 1);
    cr_assert_eq((unsigned char)bytes[0], 0xc3);
}

/* The table of the specification: first byte and length of each head. */
static const struct {
    uint32_t count;
    unsigned char string[2];
    unsigned char bytes[2];
    unsigned char array[2];
    unsigned char map[2];
} heads[] = {
    {0, {0xa0, 1}, {0xc4, 2}, {0x90, 1}, {0x80, 1}},
    {15, {0xaf, 1}, {0xc4, 2}, {0x9f, 1}, {0x8f, 1}},
    {16, {0xb0, 1}, {0xc4, 2}, {0xdc, 3}, {0xde, 3}},
    {31, {0xbf, 1}, {0xc4, 2}, {0xdc, 3}, {0xde, 3}},
    {32, {0xd9, 2}, {0xc4, 2}, {0xdc, 3}, {0xde, 3}},
    {255, {0xd9, 2}, {0xc4, 2}, {0xdc, 3}, {0xde, 3}},
    {256, {0xda, 3}, {0xc5, 3}, {0xdc, 3}, {0xde, 3}},
    {65535, {0xda, 3}, {0xc5, 3}, {0xdc, 3}, {0xde, 3}},
    {65536, {0xdb, 5}, {0xc6, 5}, {0xdd, 5}, {0xdf, 5}},
    {UINT32_MAX, {0xdb, 5}, {0xc6, 5}, {0xdd, 5}, {0xdf, 5}},
};

static void assert_head(const char *bytes, size_t length, const unsigned char *expected,
                        uint32_t count)
{
    uint32_t low = 0;

    cr_assert_eq((unsigned char)bytes[0], expected[0], "%u", count);
    cr_assert_eq(length, expected[1], "%u", count);
    for (size_t i = 1; i < length; i++)
        low = low << 8 | (unsigned char)bytes[i];
    cr_assert(length == 1 || low == count, "%u", count);
}

Test(message_write, heads_are_those_of_the_specification)
{
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        uint32_t count = heads[i].count;
        char bytes[MESSAGE_WRITE_MAX];

        assert_head(bytes, message_write_string(count, bytes), heads[i].string, count);
        assert_head(bytes, message_write_bytes(count, bytes), heads[i].bytes, count);
        assert_head(bytes, message_write_head('[', count, bytes), heads[i].array, count);
        assert_head(bytes, message_write_head('{', count, bytes), heads[i].map, count);
    }
}

Test(message_write, wide_heads_take_any_count_in_five_bytes)
{
    static const unsigned char array[] = {0xdd, 5};
    static const unsigned char map[] = {0xdf, 5};

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        uint32_t count = heads[i].count;
        char bytes[MESSAGE_WRITE_MAX];

        assert_head(bytes, message_write_wide('[', count, bytes), array, count);
        assert_head(bytes, message_write_wide('{', count, bytes), map, count);
    }
}
