/*
 * A random layer is recovered from sequences labelled at every prefix (arXiv 2410.10101, 4.1): the
 * rank grows with each sequence as it must, and from full rank on the coefficients are the truth.
 *
 * LATTN_LONG=1 adds d = 16 one pair at a time.
 */
#include "core/dense.h"
#include "support/corpus.h"

#include "base/memory.h"

#include <lattn/tasks.h>

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(recovery, .init = dense_threads_one);

/* Relative error of the coefficients that noiseless data must give at full rank (README.md, 2). */
static const double error_max = 1e-12;

/* Ranks after so many sequences of 100 tokens; a rank of p stays. */
static const struct milestone {
    int32_t d;
    int32_t sequences;
    int64_t rank;
} milestones[] = {{2, 1, 6},    {4, 1, 40},   {8, 1, 100},    {8, 2, 200},   {8, 3, 288},
                  {16, 1, 100}, {16, 2, 200}, {16, 21, 2100}, {16, 22, 2176}};

static int64_t rank_after(int32_t d, int32_t sequences)
{
    for (size_t i = 0; i < sizeof milestones / sizeof *milestones; i++)
        if (milestones[i].d == d && milestones[i].sequences == sequences)
            return milestones[i].rank;
    return -1;
}

/* Sequences of a random layer, and its coefficients. */
struct data {
    struct corpus corpus;
    double *truth;
    size_t p;
};

static void data_init(struct data *data, int32_t d, int32_t sequences, uint64_t seed)
{
    struct lattn_random_settings settings = lattn_random_settings_default();
    struct lattn_task *random;

    settings.dim = d;
    settings.seed = seed;
    cr_assert_eq(lattn_random_open(&random, &settings), LATTN_OK);
    *data = (struct data){.p = (size_t)lattn_features(d)};
    for (int32_t i = 0; i < sequences; i++) {
        struct lattn_item item;

        lattn_task_next(random, &item);
        corpus_add_copy(&data->corpus, &item);
    }
    data->truth = corpus_coef(lattn_task_truth(random));
    lattn_task_close(&random);
}

static void data_done(struct data *data)
{
    corpus_done(&data->corpus);
    memory_release(data->truth);
}

/* The same label rows, each as a sequence of its own. */
static void data_split(struct data *data)
{
    struct corpus rows = {0};

    for (size_t i = 0; i < data->corpus.count; i++)
        corpus_add_rows(&rows, &data->corpus.items[i]);
    corpus_done(&data->corpus);
    data->corpus = rows;
}

static double error_of(const struct data *data, struct lattn_learner *learner)
{
    double *coef = corpus_solution(learner);
    double error = corpus_distance(coef, data->truth, data->p);

    memory_release(coef);
    return error;
}

static void expect_recovered(const struct data *data, struct lattn_learner *learner,
                             const char *how)
{
    struct lattn_certificate certificate = corpus_certify(learner);
    double error = error_of(data, learner);

    cr_expect_eq(certificate.rank, (int64_t)data->p, "%s: rank %ld of %zu", how, certificate.rank,
                 data->p);
    cr_expect_eq(certificate.verdict, LATTN_IDENTIFYING, "%s", how);
    cr_expect_leq(error, error_max, "%s, p %zu: %.2g", how, data->p, error);
}

static void sequences_try(int32_t d, int32_t sequences, uint64_t seed)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    struct data data;

    data_init(&data, d, sequences, seed);
    for (int32_t i = 0; i < sequences; i++) {
        int64_t rank = rank_after(d, i + 1);
        struct lattn_certificate certificate;

        corpus_teach(&data.corpus, (size_t)i, 1, learner);
        if (rank < 0 && ((size_t)(i + 1) * 100 < data.p || (d == 16 && !corpus_is_long())))
            continue;
        certificate = corpus_certify(learner);
        if (rank >= 0)
            cr_expect_eq(certificate.rank, rank, "d %d, seed %lu, %d sequences: rank %ld", d, seed,
                         i + 1, certificate.rank);
        if ((size_t)certificate.rank < data.p)
            cr_expect_neq(certificate.verdict, LATTN_IDENTIFYING);
        else
            expect_recovered(&data, learner, "sequence by sequence");
    }
    data_done(&data);
    lattn_learner_close(&learner);
}

Test(recovery, of_small_layers_takes_the_stated_sequences, .timeout = 120)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        sequences_try(2, 8, seed);
        sequences_try(4, 8, seed);
        sequences_try(8, 10, seed);
    }
}

Test(recovery, of_sixteen_dimensions_takes_22_sequences, .timeout = 600)
{
    sequences_try(16, 22, 1);
}

/* Blocks of any size, and any order of the pairs. */
static void blocks_try(int32_t d, int32_t sequences, const size_t *blocks, size_t blocks_count)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct random random = {.state = 5};
    struct data data;

    data_init(&data, d, sequences, 3);
    data_split(&data);
    for (size_t b = 0; b < blocks_count; b++) {
        struct lattn_learner *learner = corpus_learner(&settings);
        char how[64];

        snprintf(how, sizeof how, "blocks of %zu%s", blocks[b], b % 2 == 1 ? ", permuted" : "");
        if (b % 2 == 1)
            corpus_shuffle(&data.corpus, &random);
        corpus_teach_blocks(&data.corpus, blocks[b], learner);
        expect_recovered(&data, learner, how);
        lattn_learner_close(&learner);
    }
    data_done(&data);
}

Test(recovery, is_the_same_in_any_blocks_and_any_order, .timeout = 300)
{
    static const size_t blocks[] = {1, 1, 2, 3, 7, 33, 129, 128, 1000, 400};

    blocks_try(2, 1, blocks, sizeof blocks / sizeof *blocks);
    blocks_try(4, 1, blocks, sizeof blocks / sizeof *blocks);
    blocks_try(8, 3, blocks, sizeof blocks / sizeof *blocks);
}

Test(recovery, of_sixteen_dimensions_works_pair_by_pair, .timeout = 1800)
{
    static const size_t single[] = {1};

    if (!corpus_is_long())
        cr_skip_test("with LATTN_LONG=1");
    blocks_try(16, 22, single, 1);
}

/* Several heads and outputs, and a bias: nothing in the argument needs one of each. */
Test(recovery, of_many_heads_and_outputs)
{
    for (int32_t bias = 0; bias < 2; bias++) {
        struct random random = {.state = 6};
        struct corpus_shape shape = {4 - bias, 3, 20, 20, LATTN_LABELS_CAUSAL};
        struct lattn_learner_settings settings = lattn_learner_settings_default();
        struct lattn_model *model = corpus_model(&random, 4, 3, 5);
        double *truth = corpus_coef(model);
        struct lattn_learner *learner;
        struct corpus corpus = {0};
        double *coef;

        settings.bias = bias;
        model->bias = bias;
        learner = corpus_learner(&settings);
        corpus_add_normals(&corpus, &random, 20, &shape);
        corpus_label(&corpus, &random, model, 0);
        corpus_teach_blocks(&corpus, 4, learner);
        cr_expect_eq(corpus_certify(learner).verdict, LATTN_IDENTIFYING);
        coef = corpus_solution(learner);
        cr_expect_leq(corpus_distance(coef, truth, 3 * 40), error_max);
        memory_release(coef);
        memory_release(truth);
        lattn_model_close(&model);
        lattn_learner_close(&learner);
        corpus_done(&corpus);
    }
}
