#ifndef SERVE_KEEPER_H
#define SERVE_KEEPER_H

#include <lattn/status.h>
#include <lattn/wire.h>

#include "monitor/histogram.h"
#include "serve/fold.h"
#include "serve/saver.h"
#include "store/state.h"
#include "store/store.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What outlives the process, seen from the learner thread, to which it belongs: each step goes into
 * the journal before it is taken, and now and then a snapshot becomes a checkpoint.
 *
 *     fold -> journal                 keeper_journal; refused while the disk is full or failing
 *     keeper_tend -> saver -> store   a checkpoint, when one is due or asked for
 *     keeper_tend -> saver -> image   in memory, for whoever wants to carry it elsewhere
 *
 * Without a store only images are left of this.
 */
struct keeper;

/*
 * store                NULL: memory only; kept
 * directory            of the store, for messages; kept
 * checkpoint_every_ns  a change is in a checkpoint after so long
 * part_bytes_max       of an image; above 0
 * done                 called on another thread: keeper_tend has something to do
 */
struct keeper_settings {
    struct store *store;
    const char *directory;
    uint64_t checkpoint_every_ns;
    size_t part_bytes_max;
    void (*done)(void *arg);
    void *arg;
};

/*
 * state  in  what was recovered, or is new
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status keeper_open(struct keeper **ret_keeper, const struct keeper_settings *settings,
                              const struct state *state);
/* Finishes what is under way; accepts a pointer to NULL. */
void keeper_close(struct keeper **keeper);

/* The journal for fold_open; without a store it has no commit. Valid until keeper_close. */
struct fold_journal keeper_journal(struct keeper *keeper);

/*
 * Take in what has been done, begin what is due. The fold's block must be empty.
 *
 * Returns 1 where something that was asked for has come to its end, else 0.
 */
int keeper_tend(struct keeper *keeper, const struct state *state, uint64_t now_ns);

/* When keeper_tend has to be called, if nothing happens before; UINT64_MAX: never. */
uint64_t keeper_due(struct keeper *keeper);

/*
 * Make a last checkpoint if something has changed, or all anew where the disk failed, and wait for
 * it.
 */
void keeper_finish(struct keeper *keeper, const struct state *state);

/* ---- what can be asked for ------------------------------------------------------------------ */

enum keeper_wish { KEEPER_CHECKPOINT, KEEPER_IMAGE };

/* Ask for one of the state as it is now. Returns a ticket, never 0. */
uint64_t keeper_ask(struct keeper *keeper, enum keeper_wish wish);

/*
 * What became of it?
 *
 * ret_result  out  of the job that fulfilled it, or of a later one; its image is not given
 *
 * Returns LATTN_MORE while it is under way; LATTN_OK; or why there is none.
 */
enum lattn_status keeper_outcome(const struct keeper *keeper, enum keeper_wish wish,
                                 uint64_t ticket, struct saver_result *ret_result,
                                 struct lattn_complaint *complaint);

/* The newest image; there is one at a time. NULL where there is none, or no more. */
const struct lattn_image *keeper_image(const struct keeper *keeper);

/*
 * A part of it, part_bytes_max long unless it is the last one.
 *
 * ret_bytes  out  borrowed until keeper_tend or keeper_image_close
 *
 * Returns LATTN_OK, or LATTN_RANGE where there is no such image or part.
 */
enum lattn_status keeper_part(const struct keeper *keeper, uint64_t id, uint64_t part,
                              const char **ret_bytes, size_t *ret_length,
                              struct lattn_complaint *complaint);

/* Release the image: nobody needs it any more. */
void keeper_image_close(struct keeper *keeper);

/*
 * Counted since the keeper was opened.
 *
 * commits            those that succeeded, by how long each took
 * commits_failed     blocks and names that are not in the journal, tried or not
 * checkpoint_end_ns  of the newest checkpoint; 0: this process made none
 * changed_ns         the first change that is in no checkpoint, where is_changed says there is one
 * refuses_until_ns   what comes is refused untried: 0, a time, or UINT64_MAX until the state is
 *                    written anew
 */
struct keeper_tally {
    struct histogram commits;
    uint64_t commits_failed;
    uint64_t checkpoints;
    uint64_t checkpoints_failed;
    uint64_t checkpoint_end_ns;
    uint64_t changed_ns;
    int is_changed;
    uint64_t refuses_until_ns;
};

struct keeper_tally keeper_tally(const struct keeper *keeper);

/* What status says about all this. */
void keeper_describe(const struct keeper *keeper, uint64_t now_ns, struct lattn_kept *ret_kept);

#endif
