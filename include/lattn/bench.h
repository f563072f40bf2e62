#ifndef LATTN_BENCH_H
#define LATTN_BENCH_H

#include <lattn/batch.h>
#include <lattn/status.h>

#include <stdint.h>

LATTN_BEGIN

/*
 * What this machine can do at most, so that speeds can be told as a share of it: products of
 * matrices, and a stream through memory.
 *
 * No clock here: whoever calls measures how long each call takes.
 */
struct lattn_bench;

/* More than any machine that somebody runs a daemon on. */
enum { LATTN_BENCH_THREADS_MAX = 256 };

/*
 * Make the arrays, larger than caches, and let BLAS use so many threads in this process from now
 * on.
 *
 * threads  in  1 <= threads <= LATTN_BENCH_THREADS_MAX
 *
 * Returns LATTN_OK, LATTN_RANGE or LATTN_NO_MEMORY; ret_bench is given.
 */
LATTN_API enum lattn_status lattn_bench_open(struct lattn_bench **ret_bench, int32_t threads);

/* Release it and set the pointer to NULL; accepts NULL. */
LATTN_API void lattn_bench_close(struct lattn_bench **bench);

/* Multiply two matrices that caches hold (dgemm). Returns the flops of that; allocates nothing. */
LATTN_API double lattn_bench_multiply(struct lattn_bench *bench);

/*
 * Copy an array by one thread. Returns the bytes that were read and written; allocates nothing.
 */
LATTN_API double lattn_bench_stream(struct lattn_bench *bench);

/*
 * Form the cubic features of all label rows, as a learner does; with them whoever likes solves the
 * least-squares problem in another way.
 *
 * batch     in   items of one d and without a bias; labels are not looked at but for their form
 * ret_rows  out  a row of lattn_features(d) numbers for each label row, in the order of
 *                lattn_model_coef
 *
 * One allocation. Returns LATTN_OK; LATTN_SHAPE where an item's d is another than the first one's;
 * LATTN_NO_MEMORY; or what lattn_item_check says of an item. ret_rows is undefined then.
 */
LATTN_API enum lattn_status lattn_bench_features(const struct lattn_batch *batch, double *ret_rows);

LATTN_END

#endif
