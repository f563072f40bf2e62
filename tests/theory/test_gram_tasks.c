/*
 * The two engines on the tasks: they agree on the verdict, on which inputs are determined and, to
 * 1e-9, on what these are predicted to be (README.md, section 2).
 *
 * With LATTN_LONG=1 at the sizes of the tasks' own tests.
 */
#include "core/dense.h"
#include "support/engines.h"

#include <lattn/tasks.h>

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

TestSuite(gram_tasks, .init = dense_threads_one);

/* Labels that no layer makes are noise, so that the condition of the few rows to begin with enters
 * squared. */
static double agreement(struct engines *engines)
{
    return fmax(1e-9, engines_rounding(engines));
}

/* Look at them after each of the shares of the corpus, in blocks as they come. */
static void engines_follow(struct engines *engines, const struct corpus *corpus,
                           const struct corpus *inputs, const char *what)
{
    enum { LOOKS = 4 };
    static const size_t blocks[LOOKS] = {1, 7, 130, 1000};
    size_t first = 0;

    for (size_t look = 0; look < LOOKS; look++) {
        size_t end = corpus->count >> (LOOKS - 1 - look);

        while (first < end) {
            size_t count = end - first < blocks[look] ? end - first : blocks[look];

            engines_teach(engines, corpus, first, count);
            first += count;
        }
        if (first > 0)
            engines_expect(engines, inputs, agreement(engines), what);
    }
}

/* Learn `count` items of a task and compare on so many more, with the label at the last token. */
static void task_try(struct lattn_task *task, int32_t count, int32_t asked, const char *what)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct corpus corpus = {0}, inputs = {0};
    struct lattn_certificate certificate;
    struct answers answers;
    struct engines engines;

    for (int32_t i = 0; i < count; i++)
        corpus_add_task(&corpus, task);
    for (int32_t i = 0; i < asked; i++)
        corpus_add_task(&inputs, task);
    engines_open(&engines, &settings);
    engines_follow(&engines, &corpus, &inputs, what);
    certificate = corpus_certify(engines.gram);
    answers = answers_compare(engines.rls, engines.gram, &inputs);
    printf("%s: rank %ld of %ld, %s; %d of %d determined, predictions differ by %.1e\n", what,
           certificate.rank, certificate.p, lattn_verdict_text(certificate.verdict),
           answers.determined, asked, answers.error);
    engines_close(&engines);
    corpus_done(&corpus);
    corpus_done(&inputs);
    lattn_task_close(&task);
}

/* ---- random -------------------------------------------------------------------------------- */

struct random_case {
    int32_t dim;
    int32_t heads;
    int32_t outputs;
    int32_t length;
    enum lattn_labels labels;
    double noise;
    int32_t count;
    int is_long;
};

Test(gram_tasks, random_layers_are_learned_alike, .timeout = 1800)
{
    static const struct random_case cases[] = {
        {2, 1, 1, 100, LATTN_LABELS_CAUSAL, 0, 4, 0},
        {3, 2, 3, 20, LATTN_LABELS_LAST, 0, 200, 0},
        {4, 1, 1, 100, LATTN_LABELS_CAUSAL, 0, 8, 0},
        {4, 2, 4, 12, LATTN_LABELS_LAST, 0.1, 400, 0},
        {8, 1, 1, 100, LATTN_LABELS_CAUSAL, 0, 8, 0},
        {8, 2, 8, 100, LATTN_LABELS_CAUSAL, 0.1, 24, 1},
        {16, 1, 1, 100, LATTN_LABELS_CAUSAL, 0, 40, 1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct random_case *one = &cases[i];
        struct lattn_random_settings settings = {one->dim,   one->heads,  one->outputs, one->length,
                                                 one->noise, one->labels, 40 + i};
        struct lattn_task *task;
        char what[64];

        if (one->is_long && !corpus_is_long())
            continue;
        (void)snprintf(what, sizeof what, "random, d %d, noise %g", one->dim, one->noise);
        cr_assert_eq(lattn_random_open(&task, &settings), LATTN_OK);
        task_try(task, one->count, one->labels == LATTN_LABELS_LAST ? 30 : 10, what);
    }
}

/* ---- memory -------------------------------------------------------------------------------- */

Test(gram_tasks, memories_are_learned_alike, .timeout = 1800)
{
    static const struct {
        double mix;
        double noise;
        int is_long;
    } cases[] = {{.95, 0, 0},  {1, 0, 0},    {.95, .1, 0}, {.97, 0, 1},  {.99, 0, 1},
                 {.995, 0, 1}, {.998, 0, 1}, {.999, 0, 1}, {.99, .1, 1}, {.998, .1, 1}};
    enum { SAMPLES = 1 << 14, SAMPLES_SHORT = 640 };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct lattn_memory_settings settings = {
            .dim = 8, .mix = cases[i].mix, .noise = cases[i].noise, .seed = 1};
        struct lattn_task *task;
        char what[64];

        if (cases[i].is_long && !corpus_is_long())
            continue;
        (void)snprintf(what, sizeof what, "memory, mix %g, noise %g", cases[i].mix, cases[i].noise);
        cr_assert_eq(lattn_memory_open(&task, &settings), LATTN_OK);
        task_try(task, corpus_is_long() ? SAMPLES : SAMPLES_SHORT, 30, what);
    }
}

/* ---- symbols: components that stay deficient ----------------------------------------------- */

Test(gram_tasks, automata_are_learned_alike, .timeout = 1800)
{
    static const struct {
        struct lattn_automaton_settings settings;
        int32_t machines;
        int is_long;
    } cases[] = {
        {{2, 2, 8, LATTN_AUTOMATON_STEP, 72}, 16, 0},
        {{3, 3, 16, LATTN_AUTOMATON_STEP, 73}, 48, 1},
        {{2, 2, 8, LATTN_AUTOMATON_WORD, 72}, 40, 1},
        {{4, 4, 32, LATTN_AUTOMATON_STEP, 74}, 96, 1},
        {{3, 3, 8, LATTN_AUTOMATON_WORD, 73}, 128, 1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct lattn_automaton_settings *settings = &cases[i].settings;
        struct lattn_task *task;
        char what[64];

        if (cases[i].is_long && !corpus_is_long())
            continue;
        (void)snprintf(what, sizeof what, "automaton of %d states%s", settings->states,
                       settings->query == LATTN_AUTOMATON_WORD ? ", words" : "");
        cr_assert_eq(lattn_automaton_open(&task, settings), LATTN_OK);
        task_try(task, cases[i].machines * settings->length, 4 * settings->length, what);
    }
}

Test(gram_tasks, turing_machines_are_learned_alike, .timeout = 1800)
{
    struct lattn_turing_settings settings = lattn_turing_settings_default();
    int32_t pairs = corpus_is_long() ? 64 * 2 * settings.length : 8;
    struct lattn_task *task;

    cr_assert_eq(lattn_turing_open(&task, &settings), LATTN_OK);
    task_try(task, pairs, 2, "turing");
}

/* ---- regression: the query's last coordinate is never seen --------------------------------- */

Test(gram_tasks, regressions_in_context_are_learned_alike, .timeout = 1800)
{
    static const double noises[] = {0, 0.3};

    for (int32_t dim = 2; dim <= 5; dim++) {
        struct lattn_regression_settings settings = lattn_regression_settings_default();
        struct lattn_task *task;
        char what[64];

        settings.dim = dim;
        settings.noise = noises[dim % 2];
        (void)snprintf(what, sizeof what, "regression, d %d, noise %g", dim, settings.noise);
        cr_assert_eq(lattn_regression_open(&task, &settings), LATTN_OK);
        task_try(task, 16 * dim * dim, 30, what);
    }
}

/* ---- sensor rows: a sequence tells the law of its source ------------------------------------ */

/* Lags of an autoregressive source with laws of its own, and what comes next. */
static void sensor_add(struct corpus *corpus, struct random *random)
{
    enum { LAGS = 3, WINDOW = 30 };
    static const struct corpus_shape shape = {LAGS + 1, 1, WINDOW, WINDOW, LATTN_LABELS_LAST};
    struct corpus_entry entry = corpus_add(corpus, WINDOW, &shape);
    double first = 1.2 * random_uniform(random) - 0.6;
    double second = 0.8 * random_uniform(random) - 0.4;
    double x[WINDOW + LAGS + 1];

    random_normals(random, x, WINDOW + LAGS + 1);
    for (int t = 2; t < WINDOW + LAGS + 1; t++)
        x[t] += first * x[t - 1] + second * x[t - 2];
    for (int t = 0; t < WINDOW; t++)
        for (int k = 0; k <= LAGS; k++)
            entry.z[t * (LAGS + 1) + k] = x[t + k];
    /* What is asked of the last row is its newest number. */
    *entry.y = entry.z[WINDOW * (LAGS + 1) - 1];
    entry.z[WINDOW * (LAGS + 1) - 1] = 0;
}

Test(gram_tasks, sensor_rows_are_learned_alike)
{
    enum { ROWS = 600, ASKED = 30 };
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct random random = {.state = 11};
    struct corpus corpus = {0}, inputs = {0};
    struct engines engines;

    for (int i = 0; i < ROWS; i++)
        sensor_add(&corpus, &random);
    for (int i = 0; i < ASKED; i++)
        sensor_add(&inputs, &random);
    engines_open(&engines, &settings);
    engines_follow(&engines, &corpus, &inputs, "sensor rows");
    engines_close(&engines);
    corpus_done(&corpus);
    corpus_done(&inputs);
}
