#ifndef PUBLISH_H
#define PUBLISH_H

#include "input_wish.h"
#include "jetstream.h"
#include "numbers.h"
#include "reader.h"
#include "series.h"
#include "shard.h"
#include "tokens.h"

#include <lattn/layout.h>
#include <lattn/tasks.h>
#include <lattn/wire.h>

#include <stdint.h>

struct publish;

/*
 * What the input is.
 *
 * name  as it is given to --from
 * word  what a unit of it is called
 * take  adds the messages of a unit; returns LATTN_OK, also for a bad one, or why the run must end.
 *       text is lost
 */
struct publish_source {
    const char *name;
    const char *word;
    enum reader_unit unit;
    enum lattn_status (*take)(struct publish *publish, char *text, size_t length);
};

/*
 * Options as given; texts are borrowed, NULL where not.
 *
 * symbols  file of the symbols of events
 */
struct publish_wish {
    const char *address;
    struct lattn_stream_url url;
    struct input_wish input;
    const struct publish_source *source;
    const char *symbols;
    const char *producer;
    const char *creds;
    const char *token;
    const char *user;
    const char *authority;
    uint64_t shards;
    uint64_t epoch;
    uint64_t bytes_max;
    uint64_t keep_bytes;
    int no_wait;
};

/*
 * One run of publish. Messages belong to a shard each from the moment in which they are read; a
 * shard keeps what may have to be sent again, all of them together at most keep_bytes.
 */
struct publish {
    const char *verb;
    const struct publish_wish *wish;
    struct jetstream *jetstream;
    struct shard *shards;
    uint32_t shards_count;
    uint32_t turn; /* whose turn it is, of messages without a key */
    char publisher[LATTN_PRODUCER_MAX];
    struct reader input;
    struct numbers numbers;
    struct lattn_text message; /* being written */
    struct series series;
    struct lattn_events *events; /* events only, as the next two */
    struct tokens tokens;
    double *y; /* one output per symbol */

    uint64_t waiting; /* messages of all shards to be sent, and ... */
    uint64_t bytes;   /* ... what they all keep: summed up in each turn, for there may be many */
    uint64_t pairs;   /* in messages that were read ... */
    uint64_t messages;
    uint64_t stored;     /* ... and pairs of them that the servers have had */
    uint64_t refused;    /* units that are no pairs, or too long */
    uint64_t complaints; /* all there were ... */
    uint64_t complaints_shown;
    int stopped;        /* the input as a whole is refused, and that was said */
    int is_interrupted; /* the input was not read to its end */
    int is_away;        /* there is no connection */
    int is_full_said;
    int is_workless_said;
    int is_names_said;
    uint64_t look_ms;              /* when the streams are looked after next */
    struct lattn_complaint reason; /* why the run must end, where its status does not tell */
};

/* ---- publish_pairs.c: what a unit holds ---------------------------------------------------- */

/* A source by its name; NULL where there is none. */
const struct publish_source *publish_source_find(const char *name);

/* Make ready for the source. Returns LATTN_OK, or why not, which was said where `stopped`. */
enum lattn_status publish_pairs_init(struct publish *publish);
void publish_pairs_done(struct publish *publish);

/* The input has ended: refuse it where a header was missing. */
void publish_pairs_end(struct publish *publish);

/* The unit taken last is refused. */
void publish_refuse(struct publish *publish, const char *reason);

/* ---- publish_turn.c: to the servers -------------------------------------------------------- */

/*
 * Give a message to a shard: to that of its key, or to all in turns.
 *
 * key  in  NULL or "": none
 *
 * Returns LATTN_OK, also where it is too long and refused, or LATTN_NO_MEMORY.
 */
enum lattn_status publish_add(struct publish *publish, const char *key, const char *bytes,
                              size_t length, uint64_t pairs);

/* Which shard messages of a key go to: FNV-1a of 64 bits over its bytes, modulo their count. */
uint32_t publish_shard_of(const char *key, uint32_t count);

/* Should no more input be taken until there is room for it? */
int publish_is_waiting(struct publish *publish);

/*
 * Meet the streams, before anything is sent. Returns LATTN_OK, or why not with publish->reason.
 */
enum lattn_status publish_meet(struct publish *publish);

/*
 * Send what can be sent, wait once, and deal with what has happened.
 *
 * input_fd         in   also wait for this descriptor to become readable, or -1
 * ret_input_ready  out  whether it is
 *
 * Returns LATTN_OK, or why the run must end, as a rule with publish->reason: LATTN_CONFLICT,
 * LATTN_DENIED, LATTN_REFUSED; LATTN_TIMEOUT once it shall end at once.
 */
enum lattn_status publish_turn(struct publish *publish, int input_fd, int *ret_input_ready);

/* Sums over the shards: messages and pairs. */
struct publish_left {
    uint64_t unstored;      /* messages that the servers are not known to have */
    uint64_t kept;          /* and those that the workers have not on their disks */
    uint64_t settled_pairs; /* pairs that they have */
    uint64_t duplicates;
};
struct publish_left publish_left(const struct publish *publish);

#endif
