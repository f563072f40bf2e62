/*
 * The buffer keeps what was read and not yet taken, from start to end. It grows to hold the longest
 * line; behind end there is always room for a closing zero.
 */
#include "reader.h"

#include <lattn/limits.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void reader_init(struct reader *reader, int fd, size_t bytes_max)
{
    *reader = (struct reader){.fd = fd, .bytes_max = bytes_max};
}

void reader_done(struct reader *reader)
{
    free(reader->data);
    *reader = (struct reader){.fd = -1};
}

/* Room for one more read behind what is kept. */
static enum lattn_status room_make(struct reader *reader)
{
    size_t kept = reader->end - reader->start;
    size_t need = kept + READER_READ_BYTES + 1;
    char *data;

    if (reader->start > 0) {
        memmove(reader->data, reader->data + reader->start, kept);
        reader->scanned -= reader->start;
        reader->start = 0;
        reader->end = kept;
    }
    if (need <= reader->capacity)
        return LATTN_OK;
    data = realloc(reader->data, need + need / 2);
    if (data == NULL)
        return LATTN_NO_MEMORY;
    reader->data = data;
    reader->capacity = need + need / 2;
    return LATTN_OK;
}

enum lattn_status reader_fill(struct reader *reader)
{
    enum lattn_status status = room_make(reader);
    ssize_t got;

    if (status != LATTN_OK)
        return status;
    got = read(reader->fd, reader->data + reader->end, READER_READ_BYTES);
    if (got < 0) {
        reader->error = errno == EAGAIN || errno == EINTR ? 0 : errno;
        reader->ended = reader->error != 0;
        return LATTN_OK;
    }
    reader->ended = got == 0;
    reader->end += (size_t)got;
    reader->data[reader->end] = '\0';
    return LATTN_OK;
}

/* Take the bytes up to `stop`; `next` is where the following line begins. */
static enum lattn_status line_take(struct reader *reader, size_t stop, size_t next, char **ret_text,
                                   size_t *ret_length)
{
    int was_skipping = reader->skipping;

    *ret_text = reader->data + reader->start;
    *ret_length = stop - reader->start;
    reader->data[stop] = '\0';
    reader->start = next;
    reader->scanned = next;
    reader->skipping = 0;
    reader->number++;
    return was_skipping ? LATTN_TOO_BIG : LATTN_OK;
}

enum lattn_status reader_next(struct reader *reader, char **ret_text, size_t *ret_length)
{
    size_t fresh = reader->end - reader->scanned;
    char *newline = fresh == 0 ? NULL : memchr(reader->data + reader->scanned, '\n', fresh);

    if (newline != NULL) {
        size_t stop = (size_t)(newline - reader->data);

        if (stop - reader->start > reader->bytes_max)
            reader->skipping = 1;
        return line_take(reader, stop, stop + 1, ret_text, ret_length);
    }
    reader->scanned = reader->end;
    if (reader->end - reader->start > reader->bytes_max) {
        reader->skipping = 1;
        reader->start = reader->end;
    }
    if (reader->ended && (reader->skipping || reader->end > reader->start))
        return line_take(reader, reader->end, reader->end, ret_text, ret_length);
    return LATTN_MORE;
}

enum lattn_status reader_read(struct reader *reader, char **ret_text, size_t *ret_length)
{
    enum lattn_status status;

    while ((status = reader_next(reader, ret_text, ret_length)) == LATTN_MORE && !reader->ended) {
        status = reader_fill(reader);
        if (status != LATTN_OK)
            return status;
    }
    return status;
}

enum lattn_status reader_peek(const struct reader *reader, size_t *offset, const char **ret_text,
                              size_t *ret_length)
{
    size_t start = reader->start + *offset;
    const char *newline =
        start == reader->end ? NULL : memchr(reader->data + start, '\n', reader->end - start);

    if (newline == NULL)
        return LATTN_MORE;
    *ret_text = reader->data + start;
    *ret_length = (size_t)(newline - *ret_text);
    *offset += *ret_length + 1;
    return LATTN_OK;
}

int reader_is_blank(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] != ' ' && text[i] != '\t' && text[i] != '\r')
            return 0;
    return 1;
}
