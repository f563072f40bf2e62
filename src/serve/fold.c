/*
 * Numbers of producers are used up in the block first (order.h) and in the state only with the
 * commit: a block that is refused leaves them free, and what is in the state is what is on disk, to
 * the order in which producers were heard of last.
 */
#include "serve/fold.h"

#include <lattn/wire.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "core/learner.h"
#include "serve/order.h"
#include "serve/outcome.h"
#include "serve/taking.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

enum {
    /* Items in a block, whatever they hold: more than FOLD_ROWS_ENOUGH_KEPT of one row each. */
    FOLD_ITEMS_MAX = 4096,
    /* Entries answered together; refused ones and duplicates count as well. */
    FOLD_ENTRIES_MAX = 4096
};

/*
 * unsized  the learner as it was, if it has got d and m with this block
 * items    of all entries that will be learned, one by one
 * notes    scratch, for a record
 * refusal  of the last item that was refused for what it is
 * outage   why the last block could not be kept; "" once one was
 */
struct fold {
    struct state state;
    struct fold_journal journal; /* without commit there is none */
    uint64_t epoch;
    struct outcome outcomes[FOLD_ENTRIES_MAX];
    size_t outcomes_count;
    struct order *order;
    struct taking *taking;
    struct lattn_learner *unsized;
    struct lattn_item *items;
    size_t items_count;
    size_t items_capacity;
    size_t rows;
    struct record_note notes[FOLD_ENTRIES_MAX];
    struct lattn_text words;
    struct lattn_complaint refusal;
    enum lattn_status outage_status;
    struct lattn_complaint outage;
};

enum lattn_status fold_open(struct fold **ret_fold, struct state *state,
                            const struct fold_journal *journal)
{
    struct fold *fold = memory_zeroed(1, sizeof *fold);
    enum lattn_status status;

    if (fold == NULL)
        return LATTN_NO_MEMORY;
    if (journal != NULL)
        fold->journal = *journal;
    status = order_open(&fold->order, FOLD_ENTRIES_MAX);
    if (status == LATTN_OK)
        status = taking_open(&fold->taking, FOLD_ENTRIES_MAX);
    if (status != LATTN_OK) {
        fold_close(&fold);
        return status;
    }
    fold->state = *state;
    *state = (struct state){0};
    *ret_fold = fold;
    return LATTN_OK;
}

void fold_close(struct fold **fold)
{
    struct fold *old = *fold;

    if (old == NULL)
        return;
    state_done(&old->state);
    lattn_learner_close(&old->unsized);
    order_close(&old->order);
    taking_close(&old->taking);
    memory_release(old->items);
    lattn_text_done(&old->words);
    memory_release(old);
    *fold = NULL;
}

/* ---- what may be learned ---- */

/* Keep why entries are refused; without memory for the words the status alone must do. */
static size_t words_keep(struct fold *fold, enum lattn_status status, const char *message)
{
    size_t at = fold->words.length;

    if (message[0] == '\0')
        message = lattn_status_text(status);
    return lattn_text_add(&fold->words, message, strlen(message) + 1) == LATTN_OK ? at : SIZE_MAX;
}

/* What a stream has comes again where the refusal says nothing of it. */
static void outcome_refuse(struct fold *fold, struct outcome *outcome, enum lattn_status status,
                           const char *message)
{
    int comes_again = status == LATTN_NO_MEMORY && outcome_arrival(outcome) != NULL;

    if (comes_again)
        taking_return(fold->taking);
    outcome->fate = comes_again ? FATE_UNKEPT : FATE_REFUSED;
    outcome->status = status;
    outcome->message_at = words_keep(fold, status, message);
    (void)complain(&fold->refusal, status, "%s",
                   message[0] == '\0' ? lattn_status_text(status) : message);
}

/* What comes before it could not be kept, so neither can it: told as that, not as a gap. */
static void outcome_put_off(struct fold *fold, struct outcome *outcome)
{
    struct lattn_complaint complaint = fold->outage;

    if (complaint.text[0] == '\0')
        (void)complain(&complaint, fold->outage_status,
                       "items of producer %s before %" PRIu64 " could not be kept",
                       outcome->entry->producer, outcome->entry->seq);
    outcome->fate = FATE_UNKEPT;
    outcome->status = fold->outage_status;
    outcome->message_at = words_keep(fold, fold->outage_status, complaint.text);
    order_owe(fold->order, outcome->entry, 0);
}

/* What comes before it in its stream could not be kept. */
static void outcome_leave(struct fold *fold, struct outcome *outcome)
{
    const struct arrival *arrival = outcome_arrival(outcome);
    struct lattn_complaint complaint;

    outcome->fate = FATE_UNKEPT;
    outcome->status = complain(&complaint, LATTN_GAP,
                               "messages of stream %s before %" PRIu64 " could not be kept",
                               arrival->mark.stream, arrival->mark.seq);
    outcome->message_at = words_keep(fold, LATTN_GAP, complaint.text);
}

/*
 * Were these items sent before, or is one missing before them? A message of a stream goes by its
 * stream's numbers alone.
 */
static enum lattn_status check_order(struct fold *fold, const struct entry *entry,
                                     struct outcome *outcome, struct lattn_complaint *complaint)
{
    enum lattn_status status;

    if (outcome_arrival(outcome) != NULL)
        return taking_take(fold->taking, fold->state.arrivals, outcome_arrival(outcome));
    if (!entry->has_seq)
        return LATTN_OK;
    status = order_take(fold->order, fold->state.producers, entry, &outcome->known, complaint);
    outcome->is_counted = status == LATTN_OK;
    return status;
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
 * Admit all of them or none. Where memory ends within a batch, or the block cannot be committed,
 * what items were admitted with is room that says nothing, but for d and m, which the first of all
 * fixes: so that one is tried on a copy, which is still small.
 */
static enum lattn_status check_admission(struct fold *fold, const struct entry *entry, size_t known,
                                         struct lattn_complaint *complaint)
{
    struct lattn_learner *learner = fold->state.learner;
    struct lattn_learner *trial = NULL;
    enum lattn_status status;

    if (lattn_learner_dim(learner) > 0 && lattn_learner_outputs(learner) > 0)
        return items_admit(learner, entry, known, complaint);
    status = lattn_learner_copy(learner, &trial);
    if (status == LATTN_OK)
        status = items_admit(trial, entry, known, complaint);
    if (status != LATTN_OK) {
        lattn_learner_close(&trial);
        return status;
    }
    learner_threads_give(learner, trial);
    if (fold->unsized == NULL)
        fold->unsized = learner;
    else
        lattn_learner_close(&learner);
    fold->state.learner = trial;
    return LATTN_OK;
}

/* Is there no room in the block for so many items, and for one more entry? */
static int is_full(const struct fold *fold, uint64_t count)
{
    if (fold->outcomes_count == FOLD_ENTRIES_MAX)
        return 1;
    return fold->items_count > 0 &&
           (fold->items_count >= FOLD_ITEMS_MAX || count > FOLD_ITEMS_MAX - fold->items_count);
}

/* Room for so many more items: a batch may be larger than a block. */
static enum lattn_status items_reserve(struct fold *fold, uint64_t count)
{
    uint64_t need = fold->items_count + count;
    size_t capacity = need < FOLD_ITEMS_MAX ? FOLD_ITEMS_MAX : (size_t)need;
    struct lattn_item *items;

    if (need <= fold->items_capacity)
        return LATTN_OK;
    assert(fold->items_count == 0);
    items = memory_raw(capacity, sizeof *items);
    if (items == NULL)
        return LATTN_NO_MEMORY;
    memory_release(fold->items);
    fold->items = items;
    fold->items_capacity = capacity;
    return LATTN_OK;
}

static void items_gather(struct fold *fold, const struct entry *entry, uint64_t known)
{
    assert(known < entry->count);
    for (uint64_t i = known; i < entry->count; i++)
        fold->items[fold->items_count++] = lattn_item_member(&entry->item, (size_t)i);
    fold->rows += (size_t)(entry->count - known) * (size_t)lattn_item_rows(&entry->item);
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
    outcome->rows = fold->rows;
    if (entry->has_seq && order_is_owed(fold->order, fold->state.producers, entry)) {
        outcome_put_off(fold, outcome);
        return;
    }
    status = check_order(fold, entry, outcome, &complaint);
    if (status == LATTN_DUPLICATE)
        outcome->fate = FATE_DUPLICATE;
    else if (status == LATTN_GAP && outcome_arrival(outcome) != NULL)
        outcome_leave(fold, outcome);
    else if (status != LATTN_OK)
        outcome_refuse(fold, outcome, status, complaint.text);
    else if (entry->status != LATTN_OK)
        outcome_refuse(fold, outcome, entry->status, entry->message);
    else if ((status = items_reserve(fold, entry->count)) != LATTN_OK ||
             (status = check_admission(fold, entry, outcome->known, &complaint)) != LATTN_OK)
        outcome_refuse(fold, outcome, status, complaint.text);
    else
        items_gather(fold, entry, outcome->known);
    outcome->rows = fold->rows;
}

/* ---- what is learned ---- */

static struct tally block_tally(const struct fold *fold)
{
    struct tally tally = fold->state.tally;

    for (size_t i = 0; i < fold->outcomes_count; i++)
        outcome_count(&fold->outcomes[i], &tally);
    return tally;
}

/*
 * Write down the last number of each producer. Numbers grow, so that one entry of each has it, the
 * last to be counted: so they come in the order in which the producers were last heard of.
 */
static size_t block_notes(struct fold *fold)
{
    size_t count = 0;

    for (size_t i = 0; i < fold->outcomes_count; i++) {
        const struct entry *entry = fold->outcomes[i].entry;

        if (fold->outcomes[i].is_counted && order_is_last(fold->order, entry))
            fold->notes[count++] =
                (struct record_note){entry->producer, entry->seq + (entry->count - 1)};
    }
    return count;
}

static enum lattn_status record_commit(const struct fold *fold, const struct record *record,
                                       struct lattn_complaint *complaint)
{
    if (fold->journal.commit == NULL)
        return LATTN_OK;
    return fold->journal.commit(fold->journal.arg, record, complaint);
}

/* Room was made for all of it. */
static void senders_take(struct fold *fold, const struct record *record)
{
    for (size_t i = 0; i < record->notes_count; i++) {
        const struct record_note *note = &record->notes[i];
        enum lattn_status status = producers_put(fold->state.producers, note->producer, note->seq);

        assert(status == LATTN_OK);
        order_settle(fold->order, note->producer, note->seq);
    }
    taking_keep(fold->taking, fold->state.arrivals);
}

/* What a record says of one block; the lists are borrowed from the fold. */
static struct record block_record(struct fold *fold)
{
    struct record record = {
        .kind = RECORD_BLOCK,
        .items = fold->items,
        .items_count = fold->items_count,
        .notes = fold->notes,
        .notes_count = block_notes(fold),
        .tally = block_tally(fold),
    };

    record.marks = taking_marks(fold->taking, &record.marks_count);
    record.spans = taking_spans(fold->taking, &record.spans_count);
    return record;
}

/* Make the block safe and take it over, or neither. */
static enum lattn_status block_take(struct fold *fold, struct lattn_complaint *complaint)
{
    const struct record record = block_record(fold);
    enum lattn_status status = producers_reserve(fold->state.producers, record.notes_count);

    if (status == LATTN_OK)
        status = arrivals_reserve(fold->state.arrivals, record.marks_count, record.spans_count);
    if (status == LATTN_OK && record.items_count + record.notes_count + record.marks_count > 0) {
        status = record_commit(fold, &record, complaint);
        if (status == LATTN_OK)
            fold->outage.text[0] = '\0';
    }
    /* For a sender no_memory would mean that its numbers are used up. */
    if (status == LATTN_NO_MEMORY)
        status = complain(complaint, LATTN_NO_SPACE, "%s", lattn_status_text(status));
    if (status != LATTN_OK)
        return status;
    state_learn(&fold->state, record.items, record.items_count);
    senders_take(fold, &record);
    fold->state.tally = record.tally;
    return LATTN_OK;
}

/* ---- what could not be made safe ---- */

static void outcome_unkeep(struct fold *fold, struct outcome *outcome, size_t message_at)
{
    outcome->fate = FATE_UNKEPT;
    outcome->status = fold->outage_status;
    outcome->message_at = message_at;
    if (outcome->entry->has_seq)
        order_owe(fold->order, outcome->entry, outcome->known);
}

/*
 * What would have been learned or used up a number is refused, and so is what repeats it: a sender
 * that tries all of it again finds its numbers as they were.
 */
static void outcome_undo(struct fold *fold, struct outcome *outcome, size_t message_at)
{
    outcome->rows = 0;
    if (outcome->fate == FATE_UNKEPT)
        return;
    if (outcome_arrival(outcome) != NULL) {
        outcome_unkeep(fold, outcome, message_at);
        return;
    }
    if (!outcome->entry->has_seq) {
        if (outcome->fate == FATE_LEARNED)
            outcome_unkeep(fold, outcome, message_at);
        return;
    }
    if (outcome->fate == FATE_REFUSED && !outcome->is_counted)
        return;
    outcome->known = order_known(fold->state.producers, outcome->entry);
    if (outcome->known < outcome->entry->count)
        outcome_unkeep(fold, outcome, message_at);
}

static void block_undo(struct fold *fold, enum lattn_status status, const char *message)
{
    size_t message_at = words_keep(fold, status, message);

    fold->outage_status = status;
    (void)complain(&fold->outage, status, "%s",
                   message[0] == '\0' ? lattn_status_text(status) : message);
    if (fold->unsized != NULL) {
        learner_threads_give(fold->state.learner, fold->unsized);
        lattn_learner_close(&fold->state.learner);
        fold->state.learner = fold->unsized;
        fold->unsized = NULL;
    }
    for (size_t i = 0; i < fold->outcomes_count; i++)
        outcome_undo(fold, &fold->outcomes[i], message_at);
    fold->state.tally = block_tally(fold);
}

/* ---- answers ---- */

/* Why it was refused; "" where there was no memory for the words. */
static const char *outcome_words(const struct fold *fold, const struct outcome *outcome)
{
    return outcome->message_at == SIZE_MAX ? "" : fold->words.data + outcome->message_at;
}

/* pairs: learned before this block. */
static void outcome_answer(const struct fold *fold, const struct outcome *outcome, uint64_t pairs)
{
    const struct entry *entry = outcome->entry;
    uint64_t last;
    int is_kept = fold_is_kept(fold) && entry->has_seq &&
                  producers_last(fold->state.producers, entry->producer, &last) == LATTN_OK;

    if (outcome->fate == FATE_REFUSED || outcome->fate == FATE_UNKEPT)
        chunk_answer_error(outcome->chunk, entry, outcome->status, outcome_words(fold, outcome));
    else
        chunk_answer_applied(outcome->chunk, entry, pairs + outcome->rows,
                             outcome->fate == FATE_DUPLICATE, is_kept ? &last : NULL);
}

static void block_answer(const struct fold *fold, uint64_t pairs)
{
    for (size_t i = 0; i < fold->outcomes_count; i++) {
        const struct outcome *outcome = &fold->outcomes[i];

        if (outcome->chunk->tally != NULL)
            outcome_count(outcome, outcome->chunk->tally);
        outcome_tell(outcome, fold->state.arrivals);
        outcome_answer(fold, outcome, pairs);
    }
}

static void block_empty(struct fold *fold)
{
    fold->outcomes_count = 0;
    fold->items_count = 0;
    fold->rows = 0;
    fold->words.length = 0;
    lattn_learner_close(&fold->unsized);
    order_empty(fold->order);
    taking_empty(fold->taking);
    if (fold->items_capacity > FOLD_ITEMS_MAX) {
        memory_release(fold->items);
        fold->items = NULL;
        fold->items_capacity = 0;
    }
}

void fold_flush(struct fold *fold)
{
    uint64_t pairs = lattn_learner_pairs(fold->state.learner);
    struct lattn_complaint complaint = {""};
    enum lattn_status status = block_take(fold, &complaint);

    if (status != LATTN_OK)
        block_undo(fold, status, complaint.text);
    block_answer(fold, pairs);
    block_empty(fold);
}

size_t fold_entries(const struct fold *fold)
{
    return fold->outcomes_count;
}

size_t fold_rows(const struct fold *fold)
{
    return fold->rows;
}

int fold_is_ample(const struct fold *fold)
{
    return fold->rows >= (fold_is_kept(fold) ? FOLD_ROWS_ENOUGH_KEPT : FOLD_ROWS_ENOUGH);
}

/* ---- names, and forgetting ---- */

enum lattn_status fold_name(struct fold *fold, const struct record *names, int32_t *ret_coordinates,
                            int32_t *ret_outputs, struct lattn_complaint *complaint)
{
    struct lattn_learner *learner = fold->state.learner;
    enum lattn_status status = LATTN_OK;
    int is_news = !learner_is_named(learner, names->append, names->append_count, names->outputs,
                                    names->outputs_count, names->blocks, names->blocks_count);

    assert(fold->outcomes_count == 0 && names->kind == RECORD_NAMES);
    if (is_news)
        status = record_commit(fold, names, complaint);
    if (status != LATTN_OK)
        return status;
    status = lattn_learner_name(learner, names->append, names->append_count, names->outputs,
                                names->outputs_count, names->blocks, names->blocks_count,
                                ret_coordinates, ret_outputs, complaint);
    if (status != LATTN_OK && is_news && fold->journal.commit != NULL)
        fold->journal.retract(fold->journal.arg);
    return status;
}

enum lattn_status fold_reset(struct fold *fold, struct lattn_complaint *complaint)
{
    const struct record record = {.kind = RECORD_RESET};
    enum lattn_status status;

    assert(fold->outcomes_count == 0);
    status = record_commit(fold, &record, complaint);
    if (status != LATTN_OK)
        return status;
    fold->epoch++;
    order_forgive(fold->order);
    return state_reset(&fold->state);
}

void fold_replace(struct fold *fold, struct state *state)
{
    assert(fold->outcomes_count == 0 && fold->journal.commit == NULL);
    fold->epoch += state_succeed(state, &fold->state) == 0;
}

uint64_t fold_epoch(const struct fold *fold)
{
    return fold->epoch;
}

const struct state *fold_state(const struct fold *fold)
{
    return &fold->state;
}

struct lattn_learner *fold_learner(struct fold *fold)
{
    return fold->state.learner;
}

int fold_is_kept(const struct fold *fold)
{
    return fold->journal.commit != NULL;
}

const char *fold_refusal(const struct fold *fold)
{
    return fold->refusal.text;
}
