/*
 * bench: how fast each stage from bytes to heads is here, beside what this machine can do at most.
 */
#include "bench_daemon.h"
#include "bench_learner.h"
#include "bench_pairs.h"
#include "bench_row.h"
#include "bench_wish.h"
#include "progress.h"
#include "talk.h"
#include "verbs.h"

#include <lattn/bench.h>
#include <lattn/model.h>
#include <lattn/version.h>

#include <stdlib.h>

/*
 * A run through all sizes.
 *
 * flops, bytes  of one product and one stream; flops_s, bytes_s in a second, as they were measured
 *               at the beginning of this size: they tell which of them bounds a stage
 */
struct bench {
    const char *verb;
    const struct bench_wish *wish;
    struct lattn_bench *machine;
    double flops, bytes;
    double flops_s, bytes_s;
    struct bench_pairs pairs;
    double *features; /* of BENCH_PAIRS_BATCH pairs */
    int32_t dim;
    uint64_t rows_count;
    uint64_t rows_noisy;
};

/* ---- rows ---------------------------------------------------------------------------------- */

static void row_show(struct bench *bench, const struct bench_row *row)
{
    progress_hide();
    if (bench->wish->is_json) {
        printf(bench->rows_count == 0 ? "\n" : ",\n");
        bench_row_print_json(stdout, row);
    } else {
        bench_row_print(stdout, row);
        (void)fflush(stdout); /* main sees whether all of it was written */
    }
    bench->rows_count++;
    bench->rows_noisy += row->time.spread > BENCH_SPREAD_MAX;
    progress_show(bench->rows_count, NULL);
}

static enum verb_exit refuse(const struct bench *bench, const char *object,
                             enum lattn_status status)
{
    progress_hide();
    talk(bench->verb, object, "%s", lattn_status_text(status));
    return VERB_REFUSED;
}

/* ---- the machine --------------------------------------------------------------------------- */

static enum lattn_status multiply(void *arg, uint64_t calls)
{
    struct bench *bench = arg;

    for (; calls > 0; calls--)
        bench->flops = lattn_bench_multiply(bench->machine);
    return LATTN_OK;
}

static enum lattn_status stream(void *arg, uint64_t calls)
{
    struct bench *bench = arg;

    for (; calls > 0; calls--)
        bench->bytes = lattn_bench_stream(bench->machine);
    return LATTN_OK;
}

/* One of its limits, which is a row like others. */
static enum lattn_status limit_measure(struct bench *bench, enum bench_bound bound,
                                       const double *amount, double *ret_rate)
{
    const struct stopwatch_task task = {.work = bound == BENCH_DGEMM ? multiply : stream,
                                        .arg = bench};
    struct bench_row row = {
        .dim = bench->dim,
        .stage = bound == BENCH_DGEMM ? "dgemm" : "memory",
        .unit = bound == BENCH_DGEMM ? BENCH_FLOPS : BENCH_BYTES,
        .bound = bound,
        .share = 1,
    };
    enum lattn_status status = stopwatch_measure(&task, bench->wish->seconds, &row.time);

    if (status != LATTN_OK)
        return status;
    row.count = *amount;
    *ret_rate = *amount / row.time.seconds;
    row_show(bench, &row);
    return LATTN_OK;
}

static enum verb_exit machine_measure(struct bench *bench)
{
    enum lattn_status status = limit_measure(bench, BENCH_DGEMM, &bench->flops, &bench->flops_s);

    if (status == LATTN_OK)
        status = limit_measure(bench, BENCH_MEMORY, &bench->bytes, &bench->bytes_s);
    return status == LATTN_OK ? VERB_DONE : refuse(bench, "machine", status);
}

/*
 * Measure beside what bounds it, which is whatever would take the machine longer, and show the row
 * if that went well.
 */
static enum lattn_status row_measure(struct bench *bench, struct stopwatch_task task,
                                     struct bench_work work, struct bench_row *row)
{
    int is_for_flops = work.flops / bench->flops_s > work.bytes / bench->bytes_s;
    enum lattn_status status;

    task.yardstick = is_for_flops ? multiply : stream;
    task.yardstick_arg = bench;
    status = stopwatch_measure(&task, bench->wish->seconds, &row->time);
    row->dim = bench->dim;
    row->bound = is_for_flops ? BENCH_DGEMM : BENCH_MEMORY;
    row->share =
        row->time.ratio * (is_for_flops ? work.flops / bench->flops : work.bytes / bench->bytes);
    if (status == LATTN_OK)
        row_show(bench, row);
    return status;
}

/* ---- the way in ---------------------------------------------------------------------------- */

static enum lattn_status lines_read(void *arg, uint64_t calls)
{
    return bench_pairs_read_lines(&((struct bench *)arg)->pairs, calls);
}

static enum lattn_status maps_read(void *arg, uint64_t calls)
{
    return bench_pairs_read_maps(&((struct bench *)arg)->pairs, calls);
}

static enum lattn_status features_form(void *arg, uint64_t calls)
{
    struct bench *bench = arg;
    enum lattn_status status = LATTN_OK;

    for (uint64_t i = 0; i < calls && status == LATTN_OK; i++)
        status = lattn_bench_features(&(struct lattn_batch){bench->pairs.items, BENCH_PAIRS_BATCH},
                                      bench->features);
    return status;
}

/* Numbers of one pair. */
static double numbers_of(const struct lattn_item *item)
{
    return (double)item->n * item->d + item->m;
}

static struct bench_work features_work(const struct lattn_item *item)
{
    double d = item->d;
    double p = (double)lattn_features(item->d);

    return (struct bench_work){
        .flops = BENCH_PAIRS_BATCH * (item->n * d * (d + 1) + p),
        .bytes = BENCH_PAIRS_BATCH * sizeof(double) * (item->n * d + p),
    };
}

static enum verb_exit way_measure(struct bench *bench)
{
    const struct bench_pairs *pairs = &bench->pairs;
    double decoded = BENCH_PAIRS_COUNT * sizeof(double) * numbers_of(&pairs->items[0]);
    const struct {
        stopwatch_fn read;
        struct bench_work work;
        struct bench_row row;
    } ways[] = {
        {lines_read,
         {0, decoded + (double)pairs->lines.length},
         {.stage = "decode ndjson", .unit = BENCH_PAIRS, .count = BENCH_PAIRS_COUNT}},
        {maps_read,
         {0, decoded + (double)pairs->maps.length},
         {.stage = "decode msgpack", .unit = BENCH_PAIRS, .count = BENCH_PAIRS_COUNT}},
        {features_form,
         features_work(&pairs->items[0]),
         {.stage = "features", .unit = BENCH_PAIRS, .count = BENCH_PAIRS_BATCH}},
    };

    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct bench_row row = ways[i].row;
        enum lattn_status status = row_measure(
            bench, (struct stopwatch_task){.work = ways[i].read, .arg = bench}, ways[i].work, &row);

        if (status != LATTN_OK)
            return refuse(bench, row.stage, status);
    }
    return VERB_DONE;
}

/* ---- engines ------------------------------------------------------------------------------- */

static enum verb_exit learner_measure(struct bench *bench, enum lattn_engine engine)
{
    const struct lattn_item *item = &bench->pairs.items[0];
    struct bench_learner learner;
    const char *object = "pairs";
    enum lattn_status status = bench_learner_make(&learner, &bench->pairs, engine);

    if (status != LATTN_OK)
        return refuse(bench, lattn_engine_text(engine), status);
    for (size_t i = 0; i < BENCH_LEARNER_STAGES && status == LATTN_OK; i++) {
        const struct bench_learner_stage *stage = &bench_learner_stages[i];
        struct bench_row row = {
            .stage = stage->name,
            .engine = lattn_engine_text(engine),
            .unit = stage->unit,
            .count = BENCH_PAIRS_COUNT,
        };
        const struct stopwatch_task task = {
            .prepare = stage->prepare, .work = stage->work, .arg = &learner};

        object = stage->name;
        status = row_measure(bench, task, bench_learner_work(i, engine, item->d, item->m), &row);
    }
    bench_learner_done(&learner);
    return status == LATTN_OK ? VERB_DONE : refuse(bench, object, status);
}

static enum verb_exit daemon_measure(struct bench *bench, enum lattn_engine engine,
                                     enum lattn_format format)
{
    const struct lattn_item *item = &bench->pairs.items[0];
    struct bench_row row = {
        .stage = format == LATTN_FORMAT_JSON ? "end to end ndjson" : "end to end msgpack",
        .engine = lattn_engine_text(engine),
        .unit = BENCH_PAIRS,
        .count = BENCH_PAIRS_COUNT,
    };
    struct bench_work work = bench_learner_work(0, engine, item->d, item->m);
    struct bench_daemon daemon;
    enum lattn_status status;
    enum verb_exit code = bench_daemon_start(&daemon, bench->wish->daemon,
                                             lattn_engine_text(engine), &bench->pairs, format);

    if (code != VERB_DONE)
        return code;
    work.bytes = (double)daemon.messages->length;
    status = row_measure(bench, (struct stopwatch_task){.work = bench_daemon_feed, .arg = &daemon},
                         work, &row);
    if (status != LATTN_OK)
        code = bench_daemon_refuse(&daemon, status);
    bench_daemon_end(&daemon);
    return code;
}

static enum verb_exit engines_measure(struct bench *bench)
{
    enum verb_exit code = VERB_DONE;

    for (size_t i = 0; i < bench->wish->engines_count && code == VERB_DONE; i++) {
        enum lattn_engine engine = bench->wish->engines[i];

        code = learner_measure(bench, engine);
        if (code == VERB_DONE)
            code = daemon_measure(bench, engine, LATTN_FORMAT_JSON);
        if (code == VERB_DONE)
            code = daemon_measure(bench, engine, LATTN_FORMAT_MSGPACK);
    }
    return code;
}

/* ---- the verb ------------------------------------------------------------------------------ */

static enum verb_exit dim_measure(struct bench *bench)
{
    const struct bench_wish *wish = bench->wish;
    struct lattn_random_settings settings = lattn_random_settings_default();
    enum verb_exit code;
    enum lattn_status status;

    settings.dim = bench->dim;
    settings.heads = (int32_t)wish->heads;
    settings.outputs = (int32_t)wish->outputs;
    settings.length = (int32_t)wish->length;
    settings.labels = LATTN_LABELS_LAST;
    status = bench_pairs_make(&bench->pairs, &settings);
    if (status != LATTN_OK)
        return refuse(bench, "pairs", status);
    bench->features =
        calloc(BENCH_PAIRS_BATCH * (size_t)lattn_features(bench->dim), sizeof(double));
    code = bench->features == NULL ? refuse(bench, "features", LATTN_NO_MEMORY)
                                   : machine_measure(bench);
    if (code == VERB_DONE)
        code = way_measure(bench);
    if (code == VERB_DONE)
        code = engines_measure(bench);
    free(bench->features);
    bench_pairs_done(&bench->pairs);
    return code;
}

static void begin_print(const struct bench_wish *wish)
{
    if (wish->is_json)
        printf("{\"version\":\"%s\",\"heads\":%d,\"outputs\":%d,\"length\":%d,\"threads\":%d,"
               "\"rows\":[",
               LATTN_VERSION, (int)wish->heads, (int)wish->outputs, (int)wish->length,
               (int)wish->threads);
    else
        bench_row_print_head(stdout);
}

static void end_print(const struct bench *bench)
{
    if (bench->wish->is_json)
        printf("],\n\"noisy\":%s}\n", bench->rows_noisy > 0 ? "true" : "false");
    if (bench->rows_noisy > 0)
        talk(bench->verb, "this machine",
             "it is noisy: %d of %d rows spread more than %g %%, ask for more --seconds or less "
             "else",
             (int)bench->rows_noisy, (int)bench->rows_count, 100 * BENCH_SPREAD_MAX);
}

enum verb_exit bench_run(int argc, char **argv)
{
    struct bench_wish wish;
    struct bench bench = {.verb = argv[0], .wish = &wish};
    enum options_outcome outcome = bench_wish_read(argc, argv, &wish);
    enum verb_exit code = VERB_DONE;
    enum lattn_status status;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    status = lattn_bench_open(&bench.machine, (int32_t)wish.threads);
    if (status != LATTN_OK)
        return refuse(&bench, "machine", status);
    begin_print(&wish);
    progress_begin(argv[0], "rows", -1, 0, PROGRESS_ALL_ALONG);
    for (int32_t i = 0; i < wish.dims_count && code == VERB_DONE; i++) {
        bench.dim = wish.dims[i];
        code = dim_measure(&bench);
    }
    progress_end();
    end_print(&bench);
    lattn_bench_close(&bench.machine);
    return code;
}
