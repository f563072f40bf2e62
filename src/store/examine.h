#ifndef STORE_EXAMINE_H
#define STORE_EXAMINE_H

#include "store/checkpoint.h"
#include "store/contents.h"
#include "store/volume.h"

/*
 * What reading everything found.
 *
 * usable  a bit for each checkpoint, the newest first: it is whole, and so are all records behind
 * it damage  the first that was found, "" if none
 */
struct examination {
    unsigned usable;
    char damage[192];
};

/*
 * Read everything there is: all records behind the older checkpoint, and the pieces of both.
 * Whether a store that is not as it should be leads to a state is for the caller to judge.
 *
 * progress  in  called now and then
 *
 * Returns LATTN_OK, damaged or not; LATTN_INPUT_OUTPUT or LATTN_NO_MEMORY.
 */
enum lattn_status examine(const struct volume_txn *txn, const struct contents *contents,
                          checkpoint_progress_fn progress, void *arg,
                          struct examination *ret_examination, struct lattn_complaint *complaint);

#endif
