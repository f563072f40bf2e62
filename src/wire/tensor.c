#include "wire/tensor.h"

#include "base/complaint.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "payloads are copied as they are");

size_t tensor_count(const struct tensor *tensor)
{
    size_t count = 1;

    for (int32_t axis = 0; axis < tensor->rank; axis++)
        count *= tensor->shape[axis];
    return count;
}

/* ---- a map --------------------------------------------------------------------------------- */

enum tensor_field { TENSOR_SHAPE, TENSOR_DTYPE, TENSOR_DATA };

static const char *const tensor_words[] = {"shape", "dtype", "data", NULL};

struct tensor_reader {
    struct tensor *tensor;
    uint32_t has; /* a bit per field */
    struct lattn_complaint *complaint;
};

/* Refuse what stands in place of "z.dtype" or "z.shape[2]"; names are only written for this. */
static enum lattn_status refuse_part(const struct tensor *tensor, const char *part,
                                     const struct message_value *value, const char *expected,
                                     struct lattn_complaint *complaint)
{
    char name[MESSAGE_PLACE_MAX];

    snprintf(name, sizeof name, "%s.%s", tensor->name, part);
    return message_mismatch(value, name, expected, complaint);
}

static enum lattn_status shape_read(struct message *message, struct tensor *tensor,
                                    struct lattn_complaint *complaint)
{
    static const char *const axes[TENSOR_RANK_MAX] = {"shape[0]", "shape[1]", "shape[2]"};
    struct message_value value;
    int32_t rank;
    enum lattn_status status = message_take(message, &value, complaint);

    if (status != LATTN_OK)
        return status;
    if (value.kind != MESSAGE_ARRAY)
        return refuse_part(tensor, "shape", &value, "an array", complaint);
    if (value.count > TENSOR_RANK_MAX)
        return complain(complaint, LATTN_SHAPE,
                        "%s.shape has %" PRIu64 " axes, at most %d are accepted", tensor->name,
                        value.count, TENSOR_RANK_MAX);
    rank = (int32_t)value.count;
    for (int32_t axis = 0; axis < rank; axis++) {
        status = message_take(message, &value, complaint);
        if (status != LATTN_OK)
            return status;
        if (value.kind != MESSAGE_COUNT)
            return refuse_part(tensor, axes[axis], &value, "a whole number that is not negative",
                               complaint);
        tensor->shape[axis] = value.count;
    }
    tensor->rank = rank;
    return LATTN_OK;
}

static enum lattn_status tensor_read_field(struct message *message, int32_t field, void *arg)
{
    struct tensor_reader *reader = arg;
    struct tensor *tensor = reader->tensor;
    struct message_value value;
    enum lattn_status status;

    reader->has |= 1u << field;
    if (field == TENSOR_SHAPE)
        return shape_read(message, tensor, reader->complaint);
    status = message_take(message, &value, reader->complaint);
    if (status != LATTN_OK)
        return status;
    if (field == TENSOR_DATA) {
        tensor->bytes = value.bytes;
        tensor->length = value.length;
        return value.kind == MESSAGE_BYTES
                   ? LATTN_OK
                   : refuse_part(tensor, "data", &value, "bin", reader->complaint);
    }
    tensor->is_f4 = message_is(&value, "<f4");
    if (tensor->is_f4 || message_is(&value, "<f8"))
        return LATTN_OK;
    return refuse_part(tensor, "dtype", &value, "\"<f8\" or \"<f4\"", reader->complaint);
}

/* Does the payload hold what the shape says? */
static enum lattn_status tensor_check(const struct tensor *tensor,
                                      struct lattn_complaint *complaint)
{
    const char *dtype = tensor->is_f4 ? "<f4" : "<f8";
    size_t bytes = tensor->is_f4 ? sizeof(float) : sizeof(double);
    int fits = 1;

    for (int32_t axis = 1; axis < tensor->rank; axis++)
        if (tensor->shape[axis] == 0)
            return complain(complaint, LATTN_RANGE, "%s.shape[%d] is 0, at least 1 is expected",
                            tensor->name, axis);
    for (int32_t axis = 0; axis < tensor->rank; axis++)
        fits &= !__builtin_mul_overflow(bytes, tensor->shape[axis], &bytes);
    if (!fits)
        return complain(complaint, LATTN_SHAPE,
                        "%s.data has %zu bytes, its shape takes more than any frame has",
                        tensor->name, tensor->length);
    if (bytes != tensor->length)
        return complain(complaint, LATTN_SHAPE, "%s.data has %zu bytes, its shape takes %zu in %s",
                        tensor->name, tensor->length, bytes, dtype);
    return LATTN_OK;
}

static enum lattn_status tensor_measure_map(struct message *message, struct tensor *tensor,
                                            struct lattn_complaint *complaint)
{
    struct tensor_reader reader = {.tensor = tensor, .complaint = complaint};
    enum lattn_status status =
        message_map(message, tensor->name, tensor_words, tensor_read_field, &reader, complaint);

    if (status != LATTN_OK)
        return status;
    for (int32_t field = 0; tensor_words[field] != NULL; field++)
        if ((reader.has >> field & 1) == 0)
            return complain(complaint, LATTN_FIELD, "%s.%s is missing", tensor->name,
                            tensor_words[field]);
    return tensor_check(tensor, complaint);
}

/* ---- a payload ----------------------------------------------------------------------------- */

/*
 * Copy numbers that stand anywhere in the message. Returns 1 if all are finite: one added to an
 * exponent of ones carries into the sign's place, which is seen for many numbers at once.
 */
static int payload_copy_f8(const char *restrict bytes, size_t count, double *restrict numbers)
{
    const uint64_t exponent = UINT64_C(0x7ff) << 52;
    const uint64_t one = UINT64_C(1) << 52;
    uint64_t carries = 0;

    for (size_t i = 0; i < count; i++) {
        uint64_t bits;

        memcpy(&bits, bytes + i * sizeof bits, sizeof bits);
        memcpy(&numbers[i], &bits, sizeof bits);
        carries |= (bits & exponent) + one;
    }
    return carries >> 63 == 0;
}

static int payload_copy_f4(const char *restrict bytes, size_t count, double *restrict numbers)
{
    const uint32_t exponent = UINT32_C(0xff) << 23;
    const uint32_t one = UINT32_C(1) << 23;
    uint32_t carries = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        float number;

        memcpy(&bits, bytes + i * sizeof bits, sizeof bits);
        memcpy(&number, &bits, sizeof bits);
        numbers[i] = (double)number;
        carries |= (bits & exponent) + one;
    }
    return carries >> 31 == 0;
}

static enum lattn_status refuse_not_finite(const struct tensor *tensor, const uint64_t *index,
                                           double number, struct lattn_complaint *complaint)
{
    struct message_value value = {.kind = MESSAGE_NUMBER, .number = number};
    char excerpt[MESSAGE_EXCERPT_MAX];
    char place[MESSAGE_PLACE_MAX];

    message_excerpt(&value, excerpt);
    message_place(tensor->name, index, tensor->rank, place);
    return complain(complaint, LATTN_NOT_FINITE, "%s is %s, which is not finite", place, excerpt);
}

static enum lattn_status refuse_payload(const struct tensor *tensor, size_t count,
                                        struct lattn_complaint *complaint)
{
    uint64_t index[TENSOR_RANK_MAX];
    size_t bad = 0;
    size_t rest;

    while (bad + 1 < count && isfinite(tensor->numbers[bad]))
        bad++;
    rest = bad;
    for (int32_t axis = tensor->rank - 1; axis >= 0; axis--) {
        index[axis] = rest % tensor->shape[axis];
        rest /= tensor->shape[axis];
    }
    return refuse_not_finite(tensor, index, tensor->numbers[bad], complaint);
}

static enum lattn_status payload_read(const struct tensor *tensor,
                                      struct lattn_complaint *complaint)
{
    size_t count = tensor_count(tensor);
    int finite = tensor->is_f4 ? payload_copy_f4(tensor->bytes, count, tensor->numbers)
                               : payload_copy_f8(tensor->bytes, count, tensor->numbers);

    return finite ? LATTN_OK : refuse_payload(tensor, count, complaint);
}

/* ---- nested arrays ------------------------------------------------------------------------- */

/* Where a walk through nested arrays stands. */
struct nest {
    struct message *message;
    const struct tensor *tensor;
    struct lattn_complaint *complaint;
    double *next;
    uint64_t index[TENSOR_RANK_MAX];
};

static enum lattn_status nest_mismatch(const struct nest *nest, const struct message_value *value,
                                       int32_t axes, const char *expected)
{
    char place[MESSAGE_PLACE_MAX];

    message_place(nest->tensor->name, nest->index, axes, place);
    return message_mismatch(value, place, expected, nest->complaint);
}

static enum lattn_status nest_read_number(struct nest *nest)
{
    int32_t rank = nest->tensor->rank;
    struct message_value value;
    enum lattn_status status = message_take(nest->message, &value, nest->complaint);

    if (status != LATTN_OK)
        return status;
    if (!message_number(&value, nest->next))
        return nest_mismatch(nest, &value, rank, "a number");
    if (!isfinite(*nest->next))
        return refuse_not_finite(nest->tensor, nest->index, *nest->next, nest->complaint);
    nest->next++;
    return LATTN_OK;
}

static enum lattn_status refuse_ragged(const struct nest *nest, int32_t axis, uint64_t count)
{
    static const uint64_t first[TENSOR_RANK_MAX] = {0};
    const struct tensor *tensor = nest->tensor;
    char place[MESSAGE_PLACE_MAX];
    char place_first[MESSAGE_PLACE_MAX];

    message_place(tensor->name, nest->index, axis, place);
    message_place(tensor->name, first, axis, place_first);
    return complain(nest->complaint, LATTN_SHAPE, "%s has %" PRIu64 " %s, %s has %" PRIu64, place,
                    count, tensor->units[TENSOR_RANK_MAX - tensor->rank + axis], place_first,
                    tensor->shape[axis]);
}

/* Take what lies behind `axis` indices: an array, or at the end a number. */
static enum lattn_status nest_read(struct nest *nest, int32_t axis)
{
    const struct tensor *tensor = nest->tensor;
    struct message_value value;
    enum lattn_status status;

    if (axis == tensor->rank)
        return nest_read_number(nest);
    status = message_take(nest->message, &value, nest->complaint);
    if (status != LATTN_OK)
        return status;
    if (value.kind != MESSAGE_ARRAY)
        return nest_mismatch(nest, &value, axis,
                             axis + 1 == tensor->rank ? "a row of numbers" : "an array of rows");
    if (value.count != tensor->shape[axis])
        return refuse_ragged(nest, axis, value.count);
    for (uint64_t i = 0; i < value.count && status == LATTN_OK; i++) {
        nest->index[axis] = i;
        status = nest_read(nest, axis + 1);
    }
    return status;
}

/* The shape that the first elements show; the others are held to it later. */
static enum lattn_status nest_measure(struct message message, struct tensor *tensor,
                                      struct lattn_complaint *complaint)
{
    struct message_value value;
    enum lattn_status status = message_take(&message, &value, complaint);

    while (status == LATTN_OK && value.kind == MESSAGE_ARRAY && tensor->rank < TENSOR_RANK_MAX) {
        tensor->shape[tensor->rank++] = value.count;
        if (value.count == 0)
            break;
        status = message_take(&message, &value, complaint);
    }
    return status;
}

/* ---- either -------------------------------------------------------------------------------- */

enum lattn_status tensor_measure(struct message *message, struct tensor *tensor,
                                 struct lattn_complaint *complaint)
{
    struct message_value value;
    double number;
    enum lattn_status status;

    tensor->rank = 0;
    tensor->is_f4 = 0;
    tensor->bytes = NULL;
    status = message_peek(message, &value);
    if (status == LATTN_OK && value.kind == MESSAGE_MAP)
        return tensor_measure_map(message, tensor, complaint);
    if (status == LATTN_OK && value.kind != MESSAGE_ARRAY && !message_number(&value, &number))
        return message_mismatch(&value, tensor->name, "a number, an array or a tensor", complaint);
    return nest_measure(*message, tensor, complaint);
}

enum lattn_status tensor_read(struct message *message, struct tensor *tensor,
                              struct lattn_complaint *complaint)
{
    struct nest nest = {
        .message = message, .tensor = tensor, .complaint = complaint, .next = tensor->numbers};
    enum lattn_status status = tensor_measure(message, tensor, complaint);

    if (status != LATTN_OK)
        return status;
    return tensor->bytes != NULL ? payload_read(tensor, complaint) : nest_read(&nest, 0);
}

static enum lattn_status find_shape(struct message *message, int32_t field, void *tensor)
{
    (void)field;
    return shape_read(message, tensor, NULL);
}

void tensor_find_shape(struct message message, struct tensor *tensor)
{
    static const char *const words[] = {"shape", NULL};
    struct message_value value;

    tensor->rank = -1;
    if (message_peek(&message, &value) != LATTN_OK)
        return;
    if (value.kind == MESSAGE_MAP) {
        (void)message_map(&message, tensor->name, words, find_shape, tensor, NULL);
    } else if (value.kind == MESSAGE_ARRAY) {
        tensor->rank = 0;
        (void)nest_measure(message, tensor, NULL);
    }
}
