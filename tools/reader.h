#ifndef READER_H
#define READER_H

#include "csv.h"

#include <lattn/frame.h>
#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What the bytes are cut into. */
enum reader_unit {
    READER_LINES,
    READER_RECORDS, /* of CSV: line ends in quotes do not end them */
    READER_FRAMES   /* values of MessagePack */
};

/* Reads as read(2) does. */
typedef ssize_t (*reader_read_fn)(void *arg, void *bytes, size_t length);

/*
 * Lines, records or frames out of a file descriptor, or of what else can be read. Reading and
 * taking are apart, so that a caller may poll.
 */
struct reader {
    int fd; /* -1: `source` is asked */
    reader_read_fn source;
    void *source_arg;
    enum reader_unit unit;
    char *data;
    size_t start;   /* of what has not been taken */
    size_t scanned; /* no line or record ends between start and here */
    size_t end;
    size_t capacity;
    size_t bytes_max; /* of a unit */
    uint64_t number;  /* of the unit taken last, from 1; of a record, of the line it begins in */
    uint64_t height;  /* lines of the record taken last, 1 for other units */
    int ended;        /* there is nothing more to read ... */
    int error;        /* ... because reading failed: its errno, 0 otherwise */
    int skipping;     /* in a line or record too long to keep */

    struct csv_scan record;   /* READER_RECORDS: of the one that begins at start */
    struct lattn_frame frame; /* READER_FRAMES: the same */
    size_t frame_numbers;     /* READER_FRAMES: bound on the numbers in the one taken last */
};

enum {
    /* What one read asks for. */
    READER_READ_BYTES = 64 << 10,
    /* For what people send: eight times the largest message that a daemon takes unless told to. */
    READER_BYTES_MAX = 128 << 20
};

/* Why a longer line is refused, for people. */
#define READER_TOO_LONG "it is longer than 128 MiB"

/*
 * Begin with a descriptor that stays the caller's; allocates nothing. Lines and records of more
 * than bytes_max bytes are passed over.
 */
void reader_init(struct reader *reader, int fd, enum reader_unit unit, size_t bytes_max);
/* The same with a source that is kept, with its argument, until reader_done. */
void reader_init_from(struct reader *reader, reader_read_fn source, void *arg,
                      enum reader_unit unit, size_t bytes_max);
/* Release the buffer. */
void reader_done(struct reader *reader);

/*
 * Read once what there is; the end of the file or an error sets ended.
 *
 * Returns LATTN_OK (also where a read would have to wait) or LATTN_NO_MEMORY.
 */
enum lattn_status reader_fill(struct reader *reader);

/*
 * Take the next unit; of lines and records also what is left after the end of the file.
 *
 * ret_text    out  without a line's end, followed by a zero byte unless it is a frame; may be
 *                  written to; borrowed until the next call
 * complaint   out  may be NULL: what is wrong with a frame
 *
 * Returns LATTN_OK; LATTN_MORE: fill first, or ended; LATTN_TOO_BIG: it was passed over.
 *
 * A frame that cannot be cut ends the input, since nobody knows where the next one begins:
 * LATTN_TOO_BIG, LATTN_SYNTAX, or LATTN_CLOSED where the input itself ends within it.
 */
enum lattn_status reader_next(struct reader *reader, char **ret_text, size_t *ret_length,
                              struct lattn_complaint *complaint);

/* The same of lines, reading and waiting as needed: LATTN_MORE means that there is nothing more. */
enum lattn_status reader_read(struct reader *reader, char **ret_text, size_t *ret_length);

/*
 * Look at whole lines that were read and not yet taken, without taking them.
 *
 * offset      in/out  0 at first: how far the look has come
 * ret_text    out     without its end and without a zero byte; borrowed until the next call
 *
 * Returns LATTN_OK or LATTN_MORE.
 */
enum lattn_status reader_peek(const struct reader *reader, size_t *offset, const char **ret_text,
                              size_t *ret_length);

/* Is there nothing but blanks in it? */
int reader_is_blank(const char *text, size_t length);

/*
 * Who takes the units of an input, one after the other.
 *
 * is_ready  for another one?
 * take      text may be written to; what it returns but LATTN_OK ends the taking
 * refuse    the unit is none, for this reason
 * arg       of all three
 */
struct reader_taker {
    int (*is_ready)(void *arg);
    enum lattn_status (*take)(void *arg, char *text, size_t length);
    void (*refuse)(void *arg, const char *reason);
    void *arg;
};

/*
 * Give units to a taker as long as it is ready. Blank lines and records are nobody's.
 *
 * Returns LATTN_OK: it is not ready any more; LATTN_MORE: fill first, or ended; or what take did.
 */
enum lattn_status reader_give(struct reader *reader, const struct reader_taker *taker);

#endif
