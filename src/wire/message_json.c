/*
 * MessagePack as JSON text, so that one reader serves both: for messages that are few and small
 * beside the pairs, which have a reader of their own.
 */
#include "wire/message_json.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "wire/scan.h"
#include "wire/tensor.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

/*
 * index  of the element in each array around the value, `arrays` of them
 * depth  arrays and maps around it
 */
struct walk {
    struct message *message;
    struct writer *writer;
    struct lattn_complaint *complaint;
    const char *name;
    enum message_json_bytes bytes;
    uint64_t index[LATTN_DEPTH_MAX];
    int32_t arrays;
    int32_t depth;
};

static void place_write(const struct walk *walk, char ret_place[MESSAGE_PLACE_MAX])
{
    message_place(walk->name, walk->index, walk->arrays, ret_place);
}

static enum lattn_status walk_mismatch(const struct walk *walk, const struct message_value *value,
                                       const char *expected)
{
    char place[MESSAGE_PLACE_MAX];

    place_write(walk, place);
    return message_mismatch(value, place, expected, walk->complaint);
}

static enum lattn_status refuse_depth(const struct walk *walk)
{
    char place[MESSAGE_PLACE_MAX];

    place_write(walk, place);
    return complain(walk->complaint, LATTN_SYNTAX, "%s is nested deeper than %d", place,
                    LATTN_DEPTH_MAX);
}

/* ---- plain values -------------------------------------------------------------------------- */

static enum lattn_status string_check(const struct walk *walk, const struct message_value *value)
{
    const char *end = value->bytes + value->length;
    char place[MESSAGE_PLACE_MAX];

    for (const char *at = value->bytes; at < end;) {
        size_t length = scan_utf8(at, end);

        if (length == 0) {
            place_write(walk, place);
            return complain(walk->complaint, LATTN_SYNTAX, "%s is a string that is not UTF-8",
                            place);
        }
        at += length;
    }
    return LATTN_OK;
}

static enum lattn_status string_write(const struct walk *walk, const struct message_value *value)
{
    enum lattn_status status = string_check(walk, value);

    if (status == LATTN_OK)
        writer_text(walk->writer, value->bytes, value->length);
    return status;
}

static void negative_write(const struct walk *walk, int64_t integer)
{
    char text[24];

    writer_raw(walk->writer, text, (size_t)snprintf(text, sizeof text, "%" PRId64, integer));
}

static enum lattn_status number_write(const struct walk *walk, const struct message_value *value)
{
    char excerpt[MESSAGE_EXCERPT_MAX];
    char place[MESSAGE_PLACE_MAX];

    if (isfinite(value->number)) {
        writer_number(walk->writer, value->number);
        return LATTN_OK;
    }
    message_excerpt(value, excerpt);
    place_write(walk, place);
    return complain(walk->complaint, LATTN_NOT_FINITE, "%s is %s, which is not finite", place,
                    excerpt);
}

/* ---- tensors ------------------------------------------------------------------------------- */

/* Has the map here a bin under "data", and a "shape" where other bytes may stand there? */
static int is_tensor(const struct walk *walk)
{
    struct message ahead = *walk->message;
    struct message_value map;
    struct message_value value;
    int has_shape = walk->bytes == MESSAGE_JSON_REFUSED;
    int has_bytes = 0;

    if (message_next(&ahead, &map) != LATTN_OK || map.kind != MESSAGE_MAP)
        return 0;
    for (uint64_t i = 0; i < map.count; i++) {
        if (message_next(&ahead, &value) != LATTN_OK)
            return 0;
        if (value.kind != MESSAGE_STRING && value.kind != MESSAGE_BYTES)
            return 0;
        if (message_is(&value, "shape"))
            has_shape = 1;
        else if (message_is(&value, "data") && message_peek(&ahead, &value) == LATTN_OK &&
                 value.kind == MESSAGE_BYTES)
            has_bytes = 1;
        if (has_shape && has_bytes)
            return 1;
        if (message_skip(&ahead) != LATTN_OK)
            return 0;
    }
    return 0;
}

/* Write what lies behind `axis` indices; returns the number behind it. */
static const double *axis_write(struct writer *writer, const struct tensor *tensor, int32_t axis,
                                const double *at)
{
    if (axis == tensor->rank) {
        writer_number(writer, *at);
        return at + 1;
    }
    assert(axis < TENSOR_RANK_MAX);
    writer_open(writer, '[');
    for (uint64_t i = 0; i < tensor->shape[axis]; i++)
        at = axis_write(writer, tensor, axis + 1, at);
    writer_close(writer, ']');
    return at;
}

static enum lattn_status tensor_write(struct walk *walk)
{
    static const char *const units[TENSOR_RANK_MAX] = {"matrices", "rows", "columns"};
    struct message ahead = *walk->message;
    char place[MESSAGE_PLACE_MAX];
    struct tensor tensor = {.name = place, .units = units};
    enum lattn_status status;

    place_write(walk, place);
    /* Room for its own numbers, not for the rest of the message: there may be many tensors. */
    status = tensor_measure(&ahead, &tensor, walk->complaint);
    if (status != LATTN_OK)
        return status;
    tensor.numbers = memory_raw(tensor_count(&tensor), sizeof *tensor.numbers);
    if (tensor.numbers == NULL)
        return LATTN_NO_MEMORY;
    status = tensor_read(walk->message, &tensor, walk->complaint);
    if (status == LATTN_OK && walk->depth + tensor.rank > LATTN_DEPTH_MAX)
        status = refuse_depth(walk);
    if (status == LATTN_OK)
        (void)axis_write(walk->writer, &tensor, 0, tensor.numbers);
    memory_release(tensor.numbers);
    return status;
}

/* ---- containers ---------------------------------------------------------------------------- */

static enum lattn_status walk_value(struct walk *walk);

static enum lattn_status array_write(struct walk *walk, uint64_t count)
{
    enum lattn_status status = LATTN_OK;

    writer_open(walk->writer, '[');
    walk->arrays++;
    for (uint64_t i = 0; i < count && status == LATTN_OK; i++) {
        walk->index[walk->arrays - 1] = i;
        status = walk_value(walk);
    }
    walk->arrays--;
    writer_close(walk->writer, ']');
    return status;
}

static enum lattn_status key_write(struct walk *walk)
{
    struct message_value key;
    enum lattn_status status = message_take(walk->message, &key, walk->complaint);

    if (status != LATTN_OK)
        return status;
    if (key.kind != MESSAGE_STRING)
        return walk_mismatch(walk, &key, "a map whose keys are strings");
    status = string_check(walk, &key);
    if (status == LATTN_OK)
        writer_key_text(walk->writer, key.bytes, key.length);
    return status;
}

static enum lattn_status map_write(struct walk *walk, uint64_t count)
{
    enum lattn_status status = LATTN_OK;

    writer_open(walk->writer, '{');
    for (uint64_t i = 0; i < count && status == LATTN_OK; i++) {
        status = key_write(walk);
        if (status == LATTN_OK)
            status = walk_value(walk);
    }
    writer_close(walk->writer, '}');
    return status;
}

static enum lattn_status container_write(struct walk *walk, const struct message_value *value)
{
    enum lattn_status status;

    if (walk->depth == LATTN_DEPTH_MAX)
        return refuse_depth(walk);
    walk->depth++;
    status = value->kind == MESSAGE_MAP ? map_write(walk, value->count)
                                        : array_write(walk, value->count);
    walk->depth--;
    return status;
}

static enum lattn_status walk_value(struct walk *walk)
{
    struct message_value value;
    enum lattn_status status;

    if (is_tensor(walk))
        return tensor_write(walk);
    status = message_take(walk->message, &value, walk->complaint);
    if (status != LATTN_OK)
        return status;
    switch (value.kind) {
    case MESSAGE_NULL:
        writer_null(walk->writer);
        return LATTN_OK;
    case MESSAGE_FLAG:
        writer_flag(walk->writer, value.flag);
        return LATTN_OK;
    case MESSAGE_COUNT:
        writer_count(walk->writer, value.count);
        return LATTN_OK;
    case MESSAGE_NEGATIVE:
        negative_write(walk, value.integer);
        return LATTN_OK;
    case MESSAGE_NUMBER:
        return number_write(walk, &value);
    case MESSAGE_STRING:
        return string_write(walk, &value);
    case MESSAGE_ARRAY:
    case MESSAGE_MAP:
        return container_write(walk, &value);
    case MESSAGE_BYTES:
        if (walk->bytes == MESSAGE_JSON_REFUSED)
            return walk_mismatch(walk, &value, "a value that JSON has");
        writer_bytes(walk->writer, value.bytes, value.length);
        return LATTN_OK;
    case MESSAGE_EXTENSION:
        return walk_mismatch(walk, &value, "a value that JSON has");
    }
    return LATTN_FIELD;
}

enum lattn_status message_to_json(struct message *message, const char *name,
                                  enum message_json_bytes bytes, struct writer *writer,
                                  struct lattn_complaint *complaint)
{
    struct walk walk = {
        .message = message, .writer = writer, .complaint = complaint, .name = name, .bytes = bytes};

    return walk_value(&walk);
}
