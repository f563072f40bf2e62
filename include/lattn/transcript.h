#ifndef LATTN_TRANSCRIPT_H
#define LATTN_TRANSCRIPT_H

#include <lattn/limits.h>
#include <lattn/status.h>
#include <lattn/wire.h>

#include <stddef.h>
#include <stdint.h>

LATTN_BEGIN

/*
 * What an oracle answers to the questions of a probe, and the file that keeps it. A question is a
 * line that lattn_write_pair writes, without y. Pure, as wire.h.
 */

/* Bytes of the words of a refusal with their closing zero; more is cut off. */
enum { LATTN_RESPONSE_WORDS_MAX = 200 };

/*
 * What an oracle says to one question.
 *
 * id             JSON text, "" if there is none
 * is_refused     1: an error, and the words are its own, "" if it has none; there are no numbers
 * rows, columns  of y: rows is 0 for a number (columns 1) and for [m] (columns m)
 */
struct lattn_response {
    char id[LATTN_ID_MAX];
    int32_t is_refused;
    char words[LATTN_RESPONSE_WORDS_MAX];
    int32_t rows;
    int32_t columns;
};

/*
 * Read one line {"id"?, "y": number, true, false, [m] or [[m] x n]} or {"id"?, "error": string,
 * {"message": string} or anything}; null is as if it were not there, other fields are passed over.
 *
 * numbers    out  room for y, at least length / 2 + 2 doubles; true is 1, false 0
 * complaint  out  may be NULL
 *
 * Returns LATTN_OK, LATTN_SYNTAX, LATTN_FIELD, LATTN_EMPTY, LATTN_SHAPE (rows of other widths),
 * LATTN_RANGE (too many), LATTN_NOT_FINITE or LATTN_TOO_BIG (id). Allocates nothing.
 */
LATTN_API enum lattn_status lattn_response_read(const char *text, size_t length, double *numbers,
                                                struct lattn_response *ret_response,
                                                struct lattn_complaint *complaint);

/*
 * The head of a file of answers, {"log": "lattn probe 1", "version", "oracle", "d", "m",
 * "positions", "decided"}.
 *
 * format     "lattn probe 1"; set by those below
 * version    of what wrote it
 * oracle     as the command line named it, as far as it fits
 * positions  1: answers have a row for each token
 * decided    options that decide which questions are asked
 */
struct lattn_transcript {
    char format[32];
    char version[32];
    char oracle[512];
    int32_t d;
    int32_t m;
    int32_t positions;
    char decided[1024];
};

/* Without a line's end. Returns LATTN_OK or LATTN_NO_MEMORY. */
LATTN_API enum lattn_status lattn_write_transcript(struct lattn_text *text,
                                                   const struct lattn_transcript *transcript);

/*
 * Returns LATTN_OK, LATTN_SYNTAX, LATTN_FIELD, LATTN_NAME, LATTN_RANGE (also of d and m), or
 * LATTN_OTHER_VERSION.
 */
LATTN_API enum lattn_status lattn_transcript_read(const char *text, size_t length,
                                                  struct lattn_transcript *ret_transcript,
                                                  struct lattn_complaint *complaint);

LATTN_END

#endif
