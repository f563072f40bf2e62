#ifndef RECORDING_H
#define RECORDING_H

#include "reader.h"

#include <lattn/wire.h>

/*
 * Emissions in a file, each a line of its own: what the daemon sent without the model,
 *
 *     {"status": {...}, "spectrum"?: {...}}
 *
 * A recording can be read while it grows, and go on after any end: a last line without its end is
 * no emission yet.
 */
struct recording {
    int fd;              /* -1: not open */
    struct reader lines; /* of one that is read */
    struct lattn_text message;
};

/*
 * Open a file to add to it; what is no regular file, like a pipe, is written to as it is. Half a
 * line at its end is cut off.
 *
 * complaint  out  why not
 *
 * Returns LATTN_OK; LATTN_FIELD: the file holds something else, and is left alone; LATTN_CONFLICT:
 * somebody adds to it at the moment; LATTN_INPUT_OUTPUT; LATTN_NO_MEMORY.
 */
enum lattn_status recording_extend(struct recording *recording, const char *path,
                                   struct lattn_complaint *complaint);

/*
 * Add an emission, whole or not at all; it is with the system when this returns.
 *
 * Returns LATTN_OK, LATTN_INPUT_OUTPUT with errno, or LATTN_NO_MEMORY.
 */
enum lattn_status recording_add(struct recording *recording, const struct lattn_reply *emission);

/* Open a file to read it. Returns LATTN_OK, or LATTN_INPUT_OUTPUT with the complaint. */
enum lattn_status recording_open(struct recording *recording, const char *path,
                                 struct lattn_complaint *complaint);

/*
 * Read the next emission.
 *
 * ret_emission  out  as lattn_reply_read gives it to a subscriber, for lattn_reply_status and
 *                    lattn_reply_spectrum; release with lattn_reply_done
 * complaint     out  which line is no emission, and why
 *
 * Returns LATTN_OK; LATTN_MORE: that was all, for now; LATTN_SYNTAX, LATTN_FIELD or LATTN_TOO_BIG:
 * the line is none, the next call goes on behind it; LATTN_INPUT_OUTPUT; LATTN_NO_MEMORY.
 */
enum lattn_status recording_next(struct recording *recording, struct lattn_reply *ret_emission,
                                 struct lattn_complaint *complaint);

/* Accepts one that is not open. */
void recording_close(struct recording *recording);

#endif
