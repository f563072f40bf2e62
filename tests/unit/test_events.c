#include <lattn/tasks.h>

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct lattn_events *open_events(int32_t window, enum lattn_vocabulary vocabulary)
{
    struct lattn_events *events = NULL;

    cr_assert_eq(lattn_events_open(&events, window, vocabulary), LATTN_OK);
    return events;
}

static struct lattn_event push(struct lattn_events *events, const char *key, const char *symbol)
{
    struct lattn_event event = {0};

    cr_assert_eq(lattn_events_push(events, key, symbol, &event), LATTN_OK);
    return event;
}

static void expect_symbols(const int32_t *symbols, int32_t count, const int32_t *expected,
                           int32_t expected_count)
{
    cr_assert_eq(count, expected_count);
    for (int32_t t = 0; t < count; t++)
        cr_expect_eq(symbols[t], expected[t]);
}

Test(events, slides_a_window_per_key)
{
    struct lattn_events *events = open_events(2, LATTN_VOCABULARY_GROWS);
    struct lattn_event event;

    event = push(events, "p", "a");
    expect_symbols(event.past, event.context, NULL, 0);
    expect_symbols(event.next, event.after, (int32_t[]){0}, 1);
    push(events, "q", "b");
    event = push(events, "p", "b");
    expect_symbols(event.past, event.context, (int32_t[]){0}, 1);
    expect_symbols(event.next, event.after, (int32_t[]){0, 1}, 2);
    event = push(events, "p", "c");
    expect_symbols(event.past, event.context, (int32_t[]){0, 1}, 2);
    expect_symbols(event.next, event.after, (int32_t[]){1, 2}, 2);
    event = push(events, "q", "a");
    expect_symbols(event.past, event.context, (int32_t[]){1}, 1);
    lattn_events_close(&events);
    cr_expect_null(events);
}

Test(events, numbers_symbols_in_order_of_appearance)
{
    struct lattn_events *events = open_events(1, LATTN_VOCABULARY_GROWS);
    const char *symbols[] = {"x", "y", "x", "z"};
    const int32_t indices[] = {0, 1, 0, 2};

    for (size_t i = 0; i < 4; i++)
        cr_expect_eq(push(events, "k", symbols[i]).symbol, indices[i]);
    cr_expect_eq(lattn_events_count(events), 3);
    cr_expect_str_eq(lattn_events_text(events, 2), "z");
    lattn_events_close(&events);
}

Test(events, knows_only_a_fixed_vocabulary)
{
    struct lattn_events *events = open_events(3, LATTN_VOCABULARY_FIXED);
    struct lattn_event event;
    int32_t index;

    cr_assert_eq(lattn_events_symbol(events, "a", &index), LATTN_OK);
    cr_expect_eq(index, 0);
    push(events, "k", "a");
    event = push(events, "k", "b");
    cr_expect_eq(event.symbol, -1);
    expect_symbols(event.next, event.after, (int32_t[]){0, -1}, 2);
    cr_expect_eq(lattn_events_count(events), 1);
    lattn_events_close(&events);
}

Test(events, grows_until_every_coordinate_is_taken)
{
    struct lattn_events *events = open_events(1, LATTN_VOCABULARY_GROWS);
    struct lattn_event event;
    char symbol[32];

    for (int i = 0; i < LATTN_EVENTS_SYMBOLS_MAX; i++) {
        snprintf(symbol, sizeof symbol, "s%d", i);
        cr_assert_eq(push(events, "k", symbol).symbol, i);
    }
    cr_expect_eq(lattn_events_push(events, "k", "one more", &event), LATTN_RANGE);
    event = push(events, "k", "s7");
    expect_symbols(event.past, event.context, (int32_t[]){LATTN_EVENTS_SYMBOLS_MAX - 1}, 1);
    lattn_events_close(&events);
}

Test(events, refuses_names_that_are_none)
{
    struct lattn_events *events = open_events(1, LATTN_VOCABULARY_GROWS);
    char long_symbol[LATTN_NAME_MAX + 1];
    char long_key[LATTN_EVENTS_KEY_MAX + 1];
    struct lattn_event event;

    memset(long_symbol, 's', sizeof long_symbol);
    memset(long_key, 'k', sizeof long_key);
    long_symbol[LATTN_NAME_MAX] = '\0';
    long_key[LATTN_EVENTS_KEY_MAX] = '\0';
    cr_expect_eq(lattn_events_push(events, "k", "", &event), LATTN_NAME);
    cr_expect_eq(lattn_events_push(events, "", "s", &event), LATTN_NAME);
    cr_expect_eq(lattn_events_push(events, "k", LATTN_EVENTS_BIAS, &event), LATTN_NAME);
    cr_expect_eq(lattn_events_push(events, "k", long_symbol, &event), LATTN_NAME);
    cr_expect_eq(lattn_events_push(events, long_key, "s", &event), LATTN_NAME);
    cr_expect_eq(lattn_events_count(events), 0);
    long_symbol[LATTN_NAME_MAX - 1] = '\0';
    long_key[LATTN_EVENTS_KEY_MAX - 1] = '\0';
    push(events, long_key, long_symbol);
    cr_expect_eq(push(events, long_key, long_symbol).context, 1);
    lattn_events_close(&events);
}

Test(events, refuses_a_window_out_of_range)
{
    struct lattn_events *events = NULL;

    cr_expect_eq(lattn_events_open(&events, 0, LATTN_VOCABULARY_GROWS), LATTN_RANGE);
    cr_expect_eq(lattn_events_open(&events, LATTN_EVENTS_WINDOW_MAX + 1, LATTN_VOCABULARY_GROWS),
                 LATTN_RANGE);
    cr_expect_null(events);
}

Test(events, keeps_many_keys_apart)
{
    struct lattn_events *events = open_events(2, LATTN_VOCABULARY_GROWS);
    char key[32];
    char symbol[32];

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 20000; i++) {
            struct lattn_event event;

            snprintf(key, sizeof key, "machine-%d", i);
            snprintf(symbol, sizeof symbol, "s%d", i % 100);
            event = push(events, key, symbol);
            cr_assert_eq(event.context, round);
            cr_assert(round == 0 || event.past[0] == i % 100);
        }
    }
    lattn_events_close(&events);
}

Test(events, is_as_before_where_memory_ran_out)
{
    struct lattn_events *events = NULL;
    struct lattn_event event;
    uint64_t k = 1;

    for (;; k++) {
        memory_fail(k, 0);
        if (lattn_events_open(&events, 4, LATTN_VOCABULARY_GROWS) == LATTN_OK)
            break;
        cr_assert_null(events);
    }
    cr_expect_eq(k, 3, "an open has two allocations");
    memory_fail(1, 0);
    cr_assert_eq(lattn_events_push(events, "k", "s", &event), LATTN_NO_MEMORY);
    memory_fail(0, 0);
    cr_expect_eq(lattn_events_count(events), 0);
    event = push(events, "k", "s");
    cr_expect_eq(event.symbol, 0);
    cr_expect_eq(event.context, 0);
    lattn_events_close(&events);
}
