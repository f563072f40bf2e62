/*
 * One contestant of bench_peers.py: waits for lines on its standard input, each a number of label
 * rows; learns as many and prints how many seconds of the processor that took.
 *
 *     bench_contestant KIND D N
 *
 *     rls, gram            lattn_learner_admit and lattn_learner_absorb of pairs in memory, by a
 *                          learner that has seen every direction before
 *     full-rls, full-gram  the same with labels at all N positions of sequences without mask
 *     learn-rls, learn-gram  a new learner each time, until its weights are there; prints also the
 *                          error of its predictions of inputs it has not seen, relative
 *     one-by-one           recursive least squares on P, the inverse of the Gram matrix: dsymv for
 *                          the gain, dsyr for the downdate, features included
 */
#include <lattn/bench.h>
#include <lattn/learner.h>
#include <lattn/model.h>

#include "base/memory.h"
#include "base/random.h"
#include "core/dense.h"

#include <cblas.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TESTS = 64, BLOCK = 256 };

/*
 * items    a pool of count items with the labels of a random layer; the next one is at; so many
 *          passes over it show a learner every direction, and that it has seen them
 * learner  NULL until it is first asked
 * P        of recursive least squares, p x p, ldp; gain, weights, row: p
 */
struct contest {
    int32_t d, n;
    int64_t p;
    struct lattn_item *items;
    size_t count;
    size_t at;
    size_t passes;
    double *z;
    double *y;
    struct lattn_learner *learner;
    enum lattn_engine engine;
    int ldp;
    double *P, *gain, *weights, *row;
};

static void require(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "bench_contestant: %s\n", what);
    exit(EXIT_FAILURE);
}

static double *array(size_t count)
{
    double *numbers = memory_zeroed(count, sizeof *numbers);

    require(numbers != NULL, "no memory");
    return numbers;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* ---- pairs --------------------------------------------------------------------------------- */

/* y of the layer sum_l V_j S_jk Q_kl z_l, V and Q random. */
static void labels_make(struct contest *contest, struct random *random)
{
    struct lattn_model *layer;

    require(lattn_model_open(&layer, contest->d, 1, 1) == LATTN_OK, "no memory");
    random_normals(random, layer->V, contest->d);
    random_normals(random, layer->Q, contest->d * contest->d);
    for (size_t i = 0; i < contest->count; i++)
        lattn_model_apply(layer, contest->items[i].z, contest->n, &contest->y[i]);
    lattn_model_close(&layer);
}

/* As many as have every direction, and those to test by. */
static void pairs_make(struct contest *contest)
{
    struct random random = {1};
    size_t numbers = (size_t)contest->n * (size_t)contest->d;

    contest->count = (size_t)contest->p * 5 / 4 + BLOCK;
    contest->passes = 1;
    contest->z = array(contest->count * numbers);
    contest->y = array(contest->count);
    contest->items = memory_zeroed(contest->count, sizeof *contest->items);
    require(contest->items != NULL, "no memory");
    random_normals(&random, contest->z, (int64_t)(contest->count * numbers));
    for (size_t i = 0; i < contest->count; i++)
        contest->items[i] = (struct lattn_item){.z = contest->z + i * numbers,
                                                .y = contest->y + i,
                                                .weight = 1,
                                                .n = contest->n,
                                                .d = contest->d,
                                                .m = 1};
    labels_make(contest, &random);
}

/* ---- lattn --------------------------------------------------------------------------------- */

static void learner_make(struct contest *contest)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();

    settings.engine = contest->engine;
    require(lattn_learner_open(&contest->learner, &settings) == LATTN_OK, "no learner");
}

static void learner_take(struct contest *contest, const struct lattn_item *items, size_t count)
{
    const struct lattn_batch batch = {items, count};

    for (size_t i = 0; i < count; i++)
        require(lattn_learner_admit(contest->learner, &items[i], NULL) == LATTN_OK, "not admitted");
    lattn_learner_absorb(contest->learner, &batch);
}

/* Rows out of the pool, block by block, again from its beginning where it ends. */
static void rows_take(struct contest *contest, size_t rows)
{
    while (rows > 0) {
        size_t left = contest->count - contest->at;
        size_t block = rows < BLOCK ? rows : BLOCK;

        block = block < left ? block : left;
        learner_take(contest, contest->items + contest->at, block);
        contest->at = (contest->at + block) % contest->count;
        rows -= block;
    }
}

static double rows_run(struct contest *contest, size_t rows)
{
    double start;

    if (contest->learner == NULL) {
        learner_make(contest);
        rows_take(contest, contest->passes * contest->count);
    }
    start = seconds();
    rows_take(contest, rows);
    return seconds() - start;
}

/* Largest error over the largest label. */
static double error_of(struct contest *contest, const struct lattn_item *tests)
{
    double largest = 0, error = 0;

    for (size_t i = 0; i < TESTS; i++) {
        double y, deviation;
        struct lattn_prediction prediction = {.y = &y, .std_error = &deviation};

        require(lattn_learner_predict(contest->learner, &tests[i], &prediction, NULL) == LATTN_OK,
                "no prediction");
        error = fmax(error, fabs(y - tests[i].y[0]));
        largest = fmax(largest, fabs(tests[i].y[0]));
    }
    return error / largest;
}

static double learn_run(struct contest *contest, size_t rows)
{
    double *coef = array((size_t)contest->p);
    double start = seconds(), took;

    require(rows + TESTS <= contest->count, "so many pairs there are not");
    learner_make(contest);
    for (size_t at = 0; at < rows; at += BLOCK)
        learner_take(contest, contest->items + at, rows - at < BLOCK ? rows - at : BLOCK);
    require(lattn_learner_coef(contest->learner, coef) == LATTN_OK, "no weights");
    took = seconds() - start;
    fprintf(stdout, "%.3g ", error_of(contest, contest->items + contest->count - TESTS));
    lattn_learner_close(&contest->learner);
    memory_release(coef);
    return took;
}

/* ---- labels at every position --------------------------------------------------------------- */

/* Sequences enough for every direction, each with a label for each token, which is any number. */
static void sequences_make(struct contest *contest)
{
    struct random random = {2};
    size_t n = (size_t)contest->n;

    contest->count = (size_t)(contest->p / contest->d + BLOCK / 4);
    contest->passes = 2;
    memory_release(contest->y);
    contest->y = array(contest->count * n);
    random_normals(&random, contest->y, (int64_t)(contest->count * n));
    for (size_t i = 0; i < contest->count; i++) {
        contest->items[i].y = contest->y + i * n;
        contest->items[i].labels = LATTN_LABELS_FULL;
    }
}

static double full_run(struct contest *contest, size_t rows)
{
    if (contest->learner == NULL)
        sequences_make(contest);
    return rows_run(contest, rows / (size_t)contest->n);
}

/* ---- recursive least squares --------------------------------------------------------------- */

static void one_take(struct contest *contest, const struct lattn_item *item)
{
    const struct lattn_batch batch = {item, 1};
    int p = (int)contest->p;
    double innovation, scale;

    require(lattn_bench_features(&batch, contest->row) == LATTN_OK, "no features");
    innovation = item->y[0] - cblas_ddot(p, contest->row, 1, contest->weights, 1);
    cblas_dsymv(CblasColMajor, CblasUpper, p, 1, contest->P, contest->ldp, contest->row, 1, 0,
                contest->gain, 1);
    scale = 1 / (1 + cblas_ddot(p, contest->row, 1, contest->gain, 1));
    cblas_dsyr(CblasColMajor, CblasUpper, p, -scale, contest->gain, 1, contest->P, contest->ldp);
    cblas_daxpy(p, scale * innovation, contest->gain, 1, contest->weights, 1);
}

static double one_by_one_run(struct contest *contest, size_t rows)
{
    size_t p = (size_t)contest->p;
    double start;

    if (contest->P == NULL) {
        contest->ldp = (int)(p + 8) / 8 * 8 + 8; /* off powers of two */
        contest->P = array(p * (size_t)contest->ldp);
        contest->gain = array(p);
        contest->weights = array(p);
        contest->row = array(p);
        for (size_t i = 0; i < p; i++)
            contest->P[i * (size_t)contest->ldp + i] = 1;
    }
    start = seconds();
    for (size_t i = 0; i < rows; i++) {
        one_take(contest, &contest->items[contest->at]);
        contest->at = (contest->at + 1) % contest->count;
    }
    return seconds() - start;
}

/* ---- main ---------------------------------------------------------------------------------- */

static const struct {
    const char *kind;
    enum lattn_engine engine;
    double (*run)(struct contest *contest, size_t rows);
} kinds[] = {
    {"rls", LATTN_ENGINE_RLS, rows_run},
    {"gram", LATTN_ENGINE_GRAM, rows_run},
    {"full-rls", LATTN_ENGINE_RLS, full_run},
    {"full-gram", LATTN_ENGINE_GRAM, full_run},
    {"learn-rls", LATTN_ENGINE_RLS, learn_run},
    {"learn-gram", LATTN_ENGINE_GRAM, learn_run},
    {"one-by-one", LATTN_ENGINE_RLS, one_by_one_run},
};

int main(int argc, char **argv)
{
    struct contest contest = {0};
    size_t kind = 0;
    size_t rows;

    require(argc == 4, "usage: bench_contestant KIND D N");
    while (kind < sizeof kinds / sizeof kinds[0] && strcmp(kinds[kind].kind, argv[1]) != 0)
        kind++;
    require(kind < sizeof kinds / sizeof kinds[0], "no such kind");
    dense_threads_one();
    contest.d = (int32_t)strtol(argv[2], NULL, 10);
    contest.n = (int32_t)strtol(argv[3], NULL, 10);
    contest.p = lattn_features(contest.d);
    contest.engine = kinds[kind].engine;
    pairs_make(&contest);
    while (scanf("%zu", &rows) == 1) {
        double took = kinds[kind].run(&contest, rows);

        printf("%.9g\n", took);
        fflush(stdout);
    }
    return 0;
}
