/*
 * What a daemon answers to "suggest": indices of candidates, and sequences made to order.
 */
#include <lattn/wire.h>

#include "base/memory.h"
#include "support/leaks.h"
#include "support/unpack.h"

#include <criterion/criterion.h>
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

Test(answer, reads_the_suggestion_it_wrote)
{
    const size_t order[] = {7, 0, 4095};
    struct lattn_reply reply;
    struct lattn_text text;
    int32_t *read;
    size_t count;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_suggestion(&text, LATTN_FORMAT_JSON, order, 3), LATTN_OK);
    cr_assert_str_eq(text.data, "{\"order\":[7,0,4095]}");
    reply = reply_around(&text);
    cr_assert_eq(lattn_reply_suggestion(&reply, &read, &count), LATTN_OK);
    cr_assert_eq(count, 3);
    cr_assert_eq(read[2], 4095);
    memory_release(read);
    lattn_reply_done(&reply);
}

/* Two sequences of two tokens, as lattn_learner_design makes them. */
static const double design_z[] = {0.5, 0.5, 0, 1, -1, 0, 1, 0};

static const struct lattn_item design_items[] = {
    {.z = design_z, .weight = 1, .n = 2, .d = 2},
    {.z = design_z + 4, .weight = 1, .n = 2, .d = 2},
};

static struct lattn_design design_of(size_t count)
{
    return (struct lattn_design){(struct lattn_item *)design_items, count, 3};
}

Test(answer, reads_the_design_it_wrote)
{
    struct lattn_design design = design_of(2), none = design_of(0), read;
    struct lattn_reply reply;
    struct lattn_text text;

    lattn_text_init(&text);
    cr_assert_eq(lattn_write_design(&text, LATTN_FORMAT_JSON, &design), LATTN_OK);
    cr_assert_str_eq(text.data, "{\"missing\":3,\"inputs\":[{\"z\":[[0.5,0.5],[0,1]]},"
                                "{\"z\":[[-1,0],[1,0]]}]}");
    reply = reply_around(&text);
    cr_assert_eq(lattn_reply_design(&reply, &read), LATTN_OK);
    cr_assert_eq(read.missing, 3);
    cr_assert_eq(read.count, 2);
    cr_assert_eq(read.items[1].n, 2);
    cr_assert_eq(read.items[1].d, 2);
    cr_assert_arr_eq(read.items[0].z, design_z, 4 * sizeof *design_z);
    cr_assert_arr_eq(read.items[1].z, design_z + 4, 4 * sizeof *design_z);
    lattn_design_done(&read);
    lattn_reply_done(&reply);
    cr_assert_eq(lattn_write_design(&text, LATTN_FORMAT_JSON, &none), LATTN_OK);
    reply = reply_around(&text);
    cr_assert_eq(lattn_reply_design(&reply, &read), LATTN_OK);
    cr_assert_eq(read.count, 0);
    lattn_design_done(&read);
    lattn_reply_done(&reply);
    cr_assert_eq(leaks(), 0);
}

Test(answer, refuses_suggestions_no_daemon_makes)
{
    static const char *const lines[] = {
        "{\"result\":{\"missing\":1,\"order\":[-1]}}",
        "{\"result\":{\"missing\":0,\"inputs\":[{\"z\":[[1]]}]}}",
        "{\"result\":{\"missing\":3,\"inputs\":[{\"z\":[[1]]},{\"y\":1}]}}",
        "{\"result\":{\"missing\":-1,\"inputs\":[]}}",
        "{\"result\":{\"missing\":3,\"inputs\":[{\"z\":[[1],[1,2]]}]}}",
        "{\"result\":{\"inputs\":[{\"z\":[[1]]}],\"missing\":true}}",
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct lattn_reply reply = read_reply(lines[i]);
        struct lattn_design design;
        int32_t *order;
        size_t count;

        cr_assert_eq(lattn_reply_suggestion(&reply, &order, &count), LATTN_FIELD, "%s", lines[i]);
        cr_assert_eq(lattn_reply_design(&reply, &design), LATTN_FIELD, "%s", lines[i]);
        lattn_reply_done(&reply);
    }
    cr_assert_eq(leaks(), 0);
}

Test(answer, survives_failing_allocations_of_a_design)
{
    const struct lattn_design design = design_of(2);
    int failed = 1;

    for (uint64_t k = 1; failed; k++) {
        struct lattn_design read = {0};
        struct lattn_reply reply;
        struct lattn_text text;
        enum lattn_status status;

        lattn_text_init(&text);
        cr_assert_eq(lattn_write_design(&text, LATTN_FORMAT_JSON, &design), LATTN_OK);
        reply = reply_around(&text);
        memory_fail(k, k % 2 == 0);
        status = lattn_reply_design(&reply, &read);
        failed = memory_failed();
        memory_fail(0, 0);
        cr_assert_eq(status, failed ? LATTN_NO_MEMORY : LATTN_OK);
        lattn_design_done(&read);
        lattn_reply_done(&reply);
    }
    cr_assert_eq(leaks(), 0);
}

Test(answer, to_suggest_is_the_same_in_frames)
{
    const size_t order[] = {1, 300};
    const struct lattn_design design = design_of(2);
    struct lattn_text json, packed;

    for (int32_t made = 0; made <= 1; made++) {
        lattn_text_init(&json);
        lattn_text_init(&packed);
        cr_assert_eq(made ? lattn_write_design(&json, LATTN_FORMAT_JSON, &design)
                          : lattn_write_suggestion(&json, LATTN_FORMAT_JSON, order, 2),
                     LATTN_OK);
        cr_assert_eq(made ? lattn_write_design(&packed, LATTN_FORMAT_MSGPACK, &design)
                          : lattn_write_suggestion(&packed, LATTN_FORMAT_MSGPACK, order, 2),
                     LATTN_OK);
        cr_assert(unpack_equal(packed.data, packed.length, json.data), "%s", json.data);
        lattn_text_done(&json);
        lattn_text_done(&packed);
    }
}
