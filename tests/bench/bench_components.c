/*
 * What components are worth: the 4-state automaton (p = 4200, one-hot) through the learner, against
 * one dense factor of order p folded by the same kernel in its best block size.
 */
#include <lattn/learner.h>

#include "base/memory.h"
#include "base/random.h"
#include "core/dense.h"
#include "core/update.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    STATES = 4,
    KEYS = STATES * STATES,
    DIM = KEYS + STATES,
    TOKENS = KEYS + 1,
    WORD = 32,
    BATCH = 2048,
    ROUNDS = 21,
    ROWS = 224
};

static double batch_z[BATCH][TOKENS * DIM];
static double batch_y[BATCH][STATES];
static struct lattn_item batch_items[BATCH];

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* One machine: a random table in the context, and a walk of WORD symbols through it. */
static void machine_write(struct random *random, int first)
{
    int table[KEYS];
    int state = 0;

    for (int key = 0; key < KEYS; key++)
        table[key] = (int)random_below(random, STATES);
    for (int i = first; i < first + WORD; i++) {
        int key = state * STATES + (int)random_below(random, STATES);

        for (int k = 0; k < KEYS; k++) {
            batch_z[i][k * DIM + k] = 1;
            batch_z[i][k * DIM + KEYS + table[k]] = 1;
        }
        batch_z[i][KEYS * DIM + key] = 1;
        state = table[key];
        batch_y[i][state] = 1;
        batch_items[i] = (struct lattn_item){.z = batch_z[i],
                                             .y = batch_y[i],
                                             .weight = 1,
                                             .n = TOKENS,
                                             .d = DIM,
                                             .m = STATES,
                                             .labels = LATTN_LABELS_LAST};
    }
}

static double batch_learn(struct lattn_learner *learner, struct random *random)
{
    struct lattn_batch batch = {batch_items, BATCH};
    double start;

    memset(batch_z, 0, sizeof batch_z);
    memset(batch_y, 0, sizeof batch_y);
    for (int first = 0; first < BATCH; first += WORD)
        machine_write(random, first);
    start = seconds();
    for (int i = 0; i < BATCH; i++)
        if (lattn_learner_admit(learner, &batch_items[i], NULL) != LATTN_OK)
            abort();
    lattn_learner_absorb(learner, &batch);
    return (seconds() - start) / BATCH;
}

static double dense_learn(double *factor, double *rows, double *work, size_t ld, int32_t p)
{
    struct random random = {.state = 1};
    double start;

    random_normals(&random, rows, (int64_t)ROWS * (int64_t)ld);
    start = seconds();
    update_block(p, STATES, ROWS, factor, ld, rows, ld, work);
    return (seconds() - start) / ROWS;
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

int main(void)
{
    const int32_t p = DIM * DIM * (DIM + 1) / 2;
    size_t ld = (size_t)p + 16;
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct random random = {.state = 74};
    struct lattn_learner *learner;
    double components[ROUNDS], dense[3];
    double *factor, *rows, *work;

    dense_threads_one();
    factor = memory_zeroed((size_t)p * ld, sizeof *factor);
    rows = memory_zeroed(ROWS * ld, sizeof *rows);
    work = memory_zeroed(update_workspace(ROWS), sizeof *work);
    if (factor == NULL || rows == NULL || work == NULL ||
        lattn_learner_open(&learner, &settings) != LATTN_OK)
        return 1;
    for (int i = 0; i < ROUNDS; i++)
        (void)batch_learn(learner, &random);
    for (int i = 0; i < ROUNDS; i++)
        components[i] = batch_learn(learner, &random);
    for (int i = 0; i < 3; i++)
        dense[i] = dense_learn(factor, rows, work, ld, p);
    printf("one-hot, p = %d: components %.2f us per pair, one dense factor %.0f us: %.0f x\n", p,
           median(components, ROUNDS) * 1e6, median(dense, 3) * 1e6,
           median(dense, 3) / median(components, ROUNDS));
    lattn_learner_close(&learner);
    memory_release(factor);
    memory_release(rows);
    memory_release(work);
    return 0;
}
