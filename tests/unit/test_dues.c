#include "serve/dues.h"

#include "serve/bounds.h"

#include <criterion/criterion.h>

static struct dues dues;

/* Turns until the client may go on. */
static int turns(void)
{
    int count = 1;

    while (!dues_settle(&dues))
        count++;
    return count;
}

Test(dues, let_go_on_who_took_no_more_than_a_turn)
{
    cr_assert_eq(turns(), 1);
    dues_add(&dues, TURN_BYTES);
    (void)dues_charge(&dues, TURN_BYTES, 100);
    cr_assert_eq(turns(), 1);
    cr_assert_eq(dues.debt, 100, "what is left is not forgotten");
}

Test(dues, are_paid_for_a_long_message_by_the_turns_that_follow)
{
    dues_add(&dues, 5 * TURN_BYTES);
    (void)dues_charge(&dues, 5 * TURN_BYTES, 0);
    cr_assert_eq(turns(), 5);
}

Test(dues, are_paid_once_however_a_message_comes)
{
    dues_add(&dues, 3000);
    dues_charge_rest(&dues);
    cr_assert_eq(dues.debt, 3000, "a piece costs what it is long");
    dues_add(&dues, 2500);
    (void)dues_charge(&dues, 5000, 10);
    cr_assert_eq(dues.debt, 5510, "the message costs its rest and what was read of the next");
    dues_charge_rest(&dues);
    cr_assert_eq(dues.debt, 5510);
}

Test(dues, are_paid_for_what_waits_when_it_is_handed_on)
{
    dues_add(&dues, 4 * TURN_BYTES);
    for (int i = 0; i < 4; i++) {
        (void)dues_charge(&dues, TURN_BYTES, 0);
        cr_assert_eq(turns(), 1);
    }
    cr_assert_eq(dues.unpaid, 0);
}

Test(dues, are_paid_for_what_is_passed_over)
{
    dues_add(&dues, 8 * TURN_BYTES);
    dues_charge_rest(&dues);
    cr_assert_eq(turns(), 8);
}

Test(dues, are_higher_for_requests_whose_answers_are_not_awaited)
{
    dues_add(&dues, 301);
    cr_assert_eq(dues_charge(&dues, 100, 20), 120);
    dues_hurry(&dues);
    cr_assert_eq(turns(), 7);
    (void)dues_charge(&dues, 200, 0);
    dues_hurry(&dues);
    cr_assert_eq(turns(), 1, "behind the last one is the end of its line");
}
