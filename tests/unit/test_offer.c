#include <lattn/wire.h>

#include "support/requests.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char line[] =
    "{\"id\":1,\"method\":\"offer\",\"params\":{\"worker\":\"ab\",\"shard\":2,\"shards\":4,"
    "\"epoch\":3,\"pairs\":18446744073709551615,\"lag\":5,\"lost\":6,\"rolled_back\":7,\"bytes\":9,"
    "\"parts\":3,"
    "\"part\":1,\"data\":\"AP9h\"}}\n";

Test(offer, is_read_as_it_was_written)
{
    struct lattn_request request = requests_read(line);
    struct lattn_text text;

    for (enum lattn_format format = LATTN_FORMAT_JSON; format <= LATTN_FORMAT_MSGPACK; format++) {
        struct lattn_request again;

        lattn_text_init(&text);
        cr_assert_eq(lattn_write_request(&text, format, &request), LATTN_OK);
        cr_assert_eq(lattn_request_read(text.data, text.length, format, &again, NULL), LATTN_OK);
        lattn_request_done(&request);
        lattn_text_done(&text);
        request = again;
        cr_expect_eq(request.method, LATTN_METHOD_OFFER);
        cr_expect_eq(request.offer.shard, 2);
        cr_expect_eq(request.offer.shards, 4);
        cr_expect_eq(request.offer.epoch, 3);
        cr_expect_eq(request.offer.pairs, UINT64_MAX);
        cr_expect_eq(request.offer.lag, 5);
        cr_expect_eq(request.offer.lost, 6);
        cr_expect_eq(request.offer.rolled_back, 7);
        cr_expect_eq(request.offer.bytes, 9);
        cr_expect_eq(request.offer.parts, 3);
        cr_expect_eq(request.part, 1);
        cr_expect_str_eq(request.offer.worker, "ab");
        cr_assert_eq(request.offer.data.length, 3);
        cr_expect_arr_eq(request.offer.data.data,
                         "\0\xff"
                         "a",
                         3);
    }
    lattn_text_init(&text);
    cr_assert_eq(lattn_write_request(&text, LATTN_FORMAT_JSON, &request), LATTN_OK);
    cr_expect_str_eq(text.data, line);
    lattn_text_done(&text);
    lattn_request_done(&request);
}

Test(offer, says_what_is_missing)
{
    static const struct {
        const char *params;
        enum lattn_status status;
        const char *said;
    } cases[] = {
        {"", LATTN_FIELD, "shards is missing in params of offer"},
        {"\"shards\":1", LATTN_FIELD, "epoch is missing in params of offer"},
        {"\"shards\":1,\"epoch\":1", LATTN_FIELD, "worker is missing in params of offer"},
        {"\"shards\":1,\"epoch\":1,\"worker\":\"a\",\"parts\":1", LATTN_FIELD,
         "bytes, parts and data come together in an offer"},
        {"\"shards\":1,\"epoch\":1,\"worker\":\"a\",\"part\":2", LATTN_RANGE,
         "part is 2, the offer has 0"},
        {"\"data\":\"?\"", LATTN_FIELD, "data is no base64"},
        {"\"data\":7", LATTN_FIELD, NULL},
        {"\"confirm\":true", LATTN_FIELD, "unknown field \"confirm\" in params of offer"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lattn_complaint complaint = {""};
        struct lattn_request request;
        char text[256];

        snprintf(text, sizeof text, "{\"method\":\"offer\",\"params\":{%s}}", cases[i].params);
        cr_expect_eq(
            lattn_request_read(text, strlen(text), LATTN_FORMAT_JSON, &request, &complaint),
            cases[i].status, "%s", text);
        if (cases[i].said != NULL)
            cr_expect_str_eq(complaint.text, cases[i].said);
        cr_expect_null(request.offer.data.data);
    }
}

Test(offer, is_answered_by_whether_it_is_whole)
{
    for (int32_t whole = 0; whole <= 1; whole++) {
        const struct lattn_taken taken = {.whole = whole};
        struct lattn_taken read = {.whole = !whole};
        struct lattn_complaint complaint;
        struct lattn_text result, message;
        struct lattn_reply reply;

        lattn_text_init(&result);
        lattn_text_init(&message);
        cr_assert_eq(lattn_write_taken(&result, LATTN_FORMAT_JSON, &taken), LATTN_OK);
        cr_assert_eq(
            lattn_write_reply(&message, LATTN_FORMAT_JSON, "1", result.data, result.length),
            LATTN_OK);
        cr_assert_eq(
            lattn_reply_read(message.data, message.length, LATTN_FORMAT_JSON, &reply, &complaint),
            LATTN_OK);
        cr_expect_eq(lattn_reply_taken(&reply, &read), LATTN_OK);
        cr_expect_eq(read.whole, whole);
        lattn_reply_done(&reply);
        lattn_text_done(&result);
        lattn_text_done(&message);
    }
}
