#include <lattn/wire.h>

#include "base/memory.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#define leaks() __lsan_do_recoverable_leak_check()
#else
#define leaks() 0
#endif

/* Release what lattn_report_done of the learner releases in a report that was read. */
static void report_release(struct lattn_report *report)
{
    memory_release(report->noise_std);
    memory_release(report->r2);
}

static struct lattn_reply read_reply(const char *text)
{
    struct lattn_reply reply;
    struct lattn_complaint complaint = {0};
    enum lattn_status status = lattn_reply_read(text, strlen(text), &reply, &complaint);

    cr_assert_eq(status, LATTN_OK, "%s: %s", text, complaint.text);
    return reply;
}

/* A reply that carries what `text` holds; the text is released. */
static struct lattn_reply reply_around(struct lattn_text *text)
{
    struct lattn_text line;
    struct lattn_reply reply;

    lattn_text_init(&line);
    cr_assert_eq(lattn_write_reply(&line, "1", text->data, text->length), LATTN_OK);
    reply = read_reply(line.data);
    lattn_text_done(&line);
    lattn_text_done(text);
    return reply;
}

static double noise_std[] = {0.5, NAN};
static double r2[] = {0.25, 1};

static struct lattn_report report_full(void)
{
    return (struct lattn_report){
        .d = 3,
        .m = 2,
        .bias = 1,
        .pairs = 1000,
        .generation = 7,
        .weight = 900,
        .pairs_effective = 850.5,
        .loss_train = 0.1,
        .loss_progressive = 0.2,
        .loss_recent = 0.3,
        .noise_std = noise_std,
        .r2 = r2,
        .memory_bytes = 1 << 20,
        .certificate = {.verdict = LATTN_IDENTIFYING,
                        .p = 18,
                        .features_seen = 18,
                        .components = 1,
                        .rank = 18,
                        .lambda_min = 1e-3,
                        .lambda_max = 10,
                        .rho = 0.01,
                        .rho_seen = 0.01,
                        .threshold = 1e-12,
                        .pairs = 1000,
                        .generation = 7,
                        .identifying_since = 20,
                        .lost_at = LATTN_NEVER},
    };
}

static const struct lattn_service service_full = {.accepted = 500,
                                                  .rejected = 2,
                                                  .duplicates = 1,
                                                  .pairs_per_s = 1234.5,
                                                  .queue_bytes = 17,
                                                  .uptime_s = 60,
                                                  .heads = 2,
                                                  .heads_generation = 6};

Test(reply, status_has_the_fields_of_the_interface_in_order)
{
    struct lattn_report report = report_full();
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_status(&text, &report, &service_full), LATTN_OK);
    cr_assert_str_eq(
        text.data,
        "{\"version\":\"" LATTN_VERSION "\",\"d\":3,\"m\":2,\"p\":18,\"pairs\":1000,"
        "\"accepted\":500,\"rejected\":2,\"duplicates\":1,\"features_seen\":18,\"components\":1,"
        "\"rank\":18,\"verdict\":\"identifying\",\"identifying_since\":20,\"lost_at\":null,"
        "\"lambda_min\":0.001,\"lambda_max\":10,\"rho\":0.01,\"rho_seen\":0.01,"
        "\"threshold\":9.9999999999999998e-13,"
        "\"stream\":{\"checked\":null,\"undetermined\":null,\"bound95\":null},"
        "\"loss\":{\"train\":0.10000000000000001,\"progressive\":0.20000000000000001,"
        "\"recent\":0.29999999999999999},\"noise_std\":[0.5,null],\"r2\":[0.25,1],\"heads\":2,"
        "\"heads_generation\":6,\"heads_certified_minimal\":null,\"generation\":7,"
        "\"engine\":\"rls\",\"pairs_per_s\":1234.5,\"queue_bytes\":17,\"memory_bytes\":1048576,"
        "\"uptime_s\":60,\"bias\":true,\"pairs_effective\":850.5}",
        "%s", text.data);
    lattn_text_done(&text);
}

Test(reply, status_before_any_pair_is_null_where_it_does_not_apply)
{
    struct lattn_report report = {
        .loss_train = NAN,
        .loss_progressive = NAN,
        .loss_recent = NAN,
        .certificate = {.identifying_since = LATTN_NEVER, .lost_at = LATTN_NEVER}};
    struct lattn_service service = {.heads = LATTN_NEVER};
    static const char *const nulls[] = {"d",
                                        "m",
                                        "p",
                                        "identifying_since",
                                        "lost_at",
                                        "rho",
                                        "rho_seen",
                                        "lambda_min",
                                        "lambda_max",
                                        "heads",
                                        "r2",
                                        "noise_std",
                                        "heads_generation"};
    struct lattn_text text;
    json_t *json;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_status(&text, &report, &service), LATTN_OK);
    json = json_loads(text.data, JSON_REJECT_DUPLICATES, NULL);
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        cr_assert(json_is_null(json_object_get(json, nulls[i])), "%s", nulls[i]);
    cr_assert_str_eq(json_string_value(json_object_get(json, "verdict")), "not identifying");
    json_decref(json);
    lattn_text_done(&text);
}

Test(reply, reads_the_status_it_wrote)
{
    struct lattn_report report = report_full();
    struct lattn_state_of_service state;
    struct lattn_reply reply;
    struct lattn_text text;
    struct lattn_text again;

    lattn_text_init(&text);
    lattn_text_init(&again);
    report.certificate.verdict = LATTN_CANNOT_TELL;
    report.certificate.lost_at = 21;
    report.certificate.rho = NAN;
    cr_assert_eq(lattn_write_status(&text, &report, &service_full), LATTN_OK);
    reply = reply_around(&text);
    cr_assert_eq(lattn_reply_status(&reply, &state), LATTN_OK);
    cr_assert_eq(state.report.certificate.verdict, LATTN_CANNOT_TELL);
    cr_assert_eq(state.report.certificate.generation, 7);
    cr_assert(isnan(state.report.certificate.rho));
    cr_assert(isnan(state.report.noise_std[1]));
    cr_assert_eq(state.report.memory_bytes, report.memory_bytes);
    cr_assert_eq(state.service.heads_generation, 6);
    state.report.weight = 1;
    cr_assert_eq(lattn_write_status(&again, &state.report, &state.service), LATTN_OK);
    cr_assert_str_eq(again.data, (char *)reply.body);
    report_release(&state.report);
    lattn_reply_done(&reply);
    lattn_text_done(&again);
}

Test(reply, reads_a_status_of_nulls)
{
    struct lattn_reply reply = read_reply("{\"result\":{\"d\":null,\"rank\":null,\"rho\":null,"
                                          "\"heads\":null,\"news\":{\"of\":[\"later\"]}}}");
    struct lattn_state_of_service state;

    cr_assert_eq(lattn_reply_status(&reply, &state), LATTN_OK);
    cr_assert_eq(state.report.d, 0);
    cr_assert_eq(state.report.certificate.rank, LATTN_NEVER);
    cr_assert_eq(state.service.heads, LATTN_NEVER);
    cr_assert(isnan(state.report.certificate.rho));
    cr_assert_null(state.report.r2);
    lattn_reply_done(&reply);
}

Test(reply, refuses_a_result_of_another_kind)
{
    static const char *const lines[] = {
        "{\"result\":3}",
        "{\"result\":[]}",
        "{\"result\":{\"d\":\"x\",\"y\":[\"x\"],\"append\":3,\"version\":1}}",
        "{\"result\":{\"m\":2,\"r2\":[1],\"y\":[1],\"std_error\":[1,2],\"append\":[-1],"
        "\"outputs\":[]}}",
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
        struct lattn_model *model;
        double *y;
        double *std_error;
        int32_t m;

        cr_assert_eq(lattn_reply_status(&reply, &state), LATTN_FIELD, "%s", lines[i]);
        cr_assert_eq(lattn_reply_prediction(&reply, &prediction, &y, &std_error, &m), LATTN_FIELD,
                     "%s", lines[i]);
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
    double error[] = {0.1, 0.2};
    struct lattn_prediction prediction = {
        .y = y, .std_error = error, .leverage = 0.5, .determined = 1, .has_std_error = 1};

    for (int32_t has = 0; has < 2; has++) {
        struct lattn_prediction read;
        struct lattn_reply reply;
        struct lattn_text text;
        double *read_y;
        double *read_error;
        int32_t m;

        prediction.has_std_error = has;
        prediction.leverage = has ? 0.5 : NAN;
        lattn_text_init(&text);
        cr_assert_eq(lattn_write_prediction(&text, &prediction, 2), LATTN_OK);
        cr_assert_str_eq(text.data, has ? "{\"y\":[1.5,-2],\"determined\":true,\"leverage\":0.5,"
                                          "\"std_error\":[0.10000000000000001,0.20000000000000001]}"
                                        : "{\"y\":[1.5,-2],\"determined\":true,\"leverage\":null,"
                                          "\"std_error\":null}");
        reply = reply_around(&text);
        cr_assert_eq(lattn_reply_prediction(&reply, &read, &read_y, &read_error, &m), LATTN_OK);
        cr_assert_eq(m, 2);
        cr_assert_eq(read.determined, 1);
        cr_assert_eq(read.has_std_error, has);
        cr_assert_eq(read_y[1], -2);
        cr_assert_eq(read_error != NULL, has);
        memory_release(read_y);
        memory_release(read_error);
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
                                .duplicates = 5};
    struct lattn_hello read;
    struct lattn_reply reply;
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_hello(&text, &hello), LATTN_OK);
    cr_assert_str_eq(text.data, "{\"version\":\"0.1.0\",\"last_seq\":18446744073709551615,"
                                "\"d\":null,\"m\":2,\"bias\":true,\"accepted\":3,\"rejected\":4,"
                                "\"duplicates\":5}");
    reply = reply_around(&text);
    cr_assert_eq(lattn_reply_hello(&reply, &read), LATTN_OK);
    cr_assert_str_eq(read.version, hello.version);
    cr_assert_eq(read.has_last_seq, 1);
    cr_assert_eq(read.last_seq, UINT64_MAX);
    cr_assert_eq(read.d, 0);
    cr_assert_eq(read.m, 2);
    cr_assert_eq(read.bias, 1);
    cr_assert_eq(read.duplicates, 5);
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
    cr_assert_eq(lattn_write_named(&text, &named), LATTN_OK);
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
    cr_assert_eq(lattn_write_error(&text, "\"a\"", LATTN_SHAPE, "say \"what\"\x01\xff", 17),
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
    cr_assert_eq(lattn_write_error(&text, NULL, LATTN_METHOD, "no", 0), LATTN_OK);
    cr_assert_str_eq(text.data, "{\"error\":{\"code\":\"method\",\"message\":\"no\"}}\n");
    lattn_text_done(&text);
}

Test(reply, writes_what_was_applied)
{
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_applied(&text, "9", 100, 1), LATTN_OK);
    cr_assert_str_eq(text.data, "{\"id\":9,\"result\":{\"applied\":100,\"duplicate\":true,"
                                "\"durable\":null}}\n");
    lattn_text_done(&text);
}

Test(reply, reads_the_parts_of_an_emission)
{
    static const char status[] = "{\"d\":3,\"m\":1}";
    static const char heads[] = "{\"d\":1,\"m\":1,\"heads\":[]}";
    struct lattn_state_of_service state;
    struct lattn_model *model = NULL;
    struct lattn_reply reply;
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_emission(&text, status, sizeof status - 1, NULL, 0), LATTN_OK);
    reply = read_reply(text.data);
    cr_assert_eq(reply.kind, LATTN_REPLY_EMISSION);
    cr_assert_eq(lattn_reply_status(&reply, &state), LATTN_OK);
    cr_assert_eq(state.report.d, 3);
    cr_assert_eq(lattn_reply_model(&reply, &model), LATTN_FIELD);
    lattn_reply_done(&reply);
    text.length = 0;
    cr_assert_eq(lattn_write_emission(&text, status, sizeof status - 1, heads, sizeof heads - 1),
                 LATTN_OK);
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

        cr_assert_eq(lattn_reply_read(cases[i].line, strlen(cases[i].line), &reply, NULL),
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

Test(reply, survives_failing_allocations)
{
    struct lattn_report report = report_full();
    int failed = 1;

    for (uint64_t k = 1; failed; k++) {
        struct lattn_state_of_service state = {0};
        struct lattn_reply reply = {0};
        struct lattn_text text;
        struct lattn_text line;
        enum lattn_status status;

        lattn_text_init(&text);
        lattn_text_init(&line);
        memory_fail(k, k % 2 == 0);
        status = lattn_write_status(&text, &report, &service_full);
        if (status == LATTN_OK)
            status = lattn_write_reply(&line, "1", text.data, text.length);
        if (status == LATTN_OK)
            status = lattn_reply_read(line.data, line.length, &reply, NULL);
        if (status == LATTN_OK)
            status = lattn_reply_status(&reply, &state);
        failed = memory_failed();
        memory_fail(0, 0);
        cr_assert_eq(status, failed ? LATTN_NO_MEMORY : LATTN_OK);
        report_release(&state.report);
        lattn_reply_done(&reply);
        lattn_text_done(&line);
        lattn_text_done(&text);
    }
    cr_assert_eq(leaks(), 0);
}

Test(reply, leaves_a_text_alone_where_it_finds_no_memory)
{
    struct lattn_report report = report_full();
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_text_add(&text, "before", 6), LATTN_OK);
    memory_fail(2, 1);
    cr_assert_eq(lattn_write_status(&text, &report, &service_full), LATTN_NO_MEMORY);
    memory_fail(0, 0);
    cr_assert_str_eq(text.data, "before");
    cr_assert_eq(text.length, 6);
    lattn_text_done(&text);
}
