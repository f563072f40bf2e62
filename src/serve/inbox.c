/*
 * Memory of its own up to INPUT_BYTES_OWN, which holds the piece of any message that is not long
 * and one more read. What it takes beyond is taken from the pool first.
 */
#include "serve/inbox.h"

#include "serve/bounds.h"

void inbox_init(struct inbox *inbox, size_t bytes_max, struct pool *pool)
{
    *inbox = (struct inbox){.format = LATTN_FORMAT_JSON, .bytes_max = bytes_max, .pool = pool};
    buffer_init(&inbox->buffer);
    lines_init(&inbox->lines, bytes_max);
    frames_init(&inbox->frames, bytes_max);
}

void inbox_expect_lines(struct inbox *inbox)
{
    inbox->is_begun = 1;
    inbox->format = LATTN_FORMAT_JSON;
}

static void pooled_return(struct inbox *inbox)
{
    pool_give(inbox->pool, inbox->pooled);
    pool_leave(inbox->pool, inbox);
    inbox->pooled = 0;
}

void inbox_done(struct inbox *inbox)
{
    if (inbox == NULL)
        return;
    buffer_done(&inbox->buffer);
    buffer_init(&inbox->buffer);
    pooled_return(inbox);
}

/* The memory in which to await another read. Long messages double it, up to what one can need. */
static size_t capacity_next(const struct inbox *inbox)
{
    size_t need = buffer_length(&inbox->buffer) + READ_BYTES_MAX;
    size_t most = inbox->bytes_max + READ_BYTES_MAX;
    size_t capacity = buffer_capacity_for(&inbox->buffer, READ_BYTES_MAX);

    if (capacity > most)
        capacity = most > need ? most : need;
    return capacity > inbox->buffer.capacity ? capacity : inbox->buffer.capacity;
}

/* While the bytes move both blocks are there, and both are counted. */
enum lattn_status inbox_expect(struct inbox *inbox)
{
    size_t capacity = capacity_next(inbox);
    enum lattn_status status;

    if (capacity <= INPUT_BYTES_OWN || capacity == inbox->buffer.capacity)
        return LATTN_OK;
    status = pool_take(inbox->pool, capacity, inbox);
    if (status != LATTN_OK)
        return status;
    status = buffer_resize(&inbox->buffer, capacity);
    if (status != LATTN_OK) {
        pool_give(inbox->pool, capacity);
        return status;
    }
    pool_give(inbox->pool, inbox->pooled);
    inbox->pooled = capacity;
    return LATTN_OK;
}

char *inbox_room(struct inbox *inbox, size_t *ret_length)
{
    char *room = buffer_room(&inbox->buffer, READ_BYTES_MIN, READ_BYTES_MAX, ret_length);

    if (room != NULL && *ret_length > READ_BYTES_MAX)
        *ret_length = READ_BYTES_MAX;
    return room;
}

enum lattn_status inbox_add(struct inbox *inbox, const char *bytes, size_t length)
{
    enum lattn_status status = buffer_add(&inbox->buffer, bytes, length);

    if (status == LATTN_OK && !inbox->is_begun && length > 0) {
        inbox->is_begun = 1;
        inbox->format = lattn_format_of(bytes[0]);
    }
    return status;
}

enum lattn_status inbox_next(struct inbox *inbox, struct letter *ret_letter,
                             struct lattn_complaint *complaint)
{
    if (inbox->format == LATTN_FORMAT_MSGPACK)
        return frames_next(&inbox->frames, &inbox->buffer, ret_letter, complaint);
    return lines_next(&inbox->lines, &inbox->buffer, ret_letter, complaint);
}

enum lattn_status inbox_last(struct inbox *inbox, struct letter *ret_letter,
                             struct lattn_complaint *complaint)
{
    if (inbox->format == LATTN_FORMAT_MSGPACK)
        return frames_last(&inbox->frames, &inbox->buffer, ret_letter, complaint);
    return lines_last(&inbox->lines, &inbox->buffer, ret_letter);
}

void inbox_abandon(struct inbox *inbox, struct letter *ret_letter)
{
    if (inbox->format == LATTN_FORMAT_MSGPACK)
        frames_abandon(&inbox->frames, &inbox->buffer, ret_letter);
    else
        lines_abandon(&inbox->lines, &inbox->buffer, ret_letter);
}

int inbox_is_lost(const struct inbox *inbox)
{
    return inbox->frames.is_lost || inbox->lines.is_lost;
}

void inbox_trim(struct inbox *inbox)
{
    buffer_trim(&inbox->buffer);
    if (inbox->pooled == 0 || buffer_length(&inbox->buffer) > INPUT_BYTES_OWN - READ_BYTES_MAX)
        return;
    /* Where there is no memory for less, what there is stays. */
    if (buffer_length(&inbox->buffer) > 0 &&
        buffer_resize(&inbox->buffer, INPUT_BYTES_OWN) != LATTN_OK)
        return;
    pooled_return(inbox);
}
