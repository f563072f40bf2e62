#ifndef SERVE_STATE_DIR_H
#define SERVE_STATE_DIR_H

#include <lattn/status.h>

#include "serve/config.h"
#include "store/state.h"
#include "store/store.h"

#include <stdio.h>

/*
 * The directory of --state, at the start: what it holds is recovered and said in the log. Before
 * there is a thread or a socket, since a child process reads it first (store/recover.h).
 */

/*
 * Recover the state, or begin one: without --state in memory alone. What goes wrong is logged.
 *
 * ret_store  out  given; NULL without --state
 * ret_state  out  given
 *
 * Returns LATTN_OK, LATTN_RANGE or as recover_open.
 */
enum lattn_status state_dir_open(const struct config *config, struct store **ret_store,
                                 struct state *ret_state);

/*
 * Verify the directory of --check-state and describe what it holds, a line "name value" each.
 *
 * Returns LATTN_OK; LATTN_DAMAGED where something is damaged, even if it could be recovered; or as
 * recover_check, with the reason as complaint.
 */
enum lattn_status state_dir_check(const char *path, FILE *out, struct lattn_complaint *complaint);

#endif
