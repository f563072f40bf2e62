#include <lattn/wire.h>

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
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
    enum lattn_status status = lattn_request_read(text, strlen(text), &request, &complaint);

    cr_assert_eq(status, LATTN_OK, "%s: %s", text, complaint.text);
    return request;
}

static void assert_refused(const char *text, enum lattn_status status, const char *said)
{
    struct lattn_request request;
    struct lattn_complaint complaint = {0};

    cr_assert_eq(lattn_request_read(text, strlen(text), &request, &complaint), status, "%s: %s",
                 text, complaint.text);
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

Test(request, reads_heads)
{
    struct lattn_request none = read_request("{\"method\":\"model\"}");
    struct lattn_request svd =
        read_request("{\"method\":\"model\",\"params\":{\"heads\":\"svd\"}}");
    struct lattn_request three = read_request("{\"method\":\"model\",\"params\":{\"heads\":3}}");

    cr_assert_eq(none.has_heads, 0);
    cr_assert_eq(svd.has_heads, 1);
    cr_assert_eq(svd.heads, LATTN_HEADS_SVD);
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

Test(request, says_what_is_wrong)
{
    assert_refused("{\"id\":1}", LATTN_FIELD, "method is missing");
    assert_refused("{\"id\":1,\"method\":7}", LATTN_FIELD, "method is 7, a string is expected");
    assert_refused("{\"method\":\"foo\"}", LATTN_METHOD, "unknown method \"foo\"");
    assert_refused("{\"method\":\"certify\"}", LATTN_METHOD, "unknown method \"certify\"");
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
    assert_refused("{\"method\":\"predict\",\"params\":{\"z\":[[1],[1,2]]}}", LATTN_SHAPE,
                   "z[1] has 2 coordinates, z[0] has 1");
    assert_refused("{\"method\":\"predict\",\"params\":{\"z\":[[1e999]]}}", LATTN_NOT_FINITE,
                   "z[0][0] is 1e999, which is not finite as a double");
    assert_refused("{\"method\":\"model\",\"params\":{\"heads\":\"fewest\"}}", LATTN_FIELD,
                   "heads is \"fewest\", \"svd\" or a whole number is expected");
    assert_refused("{\"method\":\"model\",\"params\":{\"heads\":-1}}", LATTN_FIELD,
                   "heads is -1, \"svd\" or a whole number is expected");
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

    cr_assert_eq(lattn_request_read(text, sizeof text - 1, &request, NULL), LATTN_METHOD);
    cr_assert_str_eq(request.id, "\"\\u0041\"");
}

static const char *const every_request[] = {
    "{\"id\":1,\"method\":\"predict\",\"params\":{\"z\":[[1,-2.5],[3,4]]}}\n",
    "{\"method\":\"status\",\"params\":{}}\n",
    "{\"id\":\"x\",\"method\":\"model\",\"params\":{}}\n",
    "{\"method\":\"model\",\"params\":{\"heads\":\"svd\"}}\n",
    "{\"method\":\"model\",\"params\":{\"heads\":2}}\n",
    "{\"method\":\"subscribe\",\"params\":{\"what\":\"status\"}}\n",
    "{\"method\":\"subscribe\",\"params\":{\"what\":\"model\",\"every\":250}}\n",
    "{\"method\":\"emit\",\"params\":{}}\n",
    "{\"method\":\"name\",\"params\":{\"append\":[\"a\\\"b\",\"\\u0001\"],\"outputs\":[\"c\"],"
    "\"blocks\":[{\"name\":\"b\",\"start\":0,\"size\":2}]}}\n",
    "{\"method\":\"hello\",\"params\":{}}\n",
    "{\"method\":\"hello\",\"params\":{\"producer\":\"me\"}}\n",
    "{\"method\":\"reset\",\"params\":{\"confirm\":true}}\n",
};

enum { REQUESTS = sizeof every_request / sizeof *every_request };

Test(request, writes_what_it_reads)
{
    for (size_t i = 0; i < REQUESTS; i++) {
        struct lattn_request request = read_request(every_request[i]);
        struct lattn_text text;

        lattn_text_init(&text);
        cr_assert_eq(lattn_write_request(&text, &request), LATTN_OK);
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
            status = lattn_request_read(every_request[i], strlen(every_request[i]), &request, NULL);
            if (status == LATTN_OK)
                status = lattn_write_request(&text, &request);
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
