/*
 * Frames of a client, [0, id, method, params] and [2, method, params], and the pairs in those whose
 * method is "learn". Numbers are copied out once, by the fields as they come; nothing is allocated.
 *
 * Params that are refused are walked a second time, for the producer, the number, and how many
 * items there were: they use up their numbers.
 */
#include <lattn/frame.h>
#include <lattn/wire.h>

#include "base/complaint.h"
#include "wire/message.h"
#include "wire/ones.h"
#include "wire/rpc.h"
#include "wire/scan.h"
#include "wire/tensor.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum pairs_field {
    PAIRS_Z,
    PAIRS_ONES,
    PAIRS_Y,
    PAIRS_CAUSAL,
    PAIRS_WEIGHT,
    PAIRS_PRODUCER,
    PAIRS_SEQ
};

static const char *const pairs_words[] = {"z", "t", "y", "causal", "w", "producer", "seq", NULL};

static const char *const z_units[TENSOR_RANK_MAX] = {"sequences", "tokens", "coordinates"};
static const char *const y_units[TENSOR_RANK_MAX] = {"labels", "rows", "outputs"};

struct pairs_reader {
    struct lattn_message read;
    double *numbers; /* of the caller; the first `used` are taken */
    size_t used;
    struct tensor z; /* numbers NULL: not yet read */
    struct tensor y;
    struct ones ones;
    int32_t causal;
    struct lattn_complaint *complaint;
};

/* ---- fields -------------------------------------------------------------------------------- */

static enum lattn_status pairs_read_tensor(struct pairs_reader *pairs, struct message *message,
                                           struct tensor *tensor)
{
    enum lattn_status status;

    tensor->numbers = pairs->numbers + pairs->used;
    status = tensor_read(message, tensor, pairs->complaint);
    if (status == LATTN_OK)
        pairs->used += tensor_count(tensor);
    return status;
}

static enum lattn_status index_read(struct message *message, struct ones *ones,
                                    struct lattn_complaint *complaint)
{
    struct message_value value;
    char name[ONES_NAME_MAX];
    enum lattn_status status = message_take(message, &value, complaint);

    if (status != LATTN_OK)
        return status;
    if (value.kind == MESSAGE_COUNT)
        return ones_add_index(ones, value.count, complaint);
    ones_name_index(ones, name);
    return message_mismatch(&value, name, "a whole number that is not negative", complaint);
}

static enum lattn_status token_read(struct message *message, struct ones *ones,
                                    struct lattn_complaint *complaint)
{
    struct message_value value;
    char name[ONES_NAME_MAX];
    enum lattn_status status = message_take(message, &value, complaint);

    if (status == LATTN_OK && value.kind != MESSAGE_ARRAY) {
        ones_name_token(ones, name);
        return message_mismatch(&value, name, "an array of indices", complaint);
    }
    if (status == LATTN_OK)
        status = ones_add_token(ones, complaint);
    for (uint64_t i = 0; i < value.count && status == LATTN_OK; i++)
        status = index_read(message, ones, complaint);
    return status;
}

static enum lattn_status pairs_read_ones(struct pairs_reader *pairs, struct message *message)
{
    struct message_value value;
    enum lattn_status status = message_take(message, &value, pairs->complaint);

    if (status != LATTN_OK)
        return status;
    if (value.kind != MESSAGE_ARRAY)
        return message_mismatch(&value, "t", "an array", pairs->complaint);
    pairs->ones.numbers = pairs->numbers + pairs->used;
    for (uint64_t i = 0; i < value.count && status == LATTN_OK; i++)
        status = token_read(message, &pairs->ones, pairs->complaint);
    pairs->used += pairs->ones.used;
    return status;
}

static enum lattn_status flag_read(const struct message_value *value, const char *name,
                                   int32_t *ret_flag, struct lattn_complaint *complaint)
{
    if (value->kind != MESSAGE_FLAG)
        return message_mismatch(value, name, "true or false", complaint);
    *ret_flag = value->flag;
    return LATTN_OK;
}

static enum lattn_status weight_read(const struct message_value *value, double *ret_weight,
                                     struct lattn_complaint *complaint)
{
    char excerpt[MESSAGE_EXCERPT_MAX];

    if (!message_number(value, ret_weight))
        return message_mismatch(value, "w", "a number", complaint);
    if (isfinite(*ret_weight) && *ret_weight > 0)
        return LATTN_OK;
    message_excerpt(value, excerpt);
    if (!isfinite(*ret_weight))
        return complain(complaint, LATTN_NOT_FINITE, "w is %s, which is not finite", excerpt);
    return complain(complaint, LATTN_RANGE, "w is %s, a weight is positive", excerpt);
}

static enum lattn_status producer_read(const struct message_value *value,
                                       char ret_producer[LATTN_PRODUCER_MAX],
                                       struct lattn_complaint *complaint)
{
    const char *end;
    size_t bytes;

    if (value->kind != MESSAGE_STRING && value->kind != MESSAGE_BYTES)
        return message_mismatch(value, "producer", "a string", complaint);
    if (value->length == 0)
        return complain(complaint, LATTN_NAME, "producer is empty");
    if (value->length >= LATTN_PRODUCER_MAX || memchr(value->bytes, 0, value->length) != NULL)
        return complain(complaint, LATTN_NAME, "producer is longer than %d bytes or holds a zero",
                        LATTN_PRODUCER_MAX - 1);
    end = value->bytes + value->length;
    for (const char *at = value->bytes; at < end; at += bytes) {
        bytes = scan_utf8(at, end);
        if (bytes == 0)
            return complain(complaint, LATTN_SYNTAX, "producer is not UTF-8");
    }
    memcpy(ret_producer, value->bytes, value->length);
    ret_producer[value->length] = '\0';
    return LATTN_OK;
}

static enum lattn_status seq_read(const struct message_value *value, uint64_t *ret_seq,
                                  struct lattn_complaint *complaint)
{
    if (value->kind != MESSAGE_COUNT)
        return message_mismatch(value, "seq", "a whole number that is not negative", complaint);
    *ret_seq = value->count;
    return LATTN_OK;
}

static enum lattn_status pairs_read_field(struct message *message, int32_t field, void *arg)
{
    struct pairs_reader *pairs = arg;
    struct message_value value;
    enum lattn_status status;

    if (field == PAIRS_Z)
        return pairs_read_tensor(pairs, message, &pairs->z);
    if (field == PAIRS_Y)
        return pairs_read_tensor(pairs, message, &pairs->y);
    if (field == PAIRS_ONES)
        return pairs_read_ones(pairs, message);
    status = message_take(message, &value, pairs->complaint);
    if (status != LATTN_OK)
        return status;
    switch ((enum pairs_field)field) {
    case PAIRS_CAUSAL:
        return flag_read(&value, "causal", &pairs->causal, pairs->complaint);
    case PAIRS_WEIGHT:
        return weight_read(&value, &pairs->read.item.weight, pairs->complaint);
    case PAIRS_PRODUCER:
        return producer_read(&value, pairs->read.producer, pairs->complaint);
    default:
        pairs->read.has_seq = 1;
        return seq_read(&value, &pairs->read.seq, pairs->complaint);
    }
}

/* ---- the shapes of z and y ----------------------------------------------------------------- */

/* The tokens of one sequence, n x d, or of count sequences. */
static enum lattn_status tokens_finish(struct pairs_reader *pairs)
{
    const struct tensor *z = &pairs->z;
    struct lattn_item *item = &pairs->read.item;
    const uint64_t *shape = z->shape + (z->rank == 3);

    if (z->rank < 2 && !(z->rank == 1 && z->shape[0] == 0))
        return complain(pairs->complaint, LATTN_SHAPE,
                        "z has %d axes, 2 are expected, or 3 of a batch", z->rank);
    if (z->rank == 3 && z->shape[0] == 0)
        return complain(pairs->complaint, LATTN_EMPTY, "z has no sequence");
    if (shape[0] == 0)
        return complain(pairs->complaint, LATTN_EMPTY, "z has no token");
    if (shape[0] > LATTN_TOKENS_MAX)
        return complain(pairs->complaint, LATTN_RANGE, "z has more than %d tokens",
                        LATTN_TOKENS_MAX);
    if (shape[1] > LATTN_DIM_MAX)
        return complain(pairs->complaint, LATTN_RANGE, "z has more than %d coordinates",
                        LATTN_DIM_MAX);
    item->z = z->numbers;
    item->n = (int32_t)shape[0];
    item->d = (int32_t)shape[1];
    item->precision = z->is_f4 ? LATTN_PRECISION_F32 : 0;
    pairs->read.count = z->rank == 3 ? z->shape[0] : 1;
    return LATTN_OK;
}

/* The labels of one sequence: a number, m, or n x m. Of a batch the same behind its axis. */
static enum lattn_status labels_finish(struct pairs_reader *pairs)
{
    const struct tensor *y = &pairs->y;
    struct lattn_item *item = &pairs->read.item;
    int32_t batched = pairs->z.rank == 3;
    int32_t rank = y->rank - batched;
    uint64_t outputs;

    if (rank < 0)
        return complain(pairs->complaint, LATTN_SHAPE,
                        "y is a number, an array with a label for each sequence is expected");
    if (batched && y->shape[0] != pairs->read.count)
        return complain(pairs->complaint, LATTN_SHAPE,
                        "y has %" PRIu64 " labels, z has %" PRIu64 " sequences", y->shape[0],
                        pairs->read.count);
    if (rank > 2)
        return complain(pairs->complaint, LATTN_SHAPE, "y has 3 axes, z has 2");
    outputs = rank == 0 ? 1 : y->shape[y->rank - 1];
    if (outputs == 0)
        return complain(pairs->complaint, LATTN_RANGE, "y has no output");
    if (outputs > LATTN_OUTPUTS_MAX)
        return complain(pairs->complaint, LATTN_RANGE, "y has more than %d outputs",
                        LATTN_OUTPUTS_MAX);
    item->y = y->numbers;
    item->m = (int32_t)outputs;
    if (rank < 2)
        return LATTN_OK;
    if (y->shape[batched] != (uint64_t)item->n)
        return complain(pairs->complaint, LATTN_SHAPE, "y has %" PRIu64 " rows, %s has %d tokens",
                        y->shape[batched], item->tokens == LATTN_TOKENS_ONES ? "t" : "z", item->n);
    item->labels = pairs->causal ? LATTN_LABELS_CAUSAL : LATTN_LABELS_FULL;
    return LATTN_OK;
}

static enum lattn_status pairs_finish(struct pairs_reader *pairs)
{
    int has_z = pairs->z.numbers != NULL;
    int has_ones = pairs->ones.numbers != NULL;
    enum lattn_status status;

    if (has_z && has_ones)
        return complain(pairs->complaint, LATTN_FIELD, "z and t come together");
    if (!has_z && !has_ones)
        return complain(pairs->complaint, LATTN_FIELD, "z is missing");
    if (pairs->y.numbers == NULL)
        return complain(pairs->complaint, LATTN_FIELD, "y is missing");
    status = has_z ? tokens_finish(pairs)
                   : ones_finish(&pairs->ones, &pairs->read.item, pairs->complaint);
    return status == LATTN_OK ? labels_finish(pairs) : status;
}

/* ---- refused pairs ------------------------------------------------------------------------- */

struct pairs_finder {
    struct lattn_message *read;
    size_t length;
};

static enum lattn_status pairs_find_field(struct message *message, int32_t field, void *arg)
{
    struct pairs_finder *finder = arg;
    struct lattn_message *read = finder->read;
    struct tensor z = {.name = "z"};
    struct message_value value;

    if (field == PAIRS_Z) {
        tensor_find_shape(*message, &z);
        /* What claims more items than the frame has bytes is not believed. */
        if (z.rank == 3 && z.shape[0] > 0 && z.shape[0] <= finder->length)
            read->count = z.shape[0];
    } else if (field == PAIRS_PRODUCER && message_peek(message, &value) == LATTN_OK) {
        (void)producer_read(&value, read->producer, NULL);
    } else if (field == PAIRS_SEQ && message_peek(message, &value) == LATTN_OK) {
        read->has_seq = seq_read(&value, &read->seq, NULL) == LATTN_OK;
    }
    return message_skip(message);
}

/* Set count, producer and seq, as far as the params can be read. */
static void pairs_find(struct message params, struct lattn_message *ret_message)
{
    struct pairs_finder finder = {ret_message, (size_t)(params.end - params.at)};

    (void)message_map(&params, "params", pairs_words, pairs_find_field, &finder, NULL);
    if (ret_message->producer[0] == '\0')
        ret_message->has_seq = 0;
}

/* ---- messages ------------------------------------------------------------------------------ */

static enum lattn_status message_finish(const struct message *message,
                                        struct lattn_complaint *complaint)
{
    if (message->at == message->end)
        return LATTN_OK;
    return complain(complaint, LATTN_SYNTAX, "%td bytes stand behind the message",
                    message->end - message->at);
}

/* Read the map of pairs that is all of the rest; id and is_silent of the message stay. */
static enum lattn_status pairs_read(struct message params, double *numbers, size_t *ret_used,
                                    struct lattn_message *message,
                                    struct lattn_complaint *complaint)
{
    struct pairs_reader pairs = {.read = *message,
                                 .numbers = numbers,
                                 .z = {.name = "z", .units = z_units},
                                 .y = {.name = "y", .units = y_units},
                                 .causal = 1,
                                 .complaint = complaint};
    struct message rest = params;
    enum lattn_status status;

    pairs.read.item.weight = 1;
    status = message_map(&rest, "params", pairs_words, pairs_read_field, &pairs, complaint);
    if (status == LATTN_OK)
        status = message_finish(&rest, complaint);
    if (status == LATTN_OK)
        status = pairs_finish(&pairs);
    if (status != LATTN_OK) {
        pairs_find(params, message);
        return status;
    }
    *message = pairs.read;
    *ret_used = pairs.used;
    return LATTN_OK;
}

/* Take a call apart; kind, id and is_silent are set as far as they can be read. */
static enum lattn_status call_read(const char *bytes, size_t length, struct lattn_message *call,
                                   struct message *ret_params, struct lattn_complaint *complaint)
{
    struct rpc rpc;
    enum lattn_status status = rpc_read(bytes, length, &rpc, complaint);

    /* Without an id it stays empty: a notification has none, and of what is no call nobody knows.
     */
    (void)lattn_frame_id(bytes, length, call->id);
    call->is_silent = rpc.type == RPC_NOTIFICATION;
    if (status != LATTN_OK)
        return status;
    if (rpc.type == RPC_RESPONSE)
        return complain(complaint, LATTN_FIELD, "the message is a response, nothing was asked");
    if (!message_is(&rpc.method, "learn")) {
        call->kind = LATTN_MESSAGE_REQUEST;
        return LATTN_OK;
    }
    status = rpc_params(&rpc, ret_params, complaint);
    if (status == LATTN_OK && ret_params->at == NULL)
        return complain(complaint, LATTN_FIELD, "params is missing");
    return status;
}

enum lattn_status lattn_frame_read(const char *bytes, size_t length, double *numbers,
                                   size_t *ret_used, struct lattn_message *ret_message,
                                   struct lattn_complaint *complaint)
{
    struct message params;
    enum lattn_status status;

    *ret_message = (struct lattn_message){.count = 1};
    status = call_read(bytes, length, ret_message, &params, complaint);
    if (status != LATTN_OK)
        return status;
    if (ret_message->kind == LATTN_MESSAGE_PAIRS)
        return pairs_read(params, numbers, ret_used, ret_message, complaint);
    *ret_used = 0;
    return LATTN_OK;
}

enum lattn_status lattn_learn_read(const char *bytes, size_t length, double *numbers,
                                   size_t *ret_used, struct lattn_message *ret_message,
                                   struct lattn_complaint *complaint)
{
    *ret_message = (struct lattn_message){.count = 1};
    return pairs_read((struct message){bytes, bytes + length}, numbers, ret_used, ret_message,
                      complaint);
}
