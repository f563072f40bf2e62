#include "serve/buffer.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <string.h>

static struct buffer buffer;

Test(buffer, gives_bytes_back_in_their_order)
{
    static char sent[300000];
    size_t taken = 0;

    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (char)(i * 7 + i / 251);
    buffer_init(&buffer);
    for (size_t at = 0; at < sizeof sent; at += 1000) {
        cr_assert_eq(buffer_add(&buffer, sent + at, 1000), LATTN_OK);
        /* Less is taken than comes, so that what waits grows and moves. */
        cr_assert_eq(memcmp(buffer_bytes(&buffer), sent + taken, buffer_length(&buffer)), 0);
        buffer_take(&buffer, 700);
        taken += 700;
    }
    cr_assert_eq(buffer_length(&buffer), sizeof sent - taken);
    cr_assert_eq(memcmp(buffer_bytes(&buffer), sent + taken, sizeof sent - taken), 0);
    buffer_done(&buffer);
}

/* As they are read from a socket: into the room, of which some reads fill all and some little. */
Test(buffer, takes_bytes_where_they_are)
{
    static char sent[300000];
    size_t at = 0, taken = 0, length;

    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (char)(i * 7 + i / 251);
    buffer_init(&buffer);
    for (size_t round = 0; at < sizeof sent; round++) {
        char *room = buffer_room(&buffer, 1000, 5000, &length);

        cr_assert_not_null(room);
        cr_assert_geq(length, 1000);
        if (round % 3 == 0)
            length = 10;
        if (length > sizeof sent - at)
            length = sizeof sent - at;
        memcpy(room, sent + at, length);
        cr_assert_eq(buffer_add(&buffer, room, length), LATTN_OK);
        at += length;
        cr_assert_eq(memcmp(buffer_bytes(&buffer), sent + taken, buffer_length(&buffer)), 0);
        if (buffer_length(&buffer) > 500)
            buffer_take(&buffer, buffer_length(&buffer) - 500 * (round % 2));
        taken = at - buffer_length(&buffer);
    }
    cr_assert_leq(buffer.capacity, 64 << 10, "what was taken makes room");
    buffer_done(&buffer);
}

Test(buffer, gives_no_room_there_is_no_memory_for)
{
    size_t length;

    buffer_init(&buffer);
    memory_fail(1, 0);
    cr_assert_null(buffer_room(&buffer, 10, 20, &length));
    cr_assert_not_null(buffer_room(&buffer, 10, 20, &length));
    buffer_done(&buffer);
}

Test(buffer, costs_no_memory_when_idle)
{
    buffer_init(&buffer);
    cr_assert_null(buffer.data);
    cr_assert_eq(buffer_add(&buffer, "ab", 2), LATTN_OK);
    buffer_take(&buffer, 1);
    buffer_trim(&buffer);
    cr_assert_not_null(buffer.data, "a byte is still there");
    cr_assert_eq(buffer_bytes(&buffer)[0], 'b');
    buffer_take(&buffer, 1);
    buffer_trim(&buffer);
    cr_assert_null(buffer.data);
    cr_assert_eq(buffer_add(&buffer, "c", 1), LATTN_OK);
    cr_assert_eq(buffer_bytes(&buffer)[0], 'c');
    buffer_done(&buffer);
}

Test(buffer, refuses_bytes_there_is_no_memory_for)
{
    static char big[100000];

    buffer_init(&buffer);
    cr_assert_eq(buffer_add(&buffer, "a", 1), LATTN_OK);
    memory_fail(1, 0);
    cr_assert_eq(buffer_add(&buffer, big, sizeof big), LATTN_NO_MEMORY);
    cr_assert_eq(buffer_length(&buffer), 1);
    cr_assert_eq(buffer_bytes(&buffer)[0], 'a');
    buffer_done(&buffer);
}

Test(buffer, says_what_it_will_take_and_can_be_resized)
{
    buffer_init(&buffer);
    cr_assert_eq(buffer_add(&buffer, "abc", 3), LATTN_OK);
    buffer_take(&buffer, 1);
    for (size_t length = 1; length < 1 << 20; length += 99991) {
        static char bytes[1 << 20];
        size_t wanted = buffer_capacity_for(&buffer, length);

        cr_assert_eq(buffer_add(&buffer, bytes, length), LATTN_OK);
        cr_assert_eq(buffer.capacity, wanted);
        buffer.end -= length;
    }
    cr_assert_eq(buffer_resize(&buffer, 100), LATTN_OK);
    cr_assert_eq(buffer.capacity, 100);
    cr_assert_eq(memcmp(buffer_bytes(&buffer), "bc", 2), 0);
    memory_fail(1, 0);
    cr_assert_eq(buffer_resize(&buffer, 200), LATTN_NO_MEMORY);
    cr_assert_eq(buffer.capacity, 100);
    cr_assert_eq(memcmp(buffer_bytes(&buffer), "bc", 2), 0);
    buffer_done(&buffer);
}
