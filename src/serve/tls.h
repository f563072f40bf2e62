#ifndef SERVE_TLS_H
#define SERVE_TLS_H

#include <lattn/status.h>
#include <lattn/wire.h>

#include <stddef.h>
#include <stdint.h>

/*
 * What the daemon shows and whom it trusts, as its files said at one time. Sessions hold on to it,
 * so that another can take its place for those to come. On one thread.
 */
struct tls_identity;

/*
 * Read the files, as PEM.
 *
 * ca  in  NULL: clients need no certificate
 *
 * Returns LATTN_OK; LATTN_DENIED: everybody has access to the key; LATTN_INPUT_OUTPUT: a file
 * cannot be read; LATTN_FIELD, LATTN_TOO_BIG: it is not what it should be; LATTN_NO_MEMORY.
 */
enum lattn_status tls_identity_open(struct tls_identity **ret_identity, const char *certificate,
                                    const char *key, const char *ca,
                                    struct lattn_complaint *complaint);

/* When the certificate expires, or one of those that vouch for it: seconds of Unix time. */
int64_t tls_identity_expires(const struct tls_identity *identity);

/* Let go of it and set the pointer to NULL; the last one releases it. Accepts a pointer to NULL. */
void tls_identity_release(struct tls_identity **identity);

/*
 * For a library that runs TLS by itself: one of its sessions, which shakes hands as ours do.
 */
struct tls_watch;

/*
 * Prepare the session, a gnutls_session_t, before its handshake; its pointer is ours from then on.
 *
 * identity  held until tls_watch_close
 *
 * Returns LATTN_OK, or LATTN_NO_MEMORY.
 */
enum lattn_status tls_watch_open(struct tls_watch **ret_watch, void *session,
                                 struct tls_identity *identity);

/*
 * The session has ended; it need not be there any more. Sets the pointer to NULL.
 *
 * Returns why the client was not let in for want of a certificate; static. NULL: it was, or it was
 * asked for none, or it never began.
 */
const char *tls_watch_close(struct tls_watch **watch);

/* For such a library: a gnutls_certificate_retrieve_function2 that has none. */
void (*tls_watch_retrieve(void))(void);

enum {
    /* Plain bytes of a record, the most that tls_take gives at once. */
    TLS_RECORD_BYTES = 16 << 10,
    /* Memory of a session, as measured: 13 KiB before it has carried anything, then 34 KiB. */
    TLS_SESSION_BYTES = 40 << 10,
    /* Bytes of a subject with its closing zero. */
    TLS_SUBJECT_MAX = 128
};

/*
 * TLS of one connection, the daemon's side, between bytes of the network and plain ones. Pure: no
 * socket, no clock.
 */
struct tls;

/* identity is held until tls_close. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status tls_open(struct tls **ret_tls, struct tls_identity *identity);
/* Release it, set the pointer to NULL; accepts a pointer to NULL. */
void tls_close(struct tls **tls);

/* Bytes that came from the network; borrowed until tls_take has asked for more. */
void tls_feed(struct tls *tls, const char *bytes, size_t length);

/*
 * Go on with what came: shake hands, then take plain bytes. Either may leave something in
 * tls_output.
 *
 * bytes      out  room for TLS_RECORD_BYTES
 * complaint  out  what is wrong with the peer or its bytes
 *
 * Returns LATTN_OK; LATTN_MORE: feed first; LATTN_CLOSED: the peer has said that this was all;
 * LATTN_DENIED: it did not prove who it is, or speaks no TLS that we do; LATTN_DAMAGED: what it
 * sends later is no TLS; LATTN_NO_MEMORY. After a refusal nothing more is taken.
 */
enum lattn_status tls_take(struct tls *tls, char *bytes, size_t *ret_length,
                           struct lattn_complaint *complaint);

/* Have the hands been shaken? */
int tls_is_open(const struct tls *tls);

/* Whose certificate the client showed, "CN=..."; "" where none was asked for. */
const char *tls_subject(const struct tls *tls);

/*
 * Encrypt bytes into tls_output. Returns LATTN_OK, LATTN_CLOSED where the session is not open or
 * has ended, or LATTN_NO_MEMORY with the session ended.
 */
enum lattn_status tls_send(struct tls *tls, const char *bytes, size_t length);

/* Say that nothing more will come. */
void tls_end(struct tls *tls);

/* What is to go to the network; whoever sends it leaves it empty. */
struct lattn_text *tls_output(struct tls *tls);

#endif
