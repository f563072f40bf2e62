#ifndef SOLVE_PLAN_H
#define SOLVE_PLAN_H

#include "solve/shards.h"

#include <lattn/status.h>

#include <stdint.h>
#include <stdio.h>

/* Up to so many features states are merged by one process, in less time than ranks need to meet. */
enum { PLAN_MERGED_MAX = 1200 };

/*
 * How a sum will be found, and what that takes.
 *
 * is_spread    in pieces over all ranks, or merged by rank 0
 * ranks, rows, columns, block  of the grid
 * piece        numbers of the largest piece
 * turned       shards that have to be turned;   turning_flops: what that takes
 * rank_bytes   of each rank;   first_bytes  of rank 0
 * read_bytes   of all files;   flops  of the factorisation, or of the merging
 */
struct plan {
    int is_spread;
    int32_t d;
    int32_t m;
    int32_t p;
    int32_t ranks;
    int32_t rows;
    int32_t columns;
    int32_t block;
    int64_t piece;
    int32_t turned;
    uint64_t rank_bytes;
    uint64_t first_bytes;
    uint64_t read_bytes;
    double flops;
    double turning_flops;
};

/*
 * From the heads of the states alone.
 *
 * merged_max  in  PLAN_MERGED_MAX, or what a test says
 */
struct plan plan_make(const struct shards *shards, int32_t ranks, int32_t merged_max);

/* Bytes of memory that this machine, or the group of processes that this one belongs to, has. */
uint64_t plan_machine_bytes(void);

/*
 * Does it fit?
 *
 * here  in  ranks on this machine, the first among them
 *
 * Returns LATTN_OK; LATTN_RANGE where a piece has more numbers than an int32_t counts;
 * LATTN_MEMORY_LIMIT; with how many ranks or how much memory would do.
 */
enum lattn_status plan_check(const struct plan *plan, int32_t here, uint64_t machine_bytes,
                             struct lattn_complaint *complaint);

/* Say it, with the time that it takes at the speed that is measured meanwhile (half a second). */
void plan_print(const struct plan *plan, const struct shards *shards, uint64_t machine_bytes,
                FILE *file);

#endif
