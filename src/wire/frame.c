/*
 * Where a value ends, found from heads alone: payloads are jumped over, so `at` may lie beyond what
 * has come. A container is a count of values that it still lacks.
 *
 * Every lacking value takes a byte at least. So the bytes that a value will have are bounded from
 * below all the time, and a claim that does not fit is refused with the head that makes it.
 */
#include <lattn/frame.h>
#include <lattn/wire.h>

#include "base/complaint.h"
#include "wire/head.h"
#include "wire/message.h"

#include <inttypes.h>
#include <stdio.h>

enum lattn_format lattn_format_of(char first)
{
    uint8_t byte = (uint8_t)first;

    /* The heads of an array, with its length inside (0x90 to 0x9f) or behind. */
    return (byte & 0xf0) == 0x90 || byte == 0xdc || byte == 0xdd ? LATTN_FORMAT_MSGPACK
                                                                 : LATTN_FORMAT_JSON;
}

void lattn_frame_init(struct lattn_frame *frame, size_t bytes_max)
{
    *frame = (struct lattn_frame){.bytes_max = bytes_max};
}

/* Values that all open containers lack. */
static uint64_t frame_lacking(const struct lattn_frame *frame)
{
    uint64_t lacking = 0;

    for (int32_t i = 0; i < frame->depth; i++)
        lacking += frame->lacking[i];
    return lacking;
}

/* Values inside of this one. */
static uint64_t values_of(const struct head *head)
{
    if (head->kind == MESSAGE_MAP)
        return 2 * head->number;
    return head->kind == MESSAGE_ARRAY ? head->number : 0;
}

static uint64_t payload_of(const struct head *head)
{
    int has_payload = head->kind == MESSAGE_STRING || head->kind == MESSAGE_BYTES ||
                      head->kind == MESSAGE_EXTENSION;

    return has_payload ? head->number : 0;
}

/* Go behind a head and its payload, into a container that is not empty, out of those that end. */
static void frame_pass(struct lattn_frame *frame, const struct head *head, uint64_t values)
{
    uint64_t payload = payload_of(head);

    frame->begun = 1;
    frame->at += head->size + payload;
    frame->numbers += head->kind == MESSAGE_BYTES ? payload / 4 + 1 : 1;
    if (frame->depth > 0)
        frame->lacking[frame->depth - 1]--;
    if (values > 0)
        frame->lacking[frame->depth++] = values;
    while (frame->depth > 0 && frame->lacking[frame->depth - 1] == 0)
        frame->depth--;
}

/* Take the head at the frame's place. lacking is kept up to date. */
static enum lattn_status frame_step(struct lattn_frame *frame, const struct head *head,
                                    uint64_t *lacking, struct lattn_complaint *complaint)
{
    int opens = head->kind == MESSAGE_ARRAY || head->kind == MESSAGE_MAP;
    uint64_t values = values_of(head);
    uint64_t least;

    if (opens && frame->depth == LATTN_DEPTH_MAX)
        return complain(complaint, LATTN_SYNTAX, "byte %zu: nested deeper than %d", frame->at + 1,
                        LATTN_DEPTH_MAX);
    *lacking += values - (frame->depth > 0);
    frame_pass(frame, head, values);
    least = frame->at + *lacking;
    if (least > frame->bytes_max)
        return complain(complaint, LATTN_TOO_BIG,
                        "the frame claims at least %" PRIu64 " bytes, at most %zu are accepted",
                        least, frame->bytes_max);
    return LATTN_OK;
}

enum lattn_status lattn_frame_scan(struct lattn_frame *frame, const char *bytes, size_t length,
                                   struct lattn_complaint *complaint)
{
    uint64_t lacking = frame_lacking(frame);
    struct head head;
    enum lattn_status status;

    while (!frame->begun || frame->depth > 0) {
        if (frame->at >= length)
            return LATTN_MORE;
        status = head_read(bytes + frame->at, length - frame->at, &head);
        if (status == LATTN_SYNTAX)
            return complain(complaint, LATTN_SYNTAX,
                            "byte %zu: no value of MessagePack begins with 0xc1", frame->at + 1);
        if (status == LATTN_OK)
            status = frame_step(frame, &head, &lacking, complaint);
        if (status != LATTN_OK)
            return status;
    }
    return frame->at <= length ? LATTN_OK : LATTN_MORE;
}

enum lattn_status lattn_frame_id(const char *bytes, size_t length, char ret_id[LATTN_ID_MAX])
{
    struct message message = {bytes, bytes + length};
    struct message_value value;

    ret_id[0] = '\0';
    if (message_next(&message, &value) != LATTN_OK || value.kind != MESSAGE_ARRAY ||
        value.count < 2)
        return LATTN_FIELD;
    if (message_next(&message, &value) != LATTN_OK || value.kind != MESSAGE_COUNT ||
        value.count != 0)
        return LATTN_FIELD;
    if (message_next(&message, &value) != LATTN_OK || value.kind != MESSAGE_COUNT)
        return LATTN_FIELD;
    (void)snprintf(ret_id, LATTN_ID_MAX, "%" PRIu64, value.count);
    return LATTN_OK;
}
