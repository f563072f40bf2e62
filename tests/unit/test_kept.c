#include "kept.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void add(struct kept *kept, int count)
{
    for (int i = 0; i < count; i++) {
        char bytes[16];
        int length = snprintf(bytes, sizeof bytes, "m%d", i);

        cr_assert_eq(kept_add(kept, bytes, (size_t)length, 2), LATTN_OK);
    }
}

/* Send all that waits; their numbers in order, as text. */
static const char *send(struct kept *kept)
{
    static char text[256];
    uint64_t number;

    text[0] = '\0';
    while (kept_next(kept, &number) != NULL) {
        size_t length = strlen(text);

        snprintf(text + length, sizeof text - length, "%llu ", (unsigned long long)number);
        kept_send(kept);
    }
    return text;
}

Test(kept, gives_messages_in_order)
{
    struct kept kept = {0};
    const struct kept_message *first;
    uint64_t number;

    add(&kept, 3);
    first = kept_next(&kept, &number);
    cr_assert_eq(number, 1);
    cr_assert_eq(memcmp(first->bytes, "m0", first->length), 0);
    cr_assert_str_eq(send(&kept), "1 2 3 ");
    cr_assert_eq(kept.sent, 3);
    cr_assert_eq(kept.sent_bytes, 6);
    cr_assert_eq(kept.waiting, 0);
    kept_done(&kept);
    cr_assert_eq(kept_count(&kept), 0);
}

Test(kept, counts_pairs_that_are_stored_once)
{
    struct kept kept = {0};

    add(&kept, 2);
    send(&kept);
    cr_assert_eq(kept_store(&kept, 1, 10), 2);
    cr_assert_eq(kept_store(&kept, 1, 10), 0);
    cr_assert_eq(kept_store(&kept, 3, 10), 0, "there is no third");
    cr_assert_eq(kept_store(&kept, 0, 10), 0);
    cr_assert_eq(kept.sent, 1);
    kept_done(&kept);
}

Test(kept, lets_go_of_what_is_stored_up_to_a_sequence)
{
    struct kept kept = {0};

    add(&kept, 4);
    send(&kept);
    for (uint64_t i = 1; i <= 3; i++)
        kept_store(&kept, i, 10 + i);
    kept_settle(&kept, 12);
    cr_assert_eq(kept.settled, 2);
    cr_assert_eq(kept.settled_pairs, 4);
    cr_assert_eq(kept_count(&kept), 2);
    cr_assert_eq(kept_store(&kept, 2, 12), 0, "it has left");
    kept_settle(&kept, UINT64_MAX);
    cr_assert_eq(kept.settled, 3, "the fourth is not stored");
    cr_assert_eq(kept_store(&kept, 4, 14), 2);
    kept_settle(&kept, 14);
    cr_assert_eq(kept_count(&kept), 0);
    cr_assert_eq(kept.bytes, 0);
    kept_done(&kept);
}

Test(kept, sends_again_what_came_back)
{
    struct kept kept = {0};

    add(&kept, 4);
    send(&kept);
    kept_store(&kept, 1, 1);
    kept_return(&kept, 3);
    kept_return(&kept, 3);
    kept_return(&kept, 1);
    cr_assert_str_eq(send(&kept), "3 ", "one that is stored does not come back");
    kept_return_sent(&kept);
    cr_assert_eq(kept.sent_bytes, 0);
    cr_assert_str_eq(send(&kept), "2 3 4 ");
    kept_done(&kept);
}

Test(kept, sends_all_again_in_order)
{
    struct kept kept = {0};

    add(&kept, 5);
    send(&kept);
    for (uint64_t i = 1; i <= 4; i++)
        kept_store(&kept, i, i);
    kept_settle(&kept, 2);
    cr_assert_eq(kept_return_all(&kept), 2);
    cr_assert_eq(kept.waiting, 3);
    cr_assert_eq(kept.sent, 0);
    cr_assert_str_eq(send(&kept), "3 4 5 ");
    cr_assert_eq(kept_store(&kept, 4, 9), 2);
    kept_done(&kept);
}

Test(kept, knows_what_is_last_in_the_stream)
{
    struct kept kept = {0};
    uint64_t sequence;

    cr_assert_eq(kept_newest(&kept, &sequence), 0);
    add(&kept, 3);
    send(&kept);
    kept_store(&kept, 1, 7);
    kept_store(&kept, 2, 5);
    cr_assert_eq(kept_newest(&kept, &sequence), 1);
    cr_assert_eq(sequence, 7);
    kept_done(&kept);
}

/* Against a plain list, in an order drawn by a small generator. */
Test(kept, agrees_with_a_list_over_many_steps)
{
    enum { MESSAGES = 2000 };
    static enum kept_fate fates[MESSAGES + 1];
    struct kept kept = {0};
    uint32_t draw = 1;
    uint64_t added = 0;

    for (int step = 0; step < 20000; step++) {
        uint64_t number = 0;

        draw = draw * 1664525 + 1013904223;
        if ((draw >> 30) == 0 && added < MESSAGES) {
            cr_assert_eq(kept_add(&kept, "x", 1, 1), LATTN_OK);
            fates[++added] = KEPT_WAITING;
        } else if ((draw >> 30) == 1 && kept_next(&kept, &number) != NULL) {
            for (uint64_t i = kept.settled + 1; i < number; i++)
                cr_assert_neq(fates[i], KEPT_WAITING, "%llu waits", (unsigned long long)i);
            cr_assert_eq(fates[number], KEPT_WAITING);
            fates[number] = KEPT_SENT;
            kept_send(&kept);
        } else if (added > kept.settled) {
            number = kept.settled + 1 + (draw >> 8) % (added - kept.settled);
            if (fates[number] == KEPT_SENT && (draw >> 30) == 2) {
                kept_return(&kept, number);
                fates[number] = KEPT_WAITING;
            } else if (fates[number] == KEPT_SENT) {
                cr_assert_eq(kept_store(&kept, number, number), 1);
                fates[number] = KEPT_STORED;
            }
            kept_settle(&kept, kept.settled + 3);
        }
        cr_assert_eq(kept_count(&kept), added - kept.settled);
    }
    cr_assert_gt(kept.settled, 100);
    kept_done(&kept);
}
