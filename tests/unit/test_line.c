#include <lattn/wire.h>

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct lattn_message line;
    struct lattn_complaint complaint;
    enum lattn_status status;
    size_t used;
    double numbers[4096];
};

/* Read a copy that ends where the line ends, so that a sanitizer sees a byte read too much. */
static void reading_of(struct reading *reading, const char *text)
{
    size_t length = strlen(text);
    char *line = malloc(length + 1);

    memset(reading, 0, sizeof *reading);
    memcpy(line, text, length);
    reading->status = lattn_line_read(line, length, reading->numbers, &reading->used,
                                      &reading->line, &reading->complaint);
    free(line);
}

static void assert_refused(const char *text, enum lattn_status status, const char *complaint)
{
    struct reading *reading = malloc(sizeof *reading);

    reading_of(reading, text);
    cr_assert_eq(reading->status, status, "%s: %d, %s", text, reading->status,
                 reading->complaint.text);
    cr_assert_str_eq(reading->complaint.text, complaint, "%s: %s", text, reading->complaint.text);
    free(reading);
}

static struct reading read_pair(const char *text)
{
    struct reading reading;

    reading_of(&reading, text);
    cr_assert_eq(reading.status, LATTN_OK, "%s: %s", text, reading.complaint.text);
    cr_assert_eq(reading.line.kind, LATTN_MESSAGE_PAIRS);
    return reading;
}

Test(line, reads_a_pair)
{
    struct reading reading = read_pair("{\"z\": [[1, 2.5], [-3e2, 0]], \"y\": [4, 5, 6]}");
    const struct lattn_item *item = &reading.line.item;

    cr_assert_eq(item->n, 2);
    cr_assert_eq(item->d, 2);
    cr_assert_eq(item->m, 3);
    cr_assert_eq(item->labels, LATTN_LABELS_LAST);
    cr_assert_eq(item->weight, 1);
    cr_assert_eq(reading.used, 7);
    cr_assert_eq(reading.numbers[2], -300);
    cr_assert_eq(reading.numbers[6], 6);
    cr_assert_str_eq(reading.line.id, "");
    cr_assert_eq(reading.line.has_seq, 0);
    cr_assert_str_eq(reading.line.producer, "");
}

Test(line, reads_all_fields_in_any_order)
{
    struct reading reading =
        read_pair(" {\"seq\":18446744073709551615,\"y\":[[1],[2]],\"id\":\"a\\\"b\",\"w\":0.5,"
                  "\"producer\":\"caf\\u00e9\",\"causal\":false,\"z\":[[7],[8]]}\r\n");
    const struct lattn_message *line = &reading.line;

    cr_assert_eq(line->seq, UINT64_MAX);
    cr_assert_eq(line->has_seq, 1);
    cr_assert_eq(line->item.labels, LATTN_LABELS_FULL);
    cr_assert_eq(line->item.weight, 0.5);
    cr_assert_eq(line->item.y[1], 2);
    cr_assert_eq(line->item.z[1], 8);
    cr_assert_str_eq(line->producer, "caf\xc3\xa9");
    cr_assert_str_eq(line->id, "\"a\\\"b\"");
}

Test(line, takes_the_labels_from_the_form_of_y)
{
    cr_assert_eq(read_pair("{\"z\":[[1],[2]],\"y\":3.5}").line.item.m, 1);
    cr_assert_eq(read_pair("{\"z\":[[1],[2]],\"y\":3.5}").line.item.labels, LATTN_LABELS_LAST);
    cr_assert_eq(read_pair("{\"z\":[[1],[2]],\"y\":[3.5]}").line.item.labels, LATTN_LABELS_LAST);
    cr_assert_eq(read_pair("{\"z\":[[1],[2]],\"y\":[[3],[4]]}").line.item.labels,
                 LATTN_LABELS_CAUSAL);
    cr_assert_eq(read_pair("{\"z\":[[1],[2]],\"y\":[[3],[4]],\"causal\":true}").line.item.labels,
                 LATTN_LABELS_CAUSAL);
    cr_assert_eq(read_pair("{\"causal\":false,\"z\":[[1],[2]],\"y\":[[3],[4]]}").line.item.labels,
                 LATTN_LABELS_FULL);
    cr_assert_eq(read_pair("{\"causal\":false,\"z\":[[1],[2]],\"y\":[3]}").line.item.labels,
                 LATTN_LABELS_LAST);
}

Test(line, reads_escaped_keys)
{
    cr_assert_eq(read_pair("{\"\\u007a\":[[1]],\"\\u0079\":2}").line.item.m, 1);
}

Test(line, sees_a_request_wherever_its_method_stands)
{
    static const char *const texts[] = {
        "{\"method\":\"status\"}",
        "{\"id\":7,\"params\":{\"z\":[[1]]},\"method\":\"predict\"}",
        "{\"z\":\"odd\",\"id\":7,\"method\":\"predict\"}",
        "{\"id\":7,\"method\":\"predict\", oops }",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct reading reading;

        reading_of(&reading, texts[i]);
        cr_assert_eq(reading.status, LATTN_OK, "%s", texts[i]);
        cr_assert_eq(reading.line.kind, LATTN_MESSAGE_REQUEST, "%s", texts[i]);
        cr_assert(i == 0 || strcmp(reading.line.id, "7") == 0);
    }
}

Test(line, gives_the_id_of_a_refused_line)
{
    struct reading reading;

    reading_of(&reading, "{\"z\":[[1],[2,3]],\"y\":1,\"id\":\"x\"}");
    cr_assert_eq(reading.status, LATTN_SHAPE);
    cr_assert_str_eq(reading.line.id, "\"x\"");
    reading_of(&reading, "{\"id\":12,\"z\":[[1],[2},\"y\":1}");
    cr_assert_eq(reading.status, LATTN_SYNTAX);
    cr_assert_str_eq(reading.line.id, "12");
    reading_of(&reading, "{\"id\":12,\"z\":[[1],");
    cr_assert_eq(reading.status, LATTN_SYNTAX);
    cr_assert_str_eq(reading.line.id, "");
}

Test(line, says_what_is_wrong_with_z)
{
    assert_refused("{\"y\":1}", LATTN_FIELD, "z is missing");
    assert_refused("{\"z\":[],\"y\":1}", LATTN_EMPTY, "z has no token");
    assert_refused("{\"z\":[[1,2],[3,4],[5]],\"y\":1}", LATTN_SHAPE,
                   "z[2] has 1 coordinates, z[0] has 2");
    assert_refused("{\"z\":[[1,2],[3,\"4\"]],\"y\":1}", LATTN_FIELD,
                   "z[1][1] is \"4\", a number is expected");
    assert_refused("{\"z\":[[1,null]],\"y\":1}", LATTN_FIELD,
                   "z[0][1] is null, a number is expected");
    assert_refused("{\"z\":[[[1]]],\"y\":1}", LATTN_FIELD,
                   "z[0][0] is an array, a number is expected");
    assert_refused("{\"z\":[1,2],\"y\":1}", LATTN_FIELD, "z[0] is 1, a row of numbers is expected");
    assert_refused("{\"z\":[[1],{}],\"y\":1}", LATTN_FIELD,
                   "z[1] is an object, a row of numbers is expected");
    assert_refused("{\"z\":\"many\\u0001 words\",\"y\":1}", LATTN_FIELD,
                   "z is \"many\\u0001 words\", an array is expected");
    assert_refused("{\"z\":[[NaN]],\"y\":1}", LATTN_NOT_FINITE,
                   "z[0][0] is NaN, which is not finite as a double");
    assert_refused("{\"z\":[[1,-Infinity]],\"y\":1}", LATTN_NOT_FINITE,
                   "z[0][1] is -Infinity, which is not finite as a double");
    assert_refused("{\"z\":[[1],[1e999]],\"y\":1}", LATTN_NOT_FINITE,
                   "z[1][0] is 1e999, which is not finite as a double");
    assert_refused("{\"z\":[[01]],\"y\":1}", LATTN_SYNTAX, "z[0][0] is 01, a number is expected");
    assert_refused("{\"z\":[[1.]],\"y\":1}", LATTN_SYNTAX, "z[0][0] is 1., a number is expected");
    assert_refused("{\"z\":[[.5]],\"y\":1}", LATTN_SYNTAX, "z[0][0] is .5, a number is expected");
    assert_refused("{\"z\":[[+1]],\"y\":1}", LATTN_SYNTAX, "z[0][0] is +1, a number is expected");
    assert_refused("{\"z\":[[1,]],\"y\":1}", LATTN_SYNTAX, "z[0][1] is ], a number is expected");
    assert_refused("{\"z\":[[1],],\"y\":1}", LATTN_SYNTAX,
                   "z[1] is ], a row of numbers is expected");
    assert_refused("{\"z\":[[1 2]],\"y\":1}", LATTN_SYNTAX,
                   "byte 10: ',' or ']' expected, found 2");
}

Test(line, says_what_is_wrong_with_y)
{
    assert_refused("{\"z\":[[1]]}", LATTN_FIELD, "y is missing");
    assert_refused("{\"z\":[[1]],\"y\":null}", LATTN_FIELD, "y is null, a number is expected");
    assert_refused("{\"z\":[[1]],\"y\":\"3\"}", LATTN_FIELD, "y is \"3\", a number is expected");
    assert_refused("{\"z\":[[1]],\"y\":[1,true]}", LATTN_FIELD,
                   "y[1] is true, a number is expected");
    assert_refused("{\"z\":[[1]],\"y\":[]}", LATTN_RANGE, "y has no output");
    assert_refused("{\"z\":[[1]],\"y\":[[]]}", LATTN_RANGE, "y has no output");
    assert_refused("{\"z\":[[1],[2]],\"y\":[[1],[2],[3]]}", LATTN_SHAPE,
                   "y has 3 rows, z has 2 tokens");
    assert_refused("{\"z\":[[1],[2]],\"y\":[[1],[2,3]]}", LATTN_SHAPE,
                   "y[1] has 2 outputs, y[0] has 1");
    assert_refused("{\"z\":[[1],[2]],\"y\":[[1],2]}", LATTN_FIELD,
                   "y[1] is 2, a row of numbers is expected");
    assert_refused("{\"z\":[[1]],\"y\":-1e400}", LATTN_NOT_FINITE,
                   "y is -1e400, which is not finite as a double");
}

Test(line, says_what_is_wrong_with_the_rest)
{
    assert_refused("{\"z\":[[1]],\"y\":1,\"w\":0}", LATTN_RANGE, "w is 0, a weight is positive");
    assert_refused("{\"z\":[[1]],\"y\":1,\"w\":-2}", LATTN_RANGE, "w is -2, a weight is positive");
    assert_refused("{\"z\":[[1]],\"y\":1,\"w\":\"1\"}", LATTN_FIELD,
                   "w is \"1\", a number is expected");
    assert_refused("{\"z\":[[1]],\"y\":1,\"seq\":-1}", LATTN_FIELD,
                   "seq is -1, a whole number that is not negative is expected");
    assert_refused("{\"z\":[[1]],\"y\":1,\"seq\":1.5}", LATTN_FIELD,
                   "seq is 1.5, a whole number that is not negative is expected");
    assert_refused("{\"z\":[[1]],\"y\":1,\"seq\":18446744073709551616}", LATTN_RANGE,
                   "seq is 18446744073709551616, at most 18446744073709551615 is accepted");
    assert_refused("{\"z\":[[1]],\"y\":1,\"causal\":1}", LATTN_FIELD,
                   "causal is 1, true or false is expected");
    assert_refused("{\"z\":[[1]],\"y\":1,\"id\":[1]}", LATTN_FIELD,
                   "id is an array, a number, a string or null is expected");
    assert_refused("{\"z\":[[1]],\"y\":1,\"producer\":\"\"}", LATTN_NAME, "producer is empty");
    assert_refused("{\"z\":[[1]],\"y\":1,\"producer\":7}", LATTN_FIELD,
                   "producer is 7, a string is expected");
    assert_refused("{\"z\":[[1]],\"y\":1,\"producer\":\"0123456789012345678901234567890123456789"
                   "01234567890123456789abcd\"}",
                   LATTN_NAME, "producer is longer than 63 bytes or holds a zero");
    assert_refused("{\"z\":[[1]],\"y\":1,\"x\\ty\":2}", LATTN_FIELD, "unknown field \"x\\ty\"");
    assert_refused("{\"z\":[[1]],\"y\":1,\"z\":[[2]]}", LATTN_FIELD, "field \"z\" comes twice");
}

Test(line, says_what_is_wrong_with_the_text)
{
    assert_refused("", LATTN_SYNTAX, "byte 1: '{' expected, found nothing");
    assert_refused("hello", LATTN_SYNTAX, "byte 1: '{' expected, found hello");
    assert_refused("[1]", LATTN_SYNTAX, "byte 1: '{' expected, found an array");
    assert_refused("{\"z\":[[1]],\"y\":1", LATTN_SYNTAX,
                   "byte 16: '}' at the end expected, found 1");
    assert_refused("{\"z\":[[1]],\"y\":1}}", LATTN_SYNTAX, "byte 18: the end expected, found }");
    assert_refused("{\"z\":[[1]],\"y\":1,}", LATTN_SYNTAX,
                   "byte 18: a field in quotes expected, found }");
    assert_refused("{\"z\" [[1]]}", LATTN_SYNTAX, "byte 6: ':' expected, found an array");
    assert_refused("{\"z\":[[1]] \"y\":1}", LATTN_SYNTAX,
                   "byte 12: ',' or '}' expected, found \"y\"");
    assert_refused("{\"id\":\"\xff\"}", LATTN_SYNTAX,
                   "byte 8: a character of UTF-8 expected, found \\xff\"");
    assert_refused("{\"id\":\"\\x\"}", LATTN_SYNTAX,
                   "byte 8: a valid escape expected, found \\x\"");
    assert_refused("{\"z\":}", LATTN_SYNTAX, "z is }, an array is expected");
}

Test(line, reads_tokens_of_ones)
{
    static const double expected[] = {2, 3, 0, 0, 1, 7};
    struct reading reading = read_pair("{\"t\": [[3, 0], [], [7]], \"y\": [[1], [2], [4]]}");
    const struct lattn_item *item = &reading.line.item;

    cr_assert_eq(item->tokens, LATTN_TOKENS_ONES);
    cr_assert_eq(item->n, 3);
    cr_assert_eq(item->d, 8);
    cr_assert_eq(item->labels, LATTN_LABELS_CAUSAL);
    cr_assert_eq(reading.used, 9);
    cr_assert_eq(memcmp(reading.numbers, expected, sizeof expected), 0);
    cr_assert_eq(reading.numbers[8], 4);
    cr_assert_eq(read_pair("{\"y\":1,\"t\":[[]]}").line.item.d, 0);
}

Test(line, says_what_is_wrong_with_tokens_of_ones)
{
    assert_refused("{\"t\":[],\"y\":1}", LATTN_EMPTY, "t has no token");
    assert_refused("{\"t\":1,\"y\":1}", LATTN_FIELD, "t is 1, an array is expected");
    assert_refused("{\"t\":[[1],2],\"y\":1}", LATTN_FIELD,
                   "t[1] is 2, an array of indices is expected");
    assert_refused("{\"t\":[[0,-1]],\"y\":1}", LATTN_FIELD,
                   "t[0][1] is -1, a whole number that is not negative is expected");
    assert_refused("{\"t\":[[1],[0.5]],\"y\":1}", LATTN_FIELD,
                   "t[1][0] is 0.5, a whole number that is not negative is expected");
    assert_refused("{\"t\":[[\"1\"]],\"y\":1}", LATTN_FIELD,
                   "t[0][0] is \"1\", a whole number that is not negative is expected");
    assert_refused("{\"t\":[[1,256]],\"y\":1}", LATTN_RANGE,
                   "t[0][1] is 256, at most 255 is accepted");
    assert_refused("{\"t\":[[5,5]],\"y\":1}", LATTN_RANGE, "t[0] names coordinate 5 twice");
    assert_refused("{\"t\":[[1]],\"z\":[[1]],\"y\":1}", LATTN_FIELD, "z and t come together");
    assert_refused("{\"z\":[[1]],\"t\":[[1]],\"y\":1}", LATTN_FIELD, "z and t come together");
    assert_refused("{\"t\":[[1]],\"y\":[[1],[2]]}", LATTN_SHAPE, "y has 2 rows, t has 1 tokens");
    assert_refused("{\"t\":[[1]]}", LATTN_FIELD, "y is missing");
    assert_refused("{\"t\":[[1],\"y\":1}", LATTN_FIELD,
                   "t[1] is \"y\", an array of indices is expected");
}

Test(line, reads_learn_as_the_pair_in_its_params)
{
    struct reading reading =
        read_pair("{\"id\":7,\"method\":\"learn\",\"params\":{\"z\":[[1,2],[3,4]],\"y\":5,"
                  "\"w\":2,\"producer\":\"p\",\"seq\":8}}");

    cr_assert_str_eq(reading.line.id, "7");
    cr_assert_eq(reading.line.item.n, 2);
    cr_assert_eq(reading.line.item.y[0], 5);
    cr_assert_eq(reading.line.item.weight, 2);
    cr_assert_str_eq(reading.line.producer, "p");
    cr_assert_eq(reading.line.seq, 8);
    cr_assert_eq(reading.used, 5);
    reading = read_pair("{\"params\":{\"y\":1,\"t\":[[0]]},\"method\":\"\\u006cearn\"}");
    cr_assert_str_eq(reading.line.id, "");
    cr_assert_eq(reading.line.item.tokens, LATTN_TOKENS_ONES);
}

Test(line, says_what_is_wrong_with_learn)
{
    assert_refused("{\"id\":7,\"method\":\"learn\"}", LATTN_FIELD, "params is missing");
    assert_refused("{\"method\":\"learn\",\"params\":[]}", LATTN_FIELD,
                   "params is an array, an object is expected");
    assert_refused("{\"method\":\"learn\",\"params\":{}}", LATTN_FIELD, "z is missing");
    assert_refused("{\"method\":\"learn\",\"params\":{\"z\":[[1]],\"y\":1,\"id\":7}}", LATTN_FIELD,
                   "unknown field \"id\"");
    assert_refused("{\"method\":\"learn\",\"params\":{\"z\":[[1]],\"y\":1},\"w\":7}", LATTN_FIELD,
                   "unknown field \"w\"");
    assert_refused("{\"method\":\"learn\",\"params\":{\"z\":[[1],[2,3]],\"y\":1}}", LATTN_SHAPE,
                   "z[1] has 2 coordinates, z[0] has 1");
}

Test(line, a_refused_learn_uses_up_its_number)
{
    struct reading reading;

    reading_of(&reading, "{\"method\":\"learn\",\"params\":{\"z\":[[1],[2,3]],\"y\":1,"
                         "\"producer\":\"p\",\"seq\":8},\"id\":\"x\"}");
    cr_assert_eq(reading.status, LATTN_SHAPE);
    cr_assert_eq(reading.line.kind, LATTN_MESSAGE_PAIRS);
    cr_assert_str_eq(reading.line.id, "\"x\"");
    cr_assert_str_eq(reading.line.producer, "p");
    cr_assert_eq(reading.line.has_seq, 1);
    cr_assert_eq(reading.line.seq, 8);
    reading_of(&reading, "{\"method\":\"hello\",\"params\":{\"producer\":\"p\",\"seq\":8}}");
    cr_assert_eq(reading.line.kind, LATTN_MESSAGE_REQUEST);
    cr_assert_str_eq(reading.line.producer, "", "params of other methods are theirs");
}

/* Refuse first, then `count` times each, then last. */
static void assert_too_much(const char *first, const char *each, int32_t count, const char *last,
                            enum lattn_status status, const char *said)
{
    struct lattn_text text;
    struct lattn_message line;
    struct lattn_complaint complaint;
    double *numbers;
    size_t used;

    lattn_text_init(&text);
    (void)lattn_text_add(&text, first, strlen(first));
    for (int32_t i = 0; i < count; i++)
        (void)lattn_text_add(&text, each, strlen(each));
    (void)lattn_text_add(&text, last, strlen(last));
    numbers = malloc((text.length / 2 + 2) * sizeof *numbers);
    cr_assert_eq(lattn_line_read(text.data, text.length, numbers, &used, &line, &complaint),
                 status);
    cr_assert_str_eq(complaint.text, said);
    free(numbers);
    lattn_text_done(&text);
}

Test(line, refuses_what_is_beyond_the_limits)
{
    assert_too_much("{\"y\":1,\"z\":[[0", ",0", LATTN_DIM_MAX, "]]}", LATTN_RANGE,
                    "z[0] has more than 256 coordinates");
    assert_too_much("{\"y\":1,\"z\":[[0]", ",[0]", LATTN_TOKENS_MAX, "]}", LATTN_RANGE,
                    "z has more than 65536 tokens");
    assert_too_much("{\"z\":[[0]],\"y\":[0", ",0", LATTN_OUTPUTS_MAX, "]}", LATTN_RANGE,
                    "y has more than 1024 outputs");
    assert_too_much("{\"z\":[[0]],\"y\":0,\"id\":\"", "x", LATTN_ID_MAX - 2, "\"}", LATTN_TOO_BIG,
                    "id is longer than 127 bytes");
    assert_too_much("{\"z\":", "[", 1000000, "}", LATTN_SYNTAX,
                    "z[0][0] is an array, a number is expected");
    assert_too_much("{\"id\":1,\"params\":", "[", LATTN_DEPTH_MAX, "}", LATTN_FIELD,
                    "unknown field \"params\"");
}

Test(line, refuses_deep_nesting)
{
    static const char text[] = "{\"x\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]],\"z\":[[1]]}";
    double numbers[64];
    struct lattn_item input;
    struct lattn_complaint complaint;
    size_t used;

    cr_assert_eq(lattn_input_read(text, sizeof text - 1, numbers, &used, &input, &complaint),
                 LATTN_SYNTAX);
    cr_assert_str_eq(complaint.text, "byte 21: nested deeper than 16");
}

Test(line, needs_no_complaint)
{
    double numbers[16];
    struct lattn_message line;
    size_t used;

    cr_assert_eq(lattn_line_read("{\"z\":[1]}", 9, numbers, &used, &line, NULL), LATTN_FIELD);
}

Test(line, refuses_every_beginning_of_a_pair)
{
    static const char text[] = "{\"id\":\"\\u00e9\",\"z\":[[1.5e-3,2],[true]],\"y\":[1,{}]}";

    for (size_t length = 0; length < sizeof text - 1; length++) {
        char *start = malloc(length + 1);
        double numbers[64];
        struct lattn_message line;
        size_t used;

        memcpy(start, text, length);
        cr_assert_neq(lattn_line_read(start, length, numbers, &used, &line, NULL), LATTN_OK);
        free(start);
    }
}

Test(line, reads_an_input_and_passes_over_the_rest)
{
    static const char text[] =
        "{\"id\":{\"a\":[null,true,false,\"\\ud83d\\ude00\",1e999]},\"z\":[[1,2],[3,4]],\"y\":9}";
    double numbers[64];
    struct lattn_item input;
    struct lattn_complaint complaint = {0};
    size_t used;

    cr_assert_eq(lattn_input_read(text, sizeof text - 1, numbers, &used, &input, &complaint),
                 LATTN_OK, "%s", complaint.text);
    cr_assert_eq(used, 4);
    cr_assert_eq(input.n, 2);
    cr_assert_eq(input.d, 2);
    cr_assert_null(input.y);
    cr_assert_eq(lattn_input_read("{\"t\":[[2],[]],\"y\":9}", 20, numbers, &used, &input, NULL),
                 LATTN_OK);
    cr_assert_eq(used, 3);
    cr_assert_eq(input.d, 3);
    cr_assert_eq(input.tokens, LATTN_TOKENS_ONES);
    cr_assert_eq(lattn_input_read("{}", 2, numbers, &used, &input, &complaint), LATTN_FIELD);
    cr_assert_str_eq(complaint.text, "z is missing");
}

Test(line, writes_what_it_reads)
{
    static const enum lattn_labels labels[] = {LATTN_LABELS_LAST, LATTN_LABELS_CAUSAL,
                                               LATTN_LABELS_FULL};
    static const double z[] = {0.1, -1e-300, 3, 1.0 / 3, 5e20, -0.0};
    static const double y[] = {1, 2.5, 1e-7, 4, 5, 6};

    for (int32_t i = 0; i < 6; i++) {
        int32_t m = 1 + i / 3;
        struct lattn_item item = {
            .z = z, .y = y, .weight = 1 + i, .n = 3, .d = 2, .m = m, .labels = labels[i % 3]};
        size_t count = (size_t)lattn_item_rows(&item) * (size_t)m;
        struct lattn_text text;
        struct reading reading;

        lattn_text_init(&text);
        cr_assert_eq(lattn_write_pair(&text, LATTN_FORMAT_JSON, &item, "\"q\"", "me\"\n", 7),
                     LATTN_OK);
        cr_assert_eq(text.data[text.length - 1], '\n');
        reading = read_pair(text.data);
        cr_assert_eq(reading.line.item.labels, item.labels);
        cr_assert_eq(reading.line.item.weight, item.weight);
        cr_assert_eq(reading.line.seq, 7);
        cr_assert_str_eq(reading.line.producer, "me\"\n");
        cr_assert_eq(memcmp(reading.numbers, z, sizeof z), 0);
        cr_assert_eq(memcmp(reading.numbers + 6, y, count * sizeof *y), 0);
        lattn_text_done(&text);
    }
}

/* The number belongs to the name as a whole: its first bytes may be somebody else's name. */
Test(line, a_refused_name_uses_up_nobodys_number)
{
    static const char text[] =
        "{\"seq\":1,\"producer\":\"abc\\u0000x\",\"id\":7,\"z\":[[1]],\"y\":1}";
    double numbers[sizeof text];
    struct lattn_message line;
    size_t used;

    cr_assert_eq(lattn_line_read(text, strlen(text), numbers, &used, &line, NULL), LATTN_NAME);
    cr_expect_str_eq(line.producer, "");
    cr_expect_eq(line.has_seq, 0);
    cr_expect_eq(strlen(line.id), 1, "what stands behind it is still found");
}
