#include "serve/taking.h"

#include "base/memory.h"
#include "support/leaks.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct arrivals *kept;
static struct taking *taking;
static struct arrival arrivals[16];
static size_t next;

static void begin(void)
{
    cr_assert_eq(arrivals_open(&kept), LATTN_OK);
    cr_assert_eq(taking_open(&taking, 16), LATTN_OK);
    next = 0;
}

static void end(void)
{
    taking_close(&taking);
    arrivals_close(&kept);
}

static enum lattn_status take(const char *stream, uint64_t after, uint64_t seq,
                              const char *publisher, uint64_t number)
{
    struct arrival *arrival = &arrivals[next++];

    *arrival =
        (struct arrival){.after = after, .mark = {.seq = seq, .known = seq}, .number = number};
    snprintf(arrival->mark.stream, sizeof arrival->mark.stream, "%s", stream);
    snprintf(arrival->publisher, sizeof arrival->publisher, "%s", publisher);
    return taking_take(taking, kept, arrival);
}

/* As a commit does. */
static void keep(void)
{
    size_t marks_count, spans_count;
    const struct arrivals_mark *marks = taking_marks(taking, &marks_count);
    const struct arrivals_span *spans = taking_spans(taking, &spans_count);

    for (size_t i = 0; i < marks_count; i++)
        cr_assert_eq(arrivals_put(kept, &marks[i]), LATTN_OK);
    for (size_t i = 0; i < spans_count; i++)
        cr_assert_eq(arrivals_add(kept, &spans[i]), LATTN_OK);
    taking_empty(taking);
}

Test(taking, takes_in_order, .init = begin, .fini = end)
{
    size_t count;

    cr_assert_eq(take("s", 0, 1, "s/p", 1), LATTN_OK);
    cr_assert_eq(take("s", 1, 2, "s/p", 2), LATTN_OK);
    cr_assert_eq(take("t", 0, 4, "", 0), LATTN_OK);
    cr_assert_eq(taking_marks(taking, &count)[0].seq, 2);
    cr_assert_eq(count, 2);
    cr_assert_eq(taking_spans(taking, &count)[0].last, 2);
    cr_assert_eq(count, 1, "one run");
    keep();
    cr_assert_eq(take("s", 2, 3, "s/p", 3), LATTN_OK);
}

Test(taking, leaves_what_does_not_follow, .init = begin, .fini = end)
{
    size_t count;

    cr_assert_eq(take("s", 1, 2, "s/p", 2), LATTN_GAP);
    (void)taking_marks(taking, &count);
    cr_assert_eq(count, 0);
    take("s", 0, 1, "s/p", 1);
    taking_empty(taking); /* it could not be kept */
    cr_assert_eq(take("s", 1, 2, "s/p", 2), LATTN_GAP);
    cr_assert_eq(take("s", 0, 1, "s/p", 1), LATTN_OK, "its number is free again");
}

Test(taking, takes_a_number_once, .init = begin, .fini = end)
{
    cr_assert_eq(take("s", 0, 1, "s/p", 5), LATTN_OK);
    cr_assert_eq(take("s", 1, 2, "s/p", 5), LATTN_DUPLICATE, "within a block");
    keep();
    cr_assert_eq(take("s", 2, 3, "s/p", 5), LATTN_DUPLICATE, "and after it");
    cr_assert_eq(take("s", 3, 4, "s/p", 4), LATTN_OK, "whatever the order");
    cr_assert_eq(take("s", 4, 5, "s/q", 5), LATTN_OK);
    cr_assert_eq(take("s", 5, 6, "", 0), LATTN_OK);
    cr_assert_eq(take("s", 6, 7, "", 0), LATTN_OK, "without a number each is another");
}

/* The mark goes back where its stream did. */
Test(taking, follows_a_stream_that_went_back, .init = begin, .fini = end)
{
    cr_assert_eq(take("s", 0, 9, "s/p", 9), LATTN_OK);
    keep();
    cr_assert_eq(take("s", 9, 4, "s/p", 9), LATTN_DUPLICATE);
    cr_assert_eq(take("s", 4, 5, "s/p", 10), LATTN_OK);
}

Test(taking, returns_what_was_taken_last, .init = begin, .fini = end)
{
    size_t count;

    cr_assert_eq(take("s", 0, 1, "s/p", 1), LATTN_OK);
    taking_return(taking);
    (void)taking_marks(taking, &count);
    cr_assert_eq(count, 0);
    (void)taking_spans(taking, &count);
    cr_assert_eq(count, 0);
    cr_assert_eq(take("s", 1, 2, "s/p", 2), LATTN_GAP, "what follows does so no more");
    cr_assert_eq(take("s", 0, 1, "s/p", 1), LATTN_OK);
    cr_assert_eq(take("s", 1, 2, "s/p", 2), LATTN_OK);
    taking_return(taking);
    cr_assert_eq(taking_marks(taking, &count)->seq, 1);
    cr_assert_eq(taking_spans(taking, &count)->last, 1);
    cr_assert_eq(take("s", 1, 2, "", 0), LATTN_OK);
    taking_return(taking);
    cr_assert_eq(taking_spans(taking, &count)->last, 1, "one without a number has none to return");
    cr_assert_eq(take("s", 1, 2, "s/p", 2), LATTN_OK);
}

Test(taking, opens_whole_or_not_at_all)
{
    struct taking *opened = NULL;

    for (uint64_t after = 1; after <= 2; after++) {
        memory_fail(after, 0);
        cr_assert_eq(taking_open(&opened, 16), LATTN_NO_MEMORY);
        memory_fail(0, 0);
        cr_assert_null(opened);
    }
    cr_assert_eq(taking_open(&opened, 16), LATTN_OK);
    taking_close(&opened);
    taking_close(&opened);
    cr_assert_eq(leaks(), 0);
}
