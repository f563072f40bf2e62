/*
 * The short answers: to predict, suggest, hello and name.
 */
#include <lattn/wire.h>

#include "base/memory.h"
#include "wire/member.h"
#include "wire/reply.h"

#include <math.h>

/* ---- predict ------------------------------------------------------------------------------- */

struct prediction {
    struct member_row y;
    struct member_row std_error;
    struct member_row interval95;
    double leverage;
    int32_t determined;
};

#define OF_PREDICTION(field) offsetof(struct prediction, field)

static const struct member prediction_members[] = {
    {.word = "y", .kind = MEMBER_ROW, .offset = OF_PREDICTION(y)},
    {.word = "determined", .kind = MEMBER_FLAG, .offset = OF_PREDICTION(determined)},
    {.word = "leverage", .kind = MEMBER_NUMBER, .offset = OF_PREDICTION(leverage)},
    {.word = "std_error", .kind = MEMBER_ROW, .offset = OF_PREDICTION(std_error)},
    {.word = "interval95", .kind = MEMBER_ROW, .offset = OF_PREDICTION(interval95)},
    {.word = NULL},
};

enum lattn_status lattn_write_prediction(struct lattn_text *text, enum lattn_format format,
                                         const struct lattn_prediction *prediction, int32_t m)
{
    const struct prediction answer = {
        .y = {prediction->y, m},
        .std_error = {prediction->has_std_error ? prediction->std_error : NULL, m},
        .interval95 = {prediction->has_std_error ? prediction->interval95 : NULL, m},
        .leverage = prediction->leverage,
        .determined = prediction->determined,
    };

    return reply_write_members(text, format, prediction_members, &answer);
}

enum lattn_status lattn_reply_prediction(const struct lattn_reply *reply,
                                         struct lattn_prediction *ret_prediction, int32_t *ret_m)
{
    struct prediction answer;
    enum lattn_status status = reply_read_members(reply, prediction_members, &answer);

    if (status != LATTN_OK)
        return status;
    if (answer.y.numbers == NULL || !member_row_fits(&answer.std_error, answer.y.count) ||
        !member_row_fits(&answer.interval95, answer.y.count)) {
        member_done(prediction_members, &answer);
        return LATTN_FIELD;
    }
    *ret_prediction = (struct lattn_prediction){.y = answer.y.numbers,
                                                .std_error = answer.std_error.numbers,
                                                .interval95 = answer.interval95.numbers,
                                                .leverage = answer.leverage,
                                                .determined = answer.determined,
                                                .has_std_error = answer.std_error.numbers != NULL};
    *ret_m = answer.y.count;
    return LATTN_OK;
}

void lattn_prediction_done(struct lattn_prediction *prediction)
{
    if (prediction == NULL)
        return;
    memory_release(prediction->y);
    memory_release(prediction->std_error);
    memory_release(prediction->interval95);
    prediction->y = prediction->std_error = prediction->interval95 = NULL;
}

/* ---- suggest ------------------------------------------------------------------------------- */

struct suggestion {
    struct member_indices order;
};

static const struct member suggestion_members[] = {
    {.word = "order", .kind = MEMBER_INDICES, .offset = offsetof(struct suggestion, order)},
    {.word = NULL},
};

enum lattn_status lattn_write_suggestion(struct lattn_text *text, enum lattn_format format,
                                         const size_t *order, size_t count)
{
    struct writer writer;

    writer_begin(&writer, text, format);
    writer_open(&writer, '{');
    writer_key(&writer, "order");
    writer_open(&writer, '[');
    for (size_t i = 0; i < count; i++)
        writer_count(&writer, order[i]);
    writer_close(&writer, ']');
    writer_close(&writer, '}');
    return writer_end(&writer);
}

enum lattn_status lattn_reply_suggestion(const struct lattn_reply *reply, int32_t **ret_order,
                                         size_t *ret_count)
{
    struct suggestion answer;
    enum lattn_status status = reply_read_members(reply, suggestion_members, &answer);

    if (status != LATTN_OK)
        return status;
    if (answer.order.numbers == NULL)
        return LATTN_FIELD;
    *ret_order = answer.order.numbers;
    *ret_count = answer.order.count;
    return LATTN_OK;
}

/* ---- hello --------------------------------------------------------------------------------- */

struct hello {
    struct lattn_hello hello;
    struct member_maybe last_seq;
};

#define OF_HELLO(field) offsetof(struct hello, hello.field)

static const struct member hello_members[] = {
    {.word = "version",
     .kind = MEMBER_TEXT,
     .offset = OF_HELLO(version),
     .size = sizeof((struct lattn_hello *)NULL)->version},
    {.word = "last_seq", .kind = MEMBER_MAYBE, .offset = offsetof(struct hello, last_seq)},
    {.word = "d", .kind = MEMBER_INT32, .offset = OF_HELLO(d)},
    {.word = "m", .kind = MEMBER_INT32, .offset = OF_HELLO(m)},
    {.word = "bias", .kind = MEMBER_FLAG, .offset = OF_HELLO(bias)},
    {.word = "accepted", .kind = MEMBER_COUNT, .offset = OF_HELLO(accepted)},
    {.word = "rejected", .kind = MEMBER_COUNT, .offset = OF_HELLO(rejected)},
    {.word = "duplicates", .kind = MEMBER_COUNT, .offset = OF_HELLO(duplicates)},
    {.word = "unkept", .kind = MEMBER_COUNT, .offset = OF_HELLO(unkept)},
    {.word = "max_frame", .kind = MEMBER_COUNT, .offset = OF_HELLO(frame_bytes_max)},
    {.word = "durable", .kind = MEMBER_FLAG, .offset = OF_HELLO(durable)},
    {.word = NULL},
};

enum lattn_status lattn_write_hello(struct lattn_text *text, enum lattn_format format,
                                    const struct lattn_hello *hello)
{
    const struct hello answer = {.hello = *hello,
                                 .last_seq = {hello->last_seq, hello->has_last_seq}};

    return reply_write_members(text, format, hello_members, &answer);
}

enum lattn_status lattn_reply_hello(const struct lattn_reply *reply, struct lattn_hello *ret_hello)
{
    struct hello answer = {0};
    enum lattn_status status = reply_read_members(reply, hello_members, &answer);

    if (status != LATTN_OK)
        return status;
    if (answer.hello.version[0] == '\0')
        return LATTN_FIELD;
    answer.hello.has_last_seq = answer.last_seq.has;
    answer.hello.last_seq = answer.last_seq.count;
    *ret_hello = answer.hello;
    return LATTN_OK;
}

/* ---- name ---------------------------------------------------------------------------------- */

struct named {
    struct member_indices coordinates;
    struct member_indices outputs;
    int32_t d;
    int32_t m;
};

#define OF_NAMED(field) offsetof(struct named, field)

static const struct member named_members[] = {
    {.word = "append", .kind = MEMBER_INDICES, .offset = OF_NAMED(coordinates)},
    {.word = "outputs", .kind = MEMBER_INDICES, .offset = OF_NAMED(outputs)},
    {.word = "d", .kind = MEMBER_INT32, .offset = OF_NAMED(d)},
    {.word = "m", .kind = MEMBER_INT32, .offset = OF_NAMED(m)},
    {.word = NULL},
};

enum lattn_status lattn_write_named(struct lattn_text *text, enum lattn_format format,
                                    const struct lattn_named *named)
{
    const struct named answer = {.coordinates = {named->coordinates, named->coordinates_count},
                                 .outputs = {named->outputs, named->outputs_count},
                                 .d = named->d,
                                 .m = named->m};

    return reply_write_members(text, format, named_members, &answer);
}

enum lattn_status lattn_reply_named(const struct lattn_reply *reply, struct lattn_named *ret_named)
{
    struct named answer;
    enum lattn_status status = reply_read_members(reply, named_members, &answer);

    if (status != LATTN_OK)
        return status;
    if (answer.coordinates.numbers == NULL || answer.outputs.numbers == NULL) {
        member_done(named_members, &answer);
        return LATTN_FIELD;
    }
    *ret_named = (struct lattn_named){.coordinates = answer.coordinates.numbers,
                                      .coordinates_count = answer.coordinates.count,
                                      .outputs = answer.outputs.numbers,
                                      .outputs_count = answer.outputs.count,
                                      .d = answer.d,
                                      .m = answer.m};
    return LATTN_OK;
}

void lattn_named_done(struct lattn_named *named)
{
    if (named == NULL)
        return;
    memory_release(named->coordinates);
    memory_release(named->outputs);
    *named = (struct lattn_named){0};
}
