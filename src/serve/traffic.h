#ifndef SERVE_TRAFFIC_H
#define SERVE_TRAFFIC_H

#include <lattn/status.h>

#include "serve/clients.h"
#include "serve/config.h"
#include "serve/pipeline.h"
#include "serve/pool.h"
#include "serve/session.h"
#include "serve/tcp.h"

#include <stddef.h>
#include <uv.h>

/* Listening streams, all addresses together. */
enum { TRAFFIC_STREAMS_MAX = CONFIG_LISTEN_MAX * TCP_SOCKETS_MAX };

struct post;

/*
 * What goes between the clients and the learner: who gets in, whose turn it is, when all must wait,
 * and the memory they share. On the loop's thread.
 *
 * host       what each session is given; is_paused while the learner has enough to do
 * pipeline   borrowed; NULL before it is open and after it is closed
 * requests   handed in and not answered
 * posts      bodies of requests by HTTP under way, see post.h; NULL: none
 * is_closed  nobody is let in any more
 * turns      runs while clients wait that may go on
 * has_room   memory has become free
 * late       chunks with requests, to be handed on at the end of this round of the loop
 * patience   until whoever found no memory tries again
 * arrivals   streams at which somebody waits for the next round; `arrived` so many in this one
 * wants_spectrum  somebody does, as far as is known since the last bulletin or subscription
 * idle, ended  see session.h, with arg
 */
struct traffic {
    struct session_host host;
    struct clients clients;
    struct pool input;
    struct pool output;
    struct pipeline *pipeline;
    size_t requests;
    struct post *posts;
    int is_closed;
    uv_idle_t turns;
    int has_room;
    uv_check_t round;
    struct chunk *late;
    struct chunk **last_late;
    size_t late_bytes;
    uv_timer_t patience;
    uv_stream_t *arrivals[TRAFFIC_STREAMS_MAX];
    size_t arrivals_count;
    size_t arrived;
    int wants_spectrum;
    void (*idle)(void *arg, struct session *session);
    void (*ended)(void *arg, struct session *session);
    void *arg;
};

/* config, loop: kept; the loop need not be open yet. */
void traffic_init(struct traffic *traffic, const struct config *config, uv_loop_t *loop,
                  void (*idle)(void *arg, struct session *session),
                  void (*ended)(void *arg, struct session *session), void *arg);

/* Begin, once the loop is open; close its handles. */
void traffic_start(struct traffic *traffic);
void traffic_stop(struct traffic *traffic);

/* Somebody waits at a listening stream; arg is the traffic, see listener.h. */
void traffic_arrive(void *arg, uv_stream_t *stream);

/*
 * Serve what somebody carries, as one client more.
 *
 * Returns LATTN_OK; LATTN_BUSY: all places are taken; LATTN_CLOSED: the doors are; LATTN_NO_MEMORY.
 */
enum lattn_status traffic_carry(struct traffic *traffic, enum chunk_purpose purpose,
                                const struct channel_carrier *carrier, void *carrier_arg,
                                const struct peer *peer, struct session **ret_session);

/* The listeners are about to be closed: nobody is let in any more. */
void traffic_close_doors(struct traffic *traffic);

/* Send the answers that have come from the pipeline. */
void traffic_deliver(struct traffic *traffic);

/* There is a new bulletin; kept until the next. */
void traffic_publish(struct traffic *traffic, const struct bulletin *bulletin);

#endif
