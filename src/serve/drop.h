#ifndef SERVE_DROP_H
#define SERVE_DROP_H

#include <lattn/status.h>
#include <lattn/wire.h>

#include <limits.h>
#include <stdint.h>

/*
 * A directory that workers and an aggregate share: each worker leaves its state there as
 * shard-K-of-P.state, replaced as a whole, and touches it while it has nothing new.
 */
struct drop;

/* Write the name of a shard's file. Returns LATTN_OK, or LATTN_TOO_BIG where it does not fit. */
enum lattn_status drop_path(const char *directory, uint64_t shard, uint64_t shards,
                            char ret_path[PATH_MAX]);

/* What tells one state from another in its file. Size 0: of none. */
struct drop_mark {
    uint64_t size;
    uint64_t seal;
};

/*
 * Leave a state there, whole or not at all: the file is there under its name when it is on disk.
 *
 * ret_mark  out  with LATTN_OK: of the state
 *
 * Returns LATTN_OK, LATTN_NO_SPACE or LATTN_INPUT_OUTPUT with the reason.
 */
enum lattn_status drop_put(const char *path, const char *bytes, size_t length,
                           struct drop_mark *ret_mark, struct lattn_complaint *complaint);

/*
 * Say that the state that is there is still the newest. Returns LATTN_OK; LATTN_NO_DATA where there
 * is none, or another's; LATTN_INPUT_OUTPUT.
 */
enum lattn_status drop_touch(const char *path, const struct drop_mark *mark,
                             struct lattn_complaint *complaint);

/* Remove what drop_put of a process that was killed has left beside the file. */
void drop_sweep(const char *path);

/*
 * directory  kept
 * bytes_max  a larger file is not read; 0: no limit
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status drop_open(struct drop **ret_drop, const char *directory, uint64_t shards,
                            uint64_t bytes_max);
/* Accepts a pointer to NULL. */
void drop_close(struct drop **drop);

/*
 * What is new there.
 *
 * shard   whose file it is
 * is_other  it holds something else than before, these bytes; 0: it was only touched
 * age_ns  since it was written or touched
 */
struct drop_find {
    uint64_t shard;
    int is_other;
    struct lattn_text bytes;
    uint64_t age_ns;
};

/*
 * Find the next file that has changed since it was found the last time. One after the other has its
 * turn, so that none is kept waiting by another that changes all the time, or cannot be read.
 *
 * ret_find  out  its bytes are given
 *
 * Returns LATTN_OK; LATTN_MORE where nothing has; LATTN_CONFLICT where a file is there that belongs
 * to another number of shards; LATTN_MEMORY_LIMIT, LATTN_INPUT_OUTPUT or LATTN_NO_MEMORY; shard is
 * that of the file, or `shards` where it is of none.
 */
enum lattn_status drop_look(struct drop *drop, struct drop_find *ret_find,
                            struct lattn_complaint *complaint);

/*
 * What was found of this shard was of no use: once it is touched it is another find, for by then it
 * may be.
 */
void drop_refuse(struct drop *drop, uint64_t shard);

#endif
