#ifndef SOURCE_TAP_H
#define SOURCE_TAP_H

#include <lattn/layout.h>
#include <lattn/status.h>

#include "source/course.h"
#include "source/jetstream.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Takes the messages of one shard's stream, in their order, on a thread of its own:
 *
 *     connect -> layout -> lease -> mark -> [ fetch -> read -> hand ... tap_settle -> acknowledge ]
 *
 * What is taken when counts by the mark that is kept with what was learned, not by what the server
 * thinks: where the two differ, the server's consumer is made anew. Whatever goes wrong, it tries
 * again after a pause, and says once what it is.
 */
struct tap;

/* Batches that are handed on and not settled: one is learned while the next one comes. */
enum { TAP_AWAY_MAX = 2 };

/*
 * A message that comes next.
 *
 * after  the number behind which it follows: of the last one that was handed on
 * mark   once it is learned, or passed over for good
 * id     its publisher's number; number 0: it has none
 */
struct tap_message {
    const struct jetstream_message *message;
    uint64_t after;
    struct course_mark mark;
    struct lattn_msgid id;
};

enum tap_tone { TAP_NEWS, TAP_WARNING };

/*
 * Texts are kept until the tap is closed, the rest is copied.
 *
 * worker     of the state
 * mark       of the stream, in what was learned before
 * bytes_max  of messages in a batch, about
 *
 * Called on the tap's thread:
 * read     read messages, in their order, to be handed on next. Returns how many of the first were
 *          read, all of which are settled together; 0: no memory
 * hand     hand on what was read
 * tell     a sentence for the log
 * stopped  nothing will be handed on any more, and all is settled
 */
struct tap_settings {
    struct jetstream_settings server;
    struct lattn_layout layout;
    const char *worker;
    struct course_mark mark;
    size_t bytes_max;
    size_t (*read)(void *arg, const struct tap_message *messages, size_t count);
    void (*hand)(void *arg);
    void (*tell)(void *arg, enum tap_tone tone, const char *sentence);
    void (*stopped)(void *arg);
    void *arg;
};

/* Starts the thread. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status tap_open(struct tap **ret_tap, const struct tap_settings *settings);
/* End its thread; nothing need be settled any more. */
void tap_end(struct tap *tap);
/* Accepts a pointer to NULL. */
void tap_close(struct tap **tap);

/* Hand nothing on any more; `stopped` tells when that is so. */
void tap_stop(struct tap *tap);

/*
 * What became of the batch that was handed on first, of those that are not settled; any thread.
 *
 * kept        in  how many of its first messages were learned or passed over for good; those
 *                 behind them come again
 * duplicates  in  how many of them had been taken before, by their publishers' numbers
 */
void tap_settle(struct tap *tap, size_t kept, uint64_t duplicates);

/*
 * What it is at; any thread.
 *
 * error        why it takes nothing, "" where it does
 * pending      messages that are there and not settled, as far as is known
 * redelivered, duplicates  since the tap was opened; messages
 * lost, rolled_back        of the mark
 */
struct tap_report {
    int is_connected;
    struct lattn_complaint error;
    uint64_t seq;
    uint64_t pending;
    uint64_t redelivered;
    uint64_t duplicates;
    uint64_t lost;
    uint64_t rolled_back;
};

void tap_look(struct tap *tap, struct tap_report *ret_report);

/* Is there a library to do all this with? Without it the others must not be called. */
int tap_is_built(void);

#endif
