#include "wire/writer.h"

#include "base/memory.h"
#include "base/random.h"
#include "support/unpack.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The same calls go to a writer of each format. */
struct twins {
    struct writer json;
    struct writer packed;
    struct lattn_text json_text;
    struct lattn_text packed_text;
};

static void twins_begin(struct twins *twins)
{
    lattn_text_init(&twins->json_text);
    lattn_text_init(&twins->packed_text);
    writer_begin(&twins->json, &twins->json_text, LATTN_FORMAT_JSON);
    writer_begin(&twins->packed, &twins->packed_text, LATTN_FORMAT_MSGPACK);
}

static void twins_end(struct twins *twins)
{
    cr_assert_eq(writer_end(&twins->json), LATTN_OK);
    cr_assert_eq(writer_end(&twins->packed), LATTN_OK);
    cr_assert(
        unpack_equal(twins->packed_text.data, twins->packed_text.length, twins->json_text.data),
        "%s", twins->json_text.data);
    lattn_text_done(&twins->json_text);
    lattn_text_done(&twins->packed_text);
}

static void string_write(struct twins *twins, struct random *random, int is_key)
{
    char bytes[40];
    size_t length = random_below(random, sizeof bytes);

    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)(random_below(random, 3) == 0 ? random_below(random, 256)
                                                       : 'a' + random_below(random, 26));
    if (is_key) {
        /* A number makes it differ from the keys beside it. */
        length = (size_t)snprintf(bytes, sizeof bytes, "\"%jx", (uintmax_t)random_bits(random));
        writer_key_text(&twins->json, bytes, length);
        writer_key_text(&twins->packed, bytes, length);
    } else {
        for (size_t i = 0; i < length; i++)
            bytes[i] = bytes[i] == '\0' ? ' ' : bytes[i]; /* jansson's json_equal stops there */
        writer_text(&twins->json, bytes, length);
        writer_text(&twins->packed, bytes, length);
    }
}

static void plain_write(struct twins *twins, struct random *random)
{
    uint64_t bits = random_bits(random);
    double number;

    memcpy(&number, &bits, sizeof number);
    switch (random_below(random, 5)) {
    case 0:
        writer_null(&twins->json);
        writer_null(&twins->packed);
        return;
    case 1:
        writer_flag(&twins->json, (int32_t)(bits & 1));
        writer_flag(&twins->packed, (int32_t)(bits & 1));
        return;
    case 2:
        writer_count(&twins->json, bits >> bits % 64);
        writer_count(&twins->packed, bits >> bits % 64);
        return;
    case 3:
        writer_number(&twins->json, number);
        writer_number(&twins->packed, number);
        return;
    default:
        string_write(twins, random, 0);
        return;
    }
}

static void value_write(struct twins *twins, struct random *random, int32_t depth)
{
    uint32_t count = random_below(random, 20);
    int is_map = random_below(random, 2) == 0;
    int is_counted = random_below(random, 2) == 0;
    char open = is_map ? '{' : '[';

    if (depth == LATTN_DEPTH_MAX || random_below(random, 16) > 1) {
        plain_write(twins, random);
        return;
    }
    if (is_counted)
        writer_open_counted(&twins->packed, open, count);
    else
        writer_open(&twins->packed, open);
    writer_open(&twins->json, open);
    for (uint32_t i = 0; i < count; i++) {
        if (is_map)
            string_write(twins, random, 1);
        value_write(twins, random, depth + 1);
    }
    writer_close(&twins->json, is_map ? '}' : ']');
    writer_close(&twins->packed, is_map ? '}' : ']');
}

Test(writer, says_the_same_in_both_formats)
{
    struct random random = {20261122};

    for (int32_t trial = 0; trial < 2000; trial++) {
        struct twins twins;

        twins_begin(&twins);
        writer_open(&twins.json, '[');
        writer_open(&twins.packed, '[');
        for (int32_t i = 0; i < 5; i++)
            value_write(&twins, &random, 1);
        writer_close(&twins.json, ']');
        writer_close(&twins.packed, ']');
        twins_end(&twins);
    }
}

Test(writer, fills_in_counts_beyond_the_short_heads)
{
    struct twins twins;

    twins_begin(&twins);
    writer_open(&twins.json, '[');
    writer_open(&twins.packed, '[');
    for (int32_t i = 0; i < 70000; i++) {
        writer_count(&twins.json, 1);
        writer_count(&twins.packed, 1);
    }
    writer_close(&twins.json, ']');
    writer_close(&twins.packed, ']');
    twins_end(&twins);
}

Test(writer, nests_as_deep_as_messages_may)
{
    struct twins twins;

    twins_begin(&twins);
    for (int32_t i = 0; i < LATTN_DEPTH_MAX; i++) {
        writer_open(&twins.json, '[');
        writer_open(&twins.packed, '[');
    }
    for (int32_t i = 0; i < LATTN_DEPTH_MAX; i++) {
        writer_close(&twins.json, ']');
        writer_close(&twins.packed, ']');
    }
    twins_end(&twins);
}

static struct lattn_text packed_string(const char *string)
{
    struct lattn_text text;
    struct writer writer;

    lattn_text_init(&text);
    writer_begin(&writer, &text, LATTN_FORMAT_MSGPACK);
    writer_string(&writer, string);
    cr_assert_eq(writer_end(&writer), LATTN_OK);
    return text;
}

Test(writer, strings_need_no_escapes_but_are_utf8)
{
    static const struct {
        const char *string;
        const char *bytes;
    } cases[] = {
        {"", "\xa0"},
        {"a\"\\\n\x01", "\xa5"
                        "a\"\\\n\x01"},
        {"\xc3\xa9", "\xa2\xc3\xa9"},
        {"a\xff"
         "b",
         "\xa5"
         "a\xef\xbf\xbd"
         "b"},
        {"\xc3", "\xa3\xef\xbf\xbd"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lattn_text text = packed_string(cases[i].string);

        cr_assert_eq(text.length, strlen(cases[i].bytes));
        cr_assert_str_eq(text.data, cases[i].bytes);
        lattn_text_done(&text);
    }
}

Test(writer, embeds_what_was_written_before_as_one_value)
{
    struct lattn_text inner = packed_string("x");
    struct lattn_text text;
    struct writer writer;

    lattn_text_init(&text);
    cr_assert_eq(lattn_text_add(&text, "!", 1), LATTN_OK);
    writer_begin(&writer, &text, LATTN_FORMAT_MSGPACK);
    writer_open(&writer, '[');
    writer_raw(&writer, inner.data, inner.length);
    writer_raw(&writer, inner.data, inner.length);
    writer_close(&writer, ']');
    writer_newline(&writer);
    cr_assert_eq(writer_end(&writer), LATTN_OK);
    cr_assert_eq(text.data[0], '!');
    cr_assert(unpack_equal(text.data + 1, text.length - 1, "[\"x\",\"x\"]"));
    lattn_text_done(&inner);
    lattn_text_done(&text);
}

Test(writer, tensors_are_rows_in_json_and_bytes_in_messagepack)
{
    static const double numbers[] = {0.1, 2, -3, 4, 5, 1e30};
    static const int32_t shape[] = {2, 3};
    struct twins twins;

    twins_begin(&twins);
    writer_open(&twins.packed, '[');
    writer_tensor(&twins.packed, numbers, shape, 2, WRITER_F8);
    writer_tensor(&twins.packed, numbers, shape + 1, 1, WRITER_F4);
    writer_close(&twins.packed, ']');
    cr_assert_eq(writer_end(&twins.packed), LATTN_OK);
    cr_assert(unpack_equal(twins.packed_text.data, twins.packed_text.length,
                           "[{\"shape\":[2,3],\"dtype\":\"<f8\",\"data\":{\"$f8\":"
                           "[0.1,2,-3,4,5,1e30]}},{\"shape\":[3],\"dtype\":\"<f4\",\"data\":"
                           "{\"$f4\":[0.10000000149011612,2,-3]}}]"));
    writer_tensor(&twins.json, numbers, shape, 2, WRITER_F8);
    writer_tensor(&twins.json, numbers + 1, shape, 1, WRITER_F4);
    cr_assert_eq(writer_end(&twins.json), LATTN_OK);
    cr_assert_str_eq(twins.json_text.data, "[[0.10000000000000001,2,-3],[4,5,1e+30]],[2,-3]", "%s",
                     twins.json_text.data);
    lattn_text_done(&twins.json_text);
    lattn_text_done(&twins.packed_text);
}

Test(writer, singles_come_out_whatever_their_count)
{
    for (int32_t count = 0; count < 300; count++) {
        double numbers[300];
        struct lattn_text text;
        struct writer writer;
        json_t *json;
        json_t *data;

        for (int32_t i = 0; i < count; i++)
            numbers[i] = i + 0.5;
        lattn_text_init(&text);
        writer_begin(&writer, &text, LATTN_FORMAT_MSGPACK);
        writer_tensor(&writer, numbers, &count, 1, WRITER_F4);
        cr_assert_eq(writer_end(&writer), LATTN_OK);
        json = unpack_json(text.data, text.length);
        data = json_object_get(json_object_get(json, "data"), "$f4");
        cr_assert_eq(json_array_size(data), (size_t)count);
        for (int32_t i = 0; i < count; i++)
            cr_assert_eq(json_real_value(json_array_get(data, (size_t)i)), numbers[i]);
        json_decref(json);
        lattn_text_done(&text);
    }
}

static enum lattn_status write_id(const char *id, struct lattn_text *text)
{
    struct writer writer;

    writer_begin(&writer, text, LATTN_FORMAT_MSGPACK);
    writer_open(&writer, '[');
    writer_id(&writer, id);
    writer_close(&writer, ']');
    return writer_end(&writer);
}

Test(writer, ids_of_messagepack_are_whole_numbers)
{
    static const char *const refused[] = {
        "", "-1", "1.5", "\"1\"", "null", "1e3", "1 2", "0x10", "18446744073709551616"};
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(write_id("18446744073709551615", &text), LATTN_OK);
    cr_assert_eq(memcmp(text.data + 5, "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9), 0);
    text.length = 0;
    cr_assert_eq(write_id("0", &text), LATTN_OK);
    cr_assert_eq(text.data[5], 0);
    text.length = 0;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        cr_assert_eq(write_id(refused[i], &text), LATTN_FIELD, "%s", refused[i]);
        cr_assert_eq(text.length, 0);
    }
    lattn_text_done(&text);
}

Test(writer, takes_back_what_found_no_memory)
{
    double numbers[64] = {0};
    int failed = 1;

    for (uint64_t k = 1; failed; k++) {
        struct lattn_text text;
        struct writer writer;

        lattn_text_init(&text);
        cr_assert_eq(lattn_text_add(&text, "before", 6), LATTN_OK);
        memory_fail(k, 0);
        writer_begin(&writer, &text, LATTN_FORMAT_MSGPACK);
        writer_open(&writer, '{');
        writer_key(&writer, "m");
        writer_matrix(&writer, numbers, 8, 8);
        writer_close(&writer, '}');
        failed = memory_failed();
        memory_fail(0, 0);
        cr_assert_eq(writer_end(&writer), failed ? LATTN_NO_MEMORY : LATTN_OK);
        cr_assert_eq(memcmp(text.data, "before", 6), 0);
        cr_assert(!failed || text.length == 6);
        lattn_text_done(&text);
    }
}
