#include <lattn/wire.h>

#include "base/memory.h"
#include "support/packed.h"
#include "support/unpack.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#define leaks() __lsan_do_recoverable_leak_check()
#else
#define leaks() 0
#endif

static struct lattn_request read_request(const char *text)
{
    struct lattn_request request;
    struct lattn_complaint complaint = {0};
    enum lattn_status status =
        lattn_request_read(text, strlen(text), LATTN_FORMAT_JSON, &request, &complaint);

    cr_assert_eq(status, LATTN_OK, "%s: %s", text, complaint.text);
    return request;
}

static void assert_refused(const char *text, enum lattn_status status, const char *said)
{
    struct lattn_request request;
    struct lattn_complaint complaint = {0};

    cr_assert_eq(lattn_request_read(text, strlen(text), LATTN_FORMAT_JSON, &request, &complaint),
                 status, "%s: %s", text, complaint.text);
    cr_assert_str_eq(complaint.text, said, "%s: %s", text, complaint.text);
    cr_assert_null(request.numbers);
    cr_assert_null(request.append);
    cr_assert_null(request.outputs);
    cr_assert_null(request.blocks);
}

Test(request, reads_methods_without_params)
{
    static const char *const texts[] = {"{\"id\":1,\"method\":\"status\"}",
                                        "{\"method\":\"emit\",\"params\":{},\"id\":1}",
                                        "{\"params\":{},\"id\":1,\"method\":\"reset\"}"};
    static const enum lattn_method methods[] = {LATTN_METHOD_STATUS, LATTN_METHOD_EMIT,
                                                LATTN_METHOD_RESET};

    for (size_t i = 0; i < 3; i++) {
        struct lattn_request request = read_request(texts[i]);

        cr_assert_eq(request.method, methods[i]);
        cr_assert_str_eq(request.id, "1");
        cr_assert_eq(request.confirm, 0);
        lattn_request_done(&request);
    }
    cr_assert_str_eq(read_request("{\"method\":\"status\"}").id, "");
    cr_assert_str_eq(read_request("{\"method\":\"status\",\"id\":null}").id, "null");
}

Test(request, reads_predict)
{
    struct lattn_request request =
        read_request("{\"params\":{\"z\":[[1,2],[3,4.5]]},\"method\":\"predict\",\"id\":\"a\"}");

    cr_assert_eq(request.method, LATTN_METHOD_PREDICT);
    cr_assert_str_eq(request.id, "\"a\"");
    cr_assert_eq(request.input.n, 2);
    cr_assert_eq(request.input.d, 2);
    cr_assert_eq(request.input.z, request.numbers);
    cr_assert_eq(request.input.z[3], 4.5);
    cr_assert_null(request.input.y);
    lattn_request_done(&request);
    cr_assert_null(request.numbers);
}

Test(request, reads_predict_of_ones)
{
    struct lattn_request request =
        read_request("{\"method\":\"predict\",\"params\":{\"t\":[[0,3],[],[1]]}}");

    cr_assert_eq(request.input.tokens, LATTN_TOKENS_ONES);
    cr_assert_eq(request.input.n, 3);
    cr_assert_eq(request.input.d, 4);
    cr_assert_eq(lattn_item_numbers(&request.input), 6);
    cr_assert_eq(request.input.z[2], 3);
    cr_assert_eq(request.input.z[5], 1);
    lattn_request_done(&request);
}

Test(request, reads_certify)
{
    struct lattn_request request =
        read_request("{\"id\":1,\"method\":\"certify\",\"params\":{\"inputs\":"
                     "[{\"z\":[[1,2],[3,4.5]]},{\"t\":[[0,3],[]]},{\"y\":3,\"z\":[[7]]}]}}");
    struct lattn_text text;

    cr_assert_eq(request.method, LATTN_METHOD_CERTIFY);
    cr_assert_eq(request.inputs_count, 3);
    cr_assert_eq(request.inputs[0].z[3], 4.5);
    cr_assert_eq(request.inputs[1].tokens, LATTN_TOKENS_ONES);
    cr_assert_eq(request.inputs[1].d, 4);
    cr_assert_eq(request.inputs[2].z[0], 7);
    cr_assert_null(request.inputs[2].y);
    lattn_text_init(&text);
    cr_assert_eq(lattn_write_request(&text, LATTN_FORMAT_JSON, &request), LATTN_OK);
    cr_assert_str_eq(text.data, "{\"id\":1,\"method\":\"certify\",\"params\":{\"inputs\":"
                                "[{\"z\":[[1,2],[3,4.5]]},{\"t\":[[0,3],[]]},{\"z\":[[7]]}]}}\n");
    lattn_text_done(&text);
    lattn_request_done(&request);
    cr_assert_null(request.inputs);
    assert_refused("{\"method\":\"certify\"}", LATTN_FIELD,
                   "inputs is missing in params of certify");
    assert_refused("{\"method\":\"certify\",\"params\":{\"inputs\":[]}}", LATTN_EMPTY,
                   "inputs has no input");
    assert_refused("{\"method\":\"certify\",\"params\":{\"inputs\":[{\"z\":[[1]]},{}]}}",
                   LATTN_FIELD, "inputs[1]: z is missing");
    assert_refused("{\"method\":\"certify\",\"params\":{\"inputs\":[{\"z\":[[1],[]]}]}}",
                   LATTN_SHAPE, "inputs[0]: z[1] has 0 coordinates, z[0] has 1");
}

Test(request, reads_suggest)
{
    static const char text[] = "{\"id\":1,\"method\":\"suggest\",\"params\":{\"candidates\":"
                               "[{\"t\":[[0]]},{\"z\":[[7]]}],\"n\":5}}\n";
    struct lattn_request request = read_request(text);
    struct lattn_text again;

    cr_assert_eq(request.method, LATTN_METHOD_SUGGEST);
    cr_assert_eq(request.inputs_count, 2);
    cr_assert_eq(request.n, 5);
    lattn_text_init(&again);
    cr_assert_eq(lattn_write_request(&again, LATTN_FORMAT_JSON, &request), LATTN_OK);
    cr_assert_str_eq(again.data, text);
    lattn_text_done(&again);
    lattn_request_done(&request);
    assert_refused(
        "{\"method\":\"suggest\",\"params\":{\"candidates\":[{\"z\":[[1]]}],\"norm_max\":1}}",
        LATTN_FIELD, "norm_max does not go with candidates");
}

Test(request, reads_suggest_of_sequences_made_to_order)
{
    static const char text[] = "{\"id\":1,\"method\":\"suggest\",\"params\":"
                               "{\"n\":5,\"norm_max\":0.5}}\n";
    struct lattn_request request = read_request(text);
    struct lattn_text again;

    cr_assert_null(request.inputs);
    cr_assert_eq(request.n, 5);
    cr_assert_eq(request.norm_max, 0.5);
    lattn_text_init(&again);
    cr_assert_eq(lattn_write_request(&again, LATTN_FORMAT_JSON, &request), LATTN_OK);
    cr_assert_str_eq(again.data, text);
    lattn_text_done(&again);
    lattn_request_done(&request);
    assert_refused("{\"method\":\"suggest\",\"params\":{}}", LATTN_FIELD,
                   "candidates or n is missing in params of suggest");
    assert_refused("{\"method\":\"suggest\",\"params\":{\"norm_max\":1}}", LATTN_FIELD,
                   "candidates or n is missing in params of suggest");
    assert_refused("{\"method\":\"suggest\",\"params\":{\"candidates\":[{}]}}", LATTN_FIELD,
                   "candidates[0]: z is missing");
}

Test(request, reads_heads)
{
    struct lattn_request none = read_request("{\"method\":\"model\"}");
    struct lattn_request svd =
        read_request("{\"method\":\"model\",\"params\":{\"heads\":\"svd\"}}");
    struct lattn_request fewest =
        read_request("{\"method\":\"model\",\"params\":{\"heads\":\"fewest\"}}");
    struct lattn_request three = read_request("{\"method\":\"model\",\"params\":{\"heads\":3}}");

    cr_assert_eq(none.has_heads, 0);
    cr_assert_eq(svd.has_heads, 1);
    cr_assert_eq(svd.heads, LATTN_HEADS_SVD);
    cr_assert_eq(fewest.heads, LATTN_HEADS_FEWEST);
    cr_assert_eq(three.heads, LATTN_HEADS_COUNT);
    cr_assert_eq(three.heads_count, 3);
}

Test(request, reads_times)
{
    static const struct {
        const char *every;
        uint64_t ms;
    } cases[] = {{"\"250ms\"", 250}, {"\"5s\"", 5000}, {"\"2m\"", 120000},
                 {"1500", 1500},     {"0", 0},         {"2147483647", 2147483647}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];

        snprintf(text, sizeof text, "{\"method\":\"subscribe\",\"params\":{\"every\":%s}}",
                 cases[i].every);
        cr_assert_eq(read_request(text).every_ms, cases[i].ms, "%s", text);
        cr_assert_eq(read_request(text).model, 0);
    }
    cr_assert_eq(read_request("{\"method\":\"subscribe\",\"params\":{\"what\":\"model\"}}").model,
                 1);
}

Test(request, reads_names)
{
    struct lattn_request request = read_request(
        "{\"method\":\"name\",\"params\":{\"blocks\":[{\"size\":2,\"name\":\"state\",\"start\":1}],"
        "\"append\":[\"a\",\"\\u00e9\"],\"outputs\":[]}}");

    cr_assert_eq(request.append_count, 2);
    cr_assert_str_eq(request.append[0], "a");
    cr_assert_str_eq(request.append[1], "\xc3\xa9");
    cr_assert_eq(request.outputs_count, 0);
    cr_assert_eq(request.blocks_count, 1);
    cr_assert_str_eq(request.blocks[0].name, "state");
    cr_assert_eq(request.blocks[0].start, 1);
    cr_assert_eq(request.blocks[0].size, 2);
    lattn_request_done(&request);
}

Test(request, reads_hello_and_reset)
{
    cr_assert_str_eq(read_request("{\"method\":\"hello\"}").producer, "");
    cr_assert_str_eq(
        read_request("{\"method\":\"hello\",\"params\":{\"producer\":\"p1\"}}").producer, "p1");
    cr_assert_eq(read_request("{\"method\":\"reset\",\"params\":{\"confirm\":true}}").confirm, 1);
    cr_assert_eq(read_request("{\"method\":\"reset\",\"params\":{\"confirm\":false}}").confirm, 0);
}

Test(request, reads_auth_and_forgets_its_token)
{
    struct lattn_request request =
        read_request("{\"method\":\"auth\",\"params\":{\"token\":\"0123456789abcdef\"}}");

    cr_assert_eq(request.method, LATTN_METHOD_AUTH);
    cr_assert_str_eq(request.token, "0123456789abcdef");
    lattn_request_done(&request);
    for (size_t i = 0; i < sizeof request.token; i++)
        cr_assert_eq(request.token[i], 0);
}

Test(request, shows_nothing_of_what_may_be_a_secret)
{
    assert_refused("{\"method\":\"auth\",\"params\":{\"token\":12345678901234567890}}", LATTN_FIELD,
                   "token is no text");
    assert_refused("{\"method\":\"auth\",\"params\":{\"token\":\"\"}}", LATTN_NAME,
                   "token is empty");
}

Test(request, says_what_is_wrong)
{
    assert_refused("{\"id\":1}", LATTN_FIELD, "method is missing");
    assert_refused("{\"id\":1,\"method\":7}", LATTN_FIELD, "method is 7, a string is expected");
    assert_refused("{\"method\":\"foo\"}", LATTN_METHOD, "unknown method \"foo\"");
    assert_refused("{\"method\":\"merge\"}", LATTN_METHOD, "unknown method \"merge\"");
    assert_refused("{\"method\":\"status\",\"parms\":{}}", LATTN_FIELD, "unknown field \"parms\"");
    assert_refused("{\"method\":\"status\",\"method\":\"emit\"}", LATTN_FIELD,
                   "field \"method\" comes twice");
    assert_refused("{\"method\":\"status\",\"params\":[]}", LATTN_FIELD,
                   "params is an array, an object is expected");
    assert_refused("{\"method\":\"status\",\"params\":{\"foo\":1}}", LATTN_FIELD,
                   "unknown field \"foo\"");
    assert_refused("{\"method\":\"status\",\"params\":{\"z\":1}}", LATTN_FIELD,
                   "unknown field \"z\" in params of status");
    assert_refused("{\"method\":\"predict\"}", LATTN_FIELD, "z is missing in params of predict");
    assert_refused("{\"method\":\"predict\",\"params\":{\"z\":[]}}", LATTN_EMPTY, "z has no token");
    assert_refused("{\"method\":\"predict\",\"params\":{\"z\":[[1]],\"t\":[[0]]}}", LATTN_FIELD,
                   "z and t come together");
    assert_refused("{\"method\":\"predict\",\"params\":{\"t\":[[0],[0.5]]}}", LATTN_FIELD,
                   "t[1][0] is 0.5, a whole number that is not negative is expected");
    assert_refused("{\"method\":\"predict\",\"params\":{\"z\":[[1],[1,2]]}}", LATTN_SHAPE,
                   "z[1] has 2 coordinates, z[0] has 1");
    assert_refused("{\"method\":\"predict\",\"params\":{\"z\":[[1e999]]}}", LATTN_NOT_FINITE,
                   "z[0][0] is 1e999, which is not finite as a double");
    assert_refused("{\"method\":\"model\",\"params\":{\"heads\":\"least\"}}", LATTN_FIELD,
                   "heads is \"least\", \"fewest\", \"svd\" or a whole number is expected");
    assert_refused("{\"method\":\"model\",\"params\":{\"heads\":-1}}", LATTN_FIELD,
                   "heads is -1, \"fewest\", \"svd\" or a whole number is expected");
    assert_refused("{\"method\":\"subscribe\",\"params\":{\"what\":\"all\"}}", LATTN_FIELD,
                   "what is \"all\", \"status\" or \"model\" is expected");
    assert_refused("{\"method\":\"subscribe\",\"params\":{\"every\":\"5 s\"}}", LATTN_FIELD,
                   "every is \"5 s\", a time like \"250ms\", \"5s\", \"2m\" is expected");
    assert_refused("{\"method\":\"subscribe\",\"params\":{\"every\":\"99999999m\"}}", LATTN_RANGE,
                   "every is longer than 2147483647 ms");
    assert_refused("{\"method\":\"subscribe\",\"params\":{\"every\":true}}", LATTN_FIELD,
                   "every is true, a time like \"250ms\", or milliseconds is expected");
    assert_refused("{\"method\":\"name\",\"params\":{\"append\":[\"a\",\"\"]}}", LATTN_NAME,
                   "append[1] is empty");
    assert_refused("{\"method\":\"name\",\"params\":{\"append\":[\"a\"],\"outputs\":[3]}}",
                   LATTN_FIELD, "outputs[0] is 3, a string is expected");
    assert_refused("{\"method\":\"name\",\"params\":{\"blocks\":[{\"name\":\"b\"}]}}", LATTN_RANGE,
                   "block \"b\" has no start or no size");
    assert_refused("{\"method\":\"hello\",\"params\":{\"producer\":\"\"}}", LATTN_NAME,
                   "producer is empty");
    assert_refused("{\"method\":\"reset\",\"params\":{\"confirm\":\"yes\"}}", LATTN_FIELD,
                   "confirm is \"yes\", true or false is expected");
    assert_refused("{\"method\":\"status\"", LATTN_SYNTAX, "byte 19: '}' expected, found nothing");
}

Test(request, keeps_the_id_of_a_refused_request)
{
    static const char text[] = "{\"method\":\"foo\",\"id\":\"\\u0041\"}";
    struct lattn_request request;

    cr_assert_eq(lattn_request_read(text, sizeof text - 1, LATTN_FORMAT_JSON, &request, NULL),
                 LATTN_METHOD);
    cr_assert_str_eq(request.id, "\"\\u0041\"");
}

static const char *const every_request[] = {
    "{\"id\":1,\"method\":\"predict\",\"params\":{\"z\":[[1,-2.5],[3,4]]}}\n",
    "{\"id\":18446744073709551615,\"method\":\"predict\",\"params\":{\"t\":[[0,3],[],[1]]}}\n",
    "{\"method\":\"status\",\"params\":{}}\n",
    "{\"id\":\"x\",\"method\":\"model\",\"params\":{}}\n",
    "{\"method\":\"model\",\"params\":{\"heads\":\"svd\"}}\n",
    "{\"method\":\"model\",\"params\":{\"heads\":\"fewest\"}}\n",
    "{\"method\":\"model\",\"params\":{\"heads\":2}}\n",
    "{\"method\":\"certify\",\"params\":{\"inputs\":[{\"z\":[[1,2]]},{\"t\":[[0,3],[]]}]}}\n",
    "{\"method\":\"suggest\",\"params\":{\"candidates\":[{\"z\":[[1,2]]}],\"n\":3}}\n",
    "{\"method\":\"suggest\",\"params\":{\"n\":3,\"norm_max\":2.5}}\n",
    "{\"method\":\"subscribe\",\"params\":{\"what\":\"status\"}}\n",
    "{\"method\":\"subscribe\",\"params\":{\"what\":\"model\",\"every\":250}}\n",
    "{\"method\":\"emit\",\"params\":{}}\n",
    "{\"method\":\"name\",\"params\":{\"append\":[\"a\\\"b\",\"\\u0001\"],\"outputs\":[\"c\"],"
    "\"blocks\":[{\"name\":\"b\",\"start\":0,\"size\":2}]}}\n",
    "{\"method\":\"hello\",\"params\":{}}\n",
    "{\"method\":\"hello\",\"params\":{\"producer\":\"me\"}}\n",
    "{\"method\":\"reset\",\"params\":{\"confirm\":true}}\n",
    "{\"method\":\"auth\",\"params\":{\"token\":\"0123456789abcdef\"}}\n",
    "{\"method\":\"checkpoint\",\"params\":{}}\n",
    "{\"method\":\"checkpoint\",\"params\":{\"image\":true}}\n",
    "{\"method\":\"checkpoint\",\"params\":{\"image\":18446744073709551615,\"part\":0}}\n",
};

enum { REQUESTS = sizeof every_request / sizeof *every_request };

Test(request, writes_what_it_reads)
{
    for (size_t i = 0; i < REQUESTS; i++) {
        struct lattn_request request = read_request(every_request[i]);
        struct lattn_text text;

        lattn_text_init(&text);
        cr_assert_eq(lattn_write_request(&text, LATTN_FORMAT_JSON, &request), LATTN_OK);
        cr_assert_str_eq(text.data, every_request[i]);
        lattn_text_done(&text);
        lattn_request_done(&request);
    }
}

/* Let the k-th allocation fail, k = 1, 2, ..., until one pass has no failure. */
Test(request, survives_failing_allocations)
{
    for (size_t i = 0; i < REQUESTS; i++) {
        int failed = 1;

        for (uint64_t k = 1; failed; k++) {
            struct lattn_request request;
            struct lattn_text text;
            enum lattn_status status;

            lattn_text_init(&text);
            memory_fail(k, k % 2 == 0);
            status = lattn_request_read(every_request[i], strlen(every_request[i]),
                                        LATTN_FORMAT_JSON, &request, NULL);
            if (status == LATTN_OK)
                status = lattn_write_request(&text, LATTN_FORMAT_JSON, &request);
            failed = memory_failed();
            memory_fail(0, 0);
            cr_assert_eq(status, failed ? LATTN_NO_MEMORY : LATTN_OK);
            cr_assert(!failed || text.length == 0);
            lattn_text_done(&text);
            lattn_request_done(&request);
        }
    }
    cr_assert_eq(leaks(), 0);
}

/* ---- frames -------------------------------------------------------------------------------- */

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

Test(request, reads_frames)
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

Test(request, frames_may_say_more_than_we_know)
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

Test(request, says_what_is_wrong_with_a_frame)
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

Test(request, refuses_every_beginning_of_a_frame)
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
Test(request, writes_as_a_frame_what_it_reads)
{
    for (size_t i = 0; i < REQUESTS; i++) {
        struct lattn_request request = read_request(every_request[i]);
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
            cr_assert_str_eq(line.data, every_request[i]);
            lattn_request_done(&read);
        }
        lattn_text_done(&frame);
        lattn_text_done(&line);
        lattn_request_done(&request);
    }
}

static void assert_frame(const char *line, const char *frame)
{
    struct lattn_request request = read_request(line);
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_request(&text, LATTN_FORMAT_MSGPACK, &request), LATTN_OK);
    cr_assert(unpack_equal(text.data, text.length, frame), "%s", line);
    lattn_text_done(&text);
    lattn_request_done(&request);
}

Test(request, frames_are_those_of_messagepack_rpc)
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

Test(request, frames_survive_failing_allocations)
{
    for (size_t i = 0; i < REQUESTS; i++) {
        struct lattn_request source = read_request(every_request[i]);
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

Test(request, has_a_word_for_each_method)
{
    cr_assert_str_eq(lattn_method_word(LATTN_METHOD_PREDICT), "predict");
    cr_assert_str_eq(lattn_method_word(LATTN_METHOD_RESET), "reset");
}
