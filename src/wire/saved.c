/*
 * The answers to "checkpoint": what is on disk now, or an image of the state, part by part.
 */
#include <lattn/wire.h>

#include "wire/member.h"
#include "wire/payload.h"
#include "wire/reply.h"
#include "wire/writer.h"

#define OF_CHECKPOINT(field) offsetof(struct lattn_checkpoint, field)
#define OF_IMAGE(field) offsetof(struct lattn_image, field)

static const struct member checkpoint_members[] = {
    {.word = "position", .kind = MEMBER_COUNT, .offset = OF_CHECKPOINT(position)},
    {.word = "pairs", .kind = MEMBER_COUNT, .offset = OF_CHECKPOINT(pairs)},
    {.word = "bytes", .kind = MEMBER_COUNT, .offset = OF_CHECKPOINT(bytes)},
    {.word = "durable", .kind = MEMBER_FLAG, .offset = OF_CHECKPOINT(durable)},
    {.word = NULL},
};

static const struct member image_members[] = {
    {.word = "id", .kind = MEMBER_COUNT, .offset = OF_IMAGE(id)},
    {.word = "bytes", .kind = MEMBER_COUNT, .offset = OF_IMAGE(bytes)},
    {.word = "parts", .kind = MEMBER_COUNT, .offset = OF_IMAGE(parts)},
    {.word = "pairs", .kind = MEMBER_COUNT, .offset = OF_IMAGE(pairs)},
    {.word = NULL},
};

enum lattn_status lattn_write_checkpoint(struct lattn_text *text, enum lattn_format format,
                                         const struct lattn_checkpoint *checkpoint)
{
    return reply_write_members(text, format, checkpoint_members, checkpoint);
}

enum lattn_status lattn_reply_checkpoint(const struct lattn_reply *reply,
                                         struct lattn_checkpoint *ret_checkpoint)
{
    struct lattn_checkpoint checkpoint;
    enum lattn_status status = reply_read_members(reply, checkpoint_members, &checkpoint);

    if (status != LATTN_OK)
        return status;
    if (!checkpoint.durable)
        return LATTN_FIELD;
    *ret_checkpoint = checkpoint;
    return LATTN_OK;
}

enum lattn_status lattn_write_image(struct lattn_text *text, enum lattn_format format,
                                    const struct lattn_image *image)
{
    return reply_write_members(text, format, image_members, image);
}

enum lattn_status lattn_reply_image(const struct lattn_reply *reply, struct lattn_image *ret_image)
{
    struct lattn_image image;
    enum lattn_status status = reply_read_members(reply, image_members, &image);

    if (status != LATTN_OK)
        return status;
    if (image.id == 0 || image.parts == 0 || image.bytes < image.parts)
        return LATTN_FIELD;
    *ret_image = image;
    return LATTN_OK;
}

/* ---- a part of an image -------------------------------------------------------------------- */

struct part {
    uint64_t part;
    struct scan data;
};

static const struct member part_members[] = {
    {.word = "part", .kind = MEMBER_COUNT, .offset = offsetof(struct part, part)},
    {.word = "data", .kind = MEMBER_PLACE, .offset = offsetof(struct part, data)},
    {.word = NULL},
};

enum lattn_status lattn_write_part(struct lattn_text *text, enum lattn_format format, uint64_t part,
                                   const char *bytes, size_t length)
{
    struct writer writer;

    writer_begin(&writer, text, format);
    writer_open_counted(&writer, '{', 2);
    writer_key(&writer, "part");
    writer_count(&writer, part);
    writer_key(&writer, "data");
    writer_bytes(&writer, bytes, length);
    writer_close(&writer, '}');
    return writer_end(&writer);
}

enum lattn_status lattn_reply_part(const struct lattn_reply *reply, uint64_t *ret_part,
                                   struct lattn_text *ret_bytes)
{
    struct part part;
    enum lattn_status status = reply_read_members(reply, part_members, &part);

    if (status == LATTN_OK)
        status = part.data.at == NULL ? LATTN_FIELD : payload_read(&part.data, "data", ret_bytes);
    if (status == LATTN_OK)
        *ret_part = part.part;
    return status == LATTN_OK || status == LATTN_NO_MEMORY ? status : LATTN_FIELD;
}
