#include "wire/message.h"

#include "support/packed.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The one value that a packer wrote, read from bytes that end where it ends. */
static struct message_value read_packed(const msgpack_sbuffer *buffer)
{
    char *bytes = malloc(buffer->size);
    struct message message = {bytes, bytes + buffer->size};
    struct message_value value;

    memcpy(bytes, buffer->data, buffer->size);
    cr_assert_eq(message_next(&message, &value), LATTN_OK);
    if (value.bytes != NULL) {
        cr_assert_eq(value.bytes + value.length, message.end);
        value.bytes = buffer->data + (value.bytes - bytes);
    } else {
        cr_assert_eq(message.at, message.end);
    }
    for (size_t length = 0; length < buffer->size; length += length < 16 ? 1 : length) {
        struct message cut = {bytes, bytes + length};

        cr_assert_eq(message_next(&cut, &value), LATTN_SYNTAX);
        cr_assert_eq(cut.at, bytes, "the cursor stays");
    }
    message = (struct message){bytes, bytes + buffer->size};
    cr_assert_eq(message_next(&message, &value), LATTN_OK);
    if (value.bytes != NULL)
        value.bytes = buffer->data + (value.bytes - bytes);
    free(bytes);
    return value;
}

/* Pack with msgpack-c, read, and compare. */
#define ASSERT_READS(pack, condition)                                                              \
    do {                                                                                           \
        msgpack_sbuffer buffer;                                                                    \
        msgpack_packer to;                                                                         \
        struct message_value value;                                                                \
                                                                                                   \
        msgpack_sbuffer_init(&buffer);                                                             \
        msgpack_packer_init(&to, &buffer, msgpack_sbuffer_write);                                  \
        pack;                                                                                      \
        value = read_packed(&buffer);                                                              \
        cr_assert(condition, "kind %d", value.kind);                                               \
        msgpack_sbuffer_destroy(&buffer);                                                          \
    } while (0)

Test(message, reads_whole_numbers_of_every_width)
{
    static const uint64_t counts[] = {0,     1,     127,        128,        255,       256,
                                      65535, 65536, UINT32_MAX, 4294967296, INT64_MAX, UINT64_MAX};
    static const int64_t negatives[] = {-1,     -32,       -33,           -128,     -129,
                                        -32768, INT32_MIN, -2147483649ll, INT64_MIN};

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        ASSERT_READS(msgpack_pack_uint64(&to, counts[i]),
                     value.kind == MESSAGE_COUNT && value.count == counts[i]);
    for (size_t i = 0; i < sizeof negatives / sizeof *negatives; i++)
        ASSERT_READS(msgpack_pack_int64(&to, negatives[i]),
                     value.kind == MESSAGE_NEGATIVE && value.integer == negatives[i]);
}

Test(message, takes_whole_numbers_of_a_signed_type_for_what_they_are)
{
    ASSERT_READS(msgpack_pack_fix_int8(&to, 5), value.kind == MESSAGE_COUNT && value.count == 5);
    ASSERT_READS(msgpack_pack_fix_int16(&to, 300),
                 value.kind == MESSAGE_COUNT && value.count == 300);
    ASSERT_READS(msgpack_pack_fix_int32(&to, 0), value.kind == MESSAGE_COUNT && value.count == 0);
    ASSERT_READS(msgpack_pack_fix_int64(&to, INT64_MAX),
                 value.kind == MESSAGE_COUNT && value.count == INT64_MAX);
    ASSERT_READS(msgpack_pack_fix_int64(&to, -3),
                 value.kind == MESSAGE_NEGATIVE && value.integer == -3);
    ASSERT_READS(msgpack_pack_fix_uint64(&to, 3), value.kind == MESSAGE_COUNT && value.count == 3);
}

Test(message, reads_floats_bit_for_bit)
{
    static const double numbers[] = {0.1, -0.0, 5e-324, 1.7976931348623157e308, (double)INFINITY};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        ASSERT_READS(msgpack_pack_double(&to, numbers[i]),
                     value.kind == MESSAGE_NUMBER &&
                         memcmp(&value.number, &numbers[i], sizeof(double)) == 0);
    ASSERT_READS(msgpack_pack_float(&to, 0.1f),
                 value.kind == MESSAGE_NUMBER && value.number == (double)0.1f);
    ASSERT_READS(msgpack_pack_double(&to, (double)NAN),
                 value.kind == MESSAGE_NUMBER && isnan(value.number));
}

Test(message, reads_words)
{
    ASSERT_READS(msgpack_pack_nil(&to), value.kind == MESSAGE_NULL);
    ASSERT_READS(msgpack_pack_true(&to), value.kind == MESSAGE_FLAG && value.flag == 1);
    ASSERT_READS(msgpack_pack_false(&to), value.kind == MESSAGE_FLAG && value.flag == 0);
}

Test(message, reads_payloads_of_every_width)
{
    static const size_t lengths[] = {0, 1, 2, 4, 8, 16, 17, 31, 32, 255, 256, 65535, 65536};
    static char body[65536];

    for (size_t i = 0; i < sizeof body; i++)
        body[i] = (char)i;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t length = lengths[i];

        ASSERT_READS(msgpack_pack_str_with_body(&to, body, length),
                     value.kind == MESSAGE_STRING && value.length == length &&
                         memcmp(value.bytes, body, length) == 0);
        ASSERT_READS(msgpack_pack_bin_with_body(&to, body, length),
                     value.kind == MESSAGE_BYTES && value.length == length &&
                         memcmp(value.bytes, body, length) == 0);
        ASSERT_READS(msgpack_pack_ext_with_body(&to, body, length, 7),
                     value.kind == MESSAGE_EXTENSION && value.length == length + 1 &&
                         memcmp(value.bytes + 1, body, length) == 0);
    }
}

static void assert_head(const char *bytes, size_t length, enum message_kind kind, uint64_t count)
{
    struct message message = {bytes, bytes + length};
    struct message_value value;

    cr_assert_eq(message_next(&message, &value), LATTN_OK);
    cr_assert_eq(value.kind, kind);
    cr_assert_eq(value.count, count);
    cr_assert_eq(message.at, message.end, "only the head is taken");
}

Test(message, takes_the_head_of_a_container)
{
    assert_head("\x9f", 1, MESSAGE_ARRAY, 15);
    assert_head("\xdc\x01\x00", 3, MESSAGE_ARRAY, 256);
    assert_head("\xdd\xff\xff\xff\xff", 5, MESSAGE_ARRAY, UINT32_MAX);
    assert_head("\x8f", 1, MESSAGE_MAP, 15);
    assert_head("\xde\x01\x00", 3, MESSAGE_MAP, 256);
    assert_head("\xdf\xff\xff\xff\xff", 5, MESSAGE_MAP, UINT32_MAX);
}

Test(message, refuses_what_is_no_value)
{
    static const char bytes[] = "\xc1\x00\x00";
    struct message message = {bytes, bytes + 3};
    struct message_value value;

    cr_assert_eq(message_next(&message, &value), LATTN_SYNTAX);
    cr_assert_eq(message_peek(&message, &value), LATTN_SYNTAX);
    cr_assert_eq(message_skip(&message), LATTN_SYNTAX);
    cr_assert_eq(message.at, bytes);
}

Test(message, skips_whole_values)
{
    struct packed packed = packed_of("[[1, {'a': [2, 'three'], 'b': null}, {'$bin': 'xyz'}], 9]");
    struct message message = {packed.data, packed.data + packed.length};
    struct message_value value;

    cr_assert_eq(message_next(&message, &value), LATTN_OK);
    cr_assert_eq(message_skip(&message), LATTN_OK);
    cr_assert_eq(message_peek(&message, &value), LATTN_OK);
    cr_assert_eq(value.count, 9);
    cr_assert_eq(message_skip(&message), LATTN_OK);
    cr_assert_eq(message.at, message.end);
    cr_assert_eq(message_skip(&message), LATTN_SYNTAX, "nothing is left");
    packed_done(&packed);
}

Test(message, skips_nothing_that_is_cut_off)
{
    struct packed packed = packed_of("[1, {'a': [2, 'three']}, {'$bin': 'xyz'}]");

    for (size_t length = 0; length < packed.length; length++) {
        char *bytes = malloc(length + 1);
        struct message message = {bytes, bytes + length};

        memcpy(bytes, packed.data, length);
        cr_assert_eq(message_skip(&message), LATTN_SYNTAX);
        cr_assert_eq(message.at, bytes);
        free(bytes);
    }
    packed_done(&packed);
}

static struct message_value value_of(struct packed packed)
{
    struct message message = {packed.data, packed.data + packed.length};
    struct message_value value;

    cr_assert_eq(message_next(&message, &value), LATTN_OK);
    return value;
}

Test(message, knows_words_as_strings_and_bin)
{
    struct packed string = packed_of("'learn'");
    struct packed bin = packed_of("{'$bin': 'learn'}");
    struct packed number = packed_of("7");
    struct message_value value = value_of(string);

    cr_assert(message_is(&value, "learn"));
    cr_assert(!message_is(&value, "lear"));
    cr_assert(!message_is(&value, "learns"));
    value = value_of(bin);
    cr_assert(message_is(&value, "learn"));
    value = value_of(number);
    cr_assert(!message_is(&value, "7"));
    packed_done(&string);
    packed_done(&bin);
    packed_done(&number);
}

static void assert_excerpt(const char *json, const char *expected)
{
    struct packed packed = packed_of(json);
    struct message_value value = value_of(packed);
    char excerpt[MESSAGE_EXCERPT_MAX];

    message_excerpt(&value, excerpt);
    cr_assert_str_eq(excerpt, expected);
    packed_done(&packed);
}

Test(message, shows_what_a_value_is)
{
    assert_excerpt("null", "nil");
    assert_excerpt("true", "true");
    assert_excerpt("false", "false");
    assert_excerpt("18446744073709551", "18446744073709551");
    assert_excerpt("-7", "-7");
    assert_excerpt("0.5", "0.5");
    assert_excerpt("{'$float': 'NaN'}", "NaN");
    assert_excerpt("{'$float': '-Infinity'}", "-Infinity");
    assert_excerpt("[1, 2]", "an array");
    assert_excerpt("{'a': 1}", "a map");
    assert_excerpt("{'$bin': 'abc'}", "bin of 3 bytes");
    assert_excerpt("{'$ext': 'abc'}", "an extension");
    assert_excerpt("'two\\nlines'", "\"two\\x0alines\"");
    assert_excerpt("''", "\"\"");
    assert_excerpt("'0123456789012345678901234567890123456789012345678901234567890123456789'",
                   "\"012345678901234567890123456789012345678...");
    assert_excerpt("'\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\u0008\\u000b\\u000c'",
                   "\"\\x01\\x02\\x03\\x04\\x05\\x06\\x07\\x08\\x0b\\x0c\"");
}

/* ---- maps ---------------------------------------------------------------------------------- */

struct fields {
    uint64_t values[2];
    int32_t calls;
};

static enum lattn_status fields_read(struct message *message, int32_t field, void *arg)
{
    struct fields *fields = arg;
    struct message_value value;

    cr_assert_eq(message_next(message, &value), LATTN_OK);
    fields->values[field] = value.count;
    fields->calls++;
    return value.count == 99 ? LATTN_RANGE : LATTN_OK;
}

static enum lattn_status read_map(const char *json, struct fields *fields,
                                  struct lattn_complaint *complaint)
{
    static const char *const words[] = {"one", "two", NULL};
    struct packed packed = packed_of(json);
    struct message message = {packed.data, packed.data + packed.length};
    enum lattn_status status;

    memset(fields, 0, sizeof *fields);
    status = message_map(&message, "params", words, fields_read, fields, complaint);
    cr_assert(status != LATTN_OK || message.at == message.end);
    packed_done(&packed);
    return status;
}

Test(message, reads_the_fields_of_a_map_and_passes_over_others)
{
    struct fields fields;

    cr_assert_eq(read_map("{'two': 2, 'three': {'one': [3]}, 'one': 1}", &fields, NULL), LATTN_OK);
    cr_assert_eq(fields.values[0], 1);
    cr_assert_eq(fields.values[1], 2);
    cr_assert_eq(fields.calls, 2);
    cr_assert_eq(read_map("{}", &fields, NULL), LATTN_OK);
    cr_assert_eq(fields.calls, 0);
}

static void assert_map_refused(const char *json, enum lattn_status status, const char *said)
{
    struct fields fields;
    struct lattn_complaint complaint = {0};

    cr_assert_eq(read_map(json, &fields, &complaint), status, "%s", json);
    cr_assert_str_eq(complaint.text, said);
}

Test(message, refuses_maps_that_are_none_of_ours)
{
    assert_map_refused("7", LATTN_FIELD, "params is 7, a map is expected");
    assert_map_refused("{'$map': ['one', 1, 'one', 2]}", LATTN_FIELD, "field \"one\" comes twice");
    assert_map_refused("{'$map': ['one', 1, 3, 4]}", LATTN_FIELD,
                       "a key is 3, a string is expected");
    assert_map_refused("{'one': 99, 'two': 1}", LATTN_RANGE, "");
}
