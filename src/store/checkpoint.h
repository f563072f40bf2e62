#ifndef STORE_CHECKPOINT_H
#define STORE_CHECKPOINT_H

#include "store/contents.h"
#include "store/state.h"
#include "store/volume.h"

/*
 * The image of a state in pieces, the values of VOLUME_PIECES under serial * 2^32 + 0, 1, 2 ...
 * It counts once the head names it (store/contents.h).
 */

/* The key of a piece. */
uint64_t checkpoint_key(uint64_t serial, uint32_t index);

/*
 * Write the pieces, a few in each transaction, and patiently.
 *
 * Returns as volume_commit; pieces that were written before a refusal stay, for sweep.
 */
enum lattn_status checkpoint_write(struct volume *volume, const struct state *state,
                                   uint32_t serial, uint64_t *ret_bytes,
                                   struct lattn_complaint *complaint);

/* Read a state. Returns as state_load; LATTN_DAMAGED where a piece is missing or has changed. */
enum lattn_status checkpoint_read(struct volume *volume, const struct contents_checkpoint *from,
                                  struct state *ret_state, struct lattn_complaint *complaint);

/* Called now and then while much is read. */
typedef void (*checkpoint_progress_fn)(void *arg);

/* Are all pieces there and sealed? Returns LATTN_OK, LATTN_DAMAGED or LATTN_INPUT_OUTPUT. */
enum lattn_status checkpoint_examine(const struct volume_txn *txn,
                                     const struct contents_checkpoint *checkpoint,
                                     checkpoint_progress_fn progress, void *arg,
                                     struct lattn_complaint *complaint);

#endif
