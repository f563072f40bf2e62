#ifndef SERVE_SESSION_H
#define SERVE_SESSION_H

#include <lattn/status.h>

#include "serve/access.h"
#include "serve/channel.h"
#include "serve/chunk.h"
#include "serve/pool.h"
#include "serve/publish.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/*
 * One client: its bytes are cut into messages, these handed on in chunks, its answers sent back in
 * order, and emissions sent to it if it asked for them. On the loop's thread.
 *
 * What one client can make the daemon hold is bounded: it is not read from while many of its
 * messages are under way, while it does not read its answers, or while there is no memory for a
 * long message. One that does not go on where it is waited for is dropped.
 */
struct session;

/*
 * What a session needs from whoever owns it; kept while there are sessions.
 *
 * access     who may come in
 * is_paused  the learner has enough to do: nobody is read from
 * turns      a client may take so many at once, at least 1
 * newest     the newest bulletin, NULL before the first
 * input      memory for long messages; output: for answers, and for bulletins half of it
 * submit     takes a sealed chunk, which comes back through session_answer
 * wait       the session waits for its turn, see clients.h: until then it does nothing
 * crowded    output is exceeded: sessions are to be dropped
 * dropped    the session drops its client, and why
 * subscribed  a session begins, or changes, what it is sent of emissions
 * idle       the client's input has ended and all of it was answered; the session goes on to its
 *            end unless it is kept
 * ended      the connection is closed and nothing of it is under way: session_close may be called
 */
struct session_host {
    uv_loop_t *loop;
    struct access *access;
    size_t frame_bytes_max;
    uint64_t message_timeout_ms;
    uint64_t send_timeout_ms;
    int is_paused;
    size_t turns;
    const struct bulletin *newest;
    struct pool *input;
    struct pool *output;
    void (*submit)(void *arg, struct chunk *chunk);
    void (*wait)(void *arg, struct session *session);
    void (*crowded)(void *arg);
    void (*dropped)(void *arg, const char *why);
    void (*subscribed)(void *arg);
    void (*idle)(void *arg, struct session *session);
    void (*ended)(void *arg, struct session *session);
    void *arg;
};

/* Take the connection waiting at listener. Returns as channel_accept. */
enum lattn_status session_accept(struct session **ret_session, const struct session_host *host,
                                 uv_stream_t *listener);

/* Who it is, as channel_peer. */
const char *session_peer(const struct session *session);

/* Serve standard input. Returns as session_accept. */
enum lattn_status session_standard(struct session **ret_session, const struct session_host *host,
                                   struct lattn_complaint *complaint);

/*
 * Serve what somebody carries (channel.h), as lines, whatever their first byte is.
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status session_carry(struct session **ret_session, const struct session_host *host,
                                enum chunk_purpose purpose, const struct channel_carrier *carrier,
                                void *carrier_arg, const struct peer *peer);

/* Its channel, for the carrier. */
struct channel *session_channel(struct session *session);

/* What became of its messages, as far as they are answered. */
struct session_outcome {
    struct tally tally;
    enum lattn_status refused; /* as in chunk.h */
};
struct session_outcome session_outcome(const struct session *session);

/* Release a session that has ended, set the pointer to NULL. */
void session_close(struct session **session);

/* A chunk of this session came back: send its answers. The chunk is given. */
void session_answer(struct session *session, struct chunk *chunk);

/* host->newest has changed: send it to the client if it wants it and takes it. */
void session_publish(struct session *session);

/* Did it subscribe to emissions with the spectrum? */
int session_wants_spectrum(const struct session *session);

/* Go on: it is the session's turn, or memory has become free. */
void session_flow(struct session *session);

/* Read no more, hand on what has been read, and keep the connection. */
void session_finish(struct session *session);

/* Keep the connection when its input has ended, for emissions yet to come; let it go again. */
void session_keep(struct session *session);
void session_let_go(struct session *session);

/* Has its input ended, and was all of it answered? */
int session_is_idle(const struct session *session);

/* End now, answered or not; session_drop reports why. */
void session_abort(struct session *session);
void session_drop(struct session *session, const char *why);

/* Is it ended? It is there until what is under way has come back, but has no connection. */
int session_is_gone(const struct session *session);

/* Bytes of answers it holds; 0 once it is ended. */
size_t session_output(const struct session *session);

/*
 * Since when the client has had nothing under way: no message became whole, no answer left, it
 * subscribed to nothing. Milliseconds of uv_now; UINT64_MAX where it has something, is ended, or
 * is standard input; 0 where all was said and it is only waited for to go.
 */
uint64_t session_idle_ms(const struct session *session);

/* Links of the owner's lists: of all, and of those who wait for their turn. */
struct session_links {
    struct session *next;
    struct session *previous;
    struct session *next_waiting;
    struct session *previous_waiting;
    int is_waiting;
    int is_late; /* its last chunks wait at the owner's for the end of the round */
};
struct session_links *session_links(struct session *session);

#endif
