#include "serve/fold.h"

#include "base/memory.h"
#include "support/folding.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGES_MAX = 16 };

/* The next message of stream "s", which its publisher "s/p" numbers likewise. */
static void arrive(uint64_t after, uint64_t seq, uint64_t number, const char *line)
{
    struct arrival *arrival;

    if (chunk->arrivals == NULL)
        chunk->arrivals = memory_zeroed(MESSAGES_MAX, sizeof *chunk->arrivals);
    arrival = &chunk->arrivals[chunk->entries_count];
    read_line(line);
    *arrival = (struct arrival){
        .after = after, .mark = {.stream = "s", .seq = seq, .known = 90}, .number = number};
    if (number > 0)
        snprintf(arrival->publisher, sizeof arrival->publisher, "s/p");
}

static uint64_t mark_seq(void)
{
    struct arrivals_mark mark = {.seq = 0};

    (void)arrivals_mark_of(fold_state(fold)->arrivals, "s", &mark);
    return mark.seq;
}

static uint64_t pairs(void)
{
    return lattn_learner_pairs(fold_learner(fold));
}

static const char pair[] = "{\"z\":[[1,2]],\"y\":[1]}";

Test(fold_arrivals, are_kept_with_what_was_learned)
{
    open_fold(&journal);
    arrive(0, 1, 1, pair);
    arrive(1, 2, 2, pair);
    fold_all();
    cr_assert_eq(commits, 1);
    cr_assert_eq(committed, 2);
    cr_assert_eq(mark_seq(), 2);
    cr_assert(arrivals_has(fold_state(fold)->arrivals, "s/p", 2));
    cr_assert_eq(chunk->arrivals[1].fate, ARRIVAL_PASSED);
    close_fold();
}

Test(fold_arrivals, of_a_number_that_was_taken_are_duplicates)
{
    open_fold(&journal);
    arrive(0, 1, 1, pair);
    arrive(1, 2, 1, pair);
    fold_all();
    cr_assert_eq(pairs(), 1);
    cr_assert_eq(chunk->arrivals[1].fate, ARRIVAL_DUPLICATE);
    chunk_renew();
    arrive(2, 3, 1, pair);
    fold_all();
    cr_assert_eq(pairs(), 1);
    cr_assert_eq(tally.duplicates, 2);
    cr_assert_eq(mark_seq(), 3, "they are passed");
    cr_assert_eq(commits, 2, "and that is kept");
    close_fold();
}

Test(fold_arrivals, that_are_refused_are_passed)
{
    open_fold(&journal);
    arrive(0, 1, 1, "{\"z\":[[1,2],[3]],\"y\":[1]}");
    arrive(1, 2, 2, pair);
    fold_all();
    cr_assert_eq(tally.rejected, 1);
    cr_assert_eq(pairs(), 1);
    cr_assert_eq(mark_seq(), 2);
    cr_assert_eq(chunk->arrivals[0].fate, ARRIVAL_PASSED);
    close_fold();
}

Test(fold_arrivals, that_cannot_be_kept_come_again)
{
    open_fold(&journal);
    commit_status = LATTN_NO_SPACE;
    arrive(0, 1, 1, pair);
    arrive(1, 2, 1, pair);
    arrive(2, 3, 3, "{\"z\":[[1,2],[3]],\"y\":[1]}");
    fold_all();
    commit_status = LATTN_OK;
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(chunk->arrivals[i].fate, ARRIVAL_UNKEPT);
    cr_assert_eq(mark_seq(), 0);
    cr_assert_eq(tally.unkept, 3);
    cr_assert_eq(tally.rejected, 0);
    chunk_renew();
    arrive(3, 4, 4, pair);
    fold_all();
    cr_assert_eq(chunk->arrivals[0].fate, ARRIVAL_UNKEPT, "what comes behind them is left");
    cr_assert_eq(commits, 0);
    chunk_renew();
    arrive(0, 1, 1, pair);
    arrive(1, 2, 1, pair);
    fold_all();
    cr_assert_eq(chunk->arrivals[0].fate, ARRIVAL_PASSED);
    cr_assert_eq(chunk->arrivals[1].fate, ARRIVAL_DUPLICATE);
    cr_assert_eq(pairs(), 1);
    cr_assert_eq(mark_seq(), 2);
    close_fold();
}

/* With any allocation failing: mark, numbers and pairs move together, or come again. */
Test(fold_arrivals, are_taken_whole_or_come_again)
{
    int failed = 1;
    size_t passed;

    for (uint64_t after = 1; failed; after++) {
        open_fold(&journal);
        arrive(0, 1, 1, pair);
        arrive(1, 2, 2, pair);
        memory_fail(after, 0);
        fold_all();
        failed = memory_failed();
        memory_fail(0, 0);
        for (passed = 0; passed < 2 && chunk->arrivals[passed].fate == ARRIVAL_PASSED; passed++)
            continue;
        cr_assert(passed == 2 || chunk->arrivals[1].fate == ARRIVAL_UNKEPT);
        cr_assert_eq(mark_seq(), passed, "allocation %d", (int)after);
        cr_assert_eq(pairs(), passed, "allocation %d", (int)after);
        cr_assert_eq(arrivals_has(fold_state(fold)->arrivals, "s/p", 1), passed > 0);
        cr_assert_eq(arrivals_has(fold_state(fold)->arrivals, "s/p", 2), passed > 1);
        cr_assert_eq(tally.rejected, 0, "it is no fault of theirs");
        cr_assert(failed || passed == 2);
        close_fold();
    }
}

/* Every second number: 15 gaps are remembered, and the next block knows what that lost. */
Test(fold_arrivals, tell_which_numbers_were_given_up)
{
    struct arrivals_mark mark;
    uint64_t seq = 0;

    open_fold(&journal);
    for (int block = 0; block < 3; block++) {
        for (int i = 0; i < 9; i++, seq++)
            arrive(seq, seq + 1, 2 * seq + 1, pair);
        fold_all();
        cr_assert_eq(chunk->arrivals[8].given_up, seq > 16 ? seq - 16 : 0);
        chunk_renew();
    }
    cr_assert_eq(arrivals_mark_of(fold_state(fold)->arrivals, "s", &mark), LATTN_OK);
    cr_assert(mark.lost == 11 && mark.given_up == 11);
    arrive(seq, seq + 1, 4, pair);
    fold_all();
    cr_assert_eq(chunk->arrivals[0].fate, ARRIVAL_DUPLICATE, "it comes too late");
    cr_assert_eq(pairs(), 27);
    close_fold();
}

Test(fold_arrivals, are_taken_without_a_journal_too)
{
    open_fold(NULL);
    arrive(0, 7, 0, pair);
    arrive(7, 8, 0, pair);
    fold_all();
    cr_assert_eq(pairs(), 2);
    cr_assert_eq(mark_seq(), 8);
    close_fold();
}
