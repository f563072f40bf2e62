#ifndef SERVE_STATE_DIR_H
#define SERVE_STATE_DIR_H

#include <lattn/status.h>

#include "serve/config.h"
#include "store/recover.h"
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
 * ret_info   out  for state_dir_keep
 *
 * Returns LATTN_OK, LATTN_RANGE or as recover_open.
 */
enum lattn_status state_dir_open(const struct config *config, struct store **ret_store,
                                 struct state *ret_state, struct recover_info *ret_info);

/*
 * All else that a start needs is there: let the directory hold the state. Without --state there is
 * nothing to do. Returns as recover_keep; what goes wrong is logged.
 */
enum lattn_status state_dir_keep(const struct config *config, struct store *store,
                                 const struct state *state, struct recover_info *info);

/*
 * Does the directory of --state hold what these options can go on with? Nothing there is changed.
 * One that is not there yet does, and where there are no pairs --dim has to fit into --max-memory.
 *
 * Returns LATTN_OK, or as recover_check and footprint_check.
 */
enum lattn_status state_dir_compare(const struct config *config, struct lattn_complaint *complaint);

/*
 * Verify the directory of --check-state and describe what it holds, a line "name value" each.
 *
 * ret_advice  out  a sentence on what to do next; NULL where there is nothing to do
 *
 * Returns LATTN_OK; LATTN_DAMAGED where something is damaged, even if it could be recovered; or as
 * recover_check, with the reason as complaint.
 */
enum lattn_status state_dir_check(const char *path, FILE *out, const char **ret_advice,
                                  struct lattn_complaint *complaint);

#endif
