#include <lattn/wire.h>

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { SHARDS = 10 };

static struct lattn_shard shards[SHARDS];

/* All is well with the first `expect` of them. */
static struct lattn_aggregate aggregate_of(uint64_t expect)
{
    for (int i = 0; i < SHARDS; i++) {
        shards[i] = (struct lattn_shard){.pairs = 100, .age_s = 3, .lag = 2};
        snprintf(shards[i].worker, sizeof shards[i].worker, "w");
    }
    return (struct lattn_aggregate){.expect = expect, .epoch = 4, .complete = 1, .shards = shards};
}

static void expect_sentence(const struct lattn_aggregate *aggregate, const char *expected)
{
    char sentence[LATTN_SENTENCE_MAX];

    lattn_aggregate_sentence(aggregate, sentence);
    cr_expect_str_eq(sentence, expected);
}

Test(aggregate, says_nothing_where_nothing_is_wrong)
{
    const struct lattn_aggregate aggregate = aggregate_of(3);

    expect_sentence(&aggregate, "");
}

Test(aggregate, names_what_is_wrong_in_one_line)
{
    struct lattn_aggregate aggregate = aggregate_of(4);

    shards[1].worker[0] = shards[3].worker[0] = '\0';
    expect_sentence(&aggregate, "incomplete: shards 1, 3 never seen");
    shards[2].is_stale = 1;
    shards[2].age_s = 40;
    shards[0].lost = 37;
    expect_sentence(&aggregate, "incomplete: shards 1, 3 never seen; shard 2 stale for 40 s; "
                                "37 messages lost");
    aggregate = aggregate_of(4);
    shards[2].is_rolled_back = 1;
    snprintf(shards[3].error, sizeof shards[3].error, "mixed");
    snprintf(aggregate.error, sizeof aggregate.error, "no memory");
    expect_sentence(&aggregate, "shard 2 rolled back; shard 3 refused; not added up: no memory");
}

Test(aggregate, counts_shards_that_are_too_many_to_be_named)
{
    struct lattn_aggregate aggregate = aggregate_of(SHARDS);

    for (int i = 0; i < SHARDS; i++)
        shards[i].worker[0] = '\0';
    expect_sentence(&aggregate, "incomplete: shards 0, 1, 2, 3, 4, 5 and 4 more never seen");
}

/* Whatever is wrong, it ends within the line. */
Test(aggregate, cuts_a_line_that_is_too_long)
{
    struct lattn_aggregate aggregate = aggregate_of(SHARDS);
    char sentence[LATTN_SENTENCE_MAX];

    for (int i = 0; i < SHARDS; i++) {
        shards[i].is_stale = shards[i].is_rolled_back = 1;
        shards[i].age_s = INT64_MAX;
        shards[i].lost = UINT64_MAX / SHARDS;
        snprintf(shards[i].error, sizeof shards[i].error, "wrong");
    }
    memset(aggregate.error, 'x', sizeof aggregate.error - 1);
    lattn_aggregate_sentence(&aggregate, sentence);
    cr_expect_eq(strlen(sentence), LATTN_SENTENCE_MAX - 1);
}

Test(aggregate, stands_in_status_and_before_the_verdict)
{
    struct lattn_aggregate aggregate = aggregate_of(2);
    const struct lattn_report report = {.certificate = {.lost_at = LATTN_NEVER}};
    struct lattn_service service = {.heads = LATTN_NEVER, .aggregate = &aggregate};
    struct lattn_text text;

    aggregate.complete = 0;
    shards[1] = (struct lattn_shard){.age_s = LATTN_NEVER};
    lattn_text_init(&text);
    cr_assert_eq(lattn_write_status(&text, LATTN_FORMAT_JSON, &report, &service), LATTN_OK);
    cr_expect(strstr(text.data,
                     "\"aggregate\":{\"expect\":2,\"complete\":false,\"epoch\":4,\"error\":null,"
                     "\"shards\":[{\"shard\":0,\"worker\":\"w\",\"pairs\":100,\"age_s\":3,"
                     "\"lag\":2,\"lost\":0,\"stale\":false,\"rolled_back\":false,"
                     "\"error\":null},{\"shard\":1,\"worker\":null,\"pairs\":0,"
                     "\"age_s\":null,"),
              "%s", text.data);
    cr_expect(strstr(text.data, "\"headline\":\"incomplete: shard 1 never seen\""), "%s",
              text.data);
    lattn_text_done(&text);
}

/* A reply to status with this aggregate. */
static struct lattn_reply reply_of(const struct lattn_aggregate *aggregate)
{
    const struct lattn_report report = {.certificate = {.lost_at = LATTN_NEVER}};
    const struct lattn_service service = {.heads = LATTN_NEVER, .aggregate = aggregate};
    struct lattn_text result, message;
    struct lattn_complaint complaint;
    struct lattn_reply reply;

    lattn_text_init(&result);
    lattn_text_init(&message);
    cr_assert_eq(lattn_write_status(&result, LATTN_FORMAT_JSON, &report, &service), LATTN_OK);
    cr_assert_eq(lattn_write_reply(&message, LATTN_FORMAT_JSON, "1", result.data, result.length),
                 LATTN_OK);
    cr_assert_eq(
        lattn_reply_read(message.data, message.length, LATTN_FORMAT_JSON, &reply, &complaint),
        LATTN_OK);
    lattn_text_done(&result);
    lattn_text_done(&message);
    return reply;
}

Test(aggregate, is_read_back_as_it_was_written)
{
    struct lattn_aggregate aggregate = aggregate_of(3);
    struct lattn_aggregate *read = NULL;
    struct lattn_reply reply;

    shards[1] = (struct lattn_shard){.age_s = LATTN_NEVER, .error = "mixed"};
    shards[2].is_stale = shards[2].is_rolled_back = 1;
    shards[2].lost = UINT64_MAX;
    aggregate.complete = 0;
    snprintf(aggregate.error, sizeof aggregate.error, "no memory");
    reply = reply_of(&aggregate);
    cr_assert_eq(lattn_reply_aggregate(&reply, &read), LATTN_OK);
    cr_expect_eq(read->expect, 3);
    cr_expect_eq(read->epoch, 4);
    cr_expect_eq(read->complete, 0);
    cr_expect_str_eq(read->error, "no memory");
    cr_expect_eq(memcmp(read->shards, shards, 3 * sizeof *shards), 0);
    lattn_aggregate_close(&read);
    cr_expect_null(read);
    lattn_aggregate_close(&read);
    lattn_reply_done(&reply);
    reply = reply_of(NULL);
    cr_expect_eq(lattn_reply_aggregate(&reply, &read), LATTN_OK);
    cr_expect_null(read, "it learns by itself");
    lattn_reply_done(&reply);
}

Test(aggregate, is_refused_where_it_is_none)
{
    static const char *const results[] = {"{\"aggregate\":7}", "{\"aggregate\":{}}",
                                          "{\"aggregate\":{\"expect\":2,\"shards\":[{}]}}",
                                          "{\"aggregate\":{\"expect\":1,\"shards\":[7]}}", "[]"};

    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        struct lattn_aggregate *read = NULL;
        struct lattn_complaint complaint;
        struct lattn_reply reply;
        char line[128];

        snprintf(line, sizeof line, "{\"id\":1,\"result\":%s}\n", results[i]);
        cr_assert_eq(lattn_reply_read(line, strlen(line), LATTN_FORMAT_JSON, &reply, &complaint),
                     LATTN_OK);
        cr_expect_eq(lattn_reply_aggregate(&reply, &read), LATTN_FIELD, "%s", line);
        cr_expect_null(read);
        lattn_reply_done(&reply);
    }
}
