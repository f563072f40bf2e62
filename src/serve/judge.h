#ifndef SERVE_JUDGE_H
#define SERVE_JUDGE_H

#include <lattn/status.h>

#include "serve/drop.h"
#include "store/state.h"

#include <stdint.h>

/*
 * Images of states to states, on a thread of its own: those that are handed in, and those that lie
 * in a directory. One at a time.
 */
struct judge;

/*
 * What became of a job.
 *
 * status     LATTN_OK; LATTN_MORE: nothing is new in the directory; or why there is no state
 * shard      of the file that was looked at; that many as are expected: of none in particular
 * age_ns     of the file; 0 of what was handed in
 * has_state  0: the file was only touched
 * state      given
 */
struct judge_result {
    enum lattn_status status;
    struct lattn_complaint complaint;
    uint64_t shard;
    uint64_t age_ns;
    int has_state;
    struct state state;
};

/*
 * learner    what holds of settings for states that are read: --ridge, --max-memory, and
 *            --precision where it is coarser than the worker's
 * directory  NULL: none; kept
 * done       called on the judge's thread when a job has its result
 */
struct judge_settings {
    struct lattn_learner_settings learner;
    const char *directory;
    uint64_t shards;
    void (*done)(void *arg);
    void *arg;
};

/* Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status judge_open(struct judge **ret_judge, const struct judge_settings *settings);
/* Finishes the job under way, ends the thread; accepts a pointer to NULL. */
void judge_close(struct judge **judge);

/* Is no job under way, and no result to be taken? */
int judge_is_idle(struct judge *judge);

/* Begin: read these bytes, which are given and left empty; or look into the directory. */
void judge_read(struct judge *judge, uint64_t shard, struct lattn_text *bytes);
void judge_look(struct judge *judge);

/* What was found of this shard in the directory was of no use (drop_refuse). It must be idle. */
void judge_refuse(struct judge *judge, uint64_t shard);

/* Take the result. Returns LATTN_OK, or LATTN_MORE where there is none. */
enum lattn_status judge_result(struct judge *judge, struct judge_result *ret_result);

#endif
