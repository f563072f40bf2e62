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

/*
 * Leave a state there, whole or not at all: the file is there under its name when it is on disk.
 *
 * Returns LATTN_OK, LATTN_NO_SPACE or LATTN_INPUT_OUTPUT with the reason.
 */
enum lattn_status drop_put(const char *path, const char *bytes, size_t length,
                           struct lattn_complaint *complaint);

/*
 * Say that the state that is there is still the newest. Returns LATTN_OK; LATTN_NO_DATA where there
 * is none; LATTN_INPUT_OUTPUT.
 */
enum lattn_status drop_touch(const char *path, struct lattn_complaint *complaint);

/* directory is kept. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status drop_open(struct drop **ret_drop, const char *directory, uint64_t shards);
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
 * Find the first file that has changed since it was found the last time.
 *
 * ret_find  out  its bytes are given
 *
 * Returns LATTN_OK; LATTN_MORE where nothing has; LATTN_CONFLICT where a file is there that belongs
 * to another number of shards; LATTN_INPUT_OUTPUT or LATTN_NO_MEMORY; shard is that of the file, or
 * `shards` where it is of none.
 */
enum lattn_status drop_look(struct drop *drop, struct drop_find *ret_find,
                            struct lattn_complaint *complaint);

#endif
