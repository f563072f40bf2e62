#ifndef SERVE_SHARDS_H
#define SERVE_SHARDS_H

#include <lattn/status.h>
#include <lattn/wire.h>

#include "serve/holding.h"
#include "store/state.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What an aggregate holds of the shards of a stream: of each the newest cumulative state of one
 * worker, which the next one replaces. Pure; belongs to the learner thread.
 *
 *     shards_greet -> shards_hear                 a worker that has nothing new
 *                  -> shards_take -> holding      a state that was read
 */
struct shards;

/*
 * expect      shards there are, 1 ... LATTN_SHARDS_MAX
 * epoch       0: that of the first state that is taken
 * max_age_ns  a worker that was not heard of for longer is stale: another may take its place
 */
struct shards_settings {
    uint64_t expect;
    uint64_t epoch;
    uint64_t max_age_ns;
};

/* Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status shards_open(struct shards **ret_shards, const struct shards_settings *settings);
/* Accepts a pointer to NULL. */
void shards_close(struct shards **shards);

/*
 * May this worker speak for its shard? Not with another number of shards or epoch than the others',
 * and not while another worker of the same shard is alive. A refusal is remembered for status, and
 * logged once.
 *
 * Returns LATTN_OK, LATTN_RANGE or LATTN_CONFLICT.
 */
enum lattn_status shards_greet(struct shards *shards, const struct lattn_offer *offer,
                               uint64_t now_ns, struct lattn_complaint *complaint);

/*
 * A worker that may speak is alive, and says how far it is.
 *
 * Returns 1 if its state with so many pairs is held.
 */
int shards_hear(struct shards *shards, const struct lattn_offer *offer, uint64_t now_ns);

/* The worker whose state is held, if one is, is alive. */
void shards_touch(struct shards *shards, uint64_t shard, uint64_t now_ns);

/*
 * Take a state in the place of the one that is held of the shard, if it goes with the others.
 *
 * state  given, left as zeros; on refusal it stays the caller's
 * told   what its worker said with it; NULL: nothing. What was lost to a worker only grows: the
 *        most that it, or a state of its, has ever told counts
 *
 * Returns LATTN_OK; LATTN_RANGE or LATTN_CONFLICT with nothing changed but what status says.
 */
enum lattn_status shards_take(struct shards *shards, struct state *state,
                              const struct lattn_offer *told, uint64_t now_ns,
                              struct lattn_complaint *complaint);

/* Remember why what a worker offered could not be used, for status and log. */
void shards_refuse(struct shards *shards, uint64_t shard, const char *worker, uint64_t now_ns,
                   const struct lattn_complaint *why);

/* Why what is held could not be added up; "" where it could. */
void shards_note(struct shards *shards, const char *error);

/* The state of a shard, NULL where none is held; borrowed. */
struct holding *shards_holding(const struct shards *shards, uint64_t shard);

int shards_are_complete(const struct shards *shards);

/*
 * Look at the time: who has become stale, which refusals are long past.
 *
 * Returns 1 where what status says is no longer what it was when this was called the last time.
 */
int shards_look(struct shards *shards, uint64_t now_ns);

/* When to look again; UINT64_MAX: never. */
uint64_t shards_due(const struct shards *shards);

/* What status says; borrowed until the next call. */
const struct lattn_aggregate *shards_describe(struct shards *shards, uint64_t now_ns);

/*
 * The same in memory of its own, to be read on other threads: given with lattn_aggregate_close.
 * NULL for NULL, and without memory.
 */
struct lattn_aggregate *shards_copy_out(const struct lattn_aggregate *aggregate);

#endif
