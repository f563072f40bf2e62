#ifndef SERVE_DISPATCH_H
#define SERVE_DISPATCH_H

#include <lattn/learner.h>
#include <lattn/status.h>
#include <lattn/wire.h>

#include "serve/aggregator.h"
#include "serve/chunk.h"
#include "serve/emitter.h"
#include "serve/fold.h"
#include "serve/keeper.h"

#include <stdint.h>

/*
 * Requests, answered on the learner thread from the exact state.
 *
 * aggregator          NULL: pairs are learned; else of so many shards, and nothing is learned
 * frame_bytes_max     of a message, for hello
 * heads, heads_count  of a model request that does not say how many it wants
 * service             counters and facts for status, as of now
 * forget              everything was forgotten
 */
struct dispatch {
    struct fold *fold;
    struct keeper *keeper;
    struct emitter *emitter;
    struct aggregator *aggregator;
    uint64_t shards;
    size_t frame_bytes_max;
    enum lattn_heads heads;
    int32_t heads_count;
    void (*service)(void *arg, struct lattn_service *ret_service);
    void (*forget)(void *arg);
    void *arg;
};

/*
 * Answer a request, or say why it was refused when it was read. What was gathered before it must
 * have been learned. The answer is added to chunk->answers.
 *
 * Returns LATTN_OK, or LATTN_MORE where it waits for something that is under way, without an
 * answer: call again with the same entry when emitter_tend, keeper_tend or aggregator_tend has
 * news, before the next call of any. chunk->ticket remembers.
 */
enum lattn_status dispatch_request(const struct dispatch *dispatch, struct chunk *chunk,
                                   const struct entry *entry);

/* Answer pairs that come where the state is a sum of others: they are refused. */
void dispatch_refuse(const struct dispatch *dispatch, struct chunk *chunk,
                     const struct entry *entry);

#endif
