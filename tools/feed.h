#ifndef FEED_H
#define FEED_H

#include "client.h"
#include "numbers.h"
#include "reader.h"
#include "retry.h"
#include "series.h"
#include "tokens.h"
#include "window.h"

#include <lattn/tasks.h>
#include <lattn/wire.h>

#include <stdint.h>

struct feed;

/*
 * What the input is, and how it is sent.
 *
 * name    as it is given to --from
 * word    what a unit of it is called
 * take    sends what a unit holds; returns LATTN_OK, also for a bad one, or why the run must end.
 *         text is lost
 * rename  makes sure that a daemon that came back has the names that it had; as take
 */
struct feed_source {
    const char *name;
    const char *word;
    enum reader_unit unit;
    enum lattn_format format;
    enum lattn_status (*take)(struct feed *feed, char *text, size_t length);
    enum lattn_status (*rename)(struct feed *feed);
};

/* What became of pairs. unkept: the daemon could not keep them; of those counted once, none. */
struct feed_tally {
    uint64_t accepted;
    uint64_t rejected;
    uint64_t duplicates;
    uint64_t unkept;
};

/* Rows of CSV as pairs (feed_csv.c). */
struct feed_csv {
    struct series series;
    int is_named; /* the columns were given names */
};

/*
 * One run of feed. Pairs are numbered under a producer and kept in the window until the daemon is
 * known to have them, so that nothing is lost and nothing learned twice when a connection breaks or
 * a run is repeated under the same name. Answers come in the order of what was sent.
 */
struct feed {
    const struct feed_source *source;
    struct client client;
    struct reader input;
    struct window window;
    struct numbers numbers;
    struct lattn_text scratch; /* a line that is looked at before its turn */
    char producer[LATTN_PRODUCER_MAX];
    uint64_t seq;        /* given to the last numbered pair */
    uint64_t seq_there;  /* the daemon's last one when the run began: up to it nothing is sent */
    uint64_t seq_known;  /* the daemon's last one when it was asked last */
    uint64_t sent;       /* pairs; those that need not be sent again as well ... */
    uint64_t skipped;    /* ... which these are */
    uint64_t refused;    /* units refused here, never sent */
    uint64_t complaints; /* all there were ... */
    uint64_t complaints_shown;
    int is_interrupted;            /* the input was not read to its end */
    int stopped;                   /* the input as a whole is refused, and that was said */
    struct lattn_complaint reason; /* why the run must end, where its status does not tell */

    struct feed_tally tally;   /* of what has left the window, on all connections */
    struct feed_tally counted; /* what of it this connection's hello told */

    struct retry retry;
    int retry_is_wished;            /* also where the daemon has forgotten what it learned */
    int is_away;                    /* from a break until the window is sent again */
    int is_repeated;                /* it was, and no hello has answered behind that */
    int is_held;                    /* pairs in the window are refused for now */
    int is_held_said;               /* and that was said */
    uint64_t connections;           /* there were */
    uint64_t arrived;               /* pairs that the daemon has, and whose answers were lost */
    uint64_t forgotten;             /* pairs that were acknowledged, and are gone */
    struct lattn_complaint parting; /* what the daemon said last, about no message */
    int is_denied;                  /* and that trying again is of no use */

    uint64_t hello_sent;  /* the message that it was; one is under way at a time */
    uint64_t hello_bytes; /* client.bytes when it was asked */
    int hello_awaited;
    int hello_refused;
    struct lattn_hello hello; /* the last answer */

    uint64_t ask_sent; /* the same of another request, whose answer is waited for */
    int ask_awaited;
    int ask_answered;
    struct lattn_reply answer; /* owned where it is there */

    struct lattn_named named; /* owned */
    struct lattn_complaint naming_complaint;
    struct lattn_text header; /* the request for names before the pairs, as it was read */
    int header_is_named;      /* it was granted */

    struct feed_csv csv;

    struct lattn_events *events; /* events only, as all below */
    struct tokens tokens;
    int32_t symbols_asked;                     /* symbols before it were named, or will never be */
    int32_t outputs[LATTN_EVENTS_SYMBOLS_MAX]; /* per symbol, TOKENS_NOWHERE if it has none */
    int32_t m;
    double *y;
};

/* ---- feed_answer.c: what goes to and fro --------------------------------------------------- */

/*
 * Wait once, then send, receive and deal with all answers; as client_turn. Where the connection
 * breaks, or pairs are refused for now, it returns when that is over, or why it will not be:
 * LATTN_CLOSED, LATTN_CONFLICT, LATTN_DENIED or LATTN_NO_SPACE, as a rule with feed->reason; or
 * LATTN_TIMEOUT once the run shall end at once.
 */
enum lattn_status feed_turn(struct feed *feed, int input_fd, int *ret_input_ready);

/* Show how far the run is. */
void feed_show(const struct feed *feed);

/* Should no more input be taken until answers have come? */
int feed_is_waiting(const struct feed *feed);

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

/* ---- feed_ask.c: requests between the pairs -------------------------------------------------- */

/* Ask how far the daemon is; one at a time. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status feed_hello(struct feed *feed);

/* Wait for the hello under way, if there is one. */
enum lattn_status feed_hello_wait(struct feed *feed);

/* Wait until everything sent before is learned or refused; feed->hello then tells. */
enum lattn_status feed_settle(struct feed *feed);

/*
 * Ask, and wait for the answer; asks again on another connection where this one breaks.
 *
 * request    in/out  gets an id
 * ret_reply  out     borrowed until the next call
 *
 * Returns LATTN_OK or why it could not be asked.
 */
enum lattn_status feed_ask(struct feed *feed, struct lattn_request *request,
                           const struct lattn_reply **ret_reply);

/*
 * Ask for the names in append and outputs of a request.
 *
 * Returns LATTN_OK with feed->named, LATTN_NAME with feed->naming_complaint where the daemon
 * refused, or why it could not be asked.
 */
enum lattn_status feed_name(struct feed *feed, struct lattn_request *request);

/* Were these names, all that there are, given coordinates and outputs in their own order? */
int feed_named_in_order(const struct feed *feed, int32_t coordinates, int32_t outputs);

/*
 * Ask for the model without its heads.
 *
 * ret_model  out  given; NULL where nothing was learned yet, and where the daemon refused, which is
 *                 said and stops the feed
 *
 * Returns LATTN_OK or why it could not be asked.
 */
enum lattn_status feed_model(struct feed *feed, struct lattn_model **ret_model);

/* Release what the last answers left. */
void feed_ask_done(struct feed *feed);

/* ---- feed_retry.c: again -------------------------------------------------------------------- */

/*
 * Connect for the first time; with --retry, for as long as it says. Returns VERB_DONE; otherwise
 * says why not, as client_open.
 */
enum verb_exit feed_open(struct feed *feed);

/* The connection broke: connect again and send the window again. Returns as feed_turn. */
enum lattn_status feed_reconnect(struct feed *feed);

/* Is this refusal of a unit one that will pass? Then the unit is kept, to be sent again. */
int feed_postpone(struct feed *feed, struct window_unit *unit, const struct lattn_reply *refusal);

/*
 * Units are postponed and no hello is under way: send them again after a pause, once all others
 * are settled. Returns as feed_turn.
 */
enum lattn_status feed_held_turn(struct feed *feed);

/* Pairs were learned or refused for good: what was tried again has come to something. */
void feed_advance(struct feed *feed);

/* A daemon that came back gives names in another way: says so. Returns LATTN_CONFLICT. */
enum lattn_status feed_renamed(struct feed *feed);

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
enum lattn_status feed_header_again(struct feed *feed);

/* feed_csv.c: take the header, then send the pair that each row completes. */
enum lattn_status feed_csv_row(struct feed *feed, char *text, size_t length);
enum lattn_status feed_csv_again(struct feed *feed);
/* The input has ended: refuse it if there was no header. */
void feed_csv_end(struct feed *feed);
void feed_csv_done(struct feed *feed);

/* feed_event.c: send the pair that the event completes. */
enum lattn_status feed_event(struct feed *feed, char *text, size_t length);
enum lattn_status feed_event_again(struct feed *feed);

/* Make ready for events. Returns LATTN_OK, LATTN_RANGE or LATTN_NO_MEMORY. */
enum lattn_status feed_events_init(struct feed *feed, int32_t window);
void feed_events_done(struct feed *feed);

#endif
