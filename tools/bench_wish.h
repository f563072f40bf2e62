#ifndef BENCH_WISH_H
#define BENCH_WISH_H

#include "options.h"

#include <lattn/learner.h>

#include <limits.h>

/* Sizes that one run measures, and the largest: to learn p pairs of more would take hours. */
enum { BENCH_DIMS_MAX = 16, BENCH_DIM_MAX = 48 };

/*
 * What is to be measured.
 *
 * engines  borrowed, constant
 * daemon   path of lattnd
 */
struct bench_wish {
    int32_t dims[BENCH_DIMS_MAX];
    int32_t dims_count;
    uint64_t heads;
    uint64_t outputs;
    uint64_t length;
    uint64_t threads;
    double seconds;
    const enum lattn_engine *engines;
    size_t engines_count;
    const char *daemon;
    int is_json;
    char beside[PATH_MAX]; /* where daemon may point to */
};

/* Read a command line, with defaults where it says nothing; says what is wrong with it. */
enum options_outcome bench_wish_read(int argc, char **argv, struct bench_wish *ret_wish);

#endif
