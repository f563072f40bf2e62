#include "serve/subscription.h"

#include <criterion/criterion.h>

static struct lattn_request request = {
    .method = LATTN_METHOD_SUBSCRIBE, .model = 1, .every_ms = 50};
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

Test(subscription, gets_the_part_and_format_it_asked_for)
{
    struct subscription subscription = {.is_on = 1};
    struct bulletin bulletin = {.number = 1};
    struct lattn_text text = {0};

    cr_assert_eq(lattn_text_add(&bulletin.status[LATTN_FORMAT_MSGPACK], "packed", 6), LATTN_OK);
    cr_assert_eq(lattn_text_add(&bulletin.model[LATTN_FORMAT_JSON], "model", 5), LATTN_OK);
    cr_assert_eq(subscription_write(&subscription, &bulletin, LATTN_FORMAT_MSGPACK, &text),
                 LATTN_OK);
    cr_assert_str_eq(text.data, "packed");
    lattn_text_done(&text);
    subscription_begin(&subscription, &chunk);
    cr_assert_eq(subscription_write(&subscription, &bulletin, LATTN_FORMAT_JSON, &text), LATTN_OK);
    cr_assert_str_eq(text.data, "model");
    lattn_text_done(&text);
    lattn_text_done(&bulletin.status[LATTN_FORMAT_MSGPACK]);
    lattn_text_done(&bulletin.model[LATTN_FORMAT_JSON]);
}
