#ifndef STORE_RECOVER_H
#define STORE_RECOVER_H

#include <lattn/learner.h>
#include <lattn/status.h>

#include "store/state.h"
#include "store/store.h"

#include <stdint.h>

/*
 * From a directory to the state it holds: the newest checkpoint that is sound, and every record
 * behind it. Start-up and lattnd --check-state are this code.
 *
 * A damaged store can bring LMDB down, so it is first read by a child process, which opens no
 * socket and has no threads: it ends with a verdict, or with a signal, which is one as well.
 */

/* Settings that somebody asked for; the state must agree with them. */
enum recover_given {
    RECOVER_DIM = 1,
    RECOVER_OUTPUTS = 2,
    RECOVER_BIAS = 4,
    RECOVER_FORGET = 8,
    RECOVER_ENGINE = 16
};

/*
 * What was found.
 *
 * is_new           the directory held no state
 * is_imported      it held an image alone (lattn checkpoint -o)
 * checkpoint       position it began with; 0: from nothing
 * checkpoint_bytes of its image
 * records, pairs   applied behind it; label rows of the state
 * is_previous      the newest checkpoint was damaged, the one before served
 * is_adjusted      what no record holds is another from now on: precision, with gram the limit, or
 *                  the shard it is of
 * is_renewed       something was damaged: all was written anew, the old file kept as damaged-N.mdb
 * damage           what, "" if nothing
 * settings, origin of the state
 */
struct recover_info {
    int is_new;
    int is_imported;
    uint64_t checkpoint;
    uint64_t checkpoint_bytes;
    uint64_t records;
    uint64_t pairs;
    int is_previous;
    int is_adjusted;
    int is_renewed;
    char damage[256];
    struct lattn_learner_settings settings;
    struct origin origin;
    int32_t d;
    int32_t m;
};

/*
 * Open a directory and recover its state, or begin one. Nothing in the directory changes before
 * recover_keep: whoever finds until then that it cannot go on leaves nothing behind.
 *
 * wish   in   of a new state; of an old one precision, ridge and memory_max are taken over, and
 *             where `given` says so the others must be what the state has
 * given  in   enum recover_given, or-ed
 *
 * A record that is missing or damaged behind the newest checkpoint that is whole is LATTN_DAMAGED,
 * the last one too: nothing is skipped in silence. To be called while the process has one thread.
 *
 * Returns LATTN_OK; LATTN_CONFLICT, naming the option, what it says and what the state has;
 * LATTN_DAMAGED, LATTN_OTHER_VERSION, LATTN_IN_USE, LATTN_INPUT_OUTPUT, LATTN_NO_SPACE,
 * LATTN_NO_MEMORY.
 */
enum lattn_status recover_open(const char *path, const struct lattn_learner_settings *wish,
                               unsigned given, struct store **ret_store, struct state *ret_state,
                               struct recover_info *ret_info, struct lattn_complaint *complaint);

/*
 * Let the directory hold the state: make a store where there is none yet, make a damaged one anew,
 * and one that is adjusted.
 *
 * info  in/out  of recover_open; is_renewed is set
 *
 * Returns LATTN_OK; or as store_renew and store_write. Refused, the directory holds what it held.
 */
enum lattn_status recover_keep(struct store *store, const struct state *state,
                               struct recover_info *info, struct lattn_complaint *complaint);

/*
 * Read the state of a directory, without changing anything there.
 *
 * Returns as recover_check; ret_state is given.
 */
enum lattn_status recover_read(const char *path, struct state *ret_state,
                               struct recover_info *ret_info, struct lattn_complaint *complaint);

/*
 * Recover without keeping or changing anything.
 *
 * wish  in  NULL: whatever the settings are
 *
 * Returns as recover_open; LATTN_NO_DATA where there is no state.
 */
enum lattn_status recover_check(const char *path, const struct lattn_learner_settings *wish,
                                unsigned given, struct recover_info *ret_info,
                                struct lattn_complaint *complaint);

#endif
