#ifndef WATCH_H
#define WATCH_H

#include "client.h"
#include "recording.h"
#include "verbs.h"

#include <lattn/wire.h>

#include <stdint.h>

/*
 * One run of watch.
 *
 * record  the file that gets each emission; NULL: none
 * count   emissions to take; 0: no limit
 */
struct watch {
    struct client client;
    const char *record;
    struct recording recording;
    uint64_t count;
    uint64_t taken;
};

/* Ask for emissions on the connection that is open. Returns VERB_DONE, or says why not. */
enum verb_exit watch_subscribe(struct watch *watch);

/*
 * Take the next emission that has arrived, and record it where that is asked for.
 *
 * ret_state  out  release with lattn_report_done(&ret_state->report)
 *
 * Returns LATTN_OK; LATTN_MORE: client_turn first; LATTN_NO_SPACE: it could not be recorded, which
 * was said; or why there will be none, as client_next.
 */
enum lattn_status watch_take(struct watch *watch, struct lattn_state_of_service *ret_state);

/* Were as many taken as were asked for? */
int watch_is_over(const struct watch *watch);

/* Print a row for each emission (watch_table.c), until the daemon ends or watch_is_over. */
enum verb_exit watch_table(struct watch *watch);

#endif
