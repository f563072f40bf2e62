#ifndef LATTN_SERVICE_H
#define LATTN_SERVICE_H

#include <lattn/certificate.h>
#include <lattn/limits.h>
#include <lattn/model.h>

#include <stdint.h>

LATTN_BEGIN

/* What a service around a learner says about itself in "status" (src/wire/README.md). */

/*
 * What a service keeps on disk, for status.
 *
 * is_kept           0: memory only, and nothing else of this counts
 * position          of the journal's last record
 * checkpoint_pairs  of the newest checkpoint that this process made or began with; LATTN_NEVER:
 *                   not known
 * checkpoint_age_s  since it was made; LATTN_NEVER: not by this process
 * journal_bytes     written since
 * error             why nothing can be kept at the moment, or no checkpoint made; "" if all is well
 */
struct lattn_kept {
    int32_t is_kept;
    uint64_t position;
    int64_t checkpoint_pairs;
    int64_t checkpoint_age_s;
    uint64_t journal_bytes;
    char error[256];
};

/*
 * What a service shows of its state to whoever adds up shards, for status.
 *
 * is_pushed   0: to nobody, and nothing else of this counts
 * address     of who it is
 * connected   the last try reached it
 * error       why that holds no state of now; "" if all is well
 * pushed_age_s, pairs  of the last state that was taken; LATTN_NEVER: none yet
 */
struct lattn_pushed {
    int32_t is_pushed;
    char address[288];
    int32_t connected;
    char error[256];
    int64_t pushed_age_s;
    int64_t pairs;
};

/*
 * What is held of one shard of a stream, for status.
 *
 * worker          whose state it is; "": none was ever seen, and of the rest only error counts
 * pairs           in it
 * age_s           since the worker was heard of last; LATTN_NEVER: never
 * lag, lost       as in lattn_offer
 * is_stale        the worker was not heard of for too long; its state counts as before
 * is_rolled_back  the state has fewer pairs than one before it had, and not yet more again; or one
 *                 of its streams went back
 * error           why the last state offered was refused; "" once one is taken
 */
struct lattn_shard {
    char worker[LATTN_PRODUCER_MAX];
    uint64_t pairs;
    int64_t age_s;
    uint64_t lag;
    uint64_t lost;
    int32_t is_stale;
    int32_t is_rolled_back;
    char error[256];
};

/*
 * What an aggregate holds, for status.
 *
 * expect    shards there are; they stand in `shards`
 * epoch     of all of them; 0: not known yet
 * complete  a state of each is held
 * error     why what is held could not be added up; "" if all is well
 */
struct lattn_aggregate {
    uint64_t expect;
    uint64_t epoch;
    int32_t complete;
    char error[256];
    struct lattn_shard *shards;
};

/*
 * What is missing or wrong in one line, "incomplete: shard 1 never seen; shard 2 stale for 40 s",
 * as far as there is room; "" if nothing is.
 */
LATTN_API void lattn_aggregate_sentence(const struct lattn_aggregate *aggregate,
                                        char ret_sentence[LATTN_SENTENCE_MAX]);

/* Release one that was read or copied, with its shards; accepts a pointer to NULL. */
LATTN_API void lattn_aggregate_close(struct lattn_aggregate **aggregate);

/* Streams that a service takes pairs from, at most. */
enum { LATTN_SOURCE_STREAMS_MAX = 8 };

/*
 * One of them.
 *
 * sequence     of the stream: all up to there was taken and is kept
 * pending      messages that are there and not taken
 * redelivered  messages that came again, since the start
 * duplicates   messages that had been taken before, since the start
 * lost         messages that were gone before they were taken, and numbers of publishers that were
 *              given up, since there were too many gaps between others
 * rolled_back  so often the stream went back to an earlier state of its own
 */
struct lattn_source_stream {
    char name[64];
    uint64_t sequence;
    uint64_t pending;
    uint64_t redelivered;
    uint64_t duplicates;
    uint64_t lost;
    uint64_t rolled_back;
};

/*
 * Where a service takes pairs from by itself, for status.
 *
 * is_given  0: from nowhere, and nothing else of this counts
 * url       as it was typed; of several, blanks between, as far as there is room
 * worker    which state this is
 * error     why nothing is taken at the moment; "" if it is
 */
struct lattn_source {
    int32_t is_given;
    char url[256];
    int32_t shard;
    int32_t shards;
    uint64_t epoch;
    char worker[33];
    int32_t connected;
    char error[256];
    uint64_t streams_count;
    struct lattn_source_stream streams[LATTN_SOURCE_STREAMS_MAX];
};

/* Counters of a service around a learner, for status; aggregate is borrowed, NULL in all others. */
struct lattn_service {
    uint64_t accepted;   /* items, as sent */
    uint64_t rejected;   /* items */
    uint64_t duplicates; /* items */
    uint64_t unkept;     /* items refused because the disk took nothing, since the start */
    uint64_t denied;     /* connections that were not let in */
    int32_t threads;     /* that learn together; 0: not known */
    double pairs_per_s;  /* over about the last second */
    uint64_t queue_bytes;
    uint64_t uptime_s;
    int32_t heads; /* heads of the last emission; LATTN_NEVER: none yet */
    uint64_t heads_generation;
    enum lattn_certified heads_certified;
    enum lattn_decomposition heads_decomposition;
    double pairs_to_go; /* about, until the verdict can be "identifying"; NaN: not known */
    struct lattn_kept kept;
    struct lattn_source source;
    struct lattn_pushed pushed;
    const struct lattn_aggregate *aggregate;
};

LATTN_END

#endif
