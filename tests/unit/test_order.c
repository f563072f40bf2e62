#include "serve/order.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <string.h>

enum { PRODUCERS = 8 };

static struct order *order;
static struct producers *kept;

static void begin(void)
{
    cr_assert_eq(order_open(&order, PRODUCERS), LATTN_OK);
    cr_assert_eq(producers_open(&kept, PRODUCERS), LATTN_OK);
}

static void end(void)
{
    order_close(&order);
    producers_close(&kept);
    cr_assert_null(order);
}

TestSuite(order, .init = begin, .fini = end);

static struct entry items(const char *producer, uint64_t seq, uint64_t count)
{
    return (struct entry){.has_seq = 1, .producer = producer, .seq = seq, .count = count};
}

static enum lattn_status take(uint64_t seq, uint64_t *ret_known)
{
    const struct entry entry = items("p", seq, 1);

    return order_take(order, kept, &entry, ret_known, NULL);
}

static void owe(uint64_t seq, uint64_t count, uint64_t known)
{
    const struct entry entry = items("p", seq, count);

    order_owe(order, &entry, known);
}

static int is_owed(uint64_t seq)
{
    const struct entry entry = items("p", seq, 1);

    return order_is_owed(order, kept, &entry);
}

static void keep(uint64_t seq)
{
    cr_assert_eq(producers_put(kept, "p", seq), LATTN_OK);
    order_settle(order, "p", seq);
}

Test(order, uses_up_numbers_in_the_block_alone)
{
    const struct entry third = items("p", 3, 1), fourth = items("p", 4, 1);
    uint64_t known, last;

    cr_assert_eq(producers_put(kept, "p", 2), LATTN_OK);
    cr_assert_eq(take(3, &known), LATTN_OK);
    cr_assert_eq(take(4, &known), LATTN_OK);
    cr_assert_eq(take(4, &known), LATTN_DUPLICATE);
    cr_assert_eq(take(6, &known), LATTN_GAP);
    cr_assert(order_is_last(order, &fourth) && !order_is_last(order, &third));
    cr_assert_eq(producers_last(kept, "p", &last), LATTN_OK);
    cr_assert_eq(last, 2);
    order_empty(order);
    cr_assert_eq(take(3, &known), LATTN_OK, "free again");
}

Test(order, knows_what_came_before_the_block)
{
    const struct entry unknown = items("q", 1, 4), batch = items("p", 1, 4);
    const struct entry old = items("p", 1, 2), later = items("p", 4, 4);

    cr_assert_eq(producers_put(kept, "p", 3), LATTN_OK);
    cr_assert_eq(order_known(kept, &unknown), 0);
    cr_assert_eq(order_known(kept, &batch), 3);
    cr_assert_eq(order_known(kept, &old), 2);
    cr_assert_eq(order_known(kept, &later), 0);
}

Test(order, tells_what_follows_on_what_is_owed)
{
    cr_assert_eq(producers_put(kept, "p", 2), LATTN_OK);
    cr_assert_not(is_owed(4), "nothing is owed: a gap");
    owe(3, 2, 0);
    cr_assert(is_owed(4) && is_owed(5));
    cr_assert_not(is_owed(3), "it is the next one");
    cr_assert_not(is_owed(6), "5 never came: a gap");
    cr_assert_not(is_owed(2), "a duplicate");
    owe(5, 1, 0);
    cr_assert(is_owed(6), "what follows is owed as well");
}

Test(order, remembers_what_of_a_batch_came_before)
{
    cr_assert_eq(producers_put(kept, "p", 2), LATTN_OK);
    owe(1, 4, 2);
    cr_assert_not(is_owed(3));
    cr_assert(is_owed(4) && is_owed(5));
}

/* Else 1 would be a duplicate once 2 was taken. */
Test(order, lets_nobody_begin_behind_what_is_owed)
{
    owe(1, 2, 0);
    cr_assert_not(is_owed(1));
    cr_assert(is_owed(2) && is_owed(3));
    cr_assert_not(is_owed(9), "it begins anew");
}

Test(order, settles_what_has_come_again)
{
    uint64_t known;

    owe(1, 4, 0);
    cr_assert_eq(take(1, &known), LATTN_OK);
    cr_assert(is_owed(3), "2 has not come again");
    cr_assert_not(is_owed(2));
    keep(1);
    order_empty(order);
    cr_assert(is_owed(3));
    keep(2);
    keep(3);
    cr_assert(!is_owed(4) && is_owed(5) && !is_owed(6));
    keep(4);
    cr_assert_not(is_owed(6), "all is paid: a gap");
    owe(5, 1, 0);
    cr_assert(is_owed(6), "and owed anew");
}

Test(order, forgives)
{
    owe(1, 2, 0);
    order_forgive(order);
    cr_assert_not(is_owed(2));
}

/* A forgotten debt is a gap or a beginning, as without one. */
Test(order, remembers_the_producers_that_were_heard_last)
{
    owe(1, 2, 0);
    for (int i = 0; i < PRODUCERS; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        const struct entry entry = items(name, 1, 1);

        order_owe(order, &entry, 0);
    }
    cr_assert_not(is_owed(2));
}

Test(order, survives_failing_allocations)
{
    int failed = 1;

    for (uint64_t k = 1; failed; k++) {
        struct order *other = NULL;
        enum lattn_status status;

        memory_fail(k, 0);
        status = order_open(&other, PRODUCERS);
        failed = memory_failed();
        memory_fail(0, 0);
        cr_assert_eq(status, failed ? LATTN_NO_MEMORY : LATTN_OK);
        order_close(&other);
    }
}
