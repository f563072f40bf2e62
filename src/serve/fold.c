#include "serve/fold.h"

#include <lattn/limits.h>
#include <lattn/wire.h>

#include "base/complaint.h"
#include "base/memory.h"

#include <assert.h>
#include <string.h>

enum {
    /* Items in a block: several times the rows at which blocks are as fast as they get. */
    FOLD_ITEMS_MAX = 1024,
    /* Lines answered together; refused ones and duplicates count as well. */
    FOLD_LINES_MAX = 4096
};

enum fate { FATE_LEARNED, FATE_DUPLICATE, FATE_REFUSED };

/*
 * What becomes of one line.
 *
 * rows        label rows of the block up to and including this line: what "applied" says
 * message_at  of a refused line, in the fold's words
 */
struct outcome {
    struct chunk *chunk;
    const struct entry *entry;
    enum fate fate;
    enum lattn_status status;
    size_t rows;
    size_t message_at;
};

struct fold {
    struct lattn_learner *learner;
    struct producers *producers;
    struct tally tally;
    fold_commit_fn commit;
    void *commit_arg;
    uint64_t epoch;

    struct lattn_item items[FOLD_ITEMS_MAX];
    struct fold_record records[FOLD_ITEMS_MAX];
    size_t items_count;
    struct outcome outcomes[FOLD_LINES_MAX];
    size_t outcomes_count;
    size_t rows;
    struct lattn_text words;
    struct lattn_complaint refusal;
};

enum lattn_status fold_open(struct fold **ret_fold, const struct lattn_learner_settings *settings,
                            fold_commit_fn commit, void *commit_arg)
{
    struct fold *fold = memory_zeroed(1, sizeof *fold);
    enum lattn_status status;

    if (fold == NULL)
        return LATTN_NO_MEMORY;
    fold->commit = commit;
    fold->commit_arg = commit_arg;
    status = lattn_learner_open(&fold->learner, settings);
    if (status == LATTN_OK)
        status = producers_open(&fold->producers, LATTN_PRODUCERS_MAX);
    if (status != LATTN_OK) {
        fold_close(&fold);
        return status;
    }
    *ret_fold = fold;
    return LATTN_OK;
}

void fold_close(struct fold **fold)
{
    if (*fold == NULL)
        return;
    lattn_learner_close(&(*fold)->learner);
    producers_close(&(*fold)->producers);
    lattn_text_done(&(*fold)->words);
    memory_release(*fold);
    *fold = NULL;
}

/* Keep why a line is refused. Without memory for the words the status alone must do. */
static void outcome_refuse(struct fold *fold, struct outcome *outcome, enum lattn_status status,
                           const char *message)
{
    size_t at = fold->words.length;

    outcome->fate = FATE_REFUSED;
    outcome->status = status;
    if (message[0] == '\0')
        message = lattn_status_text(status);
    (void)complain(&fold->refusal, status, "%s", message);
    if (lattn_text_add(&fold->words, message, strlen(message) + 1) == LATTN_OK)
        outcome->message_at = at;
    else
        outcome->message_at = SIZE_MAX;
}

/* Was this line sent before, or is one missing before it? */
static enum lattn_status check_order(struct fold *fold, const struct entry *entry,
                                     struct lattn_complaint *complaint)
{
    if (!entry->has_seq)
        return LATTN_OK;
    return producers_note(fold->producers, entry->producer, entry->seq, complaint);
}

static void item_gather(struct fold *fold, const struct entry *entry)
{
    struct lattn_item *item = &fold->items[fold->items_count];

    *item = entry->item;
    fold->records[fold->items_count] =
        (struct fold_record){.item = item, .producer = entry->producer, .seq = entry->seq};
    fold->items_count++;
    fold->rows += (size_t)lattn_item_rows(item);
}

void fold_line(struct fold *fold, struct chunk *chunk, const struct entry *entry)
{
    struct lattn_complaint complaint = {""};
    struct outcome *outcome;
    enum lattn_status status;

    assert(entry->kind == ENTRY_PAIR);
    if (fold->items_count == FOLD_ITEMS_MAX || fold->outcomes_count == FOLD_LINES_MAX)
        fold_flush(fold);
    outcome = &fold->outcomes[fold->outcomes_count++];
    *outcome = (struct outcome){.chunk = chunk, .entry = entry, .fate = FATE_LEARNED};
    status = check_order(fold, entry, &complaint);
    if (status == LATTN_DUPLICATE)
        outcome->fate = FATE_DUPLICATE;
    else if (status != LATTN_OK)
        outcome_refuse(fold, outcome, status, complaint.text);
    else if (entry->status != LATTN_OK)
        outcome_refuse(fold, outcome, entry->status, entry->message);
    else if ((status = lattn_learner_admit(fold->learner, &entry->item, &complaint)) != LATTN_OK)
        outcome_refuse(fold, outcome, status, complaint.text);
    else
        item_gather(fold, entry);
    outcome->rows = fold->rows;
}

static void block_learn(struct fold *fold)
{
    const struct lattn_batch batch = {.items = fold->items, .count = fold->items_count};
    enum lattn_status status = LATTN_OK;

    if (fold->items_count == 0)
        return;
    if (fold->commit != NULL)
        status = fold->commit(fold->commit_arg, fold->records, fold->items_count);
    if (status == LATTN_OK) {
        lattn_learner_absorb(fold->learner, &batch);
        return;
    }
    for (size_t i = 0; i < fold->outcomes_count; i++) {
        if (fold->outcomes[i].fate == FATE_LEARNED)
            outcome_refuse(fold, &fold->outcomes[i], status, "");
    }
}

static void outcome_count(const struct outcome *outcome, struct tally *tally)
{
    switch (outcome->fate) {
    case FATE_LEARNED:
        tally->accepted++;
        break;
    case FATE_DUPLICATE:
        tally->duplicates++;
        break;
    case FATE_REFUSED:
        tally->rejected++;
        break;
    }
}

/* Silent where it was accepted and asks for no answer. pairs: learned before this block. */
static void outcome_answer(const struct fold *fold, const struct outcome *outcome, uint64_t pairs)
{
    struct chunk *chunk = outcome->chunk;
    const struct entry *entry = outcome->entry;
    const char *message = outcome->message_at == SIZE_MAX ? lattn_status_text(outcome->status)
                                                          : fold->words.data + outcome->message_at;
    enum lattn_status status;

    if (outcome->fate == FATE_REFUSED)
        status =
            lattn_write_error(&chunk->answers, entry->id, outcome->status, message, entry->line);
    else if (entry->id[0] != '\0')
        status = lattn_write_applied(&chunk->answers, entry->id, pairs + outcome->rows,
                                     outcome->fate == FATE_DUPLICATE);
    else
        return;
    if (status != LATTN_OK)
        chunk->answers_lost = 1;
}

void fold_flush(struct fold *fold)
{
    uint64_t pairs = lattn_learner_pairs(fold->learner);

    block_learn(fold);
    for (size_t i = 0; i < fold->outcomes_count; i++) {
        const struct outcome *outcome = &fold->outcomes[i];

        outcome_count(outcome, &fold->tally);
        if (outcome->chunk->tally != NULL)
            outcome_count(outcome, outcome->chunk->tally);
        outcome_answer(fold, outcome, pairs);
    }
    fold->items_count = 0;
    fold->outcomes_count = 0;
    fold->rows = 0;
    fold->words.length = 0;
}

size_t fold_lines(const struct fold *fold)
{
    return fold->outcomes_count;
}

size_t fold_rows(const struct fold *fold)
{
    return fold->rows;
}

enum lattn_status fold_reset(struct fold *fold)
{
    enum lattn_status status;

    assert(fold->outcomes_count == 0);
    status = lattn_learner_reset(fold->learner);
    producers_reset(fold->producers);
    fold->tally = (struct tally){0};
    fold->epoch++;
    return status;
}

uint64_t fold_epoch(const struct fold *fold)
{
    return fold->epoch;
}

struct lattn_learner *fold_learner(struct fold *fold)
{
    return fold->learner;
}

const struct producers *fold_producers(const struct fold *fold)
{
    return fold->producers;
}

const struct tally *fold_tally(const struct fold *fold)
{
    return &fold->tally;
}

const char *fold_refusal(const struct fold *fold)
{
    return fold->refusal.text;
}
