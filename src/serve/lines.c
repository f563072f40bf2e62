#include "serve/lines.h"

#include <lattn/limits.h>

#include "base/memory.h"

#include <assert.h>
#include <string.h>

/* Grown by doubling from one read's worth. */
enum { LINES_CAPACITY_MIN = 64 << 10 };

void lines_init(struct lines *lines, size_t bytes_max)
{
    *lines = (struct lines){.bytes_max = bytes_max};
}

void lines_done(struct lines *lines)
{
    if (lines == NULL)
        return;
    memory_release(lines->data);
    lines->data = NULL;
}

/* Move what is left to the start of a block that holds length more bytes. */
static enum lattn_status make_room(struct lines *lines, size_t length)
{
    size_t kept = lines->end - lines->start;
    size_t need = kept + length;
    char *data = lines->data;

    if (need > lines->capacity) {
        size_t capacity =
            lines->capacity < LINES_CAPACITY_MIN ? LINES_CAPACITY_MIN : 2 * lines->capacity;

        if (capacity < need)
            capacity = need;
        data = memory_raw(capacity, 1);
        if (data == NULL)
            return LATTN_NO_MEMORY;
        lines->capacity = capacity;
    }
    if (kept > 0)
        memmove(data, lines->data + lines->start, kept);
    if (data != lines->data)
        memory_release(lines->data);
    lines->data = data;
    lines->scanned -= lines->start;
    lines->end = kept;
    lines->start = 0;
    return LATTN_OK;
}

enum lattn_status lines_add(struct lines *lines, const char *bytes, size_t length)
{
    enum lattn_status status;

    assert(lines->start <= lines->scanned && lines->scanned <= lines->end);
    if (length > lines->capacity - lines->end) {
        status = make_room(lines, length);
        if (status != LATTN_OK)
            return status;
    }
    memcpy(lines->data + lines->end, bytes, length);
    lines->end += length;
    return LATTN_OK;
}

/* No end of line is here: keep the piece, unless its line is known to be too big. */
static enum lattn_status lines_wait(struct lines *lines)
{
    lines->scanned = lines->end;
    if (!lines->skipping && lines->end - lines->start <= lines->bytes_max)
        return LATTN_MORE;
    lines->start = lines->end;
    if (lines->skipping)
        return LATTN_MORE;
    lines->skipping = 1;
    lines->number++;
    return LATTN_TOO_BIG;
}

enum lattn_status lines_next(struct lines *lines, const char **ret_text, size_t *ret_length)
{
    for (;;) {
        const char *from = lines->data + lines->start;
        const char *newline = NULL;
        size_t length;

        if (lines->scanned < lines->end)
            newline = memchr(lines->data + lines->scanned, '\n', lines->end - lines->scanned);
        if (newline == NULL)
            return lines_wait(lines);
        length = (size_t)(newline - from);
        lines->start += length + 1;
        lines->scanned = lines->start;
        if (lines->skipping) {
            lines->skipping = 0;
            continue;
        }
        lines->number++;
        if (length > lines->bytes_max)
            return LATTN_TOO_BIG;
        *ret_text = from;
        *ret_length = length;
        return LATTN_OK;
    }
}

enum lattn_status lines_last(struct lines *lines, const char **ret_text, size_t *ret_length)
{
    assert(lines->scanned == lines->end);
    if (lines->start == lines->end)
        return LATTN_MORE;
    *ret_text = lines->data + lines->start;
    *ret_length = lines->end - lines->start;
    lines->start = lines->end;
    lines->number++;
    return LATTN_OK;
}

void lines_trim(struct lines *lines)
{
    if (lines->start < lines->end)
        return;
    memory_release(lines->data);
    lines->data = NULL;
    lines->start = lines->scanned = lines->end = lines->capacity = 0;
}
