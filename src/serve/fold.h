#ifndef SERVE_FOLD_H
#define SERVE_FOLD_H

#include <lattn/batch.h>
#include <lattn/learner.h>
#include <lattn/status.h>

#include "serve/chunk.h"
#include "store/producer.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Whatever waits, folded in together: pairs are admitted as they come, gathered into one block, and
 * committed, learned and answered when the block is flushed. Belongs to the learner thread.
 *
 *     entries -> fold_entry -> [ block ] -> commit -> absorb -> count and answer
 *
 * The items of one entry are all learned or none; only duplicates among them are left out.
 */

/*
 * Items of one message, about to be learned.
 *
 * item      the first of `count`, see lattn_item_member
 * producer  their sender, "" if there is none
 * seq       the number of the first
 */
struct fold_record {
    struct lattn_item item;
    size_t count;
    const char *producer;
    uint64_t seq;
};

/*
 * Make a block safe before it is learned: the seam for durable state. What it accepts is learned
 * and answered; what it refuses is as if it had been refused message by message.
 *
 * records  in  count of them, all admitted, in the order in which they will be learned
 */
typedef enum lattn_status (*fold_commit_fn)(void *arg, const struct fold_record *records,
                                            size_t count);

struct fold;

/*
 * commit  NULL: nothing outlives the process, so nothing needs to be made safe
 *
 * Returns LATTN_OK, LATTN_RANGE or LATTN_NO_MEMORY.
 */
enum lattn_status fold_open(struct fold **ret_fold, const struct lattn_learner_settings *settings,
                            fold_commit_fn commit, void *commit_arg);
/* Accepts a pointer to NULL. */
void fold_close(struct fold **fold);

/*
 * Take in pairs, or a message that was refused when it was read. Flushes first if the block is
 * full; a message larger than a block makes one of its own.
 *
 * chunk, entry  kept until the block is flushed
 */
void fold_entry(struct fold *fold, struct chunk *chunk, const struct entry *entry);

/* Learn what was gathered; then count and answer each of its entries in order. */
void fold_flush(struct fold *fold);

/* Entries gathered and not yet answered; label rows among them. */
size_t fold_entries(const struct fold *fold);
size_t fold_rows(const struct fold *fold);

/*
 * Forget everything learned, the producers and the counters. The block must be empty.
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY: all is forgotten even then, see lattn_learner_reset.
 */
enum lattn_status fold_reset(struct fold *fold);

/* How often everything was forgotten: a result of an older epoch is not about this state. */
uint64_t fold_epoch(const struct fold *fold);

/* The state, exact only while the block is empty. Borrowed until the next call that changes it. */
struct lattn_learner *fold_learner(struct fold *fold);
const struct producers *fold_producers(const struct fold *fold);
/* Items of all connections. */
const struct tally *fold_tally(const struct fold *fold);
/* Why the last refused item was refused, for the log; "" if none was. */
const char *fold_refusal(const struct fold *fold);

#endif
