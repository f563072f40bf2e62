#ifndef WATCH_H
#define WATCH_H

#include "client.h"
#include "recording.h"
#include "verbs.h"

#include <lattn/wire.h>

#include <stdint.h>

/* An emission as it was read; zero in has_spectrum where it has none. */
struct watch_emission {
    struct lattn_state_of_service state;
    struct lattn_spectrum spectrum;
    int has_spectrum;
};

/*
 * One run of watch.
 *
 * record    the file that gets each emission; NULL: none
 * what      asked for beside the status
 * every_ms  at most one emission in so many milliseconds; 0: all of them
 * count     emissions to take; 0: no limit
 * parting   what the daemon said last, about nothing that was asked
 */
struct watch {
    struct client client;
    const char *record;
    struct recording recording;
    enum lattn_topic what;
    uint64_t every_ms;
    uint64_t count;
    uint64_t taken;
    struct lattn_complaint parting;
};

/* Ask for emissions on the connection that is open, and wait for the answer or do not. */
enum verb_exit watch_subscribe(struct watch *watch);
enum lattn_status watch_subscribe_later(struct watch *watch);

/*
 * Take the next emission that has arrived, and record it where that is asked for.
 *
 * Returns LATTN_OK; LATTN_MORE: client_turn first; LATTN_NO_SPACE: it could not be recorded, or
 * LATTN_METHOD: the daemon refuses to send any, both of which were said; or why there will be none,
 * as client_next.
 */
enum lattn_status watch_take(struct watch *watch, struct watch_emission *ret_emission);
void watch_emission_done(struct watch_emission *emission);

/* Were as many taken as were asked for? */
int watch_is_over(const struct watch *watch);

/* Print a row for each emission (watch_table.c), until the daemon ends or watch_is_over. */
enum verb_exit watch_table(struct watch *watch);

/* Is there a terminal for watch_screen? Returns VERB_DONE, or says why not. */
enum verb_exit watch_screen_check(const char *verb);

/*
 * Show them as plots on the terminal (watch_screen.c), until somebody quits or watch_is_over. Where
 * the daemon goes it is waited for.
 */
enum verb_exit watch_screen(struct watch *watch);

/* Say why a run ends that watch_take or client_turn has ended. Returns VERB_REFUSED. */
enum verb_exit watch_refuse(const struct watch *watch, enum lattn_status status);

#endif
