#include "serve/fold.h"

#include "base/memory.h"
#include "support/folding.h"

#include <criterion/criterion.h>
#include <string.h>

Test(fold_journal, commits_before_it_learns)
{
    open_fold(&journal);
    read_line("{\"producer\":\"p\",\"seq\":7,\"z\":[[1,2]],\"y\":[1]}");
    read_line("{\"producer\":\"p\",\"seq\":7,\"z\":[[1,2]],\"y\":[1]}");
    read_line("{\"producer\":\"p\",\"seq\":8,\"z\":[[1,2]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(committed, 2, "a duplicate is not committed");
    cr_assert_eq(committed_seq, 8);
    cr_assert_eq(committed_notes, 1);
    cr_assert_eq(committed_tally.accepted, 2);
    cr_assert_eq(committed_tally.duplicates, 1);
    cr_assert_eq(tally.duplicates, 1);
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), 2);
    close_fold();
}

/* The last number of each, in the order in which they were heard of last. */
Test(fold_journal, commits_the_last_number_of_each_producer)
{
    uint64_t seq;

    open_fold(&journal);
    read_line("{\"producer\":\"p\",\"seq\":1,\"z\":[[1,2]],\"y\":[1]}");
    read_line("{\"producer\":\"q\",\"seq\":5,\"z\":[[1,2]],\"y\":[1]}");
    read_line("{\"producer\":\"p\",\"seq\":2,\"z\":[[1,2]],\"y\":[1]}");
    read_line("{\"producer\":\"q\",\"seq\":5,\"z\":[[1,2]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(committed_notes, 2);
    cr_assert_eq(committed_seq, 2, "a duplicate does not count as sent");
    cr_assert_eq(producers_last(fold_state(fold)->producers, "q", &seq), LATTN_OK);
    cr_assert_eq(seq, 5);
    close_fold();
}

Test(fold_journal, commits_the_number_of_a_refused_item)
{
    open_fold(&journal);
    read_line("{\"producer\":\"p\",\"seq\":3,\"z\":[[1,2],[3]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(commits, 1);
    cr_assert_eq(committed, 0);
    cr_assert_eq(committed_seq, 3);
    cr_assert_eq(committed_tally.rejected, 1);
    close_fold();
}

Test(fold_journal, commits_nothing_where_nothing_is_used_up)
{
    open_fold(&journal);
    read_line("{\"producer\":\"p\",\"seq\":3,\"z\":[[1]],\"y\":[1]}");
    fold_next();
    cr_assert_eq(commits, 1);
    read_line("{\"producer\":\"p\",\"seq\":3,\"z\":[[1]],\"y\":[1]}");
    read_line("{\"producer\":\"p\",\"seq\":5,\"z\":[[1]],\"y\":[1]}");
    read_line("{\"z\":[[1,2]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(commits, 1, "a duplicate, a gap, and a refusal without a number");
    cr_assert_eq(fold_state(fold)->tally.rejected, 2);
    cr_assert_eq(fold_state(fold)->tally.duplicates, 1);
    close_fold();
}

Test(fold_journal, says_what_is_durable)
{
    open_fold(&journal);
    read_line("{\"id\":1,\"producer\":\"p\",\"seq\":3,\"z\":[[1]],\"y\":[1]}");
    read_line("{\"id\":2,\"producer\":\"p\",\"seq\":4,\"z\":[[1]],\"y\":[1]}");
    read_line("{\"id\":3,\"producer\":\"p\",\"seq\":4,\"z\":[[1]],\"y\":[1]}");
    read_line("{\"id\":4,\"z\":[[1]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(count_of("\"durable\":4"), 3, "%s", answers());
    cr_assert_eq(count_of("\"durable\":null"), 1, "%s", answers());
    close_fold();
    chunk_close(&chunk);
    open_fold(NULL);
    read_line("{\"id\":1,\"producer\":\"p\",\"seq\":3,\"z\":[[1]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(count_of("\"durable\":null"), 1, "memory only: %s", answers());
    close_fold();
}

/* Else later items would be learned by sizes that the journal does not know. */
Test(fold_journal, takes_no_sizes_from_what_was_not_committed)
{
    open_fold(&journal);
    commit_status = LATTN_NO_SPACE;
    read_line("{\"z\":[[1,2]],\"y\":[1]}");
    read_line("{\"z\":[[3,4]],\"y\":[1]}");
    fold_next();
    cr_assert_eq(lattn_learner_dim(fold_learner(fold)), 0);
    cr_assert_eq(lattn_learner_outputs(fold_learner(fold)), 0);
    commit_status = LATTN_OK;
    read_line("{\"z\":[[1,2,3]],\"y\":[1,2]}");
    fold_all();
    cr_assert_eq(lattn_learner_dim(fold_learner(fold)), 3);
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), 1);
    close_fold();
}

/* The learner is another one then, twice: its threads come along. */
Test(fold_journal, keeps_the_threads_where_sizes_are_taken)
{
    open_fold(&journal);
    cr_assert_eq(lattn_learner_threads_set(fold_learner(fold), 2), LATTN_OK);
    commit_status = LATTN_NO_SPACE;
    read_line("{\"z\":[[1,2]],\"y\":[1]}");
    fold_next();
    cr_assert_eq(lattn_learner_dim(fold_learner(fold)), 0);
    cr_assert_eq(lattn_learner_threads_get(fold_learner(fold)), 2);
    commit_status = LATTN_OK;
    read_line("{\"z\":[[1,2,3]],\"y\":[1,2]}");
    fold_all();
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), 1);
    cr_assert_eq(lattn_learner_threads_get(fold_learner(fold)), 2);
    close_fold();
}

Test(fold_journal, learns_nothing_that_was_not_committed)
{
    open_fold(&journal);
    commit_status = LATTN_NO_SPACE;
    commit_message = "state /var/x: full";
    read_line("{\"id\":1,\"z\":[[1,2]],\"y\":[1]}");
    read_line("{\"z\":[[1,2]],\"y\":[1]}");
    read_line("{\"z\":[[1]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), 0);
    cr_assert_eq(tally.accepted, 0);
    cr_assert_eq(tally.rejected, 1, "what could not be kept is no bad data");
    cr_assert_eq(tally.unkept, 2);
    cr_assert_eq(fold_state(fold)->tally.rejected, 1);
    cr_assert_eq(fold_state(fold)->tally.unkept, 2);
    cr_assert_eq(count_of("\"no_space\",\"message\":\"state /var/x: full\""), 2, "%s", answers());
    cr_assert_eq(count_of("\"shape\""), 1, "%s", answers());
    cr_assert_str_neq(fold_refusal(fold), commit_message, "nor is it told as that");
    close_fold();
}

/* Numbers of a block that was refused are free again: the sender sends all of it once more. */
Test(fold_journal, uses_up_no_number_without_a_commit)
{
    static const char *const lines[] = {
        "{\"id\":1,\"producer\":\"p\",\"seq\":3,\"z\":[[1]],\"y\":[1]}",
        "{\"id\":2,\"producer\":\"p\",\"seq\":4,\"z\":[[1e200]],\"y\":[1]}",
        "{\"id\":3,\"producer\":\"p\",\"seq\":4,\"z\":[[1]],\"y\":[1]}",
        "{\"id\":4,\"producer\":\"p\",\"seq\":2,\"z\":[[1]],\"y\":[1]}",
        "{\"id\":5,\"producer\":\"p\",\"seq\":7,\"z\":[[1]],\"y\":[1]}",
        "{\"id\":6,\"producer\":\"q\",\"seq\":1,\"z\":[[1]],\"y\":[1]}"};
    uint64_t seq;

    open_fold(&journal);
    read_line("{\"id\":0,\"producer\":\"p\",\"seq\":2,\"z\":[[1]],\"y\":[1]}");
    fold_next();
    commit_status = LATTN_NO_SPACE;
    for (int i = 0; i < 6; i++)
        read_line(lines[i]);
    fold_all();
    cr_assert_eq(count_of("\"no_space\""), 4, "%s", answers());
    cr_assert_eq(count_of("\"duplicate\":true"), 1, "what came before the block: %s", answers());
    cr_assert_eq(count_of("\"gap\""), 1, "%s", answers());
    cr_assert_eq(count_of("\"applied\":1,"), 1, "%s", answers());
    cr_assert_eq(producers_last(fold_state(fold)->producers, "p", &seq), LATTN_OK);
    cr_assert_eq(seq, 2);
    cr_assert_eq(producers_last(fold_state(fold)->producers, "q", &seq), LATTN_NO_DATA);
    chunk_renew();
    commit_status = LATTN_OK;
    for (int i = 0; i < 3; i++)
        read_line(lines[i]);
    fold_all();
    cr_assert_eq(count_of("\"applied\":2"), 2, "3, and 4 which it has used up: %s", answers());
    cr_assert_eq(count_of("\"feature_overflow\""), 1, "%s", answers());
    cr_assert_eq(committed_seq, 4);
    close_fold();
}

Test(fold_journal, counts_a_refused_batch_beyond_what_came_before)
{
    const double z[] = {1, 2, 3, 4, 5};

    open_fold_of(LATTN_FORMAT_MSGPACK, &journal);
    read_batch(1, z, 2, "p", 1);
    fold_next();
    commit_status = LATTN_INPUT_OUTPUT;
    read_batch(2, z, 3, "p", 1); /* 1 2 came before */
    read_batch(3, z, 4, "p", 2); /* 2 came before, 3 only with what was refused */
    fold_all();
    cr_assert_eq(tally.accepted, 2);
    cr_assert_eq(tally.rejected, 0);
    cr_assert_eq(tally.unkept, 1 + 3);
    cr_assert_eq(tally.duplicates, 2 + 1);
    close_fold();
}

/* The client lost nothing: the disk did, and says so until all has come again. */
Test(fold_journal, tells_what_follows_as_what_it_is)
{
    open_fold(&journal);
    read_line("{\"producer\":\"p\",\"seq\":1,\"z\":[[1]],\"y\":[1]}");
    fold_next();
    commit_status = LATTN_NO_SPACE;
    commit_message = "state /var/x: full";
    read_line("{\"producer\":\"p\",\"seq\":2,\"z\":[[1]],\"y\":[1]}");
    read_line("{\"producer\":\"q\",\"seq\":1,\"z\":[[1]],\"y\":[1]}");
    fold_next();
    read_line("{\"id\":3,\"producer\":\"p\",\"seq\":3,\"z\":[[1]],\"y\":[1]}");
    read_line("{\"id\":4,\"producer\":\"p\",\"seq\":9,\"z\":[[1]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(count_of("\"no_space\",\"message\":\"state /var/x: full\""), 1, "%s", answers());
    cr_assert_eq(count_of("\"gap\""), 1, "4 to 8 never came: %s", answers());
    cr_assert_eq(tally.unkept, 3);
    cr_assert_eq(tally.rejected, 1);
    chunk_renew();
    commit_status = LATTN_OK;
    commit_message = "";
    read_line("{\"z\":[[1]],\"y\":[1]}"); /* it is kept again */
    fold_next();
    read_line("{\"id\":5,\"producer\":\"p\",\"seq\":4,\"z\":[[1]],\"y\":[1]}");
    read_line("{\"id\":6,\"producer\":\"q\",\"seq\":2,\"z\":[[1]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(count_of("\"no_space\",\"message\":\"items of producer p before 4 could"), 1, "%s",
                 answers());
    cr_assert_eq(count_of("items of producer q before 2 could not be kept"), 1, "%s", answers());
    chunk_renew();
    read_line("{\"producer\":\"q\",\"seq\":1,\"z\":[[1]],\"y\":[1]}");
    read_line("{\"producer\":\"q\",\"seq\":2,\"z\":[[1]],\"y\":[1]}");
    read_line("{\"producer\":\"q\",\"seq\":4,\"z\":[[1]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(count_of("\"gap\""), 1, "%s", answers());
    cr_assert_eq(tally.unkept, 5);
    cr_assert_eq(tally.rejected, 2);
    close_fold();
}

Test(fold_journal, commits_names_before_they_are_given)
{
    const char *const names[] = {"a", "b"};
    const char *const twice[] = {"c", "c"};
    struct record record = {.kind = RECORD_NAMES, .append = names, .append_count = 2};
    struct lattn_complaint complaint = {""};
    int32_t places[2];

    open_fold(&journal);
    cr_assert_eq(fold_name(fold, &record, places, places, &complaint), LATTN_OK);
    cr_assert_eq(commits, 1);
    cr_assert_eq(places[1], 1);
    cr_assert_eq(lattn_learner_dim(fold_learner(fold)), 2);
    record.append = twice;
    cr_assert_eq(fold_name(fold, &record, places, places, &complaint), LATTN_NAME);
    cr_assert_eq(retracted, 1, "what is refused then is taken back");
    commit_status = LATTN_NO_SPACE;
    cr_assert_eq(fold_name(fold, &record, places, places, &complaint), LATTN_NO_SPACE);
    cr_assert_eq(retracted, 1);
    cr_assert_eq(lattn_learner_dim(fold_learner(fold)), 2);
    close_fold();
}

/* A client asks for its names whenever it comes. */
Test(fold_journal, commits_no_names_that_are_there)
{
    const char *const names[] = {"a", "b"};
    const char *const outputs[] = {"y"};
    const struct lattn_block blocks[] = {{.name = "both", .start = 0, .size = 2}};
    const struct lattn_block moved[] = {{.name = "both", .start = 0, .size = 1}};
    struct record record = {.kind = RECORD_NAMES,
                            .append = names,
                            .append_count = 2,
                            .outputs = outputs,
                            .outputs_count = 1,
                            .blocks = blocks,
                            .blocks_count = 1};
    struct lattn_complaint complaint = {""};
    int32_t places[2], output;

    open_fold(&journal);
    cr_assert_eq(fold_name(fold, &record, places, &output, &complaint), LATTN_OK);
    cr_assert_eq(commits, 1);
    commit_status = LATTN_NO_SPACE;
    cr_assert_eq(fold_name(fold, &record, places, &output, &complaint), LATTN_OK, "not even tried");
    cr_assert(places[0] == 0 && places[1] == 1 && output == 0);
    record.append_count = 1;
    cr_assert_eq(fold_name(fold, &record, places, &output, &complaint), LATTN_OK);
    record.blocks = moved;
    cr_assert_eq(fold_name(fold, &record, places, &output, &complaint), LATTN_NO_SPACE);
    record.blocks = blocks;
    record.append = (const char *const[]){"c"};
    cr_assert_eq(fold_name(fold, &record, places, &output, &complaint), LATTN_NO_SPACE);
    record.append = (const char *const[]){"a", "a"};
    record.append_count = 2;
    cr_assert_eq(fold_name(fold, &record, places, &output, &complaint), LATTN_NAME);
    cr_assert_eq(retracted, 0, "nothing to take back");
    record.append = (const char *const[]){""};
    record.append_count = 1;
    cr_assert_eq(fold_name(fold, &record, places, &output, &complaint), LATTN_NO_SPACE);
    close_fold();
}

Test(fold_journal, forgets_nothing_without_a_commit)
{
    struct lattn_complaint complaint = {""};

    open_fold(&journal);
    read_line("{\"z\":[[1,2]],\"y\":[1]}");
    fold_all();
    commit_status = LATTN_INPUT_OUTPUT;
    commit_message = "state /var/x: broken";
    cr_assert_eq(fold_reset(fold, &complaint), LATTN_INPUT_OUTPUT);
    cr_assert_str_eq(complaint.text, commit_message);
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), 1);
    cr_assert_eq(fold_epoch(fold), 0);
    commit_status = LATTN_OK;
    cr_assert_eq(fold_reset(fold, &complaint), LATTN_OK);
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), 0);
    close_fold();
}

/* Whatever allocation fails, an item is learned and acknowledged, or refused, never between. */
Test(fold_journal, survives_failing_allocations)
{
    const double z[] = {1, 2, 3};
    int failed = 1;

    for (uint64_t k = 1; failed; k++) {
        uint64_t seq = 0;

        committed = 0;
        open_fold_of(LATTN_FORMAT_MSGPACK, &journal);
        read_batch(1, z, 3, "p", 1);
        chunk_seal(chunk);
        memory_fail(k, 0);
        fold_entry(fold, chunk, &chunk->entries[0]);
        fold_flush(fold);
        failed = memory_failed();
        memory_fail(0, 0);
        cr_assert_eq(tally.accepted + tally.rejected, 3);
        cr_assert_eq(tally.accepted, lattn_learner_pairs(fold_learner(fold)));
        cr_assert_eq(tally.accepted, committed);
        (void)producers_last(fold_state(fold)->producers, "p", &seq);
        cr_assert(committed == 0 || seq == 3);
        close_fold();
    }
}
