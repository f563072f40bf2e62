#ifndef READER_H
#define READER_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Lines out of a file descriptor. Reading and taking are apart, so that a caller may poll.
 */
struct reader {
    int fd;
    char *data;
    size_t start;   /* of what has not been taken */
    size_t scanned; /* no line ends between start and here */
    size_t end;
    size_t capacity;
    size_t bytes_max; /* of a line */
    uint64_t number;  /* of the line taken last, from 1 */
    int ended;        /* there is nothing more to read ... */
    int error;        /* ... because reading failed: its errno, 0 otherwise */
    int skipping;     /* in a line too long to keep */
};

enum {
    /* What one read asks for. */
    READER_READ_BYTES = 64 << 10,
    /* For what people send: eight times the largest line that a daemon takes unless told to. */
    READER_LINE_BYTES_MAX = 128 << 20
};

/*
 * Begin with a descriptor that stays the caller's; allocates nothing. Lines of more than bytes_max
 * bytes are passed over.
 */
void reader_init(struct reader *reader, int fd, size_t bytes_max);
/* Release the buffer. */
void reader_done(struct reader *reader);

/*
 * Read once what there is; the end of the file or an error sets ended.
 *
 * Returns LATTN_OK (also where a read would have to wait) or LATTN_NO_MEMORY.
 */
enum lattn_status reader_fill(struct reader *reader);

/*
 * Take the next whole line, or what is left after the end of the file.
 *
 * ret_text    out  without its end, followed by a zero byte; may be written to; borrowed until the
 *                  next call
 *
 * Returns LATTN_OK; LATTN_MORE: fill first, or ended; LATTN_TOO_BIG: a line was passed over.
 */
enum lattn_status reader_next(struct reader *reader, char **ret_text, size_t *ret_length);

/* The same, reading and waiting as needed: LATTN_MORE means that there is nothing more. */
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

#endif
