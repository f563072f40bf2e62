#ifndef MONITOR_HTTP_H
#define MONITOR_HTTP_H

#include <lattn/status.h>
#include <lattn/wire.h>

#include "monitor/metrics.h"

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

/*
 * HTTP on a loop (README.md): sockets that listen in, requests answered from the newest emission
 * and from what the owner tells when it is asked. All calls, both ways, on the loop's thread.
 */
struct http;

/* ---- bodies that are posted --------------------------------------------------------------- */

/* One that is being sent; it lives until its taker is told that it is gone. */
struct http_body;

/*
 * Who takes the bodies that are posted to a path.
 *
 *     begin  take, take, ...  end        gone
 *            '- http_body_resume  '- http_body_answer, now or later
 *
 * A taker without `begin` takes nothing: there is no such path.
 *
 * begin  a request has come whose body is wanted; may answer at once, then nothing is taken.
 *        Returns what the others are called with; NULL: there is no memory
 * take   bytes of it, borrowed. Returns how many were taken; those behind them are kept, and come
 *        again once http_body_resume was called
 * end    that was all; http_body_answer must come some time
 * gone   it was answered, or the client went away: the body must not be used any more
 */
struct http_taker {
    void *(*begin)(void *arg, struct http_body *body);
    size_t (*take)(void *taking, const char *bytes, size_t length);
    void (*end)(void *taking);
    void (*gone)(void *taking);
    void *arg;
};

/* There is room again: what was not taken comes again, soon, not within this call. */
void http_body_resume(struct http_body *body);

/*
 * Answer it, once. An answer before the end is sent at the end: what still comes is dropped.
 *
 * code  of HTTP
 * type  media type, static
 * text  in  given; empty afterwards
 */
void http_body_answer(struct http_body *body, unsigned code, const char *type,
                      struct lattn_text *text);

/* The same with {"error": {"code", "message"}}. */
void http_body_refuse(struct http_body *body, unsigned code, enum lattn_status status,
                      const char *message);

/* The descriptor of the connection that it comes by. */
int http_body_descriptor(const struct http_body *body);

/* ---- who owns it --------------------------------------------------------------------------- */

/*
 * What is asked of the owner; all with arg.
 *
 * asks_token    must a token be shown?
 * admits        is this one?
 * refuse        somebody was not let in; descriptor: of the connection
 * secure        NULL: HTTP in plain. Else prepare a session of TLS (gnutls_session_t) for its
 *               handshake; returns what unsecure gets, or NULL where there is no memory
 * unsecure      the connection is about to be closed, which has this descriptor; its session has
 *               ended already
 * retrieve      with secure: a gnutls_certificate_retrieve_function2 that has none, for sessions
 *               that were not prepared
 * is_alive      do all threads go round?
 * unready       why it takes nothing now, into complaint; returns LATTN_OK where it does
 * write_status  the newest status, as JSON; LATTN_NO_DATA: there is none yet
 * measure       all numbers but those of HTTP
 * log           what the library says
 * watched       the first event stream has begun, or the last one ended
 * emptied       the last connection is gone, after http_finish
 */
struct http_owner {
    int (*asks_token)(void *arg);
    int (*admits)(void *arg, const char *token, size_t length);
    void (*refuse)(void *arg, int descriptor, const char *why);
    void *(*secure)(void *arg, void *session);
    void (*unsecure)(void *arg, void *secured, int descriptor);
    void (*retrieve)(void);
    int (*is_alive)(void *arg);
    enum lattn_status (*unready)(void *arg, struct lattn_complaint *complaint);
    enum lattn_status (*write_status)(void *arg, struct lattn_text *text);
    void (*measure)(void *arg, struct metrics *ret_metrics);
    void (*log)(void *arg, const char *text);
    void (*watched)(void *arg, int is_watched);
    void (*emptied)(void *arg);
    void *arg;
};

enum {
    /* "localhost" has two addresses, a name may have more. */
    HTTP_SOCKETS_MAX = 8,
    /* Connections in all: those of event streams, and of everybody else. */
    HTTP_CONNECTIONS_MAX = 256,
    HTTP_STREAMS_MAX = 160,
    /* Emissions that are held at once: the newest, and those on their way to who is slow. */
    HTTP_EDITIONS_MAX = 8,
    /* Memory of a connection: its head, what is read of a body at a time, heads of answers. */
    HTTP_CONNECTION_BYTES = 32 << 10,
    /* What a connection takes besides: the request, a stream with what is asked for at once. */
    HTTP_GUEST_BYTES = 8 << 10,
    /* Descriptors that it takes beside its connections'. */
    HTTP_DESCRIPTORS = HTTP_SOCKETS_MAX + 2
};

/*
 * sockets      that listen; given, also where http_open fails
 * name         of the host, as it was bound; kept
 * patience_ms  a client that takes or sends nothing for so long is dropped
 * learn, predict  kept
 */
struct http_settings {
    const int *sockets;
    size_t sockets_count;
    const char *name;
    uint64_t patience_ms;
    struct http_owner owner;
    struct http_taker learn;
    struct http_taker predict;
};

/* Begin. Returns LATTN_OK, LATTN_INPUT_OUTPUT or LATTN_NO_MEMORY. */
enum lattn_status http_open(struct http **ret_http, uv_loop_t *loop,
                            const struct http_settings *settings);

/*
 * An emission: its parts as JSON, and the model as safetensors. Where there is no model its texts
 * are empty; so may the spectrum be.
 *
 * release  called with arg when nothing of it is used any more
 */
struct http_emission {
    uint64_t number;
    const struct lattn_text *status;
    const struct lattn_text *spectrum;
    const struct lattn_text *model;
    const struct lattn_text *safetensors;
    void (*release)(void *arg);
    void *arg;
};

/*
 * There is a new emission: for those who ask from now on, and for all event streams.
 *
 * emission  number: above that of the one before; texts kept until release is called, which is
 *           always
 */
void http_publish(struct http *http, const struct http_emission *emission);

/*
 * Let nobody in any more, end what goes on as soon as it is through: event streams behind their
 * last event, other connections behind their answers. The owner is told by `emptied`, at once
 * where there is nobody.
 */
void http_finish(struct http *http);

/* Close its handles and whatever connection is left. The memory goes when the loop has run once
 * more. Sets the pointer to NULL; accepts a pointer to NULL. */
void http_close(struct http **http);

#endif
