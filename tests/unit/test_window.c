#include "window.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>

/* Add message n as the text of its number, for unit 2 n of the input and number 10 n of ours. */
static void add(struct window *window, uint64_t message)
{
    const struct window_unit unit = {
        .message = message, .input = 2 * message, .seq = 10 * message, .count = 10};
    char text[32];

    snprintf(text, sizeof text, "%llu", (unsigned long long)message);
    cr_assert_eq(window_add(window, &unit, text, strlen(text)), LATTN_OK);
}

/* Does the i-th unit hold what add gave message n? */
static int holds(const struct window *window, size_t i, uint64_t message)
{
    const struct window_unit *unit = window_unit(window, i);
    char text[32];

    snprintf(text, sizeof text, "%llu", (unsigned long long)message);
    return unit->message == message && unit->input == 2 * message && unit->seq == 10 * message &&
           unit->length == strlen(text) &&
           memcmp(window_bytes(window, unit), text, unit->length) == 0;
}

static int keep_none(struct window_unit *unit, void *arg)
{
    *(uint64_t *)arg += unit->count;
    return 0;
}

static int keep_postponed(struct window_unit *unit, void *arg)
{
    (void)arg;
    return unit->fate == WINDOW_POSTPONED;
}

Test(window, is_empty_at_first)
{
    struct window window = {0};
    uint64_t pairs = 0;

    cr_expect_eq(window_count(&window), 0);
    cr_expect_null(window_find(&window, 1));
    cr_expect_not(window_is_full(&window));
    window_settle(&window, UINT64_MAX, keep_none, &pairs);
    cr_expect_eq(pairs, 0);
    window_done(&window);
}

Test(window, finds_what_is_there_and_nothing_else)
{
    struct window window = {0};

    for (uint64_t message = 2; message <= 20; message += 2)
        add(&window, message);
    for (uint64_t message = 0; message <= 22; message++) {
        const struct window_unit *unit = window_find(&window, message);

        if (message >= 2 && message <= 20 && message % 2 == 0)
            cr_expect_eq(unit, window_unit(&window, message / 2 - 1));
        else
            cr_expect_null(unit);
    }
    window_done(&window);
}

Test(window, lets_go_of_what_came_before)
{
    struct window window = {0};
    uint64_t pairs = 0;

    for (uint64_t message = 1; message <= 9; message++)
        add(&window, message);
    window_settle(&window, 6, keep_none, &pairs);
    cr_expect_eq(pairs, 50, "five units of ten pairs");
    cr_assert_eq(window_count(&window), 4);
    for (size_t i = 0; i < 4; i++)
        cr_expect(holds(&window, i, 6 + i));
    window_done(&window);
}

Test(window, keeps_order_and_bytes_of_those_that_stay)
{
    struct window window = {0};

    for (uint64_t message = 1; message <= 9; message++)
        add(&window, message);
    window_find(&window, 2)->fate = WINDOW_POSTPONED;
    window_find(&window, 5)->fate = WINDOW_POSTPONED;
    window_find(&window, 8)->fate = WINDOW_POSTPONED;
    window_settle(&window, 7, keep_postponed, NULL);
    cr_assert_eq(window_count(&window), 5);
    for (size_t i = 0; i < 5; i++)
        cr_expect(holds(&window, i, (const uint64_t[]){2, 5, 7, 8, 9}[i]));
    window_settle(&window, UINT64_MAX, keep_postponed, NULL);
    cr_assert_eq(window_count(&window), 3);
    for (size_t i = 0; i < 3; i++)
        cr_expect(holds(&window, i, (const uint64_t[]){2, 5, 8}[i]));
    window_done(&window);
}

Test(window, needs_memory_for_what_is_under_way_only)
{
    struct window window = {0};
    uint64_t pairs = 0;

    for (uint64_t message = 1; message <= 100000; message++) {
        add(&window, message);
        if (message % 1000 == 0)
            window_settle(&window, message - 10, keep_none, &pairs);
        cr_assert(holds(&window, window_count(&window) - 1, message));
        cr_assert(holds(&window, 0, message - window_count(&window) + 1));
    }
    cr_expect_eq(pairs / 10 + window_count(&window), 100000);
    cr_expect_lt(window.capacity, 10000);
    cr_expect_lt(window.bytes_capacity, 100000);
    window_done(&window);
}

Test(window, is_full_at_its_bounds_and_keeps_what_comes_nevertheless)
{
    static char large[WINDOW_BYTES_MAX];
    const struct window_unit unit = {.message = 2, .count = 1};
    struct window window = {0};
    struct window many = {0};

    add(&window, 1);
    cr_assert_eq(window_add(&window, &unit, large, sizeof large - 1), LATTN_OK);
    cr_expect(window_is_full(&window));
    add(&window, 3);
    cr_expect(holds(&window, 2, 3));
    window_done(&window);
    for (uint64_t message = 1; message < WINDOW_UNITS_MAX; message++)
        add(&many, message);
    cr_expect_not(window_is_full(&many));
    add(&many, WINDOW_UNITS_MAX);
    cr_expect(window_is_full(&many));
    window_done(&many);
}
