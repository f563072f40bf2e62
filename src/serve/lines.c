#include "serve/lines.h"

#include "base/complaint.h"

#include <assert.h>
#include <string.h>

void lines_init(struct lines *lines, size_t bytes_max)
{
    *lines = (struct lines){.bytes_max = bytes_max};
}

/* A number takes two bytes at least, itself and what stands before the next. */
static struct letter letter_of(const struct lines *lines, const char *bytes, size_t length)
{
    return (struct letter){
        .bytes = bytes, .length = length, .numbers = length / 2 + 2, .number = lines->number};
}

static enum lattn_status refuse_big(const struct lines *lines, struct letter *ret_letter,
                                    struct lattn_complaint *complaint)
{
    *ret_letter = letter_of(lines, "", 0);
    return complain(complaint, LATTN_TOO_BIG, "the line is longer than %zu bytes",
                    lines->bytes_max);
}

/* No end of line is here: keep the piece, unless its line is known to be too big. */
static enum lattn_status lines_wait(struct lines *lines, struct buffer *buffer,
                                    struct letter *ret_letter, struct lattn_complaint *complaint)
{
    lines->scanned = buffer_length(buffer);
    if (!lines->skipping && lines->scanned <= lines->bytes_max)
        return LATTN_MORE;
    buffer_take(buffer, lines->scanned);
    lines->scanned = 0;
    if (lines->skipping)
        return LATTN_MORE;
    lines->skipping = 1;
    lines->number++;
    return refuse_big(lines, ret_letter, complaint);
}

enum lattn_status lines_next(struct lines *lines, struct buffer *buffer, struct letter *ret_letter,
                             struct lattn_complaint *complaint)
{
    for (;;) {
        size_t unscanned = buffer_length(buffer) - lines->scanned;
        const char *bytes;
        const char *newline;
        size_t length;

        if (unscanned == 0)
            return lines_wait(lines, buffer, ret_letter, complaint);
        bytes = buffer_bytes(buffer);
        newline = memchr(bytes + lines->scanned, '\n', unscanned);
        if (newline == NULL)
            return lines_wait(lines, buffer, ret_letter, complaint);
        length = (size_t)(newline - bytes);
        buffer_take(buffer, length + 1);
        lines->scanned = 0;
        if (lines->skipping) {
            lines->skipping = 0;
            continue;
        }
        lines->number++;
        if (length > lines->bytes_max)
            return refuse_big(lines, ret_letter, complaint);
        *ret_letter = letter_of(lines, bytes, length);
        return LATTN_OK;
    }
}

void lines_abandon(struct lines *lines, struct buffer *buffer, struct letter *ret_letter)
{
    buffer_take(buffer, buffer_length(buffer));
    lines->scanned = 0;
    lines->is_lost = 1;
    if (!lines->skipping)
        lines->number++;
    *ret_letter = letter_of(lines, "", 0);
}

enum lattn_status lines_last(struct lines *lines, struct buffer *buffer, struct letter *ret_letter)
{
    size_t length = buffer_length(buffer);

    assert(lines->scanned == length);
    if (length == 0)
        return LATTN_MORE;
    lines->number++;
    lines->scanned = 0;
    *ret_letter = letter_of(lines, buffer_bytes(buffer), length);
    buffer_take(buffer, length);
    return LATTN_OK;
}
