#include "serve/buffer.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>

/* Grown by doubling from one read's worth. */
enum { BUFFER_CAPACITY_MIN = 64 << 10 };

void buffer_init(struct buffer *buffer)
{
    *buffer = (struct buffer){.data = NULL};
}

void buffer_done(struct buffer *buffer)
{
    if (buffer == NULL)
        return;
    memory_release(buffer->data);
    buffer->data = NULL;
}

/* Move what waits to the start of data, which is the block it has or another one. */
static void bytes_move(struct buffer *buffer, char *data)
{
    size_t kept = buffer_length(buffer);

    if (kept > 0)
        memmove(data, buffer->data + buffer->start, kept);
    if (data != buffer->data)
        memory_release(buffer->data);
    buffer->data = data;
    buffer->start = 0;
    buffer->end = kept;
}

size_t buffer_capacity_for(const struct buffer *buffer, size_t length)
{
    size_t need = buffer_length(buffer) + length;
    size_t capacity = buffer->capacity;

    if (need <= capacity)
        return capacity;
    capacity = capacity < BUFFER_CAPACITY_MIN ? BUFFER_CAPACITY_MIN : 2 * capacity;
    return capacity > need ? capacity : need;
}

enum lattn_status buffer_resize(struct buffer *buffer, size_t capacity)
{
    char *data;

    assert(capacity >= buffer_length(buffer));
    if (capacity == buffer->capacity)
        return LATTN_OK;
    data = memory_raw(capacity, 1);
    if (data == NULL)
        return LATTN_NO_MEMORY;
    bytes_move(buffer, data);
    buffer->capacity = capacity;
    return LATTN_OK;
}

/* Have so many bytes free behind what waits; if there is no other way, `wish` of them. */
static enum lattn_status room_make(struct buffer *buffer, size_t least, size_t wish)
{
    assert(buffer->start <= buffer->end && buffer->end <= buffer->capacity);
    if (least <= buffer->capacity - buffer->end)
        return LATTN_OK;
    if (least <= buffer->capacity - buffer_length(buffer)) {
        bytes_move(buffer, buffer->data);
        return LATTN_OK;
    }
    return buffer_resize(buffer, buffer_capacity_for(buffer, wish));
}

char *buffer_room(struct buffer *buffer, size_t least, size_t wish, size_t *ret_length)
{
    assert(least > 0 && least <= wish);
    if (room_make(buffer, least, wish) != LATTN_OK)
        return NULL;
    *ret_length = buffer->capacity - buffer->end;
    return buffer->data + buffer->end;
}

enum lattn_status buffer_add(struct buffer *buffer, const char *bytes, size_t length)
{
    enum lattn_status status;

    if (buffer->data != NULL && bytes == buffer->data + buffer->end) {
        assert(length <= buffer->capacity - buffer->end);
        buffer->end += length;
        return LATTN_OK;
    }
    status = room_make(buffer, length, length);
    if (status != LATTN_OK || length == 0)
        return status;
    memcpy(buffer->data + buffer->end, bytes, length);
    buffer->end += length;
    return LATTN_OK;
}

const char *buffer_bytes(const struct buffer *buffer)
{
    return buffer->data + buffer->start;
}

size_t buffer_length(const struct buffer *buffer)
{
    return buffer->end - buffer->start;
}

void buffer_take(struct buffer *buffer, size_t length)
{
    assert(length <= buffer_length(buffer));
    buffer->start += length;
}

void buffer_trim(struct buffer *buffer)
{
    if (buffer_length(buffer) > 0)
        return;
    buffer_done(buffer);
    buffer_init(buffer);
}
