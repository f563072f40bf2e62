/*
 * A pair as a client sends it; what reads it is line.c and message_read.c.
 */
#include "wire/pair.h"

#include <lattn/wire.h>

#include "wire/message.h"
#include "wire/writer.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- tokens -------------------------------------------------------------------------------- */

static void ones_write(struct writer *writer, const struct lattn_item *item)
{
    const double *at = item->z;

    writer_open_counted(writer, '[', (uint32_t)item->n);
    for (int32_t t = 0; t < item->n; t++) {
        uint32_t count = (uint32_t)*at++;

        writer_open_counted(writer, '[', count);
        for (uint32_t i = 0; i < count; i++)
            writer_count(writer, (uint64_t)*at++);
        writer_close(writer, ']');
    }
    writer_close(writer, ']');
}

/* Do floats hold what the tokens of so many items are good for? */
static int is_single(const struct lattn_item *item, size_t count)
{
    size_t numbers = count * (size_t)item->n * (size_t)item->d;

    if (item->precision < LATTN_PRECISION_F32)
        return 0;
    for (size_t i = 0; i < numbers; i++)
        if (!(fabs(item->z[i]) <= FLT_MAX))
            return 0;
    return 1;
}

void pair_write_tokens(struct writer *writer, const struct lattn_item *item)
{
    const int32_t shape[] = {item->n, item->d};

    if (item->tokens == LATTN_TOKENS_ONES) {
        writer_key(writer, "t");
        ones_write(writer, item);
        return;
    }
    writer_key(writer, "z");
    writer_tensor(writer, item->z, shape, 2, is_single(item, 1) ? WRITER_F4 : WRITER_F8);
}

/* ---- labels -------------------------------------------------------------------------------- */

static void label_write(struct writer *writer, const struct lattn_item *item)
{
    const int32_t shape[] = {item->n, item->m};

    writer_key(writer, "y");
    if (item->labels != LATTN_LABELS_LAST)
        writer_tensor(writer, item->y, shape, 2, WRITER_F8);
    else if (item->m == 1)
        writer_number(writer, item->y[0]);
    else
        writer_tensor(writer, item->y, shape + 1, 1, WRITER_F8);
}

/* What is said of labels beside their numbers. */
static void meaning_write(struct writer *writer, const struct lattn_item *item)
{
    if (item->labels == LATTN_LABELS_FULL && item->y != NULL) {
        writer_key(writer, "causal");
        writer_flag(writer, 0);
    }
    if (item->weight != 1) {
        writer_key(writer, "w");
        writer_number(writer, item->weight);
    }
}

/* ---- pairs --------------------------------------------------------------------------------- */

static void origin_write(struct writer *writer, const char *producer, uint64_t seq)
{
    if (producer == NULL)
        return;
    writer_key(writer, "producer");
    writer_string(writer, producer);
    writer_key(writer, "seq");
    writer_count(writer, seq);
}

enum lattn_status lattn_write_pair(struct lattn_text *text, enum lattn_format format,
                                   const struct lattn_item *item, const char *id,
                                   const char *producer, uint64_t seq)
{
    struct writer writer;

    writer_begin(&writer, text, format);
    writer_open(&writer, '{');
    if (id != NULL && format == LATTN_FORMAT_JSON) {
        writer_key(&writer, "id");
        writer_raw(&writer, id, strlen(id));
    }
    origin_write(&writer, producer, seq);
    pair_write_tokens(&writer, item);
    if (item->y != NULL)
        label_write(&writer, item);
    meaning_write(&writer, item);
    writer_close(&writer, '}');
    writer_newline(&writer);
    return writer_end(&writer);
}

enum lattn_status lattn_write_batch(struct lattn_text *text, const struct lattn_item *first,
                                    size_t count)
{
    const int32_t z_shape[] = {(int32_t)count, first->n, first->d};
    const int32_t y_shape[] = {(int32_t)count, first->n, first->m};
    const int32_t last_shape[] = {(int32_t)count, first->m};
    struct writer writer;

    if (count < 1 || count > INT32_MAX || first->tokens != LATTN_TOKENS_DENSE)
        return LATTN_SHAPE;
    writer_begin(&writer, text, LATTN_FORMAT_MSGPACK);
    writer_open(&writer, '{');
    writer_key(&writer, "z");
    writer_tensor(&writer, first->z, z_shape, 3, is_single(first, count) ? WRITER_F4 : WRITER_F8);
    writer_key(&writer, "y");
    if (first->labels == LATTN_LABELS_LAST)
        writer_tensor(&writer, first->y, last_shape, 2, WRITER_F8);
    else
        writer_tensor(&writer, first->y, y_shape, 3, WRITER_F8);
    meaning_write(&writer, first);
    writer_close(&writer, '}');
    return writer_end(&writer);
}

/* Keys and values of a map, one by one, as they stand. */
static void entries_write(struct writer *writer, struct message *message, uint64_t count)
{
    for (uint64_t i = 0; i < 2 * count; i++) {
        const char *from = message->at;

        if (message_skip(message) != LATTN_OK) {
            writer_refuse(writer, LATTN_FIELD);
            return;
        }
        writer_raw(writer, from, (size_t)(message->at - from));
    }
}

enum lattn_status lattn_write_learn(struct lattn_text *text, const char *id, const char *map,
                                    size_t length, const char *producer, uint64_t seq)
{
    struct message message = {map, map + length};
    struct message_value head;
    struct writer writer;
    uint32_t origin = producer == NULL ? 0 : 2;

    if (message_next(&message, &head) != LATTN_OK || head.kind != MESSAGE_MAP ||
        head.count > UINT32_MAX - origin)
        return LATTN_FIELD;
    writer_begin(&writer, text, LATTN_FORMAT_MSGPACK);
    writer_open_counted(&writer, '[', 4);
    writer_count(&writer, 0);
    writer_id(&writer, id);
    writer_string(&writer, "learn");
    writer_open_counted(&writer, '{', (uint32_t)head.count + origin);
    entries_write(&writer, &message, head.count);
    origin_write(&writer, producer, seq);
    if (message.at != message.end)
        writer_refuse(&writer, LATTN_FIELD);
    writer_close(&writer, '}');
    writer_close(&writer, ']');
    return writer_end(&writer);
}
