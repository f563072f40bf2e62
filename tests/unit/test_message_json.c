#include "wire/message_json.h"

#include "base/memory.h"
#include "support/packed.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* Rewrite a copy that ends where the value ends, so that a sanitizer sees a byte read too much. */
static enum lattn_status rewrite_with(enum message_json_bytes bin, const char *bytes, size_t length,
                                      struct lattn_text *ret_text,
                                      struct lattn_complaint *complaint)
{
    char *copy = malloc(length + 1);
    struct message message = {copy, copy + length};
    struct writer writer;
    enum lattn_status status;
    enum lattn_status ended;

    memcpy(copy, bytes, length);
    lattn_text_init(ret_text);
    writer_begin(&writer, ret_text, LATTN_FORMAT_JSON);
    status = message_to_json(&message, "v", bin, &writer, complaint);
    cr_assert(status != LATTN_OK || message.at == message.end);
    ended = writer_end(&writer);
    free(copy);
    return status != LATTN_OK ? status : ended;
}

static enum lattn_status rewrite(const char *bytes, size_t length, struct lattn_text *ret_text,
                                 struct lattn_complaint *complaint)
{
    return rewrite_with(MESSAGE_JSON_REFUSED, bytes, length, ret_text, complaint);
}

static void assert_json(const char *packed, const char *json)
{
    struct packed bytes = packed_of(packed);
    struct lattn_complaint complaint = {0};
    struct lattn_text text;

    cr_assert_eq(rewrite(bytes.data, bytes.length, &text, &complaint), LATTN_OK, "%s: %s", packed,
                 complaint.text);
    cr_assert_str_eq(text.data, json);
    lattn_text_done(&text);
    packed_done(&bytes);
}

Test(message_json, says_the_same_as_json)
{
    assert_json("[]", "[]");
    assert_json("{}", "{}");
    assert_json("null", "null");
    assert_json("[true, false]", "[true,false]");
    assert_json("[0, 1, -1, -128, 300, 9007199254740993]", "[0,1,-1,-128,300,9007199254740993]");
    assert_json("-9223372036854775808", "-9223372036854775808");
    assert_json("[{'$float': 1}, 0.1, {'$float4': 0.5}]", "[1,0.10000000000000001,0.5]");
    assert_json("{'a': {'b': [[], {}]}, 'c': 'd'}", "{\"a\":{\"b\":[[],{}]},\"c\":\"d\"}");
    assert_json("'\\\"\\\\\\n\\u0000\\u00e9'", "\"\\\"\\\\\\u000a\\u0000\xc3\xa9\"");
    assert_json("{'\\n': 1}", "{\"\\u000a\":1}");
}

/* {"a": bin}, and a bin under "data" with and without a shape. */
Test(message_json, writes_bytes_as_base64_where_they_may_stand)
{
    static const char part[] = "\x82\xa4part\x01\xa4"
                               "data\xc4\x02xy";
    static const char tensor[] = "\x83\xa5shape\x91\x01\xa5"
                                 "dtype\xa3<f4\xa4"
                                 "data\xc4\x04\0\0\0\x3f";
    struct lattn_complaint complaint = {0};
    struct lattn_text text;

    cr_assert_eq(rewrite_with(MESSAGE_JSON_BASE64, part, sizeof part - 1, &text, &complaint),
                 LATTN_OK, "%s", complaint.text);
    cr_assert_str_eq(text.data, "{\"part\":1,\"data\":\"eHk=\"}");
    lattn_text_done(&text);
    cr_assert_eq(rewrite_with(MESSAGE_JSON_BASE64, tensor, sizeof tensor - 1, &text, &complaint),
                 LATTN_OK, "%s", complaint.text);
    cr_assert_str_eq(text.data, "[0.5]");
    lattn_text_done(&text);
    cr_assert_eq(rewrite(part, sizeof part - 1, &text, &complaint), LATTN_FIELD);
    lattn_text_done(&text);
}

Test(message_json, counts_beyond_63_bits_are_whole)
{
    struct lattn_text text;

    cr_assert_eq(rewrite("\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9, &text, NULL), LATTN_OK);
    cr_assert_str_eq(text.data, "18446744073709551615");
    lattn_text_done(&text);
}

Test(message_json, tensors_become_rows)
{
    assert_json("{'shape': [2, 2], 'dtype': '<f8', 'data': {'$f8': [1, 2.5, -3, 0.1]}}",
                "[[1,2.5],[-3,0.10000000000000001]]");
    assert_json("{'data': {'$f4': [1, 0.1]}, 'dtype': '<f4', 'shape': [2]}",
                "[1,0.10000000149011612]");
    assert_json("{'shape': [2, 1, 1], 'dtype': '<f8', 'data': {'$f8': [1, 2]}}", "[[[1]],[[2]]]");
    assert_json("{'shape': [], 'dtype': '<f8', 'data': {'$f8': [7]}}", "7");
    assert_json("{'a': {'shape': [1], 'dtype': '<f8', 'data': {'$f8': [1]}, 'more': 1}, 'b': 2}",
                "{\"a\":[1],\"b\":2}");
    assert_json("{'$map': [{'$bin': 'shape'}, [1], {'$bin': 'dtype'}, {'$bin': '<f8'}, "
                "{'$bin': 'data'}, {'$f8': [1]}]}",
                "[1]");
}

Test(message_json, a_map_without_a_payload_is_a_map)
{
    assert_json("{'shape': [1], 'dtype': '<f8', 'data': [1]}",
                "{\"shape\":[1],\"dtype\":\"<f8\",\"data\":[1]}");
}

/* What is said begins with `said`; the words on tensors are those of tensor.c. */
static void assert_refused(const char *packed, enum lattn_status status, const char *said)
{
    struct packed bytes = packed_of(packed);
    struct lattn_complaint complaint = {0};
    struct lattn_text text;

    cr_assert_eq(rewrite(bytes.data, bytes.length, &text, &complaint), status, "%s: %s", packed,
                 complaint.text);
    cr_assert_eq(strncmp(complaint.text, said, strlen(said)), 0, "%s: %s", packed, complaint.text);
    lattn_text_done(&text);
    packed_done(&bytes);
}

Test(message_json, says_what_json_does_not_have)
{
    assert_refused("{'$float': 'NaN'}", LATTN_NOT_FINITE, "v is NaN, which is not finite");
    assert_refused("[[1], [2, {'$float': '-Infinity'}]]", LATTN_NOT_FINITE,
                   "v[1][1] is -Infinity, which is not finite");
    assert_refused("{'$bin': 'abc'}", LATTN_FIELD,
                   "v is bin of 3 bytes, a value that JSON has is expected");
    assert_refused("[{'$ext': 'ab'}]", LATTN_FIELD,
                   "v[0] is an extension, a value that JSON has is expected");
    assert_refused("{'a': {'$map': [1, 2]}}", LATTN_FIELD,
                   "v is 1, a map whose keys are strings is expected");
}

Test(message_json, says_what_is_wrong_with_a_tensor)
{
    assert_refused("[{'shape': [2, 2], 'dtype': '<f8', 'data': {'$f8': [1, 2, 3]}}]", LATTN_SHAPE,
                   "v[0].data ");
    assert_refused("{'shape': [1], 'dtype': '>f8', 'data': {'$f8': [1]}}", LATTN_FIELD, "v.dtype ");
    assert_refused("{'shape': [1, 1, 1, 1], 'dtype': '<f8', 'data': {'$f8': [1]}}", LATTN_SHAPE,
                   "v.shape ");
    assert_refused("{'dtype': '<f8', 'data': {'$f8': [1]}}", LATTN_FIELD, "v.shape ");
    assert_refused("{'shape': [2], 'dtype': '<f4', 'data': {'$f4': [1, 'NaN']}}", LATTN_NOT_FINITE,
                   "v[1] is NaN");
}

/* Four thousand million rows of nothing would be text without end. */
Test(message_json, a_claim_of_empty_rows_is_no_text)
{
    assert_refused("{'shape': [4000000000, 0], 'dtype': '<f8', 'data': {'$f8': []}}", LATTN_RANGE,
                   "v.shape");
    assert_refused("{'shape': [4000000000, 4000000000, 4000000000], 'dtype': '<f8', "
                   "'data': {'$f8': [1]}}",
                   LATTN_SHAPE, "v.data ");
}

Test(message_json, strings_are_utf8)
{
    struct lattn_complaint complaint;
    struct lattn_text text;

    cr_assert_eq(rewrite("\x91\xa2"
                         "a\xff",
                         4, &text, &complaint),
                 LATTN_SYNTAX);
    cr_assert_str_eq(complaint.text, "v[0] is a string that is not UTF-8");
    lattn_text_done(&text);
    cr_assert_eq(rewrite("\x81\xa1\xc3\x01", 4, &text, &complaint), LATTN_SYNTAX);
    lattn_text_done(&text);
}

Test(message_json, nests_as_deep_as_json_may)
{
    char bytes[LATTN_DEPTH_MAX + 2];
    struct lattn_complaint complaint;
    struct lattn_text text;

    memset(bytes, '\x91', sizeof bytes);
    bytes[LATTN_DEPTH_MAX] = '\x01';
    cr_assert_eq(rewrite(bytes, LATTN_DEPTH_MAX + 1, &text, &complaint), LATTN_OK);
    cr_assert_str_eq(text.data, "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]");
    lattn_text_done(&text);
    bytes[LATTN_DEPTH_MAX] = '\x91';
    bytes[LATTN_DEPTH_MAX + 1] = '\x01';
    cr_assert_eq(rewrite(bytes, LATTN_DEPTH_MAX + 2, &text, &complaint), LATTN_SYNTAX);
    cr_assert(strstr(complaint.text, "is nested deeper than 16") != NULL, "%s", complaint.text);
    lattn_text_done(&text);
}

Test(message_json, refuses_every_beginning_of_a_value)
{
    struct packed whole =
        packed_of("{'a': [1.5, -3, 'text', null], 'z': {'shape': [1, 2], 'dtype': '<f8', "
                  "'data': {'$f8': [1, 2]}}}");

    for (size_t length = 0; length < whole.length; length++) {
        struct lattn_text text;

        cr_assert_neq(rewrite(whole.data, length, &text, NULL), LATTN_OK);
        lattn_text_done(&text);
    }
    packed_done(&whole);
}

Test(message_json, survives_failing_allocations)
{
    struct packed whole =
        packed_of("['many words', {'shape': [2, 2], 'dtype': '<f8', 'data': "
                  "{'$f8': [0.1, 0.2, 0.3, 0.4]}}, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]]");
    int failed = 1;

    for (uint64_t k = 1; failed; k++) {
        struct lattn_text text;
        enum lattn_status status;

        memory_fail(k, 0);
        status = rewrite(whole.data, whole.length, &text, NULL);
        failed = memory_failed();
        memory_fail(0, 0);
        cr_assert_eq(status, failed ? LATTN_NO_MEMORY : LATTN_OK);
        lattn_text_done(&text);
    }
    packed_done(&whole);
}
