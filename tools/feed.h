#ifndef FEED_H
#define FEED_H

#include "client.h"
#include "line_map.h"
#include "numbers.h"
#include "reader.h"
#include "tokens.h"

#include <lattn/tasks.h>
#include <lattn/wire.h>

#include <stdint.h>

/* What became of the name request under way. */
enum feed_naming { FEED_NAMING_NONE, FEED_NAMING_ASKED, FEED_NAMING_DONE, FEED_NAMING_REFUSED };

/*
 * One run of feed. Pairs are numbered under a producer, so that a run that is repeated under the
 * same name learns nothing twice; answers come in the order of what was sent.
 */
struct feed {
    struct client client;
    struct reader input;
    struct line_map map;
    struct numbers numbers;
    struct lattn_text line; /* scratch for one line */
    char producer[LATTN_PRODUCER_MAX];
    uint64_t seq;        /* given to the last numbered pair */
    uint64_t sent;       /* pairs */
    uint64_t refused;    /* lines refused here, never sent */
    uint64_t complaints; /* all there were ... */
    uint64_t complaints_shown;
    int shows_progress;

    uint64_t hellos_awaited;
    uint64_t hello_bytes; /* client.bytes when the last one was asked */
    int hello_refused;
    struct lattn_hello hello; /* the last answer */

    enum feed_naming naming;
    struct lattn_named named; /* owned */
    struct lattn_complaint naming_complaint;

    struct lattn_events *events; /* events only, as all below */
    struct tokens tokens;
    int32_t symbols_asked;                     /* symbols before it were named, or will never be */
    int32_t outputs[LATTN_EVENTS_SYMBOLS_MAX]; /* per symbol, TOKENS_NOWHERE if it has none */
    int32_t m;
    double *y;
};

/* ---- feed_answer.c: what goes to and fro --------------------------------------------------- */

/* Wait once, then send, receive and deal with all answers; as client_turn. */
enum lattn_status feed_turn(struct feed *feed, int input_fd, int *ret_input_ready);

/* Ask how far the daemon is. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status feed_hello(struct feed *feed);

/* Wait until everything sent before is learned or refused; feed->hello then tells. */
enum lattn_status feed_settle(struct feed *feed);

/*
 * Name symbols first .. first + count - 1 of feed->events, and the bias unless the daemon adds one.
 *
 * Returns LATTN_OK with feed->named, LATTN_NAME with feed->naming_complaint where the daemon
 * refused, or why it could not be asked.
 */
enum lattn_status feed_name(struct feed *feed, int32_t first, int32_t count);

/* The line taken last was sent as a pair. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status feed_note_sent(struct feed *feed);

/* Say what is wrong, or only count it where enough was said; line 0 for none. */
void feed_complain(struct feed *feed, uint64_t line, const char *message);

/* The line taken last is refused here. */
void feed_refuse(struct feed *feed, const char *reason);

/* ---- feed_pair.c, feed_event.c: one line of input ------------------------------------------ */

/* Send the line, numbered. Returns LATTN_OK, also for a bad line, or why the run must end. */
enum lattn_status feed_pair(struct feed *feed, const char *text, size_t length);

/* Make ready for events. Returns LATTN_OK, LATTN_RANGE or LATTN_NO_MEMORY. */
enum lattn_status feed_events_init(struct feed *feed, int32_t window);
void feed_events_done(struct feed *feed);

/* Send the pair that the event completes, as feed_pair; text is lost. */
enum lattn_status feed_event(struct feed *feed, char *text, size_t length);

#endif
