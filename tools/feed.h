#ifndef FEED_H
#define FEED_H

#include "client.h"
#include "columns.h"
#include "line_map.h"
#include "numbers.h"
#include "past.h"
#include "reader.h"
#include "tokens.h"

#include <lattn/tasks.h>
#include <lattn/wire.h>

#include <stdint.h>

struct feed;

/*
 * What the input is, and how it is sent.
 *
 * name  as it is given to --from
 * word  what a unit of it is called
 * take  sends what a unit holds; returns LATTN_OK, also for a bad one, or why the run must end.
 *       text is lost
 */
struct feed_source {
    const char *name;
    const char *word;
    enum reader_unit unit;
    enum lattn_format format;
    enum lattn_status (*take)(struct feed *feed, char *text, size_t length);
};

/* What became of the name request under way. */
enum feed_naming { FEED_NAMING_NONE, FEED_NAMING_ASKED, FEED_NAMING_DONE, FEED_NAMING_REFUSED };

/* Rows of CSV as pairs (feed_csv.c). */
struct feed_csv {
    struct columns_wish wish;
    int is_autoregressive;
    int32_t window;
    int has_header;
    struct csv_cells cells;
    struct columns columns;
    struct pasts pasts;
    double *token; /* of the row under way */
    double *label;
};

/*
 * One run of feed. Pairs are numbered under a producer, so that a run that is repeated under the
 * same name learns nothing twice; answers come in the order of what was sent.
 */
struct feed {
    const struct feed_source *source;
    struct client client;
    struct reader input;
    struct line_map map;
    struct numbers numbers;
    struct lattn_text scratch; /* a unit on its way to the client */
    char producer[LATTN_PRODUCER_MAX];
    uint64_t seq;        /* given to the last numbered pair */
    uint64_t sent;       /* pairs */
    uint64_t sent_units; /* what they came in */
    uint64_t answered;   /* of these units, where each of them is answered */
    uint64_t refused;    /* units refused here, never sent */
    uint64_t complaints; /* all there were ... */
    uint64_t complaints_shown;
    int shows_progress;
    int stopped; /* the input as a whole is refused, and that was said */

    uint64_t hello_sent;  /* the message that it was; one is under way at a time */
    uint64_t hello_bytes; /* client.bytes when it was asked */
    int hello_awaited;
    int hello_refused;
    struct lattn_hello hello; /* the last answer */

    uint64_t name_sent;
    enum feed_naming naming;
    struct lattn_named named; /* owned */
    struct lattn_complaint naming_complaint;

    struct feed_csv csv;

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

/* Ask how far the daemon is; one at a time. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status feed_hello(struct feed *feed);

/* Wait until everything sent before is learned or refused; feed->hello then tells. */
enum lattn_status feed_settle(struct feed *feed);

/*
 * Ask for the names in append and outputs of a request, and wait for the answer.
 *
 * Returns LATTN_OK with feed->named, LATTN_NAME with feed->naming_complaint where the daemon
 * refused, or why it could not be asked.
 */
enum lattn_status feed_name(struct feed *feed, struct lattn_request *request);

/* Were these names, all that there are, given coordinates and outputs in their own order? */
int feed_named_in_order(const struct feed *feed, int32_t coordinates, int32_t outputs);

/* Send a pair, numbered. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status feed_pair(struct feed *feed, const struct lattn_item *item);

/*
 * The unit taken last, of so many pairs, was added to the connection with this status, under our
 * numbers or not. Returns LATTN_OK, also where it was too big and is refused here, or why the run
 * must end.
 */
enum lattn_status feed_note(struct feed *feed, enum lattn_status status, uint64_t pairs,
                            int is_numbered);

/* Say what is wrong, or only count it where enough was said; unit 0 for none. */
void feed_complain(struct feed *feed, uint64_t unit, const char *message);

/* The unit taken last is refused here. */
void feed_refuse(struct feed *feed, const char *reason);

/* The header, and with it the input as a whole, is refused. */
void feed_stop(struct feed *feed, const char *reason);

/* ---- what the sources do with a unit -------------------------------------------------------- */

/* feed_line.c, feed_message.c: send it as it is, numbered. */
enum lattn_status feed_line(struct feed *feed, char *text, size_t length);
enum lattn_status feed_message(struct feed *feed, char *bytes, size_t length);

/*
 * feed_header.c: give the daemon the names that stand before the pairs.
 *
 * text       a request in the source's format, or not
 * otherwise  the reason to refuse it for where it is none for names
 */
enum lattn_status feed_header(struct feed *feed, const char *text, size_t length,
                              const char *otherwise);

/* feed_csv.c: take the header, then send the pair that each row completes. */
enum lattn_status feed_csv_row(struct feed *feed, char *text, size_t length);
/* The input has ended: refuse it if there was no header. */
void feed_csv_end(struct feed *feed);
void feed_csv_done(struct feed *feed);

/* feed_event.c: send the pair that the event completes. */
enum lattn_status feed_event(struct feed *feed, char *text, size_t length);

/* Make ready for events. Returns LATTN_OK, LATTN_RANGE or LATTN_NO_MEMORY. */
enum lattn_status feed_events_init(struct feed *feed, int32_t window);
void feed_events_done(struct feed *feed);

#endif
