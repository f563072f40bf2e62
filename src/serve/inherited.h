#ifndef SERVE_INHERITED_H
#define SERVE_INHERITED_H

#include <lattn/status.h>

#include "serve/tcp.h"

/*
 * A listening socket that was made by whoever started us, as systemd does for socket activation.
 *
 * Make sure that the descriptor is one, and that we may serve it: a Unix socket, or TCP within
 * reach. Where LISTEN_PID is our process it has to be among the LISTEN_FDS that were
 * passed to it. Its path and its modes belong to whoever made it.
 *
 * To be called before this process opens descriptors of its own, which could look like it. From
 * then on it is closed on exec.
 *
 * Returns LATTN_OK, or LATTN_ADDRESS with the reason.
 */
enum lattn_status inherited_check(int descriptor, enum tcp_reach reach,
                                  struct lattn_complaint *complaint);

#endif
