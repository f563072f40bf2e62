#ifndef SERVE_LINES_H
#define SERVE_LINES_H

#include <lattn/status.h>

#include "serve/buffer.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Cuts the bytes of one client into lines.
 *
 *     buffer   [ whole lines ... | scanned, no end of line | came since ]
 *
 * bytes_max  the longest line accepted, without its end
 * number     lines begun so far, so that an answer can name its line
 * scanned    bytes that wait and hold no end of line
 * skipping   the line under way was too big: nothing of it is kept
 * is_lost    one was abandoned: nothing behind it is read
 */
struct lines {
    size_t bytes_max;
    uint64_t number;
    size_t scanned;
    int skipping;
    int is_lost;
};

void lines_init(struct lines *lines, size_t bytes_max);

/*
 * Take the next whole line out of the buffer.
 *
 * Returns LATTN_OK; LATTN_MORE: no whole line is here; LATTN_TOO_BIG, once per line: the letter has
 * its number alone, its bytes are passed over, and the next line will be in order.
 */
enum lattn_status lines_next(struct lines *lines, struct buffer *buffer, struct letter *ret_letter,
                             struct lattn_complaint *complaint);

/* Drop the line under way and what waits: the letter has its number, and the stream is lost. */
void lines_abandon(struct lines *lines, struct buffer *buffer, struct letter *ret_letter);

/* After the end of the bytes: take what came behind the last line's end, LATTN_OK or LATTN_MORE. */
enum lattn_status lines_last(struct lines *lines, struct buffer *buffer, struct letter *ret_letter);

#endif
