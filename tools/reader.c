/*
 * The buffer keeps what was read and not yet taken, from start to end. It grows to hold the longest
 * unit; behind end there is always room for a closing zero.
 */
#include "reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void reader_init(struct reader *reader, int fd, enum reader_unit unit, size_t bytes_max)
{
    *reader = (struct reader){.fd = fd, .unit = unit, .bytes_max = bytes_max, .height = 1};
    lattn_frame_init(&reader->frame, bytes_max);
}

void reader_init_from(struct reader *reader, reader_read_fn source, void *arg,
                      enum reader_unit unit, size_t bytes_max)
{
    reader_init(reader, -1, unit, bytes_max);
    reader->source = source;
    reader->source_arg = arg;
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

static ssize_t bytes_read(struct reader *reader, char *bytes, size_t length)
{
    if (reader->source != NULL)
        return reader->source(reader->source_arg, bytes, length);
    return read(reader->fd, bytes, length);
}

enum lattn_status reader_fill(struct reader *reader)
{
    enum lattn_status status = room_make(reader);
    ssize_t got;

    if (status != LATTN_OK)
        return status;
    got = bytes_read(reader, reader->data + reader->end, READER_READ_BYTES);
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

/* The line end that ends the line or record, NULL if it has not come. */
static char *newline_find(struct reader *reader)
{
    size_t length = reader->end - reader->scanned;
    char *fresh;

    if (length == 0)
        return NULL;
    fresh = reader->data + reader->scanned;
    if (reader->unit == READER_LINES)
        return memchr(fresh, '\n', length);
    return (char *)csv_scan(&reader->record, fresh, length);
}

/* Take the bytes up to `stop`; `next` is where the following line or record begins. */
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
    reader->number += reader->height;
    if (reader->unit == READER_RECORDS)
        reader->height = reader->record.lines;
    reader->record.lines = 0;
    return was_skipping ? LATTN_TOO_BIG : LATTN_OK;
}

static enum lattn_status line_next(struct reader *reader, char **ret_text, size_t *ret_length)
{
    char *newline = newline_find(reader);

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

/* The place of the next frame is lost, and with it all that was read. */
static enum lattn_status frame_refuse(struct reader *reader, enum lattn_status status)
{
    reader->number++;
    reader->start = reader->end;
    reader->ended = 1;
    return status;
}

static enum lattn_status frame_next(struct reader *reader, char **ret_text, size_t *ret_length,
                                    struct lattn_complaint *complaint)
{
    size_t there = reader->end - reader->start;
    enum lattn_status status;

    if (there == 0)
        return LATTN_MORE;
    status = lattn_frame_scan(&reader->frame, reader->data + reader->start, there, complaint);
    if (status == LATTN_MORE && !reader->ended)
        return LATTN_MORE;
    if (status == LATTN_MORE) {
        if (complaint != NULL)
            snprintf(complaint->text, sizeof complaint->text,
                     "the input ends within it, behind %zu bytes", there);
        status = LATTN_CLOSED;
    }
    if (status != LATTN_OK)
        return frame_refuse(reader, status);
    *ret_text = reader->data + reader->start;
    *ret_length = reader->frame.at;
    reader->start += reader->frame.at;
    reader->scanned = reader->start;
    reader->number++;
    reader->frame_numbers = reader->frame.numbers;
    lattn_frame_init(&reader->frame, reader->bytes_max);
    return LATTN_OK;
}

enum lattn_status reader_next(struct reader *reader, char **ret_text, size_t *ret_length,
                              struct lattn_complaint *complaint)
{
    if (reader->unit == READER_FRAMES)
        return frame_next(reader, ret_text, ret_length, complaint);
    return line_next(reader, ret_text, ret_length);
}

enum lattn_status reader_read(struct reader *reader, char **ret_text, size_t *ret_length)
{
    enum lattn_status status;

    while ((status = line_next(reader, ret_text, ret_length)) == LATTN_MORE && !reader->ended) {
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

enum lattn_status reader_give(struct reader *reader, const struct reader_taker *taker)
{
    struct lattn_complaint complaint = {""};
    enum lattn_status status;
    size_t length;
    char *text;

    while (taker->is_ready(taker->arg)) {
        status = reader_next(reader, &text, &length, &complaint);
        if (status == LATTN_MORE)
            return status;
        if (status != LATTN_OK) {
            taker->refuse(taker->arg, complaint.text[0] != '\0' ? complaint.text : READER_TOO_LONG);
            continue;
        }
        if (reader->unit != READER_FRAMES && reader_is_blank(text, length))
            continue;
        status = taker->take(taker->arg, text, length);
        if (status != LATTN_OK)
            return status;
    }
    return LATTN_OK;
}
