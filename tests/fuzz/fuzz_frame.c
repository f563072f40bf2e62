/*
 * Frames against msgpack-c: values end where it says that they end, in whatever pieces they come,
 * and pairs that we accept have its numbers, bit for bit. Any bytes may be read as pairs.
 */
#include <lattn/frame.h>
#include <lattn/wire.h>

#include <msgpack.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What msgpack-c may be asked for: it allocates what an array claims. */
static const size_t claim_max = (size_t)1 << 20;

static void require(int holds)
{
    if (!holds)
        abort();
}

/* ---- scanning ------------------------------------------------------------------------------ */

static void require_same_in_pieces(const char *bytes, size_t size,
                                   const struct lattn_frame *expected, enum lattn_status status)
{
    size_t step = size > 0 ? 1 + (uint8_t)bytes[size - 1] % 11 : 1;
    struct lattn_frame frame;
    enum lattn_status in_pieces = LATTN_MORE;

    lattn_frame_init(&frame, expected->bytes_max);
    for (size_t length = 0; length < size && in_pieces == LATTN_MORE; length += step) {
        char *piece = malloc(length);

        if (length > 0)
            memcpy(piece, bytes, length);
        in_pieces = lattn_frame_scan(&frame, piece, length, NULL);
        free(piece);
    }
    if (in_pieces == LATTN_MORE)
        in_pieces = lattn_frame_scan(&frame, bytes, size, NULL);
    require(in_pieces == status);
    require(status != LATTN_OK || (frame.at == expected->at && frame.numbers == expected->numbers));
}

static void require_same_as_msgpack(const char *bytes, size_t size, const struct lattn_frame *frame,
                                    enum lattn_status status)
{
    msgpack_unpacked unpacked;
    size_t length = 0;
    int is_whole;

    msgpack_unpacked_init(&unpacked);
    is_whole = msgpack_unpack_next(&unpacked, bytes, size, &length) == MSGPACK_UNPACK_SUCCESS;
    require(is_whole == (status == LATTN_OK));
    require(!is_whole || length == frame->at);
    msgpack_unpacked_destroy(&unpacked);
}

/* ---- reading ------------------------------------------------------------------------------- */

static const msgpack_object *field_of(const msgpack_object *map, const char *word)
{
    for (uint32_t i = 0; map->type == MSGPACK_OBJECT_MAP && i < map->via.map.size; i++) {
        const msgpack_object_kv *pair = &map->via.map.ptr[i];

        /* A string and a bin lie alike in the union. */
        if ((pair->key.type == MSGPACK_OBJECT_STR || pair->key.type == MSGPACK_OBJECT_BIN) &&
            pair->key.via.str.size == strlen(word) &&
            memcmp(pair->key.via.str.ptr, word, strlen(word)) == 0)
            return &pair->val;
    }
    return NULL;
}

static void require_number(double ours, const msgpack_object *theirs)
{
    double number = theirs->via.f64;

    if (theirs->type == MSGPACK_OBJECT_POSITIVE_INTEGER)
        number = (double)theirs->via.u64;
    else if (theirs->type == MSGPACK_OBJECT_NEGATIVE_INTEGER)
        number = (double)theirs->via.i64;
    else
        require(theirs->type == MSGPACK_OBJECT_FLOAT32 || theirs->type == MSGPACK_OBJECT_FLOAT64);
    require(memcmp(&ours, &number, sizeof ours) == 0);
}

static const double *require_nested(const double *ours, const msgpack_object *theirs)
{
    if (theirs->type != MSGPACK_OBJECT_ARRAY) {
        require_number(*ours, theirs);
        return ours + 1;
    }
    for (uint32_t i = 0; i < theirs->via.array.size; i++)
        ours = require_nested(ours, &theirs->via.array.ptr[i]);
    return ours;
}

static void require_numbers(const double *ours, size_t count, const msgpack_object *theirs)
{
    const msgpack_object *data = field_of(theirs, "data");

    if (data == NULL) {
        require(require_nested(ours, theirs) == ours + count);
    } else if (data->via.bin.size == 8 * count) {
        require(memcmp(ours, data->via.bin.ptr, 8 * count) == 0);
    } else {
        require(data->via.bin.size == 4 * count);
        for (size_t i = 0; i < count; i++) {
            float single = (float)ours[i];

            require(memcmp(&single, data->via.bin.ptr + 4 * i, 4) == 0);
        }
    }
}

static void require_ones(const double *ours, int32_t n, const msgpack_object *theirs)
{
    require(theirs->via.array.size == (uint32_t)n);
    for (int32_t i = 0; i < n; i++) {
        const msgpack_object *token = &theirs->via.array.ptr[i];

        require(token->via.array.size == (uint32_t)*ours);
        ours = require_nested(ours + 1, token);
    }
}

static void require_same_pairs(const struct lattn_message *message, size_t used,
                               const msgpack_object *params)
{
    const struct lattn_item *item = &message->item;
    size_t y_count = message->count * (size_t)lattn_item_rows(item) * (size_t)item->m;
    size_t z_count = message->count * (size_t)lattn_item_numbers(item);

    require(message->count >= 1 && used == y_count + z_count);
    require_numbers(item->y, y_count, field_of(params, "y"));
    if (item->tokens == LATTN_TOKENS_ONES)
        require_ones(item->z, item->n, field_of(params, "t"));
    else
        require_numbers(item->z, z_count, field_of(params, "z"));
    for (size_t i = 0; i < message->count; i++) {
        struct lattn_item member = lattn_item_member(item, i);
        enum lattn_status status = lattn_item_check(&member, NULL);

        /* A weight beyond what can be squared is for the learner to refuse. */
        require(status == LATTN_OK || (status == LATTN_RANGE && item->weight != 1));
    }
}

static const msgpack_object *params_of(const msgpack_object *value)
{
    if (value->type != MSGPACK_OBJECT_ARRAY)
        return value;
    value = &value->via.array.ptr[value->via.array.size - 1];
    return value->type == MSGPACK_OBJECT_ARRAY ? &value->via.array.ptr[0] : value;
}

static void require_read(const char *bytes, size_t size, size_t room, int is_whole)
{
    double *numbers = malloc(room * sizeof *numbers);
    struct lattn_complaint complaint;
    struct lattn_message message;
    msgpack_unpacked unpacked;
    size_t length = 0;
    size_t used = 0;

    for (int bare = 0; bare < 2; bare++) {
        enum lattn_status status =
            bare ? lattn_learn_read(bytes, size, numbers, &used, &message, &complaint)
                 : lattn_frame_read(bytes, size, numbers, &used, &message, &complaint);

        require(message.count >= 1 && message.count <= size + 1);
        if (status != LATTN_OK || message.kind == LATTN_MESSAGE_REQUEST)
            continue;
        require(is_whole && used <= room);
        msgpack_unpacked_init(&unpacked);
        require(msgpack_unpack_next(&unpacked, bytes, size, &length) == MSGPACK_UNPACK_SUCCESS);
        require_same_pairs(&message, used, params_of(&unpacked.data));
        msgpack_unpacked_destroy(&unpacked);
    }
    free(numbers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* As long as the frame, so that a sanitizer sees a byte read too much. */
    char *bytes = malloc(size);
    char id[LATTN_ID_MAX];
    struct lattn_frame frame;
    enum lattn_status status;

    if (size > 0)
        memcpy(bytes, data, size);
    lattn_frame_init(&frame, claim_max);
    status = lattn_frame_scan(&frame, bytes, size, NULL);
    require_same_in_pieces(bytes, size, &frame, status);
    /* It nests deeper than we do. */
    if (status != LATTN_TOO_BIG && frame.depth < LATTN_DEPTH_MAX)
        require_same_as_msgpack(bytes, size, &frame, status);
    (void)lattn_frame_id(bytes, size, id);
    require_read(bytes, size, size + 1, status == LATTN_OK && frame.at == size);
    if (status == LATTN_OK) {
        char *exact = malloc(frame.at);

        memcpy(exact, bytes, frame.at);
        require_read(exact, frame.at, frame.numbers, 1);
        free(exact);
    }
    free(bytes);
    return 0;
}
