#ifndef SERVE_FOLD_H
#define SERVE_FOLD_H

#include <lattn/learner.h>
#include <lattn/status.h>

#include "serve/chunk.h"
#include "store/record.h"
#include "store/state.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Whatever waits, folded in together: pairs are admitted as they come, gathered into one block, and
 * committed, learned and answered when the block is flushed. Belongs to the learner thread.
 *
 *     entries -> fold_entry -> [ block ] -> commit -> learn -> count and answer
 *
 * The items of one entry are all learned or none; only duplicates among them are left out.
 */

/* Label rows at which a block is large enough, in memory alone or with a commit for each. */
enum { FOLD_ROWS_ENOUGH = 512, FOLD_ROWS_ENOUGH_KEPT = 2048 };

/*
 * Where a step goes before it is taken, so that it outlives the process.
 *
 * commit   make it safe. What it accepts is taken and answered; what it refuses is refused, with
 *          this status and these words, and is as if it had never come
 * retract  take back the last one, which turned out to be impossible
 */
struct fold_journal {
    enum lattn_status (*commit)(void *arg, const struct record *record,
                                struct lattn_complaint *complaint);
    void (*retract)(void *arg);
    void *arg;
};

struct fold;

/*
 * state    given: what was learned before, or nothing yet
 * journal  copied; NULL: nothing outlives the process, so nothing needs to be made safe
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY with the state left to the caller.
 */
enum lattn_status fold_open(struct fold **ret_fold, struct state *state,
                            const struct fold_journal *journal);
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

/* Is that as many as are good for speed? */
int fold_is_ample(const struct fold *fold);

/*
 * Name coordinates, outputs and blocks. The block must be empty. Where all names are there nothing
 * is committed.
 *
 * names  in  a record of kind RECORD_NAMES
 *
 * Returns as lattn_learner_name, or why the names could not be committed.
 */
enum lattn_status fold_name(struct fold *fold, const struct record *names, int32_t *ret_coordinates,
                            int32_t *ret_outputs, struct lattn_complaint *complaint);

/*
 * Forget everything learned, the producers and the counters. The block must be empty.
 *
 * Returns LATTN_OK; LATTN_NO_MEMORY: all is forgotten even then, see lattn_learner_reset, and
 * the epoch is a new one; or why it could not be committed, with nothing forgotten.
 */
enum lattn_status fold_reset(struct fold *fold, struct lattn_complaint *complaint);

/*
 * Let a state take the place of what was learned, as of the same stream: the generation goes on.
 * One that has fewer coordinates or outputs is another function, and of a new epoch. The block must
 * be empty, and there must be no journal.
 *
 * state  given, left as zeros
 */
void fold_replace(struct fold *fold, struct state *state);

/* How often everything was forgotten: a result of an older epoch is not about this state. */
uint64_t fold_epoch(const struct fold *fold);

/*
 * The state, exact only while the block is empty. Borrowed until the next call that changes it.
 * With a journal all of it is on disk.
 */
const struct state *fold_state(const struct fold *fold);
struct lattn_learner *fold_learner(struct fold *fold);
int fold_is_kept(const struct fold *fold);
/* Why the last refused item was refused, for the log; "" if none was. */
const char *fold_refusal(const struct fold *fold);

#endif
