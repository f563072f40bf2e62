#ifndef SERVE_CHANNEL_H
#define SERVE_CHANNEL_H

#include <lattn/status.h>
#include <lattn/wire.h>

#include "serve/access.h"
#include "serve/peer.h"

#include <stddef.h>
#include <uv.h>

/*
 * Bytes from and to one peer: a connection, standard input with standard output, whatever those are
 * (pipe, terminal, socket, file, /dev/null), or what somebody else carries. On the loop's thread.
 */
struct channel;

/*
 * What a channel reports to its owner.
 *
 * room     where a read belongs, READ_BYTES_MAX of them at most; NULL where there is no memory. The
 *          next call is `bytes`, with what came at its beginning, or `ended`. Not asked for bytes
 *          that are in other places already: behind a gate, of a file, or carried
 * bytes    they came, or of those asked for none did; borrowed
 * ended    nothing will come any more: error 0 at the end of the input, else a libuv error;
 *          UV_EACCES: the peer is not let in and was told so, what it still sends is dropped
 * drained  something that was written has left
 * closed   channel_close is done; the owner may channel_release now
 */
struct channel_events {
    char *(*room)(void *arg, size_t *ret_length);
    void (*bytes)(void *arg, const char *bytes, size_t length);
    void (*ended)(void *arg, int error);
    void (*drained)(void *arg);
    void (*closed)(void *arg);
};

/*
 * Take the connection that waits at a listening stream. One by TCP passes a gate first, where there
 * is one (access.h): the owner sees bytes of messages only, of a peer that was let in.
 *
 * access       kept as long as the channel
 * events, arg  kept until closed was called
 *
 * Returns LATTN_OK; LATTN_NO_MEMORY: the connection still waits; LATTN_INPUT_OUTPUT.
 */
enum lattn_status channel_accept(struct channel **ret_channel, uv_stream_t *listener,
                                 struct access *access, const struct channel_events *events,
                                 void *arg);

/* Open standard input and output. Returns as channel_accept. */
enum lattn_status channel_standard(struct channel **ret_channel, uv_loop_t *loop,
                                   const struct channel_events *events, void *arg,
                                   struct lattn_complaint *complaint);

/*
 * Whoever carries the bytes of a channel that has no stream of its own, as the body of a request by
 * HTTP is carried.
 *
 * want   bytes are asked for, or none for now
 * write  some are sent; text is given
 * end    nothing more will be written
 * gone   the channel is being closed: the last call, also where end was not
 */
struct channel_carrier {
    void (*want)(void *arg, int is_wanted);
    void (*write)(void *arg, struct lattn_text *text);
    void (*end)(void *arg);
    void (*gone)(void *arg);
};

/*
 * Open a channel to a peer that was let in already.
 *
 * carrier, carrier_arg  kept until gone was called
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status channel_carry(struct channel **ret_channel, uv_loop_t *loop,
                                const struct channel_carrier *carrier, void *carrier_arg,
                                const struct peer *peer, const struct channel_events *events,
                                void *arg);

/* What the carrier brings: bytes, borrowed; the end of them, with an error as for ended. */
void channel_bring(struct channel *channel, const char *bytes, size_t length);
void channel_bring_end(struct channel *channel, int error);

/* Who is at the other end, for people: see peer.h; "stdin". */
const char *channel_peer(const struct channel *channel);

/* Of bytes that are being reported: did they fill what was read into, so that more may wait? */
int channel_is_full(const struct channel *channel);

/* Ask for bytes, or for none for now (a read under way may still report some). */
void channel_read_start(struct channel *channel);
void channel_read_stop(struct channel *channel);

/*
 * Send bytes; text is given and left empty. Where nobody takes them they are dropped: what the peer
 * sent before it went is read all the same.
 */
void channel_write(struct channel *channel, struct lattn_text *text);

/* Is it known that nobody takes what is written? */
int channel_is_mute(const struct channel *channel);

/* Tell the peer of a connection that nothing more will be written. */
void channel_shutdown(struct channel *channel);

/* Bytes of memory of what was written and has not left yet. */
size_t channel_pending(const struct channel *channel);

/* Bytes that the system has not taken yet, also of a long text that is on its way. */
size_t channel_unsent(const struct channel *channel);

/* Stop everything; closed will be called once, later. Nothing else is reported from now on. */
void channel_close(struct channel *channel);

/* Release a channel that was closed. */
void channel_release(struct channel **channel);

#endif
