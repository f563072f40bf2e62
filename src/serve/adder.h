#ifndef SERVE_ADDER_H
#define SERVE_ADDER_H

#include <lattn/status.h>

#include "serve/shards.h"
#include "store/state.h"

#include <stdint.h>

/*
 * The states of shards to their sum, on a thread of its own, in the order of the shards: so the sum
 * of the same states has the same bits, however they came.
 */
struct adder;

/* done is called on the adder's thread. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status adder_open(struct adder **ret_adder, uint64_t shards, void (*done)(void *arg),
                             void *arg);
/* Finishes the sum under way, ends the thread; accepts a pointer to NULL. */
void adder_close(struct adder **adder);

/* Is no sum under way, and no result to be taken? */
int adder_is_idle(struct adder *adder);

/* Begin to add up what is held; at least one state is. */
void adder_start(struct adder *adder, const struct shards *shards);

/*
 * Take the sum.
 *
 * ret_status  out  LATTN_OK, or why there is none
 * ret_state   out  given; of no shard. Its verdict is withheld where shards are missing
 *
 * Returns LATTN_OK, or LATTN_MORE where none has become ready.
 */
enum lattn_status adder_result(struct adder *adder, enum lattn_status *ret_status,
                               struct state *ret_state, struct lattn_complaint *complaint);

#endif
