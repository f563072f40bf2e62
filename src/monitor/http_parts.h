#ifndef MONITOR_HTTP_PARTS_H
#define MONITOR_HTTP_PARTS_H

#include "monitor/http.h"
#include "monitor/inquiry.h"
#include "monitor/ring.h"

#include <microhttpd.h>
#include <uv.h>

/*
 * What the files of HTTP share.
 *
 *     http          doors, the library in the loop, connections with their deadlines
 *     http_visit    one request: what it asks, who answers it
 *     http_reply    answers
 *     http_stream   event streams
 *     http_body     bodies that are posted
 */

enum {
    /* The start of the daemon as text: 64 bits, with the closing zero. */
    HTTP_START_MAX = 17,
    /* An entity tag or the id of an event: a start, a number. */
    HTTP_TAG_MAX = 48,
    /* Codes that answers have; what is answered with more is not counted. */
    HTTP_CODES_MAX = 24
};

/* A socket that listens. */
struct http_door {
    struct http *http;
    uv_poll_t poll;
    int descriptor;
};

/*
 * A connection.
 *
 * since_ms     since when its next request is waited for, while it is in the list of those
 * is_waited    it is
 * is_owed      an answer, at the end of a body that is dropped
 * secured      what the owner gave for its TLS; NULL without
 */
struct http_guest {
    struct http *http;
    struct http_guest *older;
    struct http_guest *newer;
    struct MHD_Connection *connection;
    int descriptor;
    uint64_t since_ms;
    int is_waited;
    int is_owed;
    void *secured;
};

/*
 * An event stream.
 *
 * after        number of the last event that was begun
 * event        held while it is being sent, `sent` bytes of it; NULL: between two events
 * words        sent before the next event: the greeting, or a sign of life; NULL: none
 * is_resting   its connection is suspended
 */
struct http_stream {
    struct http *http;
    struct http_stream *previous;
    struct http_stream *next;
    struct http_guest *guest;
    uint64_t after;
    struct ring_event *event;
    const char *words;
    size_t sent;
    int is_resting;
};

/*
 * Bodies are in a list, so that all can be let go on.
 *
 * taking       what the taker knows it by; NULL: nothing is taken
 * is_waiting   its connection is suspended
 * has_ended    all of it was taken
 * code         of its answer; 0: none yet
 */
struct http_body {
    struct http_visit *visit;
    struct http_body *previous;
    struct http_body *next;
    const struct http_taker *taker;
    void *taking;
    int is_waiting;
    int has_ended;
    unsigned code;
    const char *type;
    struct lattn_text text;
};

/*
 * A request.
 *
 * refusal  why it is not answered; NULL: it is
 * dropped  bytes of a body that nobody wants
 */
struct http_visit {
    struct http_guest *guest;
    struct inquiry inquiry;
    const struct inquiry_refusal *refusal;
    uint64_t dropped;
    struct http_body body;
};

/* An emission while answers of it are on their way; on the last one it is released. */
struct http_edition {
    struct http *http;
    struct http_emission emission;
    size_t holders;
};

/*
 * oldest_waited, newest_waited  guests of whom a request is waited for, in that order
 * guests_count                  all of them
 * arriving                      the one whom the library is just told of
 * is_polling                    poll is on the loop
 * handles_open                  to be closed before the memory is released
 * edition, editions_count       the newest; those that are held
 * start, page                   name this daemon, and the page by what it says
 * is_finishing, is_emptied      http_finish was called; nobody was left, and the owner was told
 */
struct http {
    struct http_settings settings;
    struct inquiry_self self;
    uv_loop_t *loop;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    int is_polling;
    uv_timer_t turn;
    uv_timer_t patience;
    uv_timer_t pulse;
    struct http_door doors[HTTP_SOCKETS_MAX];
    size_t doors_count;
    int doors_are_open;
    size_t handles_open;
    int is_finishing;
    int is_emptied;

    struct http_guest *oldest_waited;
    struct http_guest *newest_waited;
    size_t guests_count;
    struct http_guest *arriving;

    struct ring ring;
    struct http_stream *streams;
    size_t streams_count;
    struct http_body *bodies;
    struct http_edition *edition;
    size_t editions_count;
    char start[HTTP_START_MAX];
    uint64_t page;

    struct metrics_code codes[HTTP_CODES_MAX];
    size_t codes_count;
};

/* ---- http.c ---- */

/* Let the library look at its connections, soon. */
void http_stir(struct http *http);

/* A guest's next request is waited for; it has come, to the end of a body that is dropped. */
void http_await(struct http_guest *guest);
void http_welcome(struct http_guest *guest);

/* ---- http_visit.c ---- */

/* The callbacks of the library; cls is the http. */
enum MHD_Result http_visit_go_on(void *cls, struct MHD_Connection *connection, const char *path,
                                 const char *method, const char *version, const char *bytes,
                                 size_t *length, void **visit);
void http_visit_ended(void *cls, struct MHD_Connection *connection, void **visit,
                      enum MHD_RequestTerminationCode how);

/* ---- http_reply.c ---- */

/* Each queues an answer; MHD_NO: there is no memory for it, the connection ends. */

/* text is given; empty afterwards. */
enum MHD_Result http_reply_text(struct http_visit *visit, unsigned code, const char *type,
                                struct lattn_text *text);

/* Bytes that live as long as the program. */
enum MHD_Result http_reply_words(struct http_visit *visit, unsigned code, const char *type,
                                 const char *words, size_t length);

/* {"error": {"code", "message"}} */
enum MHD_Result http_reply_error(struct http_visit *visit, unsigned code, enum lattn_status status,
                                 const char *message);

/* Part of the newest emission; text is one of its texts. */
enum MHD_Result http_reply_part(struct http_visit *visit, const char *type,
                                const struct lattn_text *text);

/* The page, with its policy. */
enum MHD_Result http_reply_page(struct http_visit *visit);

/* The response is given. */
enum MHD_Result http_reply_queue(struct http_visit *visit, unsigned code, const char *type,
                                 struct MHD_Response *response);

/* Let go of an emission. */
void http_reply_let_go(struct http_edition **edition);

/* ---- http_stream.c ---- */

enum MHD_Result http_stream_open(struct http_visit *visit);

/* There is something new for all of them. */
void http_stream_wake(struct http *http);

/* An event as it is sent. */
enum lattn_status http_stream_write(const struct http *http, const struct http_emission *emission,
                                    struct lattn_text *text);

/* ---- http_body.c ---- */

enum MHD_Result http_body_begin(struct http_visit *visit, const struct http_taker *taker);
enum MHD_Result http_body_take(struct http_body *body, const char *bytes, size_t *length);
enum MHD_Result http_body_end(struct http_body *body);
void http_body_gone(struct http_body *body);

/* Let all of them go on; what comes is dropped. */
void http_body_release_all(struct http *http);

#endif
