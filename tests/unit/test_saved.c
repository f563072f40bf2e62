#include <lattn/wire.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

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

static struct lattn_reply reply_of(const char *result)
{
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_text_add(&text, result, strlen(result)), LATTN_OK);
    return reply_around(LATTN_FORMAT_JSON, &text);
}

Test(saved, reads_the_checkpoint_it_wrote)
{
    const struct lattn_checkpoint checkpoint = {
        .position = 7, .pairs = UINT64_MAX, .bytes = 5000, .durable = 1};
    struct lattn_checkpoint read;
    struct lattn_text text;

    for (enum lattn_format format = LATTN_FORMAT_JSON; format <= LATTN_FORMAT_MSGPACK; format++) {
        struct lattn_reply reply;

        lattn_text_init(&text);
        cr_assert_eq(lattn_write_checkpoint(&text, format, &checkpoint), LATTN_OK);
        reply = reply_around(format, &text);
        cr_assert_str_eq(reply.body, "{\"position\":7,\"pairs\":18446744073709551615,"
                                     "\"bytes\":5000,\"durable\":true}");
        cr_assert_eq(lattn_reply_checkpoint(&reply, &read), LATTN_OK);
        cr_assert_eq(read.position, 7);
        cr_assert_eq(read.pairs, UINT64_MAX);
        cr_assert_eq(read.bytes, 5000);
        cr_assert_eq(lattn_reply_image(&reply, &(struct lattn_image){0}), LATTN_FIELD);
        lattn_reply_done(&reply);
    }
}

Test(saved, reads_the_image_it_wrote)
{
    const struct lattn_image image = {.id = 3, .bytes = 5000, .parts = 2, .pairs = 40};
    struct lattn_reply reply;
    struct lattn_image read;
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_image(&text, LATTN_FORMAT_JSON, &image), LATTN_OK);
    cr_assert_str_eq(text.data, "{\"id\":3,\"bytes\":5000,\"parts\":2,\"pairs\":40}");
    reply = reply_around(LATTN_FORMAT_JSON, &text);
    cr_assert_eq(lattn_reply_image(&reply, &read), LATTN_OK);
    cr_assert_eq(read.id, 3);
    cr_assert_eq(read.bytes, 5000);
    cr_assert_eq(read.parts, 2);
    cr_assert_eq(read.pairs, 40);
    cr_assert_eq(lattn_reply_checkpoint(&reply, &(struct lattn_checkpoint){0}), LATTN_FIELD);
    lattn_reply_done(&reply);
}

/* Every length around the pieces in which base64 is made, in both formats. */
Test(saved, brings_a_part_over_byte_by_byte)
{
    static const size_t lengths[] = {1, 2, 3, 255, 3071, 3072, 3073, 6144, 100000};
    static char bytes[100000];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 2654435761u >> 13);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (enum lattn_format format = LATTN_FORMAT_JSON; format <= LATTN_FORMAT_MSGPACK;
             format++) {
            struct lattn_reply reply;
            struct lattn_text text;
            uint64_t part = 0;

            lattn_text_init(&text);
            cr_assert_eq(lattn_write_part(&text, format, 9, bytes, lengths[i]), LATTN_OK);
            reply = reply_around(format, &text);
            cr_assert_eq(lattn_reply_part(&reply, &part, &text), LATTN_OK);
            cr_assert_eq(part, 9);
            cr_assert_eq(text.length, lengths[i]);
            cr_assert_arr_eq(text.data, bytes, lengths[i]);
            lattn_reply_done(&reply);
            lattn_text_done(&text);
        }
    }
}

Test(saved, sends_a_part_as_a_bin_or_as_base64)
{
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_part(&text, LATTN_FORMAT_MSGPACK, 1, "\xff\0a", 3), LATTN_OK);
    cr_assert_eq(text.length, 17);
    cr_assert_arr_eq(text.data,
                     "\x82\xa4part\x01\xa4"
                     "data\xc4\x03\xff\0a",
                     17);
    text.length = 0;
    cr_assert_eq(lattn_write_part(&text, LATTN_FORMAT_JSON, 1, "\xff\0a", 3), LATTN_OK);
    cr_assert_str_eq(text.data, "{\"part\":1,\"data\":\"/wBh\"}");
    lattn_text_done(&text);
}

Test(saved, refuses_what_is_no_such_answer)
{
    static const char *const wrong[] = {"{}",
                                        "{\"part\":1}",
                                        "{\"part\":1,\"data\":null}",
                                        "{\"part\":1,\"data\":7}",
                                        "{\"part\":1,\"data\":\"Zg=\"}",
                                        "{\"part\":-1,\"data\":\"\"}",
                                        "{\"id\":0,\"bytes\":1,\"parts\":1}",
                                        "{\"id\":1,\"bytes\":0,\"parts\":0}",
                                        "{\"id\":1,\"bytes\":1,\"parts\":2}",
                                        "{\"position\":1,\"durable\":false}"};

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct lattn_reply reply = reply_of(wrong[i]);
        struct lattn_checkpoint checkpoint;
        struct lattn_image image;
        struct lattn_text text;
        uint64_t part;

        lattn_text_init(&text);
        cr_expect_eq(lattn_reply_part(&reply, &part, &text), LATTN_FIELD, "%s", wrong[i]);
        cr_expect_eq(lattn_reply_image(&reply, &image), LATTN_FIELD, "%s", wrong[i]);
        cr_expect_eq(lattn_reply_checkpoint(&reply, &checkpoint), LATTN_FIELD, "%s", wrong[i]);
        cr_expect_eq(text.length, 0);
        lattn_reply_done(&reply);
    }
}

/* ---- how it is asked for ---- */

static struct lattn_request request_of(const char *params, enum lattn_status expected,
                                       const char *said)
{
    struct lattn_complaint complaint = {""};
    struct lattn_request request;
    char text[128];
    int length = snprintf(text, sizeof text, "{\"method\":\"checkpoint\",\"params\":%s}", params);

    cr_expect_eq(lattn_request_read(text, (size_t)length, LATTN_FORMAT_JSON, &request, &complaint),
                 expected, "%s: %s", text, complaint.text);
    cr_expect_str_eq(complaint.text, said);
    return request;
}

Test(saved, is_asked_for_as_a_checkpoint_an_image_or_a_part)
{
    struct lattn_request request = request_of("{}", LATTN_OK, "");

    cr_assert_eq(request.method, LATTN_METHOD_CHECKPOINT);
    cr_assert(!request.makes_image && request.image == 0);
    request = request_of("{\"image\":true}", LATTN_OK, "");
    cr_assert(request.makes_image && request.image == 0);
    request = request_of("{\"part\":2,\"image\":3}", LATTN_OK, "");
    cr_assert(!request.makes_image && request.image == 3 && request.part == 2);
}

Test(saved, is_asked_for_in_no_other_way)
{
    static const char apart[] = "the id of an image and part come together in params of checkpoint";

    request_of("{\"image\":3}", LATTN_FIELD, apart);
    request_of("{\"part\":0}", LATTN_FIELD, apart);
    request_of("{\"image\":true,\"part\":0}", LATTN_FIELD, apart);
    request_of("{\"image\":0,\"part\":0}", LATTN_RANGE, "image is 0, images count from 1");
    request_of("{\"image\":\"3\",\"part\":0}", LATTN_FIELD,
               "image is \"3\", true or false is expected");
}
