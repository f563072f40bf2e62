#include "serve/frames.h"

#include "base/complaint.h"

void frames_init(struct frames *frames, size_t bytes_max)
{
    *frames = (struct frames){.bytes_max = bytes_max};
    lattn_frame_init(&frames->frame, bytes_max);
}

/* The first `length` bytes that wait are a message, or all that there is of one. */
static void frame_take(struct frames *frames, struct buffer *buffer, size_t length,
                       struct letter *ret_letter)
{
    *ret_letter = (struct letter){
        .bytes = buffer_bytes(buffer),
        .length = length,
        .numbers = frames->frame.numbers,
        .number = ++frames->number,
    };
    buffer_take(buffer, length);
    lattn_frame_init(&frames->frame, frames->bytes_max);
}

enum lattn_status frames_next(struct frames *frames, struct buffer *buffer,
                              struct letter *ret_letter, struct lattn_complaint *complaint)
{
    size_t length = buffer_length(buffer);
    enum lattn_status status;

    if (frames->is_lost)
        buffer_take(buffer, length);
    if (frames->is_lost || length == 0)
        return LATTN_MORE;
    status = lattn_frame_scan(&frames->frame, buffer_bytes(buffer), length, complaint);
    if (status == LATTN_OK) {
        frame_take(frames, buffer, frames->frame.at, ret_letter);
    } else if (status != LATTN_MORE) {
        frames_abandon(frames, buffer, ret_letter);
    }
    return status;
}

void frames_abandon(struct frames *frames, struct buffer *buffer, struct letter *ret_letter)
{
    frames->is_lost = 1;
    frame_take(frames, buffer, buffer_length(buffer), ret_letter);
}

enum lattn_status frames_last(struct frames *frames, struct buffer *buffer,
                              struct letter *ret_letter, struct lattn_complaint *complaint)
{
    size_t length = buffer_length(buffer);

    if (length == 0)
        return LATTN_MORE;
    frames_abandon(frames, buffer, ret_letter);
    return complain(complaint, LATTN_SYNTAX, "the frame is cut off after %zu of its bytes", length);
}
