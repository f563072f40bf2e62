#include "serve/fold.h"

#include <lattn/limits.h>
#include <lattn/wire.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "core/learner.h"

#include <assert.h>
#include <string.h>

enum {
    /* Items in a block: several times the rows at which blocks are as fast as they get. */
    FOLD_ITEMS_MAX = 1024,
    /* Entries answered together; refused ones and duplicates count as well. */
    FOLD_ENTRIES_MAX = 4096
};

enum fate { FATE_LEARNED, FATE_DUPLICATE, FATE_REFUSED };

/*
 * What becomes of one entry.
 *
 * known       so many of its first items came before, and are left out
 * rows        label rows of the block up to and including this entry: what "applied" says
 * message_at  of a refused entry, in the fold's words
 */
struct outcome {
    struct chunk *chunk;
    const struct entry *entry;
    enum fate fate;
    enum lattn_status status;
    uint64_t known;
    size_t rows;
    size_t message_at;
};

/*
 * items  scratch: the records' items, one by one, while they are learned
 */
struct fold {
    struct lattn_learner *learner;
    struct producers *producers;
    struct tally tally;
    fold_commit_fn commit;
    void *commit_arg;
    uint64_t epoch;

    struct fold_record records[FOLD_ITEMS_MAX];
    size_t records_count;
    struct outcome outcomes[FOLD_ENTRIES_MAX];
    size_t outcomes_count;
    size_t items_count;
    size_t rows;
    struct lattn_item items[FOLD_ITEMS_MAX];
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

/* ---- what may be learned ---- */

/* Keep why an entry is refused. Without memory for the words the status alone must do. */
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

/* Were these items sent before, or is one missing before them? */
static enum lattn_status check_order(struct fold *fold, const struct entry *entry,
                                     uint64_t *ret_known, struct lattn_complaint *complaint)
{
    if (!entry->has_seq)
        return LATTN_OK;
    return producers_note(fold->producers, entry->producer, entry->seq, entry->count, ret_known,
                          complaint);
}

/* Takes one item, or refuses it. */
typedef enum lattn_status (*item_take_fn)(struct lattn_learner *learner,
                                          const struct lattn_item *item,
                                          struct lattn_complaint *complaint);

static enum lattn_status item_check(struct lattn_learner *learner, const struct lattn_item *item,
                                    struct lattn_complaint *complaint)
{
    return learner_item_check(learner, item, complaint);
}

/* Take the items of an entry but the first `known`, until one is refused. */
static enum lattn_status items_take(struct lattn_learner *learner, const struct entry *entry,
                                    size_t known, item_take_fn take,
                                    struct lattn_complaint *complaint)
{
    struct lattn_complaint why = {""};

    for (size_t i = known; i < entry->count; i++) {
        const struct lattn_item item = lattn_item_member(&entry->item, i);
        enum lattn_status status = take(learner, &item, &why);

        if (status == LATTN_OK)
            continue;
        if (entry->count == 1)
            return complain(complaint, status, "%s", why.text);
        return complain(complaint, status, "item %zu: %.200s", i, why.text);
    }
    return LATTN_OK;
}

/* Room that one item was admitted with is not given back: so first all of a batch are checked. */
static enum lattn_status items_admit(struct lattn_learner *learner, const struct entry *entry,
                                     size_t known, struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    if (entry->count > 1 && !learner_is_full(learner))
        status = items_take(learner, entry, known, item_check, complaint);
    if (status == LATTN_OK)
        status = items_take(learner, entry, known, lattn_learner_admit, complaint);
    return status;
}

/*
 * Admit all of them or none. Where memory ends within a batch, what its first items were admitted
 * with is room that says nothing, but for d and m, which the first of all fixes: then a batch is
 * tried on a copy, which is still small.
 */
static enum lattn_status check_admission(struct fold *fold, const struct entry *entry, size_t known,
                                         struct lattn_complaint *complaint)
{
    int is_sized = lattn_learner_dim(fold->learner) > 0 && lattn_learner_outputs(fold->learner) > 0;
    struct lattn_learner *trial = NULL;
    enum lattn_status status;

    if (is_sized || entry->count == 1)
        return items_admit(fold->learner, entry, known, complaint);
    status = lattn_learner_copy(fold->learner, &trial);
    if (status == LATTN_OK)
        status = items_admit(trial, entry, known, complaint);
    if (status == LATTN_OK) {
        struct lattn_learner *unsized = fold->learner;

        fold->learner = trial;
        trial = unsized;
    }
    lattn_learner_close(&trial);
    return status;
}

/* Is there no room in the block for so many items, and for one more entry? */
static int is_full(const struct fold *fold, uint64_t count)
{
    if (fold->outcomes_count == FOLD_ENTRIES_MAX)
        return 1;
    return fold->items_count > 0 &&
           (fold->items_count >= FOLD_ITEMS_MAX || count > FOLD_ITEMS_MAX - fold->items_count);
}

static void entry_gather(struct fold *fold, const struct entry *entry, size_t known)
{
    struct fold_record *record = &fold->records[fold->records_count++];

    assert(fold->records_count <= FOLD_ITEMS_MAX && known < entry->count);
    *record = (struct fold_record){
        .item = lattn_item_member(&entry->item, known),
        .count = entry->count - known,
        .producer = entry->producer,
        .seq = entry->seq + known,
    };
    fold->items_count += record->count;
    fold->rows += record->count * (size_t)lattn_item_rows(&record->item);
}

void fold_entry(struct fold *fold, struct chunk *chunk, const struct entry *entry)
{
    struct lattn_complaint complaint = {""};
    struct outcome *outcome;
    enum lattn_status status;

    assert(entry->kind == ENTRY_PAIRS);
    if (is_full(fold, entry->count))
        fold_flush(fold);
    outcome = &fold->outcomes[fold->outcomes_count++];
    *outcome = (struct outcome){.chunk = chunk, .entry = entry, .fate = FATE_LEARNED};
    status = check_order(fold, entry, &outcome->known, &complaint);
    if (status == LATTN_DUPLICATE)
        outcome->fate = FATE_DUPLICATE;
    else if (status != LATTN_OK)
        outcome_refuse(fold, outcome, status, complaint.text);
    else if (entry->status != LATTN_OK)
        outcome_refuse(fold, outcome, entry->status, entry->message);
    else if ((status = check_admission(fold, entry, outcome->known, &complaint)) != LATTN_OK)
        outcome_refuse(fold, outcome, status, complaint.text);
    else
        entry_gather(fold, entry, outcome->known);
    outcome->rows = fold->rows;
}

/* ---- what is learned ---- */

static void items_absorb(struct fold *fold, size_t count)
{
    const struct lattn_batch batch = {.items = fold->items, .count = count};

    if (count > 0)
        lattn_learner_survey(fold->learner, &batch);
}

/* Learn the records; the items of all of them stand side by side, as if each had come alone. */
static void records_absorb(struct fold *fold)
{
    size_t count = 0;

    for (size_t i = 0; i < fold->records_count; i++) {
        const struct fold_record *record = &fold->records[i];

        for (size_t member = 0; member < record->count; member++) {
            if (count == FOLD_ITEMS_MAX) {
                items_absorb(fold, count);
                count = 0;
            }
            fold->items[count++] = lattn_item_member(&record->item, member);
        }
    }
    items_absorb(fold, count);
}

static void block_learn(struct fold *fold)
{
    enum lattn_status status = LATTN_OK;

    if (fold->records_count == 0)
        return;
    if (fold->commit != NULL)
        status = fold->commit(fold->commit_arg, fold->records, fold->records_count);
    if (status == LATTN_OK) {
        records_absorb(fold);
        return;
    }
    for (size_t i = 0; i < fold->outcomes_count; i++) {
        if (fold->outcomes[i].fate == FATE_LEARNED)
            outcome_refuse(fold, &fold->outcomes[i], status, "");
    }
}

static void outcome_count(const struct outcome *outcome, struct tally *tally)
{
    uint64_t count = outcome->entry->count;

    switch (outcome->fate) {
    case FATE_LEARNED:
        tally->accepted += count - outcome->known;
        tally->duplicates += outcome->known;
        break;
    case FATE_DUPLICATE:
        tally->duplicates += count;
        break;
    case FATE_REFUSED:
        tally->rejected += count - outcome->known;
        tally->duplicates += outcome->known;
        break;
    }
}

/* pairs: learned before this block. */
static void outcome_answer(const struct fold *fold, const struct outcome *outcome, uint64_t pairs)
{
    const char *message =
        outcome->message_at == SIZE_MAX ? "" : fold->words.data + outcome->message_at;

    if (outcome->fate == FATE_REFUSED)
        chunk_answer_error(outcome->chunk, outcome->entry, outcome->status, message);
    else
        chunk_answer_applied(outcome->chunk, outcome->entry, pairs + outcome->rows,
                             outcome->fate == FATE_DUPLICATE, NULL);
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
    fold->records_count = 0;
    fold->outcomes_count = 0;
    fold->items_count = 0;
    fold->rows = 0;
    fold->words.length = 0;
}

size_t fold_entries(const struct fold *fold)
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
