#ifndef SOURCE_JETSTREAM_H
#define SOURCE_JETSTREAM_H

#include <lattn/layout.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * A connection to JetStream, in our words: the only place that knows its library. It belongs to one
 * thread. Nothing is tried again here: a connection that is lost stays lost (LATTN_CLOSED), and
 * whoever has it opens another.
 *
 * Each call that fails returns
 *     LATTN_CLOSED   no server, or no more
 *     LATTN_DENIED   not let in, or not allowed to do this
 *     LATTN_NO_DATA  what was asked for is not there
 *     LATTN_CONFLICT somebody else was faster
 *     LATTN_TIMEOUT  no answer in time
 *     LATTN_REFUSED  whatever else the server has against it
 *     LATTN_NO_MEMORY
 * with its reason as complaint.
 */
struct jetstream;

/*
 * url         borrowed, as the texts
 * creds_file  of NATS credentials; NULL: none
 * token_file  a token, or user:password; NULL: none
 * ca_file     whom to believe; NULL: whom the system believes
 * name        what the server calls this connection
 */
struct jetstream_settings {
    const struct lattn_stream_url *url;
    const char *creds_file;
    const char *token_file;
    const char *ca_file;
    const char *name;
};

enum lattn_status jetstream_open(struct jetstream **ret_jetstream,
                                 const struct jetstream_settings *settings,
                                 struct lattn_complaint *complaint);
/* Accepts a pointer to NULL. */
void jetstream_close(struct jetstream **jetstream);

/* ---- streams -------------------------------------------------------------------------------- */

enum { JETSTREAM_TEXT_MAX = 256 };

/*
 * A stream as it is.
 *
 * created_ns   by the server's clock; a stream that was made anew has another
 * first, last  sequence numbers; the first is behind the last where it is empty
 */
struct jetstream_stream {
    struct lattn_layout_found layout;
    int64_t created_ns;
    uint64_t first;
    uint64_t last;
};

enum lattn_status jetstream_look(struct jetstream *jetstream, const char *stream,
                                 struct jetstream_stream *ret_stream,
                                 struct lattn_complaint *complaint);

/*
 * A stream as it should be made: on disk, and a full one refuses.
 *
 * description    NULL for none
 * per_subject    messages that it keeps of each subject; 0: all
 * duplicates_ns  for so long it knows what was published
 */
struct jetstream_plan {
    const char *stream;
    const char *subject;
    const char *description;
    int64_t per_subject;
    int64_t duplicates_ns;
};

/* One that was made meanwhile is LATTN_CONFLICT. */
enum lattn_status jetstream_make(struct jetstream *jetstream, const struct jetstream_plan *plan,
                                 struct lattn_complaint *complaint);

/* The time stamp of a message. */
enum lattn_status jetstream_time(struct jetstream *jetstream, const char *stream, uint64_t seq,
                                 int64_t *ret_time_ns, struct lattn_complaint *complaint);

/* The newest message of a subject, as a text; of a longer one the beginning. */
enum lattn_status jetstream_newest(struct jetstream *jetstream, const char *stream,
                                   const char *subject, char ret_text[JETSTREAM_TEXT_MAX],
                                   uint64_t *ret_seq, struct lattn_complaint *complaint);

/*
 * Publish a message behind this one of its subject; 0: as its first.
 *
 * Returns also LATTN_CONFLICT, where another one is the newest.
 */
enum lattn_status jetstream_put(struct jetstream *jetstream, const char *stream,
                                const char *subject, const char *text, uint64_t behind,
                                uint64_t *ret_seq, struct lattn_complaint *complaint);

/* ---- the consumer --------------------------------------------------------------------------- */

/*
 * A durable consumer as it is.
 *
 * is_fit     it works as jetstream_consume makes them
 * delivered  the last message of the stream, and how many deliveries there were until then
 * settled    every message up to this one was acknowledged
 * waiting    deliveries that were not acknowledged
 */
struct jetstream_consumer {
    int is_fit;
    uint64_t delivered;
    uint64_t deliveries;
    uint64_t settled;
    int64_t waiting;
};

enum lattn_status jetstream_consumer_look(struct jetstream *jetstream, const char *stream,
                                          const char *consumer,
                                          struct jetstream_consumer *ret_consumer,
                                          struct lattn_complaint *complaint);

/*
 * Make a durable consumer anew, to begin with this message, or where seq is 0 at this time or up to
 * a second before it.
 */
enum lattn_status jetstream_consume(struct jetstream *jetstream, const char *stream,
                                    const char *consumer, uint64_t seq, int64_t time_ns,
                                    struct lattn_complaint *complaint);

/* Take messages from this consumer from now on. */
enum lattn_status jetstream_bind(struct jetstream *jetstream, const char *stream,
                                 const char *consumer, const char *subject,
                                 struct lattn_complaint *complaint);

enum { JETSTREAM_BATCH = 256, JETSTREAM_REPLY_MAX = 256 };

/*
 * A message, borrowed until the next jetstream_fetch or jetstream_release.
 *
 * id          "" if its publisher gave none
 * reply       where it is acknowledged
 * delivery    counts deliveries of the consumer, from 1 on
 * deliveries  of this message
 * pending     messages of the stream that the consumer has still to deliver
 */
struct jetstream_message {
    const char *bytes;
    size_t length;
    const char *id;
    const char *reply;
    uint64_t seq;
    uint64_t delivery;
    uint64_t deliveries;
    uint64_t pending;
    int64_t time_ns;
};

/*
 * Wait for messages, JETSTREAM_BATCH and about bytes_max of them at most.
 *
 * Returns LATTN_OK with at least one; LATTN_MORE: none came in time; or as above.
 */
enum lattn_status jetstream_fetch(struct jetstream *jetstream, size_t bytes_max, int64_t wait_ms,
                                  const struct jetstream_message **ret_messages, size_t *ret_count,
                                  struct lattn_complaint *complaint);

/* What was fetched is no longer needed. */
void jetstream_release(struct jetstream *jetstream);

/* Acknowledge the message of this reply subject, and all before it. */
enum lattn_status jetstream_acknowledge(struct jetstream *jetstream, const char *reply,
                                        struct lattn_complaint *complaint);

#endif
