#ifndef JETSTREAM_H
#define JETSTREAM_H

#include <lattn/layout.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * A connection to servers of NATS whose streams keep messages (JetStream). It is renewed by itself
 * where it breaks. Messages are sent without waiting; what becomes of them, and of the connection,
 * is told by events. Everything else asks and waits a moment for the answer.
 */
struct jetstream;

/*
 * Who to connect to, and how to be let in; all is borrowed for the call, NULL where not given.
 *
 * creds      file of a JWT and its key, as nsc writes it
 * authority  file of certificates that the server's may come from, in place of the system's
 */
struct jetstream_settings {
    const struct lattn_stream_url *url;
    const char *creds;
    const char *token;
    const char *user;
    const char *password;
    const char *authority;
};

/*
 * Connect once to one of the servers.
 *
 * Returns LATTN_OK with a jetstream that is given; LATTN_DENIED: "not let in: ..."; LATTN_CLOSED:
 * nobody is there; LATTN_NO_MEMORY or LATTN_INPUT_OUTPUT, with a complaint.
 */
enum lattn_status jetstream_open(struct jetstream **ret_jetstream,
                                 const struct jetstream_settings *settings,
                                 struct lattn_complaint *complaint);

/* Drop the connection and set to NULL; accepts NULL. What was not answered may have arrived. */
void jetstream_close(struct jetstream **jetstream);

/* The longest message that the server takes, its headers included; bytes. */
uint64_t jetstream_bytes_max(const struct jetstream *jetstream);

/* ---- messages ------------------------------------------------------------------------------ */

enum jetstream_kind {
    JETSTREAM_STORED,  /* a message is at the servers */
    JETSTREAM_REFUSED, /* it is not, and may be sent again */
    JETSTREAM_AWAY,    /* the connection broke; what is under way may or may not arrive */
    JETSTREAM_BACK,    /* it is there again; answers to what was sent before come no more */
    JETSTREAM_DENIED   /* it will not come back: credentials or rights are refused */
};

/*
 * shard, number  of the message, as its subject and its id end
 * sequence       STORED: in the stream
 * is_duplicate   STORED: it was there already
 * is_orphan      REFUSED: no stream takes its subject
 * reason         REFUSED, AWAY, DENIED: the server's words
 */
struct jetstream_event {
    enum jetstream_kind kind;
    uint32_t shard;
    uint64_t number;
    uint64_t sequence;
    int is_duplicate;
    int is_orphan;
    char reason[160];
};

/*
 * Send a message.
 *
 * subject  in  ends with ".SHARD"
 * id       in  ends with ".NUMBER"; sent again under the same id it is stored once
 *
 * Returns LATTN_OK: an event tells the rest, unless the connection breaks; LATTN_CLOSED: it has, or
 * will not take more at the moment; LATTN_NO_MEMORY.
 */
enum lattn_status jetstream_publish(struct jetstream *jetstream, const char *subject,
                                    const char *id, const char *bytes, size_t length);

/* To be polled: readable while there are events. */
int jetstream_fd(const struct jetstream *jetstream);

/* Take the next event. Returns LATTN_OK, or LATTN_MORE: there is none. */
enum lattn_status jetstream_next(struct jetstream *jetstream, struct jetstream_event *ret_event);

/* Changes whenever the connection is another one: answers across a change belong to no server. */
uint64_t jetstream_connections(struct jetstream *jetstream);

/* ---- streams ------------------------------------------------------------------------------- */

/*
 * A stream: how it is laid out, and what it holds.
 *
 * message_bytes_max  of a message; 0: no limit
 * first, last        sequences; last 0: there was none yet
 */
struct jetstream_stream {
    struct lattn_layout_found layout;
    uint64_t message_bytes_max;
    uint64_t first;
    uint64_t last;
};

/*
 * Ask for a stream.
 *
 * Returns LATTN_OK; LATTN_NO_DATA: there is none of this name; LATTN_CLOSED: nobody answers, or not
 * yet; LATTN_REFUSED with the server's words; LATTN_NO_MEMORY. All with a complaint.
 */
enum lattn_status jetstream_get(struct jetstream *jetstream, const char *name,
                                struct jetstream_stream *ret_stream,
                                struct lattn_complaint *complaint);

/*
 * Make a shard's stream as it should be.
 *
 * bytes_max  in  of all its messages; 0: no limit
 *
 * Returns as jetstream_get; LATTN_CONFLICT: somebody made another one of this name.
 */
enum lattn_status jetstream_make(struct jetstream *jetstream, const struct lattn_layout *layout,
                                 uint64_t bytes_max, struct lattn_complaint *complaint);

/*
 * Does the stream have this message at this sequence? Returns LATTN_OK; LATTN_CONFLICT: another
 * one; otherwise as jetstream_get, LATTN_NO_DATA: none.
 */
enum lattn_status jetstream_has(struct jetstream *jetstream, const char *stream, uint64_t sequence,
                                const char *id, struct lattn_complaint *complaint);

/*
 * Up to which sequence has a consumer acknowledged everything? Returns as jetstream_get.
 */
enum lattn_status jetstream_floor(struct jetstream *jetstream, const char *stream,
                                  const char *consumer, uint64_t *ret_sequence,
                                  struct lattn_complaint *complaint);

#endif
