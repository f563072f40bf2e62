#ifndef SOURCE_LAYOUT_H
#define SOURCE_LAYOUT_H

#include <lattn/status.h>

#include "source/jetstream.h"
#include "source/url.h"

#include <stdint.h>

/* Bytes of a name or subject of ours, with its closing zero: a prefix and a few words. */
enum { LAYOUT_NAME_MAX = 64 };

/*
 * How the parts of a stream are laid out on a server, as publishers and workers agree on:
 *
 *     shard k of P     stream PREFIX_k, subject PREFIX.in.k, described as
 *                      "lattn shard k/P epoch E"
 *     its worker       durable consumer PREFIX_k_worker
 *     who that is      stream PREFIX_workers, subject PREFIX.worker.k
 */
struct layout {
    char stream[LAYOUT_NAME_MAX];
    char subject[LAYOUT_NAME_MAX];
    char description[LAYOUT_NAME_MAX];
    char consumer[LAYOUT_NAME_MAX];
    char workers[LAYOUT_NAME_MAX];
    char workers_subject[LAYOUT_NAME_MAX]; /* of all shards, "PREFIX.worker.*" */
    char worker[LAYOUT_NAME_MAX];
};

/* prefix: see url.h; 0 <= shard < shards <= 4096. */
void layout_init(struct layout *layout, const char *prefix, int32_t shard, int32_t shards,
                 uint64_t epoch);

/* How the shard's stream, and that of the workers, is made where it is missing. */
struct jetstream_plan layout_plan(const struct layout *layout);
struct jetstream_plan layout_plan_workers(const struct layout *layout);

/*
 * Is this stream laid out so? One without any description may be somebody's own, and will do.
 *
 * Returns LATTN_OK, or LATTN_CONFLICT with what differs, and how.
 */
enum lattn_status layout_check(const struct layout *layout, const struct jetstream_stream *stream,
                               struct lattn_complaint *complaint);

#endif
