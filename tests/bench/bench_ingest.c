/*
 * What a pair costs on its way in: n = 8 tokens, m = 1, at d = 4, 8 and 16, as text at full
 * precision and as batches of 64 in <f8 and <f4. The stages take turns over the same pairs, and
 * `copy`, which moves the tokens in memory and does nothing else, is beside them: no stage that
 * reads every number can be much faster. Printed are least and median times per pair.
 */
#include <lattn/frame.h>
#include <lattn/learner.h>
#include <lattn/wire.h>

#include "base/random.h"
#include "core/feature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DIM_MAX = 16, TOKENS = 8, PAIRS = 512, BATCH = 64, ROUNDS = 401 };

/* A line is bounded by its length, a batch by its numbers and those of its shapes. */
enum { NUMBERS_MAX = BATCH * (TOKENS * DIM_MAX + 1) + 64 };

/* All pairs in one encoding, and where each message of them ends. */
struct messages {
    struct lattn_text text;
    size_t ends[PAIRS];
    int count;
};

/* What the stages work on. */
struct material {
    int32_t d;
    double z[PAIRS * TOKENS * DIM_MAX];
    double y[PAIRS];
    struct lattn_item items[PAIRS];
    struct messages lines;
    struct messages f8;
    struct messages f4;
    struct lattn_learner *learner;
    struct feature_reader reader;
    double numbers[NUMBERS_MAX];
    double copy[PAIRS * TOKENS * DIM_MAX];
};

static struct material material;

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

static void require(enum lattn_status status)
{
    if (status == LATTN_OK)
        return;
    fprintf(stderr, "bench_ingest: %s\n", lattn_status_text(status));
    exit(EXIT_FAILURE);
}

/* ---- messages ------------------------------------------------------------------------------ */

static void items_make(void)
{
    struct random random = {.state = 1};
    size_t width = (size_t)(TOKENS * material.d);

    random_normals(&random, material.z, PAIRS * TOKENS * material.d);
    random_normals(&random, material.y, PAIRS);
    for (size_t i = 0; i < PAIRS; i++)
        material.items[i] = (struct lattn_item){.z = material.z + i * width,
                                                .y = &material.y[i],
                                                .weight = 1,
                                                .n = TOKENS,
                                                .d = material.d,
                                                .m = 1};
}

static void lines_make(struct messages *messages)
{
    lattn_text_init(&messages->text);
    messages->count = PAIRS;
    for (int i = 0; i < PAIRS; i++) {
        require(lattn_write_pair(&messages->text, LATTN_FORMAT_JSON, &material.items[i], NULL, NULL,
                                 0));
        messages->ends[i] = messages->text.length;
    }
}

static void bytes_add(struct lattn_text *text, const void *bytes, size_t length)
{
    require(lattn_text_add(text, bytes, length));
}

/* {"shape": axes, "dtype": "<f8" or "<f4", "data": bin}, axes as the bytes of an array. */
static void tensor_add(struct lattn_text *text, const char *axes, int is_f4, const double *data,
                       size_t count)
{
    uint32_t bytes = (uint32_t)(count * (is_f4 ? sizeof(float) : sizeof(double)));
    unsigned char head[] = {0xa4, 'd', 'a', 't', 'a', 0xc6, 0, 0, 0, 0};

    for (int i = 0; i < 4; i++)
        head[6 + i] = (unsigned char)(bytes >> (24 - 8 * i));
    bytes_add(text, "\x83\xa5shape", 7);
    bytes_add(text, axes, strlen(axes));
    bytes_add(text, "\xa5", 1);
    bytes_add(text, is_f4 ? "dtype\xa3<f4" : "dtype\xa3<f8", 9);
    bytes_add(text, head, sizeof head);
    if (!is_f4) {
        bytes_add(text, data, bytes);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        float narrow = (float)data[i];

        bytes_add(text, &narrow, sizeof narrow);
    }
}

static void batches_make(struct messages *messages, int is_f4)
{
    const char z_axes[] = {(char)0x93, BATCH, TOKENS, (char)material.d, 0};
    const char y_axes[] = {(char)0x91, BATCH, 0};
    size_t width = (size_t)(TOKENS * material.d);

    lattn_text_init(&messages->text);
    messages->count = 0;
    for (size_t i = 0; i < PAIRS; i += BATCH) {
        bytes_add(&messages->text, "\x82\xa1z", 3);
        tensor_add(&messages->text, z_axes, is_f4, material.z + i * width, BATCH * width);
        bytes_add(&messages->text, "\xa1y", 2);
        tensor_add(&messages->text, y_axes, is_f4, &material.y[i], BATCH);
        messages->ends[messages->count++] = messages->text.length;
    }
}

/* ---- stages -------------------------------------------------------------------------------- */

static void stage_copy(void)
{
    memcpy(material.copy, material.z, (size_t)(PAIRS * TOKENS * material.d) * sizeof(double));
    __asm__ volatile("" ::: "memory");
}

static void stage_lines(void)
{
    struct lattn_message message;
    size_t start = 0, used;

    for (int i = 0; i < material.lines.count; i++) {
        require(lattn_line_read(material.lines.text.data + start, material.lines.ends[i] - start,
                                material.numbers, &used, &message, NULL));
        start = material.lines.ends[i];
    }
}

static void batches_read(const struct messages *messages)
{
    struct lattn_message message;
    size_t start = 0, used;

    for (int i = 0; i < messages->count; i++) {
        require(lattn_learn_read(messages->text.data + start, messages->ends[i] - start,
                                 material.numbers, &used, &message, NULL));
        start = messages->ends[i];
    }
}

static void stage_f8(void)
{
    batches_read(&material.f8);
}

static void stage_f4(void)
{
    batches_read(&material.f4);
}

/* Where the frames of a stream end. */
static void stage_scan(void)
{
    const struct lattn_text *text = &material.f8.text;
    struct lattn_frame frame;

    for (size_t at = 0; at < text->length; at += frame.at) {
        lattn_frame_init(&frame, text->length);
        require(lattn_frame_scan(&frame, text->data + at, text->length - at, NULL));
    }
}

static void stage_admit(void)
{
    for (int i = 0; i < PAIRS; i++)
        require(lattn_learner_admit(material.learner, &material.items[i], NULL));
}

/* As far as S, of which the features are products. */
static void stage_features(void)
{
    struct feature_view view;

    for (int i = 0; i < PAIRS; i++) {
        feature_reader_start(&material.reader, &material.items[i]);
        (void)feature_reader_next(&material.reader, &view);
    }
}

static const struct stage {
    const char *name;
    void (*run)(void);
} stages[] = {
    {"copy", stage_copy}, {"line", stage_lines},  {"scan", stage_scan},  {"<f8", stage_f8},
    {"<f4", stage_f4},    {"admit", stage_admit}, {"S", stage_features},
};

enum { STAGES = sizeof stages / sizeof *stages };

static void report(const struct stage *stage, double *times, double bytes)
{
    double least, median;

    qsort(times, ROUNDS, sizeof *times, compare);
    least = times[0] / PAIRS;
    median = times[ROUNDS / 2] / PAIRS;
    printf("d = %-3d %-6s %8.1f ns a pair (median %8.1f) %12.0f pairs/s %6.2f GB/s\n", material.d,
           stage->name, 1e9 * least, 1e9 * median, 1 / least, 1e-9 * bytes / least);
}

static void measure(int32_t d)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    static double times[STAGES][ROUNDS];

    material.d = d;
    items_make();
    lines_make(&material.lines);
    batches_make(&material.f8, 0);
    batches_make(&material.f4, 1);
    require(lattn_learner_open(&material.learner, &settings));
    require(feature_reader_init(&material.reader, d, 0));
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < STAGES; i++) {
            double start = seconds();

            stages[i].run();
            times[i][round] = seconds() - start;
        }
    for (int i = 0; i < STAGES; i++)
        report(&stages[i], times[i], (double)(TOKENS * d) * sizeof(double));
    feature_reader_done(&material.reader);
    lattn_learner_close(&material.learner);
    lattn_text_done(&material.lines.text);
    lattn_text_done(&material.f8.text);
    lattn_text_done(&material.f4.text);
}

int main(void)
{
    measure(4);
    measure(8);
    measure(DIM_MAX);
    return 0;
}
