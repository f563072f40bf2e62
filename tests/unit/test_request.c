#include <lattn/wire.h>

#include "base/memory.h"
#include "support/leaks.h"
#include "support/requests.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
        struct lattn_request request = requests_read(texts[i]);

        cr_assert_eq(request.method, methods[i]);
        cr_assert_str_eq(request.id, "1");
        cr_assert_eq(request.confirm, 0);
        lattn_request_done(&request);
    }
    cr_assert_str_eq(requests_read("{\"method\":\"status\"}").id, "");
    cr_assert_str_eq(requests_read("{\"method\":\"status\",\"id\":null}").id, "null");
}

Test(request, reads_predict)
{
    struct lattn_request request =
        requests_read("{\"params\":{\"z\":[[1,2],[3,4.5]]},\"method\":\"predict\",\"id\":\"a\"}");

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
        requests_read("{\"method\":\"predict\",\"params\":{\"t\":[[0,3],[],[1]]}}");

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
        requests_read("{\"id\":1,\"method\":\"certify\",\"params\":{\"inputs\":"
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
    struct lattn_request request = requests_read(text);
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
    struct lattn_request request = requests_read(text);
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
    struct lattn_request none = requests_read("{\"method\":\"model\"}");
    struct lattn_request svd =
        requests_read("{\"method\":\"model\",\"params\":{\"heads\":\"svd\"}}");
    struct lattn_request fewest =
        requests_read("{\"method\":\"model\",\"params\":{\"heads\":\"fewest\"}}");
    struct lattn_request three = requests_read("{\"method\":\"model\",\"params\":{\"heads\":3}}");

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
        cr_assert_eq(requests_read(text).every_ms, cases[i].ms, "%s", text);
        cr_assert_eq(requests_read(text).what, LATTN_TOPIC_STATUS);
    }
}

Test(request, reads_what_to_subscribe_to)
{
    static const enum lattn_topic topics[] = {LATTN_TOPIC_STATUS, LATTN_TOPIC_MODEL,
                                              LATTN_TOPIC_SPECTRUM, LATTN_TOPIC_ALL};

    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++) {
        char text[128];

        snprintf(text, sizeof text, "{\"method\":\"subscribe\",\"params\":{\"what\":\"%s\"}}",
                 lattn_topic_word(topics[i]));
        cr_assert_eq(requests_read(text).what, topics[i], "%s", text);
    }
}

Test(request, reads_names)
{
    struct lattn_request request = requests_read(
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
    cr_assert_str_eq(requests_read("{\"method\":\"hello\"}").producer, "");
    cr_assert_str_eq(
        requests_read("{\"method\":\"hello\",\"params\":{\"producer\":\"p1\"}}").producer, "p1");
    cr_assert_eq(requests_read("{\"method\":\"reset\",\"params\":{\"confirm\":true}}").confirm, 1);
    cr_assert_eq(requests_read("{\"method\":\"reset\",\"params\":{\"confirm\":false}}").confirm, 0);
}

Test(request, reads_auth_and_forgets_its_token)
{
    struct lattn_request request =
        requests_read("{\"method\":\"auth\",\"params\":{\"token\":\"0123456789abcdef\"}}");

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
    assert_refused("{\"method\":\"subscribe\",\"params\":{\"what\":\"heads\"}}", LATTN_FIELD,
                   "what is \"heads\", \"status\", \"model\", \"spectrum\" or \"all\" is "
                   "expected");
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
    assert_refused("{\"method\":\"status\"", LATTN_SYNTAX,
                   "byte 18: '}' at the end expected, found \"");
}

Test(request, keeps_the_id_of_a_refused_request)
{
    static const char text[] = "{\"method\":\"foo\",\"id\":\"\\u0041\"}";
    struct lattn_request request;

    cr_assert_eq(lattn_request_read(text, sizeof text - 1, LATTN_FORMAT_JSON, &request, NULL),
                 LATTN_METHOD);
    cr_assert_str_eq(request.id, "\"\\u0041\"");
}

Test(request, writes_what_it_reads)
{
    for (size_t i = 0; i < REQUESTS_COUNT; i++) {
        struct lattn_request request = requests_read(requests[i]);
        struct lattn_text text;

        lattn_text_init(&text);
        cr_assert_eq(lattn_write_request(&text, LATTN_FORMAT_JSON, &request), LATTN_OK);
        cr_assert_str_eq(text.data, requests[i]);
        lattn_text_done(&text);
        lattn_request_done(&request);
    }
}

/* Let the k-th allocation fail, k = 1, 2, ..., until one pass has no failure. */
Test(request, survives_failing_allocations)
{
    for (size_t i = 0; i < REQUESTS_COUNT; i++) {
        int failed = 1;

        for (uint64_t k = 1; failed; k++) {
            struct lattn_request request;
            struct lattn_text text;
            enum lattn_status status;

            lattn_text_init(&text);
            memory_fail(k, k % 2 == 0);
            status = lattn_request_read(requests[i], strlen(requests[i]), LATTN_FORMAT_JSON,
                                        &request, NULL);
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

Test(request, has_a_word_for_each_method)
{
    cr_assert_str_eq(lattn_method_word(LATTN_METHOD_PREDICT), "predict");
    cr_assert_str_eq(lattn_method_word(LATTN_METHOD_RESET), "reset");
}

Test(request, refuses_what_is_too_long_before_it_reads_it)
{
    size_t length = LATTN_REQUEST_BYTES_MAX + 1;
    char *text = malloc(length);
    struct lattn_request request;
    struct lattn_complaint complaint = {0};

    memset(text, ' ', length);
    memcpy(text, "{\"method\":\"status\"", 18);
    text[LATTN_REQUEST_BYTES_MAX - 1] = '}';
    cr_assert_eq(
        lattn_request_read(text, LATTN_REQUEST_BYTES_MAX, LATTN_FORMAT_JSON, &request, &complaint),
        LATTN_OK);
    for (int format = LATTN_FORMAT_JSON; format <= LATTN_FORMAT_MSGPACK; format++) {
        cr_assert_eq(
            lattn_request_read(text, length, (enum lattn_format)format, &request, &complaint),
            LATTN_TOO_BIG);
        cr_assert_str_eq(complaint.text,
                         "the request has 4194305 bytes, at most 4194304 are accepted");
    }
    free(text);
}
