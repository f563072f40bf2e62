#include "wire/scan.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const no_words[] = {NULL};

/* Is {"x": value} an object to us? */
static int is_object(const char *value, size_t length)
{
    struct scan scan;
    char *text = malloc(length + 7);
    enum lattn_status status;

    memcpy(text, "{\"x\":", 5);
    memcpy(text + 5, value, length);
    memcpy(text + 5 + length, "}", 1);
    status = scan_begin(&scan, text, length + 6, NULL);
    if (status == LATTN_OK)
        status = scan_object(&scan, "it", no_words, SCAN_STRANGERS_PASSED, NULL, NULL);
    if (status == LATTN_OK)
        status = scan_finish(&scan);
    free(text);
    return status == LATTN_OK;
}

static int is_value_to_jansson(const char *value, size_t length)
{
    json_t *json =
        json_loadb(value, length, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);

    json_decref(json);
    return json != NULL;
}

Test(scan, accepts_the_values_of_json)
{
    static const char *const values[] = {"null",
                                         " true ",
                                         "\tfalse\n",
                                         "0",
                                         "-1.5e+3",
                                         "\"\"",
                                         "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                                         "\"\\u00E9\\ud83d\\ude00\"",
                                         "\"\xc3\xa9\xf0\x9f\x98\x80\"",
                                         "[]",
                                         "{}",
                                         "[ 1 , [ ] ]",
                                         "{ \"a\" : [ { } ] , \"b\" : \"]\" }"};

    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        cr_assert(is_object(values[i], strlen(values[i])), "%s", values[i]);
}

Test(scan, refuses_what_json_refuses)
{
    static const char *const values[] = {"",
                                         "nul",
                                         "nullx",
                                         "True",
                                         "01",
                                         "1.",
                                         "'a'",
                                         "\"",
                                         "\"\\\"",
                                         "\"\\x\"",
                                         "\"\\u12g4\"",
                                         "\"\\ud800\"",
                                         "\"\\udc00\"",
                                         "\"\\ud800\\u0041\"",
                                         "\"\n\"",
                                         "\"\x80\"",
                                         "\"\xc0\x80\"",
                                         "\"\xed\xa0\x80\"",
                                         "\"\xf4\x90\x80\x80\"",
                                         "\"\xe2\x82\"",
                                         "[",
                                         "[1,]",
                                         "[,1]",
                                         "[1 2]",
                                         "{\"a\"}",
                                         "{\"a\":}",
                                         "{\"a\":1,}",
                                         "{a:1}",
                                         "{1:2}",
                                         "[1}",
                                         "{]",
                                         "/* */ 1",
                                         "1 2",
                                         "\v1"};

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        size_t length = strlen(values[i]);

        cr_assert(!is_object(values[i], length), "%s", values[i]);
        cr_assert(!is_value_to_jansson(values[i], length), "%s", values[i]);
    }
}

/* Every string of up to 4 bytes from those where UTF-8 changes its mind. */
Test(scan, judges_utf8_as_jansson)
{
    static const unsigned char bytes[] = {'a',  0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1,
                                          0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf4, 0xf5};
    const int count = sizeof bytes;

    for (int i = 0; i < count * count * count * count; i++) {
        char value[6] = {'"',
                         (char)bytes[i % count],
                         (char)bytes[i / count % count],
                         (char)bytes[i / count / count % count],
                         (char)bytes[i / count / count / count],
                         '"'};

        cr_assert_eq(is_object(value, sizeof value), is_value_to_jansson(value, sizeof value),
                     "case %d", i);
    }
}

Test(scan, decodes_escapes_and_clips_at_characters)
{
    struct scan_string string = {.at = "a\\u0041\\ud83d\\ude00\\n\xc3\xa9", .escaped = 1};
    char text[16];

    string.length = strlen(string.at);
    cr_assert_eq(scan_string_decode(&string, sizeof text, text), 1);
    cr_assert_str_eq(text, "aA\xf0\x9f\x98\x80\n\xc3\xa9");
    cr_assert_eq(scan_string_decode(&string, 9, text), 0);
    cr_assert_str_eq(text, "aA\xf0\x9f\x98\x80\n");
    cr_assert_eq(scan_string_decode(&string, 6, text), 0);
    cr_assert_str_eq(text, "aA");
    string = (struct scan_string){.at = "a\\u0000b", .length = 8, .escaped = 1};
    cr_assert_eq(scan_string_decode(&string, sizeof text, text), 0);
}

Test(scan, quotes_in_printable_ascii_and_bounded)
{
    static const struct {
        const char *text;
        const char *excerpt;
    } cases[] = {
        {"{\"a\tb\xff\"}", "\"a\\x09b\\xff\""},
        {"{12345678901234567890123456789012345678901234567890}",
         "12345678901234567890123456789012345678901..."},
        {"{\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b\x1b}",
         "\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b\\x1b..."},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scan scan;
        char excerpt[SCAN_EXCERPT_MAX];

        cr_assert_eq(scan_begin(&scan, cases[i].text, strlen(cases[i].text), NULL), LATTN_OK);
        scan.at++;
        scan_excerpt(&scan, excerpt);
        cr_assert_str_eq(excerpt, cases[i].excerpt, "%s", excerpt);
    }
}

static enum lattn_status field_note(struct scan *scan, int32_t field, void *arg)
{
    *(int32_t *)arg = *(int32_t *)arg * 10 + field;
    return scan_skip(scan);
}

Test(scan, hands_out_fields_in_the_order_of_the_text)
{
    static const char *const words[] = {"a", "b", "c", NULL};
    static const char text[] = "{\"c\":1,\"x\":[2],\"a\":{\"b\":3},\"b\":4}";
    struct scan scan;
    int32_t order = 0;

    cr_assert_eq(scan_begin(&scan, text, sizeof text - 1, NULL), LATTN_OK);
    cr_assert_eq(scan_object(&scan, "it", words, SCAN_STRANGERS_PASSED, field_note, &order),
                 LATTN_OK);
    cr_assert_eq(order, 201);
    cr_assert_eq(scan_finish(&scan), LATTN_OK);
}

Test(scan, counts_elements_without_taking_them)
{
    struct scan scan;
    int64_t count = -1;

    cr_assert_eq(scan_begin(&scan, "{[1,[2,3],{}]}", 14, NULL), LATTN_OK);
    scan.at++;
    cr_assert_eq(scan_count(&scan, "it", &count), LATTN_OK);
    cr_assert_eq(count, 3);
    cr_assert_eq(*scan.at, '[');
}
