#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <lattn/status.h>

#include "store/directory.h"
#include "store/examine.h"
#include "store/record.h"
#include "store/state.h"

#include <stddef.h>
#include <stdint.h>

/*
 * A directory that holds a state: checkpoints, and the journal of what came after them. Records
 * have positions 1, 2, 3 ...; a checkpoint of position n is the state once record n was applied.
 *
 * Two checkpoints are kept, and the journal from the older one on, so that one damaged checkpoint
 * costs nothing. The crash argument is in store/README.md.
 *
 * store_append and store_retract belong to one thread, store_checkpoint may run on another at the
 * same time: it yields to the journal after every few megabytes.
 */
struct store;

/* Who only reads, with others; or whoever will write, alone. */
enum store_use { STORE_READ, STORE_WRITE };

/*
 * Open a directory and hold its lock until closed. STORE_WRITE makes it (0700) where it does not
 * exist, and removes it again at the end where it has remained empty. There are only recovery
 * reads, and nothing in it changes, until store_write or store_renew: the latter where it is new or
 * holds an image alone, and is no store yet.
 *
 * Returns LATTN_OK; LATTN_NO_DATA: there is no directory to read; LATTN_IN_USE: another process has
 * it; LATTN_OTHER_VERSION; LATTN_DAMAGED: not a store; LATTN_INPUT_OUTPUT, LATTN_NO_SPACE or
 * LATTN_NO_MEMORY; the complaint names the path and why.
 */
enum lattn_status store_open(struct store **ret_store, const char *path, enum store_use use,
                             struct lattn_complaint *complaint);
/* Accepts a pointer to NULL. */
void store_close(struct store **store);

/* Let what STORE_WRITE has opened take records and checkpoints. Returns as store_open. */
enum lattn_status store_write(struct store *store, struct lattn_complaint *complaint);

/* What the directory held when it was opened, or holds since store_renew. */
enum directory_holds store_holds(const struct store *store);

/* Of the last record; 0 where there was none yet. */
uint64_t store_position(const struct store *store);

/* Bytes of the journal since the newest checkpoint. Any thread. */
uint64_t store_journal_bytes(const struct store *store);

/* Bytes that its disk has left; UINT64_MAX where that cannot be told. Any thread. */
uint64_t store_spare_bytes(const struct store *store);

/*
 * Write a record; on return it is on the disk. One transaction.
 *
 * Returns LATTN_OK; LATTN_NO_SPACE, LATTN_INPUT_OUTPUT or LATTN_NO_MEMORY: it is not there, and
 * store_append may be tried again. After LATTN_INPUT_OUTPUT nobody knows what the disk holds; the
 * store then refuses every call until store_renew has written all of it anew.
 */
enum lattn_status store_append(struct store *store, const struct record *record,
                               struct lattn_complaint *complaint);

/* Take back the last record, which turned out to be refused. Returns as store_append. */
enum lattn_status store_retract(struct store *store, struct lattn_complaint *complaint);

/*
 * Write a checkpoint, piece by piece. It counts from the one transaction that names it and forgets
 * the one before the last; the pieces and records that nobody needs any more are removed then.
 *
 * snapshot  in  the state at `position`; nothing is written where that has a checkpoint
 *
 * Returns as store_append; refused, what was there before is there still.
 */
enum lattn_status store_checkpoint(struct store *store, const struct state *snapshot,
                                   uint64_t position, struct lattn_complaint *complaint);

/*
 * Replace all of the store by a new file that holds one checkpoint, made durable before it takes
 * the old one's place. The old file is kept under another name where `keep` is set, for whoever
 * wants to look at it.
 *
 * state  in  at store_position
 *
 * Returns as store_append; after LATTN_INPUT_OUTPUT the store takes nothing but another
 * store_renew. No other call may be under way.
 */
enum lattn_status store_renew(struct store *store, const struct state *state, int keep,
                              struct lattn_complaint *complaint);

/* ---- recovery reads ------------------------------------------------------------------------- */

/* Positions of the whole checkpoints, newest first. Returns how many there are, at most two. */
int store_checkpoints(struct store *store, uint64_t ret_positions[2]);

/* Bytes of the image of a checkpoint; 0 where there is none. */
uint64_t store_checkpoint_bytes(struct store *store, uint64_t position);

/* Read a checkpoint. Returns as state_load, and LATTN_DAMAGED where there is none. */
enum lattn_status store_load(struct store *store, uint64_t position, struct state *ret_state,
                             struct lattn_complaint *complaint);

/*
 * Read the record at a position.
 *
 * Returns LATTN_OK, release it with record_copy_done; LATTN_NO_DATA: it is not there; or as
 * record_read.
 */
enum lattn_status store_read(struct store *store, uint64_t position, struct record_copy *ret_copy,
                             struct lattn_complaint *complaint);

/*
 * Read everything there is, as examine, and the pages it lies on, if it was opened by STORE_READ.
 *
 * Returns LATTN_OK, damaged or not; LATTN_INPUT_OUTPUT or LATTN_NO_MEMORY.
 */
enum lattn_status store_examine(struct store *store, checkpoint_progress_fn progress, void *arg,
                                struct examination *ret_examination,
                                struct lattn_complaint *complaint);

#endif
