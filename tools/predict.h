#ifndef PREDICT_H
#define PREDICT_H

#include "client.h"
#include "numbers.h"
#include "reader.h"
#include "tokens.h"

#include <lattn/model.h>
#include <lattn/tasks.h>

#include <stddef.h>
#include <stdint.h>

/* Predictions under way at a time; enough to keep a daemon busy while answers travel. */
enum { PREDICT_WAITING_MAX = 4096 };

/*
 * A prediction whose turn to be printed has not come.
 *
 * key      events: given; NULL otherwise
 * unknown  events: a symbol of the context has no coordinate, so nothing was asked
 */
struct predict_waiting {
    uint64_t line;
    char *key;
    int unknown;
};

/* One run of predict. Answers come in the order of the requests: the oldest that waits is next. */
struct predict {
    struct client client;
    struct reader input;
    struct numbers numbers;
    enum verb_exit code; /* VERB_REFUSED once any line was refused */

    struct predict_waiting waiting[PREDICT_WAITING_MAX]; /* a ring */
    size_t waiting_first;
    size_t waiting_count;

    struct lattn_events *events; /* events only, as all below */
    struct lattn_model *model;   /* for its names */
    struct tokens tokens;
};

/* Say why a line gives no prediction. */
void predict_refuse(struct predict *predict, uint64_t line, const char *reason);

/* Add the newest to the ring, which must have room; key is given, and released with it. */
void predict_wait(struct predict *predict, char *key, int unknown);

/* Ask for the label of an input. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status predict_ask(struct predict *predict, const struct lattn_item *input);

/* ---- predict_event.c ------------------------------------------------------------------------ */

/* Fetch the names from the daemon; says what is wrong. Returns VERB_DONE or VERB_REFUSED. */
enum verb_exit predict_events_init(struct predict *predict, int32_t window);
void predict_events_done(struct predict *predict);

/* Ask what comes after an event. Returns LATTN_OK, also for a bad line, or LATTN_NO_MEMORY. */
enum lattn_status predict_event(struct predict *predict, char *text, size_t length);

/* Print "KEY TAB NEXT TAB SHARE TAB determined|undetermined"; reply NULL where none was asked. */
enum lattn_status predict_event_print(const struct predict *predict, const char *key,
                                      const struct lattn_reply *reply);

#endif
