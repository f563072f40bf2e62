#ifndef SERVE_GATE_H
#define SERVE_GATE_H

#include <lattn/status.h>
#include <lattn/wire.h>

#include "serve/access.h"
#include "serve/bounds.h"
#include "serve/tls.h"

#include <stddef.h>

enum {
    /* How long a stranger may take to be let in: a handshake and a message over a slow network. */
    GATE_MS_MAX = 10000,
    /* Bytes of its first message, more than auth with the longest token and the longest id. */
    GATE_BYTES_MAX = 1024,
    /*
     * What is fed at once: with the record that may have begun before it gives no more plain bytes
     * than one read of a client without TLS.
     */
    GATE_FEED_MAX = READ_BYTES_MAX - TLS_RECORD_BYTES
};

/*
 * What a connection by TCP passes through: TLS where there is a certificate, then a token where one
 * is asked for. Pure: bytes of the network in, bytes of messages out, and the other way round.
 */
struct gate;

/* access is kept until gate_close. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status gate_open(struct gate **ret_gate, struct access *access);
/* Clear and release it, set the pointer to NULL; accepts a pointer to NULL. */
void gate_close(struct gate **gate);

/*
 * Bytes that came from the network, at most GATE_FEED_MAX; borrowed until gate_take has asked for
 * more.
 */
void gate_feed(struct gate *gate, const char *bytes, size_t length);

/*
 * Take bytes of messages, all that are there, or go on with letting the peer in. What is to be sent
 * lies in gate_output then, also after a refusal: it tells the peer.
 *
 * room       in   of READ_BYTES_MAX, where bytes may be put
 * ret_bytes  out  borrowed from room, or from what was fed
 * complaint  out  why the peer has to go
 *
 * Returns LATTN_OK; LATTN_MORE: feed first; LATTN_CLOSED: the peer has said that this was all;
 * LATTN_DENIED: it is not let in, and nothing more is taken; LATTN_DAMAGED: its bytes are no TLS;
 * LATTN_NO_MEMORY.
 */
enum lattn_status gate_take(struct gate *gate, char *room, const char **ret_bytes,
                            size_t *ret_length, struct lattn_complaint *complaint);

/* Is the peer let in? */
int gate_is_passed(const struct gate *gate);

/* Does the gate change bytes? One that was passed and does not can be closed. */
int gate_is_encrypted(const struct gate *gate);

/* As whom the peer was let in, by its certificate; "" where it needs none. */
const char *gate_subject(const struct gate *gate);

/* Put bytes into gate_output as they are to be sent. Returns as tls_send. */
enum lattn_status gate_send(struct gate *gate, const char *bytes, size_t length);

/* Put into gate_output that nothing more will come. */
void gate_end(struct gate *gate);

/* What is to go to the network; whoever sends it leaves it empty. */
struct lattn_text *gate_output(struct gate *gate);

#endif
