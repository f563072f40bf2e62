#include "support/folding.h"

#include "support/learn_frame.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct fold *fold;
struct chunk *chunk;
struct tally tally;

size_t commits;
size_t committed;
uint64_t committed_seq;
size_t committed_notes;
struct tally committed_tally;
enum lattn_status commit_status;
const char *commit_message = "";
size_t retracted;

static enum lattn_status commit(void *arg, const struct record *record,
                                struct lattn_complaint *complaint)
{
    cr_assert_eq(arg, &committed);
    snprintf(complaint->text, sizeof complaint->text, "%s", commit_message);
    if (commit_status != LATTN_OK)
        return commit_status;
    commits++;
    committed += record->items_count;
    committed_notes = record->notes_count;
    if (record->notes_count > 0)
        committed_seq = record->notes[record->notes_count - 1].seq;
    committed_tally = record->tally;
    return LATTN_OK;
}

static void retract(void *arg)
{
    cr_assert_eq(arg, &committed);
    retracted++;
}

const struct fold_journal journal = {commit, retract, &committed};

void open_fold_of(enum lattn_format format, const struct fold_journal *with)
{
    const struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct state state;

    cr_assert_eq(state_open(&state, &settings), LATTN_OK);
    cr_assert_eq(fold_open(&fold, &state, with), LATTN_OK);
    cr_assert_null(state.learner, "given");
    cr_assert_eq(chunk_open(&chunk, format, NULL, &tally), LATTN_OK);
    tally = (struct tally){0};
}

void open_fold(const struct fold_journal *with)
{
    open_fold_of(LATTN_FORMAT_JSON, with);
}

void close_fold(void)
{
    chunk_close(&chunk);
    fold_close(&fold);
    cr_assert_null(fold);
}

void read_bytes(const char *bytes, size_t length)
{
    const struct letter letter = {.bytes = bytes,
                                  .length = length,
                                  .numbers = length + 2,
                                  .number = chunk->entries_count + 1};

    cr_assert_eq(chunk_read(chunk, &letter), LATTN_OK);
}

void read_line(const char *line)
{
    read_bytes(line, strlen(line));
}

/* A batch of d = n = 1, m = 1; z is its label as well. */
void read_batch(int64_t id, const double *z, size_t count, const char *producer, uint64_t seq)
{
    static char bytes[LEARN_FRAME_BYTES_MAX];
    const struct learn_frame frame = {
        .id = id,
        .item = {.z = z, .y = z, .weight = 1, .n = 1, .d = 1, .m = 1},
        .count = count,
        .producer = producer,
        .seq = seq,
    };

    read_bytes(bytes, learn_frame_pack(&frame, bytes));
}

/* Fold in all that was read. */
void fold_all(void)
{
    chunk_seal(chunk);
    for (size_t i = 0; i < chunk->entries_count; i++)
        fold_entry(fold, chunk, &chunk->entries[i]);
    fold_flush(fold);
}

void chunk_renew(void)
{
    enum lattn_format format = chunk->format;

    chunk_close(&chunk);
    cr_assert_eq(chunk_open(&chunk, format, NULL, &tally), LATTN_OK);
}

/* Fold in what was read in another chunk, which is then empty again. */
void fold_next(void)
{
    fold_all();
    chunk_renew();
}

const char *answers(void)
{
    return chunk->answers.length == 0 ? "" : chunk->answers.data;
}

int count_of(const char *word)
{
    int count = 0;

    for (const char *at = answers(); (at = strstr(at, word)) != NULL; at++)
        count++;
    return count;
}
