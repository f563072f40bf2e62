#include "serve/inbox.h"

#include <criterion/criterion.h>
#include <string.h>

static struct pool pool = {.bytes_max = 1 << 20};
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
