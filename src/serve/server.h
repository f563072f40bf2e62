#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include <lattn/status.h>

#include "serve/config.h"

/*
 * The daemon: its loop, its addresses, its clients, the learner thread behind them, and the order
 * in which all of them end.
 */
struct server;

/*
 * Listen on every address and start the threads. What goes wrong is logged.
 *
 * config  kept until server_close
 *
 * Returns LATTN_OK; LATTN_IN_USE, LATTN_ADDRESS, LATTN_INPUT_OUTPUT, LATTN_RANGE or
 * LATTN_NO_MEMORY; or as recover_open.
 */
enum lattn_status server_open(struct server **ret_server, const struct config *config);

enum server_outcome {
    SERVER_DONE,
    SERVER_SHORT,  /* the input ended before the condition of --exit-when held */
    SERVER_OVERDUE /* --stop-timeout passed; threads are at work that cannot be ended */
};

/*
 * Serve until a signal, the end of the only input or the condition of --exit-when ends it.
 *
 * Returns how it ended; after SERVER_OVERDUE server_close would wait, and only the end of the
 * process does not.
 */
enum server_outcome server_run(struct server *server);

/* Release everything; accepts a pointer to NULL. */
void server_close(struct server **server);

#endif
