#ifndef SERVE_LISTENER_H
#define SERVE_LISTENER_H

#include <lattn/address.h>
#include <lattn/status.h>

#include "serve/tcp.h"

#include <sys/types.h>
#include <uv.h>

/*
 * An address that clients connect to, with one socket or several: a Unix socket with its lock, TCP,
 * or a socket that was passed on to us.
 */
struct listener;

/*
 * Who can reach it.
 *
 * reach  of TCP
 * group  of Unix sockets; NULL: only their owner
 */
struct listener_settings {
    enum tcp_reach reach;
    const gid_t *group;
};

/* A connection waits at stream. */
typedef void (*listener_connect_fn)(void *arg, uv_stream_t *stream);

/*
 * Make the sockets, so that the address is ours. Who comes before listener_listen finds nobody, or
 * waits where the socket was made for TCP or passed on. A name is looked up now.
 *
 * address   in  neither stdin nor tls:; a descriptor has passed inherited_check
 * settings  in  borrowed
 * connect   in  kept, with arg, until listener_close
 *
 * Returns LATTN_OK; LATTN_IN_USE: another process serves the address; LATTN_ADDRESS: it cannot be
 * served; LATTN_INPUT_OUTPUT; LATTN_NO_MEMORY.
 */
enum lattn_status listener_open(struct listener **ret_listener, uv_loop_t *loop,
                                const struct lattn_address *address,
                                const struct listener_settings *settings,
                                listener_connect_fn connect, void *arg,
                                struct lattn_complaint *complaint);

/*
 * Listen, and say where in the log. Returns LATTN_OK, LATTN_IN_USE or LATTN_INPUT_OUTPUT.
 */
enum lattn_status listener_listen(struct listener *listener, struct lattn_complaint *complaint);

/*
 * Stop listening and remove what was made for it. The memory is released by the loop, which must
 * run once more. Sets the pointer to NULL; accepts a pointer to NULL.
 */
void listener_close(struct listener **listener);

#endif
