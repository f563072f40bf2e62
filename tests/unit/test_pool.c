#include "serve/pool.h"

#include <criterion/criterion.h>
#include <stdint.h>

static int calls;

static void freed(void *arg)
{
    (void)arg;
    calls++;
}

static struct pool pool = {.bytes_max = 100, .freed = freed};

Test(pool, gives_no_more_than_there_is)
{
    cr_assert_eq(pool_take(&pool, 60, &pool), LATTN_OK);
    cr_assert_eq(pool_take(&pool, 41, &pool), LATTN_MEMORY_LIMIT);
    cr_assert_eq(pool.bytes, 60, "what is refused is not taken");
    cr_assert_eq(pool_take(&pool, 40, &pool), LATTN_OK);
    cr_assert_eq(pool_take(&pool, 1, &pool), LATTN_MEMORY_LIMIT);
    cr_assert_eq(pool_take(&pool, SIZE_MAX, &pool), LATTN_MEMORY_LIMIT);
}

Test(pool, tells_once_whoever_was_refused)
{
    cr_assert_eq(pool_take(&pool, 100, &pool), LATTN_OK);
    pool_give(&pool, 10);
    cr_assert_eq(calls, 0, "nobody was refused");
    cr_assert_eq(pool_take(&pool, 20, &pool), LATTN_MEMORY_LIMIT);
    pool_give(&pool, 0);
    cr_assert_eq(calls, 0, "nothing came of it");
    pool_give(&pool, 5);
    pool_give(&pool, 5);
    cr_assert_eq(calls, 1);
}

Test(pool, counts_what_is_charged_beyond_its_end)
{
    cr_assert_eq(pool_charge(&pool, 100), LATTN_OK);
    cr_assert_eq(pool_charge(&pool, 50), LATTN_MEMORY_LIMIT);
    cr_assert_eq(pool.bytes, 150, "it is in use already");
    cr_assert_eq(pool_take(&pool, 1, &pool), LATTN_MEMORY_LIMIT);
    pool_give(&pool, 150);
    cr_assert_eq(pool.bytes, 0);
}

Test(pool, keeps_half_for_others)
{
    cr_assert(pool_has_half(&pool));
    cr_assert_eq(pool_charge(&pool, 51), LATTN_OK);
    cr_assert_not(pool_has_half(&pool));
    pool_give(&pool, 1);
    cr_assert_eq(calls, 1);
    cr_assert(pool_has_half(&pool));
}

Test(pool, lets_one_come_to_an_end_where_all_hold_some)
{
    int a = 0;
    int b = 0;

    pool.reserved = 40;
    cr_assert_eq(pool_take(&pool, 30, &a), LATTN_OK);
    cr_assert_eq(pool_take(&pool, 30, &b), LATTN_OK);
    cr_assert_eq(pool_take(&pool, 40, &b), LATTN_OK, "the first who is refused is favoured");
    cr_assert_eq(pool_take(&pool, 1, &a), LATTN_MEMORY_LIMIT);
    pool_give(&pool, 70);
    cr_assert_eq(calls, 1);
    cr_assert_eq(pool_take(&pool, 40, &a), LATTN_MEMORY_LIMIT, "b might need it yet");
    pool_leave(&pool, &a);
    cr_assert_eq(calls, 1, "a has nothing to leave");
    pool_leave(&pool, &b);
    cr_assert_eq(calls, 2);
    cr_assert_eq(pool_take(&pool, 40, &a), LATTN_OK);
}
