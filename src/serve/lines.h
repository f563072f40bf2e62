#ifndef SERVE_LINES_H
#define SERVE_LINES_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * The bytes of one client, cut into lines. Holds what has come and was not yet taken: less than
 * one line of the greatest length and what was added since.
 *
 *     data   [ taken | start ... whole lines ... scanned ... | end ]
 *
 * number    lines begun so far, so that an answer can name its line; the first is 1
 * skipping  the line under way was too big: nothing of it is kept
 */
struct lines {
    char *data;
    size_t start;
    size_t scanned;
    size_t end;
    size_t capacity;
    size_t bytes_max;
    uint64_t number;
    int skipping;
};

/* bytes_max: the longest line accepted, without its end. Allocates nothing. */
void lines_init(struct lines *lines, size_t bytes_max);
/* Accepts NULL. */
void lines_done(struct lines *lines);

/* Copy bytes that came. Returns LATTN_OK, or LATTN_NO_MEMORY with nothing added. */
enum lattn_status lines_add(struct lines *lines, const char *bytes, size_t length);

/*
 * Take the next whole line.
 *
 * ret_text, ret_length  out  the line without its end, borrowed until the next lines_add or
 *                            lines_trim
 *
 * Returns LATTN_OK; LATTN_MORE: no whole line is here; LATTN_TOO_BIG, once per line: it is counted,
 * its bytes are passed over and the next line will be in order.
 */
enum lattn_status lines_next(struct lines *lines, const char **ret_text, size_t *ret_length);

/* After the end of the bytes: take what came behind the last line's end, LATTN_OK or LATTN_MORE. */
enum lattn_status lines_last(struct lines *lines, const char **ret_text, size_t *ret_length);

/* Give memory back if everything was taken: an idle client costs none. */
void lines_trim(struct lines *lines);

#endif
