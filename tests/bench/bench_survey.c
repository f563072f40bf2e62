/*
 * What it costs to test arriving inputs before they are learned: the same blocks through two
 * learners side by side, one of which surveys them. Printed are the medians per pair, and the
 * median of the ratios; `from nothing` is the whole of a stream, while inputs are still
 * undetermined.
 */
#include <lattn/learner.h>
#include <lattn/tasks.h>

#include "base/memory.h"
#include "base/random.h"
#include "core/dense.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    BLOCK = 512, /* what a busy daemon learns at once */
    TOKENS = 8,
    DIM_MAX = 20,
    NUMBERS = 24 * DIM_MAX,
    ROUNDS_MAX = 64
};

/* Where items come from: standard normal tokens of d coordinates, or random automata. */
struct source {
    const char *name;
    int32_t d;      /* 0: automata of 4 states and symbols, words of 32 */
    int32_t before; /* blocks learned before the first that is timed */
    int32_t rounds;
    int32_t length; /* timed at once, in blocks */
};

static double tokens[BLOCK * ROUNDS_MAX][NUMBERS];
static double labels[BLOCK * ROUNDS_MAX][4];
static struct lattn_item items[BLOCK * ROUNDS_MAX];

/* Of this thread: what others do beside it is no part of the ratio. */
static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void require(enum lattn_status status)
{
    if (status == LATTN_OK)
        return;
    fprintf(stderr, "bench_survey: %s\n", lattn_status_text(status));
    exit(EXIT_FAILURE);
}

static void normals_draw(int32_t d, struct random *random, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        random_normals(random, tokens[i], TOKENS * d);
        random_normals(random, labels[i], 1);
        items[i] = (struct lattn_item){
            .z = tokens[i], .y = labels[i], .weight = 1, .n = TOKENS, .d = d, .m = 1};
    }
}

static void automata_draw(struct lattn_task *task, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        struct lattn_item item;

        lattn_task_next(task, &item);
        memcpy(labels[i], item.y, (size_t)item.m * sizeof *labels[i]);
        lattn_item_expand(&item, item.d, tokens[i]);
        item.z = tokens[i];
        item.y = labels[i];
        item.tokens = LATTN_TOKENS_DENSE;
        items[i] = item;
    }
}

static double blocks_learn(struct lattn_learner *learner, int32_t blocks, int is_surveyed)
{
    double start = seconds();

    for (int32_t block = 0; block < blocks; block++) {
        const struct lattn_batch batch = {items + block * BLOCK, BLOCK};

        for (size_t i = 0; i < BLOCK; i++)
            require(lattn_learner_admit(learner, &batch.items[i], NULL));
        if (is_surveyed)
            lattn_learner_survey(learner, &batch);
        else
            lattn_learner_absorb(learner, &batch);
    }
    return seconds() - start;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare);
    return values[count / 2];
}

static void source_time(const struct source *source)
{
    const struct lattn_automaton_settings automaton = {
        .states = 4, .symbols = 4, .length = 32, .query = LATTN_AUTOMATON_STEP, .seed = 74};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *plain, *surveyed;
    struct random random = {.state = 1};
    struct lattn_task *task;
    double without[ROUNDS_MAX], with[ROUNDS_MAX], ratio[ROUNDS_MAX];
    double pairs = (double)source->length * BLOCK;

    require(lattn_automaton_open(&task, &automaton));
    require(lattn_learner_open(&plain, &settings));
    require(lattn_learner_open(&surveyed, &settings));
    for (int32_t i = -source->before; i < source->rounds; i++) {
        int32_t round = i < 0 ? 0 : i;

        if (source->d > 0)
            normals_draw(source->d, &random, source->length * BLOCK);
        else
            automata_draw(task, source->length * BLOCK);
        if (source->before == 0) {
            require(lattn_learner_reset(plain));
            require(lattn_learner_reset(surveyed));
        }
        without[round] = blocks_learn(plain, source->length, 0);
        with[round] = blocks_learn(surveyed, source->length, 1);
        ratio[round] = with[round] / without[round];
    }
    printf("%-28s %9.3f us per pair, surveyed %9.3f us: %5.3f x\n", source->name,
           1e6 * median(without, source->rounds) / pairs,
           1e6 * median(with, source->rounds) / pairs, median(ratio, source->rounds));
    lattn_learner_close(&plain);
    lattn_learner_close(&surveyed);
    lattn_task_close(&task);
}

int main(void)
{
    static const struct source sources[] = {
        {"dense d = 4, identifying", 4, 4, 61, 1},
        {"dense d = 8, identifying", 8, 4, 31, 1},
        {"dense d = 16, identifying", 16, 8, 7, 1},
        {"dense d = 8, from nothing", 8, 0, 11, 4},
        {"dense d = 16, from nothing", 16, 0, 3, 4},
        {"automaton d = 20, settled", 0, 20, 61, 1},
        {"automaton d = 20, from nothing", 0, 0, 15, 12},
    };

    dense_threads_one();
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        source_time(&sources[i]);
    return 0;
}
