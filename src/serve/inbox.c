#include "serve/inbox.h"

void inbox_init(struct inbox *inbox, size_t bytes_max)
{
    *inbox = (struct inbox){.format = LATTN_FORMAT_JSON};
    buffer_init(&inbox->buffer);
    lines_init(&inbox->lines, bytes_max);
    frames_init(&inbox->frames, bytes_max);
}

void inbox_done(struct inbox *inbox)
{
    if (inbox != NULL)
        buffer_done(&inbox->buffer);
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

int inbox_is_lost(const struct inbox *inbox)
{
    return inbox->frames.is_lost;
}

void inbox_trim(struct inbox *inbox)
{
    buffer_trim(&inbox->buffer);
}
