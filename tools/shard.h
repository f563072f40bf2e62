#ifndef SHARD_H
#define SHARD_H

#include "jetstream.h"
#include "kept.h"
#include "retry.h"

#include <lattn/layout.h>
#include <lattn/status.h>

#include <stdint.h>

/*
 * One shard of P: the stream PREFIX_k that a worker reads, and what was given to it and is not yet
 * on the worker's disk. Numbers and stream agree whatever breaks: a message is sent until the
 * servers have it, and again should they lose it, each time under its own id PUBLISHER.NUMBER.
 */
struct shard_settings {
    const char *verb;      /* for talk */
    const char *prefix;    /* of stream and subject */
    const char *publisher; /* kept until shard_done, as the two above */
    uint32_t count;
    uint64_t epoch;
    uint64_t bytes_max; /* of the stream, where it is made here; 0: no limit */
    uint64_t random;    /* for pauses */
};

/*
 * index              k
 * layout             what the stream must be, and what the worker's consumer is called
 * message_bytes_max  of a message of this stream; 0: the server's own limit holds
 * is_met             looked at on this connection: only then is anything sent
 * has_worker         there was one when it was looked at last
 * is_held            refused a message: one at a time is tried, not before resume_ms
 * answered_ms        when the last answer came, or the first message after that was sent
 * duplicates         messages that the stream had before they were sent for the first time
 */
struct shard {
    struct shard_settings settings;
    uint32_t index;
    struct lattn_layout layout;
    struct kept kept;
    uint64_t message_bytes_max;
    int is_met;
    int has_worker;
    int is_held;
    struct retry retry;
    uint64_t resume_ms;
    uint64_t answered_ms;
    uint64_t resent; /* numbers up to it were sent before */
    uint64_t duplicates;
};

void shard_init(struct shard *shard, const struct shard_settings *settings, uint32_t index);
void shard_done(struct shard *shard);

/*
 * Look after the stream: make it where it is missing, see that it is laid out as it must be, notice
 * where it was set back, and let go of what the worker has on its disk. Asks, and waits for
 * answers.
 *
 * Returns LATTN_OK; LATTN_CLOSED: no answer for now; LATTN_CONFLICT: "wrong layout: ...";
 * LATTN_REFUSED; LATTN_NO_MEMORY; with a complaint.
 */
enum lattn_status shard_look(struct shard *shard, struct jetstream *jetstream,
                             struct lattn_complaint *complaint);

/*
 * Send what waits, as much as may be under way.
 *
 * Returns LATTN_OK, LATTN_CLOSED where the connection takes no more, or LATTN_NO_MEMORY.
 */
enum lattn_status shard_send(struct shard *shard, struct jetstream *jetstream, uint64_t now_ms);

/* Would it send, were it not for its pause until resume_ms? */
int shard_is_pausing(const struct shard *shard);

/* A message is stored. Returns its pairs where that is new, or 0. */
uint64_t shard_store(struct shard *shard, const struct jetstream_event *event, uint64_t now_ms);

/* A message was refused: it is tried again after a pause. */
void shard_refuse(struct shard *shard, const struct jetstream_event *event, uint64_t now_ms);

/* The connection broke: nothing is known of what was under way. */
void shard_part(struct shard *shard);

/* Let no answer be waited for too long. */
void shard_check(struct shard *shard, uint64_t now_ms);

#endif
