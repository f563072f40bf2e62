#include <lattn/wire.h>

#include "base/memory.h"
#include "support/leaks.h"
#include "support/packed.h"
#include "support/requests.h"
#include "support/unpack.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* Read a copy that ends where the frame ends, so that a sanitizer sees a byte read too much. */
static enum lattn_status read_bytes(const char *bytes, size_t length,
                                    struct lattn_request *ret_request,
                                    struct lattn_complaint *complaint)
{
    char *copy = malloc(length + 1);
    enum lattn_status status;

    memcpy(copy, bytes, length);
    status = lattn_request_read(copy, length, LATTN_FORMAT_MSGPACK, ret_request, complaint);
    free(copy);
    return status;
}

/* The frame and the line ask for the same. */
static void assert_same(const char *frame, const char *line)
{
    struct packed bytes = packed_of(frame);
    struct lattn_complaint complaint = {0};
    struct lattn_request request;
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(read_bytes(bytes.data, bytes.length, &request, &complaint), LATTN_OK, "%s: %s",
                 frame, complaint.text);
    cr_assert_eq(lattn_write_request(&text, LATTN_FORMAT_JSON, &request), LATTN_OK);
    cr_assert_eq(strncmp(text.data, line, text.length - 1), 0, "%s: %s", frame, text.data);
    cr_assert_eq(strlen(line), text.length - 1, "%s: %s", frame, text.data);
    lattn_text_done(&text);
    lattn_request_done(&request);
    packed_done(&bytes);
}

Test(request_frame, reads_frames)
{
    assert_same("[0, 7, 'status', {}]", "{\"id\":7,\"method\":\"status\",\"params\":{}}");
    assert_same("[0, 0, 'emit']", "{\"id\":0,\"method\":\"emit\",\"params\":{}}");
    assert_same("[0, 7, 'model', [{'heads': 3}]]",
                "{\"id\":7,\"method\":\"model\",\"params\":{\"heads\":3}}");
    assert_same("[2, 'reset', {'confirm': true}]",
                "{\"method\":\"reset\",\"params\":{\"confirm\":true}}");
    assert_same("[2, 'hello', {'producer': 'caf\\u00e9'}]",
                "{\"method\":\"hello\",\"params\":{\"producer\":\"caf\xc3\xa9\"}}");
    assert_same("[2, 'subscribe', {'every': '5s', 'what': 'model'}]",
                "{\"method\":\"subscribe\",\"params\":{\"what\":\"model\",\"every\":5000}}");
    assert_same("[0, 1, 'predict', {'z': [[1, {'$float': 2}], [{'$float4': 0.1}, -4]]}]",
                "{\"id\":1,\"method\":\"predict\",\"params\":{\"z\":[[1,2],"
                "[0.10000000149011612,-4]]}}");
    assert_same("[0, 1, 'predict', {'t': [[5], []]}]",
                "{\"id\":1,\"method\":\"predict\",\"params\":{\"t\":[[5],[]]}}");
    assert_same("[0, 1, 'predict', {'z': {'shape': [2, 1], 'dtype': '<f4', 'data': "
                "{'$f4': [1, 0.1]}}}]",
                "{\"id\":1,\"method\":\"predict\",\"params\":{\"z\":[[1],"
                "[0.10000000149011612]]}}");
}

Test(request_frame, frames_may_say_more_than_we_know)
{
    assert_same("[0, 1, 'status', {'z': {'$float': 'NaN'}, 'new': {'$bin': 'ab'}, 'heads': []}]",
                "{\"id\":1,\"method\":\"status\",\"params\":{}}");
    assert_same("[0, 1, 'reset', {'why': {'$ext': 'ab'}, 'confirm': false}]",
                "{\"id\":1,\"method\":\"reset\",\"params\":{\"confirm\":false}}");
    assert_same("[2, 'name', {'blocks': [{'name': 'b', 'start': 0, 'size': 1, 'colour': 'red'}]}]",
                "{\"method\":\"name\",\"params\":{\"append\":[],\"outputs\":[],\"blocks\":"
                "[{\"name\":\"b\",\"start\":0,\"size\":1}]}}");
}

static void assert_frame_refused(const char *frame, enum lattn_status status, const char *id,
                                 const char *said)
{
    struct packed bytes = packed_of(frame);
    struct lattn_complaint complaint = {0};
    struct lattn_request request;

    cr_assert_eq(read_bytes(bytes.data, bytes.length, &request, &complaint), status, "%s: %s",
                 frame, complaint.text);
    cr_assert_str_eq(complaint.text, said, "%s: %s", frame, complaint.text);
    cr_assert_str_eq(request.id, id, "%s", frame);
    cr_assert_null(request.numbers);
    cr_assert_null(request.append);
    packed_done(&bytes);
}

Test(request_frame, says_what_is_wrong_with_a_frame)
{
    assert_frame_refused("[0, 7, 'foo', 5]", LATTN_METHOD, "7", "unknown method \"foo\"");
    assert_frame_refused("[0, 7, 'status', 5]", LATTN_FIELD, "7", "params is 5, a map is expected");
    assert_frame_refused("[0, 7, 5, {}]", LATTN_FIELD, "7", "method is 5, a string is expected");
    assert_frame_refused("[1, 7, null, 5]", LATTN_FIELD, "",
                         "the message is a response, nothing was asked");
    assert_frame_refused("[0, 7, 'predict', {}]", LATTN_FIELD, "7",
                         "z is missing in params of predict");
    assert_frame_refused("[0, 7, 'predict', {'z': [['1']]}]", LATTN_FIELD, "7",
                         "z[0][0] is \"1\", a number is expected");
    assert_frame_refused("[0, 7, 'predict', {'z': [[1], [{'$float': 'Infinity'}]]}]",
                         LATTN_NOT_FINITE, "7", "z[1][0] is Infinity, which is not finite");
    assert_frame_refused("[0, 7, 'predict', {'z': {'$bin': 'abcdefgh'}}]", LATTN_FIELD, "7",
                         "z is bin of 8 bytes, a value that JSON has is expected");
    assert_frame_refused("[0, 7, 'predict', {'$map': ['z', [[1]], 'z', [[2]]]}]", LATTN_FIELD, "7",
                         "field \"z\" comes twice");
    assert_frame_refused("[0, 7, 'hello', {'producer': 5}]", LATTN_FIELD, "7",
                         "producer is 5, a string is expected");
    assert_frame_refused("[2, 'hello', {'producer': ''}]", LATTN_NAME, "", "producer is empty");
}

Test(request_frame, refuses_every_beginning_of_a_frame)
{
    struct packed whole = packed_of("[0, 300, 'predict', {'z': {'shape': [2, 1], 'dtype': '<f8', "
                                    "'data': {'$f8': [1, 2]}}, 'more': [1, 'x']}]");

    for (size_t length = 0; length < whole.length; length++) {
        struct lattn_request request;

        cr_assert_eq(read_bytes(whole.data, length, &request, NULL), LATTN_SYNTAX);
        cr_assert_null(request.numbers);
        cr_assert_str_eq(request.id, length < 5 ? "" : "300");
    }
    packed_done(&whole);
}

/* From the line to a frame and back; msgpack-c sees in the frame what jansson sees in the line. */
Test(request_frame, writes_as_a_frame_what_it_reads)
{
    for (size_t i = 0; i < REQUESTS_COUNT; i++) {
        struct lattn_request request = requests_read(requests[i]);
        int has_name = request.id[0] == '"';
        struct lattn_request read;
        struct lattn_text frame;
        struct lattn_text line;

        lattn_text_init(&frame);
        lattn_text_init(&line);
        cr_assert_eq(lattn_write_request(&frame, LATTN_FORMAT_MSGPACK, &request),
                     has_name ? LATTN_FIELD : LATTN_OK);
        cr_assert(!has_name || frame.length == 0);
        if (!has_name) {
            cr_assert_eq(read_bytes(frame.data, frame.length, &read, NULL), LATTN_OK);
            cr_assert_eq(lattn_write_request(&line, LATTN_FORMAT_JSON, &read), LATTN_OK);
            cr_assert_str_eq(line.data, requests[i]);
            lattn_request_done(&read);
        }
        lattn_text_done(&frame);
        lattn_text_done(&line);
        lattn_request_done(&request);
    }
}

static void assert_frame(const char *line, const char *frame)
{
    struct lattn_request request = requests_read(line);
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_request(&text, LATTN_FORMAT_MSGPACK, &request), LATTN_OK);
    cr_assert(unpack_equal(text.data, text.length, frame), "%s", line);
    lattn_text_done(&text);
    lattn_request_done(&request);
}

Test(request_frame, frames_are_those_of_messagepack_rpc)
{
    assert_frame("{\"id\":5,\"method\":\"status\"}", "[0,5,\"status\",{}]");
    assert_frame("{\"method\":\"model\",\"params\":{\"heads\":\"svd\"}}",
                 "[2,\"model\",{\"heads\":\"svd\"}]");
    assert_frame("{\"id\":5,\"method\":\"predict\",\"params\":{\"z\":[[1,2]]}}",
                 "[0,5,\"predict\",{\"z\":{\"shape\":[1,2],\"dtype\":\"<f8\",\"data\":"
                 "{\"$f8\":[1,2]}}}]");
    assert_frame("{\"method\":\"name\",\"params\":{\"append\":[\"a\\\"b\"]}}",
                 "[2,\"name\",{\"append\":[\"a\\\"b\"],\"outputs\":[],\"blocks\":[]}]");
}

Test(request_frame, frames_survive_failing_allocations)
{
    for (size_t i = 0; i < REQUESTS_COUNT; i++) {
        struct lattn_request source = requests_read(requests[i]);
        int failed = 1;

        source.id[0] = '\0';
        for (uint64_t k = 1; failed; k++) {
            struct lattn_request request = {0};
            struct lattn_text frame;
            enum lattn_status status;

            lattn_text_init(&frame);
            memory_fail(k, k % 2 == 0);
            status = lattn_write_request(&frame, LATTN_FORMAT_MSGPACK, &source);
            if (status == LATTN_OK)
                status = lattn_request_read(frame.data, frame.length, LATTN_FORMAT_MSGPACK,
                                            &request, NULL);
            failed = memory_failed();
            memory_fail(0, 0);
            cr_assert_eq(status, failed ? LATTN_NO_MEMORY : LATTN_OK);
            lattn_text_done(&frame);
            lattn_request_done(&request);
        }
        lattn_request_done(&source);
    }
    cr_assert_eq(leaks(), 0);
}
