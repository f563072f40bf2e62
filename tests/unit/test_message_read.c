#include <lattn/frame.h>
#include <lattn/wire.h>

#include "support/packed.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum lattn_status (*read_fn)(const char *bytes, size_t length, double *numbers,
                                     size_t *ret_used, struct lattn_message *ret_message,
                                     struct lattn_complaint *complaint);

struct reading {
    struct lattn_message message;
    struct lattn_complaint complaint;
    enum lattn_status status;
    size_t used;
    double numbers[4096];
};

/*
 * Read a copy that ends where the frame ends, into as many numbers as the scan counted, so that a
 * sanitizer sees a byte read or a number written too much.
 */
static void read_bytes(struct reading *reading, read_fn read, const char *bytes, size_t length)
{
    struct lattn_frame frame;
    char *copy = malloc(length);
    double *numbers;

    memset(reading, 0, sizeof *reading);
    memcpy(copy, bytes, length);
    lattn_frame_init(&frame, length);
    cr_assert_eq(lattn_frame_scan(&frame, bytes, length, NULL), LATTN_OK);
    cr_assert_eq(frame.at, length);
    numbers = malloc(frame.numbers * sizeof *numbers);
    reading->status =
        read(copy, length, numbers, &reading->used, &reading->message, &reading->complaint);
    if (reading->status == LATTN_OK) {
        cr_assert_leq(reading->used, frame.numbers);
        cr_assert_leq(reading->used, sizeof reading->numbers / sizeof(double));
        memcpy(reading->numbers, numbers, reading->used * sizeof *numbers);
        if (reading->message.kind == LATTN_MESSAGE_PAIRS) {
            reading->message.item.z = reading->numbers + (reading->message.item.z - numbers);
            reading->message.item.y = reading->numbers + (reading->message.item.y - numbers);
        }
    }
    free(numbers);
    free(copy);
}

static void read_json(struct reading *reading, read_fn read, const char *json)
{
    struct packed packed = packed_of(json);

    read_bytes(reading, read, packed.data, packed.length);
    packed_done(&packed);
}

/* The pairs of a map that is accepted. */
static const struct lattn_item *pairs_of(struct reading *reading, const char *json)
{
    read_json(reading, lattn_learn_read, json);
    cr_assert_eq(reading->status, LATTN_OK, "%s: %s", json, reading->complaint.text);
    cr_assert_eq(reading->message.kind, LATTN_MESSAGE_PAIRS);
    return &reading->message.item;
}

static void assert_numbers(const double *numbers, const double *expected, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(numbers[i], expected[i], "number %zu is %g", i, numbers[i]);
}

/* ---- pairs --------------------------------------------------------------------------------- */

Test(message_read, reads_nested_arrays)
{
    struct reading reading;
    const struct lattn_item *item =
        pairs_of(&reading, "{'z': [[1, 2.5], [-3, {'$float4': 0.5}]], 'y': [4, -5.5, 6]}");

    cr_assert_eq(item->n, 2);
    cr_assert_eq(item->d, 2);
    cr_assert_eq(item->m, 3);
    cr_assert_eq(item->labels, LATTN_LABELS_LAST);
    cr_assert_eq(item->tokens, LATTN_TOKENS_DENSE);
    cr_assert_eq(item->weight, 1);
    cr_assert_eq(item->precision, 0);
    cr_assert_eq(reading.used, 7);
    cr_assert_eq(reading.message.count, 1);
    cr_assert_str_eq(reading.message.id, "");
    cr_assert_str_eq(reading.message.producer, "");
    cr_assert_eq(reading.message.has_seq, 0);
    assert_numbers(item->z, (double[]){1, 2.5, -3, 0.5}, 4);
    assert_numbers(item->y, (double[]){4, -5.5, 6}, 3);
}

Test(message_read, reads_all_fields_in_any_order_and_passes_over_others)
{
    struct reading reading;
    const struct lattn_item *item =
        pairs_of(&reading, "{'seq': 9007199254740993, 'later': {'z': 1}, 'y': [[1], [2]], 'w': 2, "
                           "'producer': 'caf\\u00e9', 'causal': false, 'id': 7, 'z': [[7], [8]]}");

    cr_assert_eq(item->labels, LATTN_LABELS_FULL);
    cr_assert_eq(item->weight, 2);
    assert_numbers(item->z, (double[]){7, 8}, 2);
    assert_numbers(item->y, (double[]){1, 2}, 2);
    cr_assert_eq(reading.message.has_seq, 1);
    cr_assert_eq(reading.message.seq, 9007199254740993);
    cr_assert_str_eq(reading.message.producer, "caf\xc3\xa9");
    cr_assert_str_eq(reading.message.id, "", "an id belongs to the frame");
}

Test(message_read, reads_tensors_bit_for_bit)
{
    struct reading reading;
    const struct lattn_item *item = pairs_of(
        &reading, "{'y': {'shape': [], 'dtype': '<f8', 'data': {'$f8': [0.1]}},"
                  " 'z': {'data': {'$f8': [0.1, -1e-300, 3, 1e300]}, 'more': 1, 'dtype': '<f8',"
                  "       'shape': [2, 2]}}");

    cr_assert_eq(item->n, 2);
    cr_assert_eq(item->d, 2);
    cr_assert_eq(item->m, 1);
    cr_assert_eq(item->precision, 0);
    assert_numbers(item->z, (double[]){0.1, -1e-300, 3, 1e300}, 4);
    assert_numbers(item->y, (double[]){0.1}, 1);
}

Test(message_read, knows_how_precise_floats_are)
{
    struct reading reading;
    const struct lattn_item *item = pairs_of(
        &reading, "{'z': {'shape': [1, 2], 'dtype': '<f4', 'data': {'$f4': [0.1, -7]}}, 'y': 1}");

    cr_assert_eq(item->precision, LATTN_PRECISION_F32);
    assert_numbers(item->z, (double[]){(double)0.1f, -7}, 2);
    item = pairs_of(&reading,
                    "{'z': [[1]], 'y': {'shape': [1], 'dtype': '<f4', 'data': {'$f4': [0.1]}}}");
    cr_assert_eq(item->precision, 0, "labels do not count");
    assert_numbers(item->y, (double[]){(double)0.1f}, 1);
}

static void assert_labels(const char *y, enum lattn_labels labels, int32_t m)
{
    struct reading reading;
    char json[256];

    snprintf(json, sizeof json, "{'z': [[1], [2]], 'y': %s}", y);
    cr_assert_eq(pairs_of(&reading, json)->labels, labels, "%s", y);
    cr_assert_eq(reading.message.item.m, m, "%s", y);
}

Test(message_read, takes_the_labels_from_the_form_of_y)
{
    assert_labels("3.5", LATTN_LABELS_LAST, 1);
    assert_labels("[3.5]", LATTN_LABELS_LAST, 1);
    assert_labels("[3, 4]", LATTN_LABELS_LAST, 2);
    assert_labels("[[3], [4]]", LATTN_LABELS_CAUSAL, 1);
    assert_labels("[[3, 4], [5, 6]]", LATTN_LABELS_CAUSAL, 2);
    assert_labels("[3], 'causal': false", LATTN_LABELS_LAST, 1);
    assert_labels("[[3], [4]], 'causal': false", LATTN_LABELS_FULL, 1);
    assert_labels("[[3], [4]], 'causal': true", LATTN_LABELS_CAUSAL, 1);
    assert_labels("{'shape': [2, 2], 'dtype': '<f8', 'data': {'$f8': [1, 2, 3, 4]}}",
                  LATTN_LABELS_CAUSAL, 2);
}

Test(message_read, reads_tokens_of_ones)
{
    struct reading reading;
    const struct lattn_item *item = pairs_of(&reading, "{'t': [[0, 3], [], [1]], 'y': 2}");

    cr_assert_eq(item->tokens, LATTN_TOKENS_ONES);
    cr_assert_eq(item->n, 3);
    cr_assert_eq(item->d, 4);
    cr_assert_eq(reading.used, 7);
    assert_numbers(item->z, (double[]){2, 0, 3, 0, 1, 1}, 6);
    item = pairs_of(&reading, "{'y': [[1], [2]], 't': [[], []]}");
    cr_assert_eq(item->d, 0);
    cr_assert_eq(item->labels, LATTN_LABELS_CAUSAL);
}

/* ---- batches ------------------------------------------------------------------------------- */

static void assert_members(struct reading *reading, const char *json, uint64_t count,
                           const double (*z)[4], const double (*y)[2], int32_t y_count)
{
    const struct lattn_item *item = pairs_of(reading, json);

    cr_assert_eq(reading->message.count, count, "%s", json);
    for (size_t i = 0; i < count; i++) {
        struct lattn_item member = lattn_item_member(item, i);

        assert_numbers(member.z, z[i], (size_t)(item->n * item->d));
        assert_numbers(member.y, y[i], (size_t)y_count);
    }
}

Test(message_read, reads_batches)
{
    static const double z[][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}};
    static const double one[][2] = {{-1}, {-2}, {-3}};
    static const double two[][2] = {{-1, -2}, {-3, -4}, {-5, -6}};
    static const char tensor[] = "{'shape': [3, 2, 2], 'dtype': '<f8', 'data': "
                                 "{'$f8': [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]}}";
    static const char nested[] = "[[[1, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 10], [11, 12]]]";
    const char *const forms[] = {tensor, nested};
    struct reading reading;
    char json[512];

    for (size_t i = 0; i < 2; i++) {
        snprintf(json, sizeof json, "{'z': %s, 'y': [-1, -2, -3]}", forms[i]);
        assert_members(&reading, json, 3, z, one, 1);
        cr_assert_eq(reading.message.item.labels, LATTN_LABELS_LAST);
        snprintf(json, sizeof json, "{'y': [[-1, -2], [-3, -4], [-5, -6]], 'z': %s}", forms[i]);
        assert_members(&reading, json, 3, z, two, 2);
        cr_assert_eq(reading.message.item.m, 2);
        snprintf(json, sizeof json, "{'z': %s, 'y': [[[-1], [-2]], [[-3], [-4]], [[-5], [-6]]]}",
                 forms[i]);
        assert_members(&reading, json, 3, z, two, 2);
        cr_assert_eq(reading.message.item.labels, LATTN_LABELS_CAUSAL);
        cr_assert_eq(reading.message.item.m, 1);
    }
    assert_members(&reading, "{'z': [[[1, 2], [3, 4]]], 'y': [-1]}", 1, z, one, 1);
}

/* ---- calls --------------------------------------------------------------------------------- */

Test(message_read, reads_requests_and_notifications)
{
    static const char pair[] = "{'z': [[1]], 'y': 2}";
    struct reading reading;
    char json[128];

    snprintf(json, sizeof json, "[0, 4000000000, 'learn', %s]", pair);
    read_json(&reading, lattn_frame_read, json);
    cr_assert_eq(reading.status, LATTN_OK);
    cr_assert_str_eq(reading.message.id, "4000000000");
    cr_assert_eq(reading.message.is_silent, 0);
    cr_assert_eq(reading.message.item.y[0], 2);
    snprintf(json, sizeof json, "[0, 0, {'$bin': 'learn'}, [%s]]", pair);
    read_json(&reading, lattn_frame_read, json);
    cr_assert_eq(reading.status, LATTN_OK, "an array of one map");
    cr_assert_str_eq(reading.message.id, "0");
    snprintf(json, sizeof json, "[2, 'learn', %s]", pair);
    read_json(&reading, lattn_frame_read, json);
    cr_assert_eq(reading.status, LATTN_OK);
    cr_assert_str_eq(reading.message.id, "");
    cr_assert_eq(reading.message.is_silent, 1);
}

Test(message_read, reads_an_id_of_64_bits)
{
    struct reading reading;

    read_bytes(&reading, lattn_frame_read,
               "\x94\x00\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa6status\x80", 19);
    cr_assert_eq(reading.status, LATTN_OK);
    cr_assert_str_eq(reading.message.id, "18446744073709551615");
}

Test(message_read, leaves_other_methods_to_their_reader)
{
    static const char *const texts[] = {"[0, 7, 'status', {}]", "[0, 7, 'status', []]",
                                        "[0, 7, 'predict', {'z': 'odd'}]", "[0, 7, 'status', null]",
                                        "[0, 7, 'status']"};
    struct reading reading;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        read_json(&reading, lattn_frame_read, texts[i]);
        cr_assert_eq(reading.status, LATTN_OK, "%s: %s", texts[i], reading.complaint.text);
        cr_assert_eq(reading.message.kind, LATTN_MESSAGE_REQUEST);
        cr_assert_str_eq(reading.message.id, "7");
        cr_assert_eq(reading.message.is_silent, 0);
        cr_assert_eq(reading.used, 0);
    }
    read_json(&reading, lattn_frame_read, "[2, 'emit', {}]");
    cr_assert_eq(reading.message.kind, LATTN_MESSAGE_REQUEST);
    cr_assert_eq(reading.message.is_silent, 1);
}

/* ---- what is refused ----------------------------------------------------------------------- */

static void assert_frame_refused(const char *json, const char *id, enum lattn_status status,
                                 const char *said)
{
    struct reading reading;

    read_json(&reading, lattn_frame_read, json);
    cr_assert_eq(reading.status, status, "%s: %d, %s", json, reading.status,
                 reading.complaint.text);
    cr_assert_str_eq(reading.complaint.text, said, "%s: %s", json, reading.complaint.text);
    cr_assert_str_eq(reading.message.id, id, "%s: id %s", json, reading.message.id);
    cr_assert_eq(reading.message.kind, LATTN_MESSAGE_PAIRS);
    cr_assert_geq(reading.message.count, 1);
}

Test(message_read, says_what_is_wrong_with_a_call)
{
    assert_frame_refused("{'z': [[1]], 'y': 2}", "", LATTN_FIELD,
                         "the message is a map, an array is expected");
    assert_frame_refused("7", "", LATTN_FIELD, "the message is 7, an array is expected");
    assert_frame_refused("[]", "", LATTN_FIELD, "the message has no parts");
    assert_frame_refused("[0, 7]", "7", LATTN_FIELD,
                         "the message has 2 parts, [0, id, method, params] is expected");
    assert_frame_refused("[0, 7, 'learn', {}, 1]", "7", LATTN_FIELD,
                         "the message has 5 parts, [0, id, method, params] is expected");
    assert_frame_refused("[1, 7, null, {}]", "", LATTN_FIELD,
                         "the message is a response, nothing was asked");
    assert_frame_refused("[3, 7, 'learn', {}]", "", LATTN_FIELD,
                         "the type of the message is 3, 0, 1 or 2 is expected");
    assert_frame_refused("['0', 7, 'learn', {}]", "", LATTN_FIELD,
                         "the type of the message is \"0\", 0, 1 or 2 is expected");
    assert_frame_refused("[0, -7, 'learn', {}]", "", LATTN_FIELD,
                         "id is -7, a whole number that is not negative is expected");
    assert_frame_refused("[0, 7, 8, {}]", "7", LATTN_FIELD, "method is 8, a string is expected");
    assert_frame_refused("[0, 7, 'learn']", "7", LATTN_FIELD, "params is missing");
    assert_frame_refused("[0, 7, 'learn', null]", "7", LATTN_FIELD, "params is missing");
    assert_frame_refused("[0, 7, 'learn', 'z']", "7", LATTN_FIELD,
                         "params is \"z\", a map is expected");
    assert_frame_refused("[0, 7, 'learn', [{}, {}]]", "7", LATTN_FIELD,
                         "params is an array of 2, one map is expected");
    assert_frame_refused("[0, 7, 'learn', {}]", "7", LATTN_FIELD, "z is missing");
}

Test(message_read, refuses_notifications_silently)
{
    struct reading reading;

    read_json(&reading, lattn_frame_read, "[2, 'learn', {'z': 'odd'}]");
    cr_assert_eq(reading.status, LATTN_FIELD);
    cr_assert_eq(reading.message.is_silent, 1);
    read_json(&reading, lattn_frame_read, "[2, 'learn', {}, 1]");
    cr_assert_eq(reading.status, LATTN_FIELD);
    cr_assert_eq(reading.message.is_silent, 1);
}

static void assert_refused(const char *json, enum lattn_status status, const char *said)
{
    struct reading reading;
    char frame[1024];

    read_json(&reading, lattn_learn_read, json);
    cr_assert_eq(reading.status, status, "%s: %d, %s", json, reading.status,
                 reading.complaint.text);
    cr_assert_str_eq(reading.complaint.text, said, "%s: %s", json, reading.complaint.text);
    snprintf(frame, sizeof frame, "[0, 4, 'learn', %s]", json);
    assert_frame_refused(frame, "4", status, said);
}

Test(message_read, says_what_is_wrong_with_labels)
{
    assert_refused("{'z': [[1], [2]], 'y': [[1], [2, 3]]}", LATTN_SHAPE,
                   "y[1] has 2 outputs, y[0] has 1");
    assert_refused("{'z': [[1]], 'y': {'$float': 'Infinity'}}", LATTN_NOT_FINITE,
                   "y is Infinity, which is not finite");
    assert_refused("{'z': [[1]], 'y': true}", LATTN_FIELD,
                   "y is true, a number, an array or a tensor is expected");
    assert_refused("{'z': [[1]], 'y': {'shape': [], 'dtype': '<f8', 'data': {'$f8': ['NaN']}}}",
                   LATTN_NOT_FINITE, "y is NaN, which is not finite");
}

Test(message_read, says_which_shapes_do_not_agree)
{
    assert_refused("{'z': 3, 'y': 1}", LATTN_SHAPE,
                   "z has 0 axes, 2 are expected, or 3 of a batch");
    assert_refused("{'z': [1, 2], 'y': 1}", LATTN_SHAPE,
                   "z has 1 axes, 2 are expected, or 3 of a batch");
    assert_refused("{'z': [], 'y': 1}", LATTN_EMPTY, "z has no token");
    assert_refused("{'z': {'shape': [0, 4], 'dtype': '<f8', 'data': {'$f8': []}}, 'y': 1}",
                   LATTN_EMPTY, "z has no token");
    assert_refused("{'z': {'shape': [0, 4, 4], 'dtype': '<f8', 'data': {'$f8': []}}, 'y': []}",
                   LATTN_EMPTY, "z has no sequence");
    assert_refused("{'z': [[1], [2]], 'y': [[1], [2], [3]]}", LATTN_SHAPE,
                   "y has 3 rows, z has 2 tokens");
    assert_refused("{'z': [[1], [2]], 'y': [[[1], [2]]]}", LATTN_SHAPE, "y has 3 axes, z has 2");
    assert_refused("{'z': [[[1]]], 'y': 1}", LATTN_SHAPE,
                   "y is a number, an array with a label for each sequence is expected");
    assert_refused("{'z': [[[1], [2]], [[3], [4]]], 'y': [1, 2, 3]}", LATTN_SHAPE,
                   "y has 3 labels, z has 2 sequences");
    assert_refused("{'z': [[[1], [2]], [[3], [4]]], 'y': [[[1]], [[2]]]}", LATTN_SHAPE,
                   "y has 1 rows, z has 2 tokens");
    assert_refused("{'z': [[1]], 'y': []}", LATTN_RANGE, "y has no output");
    assert_refused("{'z': [[1]], 'y': [[]]}", LATTN_RANGE, "y has no output");
}

Test(message_read, says_what_is_wrong_with_tokens_of_ones)
{
    assert_refused("{'t': 1, 'y': 1}", LATTN_FIELD, "t is 1, an array is expected");
    assert_refused("{'t': [], 'y': 1}", LATTN_EMPTY, "t has no token");
    assert_refused("{'t': [[1], 2], 'y': 1}", LATTN_FIELD,
                   "t[1] is 2, an array of indices is expected");
    assert_refused("{'t': [[1], [2, 1.5]], 'y': 1}", LATTN_FIELD,
                   "t[1][1] is 1.5, a whole number that is not negative is expected");
    assert_refused("{'t': [[-1]], 'y': 1}", LATTN_FIELD,
                   "t[0][0] is -1, a whole number that is not negative is expected");
    assert_refused("{'t': [[0, 256]], 'y': 1}", LATTN_RANGE,
                   "t[0][1] is 256, at most 255 is accepted");
    assert_refused("{'t': [[1], [3, 3]], 'y': 1}", LATTN_RANGE, "t[1] names coordinate 3 twice");
    assert_refused("{'t': [[[1]]], 'y': 1}", LATTN_FIELD,
                   "t[0][0] is an array, a whole number that is not negative is expected");
    assert_refused("{'t': [[1]], 'z': [[1]], 'y': 1}", LATTN_FIELD, "z and t come together");
    assert_refused("{'t': [[1], [2]], 'y': [[1]]}", LATTN_SHAPE, "y has 1 rows, t has 2 tokens");
}

Test(message_read, says_what_is_wrong_with_the_rest)
{
    assert_refused("{'z': [[1]]}", LATTN_FIELD, "y is missing");
    assert_refused("{'y': 1}", LATTN_FIELD, "z is missing");
    assert_refused("{'z': [[1]], 'y': 1, 'w': 0}", LATTN_RANGE, "w is 0, a weight is positive");
    assert_refused("{'z': [[1]], 'y': 1, 'w': -2}", LATTN_RANGE, "w is -2, a weight is positive");
    assert_refused("{'z': [[1]], 'y': 1, 'w': {'$float': 'NaN'}}", LATTN_NOT_FINITE,
                   "w is NaN, which is not finite");
    assert_refused("{'z': [[1]], 'y': 1, 'w': '1'}", LATTN_FIELD,
                   "w is \"1\", a number is expected");
    assert_refused("{'z': [[1]], 'y': 1, 'seq': -1}", LATTN_FIELD,
                   "seq is -1, a whole number that is not negative is expected");
    assert_refused("{'z': [[1]], 'y': 1, 'seq': 1.5}", LATTN_FIELD,
                   "seq is 1.5, a whole number that is not negative is expected");
    assert_refused("{'z': [[1]], 'y': 1, 'causal': 1}", LATTN_FIELD,
                   "causal is 1, true or false is expected");
    assert_refused("{'z': [[1]], 'y': 1, 'producer': ''}", LATTN_NAME, "producer is empty");
    assert_refused("{'z': [[1]], 'y': 1, 'producer': 7}", LATTN_FIELD,
                   "producer is 7, a string is expected");
    assert_refused("{'z': [[1]], 'y': 1, 'producer': 'a\\u0000b'}", LATTN_NAME,
                   "producer is longer than 63 bytes or holds a zero");
    assert_refused("{'$map': ['z', [[1]], 'y', 1, 'z', [[2]]]}", LATTN_FIELD,
                   "field \"z\" comes twice");
    assert_refused("{'$map': ['z', [[1]], 'y', 1, 7, [[2]]]}", LATTN_FIELD,
                   "a key is 7, a string is expected");
}

Test(message_read, refuses_names_that_are_no_text)
{
    struct reading reading;

    read_bytes(&reading, lattn_learn_read, "\x81\xa8producer\xa2\xc3\x28", 13);
    cr_assert_eq(reading.status, LATTN_SYNTAX);
    cr_assert_str_eq(reading.complaint.text, "producer is not UTF-8");
}

/* Refuse first, then `count` times each, then last. */
static void assert_too_much(const char *first, const char *each, int32_t count, const char *last,
                            enum lattn_status status, const char *said)
{
    char *json = malloc(strlen(first) + (size_t)count * strlen(each) + strlen(last) + 1);
    char *at = stpcpy(json, first);
    struct reading *reading = malloc(sizeof *reading);

    for (int32_t i = 0; i < count; i++)
        at = stpcpy(at, each);
    stpcpy(at, last);
    read_json(reading, lattn_learn_read, json);
    cr_assert_eq(reading->status, status);
    cr_assert_str_eq(reading->complaint.text, said);
    free(reading);
    free(json);
}

Test(message_read, refuses_what_is_beyond_the_limits)
{
    assert_too_much("{'y': 1, 'z': [[0", ",0", LATTN_DIM_MAX, "]]}", LATTN_RANGE,
                    "z has more than 256 coordinates");
    assert_too_much("{'y': 1, 'z': [[0]", ",[0]", LATTN_TOKENS_MAX, "]}", LATTN_RANGE,
                    "z has more than 65536 tokens");
    assert_too_much("{'z': [[0]], 'y': [0", ",0", LATTN_OUTPUTS_MAX, "]}", LATTN_RANGE,
                    "y has more than 1024 outputs");
    assert_too_much("{'y': 1, 't': [[]", ",[]", LATTN_TOKENS_MAX, "]}", LATTN_RANGE,
                    "t has more than 65536 tokens");
    assert_too_much("{'producer': '", "x", LATTN_PRODUCER_MAX, "'}", LATTN_NAME,
                    "producer is longer than 63 bytes or holds a zero");
}

/* ---- what a refused batch leaves ----------------------------------------------------------- */

static void assert_left(const char *params, uint64_t count, const char *producer, int32_t has_seq,
                        uint64_t seq)
{
    struct reading reading;
    char json[512];

    snprintf(json, sizeof json, "[0, 5, 'learn', %s]", params);
    read_json(&reading, lattn_frame_read, json);
    cr_assert_lt(reading.status, 0, "%s", json);
    cr_assert_eq(reading.message.count, count, "%s: %zu", json, (size_t)reading.message.count);
    cr_assert_str_eq(reading.message.producer, producer, "%s", json);
    cr_assert_eq(reading.message.has_seq, has_seq, "%s", json);
    cr_assert_eq(reading.message.seq, seq, "%s", json);
    cr_assert_str_eq(reading.message.id, "5");
}

Test(message_read, a_refused_batch_uses_up_its_numbers)
{
    static const char wrong[] = "{'dtype': '<i8', 'data': {'$f8': [1, 2, 3]}, 'shape': [3, 1, 1]}";
    char json[256];

    assert_left("{'z': [[[1]], [[2]], ['3']], 'y': [1, 2, 3], 'producer': 'p', 'seq': 8}", 3, "p",
                1, 8);
    assert_left("{'y': 'odd', 'seq': 8, 'z': [[[1]], [[2]]], 'producer': 'p'}", 2, "p", 1, 8);
    snprintf(json, sizeof json, "{'z': %s, 'y': [1, 2, 3], 'producer': 'p', 'seq': 8}", wrong);
    assert_left(json, 3, "p", 1, 8);
    assert_left("{'z': [[1], [2, 3]], 'y': 1, 'producer': 'p', 'seq': 8}", 1, "p", 1, 8);
    assert_left("{'producer': 'p', 'seq': -8}", 1, "p", 0, 0);
    assert_left("{'producer': '', 'seq': 8}", 1, "", 0, 8);
    assert_left("{'seq': 8}", 1, "", 0, 8);
}

Test(message_read, believes_no_count_that_the_frame_cannot_hold)
{
    assert_left("{'z': {'shape': [4000000000, 1, 1], 'dtype': '<f8', 'data': {'$f8': [1]}}, "
                "'producer': 'p', 'seq': 8}",
                1, "p", 1, 8);
}

Test(message_read, refuses_every_beginning_and_bytes_behind)
{
    struct packed packed = packed_of("[0, 1, 'learn', {'z': [[1.5, 2], [3, 4]], 'y': {'shape': [1],"
                                     " 'dtype': '<f8', 'data': {'$f8': [1]}}, 'seq': 3}]");
    char *longer = malloc(packed.length + 1);
    double numbers[64];
    struct lattn_message message;
    struct lattn_complaint complaint;
    size_t used;

    for (size_t length = 0; length < packed.length; length++) {
        char *start = malloc(length + 1);

        memcpy(start, packed.data, length);
        cr_assert_lt(lattn_frame_read(start, length, numbers, &used, &message, NULL), 0);
        free(start);
    }
    memcpy(longer, packed.data, packed.length);
    longer[packed.length] = '\xc0';
    cr_assert_eq(lattn_frame_read(longer, packed.length + 1, numbers, &used, &message, &complaint),
                 LATTN_SYNTAX);
    cr_assert_str_eq(complaint.text, "1 bytes stand behind the message");
    free(longer);
    packed_done(&packed);
}
