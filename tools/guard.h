#ifndef GUARD_H
#define GUARD_H

#include <lattn/status.h>

/*
 * The terminal as it was found, while something else has it: brought back whatever ends us. There
 * is one.
 */

/* What came in from outside. */
enum guard_event {
    GUARD_NOTHING,
    GUARD_RESIZED,
    GUARD_STOPPED, /* guard_stop does it */
    GUARD_CONTINUED,
    GUARD_ENDED, /* guard_die tells what ended us */
    GUARD_QUIT   /* asked for at the terminal */
};

enum { GUARD_BYTES_MAX = 256 };

/*
 * Begin, before anything is changed. Signals come as events from now on, but for those of our own
 * faults: they bring back the terminal and then do what they always do. What is written to standard
 * error, where that is a terminal, is kept until guard_end.
 *
 * restore  in  what the terminal must be told to look as before; shorter than GUARD_BYTES_MAX
 *
 * Returns LATTN_OK or LATTN_INPUT_OUTPUT with errno, with all as before.
 */
enum lattn_status guard_begin(const char *restore);

/* End, once the terminal is as before. */
void guard_end(void);

/* To be polled: readable while there are events. */
int guard_fd(void);

/* The next event; GUARD_NOTHING: there is none. */
enum guard_event guard_next(void);

/* Stop as the shell wants it; returns when we go on. The terminal must be as before. */
void guard_stop(void);

/* Say that nobody asks for events for a while: signals that end us do it at once then. */
void guard_busy(int busy);

/* After guard_end: die by the signal of GUARD_ENDED, so that whoever waits for us sees it. */
void guard_die(void);

#endif
