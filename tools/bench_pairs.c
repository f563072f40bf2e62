#include "bench_pairs.h"

#include <stdlib.h>
#include <string.h>

/* What a frame [2, "learn", map] has before its map. */
static const char notification[] = "\x93\x02\xa5learn";

/* ---- making -------------------------------------------------------------------------------- */

static enum lattn_status numbers_make(struct bench_pairs *pairs,
                                      const struct lattn_random_settings *settings)
{
    size_t z_count = (size_t)settings->length * (size_t)settings->dim;
    size_t y_count = (size_t)settings->outputs;

    pairs->z = calloc(BENCH_PAIRS_COUNT * z_count, sizeof *pairs->z);
    pairs->y = calloc(BENCH_PAIRS_COUNT * y_count, sizeof *pairs->y);
    if (pairs->z == NULL || pairs->y == NULL)
        return LATTN_NO_MEMORY;
    for (size_t i = 0; i < BENCH_PAIRS_COUNT; i++) {
        struct lattn_item *item = &pairs->items[i];

        lattn_task_next(pairs->task, item);
        memcpy(pairs->z + i * z_count, item->z, z_count * sizeof *pairs->z);
        memcpy(pairs->y + i * y_count, item->y, y_count * sizeof *pairs->y);
        item->z = pairs->z + i * z_count;
        item->y = pairs->y + i * y_count;
    }
    return LATTN_OK;
}

static enum lattn_status lines_make(struct bench_pairs *pairs)
{
    enum lattn_status status = LATTN_OK;

    for (size_t i = 0; i < BENCH_PAIRS_COUNT && status == LATTN_OK; i++) {
        status =
            lattn_write_pair(&pairs->lines, LATTN_FORMAT_JSON, &pairs->items[i], NULL, NULL, 0);
        pairs->line_ends[i] = pairs->lines.length;
    }
    return status;
}

static enum lattn_status map_make(struct bench_pairs *pairs, size_t index)
{
    size_t start = pairs->maps.length;
    enum lattn_status status = lattn_write_batch(
        &pairs->maps, &pairs->items[index * BENCH_PAIRS_BATCH], BENCH_PAIRS_BATCH);

    pairs->map_ends[index] = pairs->maps.length;
    if (status == LATTN_OK)
        status = lattn_text_add(&pairs->frames, notification, sizeof notification - 1);
    if (status == LATTN_OK)
        status =
            lattn_text_add(&pairs->frames, pairs->maps.data + start, pairs->maps.length - start);
    return status;
}

/* As many numbers as lattn_line_read or a scan of a map may ask for. */
static enum lattn_status room_make(struct bench_pairs *pairs)
{
    size_t longest =
        pairs->lines.length > pairs->maps.length ? pairs->lines.length : pairs->maps.length;

    pairs->numbers = calloc(longest / 2 + 2, sizeof *pairs->numbers);
    return pairs->numbers == NULL ? LATTN_NO_MEMORY : LATTN_OK;
}

enum lattn_status bench_pairs_make(struct bench_pairs *pairs,
                                   const struct lattn_random_settings *settings)
{
    enum lattn_status status;

    *pairs = (struct bench_pairs){.z = NULL};
    lattn_text_init(&pairs->lines);
    lattn_text_init(&pairs->maps);
    lattn_text_init(&pairs->frames);
    status = lattn_random_open(&pairs->task, settings);
    if (status == LATTN_OK)
        status = numbers_make(pairs, settings);
    if (status == LATTN_OK)
        status = lines_make(pairs);
    for (size_t i = 0; i < BENCH_PAIRS_COUNT / BENCH_PAIRS_BATCH && status == LATTN_OK; i++)
        status = map_make(pairs, i);
    if (status == LATTN_OK)
        status = room_make(pairs);
    if (status != LATTN_OK)
        bench_pairs_done(pairs);
    return status;
}

void bench_pairs_done(struct bench_pairs *pairs)
{
    lattn_task_close(&pairs->task);
    lattn_text_done(&pairs->lines);
    lattn_text_done(&pairs->maps);
    lattn_text_done(&pairs->frames);
    free(pairs->z);
    free(pairs->y);
    free(pairs->numbers);
    *pairs = (struct bench_pairs){.z = NULL};
}

enum lattn_status bench_pairs_write_other(const struct bench_pairs *pairs, enum lattn_format format,
                                          struct lattn_text *text)
{
    enum lattn_status status = LATTN_OK;
    struct lattn_item item;

    lattn_task_next(pairs->task, &item);
    if (format == LATTN_FORMAT_MSGPACK)
        status = lattn_text_add(text, notification, sizeof notification - 1);
    return status == LATTN_OK ? lattn_write_pair(text, format, &item, NULL, NULL, 0) : status;
}

/* ---- decoding ------------------------------------------------------------------------------ */

enum lattn_status bench_pairs_read_lines(const struct bench_pairs *pairs, uint64_t times)
{
    enum lattn_status status = LATTN_OK;
    struct lattn_message message;
    size_t used;

    for (; times > 0 && status == LATTN_OK; times--) {
        size_t start = 0;

        for (size_t i = 0; i < BENCH_PAIRS_COUNT && status == LATTN_OK; i++) {
            status = lattn_line_read(pairs->lines.data + start, pairs->line_ends[i] - start,
                                     pairs->numbers, &used, &message, NULL);
            start = pairs->line_ends[i];
        }
    }
    return status;
}

enum lattn_status bench_pairs_read_maps(const struct bench_pairs *pairs, uint64_t times)
{
    enum lattn_status status = LATTN_OK;
    struct lattn_message message;
    size_t used;

    for (; times > 0 && status == LATTN_OK; times--) {
        size_t start = 0;

        for (size_t i = 0; i < BENCH_PAIRS_COUNT / BENCH_PAIRS_BATCH && status == LATTN_OK; i++) {
            status = lattn_learn_read(pairs->maps.data + start, pairs->map_ends[i] - start,
                                      pairs->numbers, &used, &message, NULL);
            start = pairs->map_ends[i];
        }
    }
    return status;
}
