#include "serve/inbox.h"

#include "base/memory.h"
#include "serve/bounds.h"

#include <criterion/criterion.h>
#include <string.h>

static void freed(void *arg)
{
    (void)arg;
}

static struct pool pool = {.bytes_max = 1 << 20, .freed = freed};
static struct inbox inbox;
static struct letter letter;
static struct lattn_complaint complaint;

static enum lattn_status next(void)
{
    return inbox_next(&inbox, &letter, &complaint);
}

Test(inbox, goes_by_the_first_byte)
{
    inbox_init(&inbox, 100, &pool);
    cr_assert_eq(next(), LATTN_MORE);
    cr_assert_eq(inbox_last(&inbox, &letter, &complaint), LATTN_MORE);
    cr_assert_eq(inbox_add(&inbox, "{}\n\x90\n", 5), LATTN_OK);
    cr_assert_eq(inbox.format, LATTN_FORMAT_JSON);
    cr_assert_eq(next(), LATTN_OK);
    cr_assert_eq(letter.length, 2);
    cr_assert_eq(next(), LATTN_OK, "the first byte decides for good");
    cr_assert_eq(letter.length, 1);
    inbox_done(&inbox);

    inbox_init(&inbox, 100, &pool);
    cr_assert_eq(inbox_add(&inbox, "\x90{}\n", 4), LATTN_OK);
    cr_assert_eq(inbox.format, LATTN_FORMAT_MSGPACK);
    cr_assert_eq(next(), LATTN_OK);
    cr_assert_eq(letter.length, 1);
    inbox_done(&inbox);
}

Test(inbox, gives_room_for_a_read_and_takes_what_is_there)
{
    size_t length;
    char *room;

    inbox_init(&inbox, 1000, &pool);
    for (int piece = 0; piece < 2; piece++) {
        room = inbox_room(&inbox, &length);
        cr_assert_not_null(room);
        cr_assert_geq(length, READ_BYTES_MIN);
        cr_assert_leq(length, READ_BYTES_MAX);
        memcpy(room, piece == 0 ? "{\"a\"" : ":1}\n{}", piece == 0 ? 4 : 6);
        cr_assert_eq(inbox_add(&inbox, room, piece == 0 ? 4 : 6), LATTN_OK);
    }
    cr_assert_eq(inbox.buffer.end - inbox.buffer.start, 10);
    cr_assert_eq(next(), LATTN_OK);
    cr_assert_eq(letter.length, 7);
    cr_assert_eq(memcmp(letter.bytes, "{\"a\":1}", 7), 0);
    cr_assert_eq(next(), LATTN_MORE);
    inbox_done(&inbox);
}

Test(inbox, is_lost_behind_a_bad_frame_but_not_behind_a_long_line)
{
    inbox_init(&inbox, 4, &pool);
    cr_assert_eq(inbox_add(&inbox, "long line\n{}\n", 13), LATTN_OK);
    cr_assert_eq(next(), LATTN_TOO_BIG);
    cr_assert_not(inbox_is_lost(&inbox));
    cr_assert_eq(next(), LATTN_OK);
    inbox_done(&inbox);

    inbox_init(&inbox, 4, &pool);
    cr_assert_eq(inbox_add(&inbox, "\x91\xa9long text\x90", 12), LATTN_OK);
    cr_assert_eq(next(), LATTN_TOO_BIG);
    cr_assert(inbox_is_lost(&inbox));
    cr_assert_eq(next(), LATTN_MORE);
    inbox_done(&inbox);
}

Test(inbox, takes_what_is_left_at_the_end)
{
    inbox_init(&inbox, 100, &pool);
    cr_assert_eq(inbox_add(&inbox, "{}", 2), LATTN_OK);
    cr_assert_eq(next(), LATTN_MORE);
    cr_assert_eq(inbox_last(&inbox, &letter, &complaint), LATTN_OK);
    cr_assert_eq(letter.length, 2);
    inbox_trim(&inbox);
    cr_assert_null(inbox.buffer.data);
    inbox_done(&inbox);

    inbox_init(&inbox, 100, &pool);
    cr_assert_eq(inbox_add(&inbox, "\x92\x00", 2), LATTN_OK);
    cr_assert_eq(next(), LATTN_MORE);
    cr_assert_eq(inbox_last(&inbox, &letter, &complaint), LATTN_SYNTAX);
    inbox_done(&inbox);
}

/* Fill it with so many bytes that are no end of a message, as reads bring them. */
static enum lattn_status grow(size_t bytes)
{
    static const char ones[READ_BYTES_MAX] = {'1'};
    enum lattn_status status = LATTN_OK;

    for (size_t at = 0; at < bytes && status == LATTN_OK; at += sizeof ones) {
        status = inbox_add(&inbox, ones, sizeof ones);
        cr_assert_eq(status, LATTN_OK);
        cr_assert_eq(next(), LATTN_MORE);
        status = inbox_expect(&inbox);
    }
    return status;
}

Test(inbox, takes_memory_of_all_only_for_long_messages)
{
    inbox_init(&inbox, 1 << 20, &pool);
    cr_assert_eq(inbox_expect(&inbox), LATTN_OK);
    cr_assert_null(inbox.buffer.data, "nothing is allocated for what may come");
    cr_assert_eq(grow(READ_BYTES_MAX), LATTN_OK);
    cr_assert_eq(pool.bytes, 0, "a piece of 64 KiB is its own affair");
    cr_assert_leq(inbox.buffer.capacity, INPUT_BYTES_OWN);
    cr_assert_eq(grow(READ_BYTES_MAX), LATTN_OK);
    cr_assert_eq(pool.bytes, inbox.buffer.capacity);
    cr_assert_eq(inbox.pooled, pool.bytes);
    inbox_done(&inbox);
    cr_assert_eq(pool.bytes, 0);
}

Test(inbox, waits_where_the_memory_of_all_is_used_up)
{
    inbox_init(&inbox, 1 << 20, &pool);
    cr_assert_eq(pool_take(&pool, (1 << 20) - (300 << 10), &pool), LATTN_OK);
    cr_assert_eq(grow(1 << 20), LATTN_MEMORY_LIMIT);
    cr_assert(pool.is_wanted);
    cr_assert_leq(buffer_length(&inbox.buffer), inbox.buffer.capacity);
    pool_give(&pool, (1 << 20) - (300 << 10));
    cr_assert_eq(inbox_expect(&inbox), LATTN_OK, "and goes on when there is some");
    inbox_done(&inbox);
}

Test(inbox, needs_never_more_than_the_longest_message_and_a_read)
{
    struct pool large = {.bytes_max = 2 * ((1 << 20) + READ_BYTES_MAX)};

    inbox_init(&inbox, 1 << 20, &large);
    cr_assert_eq(grow(1 << 20), LATTN_OK);
    cr_assert_eq(inbox.buffer.capacity, (1 << 20) + READ_BYTES_MAX);
    cr_assert_eq(large.bytes, inbox.buffer.capacity);
    inbox_done(&inbox);
}

Test(inbox, shrinks_when_a_long_message_was_taken)
{
    inbox_init(&inbox, 1 << 20, &pool);
    cr_assert_eq(grow(4 * READ_BYTES_MAX), LATTN_OK);
    cr_assert_eq(inbox_add(&inbox, "\n{\"z\"", 5), LATTN_OK);
    cr_assert_eq(next(), LATTN_OK);
    cr_assert_eq(next(), LATTN_MORE);
    memory_fail(1, 0);
    inbox_trim(&inbox);
    cr_assert_gt(pool.bytes, 0, "without memory for less it keeps what it has");
    memory_fail(0, 0);
    inbox_trim(&inbox);
    cr_assert_eq(pool.bytes, 0);
    cr_assert_eq(inbox.buffer.capacity, INPUT_BYTES_OWN);
    cr_assert_eq(memcmp(buffer_bytes(&inbox.buffer), "{\"z\"", 4), 0, "the piece behind it stays");
    inbox_done(&inbox);
}

Test(inbox, can_give_a_message_up)
{
    inbox_init(&inbox, 100, &pool);
    cr_assert_eq(inbox_add(&inbox, "{}\n{\"z\"", 7), LATTN_OK);
    cr_assert_eq(next(), LATTN_OK);
    cr_assert_eq(next(), LATTN_MORE);
    inbox_abandon(&inbox, &letter);
    cr_assert_eq(letter.number, 2);
    cr_assert(inbox_is_lost(&inbox));
    cr_assert_eq(next(), LATTN_MORE);
    inbox_done(&inbox);

    inbox_init(&inbox, 100, &pool);
    cr_assert_eq(inbox_add(&inbox, "\x94\x00\x05\xa5le", 6), LATTN_OK);
    cr_assert_eq(next(), LATTN_MORE);
    inbox_abandon(&inbox, &letter);
    cr_assert_eq(letter.length, 6, "with what its answer is to name");
    cr_assert(inbox_is_lost(&inbox));
    inbox_done(&inbox);
}
