#ifndef SERVE_AGGREGATOR_H
#define SERVE_AGGREGATOR_H

#include <lattn/status.h>
#include <lattn/wire.h>

#include "serve/shards.h"
#include "store/state.h"

#include <stdint.h>

/*
 * The shards of a stream to one state, seen from the learner thread, to which it belongs.
 *
 *     offer -> upload -> judge -> shards -> adder -> aggregator_sum -> fold
 *              directory ^
 */
struct aggregator;

/*
 * learner  as judge.h
 * from     a directory that is looked at each second; NULL: none; kept
 * done     called on other threads: aggregator_tend has something to do
 */
struct aggregator_settings {
    struct shards_settings shards;
    struct lattn_learner_settings learner;
    const char *from;
    void (*done)(void *arg);
    void *arg;
};

/* Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status aggregator_open(struct aggregator **ret_aggregator,
                                  const struct aggregator_settings *settings);
/* Finishes what is under way; accepts a pointer to NULL. */
void aggregator_close(struct aggregator **aggregator);

/*
 * Answer an offer.
 *
 * ticket     in/out  0 at first; then of the state that is being judged
 * ret_taken  out     with LATTN_OK
 *
 * Returns LATTN_OK; LATTN_MORE: call again with the same ticket when aggregator_tend has news; or
 * why it is refused, which status and log say as well.
 */
enum lattn_status aggregator_offer(struct aggregator *aggregator,
                                   const struct lattn_request *request, uint64_t now_ns,
                                   uint64_t *ticket, struct lattn_taken *ret_taken,
                                   struct lattn_complaint *complaint);

/*
 * Take in what has been judged and added up, begin what is due.
 *
 * Returns 1 where something that an offer waits for has come to its end, else 0.
 */
int aggregator_tend(struct aggregator *aggregator, uint64_t now_ns);

/* When aggregator_tend has to be called, if nothing happens before; UINT64_MAX: never. */
uint64_t aggregator_due(struct aggregator *aggregator);

/* Take a new sum, given. Returns 1 if there is one. */
int aggregator_sum(struct aggregator *aggregator, struct state *ret_state);

/* Has what status says of shards changed since this was called the last time? */
int aggregator_has_news(struct aggregator *aggregator);

/* What status says; borrowed until the next call. */
const struct lattn_aggregate *aggregator_describe(struct aggregator *aggregator, uint64_t now_ns);

#endif
