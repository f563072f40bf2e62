#include "wire/rpc.h"

#include <lattn/frame.h>

#include "base/complaint.h"

#include <inttypes.h>

/* Take the id; only a response, to what could not be read, may have none. */
static enum lattn_status id_read(struct message *message, struct rpc *rpc,
                                 struct lattn_complaint *complaint)
{
    struct message_value value;
    enum lattn_status status = message_take(message, &value, complaint);

    if (status != LATTN_OK)
        return status;
    if (value.kind == MESSAGE_NULL && rpc->type == RPC_RESPONSE)
        return LATTN_OK;
    if (value.kind != MESSAGE_COUNT)
        return message_mismatch(&value, "id", "a whole number that is not negative", complaint);
    (void)snprintf(rpc->id, sizeof rpc->id, "%" PRIu64, value.count);
    return LATTN_OK;
}

static enum lattn_status method_read(struct message *message, struct rpc *rpc,
                                     struct lattn_complaint *complaint)
{
    enum lattn_status status = message_take(message, &rpc->method, complaint);

    if (status == LATTN_OK && rpc->method.kind != MESSAGE_STRING &&
        rpc->method.kind != MESSAGE_BYTES)
        return message_mismatch(&rpc->method, "method", "a string", complaint);
    return status;
}

/* Remember where a value stands and pass over it. */
static enum lattn_status place_read(struct message *message, struct message *ret_place)
{
    *ret_place = *message;
    return message_skip(message);
}

static enum lattn_status type_read(struct message *message, enum rpc_type *ret_type,
                                   struct lattn_complaint *complaint)
{
    struct message_value value;
    enum lattn_status status = message_take(message, &value, complaint);

    if (status != LATTN_OK)
        return status;
    if (value.kind != MESSAGE_COUNT || value.count > RPC_NOTIFICATION)
        return message_mismatch(&value, "the type of the message", "0, 1 or 2", complaint);
    *ret_type = (enum rpc_type)value.count;
    return LATTN_OK;
}

/* A call may do without its params. */
static enum lattn_status count_check(const struct rpc *rpc, uint64_t count,
                                     struct lattn_complaint *complaint)
{
    static const char *const forms[] = {"[0, id, method, params]", "[1, id, error, result]",
                                        "[2, method, params]"};
    uint64_t most = rpc->type == RPC_NOTIFICATION ? 3 : 4;
    uint64_t least = rpc->type == RPC_RESPONSE ? most : most - 1;

    if (count < least || count > most)
        return complain(complaint, LATTN_FIELD, "the message has %" PRIu64 " parts, %s is expected",
                        count, forms[rpc->type]);
    return LATTN_OK;
}

static enum lattn_status parts_read(struct message *message, struct rpc *rpc,
                                    struct lattn_complaint *complaint)
{
    struct message_value array;
    enum lattn_status status = message_take(message, &array, complaint);

    if (status != LATTN_OK)
        return status;
    if (array.kind != MESSAGE_ARRAY)
        return message_mismatch(&array, "the message", "an array", complaint);
    if (array.count == 0)
        return complain(complaint, LATTN_FIELD, "the message has no parts");
    status = type_read(message, &rpc->type, complaint);
    if (status == LATTN_OK)
        status = count_check(rpc, array.count, complaint);
    if (status == LATTN_OK && rpc->type != RPC_NOTIFICATION)
        status = id_read(message, rpc, complaint);
    if (status != LATTN_OK)
        return status;
    if (rpc->type == RPC_RESPONSE) {
        status = place_read(message, &rpc->error);
        return status != LATTN_OK ? status : place_read(message, &rpc->result);
    }
    status = method_read(message, rpc, complaint);
    if (status == LATTN_OK && array.count == (rpc->type == RPC_REQUEST ? 4 : 3))
        status = place_read(message, &rpc->params);
    return status;
}

/* Is it one whole value, and nothing behind it? */
static enum lattn_status whole_check(const char *bytes, size_t length,
                                     struct lattn_complaint *complaint)
{
    struct lattn_frame frame;
    enum lattn_status status;

    lattn_frame_init(&frame, length);
    status = lattn_frame_scan(&frame, bytes, length, complaint);
    if (status == LATTN_MORE || status == LATTN_TOO_BIG)
        return complain(complaint, LATTN_SYNTAX, "the frame is cut off after %zu bytes", length);
    if (status == LATTN_OK && frame.at != length)
        return complain(complaint, LATTN_SYNTAX, "%zu bytes stand behind the message",
                        length - frame.at);
    return status;
}

enum lattn_status rpc_read(const char *bytes, size_t length, struct rpc *ret_rpc,
                           struct lattn_complaint *complaint)
{
    struct message message = {bytes, bytes + length};
    enum lattn_status status = whole_check(bytes, length, complaint);

    *ret_rpc = (struct rpc){0};
    if (status != LATTN_OK)
        return status;
    return parts_read(&message, ret_rpc, complaint);
}

enum lattn_status rpc_params(const struct rpc *rpc, struct message *ret_map,
                             struct lattn_complaint *complaint)
{
    struct message map = rpc->params;
    struct message ahead = map;
    struct message_value value = {0};
    uint64_t count = 0;

    if (map.at != NULL)
        (void)message_next(&ahead, &value); /* rpc_read passed over it */
    if (value.kind == MESSAGE_ARRAY) {
        count = value.count;
        map = ahead;
        value = (struct message_value){0};
        if (count > 0)
            (void)message_next(&ahead, &value);
    }
    if (count > 1)
        return complain(complaint, LATTN_FIELD,
                        "params is an array of %" PRIu64 ", one map is expected", count);
    if (value.kind != MESSAGE_NULL && value.kind != MESSAGE_MAP)
        return message_mismatch(&value, "params", "a map", complaint);
    if (value.kind == MESSAGE_NULL)
        map.at = NULL;
    *ret_map = map;
    return LATTN_OK;
}
