#include <lattn/wire.h>

#include "base/memory.h"
#include "support/leaks.h"
#include "support/unpack.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

/* Release what lattn_report_done of the learner releases in a report that was read. */
static void report_release(struct lattn_report *report)
{
    memory_release(report->noise_std);
    memory_release(report->r2);
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
        .stream = {.checked = 1000, .undetermined = 3, .bound95 = 0.0078125},
    };
}

static const struct lattn_service service_full = {.accepted = 500,
                                                  .rejected = 2,
                                                  .duplicates = 1,
                                                  .unkept = 6,
                                                  .denied = 4,
                                                  .threads = 2,
                                                  .pairs_to_go = 76,
                                                  .pairs_per_s = 1234.5,
                                                  .queue_bytes = 17,
                                                  .uptime_s = 60,
                                                  .heads = 2,
                                                  .heads_generation = 6,
                                                  .heads_certified = LATTN_CERTIFIED_MINIMAL,
                                                  .heads_decomposition = LATTN_DECOMPOSITION_FEWEST,
                                                  .kept = {.is_kept = 1,
                                                           .position = 40,
                                                           .checkpoint_pairs = 900,
                                                           .checkpoint_age_s = LATTN_NEVER,
                                                           .journal_bytes = 5000,
                                                           .error = "no \"space\""}};

/* A reply in this format that carries the result, which is released. */
static struct lattn_reply reply_around(enum lattn_format format, struct lattn_text *result)
{
    struct lattn_complaint complaint = {0};
    struct lattn_text message;
    struct lattn_reply reply;

    lattn_text_init(&message);
    cr_assert_eq(lattn_write_reply(&message, format, "1", result->data, result->length), LATTN_OK);
    cr_assert_eq(lattn_reply_read(message.data, message.length, format, &reply, &complaint),
                 LATTN_OK, "%s", complaint.text);
    lattn_text_done(&message);
    lattn_text_done(result);
    return reply;
}

Test(state, has_the_fields_of_the_interface_in_order)
{
    struct lattn_report report = report_full();
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_status(&text, LATTN_FORMAT_JSON, &report, &service_full), LATTN_OK);
    cr_assert_str_eq(
        text.data,
        "{\"version\":\"" LATTN_VERSION "\",\"d\":3,\"m\":2,\"p\":18,\"pairs\":1000,"
        "\"accepted\":500,\"rejected\":2,\"duplicates\":1,\"features_seen\":18,\"components\":1,"
        "\"rank\":18,\"verdict\":\"identifying\",\"identifying_since\":20,\"lost_at\":null,"
        "\"lambda_min\":0.001,\"lambda_max\":10,\"rho\":0.01,\"rho_seen\":0.01,"
        "\"threshold\":9.9999999999999998e-13,"
        "\"stream\":{\"checked\":1000,\"undetermined\":3,\"bound95\":0.0078125},"
        "\"loss\":{\"train\":0.10000000000000001,\"progressive\":0.20000000000000001,"
        "\"recent\":0.29999999999999999},\"noise_std\":[0.5,null],\"r2\":[0.25,1],\"heads\":2,"
        "\"heads_generation\":6,\"heads_certified_minimal\":true,"
        "\"heads_decomposition\":\"fewest\",\"generation\":7,"
        "\"engine\":\"rls\",\"threads\":2,\"pairs_per_s\":1234.5,\"queue_bytes\":17,"
        "\"memory_bytes\":1048576,\"uptime_s\":60,\"bias\":true,\"pairs_effective\":850.5,"
        "\"state\":{\"position\":40,\"checkpoint_pairs\":900,\"checkpoint_age_s\":null,"
        "\"journal_bytes\":5000,\"error\":\"no \\\"space\\\"\"},\"source\":null,"
        "\"unkept\":6,\"denied\":4,\"pairs_to_go\":76,"
        "\"push\":null,\"aggregate\":null,\"headline\":\"identifying since pair 20\"}",
        "%s", text.data);
    lattn_text_done(&text);
}

Test(state, before_any_pair_is_null_where_it_does_not_apply)
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
                                        "heads_generation",
                                        "threads",
                                        "state"};
    struct lattn_text text;
    json_t *json;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_status(&text, LATTN_FORMAT_JSON, &report, &service), LATTN_OK);
    json = json_loads(text.data, JSON_REJECT_DUPLICATES, NULL);
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        cr_assert(json_is_null(json_object_get(json, nulls[i])), "%s", nulls[i]);
    cr_assert_str_eq(json_string_value(json_object_get(json, "verdict")), "not identifying");
    json_decref(json);
    lattn_text_done(&text);
}

/* Through a message of either format it stays the same text. */
Test(state, reads_what_it_wrote)
{
    for (enum lattn_format format = LATTN_FORMAT_JSON; format <= LATTN_FORMAT_MSGPACK; format++) {
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
        cr_assert_eq(lattn_write_status(&text, format, &report, &service_full), LATTN_OK);
        reply = reply_around(format, &text);
        cr_assert_eq(lattn_reply_status(&reply, &state), LATTN_OK);
        cr_assert_eq(state.report.certificate.verdict, LATTN_CANNOT_TELL);
        cr_assert_eq(state.report.certificate.generation, 7);
        cr_assert(isnan(state.report.certificate.rho));
        cr_assert(isnan(state.report.noise_std[1]));
        cr_assert_eq(state.report.memory_bytes, report.memory_bytes);
        cr_assert_eq(state.service.threads, 2);
        cr_assert_eq(state.service.heads_generation, 6);
        cr_assert_eq(state.service.heads_certified, LATTN_CERTIFIED_MINIMAL);
        cr_assert_eq(state.service.heads_decomposition, LATTN_DECOMPOSITION_FEWEST);
        cr_assert_eq(state.service.kept.is_kept, 1);
        cr_assert_eq(state.service.kept.checkpoint_age_s, LATTN_NEVER);
        cr_assert_str_eq(state.service.kept.error, "no \"space\"");
        state.report.weight = 1;
        cr_assert_eq(lattn_write_status(&again, LATTN_FORMAT_JSON, &state.report, &state.service),
                     LATTN_OK);
        cr_assert_str_eq(again.data, (char *)reply.body);
        report_release(&state.report);
        lattn_reply_done(&reply);
        lattn_text_done(&again);
    }
}

Test(state, says_the_same_in_messagepack)
{
    struct lattn_report report = report_full();
    struct lattn_text json;
    struct lattn_text packed;

    lattn_text_init(&json);
    lattn_text_init(&packed);
    cr_assert_eq(lattn_write_status(&json, LATTN_FORMAT_JSON, &report, &service_full), LATTN_OK);
    cr_assert_eq(lattn_write_status(&packed, LATTN_FORMAT_MSGPACK, &report, &service_full),
                 LATTN_OK);
    cr_assert(unpack_equal(packed.data, packed.length, json.data));
    lattn_text_done(&json);
    lattn_text_done(&packed);
}

Test(state, reads_nulls)
{
    struct lattn_text text;
    struct lattn_reply reply;
    struct lattn_state_of_service state;
    static const char nulls[] = "{\"d\":null,\"rank\":null,\"rho\":null,\"heads\":null,"
                                "\"news\":{\"of\":[\"later\"]}}";

    lattn_text_init(&text);
    cr_assert_eq(lattn_text_add(&text, nulls, sizeof nulls - 1), LATTN_OK);
    reply = reply_around(LATTN_FORMAT_JSON, &text);
    cr_assert_eq(lattn_reply_status(&reply, &state), LATTN_OK);
    cr_assert_eq(state.report.d, 0);
    cr_assert_eq(state.report.certificate.rank, LATTN_NEVER);
    cr_assert_eq(state.service.heads, LATTN_NEVER);
    cr_assert(isnan(state.report.certificate.rho));
    cr_assert_null(state.report.r2);
    lattn_reply_done(&reply);
}

Test(state, survives_failing_allocations)
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
        status = lattn_write_status(&text, LATTN_FORMAT_JSON, &report, &service_full);
        if (status == LATTN_OK)
            status = lattn_write_reply(&line, LATTN_FORMAT_JSON, "1", text.data, text.length);
        if (status == LATTN_OK)
            status = lattn_reply_read(line.data, line.length, LATTN_FORMAT_JSON, &reply, NULL);
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

Test(state, leaves_a_text_alone_where_it_finds_no_memory)
{
    struct lattn_report report = report_full();
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_text_add(&text, "before", 6), LATTN_OK);
    memory_fail(2, 1);
    cr_assert_eq(lattn_write_status(&text, LATTN_FORMAT_JSON, &report, &service_full),
                 LATTN_NO_MEMORY);
    memory_fail(0, 0);
    cr_assert_str_eq(text.data, "before");
    cr_assert_eq(text.length, 6);
    lattn_text_done(&text);
}

static struct lattn_source source_again(const struct lattn_report *report,
                                        const struct lattn_service *service,
                                        enum lattn_format format)
{
    struct lattn_state_of_service state;
    struct lattn_reply reply;
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_status(&text, format, report, service), LATTN_OK);
    reply = reply_around(format, &text);
    cr_assert_eq(lattn_reply_status(&reply, &state), LATTN_OK);
    report_release(&state.report);
    lattn_reply_done(&reply);
    return state.service.source;
}

/* A source of two streams, as it is told and as it is read again, in both formats. */
Test(state, has_the_streams_of_a_source)
{
    struct lattn_report report = report_full();
    struct lattn_service service = service_full;

    service.source = (struct lattn_source){
        .is_given = 1,
        .url = "nats://h:1/a nats://h:1/b",
        .shard = 0,
        .shards = 4,
        .epoch = 3,
        .worker = "w",
        .error = "not let in",
        .streams_count = 2,
        .streams = {{.name = "a_0", .sequence = 1, .pending = 2, .redelivered = 3},
                    {.name = "b_0", .duplicates = 4, .lost = 5, .rolled_back = 6}},
    };
    for (int format = LATTN_FORMAT_JSON; format <= LATTN_FORMAT_MSGPACK; format++) {
        struct lattn_source source = source_again(&report, &service, (enum lattn_format)format);

        cr_assert_eq(source.is_given, 1);
        cr_assert_str_eq(source.url, service.source.url);
        cr_assert_eq(source.shard, 0);
        cr_assert_eq(source.shards, 4);
        cr_assert_eq(source.epoch, 3);
        cr_assert_str_eq(source.worker, "w");
        cr_assert_eq(source.connected, 0);
        cr_assert_str_eq(source.error, "not let in");
        cr_assert_eq(source.streams_count, 2);
        cr_assert_eq(
            memcmp(source.streams, service.source.streams, 2 * sizeof service.source.streams[0]),
            0);
    }
}
