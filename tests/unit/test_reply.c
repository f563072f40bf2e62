#include <lattn/wire.h>

#include "base/memory.h"
#include "support/leaks.h"
#include "support/packed.h"
#include "support/unpack.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct lattn_reply read_reply(const char *text)
{
    struct lattn_reply reply;
    struct lattn_complaint complaint = {0};
    enum lattn_status status =
        lattn_reply_read(text, strlen(text), LATTN_FORMAT_JSON, &reply, &complaint);

    cr_assert_eq(status, LATTN_OK, "%s: %s", text, complaint.text);
    return reply;
}

/* A reply that carries what `text` holds; the text is released. */
static struct lattn_reply reply_around(struct lattn_text *text)
{
    struct lattn_text line;
    struct lattn_reply reply;

    lattn_text_init(&line);
    cr_assert_eq(lattn_write_reply(&line, LATTN_FORMAT_JSON, "1", text->data, text->length),
                 LATTN_OK);
    reply = read_reply(line.data);
    lattn_text_done(&line);
    lattn_text_done(text);
    return reply;
}

Test(reply, refuses_a_result_of_another_kind)
{
    static const char *const lines[] = {
        "{\"result\":3}",
        "{\"result\":[]}",
        "{\"result\":{\"d\":\"x\",\"y\":[\"x\"],\"append\":3,\"version\":1}}",
        ("{\"result\":{\"m\":2,\"r2\":[1],\"y\":[1],\"std_error\":[1,2],\"append\":[-1],"
         "\"outputs\":[]}}"),
        "{\"result\":{\"m\":[1],\"y\":[1],\"interval95\":[1,2],\"version\":1,\"verdict\":1}}",
        "{\"result\":{\"verdict\":\"maybe\"}}",
        "{\"error\":{\"code\":\"x\",\"message\":\"y\"}}",
        "{\"method\":\"emission\",\"params\":{}}",
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct lattn_reply reply = read_reply(lines[i]);
        struct lattn_state_of_service state;
        struct lattn_prediction prediction;
        struct lattn_named named;
        struct lattn_hello hello;
        struct lattn_design design;
        struct lattn_model *model;
        int32_t *order;
        size_t count;
        int32_t m;

        cr_assert_eq(lattn_reply_suggestion(&reply, &order, &count), LATTN_FIELD, "%s", lines[i]);
        cr_assert_eq(lattn_reply_design(&reply, &design), LATTN_FIELD, "%s", lines[i]);
        cr_assert_eq(lattn_reply_status(&reply, &state), LATTN_FIELD, "%s", lines[i]);
        cr_assert_eq(lattn_reply_prediction(&reply, &prediction, &m), LATTN_FIELD, "%s", lines[i]);
        cr_assert_eq(lattn_reply_named(&reply, &named), LATTN_FIELD, "%s", lines[i]);
        cr_assert_eq(lattn_reply_hello(&reply, &hello), LATTN_FIELD, "%s", lines[i]);
        cr_assert_eq(lattn_reply_model(&reply, &model), LATTN_FIELD, "%s", lines[i]);
        lattn_reply_done(&reply);
    }
    cr_assert_eq(leaks(), 0);
}

Test(reply, reads_the_prediction_it_wrote)
{
    double y[] = {1.5, -2};
    double error[] = {0.25, 0.5}, interval[] = {1, 2};
    struct lattn_prediction prediction = {
        .y = y, .std_error = error, .interval95 = interval, .determined = 1};

    for (int32_t has = 0; has < 2; has++) {
        struct lattn_prediction read;
        struct lattn_reply reply;
        struct lattn_text text;
        int32_t m;

        prediction.has_std_error = has;
        prediction.leverage = has ? 0.5 : NAN;
        lattn_text_init(&text);
        cr_assert_eq(lattn_write_prediction(&text, LATTN_FORMAT_JSON, &prediction, 2), LATTN_OK);
        cr_assert_str_eq(text.data, has ? "{\"y\":[1.5,-2],\"determined\":true,\"leverage\":0.5,"
                                          "\"std_error\":[0.25,0.5],\"interval95\":[1,2]}"
                                        : "{\"y\":[1.5,-2],\"determined\":true,\"leverage\":null,"
                                          "\"std_error\":null,\"interval95\":null}");
        reply = reply_around(&text);
        cr_assert_eq(lattn_reply_prediction(&reply, &read, &m), LATTN_OK);
        cr_assert_eq(m, 2);
        cr_assert_eq(read.determined, 1);
        cr_assert_eq(read.has_std_error, has);
        cr_assert_eq(read.y[1], -2);
        cr_assert_eq(read.std_error != NULL, has);
        cr_assert_eq(read.interval95 != NULL, has);
        cr_assert(!has || (read.std_error[1] == 0.5 && read.interval95[1] == 2));
        lattn_prediction_done(&read);
        cr_assert_null(read.y);
        lattn_reply_done(&reply);
    }
}

Test(reply, reads_the_hello_it_wrote)
{
    struct lattn_hello hello = {.version = "0.1.0",
                                .has_last_seq = 1,
                                .last_seq = UINT64_MAX,
                                .m = 2,
                                .bias = 1,
                                .accepted = 3,
                                .rejected = 4,
                                .duplicates = 5,
                                .unkept = 7,
                                .frame_bytes_max = 6,
                                .durable = 1};
    struct lattn_hello read;
    struct lattn_reply reply;
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_hello(&text, LATTN_FORMAT_JSON, &hello), LATTN_OK);
    cr_assert_str_eq(text.data, "{\"version\":\"0.1.0\",\"last_seq\":18446744073709551615,"
                                "\"d\":null,\"m\":2,\"bias\":true,\"accepted\":3,\"rejected\":4,"
                                "\"duplicates\":5,\"unkept\":7,\"max_frame\":6,\"durable\":true}");
    reply = reply_around(&text);
    cr_assert_eq(lattn_reply_hello(&reply, &read), LATTN_OK);
    cr_assert_str_eq(read.version, hello.version);
    cr_assert_eq(read.has_last_seq, 1);
    cr_assert_eq(read.last_seq, UINT64_MAX);
    cr_assert_eq(read.d, 0);
    cr_assert_eq(read.m, 2);
    cr_assert_eq(read.bias, 1);
    cr_assert_eq(read.duplicates, 5);
    cr_assert_eq(read.unkept, 7);
    cr_assert_eq(read.frame_bytes_max, 6);
    cr_assert_eq(read.durable, 1);
    lattn_reply_done(&reply);
}

Test(reply, reads_the_indices_it_wrote)
{
    int32_t coordinates[] = {3, 4};
    struct lattn_named named = {.coordinates = coordinates, .coordinates_count = 2, .d = 5, .m = 1};
    struct lattn_named read;
    struct lattn_reply reply;
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_named(&text, LATTN_FORMAT_JSON, &named), LATTN_OK);
    cr_assert_str_eq(text.data, "{\"append\":[3,4],\"outputs\":[],\"d\":5,\"m\":1}");
    reply = reply_around(&text);
    cr_assert_eq(lattn_reply_named(&reply, &read), LATTN_OK);
    cr_assert_eq(read.coordinates_count, 2);
    cr_assert_eq(read.coordinates[1], 4);
    cr_assert_eq(read.outputs_count, 0);
    cr_assert_eq(read.d, 5);
    lattn_named_done(&read);
    lattn_reply_done(&reply);
}

Test(reply, reads_errors)
{
    struct lattn_text text;
    struct lattn_reply reply;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_error(&text, LATTN_FORMAT_JSON, "\"a\"", LATTN_SHAPE,
                                   "say \"what\"\x01\xff", 17),
                 LATTN_OK);
    cr_assert_str_eq(text.data, "{\"id\":\"a\",\"error\":{\"code\":\"shape\",\"message\":\"say "
                                "\\\"what\\\"\\u0001\xef\xbf\xbd\",\"line\":17}}\n");
    reply = read_reply(text.data);
    cr_assert_eq(reply.kind, LATTN_REPLY_ERROR);
    cr_assert_str_eq(reply.id, "\"a\"");
    cr_assert_str_eq(reply.code, "shape");
    cr_assert_str_eq(reply.message, "say \"what\"\x01\xef\xbf\xbd");
    cr_assert_eq(reply.line, 17);
    lattn_reply_done(&reply);
    text.length = 0;
    cr_assert_eq(lattn_write_error(&text, LATTN_FORMAT_JSON, NULL, LATTN_METHOD, "no", 0),
                 LATTN_OK);
    cr_assert_str_eq(text.data, "{\"error\":{\"code\":\"method\",\"message\":\"no\"}}\n");
    lattn_text_done(&text);
}

Test(reply, writes_what_was_applied)
{
    const uint64_t last = UINT64_MAX;
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_applied(&text, LATTN_FORMAT_JSON, "9", 100, 1, NULL), LATTN_OK);
    cr_assert_str_eq(text.data, "{\"id\":9,\"result\":{\"applied\":100,\"duplicate\":true,"
                                "\"durable\":null}}\n");
    text.length = 0;
    cr_assert_eq(lattn_write_applied(&text, LATTN_FORMAT_JSON, "9", 100, 0, &last), LATTN_OK);
    cr_assert_str_eq(text.data, "{\"id\":9,\"result\":{\"applied\":100,\"duplicate\":false,"
                                "\"durable\":18446744073709551615}}\n");
    lattn_text_done(&text);
}

/* A part of an emission, as it was written before; not owned. */
static struct lattn_text part(char *bytes)
{
    return (struct lattn_text){.data = bytes, .length = strlen(bytes)};
}

Test(reply, reads_the_parts_of_an_emission)
{
    const struct lattn_text status = part("{\"d\":3,\"m\":1}");
    const struct lattn_text heads = part("{\"d\":1,\"m\":1,\"heads\":[]}");
    struct lattn_state_of_service state;
    struct lattn_model *model = NULL;
    struct lattn_reply reply;
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_emission(&text, LATTN_FORMAT_JSON, &status, NULL, NULL), LATTN_OK);
    reply = read_reply(text.data);
    cr_assert_eq(reply.kind, LATTN_REPLY_EMISSION);
    cr_assert_eq(lattn_reply_status(&reply, &state), LATTN_OK);
    cr_assert_eq(state.report.d, 3);
    cr_assert_eq(lattn_reply_model(&reply, &model), LATTN_FIELD);
    lattn_reply_done(&reply);
    text.length = 0;
    cr_assert_eq(lattn_write_emission(&text, LATTN_FORMAT_JSON, &status, &heads, NULL), LATTN_OK);
    reply = read_reply(text.data);
    cr_assert_eq(lattn_reply_status(&reply, &state), LATTN_OK);
    cr_assert_eq(lattn_reply_model(&reply, &model), LATTN_OK);
    cr_assert_eq(model->heads, 0);
    lattn_model_close(&model);
    lattn_reply_done(&reply);
    lattn_text_done(&text);
}

Test(reply, refuses_lines_no_daemon_writes)
{
    static const struct {
        const char *line;
        enum lattn_status status;
    } cases[] = {
        {"{}", LATTN_FIELD},
        {"{\"id\":1}", LATTN_FIELD},
        {"{\"result\":{},\"error\":{}}", LATTN_FIELD},
        {"{\"method\":\"other\",\"params\":{}}", LATTN_FIELD},
        {"{\"error\":\"bad\"}", LATTN_FIELD},
        {"{\"error\":{\"line\":-1}}", LATTN_FIELD},
        {"{\"result\":{}", LATTN_SYNTAX},
        {"{\"result\":{]}", LATTN_SYNTAX},
        {"", LATTN_SYNTAX},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lattn_reply reply;

        cr_assert_eq(
            lattn_reply_read(cases[i].line, strlen(cases[i].line), LATTN_FORMAT_JSON, &reply, NULL),
            cases[i].status, "%s", cases[i].line);
    }
}

Test(reply, passes_its_text_on_as_it_came_or_indented)
{
    static const char line[] = "{\"id\":1,\"result\":{\"a\":1.50,\"b\":[[1,2],[3,\"],{\\\"\"]],"
                               "\"c\":{},\"d\":[],\"e\":{\"f\":[null,true]},\"g\":[{\"h\":-0}]}}";
    struct lattn_reply reply = read_reply(line);
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_reply_text(&reply, 0, &text), LATTN_OK);
    cr_assert_eq(strncmp(text.data, line + 17, text.length), 0);
    cr_assert_eq(text.length, sizeof line - 1 - 17 - 1);
    text.length = 0;
    cr_assert_eq(lattn_reply_text(&reply, 1, &text), LATTN_OK);
    cr_assert_str_eq(text.data,
                     "{\n"
                     "  \"a\": 1.50,\n"
                     "  \"b\": [\n"
                     "    [1,2],\n"
                     "    [3,\"],{\\\"\"]\n"
                     "  ],\n"
                     "  \"c\": {},\n"
                     "  \"d\": [],\n"
                     "  \"e\": {\n"
                     "    \"f\": [null,true]\n"
                     "  },\n"
                     "  \"g\": [\n"
                     "    {\n"
                     "      \"h\": -0\n"
                     "    }\n"
                     "  ]\n"
                     "}",
                     "%s", text.data);
    lattn_text_done(&text);
    lattn_reply_done(&reply);
}

/* ---- frames -------------------------------------------------------------------------------- */

/* Read a copy that ends where the frame ends, so that a sanitizer sees a byte read too much. */
static enum lattn_status read_bytes(const char *bytes, size_t length, struct lattn_reply *ret_reply,
                                    struct lattn_complaint *complaint)
{
    char *copy = malloc(length + 1);
    enum lattn_status status;

    memcpy(copy, bytes, length);
    status = lattn_reply_read(copy, length, LATTN_FORMAT_MSGPACK, ret_reply, complaint);
    free(copy);
    return status;
}

/* One answer in both formats, which the caller wrote; the texts are released. */
static void assert_answers_agree(struct lattn_text *json, struct lattn_text *packed)
{
    struct lattn_complaint complaint = {0};
    struct lattn_text frame;
    struct lattn_reply reply;

    cr_assert(unpack_equal(packed->data, packed->length, json->data), "%s", json->data);
    lattn_text_init(&frame);
    cr_assert_eq(
        lattn_write_reply(&frame, LATTN_FORMAT_MSGPACK, "300", packed->data, packed->length),
        LATTN_OK);
    cr_assert_eq(memcmp(frame.data, "\x94\x01\xcd\x01\x2c\xc0", 6), 0);
    cr_assert_eq(read_bytes(frame.data, frame.length, &reply, &complaint), LATTN_OK, "%s",
                 complaint.text);
    cr_assert_eq(reply.kind, LATTN_REPLY_RESULT);
    cr_assert_str_eq(reply.id, "300");
    cr_assert_str_eq(reply.body, json->data);
    lattn_reply_done(&reply);
    lattn_text_done(&frame);
    lattn_text_done(json);
    lattn_text_done(packed);
}

Test(reply, frames_hold_the_answers_of_lines)
{
    double y[] = {1.5, -2, NAN};
    struct lattn_prediction prediction = {.y = y, .leverage = NAN, .determined = 1};
    struct lattn_hello hello = {.version = "0.1.0", .has_last_seq = 1, .last_seq = 1 << 20};
    int32_t coordinates[] = {3, 400};
    struct lattn_named named = {.coordinates = coordinates, .coordinates_count = 2, .d = 5, .m = 1};
    struct lattn_text texts[2];

    for (int32_t answer = 0; answer < 3; answer++) {
        for (int32_t i = 0; i < 2; i++) {
            enum lattn_format format = i == 0 ? LATTN_FORMAT_JSON : LATTN_FORMAT_MSGPACK;

            lattn_text_init(&texts[i]);
            cr_assert_eq(answer == 0   ? lattn_write_prediction(&texts[i], format, &prediction, 3)
                         : answer == 1 ? lattn_write_hello(&texts[i], format, &hello)
                                       : lattn_write_named(&texts[i], format, &named),
                         LATTN_OK);
        }
        assert_answers_agree(&texts[0], &texts[1]);
    }
}

static void assert_frame(struct lattn_text *frame, const char *json)
{
    cr_assert(unpack_equal(frame->data, frame->length, json), "%s", json);
    frame->length = 0;
}

Test(reply, frames_are_those_of_messagepack_rpc)
{
    const struct lattn_text map = part("\x80");
    const struct lattn_text nil = part("\xc0");
    const uint64_t last = 300;
    struct lattn_text frame;

    lattn_text_init(&frame);
    cr_assert_eq(lattn_write_applied(&frame, LATTN_FORMAT_MSGPACK, "9", 100, 1, &last), LATTN_OK);
    assert_frame(&frame, "[1,9,null,{\"applied\":100,\"duplicate\":true,\"durable\":300}]");
    cr_assert_eq(lattn_write_error(&frame, LATTN_FORMAT_MSGPACK, "9", LATTN_SHAPE, "no\xff", 0),
                 LATTN_OK);
    assert_frame(&frame, "[1,9,{\"code\":\"shape\",\"message\":\"no\xef\xbf\xbd\"},null]");
    cr_assert_eq(lattn_write_error(&frame, LATTN_FORMAT_MSGPACK, NULL, LATTN_SYNTAX, "no", 17),
                 LATTN_OK);
    assert_frame(&frame, "[1,null,{\"code\":\"syntax\",\"message\":\"no\",\"line\":17},null]");
    cr_assert_eq(lattn_write_reply(&frame, LATTN_FORMAT_MSGPACK, "", "\x80", 1), LATTN_OK);
    assert_frame(&frame, "[1,null,null,{}]");
    cr_assert_eq(lattn_write_emission(&frame, LATTN_FORMAT_MSGPACK, &map, NULL, NULL), LATTN_OK);
    assert_frame(&frame, "[2,\"emission\",{\"status\":{}}]");
    cr_assert_eq(lattn_write_emission(&frame, LATTN_FORMAT_MSGPACK, &map, &nil, &map), LATTN_OK);
    assert_frame(&frame, "[2,\"emission\",{\"status\":{},\"model\":null,\"spectrum\":{}}]");
    cr_assert_eq(lattn_write_reply(&frame, LATTN_FORMAT_MSGPACK, "\"a\"", "\x80", 1), LATTN_FIELD);
    cr_assert_eq(frame.length, 0);
    lattn_text_done(&frame);
}

static struct lattn_reply read_frame(const char *frame)
{
    struct packed bytes = packed_of(frame);
    struct lattn_complaint complaint = {0};
    struct lattn_reply reply;

    cr_assert_eq(read_bytes(bytes.data, bytes.length, &reply, &complaint), LATTN_OK, "%s: %s",
                 frame, complaint.text);
    packed_done(&bytes);
    return reply;
}

Test(reply, reads_frames_as_lines)
{
    struct lattn_state_of_service state;
    struct lattn_reply reply =
        read_frame("[1, 7, {'code': 'shape', 'message': 'say \\\"what\\\"', 'line': 17, 'x': 1}, "
                   "null]");

    cr_assert_eq(reply.kind, LATTN_REPLY_ERROR);
    cr_assert_str_eq(reply.id, "7");
    cr_assert_str_eq(reply.code, "shape");
    cr_assert_str_eq(reply.message, "say \"what\"");
    cr_assert_eq(reply.line, 17);
    lattn_reply_done(&reply);
    reply = read_frame("[2, 'emission', {'status': {'d': 3, 'm': 1, 'rho': null}}]");
    cr_assert_eq(reply.kind, LATTN_REPLY_EMISSION);
    cr_assert_eq(lattn_reply_status(&reply, &state), LATTN_OK);
    cr_assert_eq(state.report.d, 3);
    cr_assert(isnan(state.report.certificate.rho));
    lattn_reply_done(&reply);
    reply = read_frame("[1, null, null, null]");
    cr_assert_eq(reply.kind, LATTN_REPLY_RESULT);
    cr_assert_str_eq(reply.id, "");
    cr_assert_str_eq(reply.body, "null");
    lattn_reply_done(&reply);
}

Test(reply, refuses_frames_no_daemon_writes)
{
    static const struct {
        const char *frame;
        enum lattn_status status;
    } cases[] = {
        {"{}", LATTN_FIELD},
        {"[0, 7, 'status', {}]", LATTN_FIELD},
        {"[1, '7', null, {}]", LATTN_FIELD},
        {"[1, 7, null]", LATTN_FIELD},
        {"[1, 7, 'bad', null]", LATTN_FIELD},
        {"[1, 7, {'line': -1}, null]", LATTN_FIELD},
        {"[2, 'other', {}]", LATTN_FIELD},
        {"[2, 'emission']", LATTN_FIELD},
        {"[1, 7, null, {'y': [{'$float': 'NaN'}]}]", LATTN_NOT_FINITE},
        {"[1, 7, null, {'$map': [1, 2]}]", LATTN_FIELD},
        {"[1, 7, null, {'$ext': 'x'}]", LATTN_FIELD},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct packed bytes = packed_of(cases[i].frame);
        struct lattn_reply reply;

        cr_assert_eq(read_bytes(bytes.data, bytes.length, &reply, NULL), cases[i].status, "%s",
                     cases[i].frame);
        packed_done(&bytes);
    }
}

Test(reply, refuses_every_beginning_of_a_frame)
{
    struct packed whole = packed_of("[1, 7, null, {'y': [1, 0.5], 'd': 'x', 'e': {}}]");

    for (size_t length = 0; length < whole.length; length++) {
        struct lattn_reply reply;

        cr_assert_eq(read_bytes(whole.data, length, &reply, NULL), LATTN_SYNTAX);
    }
    packed_done(&whole);
}

/* Let the k-th allocation fail, k = 1, 2, ..., until one pass has no failure. */
Test(reply, survives_failing_allocations)
{
    double y[] = {0.1, 0.2, 0.3};
    struct lattn_prediction prediction = {.y = y, .leverage = 0.5};

    for (enum lattn_format format = LATTN_FORMAT_JSON; format <= LATTN_FORMAT_MSGPACK; format++) {
        int failed = 1;

        for (uint64_t k = 1; failed; k++) {
            struct lattn_reply reply = {0};
            struct lattn_prediction read = {0};
            struct lattn_text text;
            struct lattn_text message;
            int32_t m;
            enum lattn_status status;

            lattn_text_init(&text);
            lattn_text_init(&message);
            memory_fail(k, k % 2 == 0);
            status = lattn_write_prediction(&text, format, &prediction, 3);
            if (status == LATTN_OK)
                status = lattn_write_reply(&message, format, "1", text.data, text.length);
            if (status == LATTN_OK)
                status = lattn_reply_read(message.data, message.length, format, &reply, NULL);
            if (status == LATTN_OK)
                status = lattn_reply_prediction(&reply, &read, &m);
            failed = memory_failed();
            memory_fail(0, 0);
            cr_assert_eq(status, failed ? LATTN_NO_MEMORY : LATTN_OK);
            lattn_prediction_done(&read);
            lattn_reply_done(&reply);
            lattn_text_done(&message);
            lattn_text_done(&text);
        }
    }
    cr_assert_eq(leaks(), 0);
}
