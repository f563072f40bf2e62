#ifndef SERVE_ADDRESSES_H
#define SERVE_ADDRESSES_H

#include <lattn/status.h>

#include "serve/config.h"
#include "serve/listener.h"

#include <stddef.h>

/* The addresses of --listen at which clients connect: all but stdin. */
struct addresses {
    struct listener *listeners[CONFIG_LISTEN_MAX];
    size_t count;
};

/*
 * Are the descriptors that were passed on what they should be? To be asked before there are any of
 * our own, which could be taken for one. What is wrong is logged.
 *
 * Returns what inherited_check does.
 */
enum lattn_status addresses_check(const struct config *config);

/*
 * Have all of them for ourselves. What goes wrong is logged.
 *
 * addresses  in/out  zero before; those that were had are there also where a later one is refused
 * connect    in      kept, with arg, until addresses_close
 *
 * Returns what listener_open does.
 */
enum lattn_status addresses_open(struct addresses *addresses, const struct config *config,
                                 uv_loop_t *loop, listener_connect_fn connect, void *arg);

/* Listen at all of them. Returns what listener_listen does; what goes wrong is logged. */
enum lattn_status addresses_listen(const struct addresses *addresses, const struct config *config);

/* As listener_close does; accepts those that are zero or closed. */
void addresses_close(struct addresses *addresses);

#endif
