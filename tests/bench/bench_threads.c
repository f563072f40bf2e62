/*
 * A whole learner with two threads beside one of one thread, in one process: admission, tests of
 * arriving inputs, features and folds of dense pairs in blocks, as lattnd learns them.
 *
 * Both learn the same blocks in turn, after they have seen every direction. Printed are the medians
 * of what a pair takes and of the ratios, and how the least of one compares with the least of the
 * other: another program on one of the cores costs two threads all of it, and one thread next to
 * nothing, so that one is nearest to what two idle cores do.
 *
 * How far apart the two cores are is printed first, as what a word takes from one to the other and
 * back: R goes that way with each block, so up to d = 8 ratios depend on it (core/README.md).
 */

#include <lattn/learner.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/team.h"
#include "core/dense.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { BLOCK = 1024, REPETITIONS_MAX = 1001, THREADS = 2, TURNS = 1000, RELAYS = 100 };

/* A pool of blocks; tokens are as many as coordinates. */
struct pool {
    double *numbers;
    struct lattn_item *items;
    size_t count;
};

static void require(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "bench_threads: %s\n", what);
    exit(EXIT_FAILURE);
}

/* Labels that no layer explains: the learner does not look at them before it is asked. */
static struct pool pool_make(int32_t d)
{
    struct random random = {1};
    size_t numbers = (size_t)(d * d + 1);
    struct pool pool = {.count = ((size_t)lattn_features(d) * 5 / 4 / BLOCK + 2) * BLOCK};

    pool.numbers = memory_raw(pool.count * numbers, sizeof(double));
    pool.items = memory_zeroed(pool.count, sizeof *pool.items);
    require(pool.numbers != NULL && pool.items != NULL, "no memory");
    random_normals(&random, pool.numbers, (int64_t)(pool.count * numbers));
    for (size_t i = 0; i < pool.count; i++) {
        const double *z = pool.numbers + i * numbers;

        pool.items[i] = (struct lattn_item){
            .n = d, .d = d, .m = 1, .z = z, .y = z + d * d, .weight = 1, .labels = 0};
    }
    return pool;
}

static void pool_done(struct pool *pool)
{
    memory_release(pool->numbers);
    memory_release(pool->items);
}

static void block_learn(struct lattn_learner *learner, const struct lattn_item *items)
{
    const struct lattn_batch batch = {items, BLOCK};

    for (size_t i = 0; i < BLOCK; i++)
        require(lattn_learner_admit(learner, &items[i], NULL) == LATTN_OK, "not admitted");
    lattn_learner_survey(learner, &batch);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double seconds(struct lattn_learner *learner, const struct pool *pool, size_t at)
{
    double start = now();

    block_learn(learner, pool->items + at);
    return now() - start;
}

/* Two numbers of their own cache lines: each thread writes one and waits for the other. */
struct relay {
    _Alignas(MEMORY_ALIGNMENT) _Atomic int32_t there;
    _Alignas(MEMORY_ALIGNMENT) _Atomic int32_t back;
};

static void relay_run(void *arg, int32_t share, int32_t thread)
{
    struct relay *relay = arg;

    (void)thread;
    for (int32_t turn = 1; turn <= TURNS; turn++) {
        if (share == 1)
            team_await(&relay->there, turn);
        atomic_store_explicit(share == 0 ? &relay->there : &relay->back, turn,
                              memory_order_release);
        if (share == 0)
            team_await(&relay->back, turn);
    }
}

/* What a word takes from one thread to the other and back, at best. */
static void distance_print(void)
{
    struct team *team = NULL;
    double least = 1;

    require(team_open(&team, THREADS) == LATTN_OK && team_threads(team) == THREADS, "no team");
    for (int32_t i = 0; i < RELAYS; i++) {
        struct relay relay = {0};
        double start = now(), taken;

        team_run(team, relay_run, &relay, THREADS);
        taken = (now() - start) / TURNS;
        least = taken < least ? taken : least;
    }
    team_close(&team);
    printf("from one thread to the other and back: %.0f ns\n", 1e9 * least);
}

static struct lattn_learner *learner_make(const struct pool *pool, enum lattn_engine engine,
                                          int32_t threads)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner;

    settings.engine = engine;
    require(lattn_learner_open(&learner, &settings) == LATTN_OK, "no learner");
    require(lattn_learner_threads_set(learner, threads) == LATTN_OK, "no threads");
    for (size_t i = 0; i < pool->count; i += BLOCK)
        block_learn(learner, pool->items + i);
    return learner;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void contest_run(const char *name, enum lattn_engine engine, int32_t d, size_t repetitions)
{
    struct pool pool = pool_make(d);
    struct lattn_learner *alone = learner_make(&pool, engine, 1);
    struct lattn_learner *helped = learner_make(&pool, engine, THREADS);
    double one[REPETITIONS_MAX], two[REPETITIONS_MAX], ratio[REPETITIONS_MAX];

    for (size_t i = 0; i < repetitions; i++) {
        size_t at = i * BLOCK % pool.count;

        one[i] = seconds(alone, &pool, at);
        two[i] = seconds(helped, &pool, at);
        ratio[i] = one[i] / two[i];
    }
    qsort(one, repetitions, sizeof *one, compare);
    qsort(two, repetitions, sizeof *two, compare);
    qsort(ratio, repetitions, sizeof *ratio, compare);
    printf("%-6s %4d %12.3f %12.3f %8.2f %12.3f %12.3f %8.2f\n", name, d,
           1e6 * one[repetitions / 2] / BLOCK, 1e6 * two[repetitions / 2] / BLOCK,
           ratio[repetitions / 2], 1e6 * one[0] / BLOCK, 1e6 * two[0] / BLOCK, one[0] / two[0]);
    lattn_learner_close(&alone);
    lattn_learner_close(&helped);
    pool_done(&pool);
}

int main(void)
{
    static const struct {
        const char *name;
        enum lattn_engine engine;
        int32_t d;
        size_t repetitions;
    } contests[] = {
        {"rls", LATTN_ENGINE_RLS, 4, 1001},  {"rls", LATTN_ENGINE_RLS, 8, 201},
        {"rls", LATTN_ENGINE_RLS, 16, 7},    {"gram", LATTN_ENGINE_GRAM, 4, 1001},
        {"gram", LATTN_ENGINE_GRAM, 8, 501}, {"gram", LATTN_ENGINE_GRAM, 16, 21},
    };

    dense_threads_one();
    distance_print();
    printf("%-6s %4s %12s %12s %8s %12s %12s %8s\n", "engine", "d", "one us", "two us", "ratio",
           "least one", "least two", "best");
    for (size_t i = 0; i < sizeof contests / sizeof *contests; i++)
        contest_run(contests[i].name, contests[i].engine, contests[i].d, contests[i].repetitions);
    return EXIT_SUCCESS;
}
