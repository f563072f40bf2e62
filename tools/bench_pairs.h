#ifndef BENCH_PAIRS_H
#define BENCH_PAIRS_H

#include <lattn/tasks.h>
#include <lattn/wire.h>

/* Pairs that are learned, decoded and sent again and again; those of a batch on the wire. */
enum { BENCH_PAIRS_COUNT = 256, BENCH_PAIRS_BATCH = 64 };

/*
 * Pairs of a random layer, in memory and in both encodings.
 *
 * items      BENCH_PAIRS_COUNT of one shape, their numbers behind one another
 * lines      the same as text, one line each
 * line_ends  where each ends
 * maps       the same as maps of MessagePack, batches with `bin` payloads
 * map_ends   where each ends
 * frames     notifications that ask to learn these maps
 * numbers    room to decode a line or a map
 * task       where other pairs come from
 */
struct bench_pairs {
    struct lattn_item items[BENCH_PAIRS_COUNT];
    double *z;
    double *y;
    struct lattn_text lines;
    size_t line_ends[BENCH_PAIRS_COUNT];
    struct lattn_text maps;
    size_t map_ends[BENCH_PAIRS_COUNT / BENCH_PAIRS_BATCH];
    struct lattn_text frames;
    double *numbers;
    struct lattn_task *task;
};

/*
 * Make them; each sequence has one label. Returns LATTN_OK, or LATTN_RANGE, LATTN_NO_MEMORY with
 * nothing to release.
 */
enum lattn_status bench_pairs_make(struct bench_pairs *pairs,
                                   const struct lattn_random_settings *settings);
void bench_pairs_done(struct bench_pairs *pairs);

/*
 * Add another pair of the same layer to a text: a line, or a notification.
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status bench_pairs_write_other(const struct bench_pairs *pairs, enum lattn_format format,
                                          struct lattn_text *text);

/* Decode all of them, so many times. Return LATTN_OK. */
enum lattn_status bench_pairs_read_lines(const struct bench_pairs *pairs, uint64_t times);
enum lattn_status bench_pairs_read_maps(const struct bench_pairs *pairs, uint64_t times);

#endif
