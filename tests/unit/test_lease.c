#include "source/lease.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define S UINT64_C(1000000000)

static struct lease lease;

static void begin(void)
{
    lease_init(&lease, "mine");
}

Test(lease, names_worker_host_and_process, .init = begin)
{
    cr_assert_eq(strncmp(lease.text, "mine ", 5), 0);
    cr_assert(strrchr(lease.text, ' ') > lease.text + 5);
}

Test(lease, is_free_where_nobody_holds_it, .init = begin)
{
    cr_assert_eq(lease_next(&lease, "", 0, 5 * S), LEASE_WRITE);
    cr_assert_eq(lease_next(&lease, "", 7, 6 * S), LEASE_WRITE, "it was given up");
}

Test(lease, is_kept_by_who_has_it, .init = begin)
{
    cr_assert_eq(lease_next(&lease, lease.text, 3, 5 * S), LEASE_WRITE);
    cr_assert_eq(lease_next(&lease, lease.text, 4, 500 * S), LEASE_WRITE);
}

Test(lease, goes_to_the_same_worker_after_a_restart, .init = begin)
{
    cr_assert_eq(lease_next(&lease, "mine elsewhere 1", 3, 5 * S), LEASE_WRITE);
}

/* Else two copies of one state would take turns. */
Test(lease, goes_there_once, .init = begin)
{
    cr_assert_eq(lease_next(&lease, lease.text, 3, 5 * S), LEASE_WRITE);
    cr_assert_eq(lease_next(&lease, "mine elsewhere 1", 4, 7 * S), LEASE_WAIT);
    cr_assert_eq(lease.held_ns, 0);
}

Test(lease, of_another_is_waited_for_until_it_is_stale, .init = begin)
{
    cr_assert_eq(lease_next(&lease, "other h 1", 3, 5 * S), LEASE_WAIT);
    cr_assert_eq(lease_next(&lease, "other h 1", 3, 10 * S), LEASE_WAIT);
    cr_assert_eq(lease_next(&lease, "other h 1", 4, 10 * S), LEASE_WAIT, "a sign of life");
    cr_assert_eq(lease_next(&lease, "other h 1", 4, 15 * S), LEASE_WAIT);
    cr_assert_eq(lease_next(&lease, "other h 1", 4, 16 * S), LEASE_WRITE);
}

/* A worker whose name only begins like ours. */
Test(lease, compares_whole_names, .init = begin)
{
    cr_assert_eq(lease_next(&lease, "mine2 h 1", 3, 5 * S), LEASE_WAIT);
    begin();
    cr_assert_eq(lease_next(&lease, "min h 1", 3, 5 * S), LEASE_WAIT);
}

Test(lease, is_in_doubt_before_another_can_have_it, .init = begin)
{
    cr_assert(lease_is_doubtful(&lease, 5 * S), "it was never held");
    lease.held_ns = 5 * S;
    cr_assert_not(lease_is_due(&lease, 6 * S));
    cr_assert(lease_is_due(&lease, 7 * S));
    cr_assert_not(lease_is_doubtful(&lease, 8 * S));
    cr_assert(lease_is_doubtful(&lease, 9 * S));
}
