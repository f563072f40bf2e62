#ifndef BENCH_ROW_H
#define BENCH_ROW_H

#include "stopwatch.h"

#include <stdint.h>
#include <stdio.h>

/*
 * One row of the table: what was measured, and what share of the machine that is.
 */

/* The least that a stage has to do, whatever does it. */
struct bench_work {
    double flops;
    double bytes;
};

/* What of the machine a stage can use up. */
enum bench_bound { BENCH_DGEMM, BENCH_MEMORY };

/* What is counted in a second; BENCH_MS: nothing, it is told how long it takes. */
enum bench_unit { BENCH_PAIRS, BENCH_MS, BENCH_FLOPS, BENCH_BYTES };

/*
 * dim      coordinates of a token
 * stage    "absorb"
 * engine   NULL where it makes no difference
 * count    of the unit in one call
 * share    of what the machine does of that which bounds the stage
 */
struct bench_row {
    int32_t dim;
    const char *stage;
    const char *engine;
    enum bench_unit unit;
    double count;
    enum bench_bound bound;
    double share;
    struct stopwatch_time time;
};

/* Above this spread a figure is not to be trusted. */
#define BENCH_SPREAD_MAX 0.2

/* Print the table's head, and a row of it. */
void bench_row_print_head(FILE *file);
void bench_row_print(FILE *file, const struct bench_row *row);

/* Print the row as an object of JSON. */
void bench_row_print_json(FILE *file, const struct bench_row *row);

#endif
