#ifndef SERVE_SAVER_H
#define SERVE_SAVER_H

#include <lattn/status.h>

#include "store/state.h"
#include "store/store.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Snapshots of the state to where they last, on a thread of its own: learning goes on meanwhile.
 * One at a time.
 */
struct saver;

enum saver_job {
    SAVER_CHECKPOINT, /* store_checkpoint */
    SAVER_RENEW,      /* store_renew: nobody may append until it is done */
    SAVER_IMAGE       /* the bytes of state_save, in memory */
};

/*
 * What became of a job.
 *
 * position, pairs  of the snapshot
 * bytes            of the state as it is written
 * end_ns           when it was done
 * image            given (memory_release); NULL unless the job was SAVER_IMAGE and is LATTN_OK
 */
struct saver_result {
    enum saver_job job;
    enum lattn_status status;
    struct lattn_complaint complaint;
    uint64_t position;
    uint64_t pairs;
    uint64_t bytes;
    uint64_t end_ns;
    char *image;
};

/*
 * Starts the thread.
 *
 * store  kept; NULL: images are all that can be asked for
 * done   called on the saver's thread when a job has its result
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status saver_open(struct saver **ret_saver, struct store *store, void (*done)(void *arg),
                             void *arg);
/* Finishes the job under way, ends the thread; accepts a pointer to NULL. */
void saver_close(struct saver **saver);

/*
 * Copy the state and begin. The saver must be idle, its last result taken. It keeps the memory of
 * the copy for the next one.
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY with nothing begun.
 */
enum lattn_status saver_start(struct saver *saver, enum saver_job job, const struct state *state,
                              uint64_t position);

/* Is no job under way? Between saver_start and the result it is not idle. */
int saver_is_idle(struct saver *saver);

/* Wait until the job under way, if there is one, has its result. */
void saver_wait(struct saver *saver);

/* Take it. Returns LATTN_OK, or LATTN_MORE where none has become ready since the last call. */
enum lattn_status saver_result(struct saver *saver, struct saver_result *ret_result);

#endif
