#include "monitor/ring.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct lattn_text text_of(size_t length)
{
    struct lattn_text text;

    lattn_text_init(&text);
    for (size_t i = 0; i < length; i++)
        cr_assert_eq(lattn_text_add(&text, "x", 1), LATTN_OK);
    return text;
}

static void add(struct ring *ring, uint64_t number, size_t length)
{
    struct lattn_text text = text_of(length);

    cr_assert_eq(ring_add(ring, number, &text), LATTN_OK);
    cr_assert_null(text.data, "it was given");
}

/* The number of the event behind this one; 0: there is none. */
static uint64_t number_after(struct ring *ring, uint64_t after)
{
    struct ring_event *event = ring_next(ring, after);
    uint64_t number = event == NULL ? 0 : event->number;

    ring_release(&event);
    cr_assert_null(event);
    return number;
}

Test(ring, gives_events_in_their_order)
{
    struct ring ring = {.count = 0};

    cr_expect_eq(number_after(&ring, 0), 0);
    cr_expect_eq(ring_newest(&ring), 0);
    for (uint64_t number = 3; number < 9; number++)
        add(&ring, number, 10);
    cr_expect_eq(ring_newest(&ring), 8);
    cr_expect_eq(number_after(&ring, 0), 3);
    for (uint64_t after = 3; after < 8; after++)
        cr_expect_eq(number_after(&ring, after), after + 1);
    cr_expect_eq(number_after(&ring, 8), 0);
    cr_expect_eq(number_after(&ring, 99), 0);
    ring_done(&ring);
    cr_expect_eq(ring.bytes, 0);
}

Test(ring, keeps_the_newest_as_far_as_there_is_room)
{
    struct ring ring = {.count = 0};

    for (uint64_t number = 1; number <= 3 * RING_EVENTS_MAX; number++) {
        add(&ring, number, 100);
        cr_assert_leq(ring.count, (size_t)RING_EVENTS_MAX);
        cr_assert_eq(ring.bytes, 100 * ring.count);
        cr_assert_eq(ring_newest(&ring), number);
    }
    cr_expect_eq(ring.count, (size_t)RING_EVENTS_MAX);
    cr_expect_eq(number_after(&ring, 1), 2 * RING_EVENTS_MAX + 1);
    add(&ring, 1000, RING_BYTES_MAX - 250);
    cr_expect_eq(ring.count, 3, "this one and two of 100");
    add(&ring, 1001, RING_BYTES_MAX + 1);
    cr_expect_eq(ring.count, 1, "the newest is kept whatever its length");
    cr_expect_eq(number_after(&ring, 0), 1001);
    ring_done(&ring);
}

Test(ring, lets_go_of_an_event_when_nobody_sends_it_any_more)
{
    struct ring ring = {.count = 0};
    struct ring_event *event;

    add(&ring, 1, 10);
    event = ring_next(&ring, 0);
    for (uint64_t number = 2; number < 2 * RING_EVENTS_MAX; number++)
        add(&ring, number, 10);
    cr_expect_eq(event->holders, 1, "the ring has forgotten it");
    cr_expect_eq(event->text.length, 10);
    ring_release(&event);
    ring_done(&ring);
}

Test(ring, is_as_before_without_memory)
{
    struct ring ring = {.count = 0};
    struct lattn_text text = text_of(10);

    add(&ring, 1, 10);
    memory_fail(1, 0);
    cr_expect_eq(ring_add(&ring, 2, &text), LATTN_NO_MEMORY);
    memory_fail(0, 0);
    cr_expect_eq(ring_newest(&ring), 1);
    cr_expect_eq(text.length, 10, "it is still the caller's");
    lattn_text_done(&text);
    ring_done(&ring);
}
