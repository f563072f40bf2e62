#include "wire/message.h"

#include "base/complaint.h"
#include "wire/excerpt.h"
#include "wire/head.h"

#include <lattn/frame.h>

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A float of 4 or 8 bytes from its bits. */
static double float_of(const struct head *head)
{
    uint32_t bits = (uint32_t)head->number;
    float narrow;
    double wide;

    memcpy(&narrow, &bits, sizeof narrow);
    memcpy(&wide, &head->number, sizeof wide);
    return head->size == 1 + sizeof narrow ? (double)narrow : wide;
}

/* The payload behind the head; LATTN_SYNTAX where it is not all there. */
static enum lattn_status take_payload(struct message *message, const struct head *head,
                                      struct message_value *value)
{
    if (head->number > (uint64_t)(message->end - message->at))
        return LATTN_SYNTAX;
    value->bytes = message->at;
    value->length = head->number;
    message->at += head->number;
    return LATTN_OK;
}

enum lattn_status message_next(struct message *message, struct message_value *ret_value)
{
    struct message ahead = *message;
    struct message_value value = {0};
    struct head head;
    enum lattn_status status = LATTN_OK;

    if (head_read(ahead.at, (size_t)(ahead.end - ahead.at), &head) != LATTN_OK)
        return LATTN_SYNTAX;
    ahead.at += head.size;
    value.kind = head.kind;
    switch (head.kind) {
    case MESSAGE_NULL:
        break;
    case MESSAGE_FLAG:
        value.flag = (int32_t)head.number;
        break;
    case MESSAGE_COUNT:
    case MESSAGE_ARRAY:
    case MESSAGE_MAP:
        value.count = head.number;
        break;
    case MESSAGE_NEGATIVE: /* by its type only */
        value.integer = (int64_t)head.number;
        value.count = value.integer < 0 ? 0 : head.number;
        value.kind = value.integer < 0 ? MESSAGE_NEGATIVE : MESSAGE_COUNT;
        break;
    case MESSAGE_NUMBER:
        value.number = float_of(&head);
        break;
    case MESSAGE_STRING:
    case MESSAGE_BYTES:
    case MESSAGE_EXTENSION:
        status = take_payload(&ahead, &head, &value);
        break;
    }
    if (status != LATTN_OK)
        return status;
    *message = ahead;
    *ret_value = value;
    return LATTN_OK;
}

enum lattn_status message_peek(const struct message *message, struct message_value *ret_value)
{
    struct message ahead = *message;

    return message_next(&ahead, ret_value);
}

enum lattn_status message_skip(struct message *message)
{
    size_t length = (size_t)(message->end - message->at);
    struct lattn_frame frame;

    lattn_frame_init(&frame, length);
    if (lattn_frame_scan(&frame, message->at, length, NULL) != LATTN_OK)
        return LATTN_SYNTAX;
    message->at += frame.at;
    return LATTN_OK;
}

int message_is(const struct message_value *value, const char *word)
{
    return (value->kind == MESSAGE_STRING || value->kind == MESSAGE_BYTES) &&
           value->length == strlen(word) && memcmp(value->bytes, word, value->length) == 0;
}

/* ---- excerpts ------------------------------------------------------------------------------ */

/* Quoted, without what is not printable ASCII, and cut where it is long. */
static void excerpt_string(const struct message_value *value, char *ret_excerpt)
{
    /* Room is kept for one escape (4), the dots (3), a quote and the zero. */
    const size_t room = MESSAGE_EXCERPT_MAX - 9;
    size_t length = 1;
    size_t i;

    ret_excerpt[0] = '"';
    for (i = 0; i < value->length && length <= room; i++)
        length += excerpt_byte(value->bytes[i], ret_excerpt + length);
    (void)snprintf(ret_excerpt + length, 5, i < value->length ? "..." : "\"");
}

static void excerpt_number(double number, char *ret_excerpt)
{
    if (isnan(number))
        (void)snprintf(ret_excerpt, MESSAGE_EXCERPT_MAX, "NaN");
    else if (isinf(number))
        (void)snprintf(ret_excerpt, MESSAGE_EXCERPT_MAX, number < 0 ? "-Infinity" : "Infinity");
    else
        (void)snprintf(ret_excerpt, MESSAGE_EXCERPT_MAX, "%.17g", number);
}

void message_excerpt(const struct message_value *value, char ret_excerpt[MESSAGE_EXCERPT_MAX])
{
    static const char *const words[] = {[MESSAGE_NULL] = "nil",
                                        [MESSAGE_FLAG] = "false",
                                        [MESSAGE_ARRAY] = "an array",
                                        [MESSAGE_MAP] = "a map",
                                        [MESSAGE_EXTENSION] = "an extension"};

    switch (value->kind) {
    case MESSAGE_COUNT:
        (void)snprintf(ret_excerpt, MESSAGE_EXCERPT_MAX, "%" PRIu64, value->count);
        break;
    case MESSAGE_NEGATIVE:
        (void)snprintf(ret_excerpt, MESSAGE_EXCERPT_MAX, "%" PRId64, value->integer);
        break;
    case MESSAGE_NUMBER:
        excerpt_number(value->number, ret_excerpt);
        break;
    case MESSAGE_STRING:
        excerpt_string(value, ret_excerpt);
        break;
    case MESSAGE_BYTES:
        (void)snprintf(ret_excerpt, MESSAGE_EXCERPT_MAX, "bin of %zu bytes", value->length);
        break;
    default:
        (void)snprintf(ret_excerpt, MESSAGE_EXCERPT_MAX, "%s",
                       value->flag ? "true" : words[value->kind]);
        break;
    }
}

/* ---- reading what should be there ---------------------------------------------------------- */

void message_place(const char *name, const uint64_t *index, int32_t count,
                   char ret_place[MESSAGE_PLACE_MAX])
{
    size_t length = (size_t)snprintf(ret_place, MESSAGE_PLACE_MAX, "%s", name);

    for (int32_t i = 0; i < count && length < MESSAGE_PLACE_MAX; i++)
        length += (size_t)snprintf(ret_place + length, MESSAGE_PLACE_MAX - length, "[%" PRIu64 "]",
                                   index[i]);
}

enum lattn_status message_take(struct message *message, struct message_value *ret_value,
                               struct lattn_complaint *complaint)
{
    enum lattn_status status = message_next(message, ret_value);

    return status == LATTN_OK ? LATTN_OK
                              : complain(complaint, status, "the message ends within a value");
}

enum lattn_status message_mismatch(const struct message_value *value, const char *name,
                                   const char *expected, struct lattn_complaint *complaint)
{
    char excerpt[MESSAGE_EXCERPT_MAX];

    message_excerpt(value, excerpt);
    return complain(complaint, LATTN_FIELD, "%s is %s, %s is expected", name, excerpt, expected);
}

int message_number(const struct message_value *value, double *ret_number)
{
    switch (value->kind) {
    case MESSAGE_NUMBER:
        *ret_number = value->number;
        return 1;
    case MESSAGE_COUNT:
        *ret_number = (double)value->count;
        return 1;
    case MESSAGE_NEGATIVE:
        *ret_number = (double)value->integer;
        return 1;
    default:
        return 0;
    }
}

/* Take a key. ret_field is the index of its word, -1 for a stranger. */
static enum lattn_status map_key(struct message *message, const char *const *words, uint32_t *seen,
                                 int32_t *ret_field, struct lattn_complaint *complaint)
{
    struct message_value key;
    enum lattn_status status = message_take(message, &key, complaint);

    if (status != LATTN_OK)
        return status;
    if (key.kind != MESSAGE_STRING && key.kind != MESSAGE_BYTES)
        return message_mismatch(&key, "a key", "a string", complaint);
    *ret_field = -1;
    for (int32_t i = 0; words[i] != NULL; i++) {
        assert(i < 32);
        if (!message_is(&key, words[i]))
            continue;
        if ((*seen >> i & 1) != 0)
            return complain(complaint, LATTN_FIELD, "field \"%s\" comes twice", words[i]);
        *seen |= UINT32_C(1) << i;
        *ret_field = i;
    }
    return LATTN_OK;
}

enum lattn_status message_map(struct message *message, const char *name, const char *const *words,
                              message_field_fn read, void *arg, struct lattn_complaint *complaint)
{
    struct message_value map;
    enum lattn_status status = message_take(message, &map, complaint);
    uint32_t seen = 0;
    int32_t field = -1;

    if (status != LATTN_OK)
        return status;
    if (map.kind != MESSAGE_MAP)
        return message_mismatch(&map, name, "a map", complaint);
    for (uint64_t i = 0; i < map.count && status == LATTN_OK; i++) {
        status = map_key(message, words, &seen, &field, complaint);
        if (status != LATTN_OK)
            return status;
        if (field >= 0)
            status = read(message, field, arg);
        else if (message_skip(message) != LATTN_OK)
            status = complain(complaint, LATTN_SYNTAX, "the message ends within a value");
    }
    return status;
}
