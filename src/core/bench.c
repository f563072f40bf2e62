/*
 * The two limits of a machine, as work of a known size, and the features as the learner forms them.
 *
 * The product has matrices of 2 MiB each, which OpenBLAS cuts into pieces for the caches: larger
 * ones are no faster. The stream has two arrays that no cache of one processor holds.
 */
#include <lattn/bench.h>

#include "base/memory.h"
#include "core/dense.h"
#include "core/feature.h"

#include <string.h>

enum {
    /* Off a power of two, whose rows would meet in the same places of a cache. */
    ORDER = 512,
    LEADING = ORDER + 8,
    STREAM_NUMBERS = 8 << 20
};

struct lattn_bench {
    double *factors[2];
    double *product;
    double *from;
    double *to;
};

/* Numbers whose products neither overflow nor become denormal, and that no two rows share. */
static void factor_fill(double *factor, int32_t step)
{
    for (int32_t i = 0; i < ORDER * LEADING; i++)
        factor[i] = 1 + (double)((int64_t)i * step % 1021) / 1021;
}

enum lattn_status lattn_bench_open(struct lattn_bench **ret_bench, int32_t threads)
{
    const size_t square = (size_t)ORDER * LEADING;
    struct lattn_bench *bench;
    double *numbers;

    if (threads < 1 || threads > LATTN_BENCH_THREADS_MAX)
        return LATTN_RANGE;
    bench = memory_zeroed(1, sizeof *bench);
    if (bench == NULL)
        return LATTN_NO_MEMORY;
    numbers = memory_zeroed(3 * square + 2 * (size_t)STREAM_NUMBERS, sizeof *numbers);
    if (numbers == NULL) {
        memory_release(bench);
        return LATTN_NO_MEMORY;
    }
    *bench = (struct lattn_bench){.factors = {numbers, numbers + square},
                                  .product = numbers + 2 * square,
                                  .from = numbers + 3 * square,
                                  .to = numbers + 3 * square + STREAM_NUMBERS};
    factor_fill(bench->factors[0], 17);
    factor_fill(bench->factors[1], 29);
    /* A page of zeros that nobody wrote to would be one page for all. */
    memset(bench->from, 1, STREAM_NUMBERS * sizeof(double));
    dense_threads_set(threads);
    *ret_bench = bench;
    return LATTN_OK;
}

void lattn_bench_close(struct lattn_bench **bench)
{
    struct lattn_bench *closed = *bench;

    *bench = NULL;
    if (closed == NULL)
        return;
    memory_release(closed->factors[0]);
    memory_release(closed);
}

double lattn_bench_multiply(struct lattn_bench *bench)
{
    dense_multiply(DENSE_PLAIN, ORDER, ORDER, ORDER, 1, bench->factors[0], LEADING,
                   bench->factors[1], LEADING, 0, bench->product, LEADING);
    return 2.0 * ORDER * ORDER * ORDER;
}

double lattn_bench_stream(struct lattn_bench *bench)
{
    memcpy(bench->to, bench->from, STREAM_NUMBERS * sizeof(double));
    return 2.0 * STREAM_NUMBERS * sizeof(double);
}

/* ---- features ------------------------------------------------------------------------------ */

static enum lattn_status batch_check(const struct lattn_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        enum lattn_status status = lattn_item_check(&batch->items[i], NULL);

        if (status != LATTN_OK)
            return status;
        if (batch->items[i].d != batch->items[0].d)
            return LATTN_SHAPE;
    }
    return LATTN_OK;
}

enum lattn_status lattn_bench_features(const struct lattn_batch *batch, double *ret_rows)
{
    enum lattn_status status = batch_check(batch);
    struct feature_reader reader;
    struct feature_view view;
    int32_t d;

    if (status != LATTN_OK || batch->count == 0)
        return status;
    d = batch->items[0].d;
    status = feature_reader_init(&reader, d, 0);
    if (status != LATTN_OK)
        return status;
    for (size_t i = 0; i < batch->count; i++) {
        feature_reader_start(&reader, &batch->items[i]);
        while (feature_reader_next(&reader, &view)) {
            feature_row(d, &view, 1, ret_rows);
            ret_rows += feature_count(d);
        }
    }
    feature_reader_done(&reader);
    return LATTN_OK;
}
