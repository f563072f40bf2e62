/*
 * What a pair costs on its way in: d = 4, n = 8, m = 1, as text at full precision and as batches of
 * 64 in <f8. Each stage is timed in turn over the same pairs; printed are the medians per pair.
 */
#include <lattn/learner.h>
#include <lattn/wire.h>

#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DIM = 4, TOKENS = 8, PAIRS = 1024, BATCH = 64, ROUNDS = 301 };

/* A line is bounded by its length, a batch by its numbers and those of its shapes. */
enum { NUMBERS_MAX = BATCH * (TOKENS * DIM + 1) + 64 };

static double batch_z[PAIRS][TOKENS * DIM];
static double batch_y[PAIRS];
static struct lattn_item items[PAIRS];

/* All pairs in one encoding, and where each message of them ends. */
struct messages {
    struct lattn_text text;
    size_t ends[PAIRS];
    int count;
};

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static void report(const char *stage, double *times)
{
    double median;

    qsort(times, ROUNDS, sizeof *times, compare);
    median = times[ROUNDS / 2] / PAIRS;
    printf("%-8s %8.1f ns per pair %12.0f pairs/s\n", stage, 1e9 * median, 1 / median);
}

static void require(enum lattn_status status)
{
    if (status == LATTN_OK)
        return;
    fprintf(stderr, "bench_ingest: %s\n", lattn_status_text(status));
    exit(EXIT_FAILURE);
}

static void items_make(void)
{
    struct random random = {.state = 1};

    random_normals(&random, batch_z[0], PAIRS * TOKENS * DIM);
    random_normals(&random, batch_y, PAIRS);
    for (int i = 0; i < PAIRS; i++)
        items[i] = (struct lattn_item){
            .z = batch_z[i], .y = &batch_y[i], .weight = 1, .n = TOKENS, .d = DIM, .m = 1};
}

static void lines_make(struct messages *messages)
{
    lattn_text_init(&messages->text);
    messages->count = PAIRS;
    for (int i = 0; i < PAIRS; i++) {
        require(lattn_write_pair(&messages->text, LATTN_FORMAT_JSON, &items[i], NULL, NULL, 0));
        messages->ends[i] = messages->text.length;
    }
}

static void lines_read(const struct messages *messages)
{
    double numbers[NUMBERS_MAX];
    struct lattn_message message;
    size_t start = 0, used;

    for (int i = 0; i < messages->count; i++) {
        require(lattn_line_read(messages->text.data + start, messages->ends[i] - start, numbers,
                                &used, &message, NULL));
        start = messages->ends[i];
    }
}

static void bytes_add(struct lattn_text *text, const void *bytes, size_t length)
{
    require(lattn_text_add(text, bytes, length));
}

/* {"shape": [BATCH, ...], "dtype": "<f8", "data": bin}, axes as the bytes of an array. */
static void tensor_add(struct lattn_text *text, const char *axes, const double *data, size_t count)
{
    uint32_t bytes = (uint32_t)(count * sizeof *data);
    unsigned char head[] = {0xa4, 'd', 'a', 't', 'a', 0xc6, 0, 0, 0, 0};

    for (int i = 0; i < 4; i++)
        head[6 + i] = (unsigned char)(bytes >> (24 - 8 * i));
    bytes_add(text, "\x83\xa5shape", 7);
    bytes_add(text, axes, strlen(axes));
    bytes_add(text,
              "\xa5"
              "dtype\xa3<f8",
              10);
    bytes_add(text, head, sizeof head);
    bytes_add(text, data, bytes);
}

static void batches_make(struct messages *messages)
{
    const char z_axes[] = {(char)0x93, BATCH, TOKENS, DIM, 0}, y_axes[] = {(char)0x91, BATCH, 0};

    lattn_text_init(&messages->text);
    for (int i = 0; i < PAIRS; i += BATCH) {
        bytes_add(&messages->text, "\x82\xa1z", 3);
        tensor_add(&messages->text, z_axes, batch_z[i], BATCH * TOKENS * DIM);
        bytes_add(&messages->text, "\xa1y", 2);
        tensor_add(&messages->text, y_axes, &batch_y[i], BATCH);
        messages->ends[messages->count++] = messages->text.length;
    }
}

static void batches_read(const struct messages *messages)
{
    static double numbers[NUMBERS_MAX];
    struct lattn_message message;
    size_t start = 0, used;

    for (int i = 0; i < messages->count; i++) {
        require(lattn_learn_read(messages->text.data + start, messages->ends[i] - start, numbers,
                                 &used, &message, NULL));
        start = messages->ends[i];
    }
}

static void admit(struct lattn_learner *learner)
{
    for (int i = 0; i < PAIRS; i++)
        require(lattn_learner_admit(learner, &items[i], NULL));
}

int main(void)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    static double lines_times[ROUNDS], batches_times[ROUNDS];
    static double admit_times[ROUNDS], absorb_times[ROUNDS];
    static struct messages lines, batches;
    struct lattn_learner *learner;

    items_make();
    lines_make(&lines);
    batches_make(&batches);
    require(lattn_learner_open(&learner, &settings));
    for (int i = 0; i < ROUNDS; i++) {
        double at[5] = {seconds()};

        lines_read(&lines);
        at[1] = seconds();
        batches_read(&batches);
        at[2] = seconds();
        admit(learner);
        at[3] = seconds();
        lattn_learner_absorb(learner, &(struct lattn_batch){items, PAIRS});
        at[4] = seconds();
        lines_times[i] = at[1] - at[0];
        batches_times[i] = at[2] - at[1];
        admit_times[i] = at[3] - at[2];
        absorb_times[i] = at[4] - at[3];
    }
    report("line", lines_times);
    report("batch", batches_times);
    report("admit", admit_times);
    report("absorb", absorb_times);
    lattn_learner_close(&learner);
    lattn_text_done(&lines.text);
    lattn_text_done(&batches.text);
    return 0;
}
