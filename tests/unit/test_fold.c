#include "serve/fold.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct fold *fold;
static struct chunk *chunk;
static struct tally tally;

/* What the commit hook saw, and what it shall say. */
static size_t committed;
static uint64_t committed_seq;
static enum lattn_status commit_status;

static enum lattn_status commit(void *arg, const struct fold_record *records, size_t count)
{
    cr_assert_eq(arg, &committed);
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), 0, "committed before it is learned");
    committed += count;
    committed_seq = records[count - 1].seq;
    return commit_status;
}

static void open_fold(fold_commit_fn hook)
{
    const struct lattn_learner_settings settings = lattn_learner_settings_default();

    cr_assert_eq(fold_open(&fold, &settings, hook, &committed), LATTN_OK);
    cr_assert_eq(chunk_open(&chunk, NULL, &tally), LATTN_OK);
}

static void close_fold(void)
{
    chunk_close(&chunk);
    fold_close(&fold);
    cr_assert_null(fold);
}

static void read_line(const char *line)
{
    cr_assert_eq(chunk_read(chunk, line, strlen(line), chunk->entries_count + 1), LATTN_OK);
}

/* Fold in all that was read. */
static void fold_all(void)
{
    chunk_seal(chunk);
    for (size_t i = 0; i < chunk->entries_count; i++)
        fold_line(fold, chunk, &chunk->entries[i]);
    fold_flush(fold);
}

static const char *answers(void)
{
    return chunk->answers.length == 0 ? "" : chunk->answers.data;
}

static int count_of(const char *word)
{
    int count = 0;

    for (const char *at = answers(); (at = strstr(at, word)) != NULL; at++)
        count++;
    return count;
}

Test(fold, learns_answers_and_counts_in_order)
{
    open_fold(NULL);
    read_line("{\"id\":1,\"z\":[[1,2],[3,4]],\"y\":[[1],[2]]}");
    read_line("{\"z\":[[1,2]],\"y\":[1]}");
    read_line("{\"z\":[[1,2,3]],\"y\":[1]}");
    read_line("nonsense");
    read_line("{\"id\":2,\"z\":[[5,6]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), 4);
    cr_assert_eq(tally.accepted, 3);
    cr_assert_eq(tally.rejected, 2);
    cr_assert_eq(fold_tally(fold)->accepted, 3);
    cr_assert_eq(fold_lines(fold), 0);
    cr_assert(strstr(answers(), "\"applied\":2") < strstr(answers(), "\"line\":3"));
    cr_assert(strstr(answers(), "\"line\":3") < strstr(answers(), "\"line\":4"));
    cr_assert(strstr(answers(), "\"line\":4") < strstr(answers(), "\"applied\":4"));
    close_fold();
}

Test(fold, learns_nothing_before_it_is_flushed)
{
    open_fold(NULL);
    read_line("{\"id\":1,\"z\":[[1,2],[3,4]],\"y\":[[1],[2]]}");
    chunk_seal(chunk);
    fold_line(fold, chunk, &chunk->entries[0]);
    cr_assert_eq(fold_lines(fold), 1);
    cr_assert_eq(fold_rows(fold), 2);
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), 0);
    cr_assert_str_empty(answers());
    fold_flush(fold);
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), 2);
    close_fold();
}

Test(fold, commits_before_it_learns)
{
    open_fold(commit);
    read_line("{\"producer\":\"p\",\"seq\":7,\"z\":[[1,2]],\"y\":[1]}");
    read_line("{\"producer\":\"p\",\"seq\":7,\"z\":[[1,2]],\"y\":[1]}");
    read_line("{\"producer\":\"p\",\"seq\":8,\"z\":[[1,2]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(committed, 2, "a duplicate is not committed");
    cr_assert_eq(committed_seq, 8);
    cr_assert_eq(tally.duplicates, 1);
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), 2);
    close_fold();
}

Test(fold, learns_nothing_that_was_not_committed)
{
    open_fold(commit);
    commit_status = LATTN_INPUT_OUTPUT;
    read_line("{\"id\":1,\"z\":[[1,2]],\"y\":[1]}");
    read_line("{\"z\":[[1,2]],\"y\":[1]}");
    read_line("{\"z\":[[1]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), 0);
    cr_assert_eq(tally.accepted, 0);
    cr_assert_eq(tally.rejected, 3);
    cr_assert_eq(count_of("input_output"), 2, "%s", answers());
    cr_assert_eq(count_of("\"shape\""), 1, "%s", answers());
    close_fold();
}

Test(fold, says_why_a_line_is_missing)
{
    open_fold(NULL);
    read_line("{\"producer\":\"p\",\"seq\":1,\"z\":[[1,2]],\"y\":[1]}");
    read_line("{\"producer\":\"p\",\"seq\":3,\"z\":[[1,2]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(count_of("\"gap\""), 1);
    cr_assert_not_null(strstr(fold_refusal(fold), "expected 2, got 3"));
    close_fold();
}

Test(fold, takes_more_lines_than_a_block_holds)
{
    enum { COUNT = 10000 };

    open_fold(NULL);
    for (int i = 0; i < COUNT; i++)
        read_line(i % 3 == 0 ? "nonsense" : "{\"id\":1,\"z\":[[1,2]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(tally.accepted + tally.rejected, COUNT);
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), tally.accepted);
    cr_assert_eq(count_of("\n"), COUNT);
    close_fold();
}

Test(fold, starts_a_new_epoch_when_it_forgets)
{
    uint64_t seq;

    open_fold(NULL);
    read_line("{\"producer\":\"p\",\"seq\":1,\"z\":[[1,2]],\"y\":[1]}");
    fold_all();
    cr_assert_eq(fold_epoch(fold), 0);
    cr_assert_eq(fold_reset(fold), LATTN_OK);
    cr_assert_eq(fold_epoch(fold), 1);
    cr_assert_eq(lattn_learner_pairs(fold_learner(fold)), 0);
    cr_assert_eq(fold_tally(fold)->accepted, 0);
    cr_assert_eq(producers_last(fold_producers(fold), "p", &seq), LATTN_NO_DATA);
    close_fold();
}
