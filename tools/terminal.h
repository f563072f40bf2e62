#ifndef TERMINAL_H
#define TERMINAL_H

#include "screen.h"

#include <lattn/status.h>

#include <stdint.h>

/*
 * The terminal of standard input and output, taken over as a whole; there is one. Through whatever
 * ends us it is left as it was found.
 */

/* What somebody did, besides typing. */
enum terminal_event {
    TERMINAL_NOTHING,
    TERMINAL_CHANGED, /* size or contents: draw it again */
    TERMINAL_QUIT,
    TERMINAL_ENDED /* by a signal, or it is gone */
};

/* Is there one that can show this? Returns LATTN_OK, or LATTN_FIELD with the complaint. */
enum lattn_status terminal_check(struct lattn_complaint *complaint);

/*
 * Take it over.
 *
 * complaint  out  why not
 *
 * Returns LATTN_OK; LATTN_FIELD: as terminal_check; LATTN_INPUT_OUTPUT; LATTN_NO_MEMORY.
 */
enum lattn_status terminal_open(struct lattn_complaint *complaint);

/* Give it back. */
void terminal_close(void);

/* The size of the screen, at least 1 x 1. */
void terminal_size(int32_t *ret_rows, int32_t *ret_columns);

/*
 * Show a screen of that size; only what differs from the one before is sent. Where the terminal
 * has no Unicode the screen is reduced.
 */
void terminal_show(struct screen *screen);

/* What was typed, as enum stroke has it; 0: nothing more. */
int32_t terminal_stroke(void);

/* The next thing done; after TERMINAL_NOTHING there may be strokes. */
enum terminal_event terminal_next(void);

#endif
