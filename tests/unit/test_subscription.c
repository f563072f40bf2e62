#include "serve/subscription.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <string.h>

static struct lattn_request request = {
    .method = LATTN_METHOD_SUBSCRIBE, .what = LATTN_TOPIC_MODEL, .every_ms = 50};
static struct entry entries[] = {{.request = NULL}, {.request = &request}};
static const struct chunk chunk = {.entries = entries, .entries_count = 2};

Test(subscription, wants_each_bulletin_once)
{
    struct subscription subscription = {0};
    struct bulletin bulletin = {.number = 1};

    cr_assert_not(subscription_wants(&subscription, &bulletin), "before it began");
    subscription_begin(&subscription, &chunk);
    cr_assert_not(subscription_wants(&subscription, NULL));
    cr_assert(subscription_wants(&subscription, &bulletin));
    subscription_sent(&subscription, &bulletin, 1000);
    cr_assert_not(subscription_wants(&subscription, &bulletin));
    bulletin.number = 3;
    cr_assert(subscription_wants(&subscription, &bulletin));
}

Test(subscription, waits_between_two)
{
    struct subscription subscription = {0};
    const struct bulletin bulletin = {.number = 1};

    subscription_begin(&subscription, &chunk);
    cr_assert_eq(subscription_wait(&subscription, 7), 0, "the first comes at once");
    subscription_sent(&subscription, &bulletin, 1000);
    cr_assert_eq(subscription_wait(&subscription, 1020), 30);
    cr_assert_eq(subscription_wait(&subscription, 1050), 0);
}

static void text_set(struct lattn_text *text, const char *bytes)
{
    cr_assert_eq(lattn_text_add(text, bytes, strlen(bytes)), LATTN_OK);
}

static void assert_sent(enum lattn_topic what, enum lattn_format format,
                        const struct bulletin *bulletin, const char *expected, size_t length)
{
    const struct subscription subscription = {.is_on = 1, .what = what};
    struct lattn_text text = {0};

    cr_assert_eq(subscription_write(&subscription, bulletin, format, &text), LATTN_OK);
    cr_assert_eq(text.length, length, "%s", text.data);
    cr_assert_arr_eq(text.data, expected, length, "%s", text.data);
    lattn_text_done(&text);
}

static void assert_line(enum lattn_topic what, const struct bulletin *bulletin,
                        const char *expected)
{
    assert_sent(what, LATTN_FORMAT_JSON, bulletin, expected, strlen(expected));
}

Test(subscription, gets_the_parts_and_format_it_asked_for)
{
    struct bulletin *bulletin = memory_zeroed(1, sizeof *bulletin);

    text_set(&bulletin->status[LATTN_FORMAT_JSON], "{\"d\":3}");
    text_set(&bulletin->status[LATTN_FORMAT_MSGPACK], "\x80");
    assert_line(LATTN_TOPIC_ALL, bulletin,
                "{\"method\":\"emission\",\"params\":{\"status\":{\"d\":3}}}\n");
    text_set(&bulletin->model[LATTN_FORMAT_JSON], "[1]");
    text_set(&bulletin->spectrum[LATTN_FORMAT_JSON], "[2]");
    text_set(&bulletin->spectrum[LATTN_FORMAT_MSGPACK], "\x90");
    assert_line(LATTN_TOPIC_STATUS, bulletin,
                "{\"method\":\"emission\",\"params\":{\"status\":{\"d\":3}}}\n");
    assert_line(LATTN_TOPIC_MODEL, bulletin,
                "{\"method\":\"emission\",\"params\":{\"status\":{\"d\":3},\"model\":[1]}}\n");
    assert_line(LATTN_TOPIC_SPECTRUM, bulletin,
                "{\"method\":\"emission\",\"params\":{\"status\":{\"d\":3},\"spectrum\":[2]}}\n");
    assert_line(LATTN_TOPIC_ALL, bulletin,
                "{\"method\":\"emission\",\"params\":{\"status\":{\"d\":3},\"model\":[1],"
                "\"spectrum\":[2]}}\n");
    assert_sent(LATTN_TOPIC_SPECTRUM, LATTN_FORMAT_MSGPACK, bulletin,
                "\x93\x02\xa8"
                "emission\x82\xa6status\x80\xa8spectrum\x90",
                30);
    bulletin_close(&bulletin);
    cr_assert_null(bulletin);
}
