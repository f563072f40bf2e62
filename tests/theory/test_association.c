/*
 * Key-value association (arXiv 2410.10101, 4.2, Figure 2a): from sequences with orthonormal keys
 * and values the layer is not identified; each sequence of another kind adds one to the rank, and
 * lambda_min says how far the data is from failing.
 */
#include "core/dense.h"
#include "support/approx.h"
#include "support/corpus.h"
#include "support/gram.h"

#include "base/memory.h"

#include <lattn/tasks.h>

#include <criterion/criterion.h>
#include <math.h>

enum { HALF = 4, DIM = 8, SAMPLES = 1 << 14, TOKENS = 5, FEATURES = 288, UNITARY_RANK = 248 };

TestSuite(association, .init = dense_threads_one);

/* Do the keys of a sequence have length 1, as orthonormal ones do and no normal ones? */
static int is_unitary(const double *z)
{
    double square = 0;

    for (int k = 0; k < HALF; k++)
        square += z[k] * z[k];
    return fabs(square - 1) < 1e-12;
}

static struct lattn_task *memory_task(double mix, double noise, uint64_t seed)
{
    const struct lattn_memory_settings settings = {
        .dim = DIM, .mix = mix, .noise = noise, .seed = seed};
    struct lattn_task *task;

    cr_assert_eq(lattn_memory_open(&task, &settings), LATTN_OK);
    return task;
}

/* V = diag(0, I), Q = diag(I, 0), written down once more. */
static double *truth_make(void)
{
    struct lattn_model *model;
    double *coef;

    cr_assert_eq(lattn_model_open(&model, DIM, DIM, 1), LATTN_OK);
    for (int i = 0; i < HALF; i++) {
        model->V[(HALF + i) * DIM + HALF + i] = 1;
        model->Q[i * DIM + i] = 1;
    }
    coef = corpus_coef(model);
    lattn_model_close(&model);
    return coef;
}

/* A row of the table; lambda_min to the digits it prints, with the unit of the last one. */
struct row {
    double mix;
    int32_t others;
    double lambda_min;
    double digit;
};

static void row_try(const struct row *row)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    struct lattn_task *task = memory_task(row->mix, 0, 1);
    struct corpus corpus = {0};
    struct lattn_certificate certificate;
    double *truth = truth_make(), *coef;
    int64_t rank = UNITARY_RANK + row->others < FEATURES ? UNITARY_RANK + row->others : FEATURES;
    int32_t others = 0;
    double distance;

    for (int i = 0; i < SAMPLES; i++) {
        corpus_add_task(&corpus, task);
        others += !is_unitary(corpus.items[i].z);
    }
    corpus_teach_blocks(&corpus, 1000, learner);
    certificate = corpus_certify(learner);
    coef = corpus_solution(learner);
    distance = corpus_distance(coef, truth, DIM * FEATURES);
    cr_expect_eq(others, row->others, "mix %g: %d others", row->mix, others);
    cr_expect_eq(certificate.rank, rank, "mix %g: rank %ld", row->mix, certificate.rank);
    cr_expect_eq(certificate.verdict, rank == FEATURES ? LATTN_IDENTIFYING : LATTN_NOT_IDENTIFYING,
                 "mix %g", row->mix);
    cr_expect_leq(fabs(certificate.lambda_min - row->lambda_min), 0.5 * row->digit,
                  "mix %g: lambda_min %.4g", row->mix, certificate.lambda_min);
    cr_expect_leq(distance, approx_solution(FEATURES, gram_condition(learner)),
                  "mix %g: distance %.2g", row->mix, distance);
    memory_release(truth);
    memory_release(coef);
    corpus_done(&corpus);
    lattn_task_close(&task);
    lattn_learner_close(&learner);
}

Test(association, with_every_twentieth_sample_free_is_identified, .timeout = 120)
{
    row_try(&(struct row){.95, 819, 5.92e-2, 1e-4});
    row_try(&(struct row){.97, 492, 3.08e-2, 1e-4});
}

Test(association, with_fewer_is_identified_less_and_less, .timeout = 120)
{
    row_try(&(struct row){.99, 147, 3.60e-3, 1e-5});
    row_try(&(struct row){.995, 88, 8.91e-4, 1e-6});
    row_try(&(struct row){.998, 40, 7.45e-8, 1e-10});
}

Test(association, with_too_few_is_not_identified, .timeout = 120)
{
    row_try(&(struct row){.999, 21, 0, 0});
    row_try(&(struct row){1, 0, 0, 0});
}

/* ---- noise --------------------------------------------------------------------------------- */

static double noisy_distance(double mix)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    struct lattn_task *task = memory_task(mix, 0.1, 1);
    struct corpus corpus = {0};
    double *truth = truth_make(), *coef;
    double distance;

    for (int i = 0; i < SAMPLES; i++)
        corpus_add_task(&corpus, task);
    corpus_teach_blocks(&corpus, 1000, learner);
    coef = corpus_solution(learner);
    /* The truth has norm 4. */
    distance = 4 * corpus_distance(coef, truth, DIM * FEATURES);
    memory_release(truth);
    memory_release(coef);
    corpus_done(&corpus);
    lattn_task_close(&task);
    lattn_learner_close(&learner);
    return distance;
}

/* Noise of 0.1 on the labels moves the solution by as much as the table says, within 3. */
Test(association, with_noise_is_off_as_the_table_says, .timeout = 120)
{
    static const struct {
        double mix;
        double distance;
    } rows[] = {{.95, .069},  {.97, .092}, {.99, .174}, {.995, .265},
                {.998, 13.2}, {.999, .33}, {1, .142}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double distance = noisy_distance(rows[i].mix);

        cr_expect(distance > rows[i].distance / 3 && distance < 3 * rows[i].distance,
                  "mix %g: distance %.3g, not %.3g", rows[i].mix, distance, rows[i].distance);
    }
}

/* ---- purely unitary data ------------------------------------------------------------------- */

/* The minimum-norm solution is the truth there, by luck; the verdict does not fall for it. */
Test(association, of_unitary_data_is_never_identified, .timeout = 600)
{
    uint64_t seeds = corpus_is_long() ? 200 : 20;

    for (uint64_t seed = 1; seed <= seeds; seed++) {
        struct lattn_learner_settings settings = lattn_learner_settings_default();
        struct lattn_learner *learner = corpus_learner(&settings);
        struct lattn_task *task = memory_task(1, 0, seed);

        for (int block = 1; block <= 8; block++) {
            struct corpus corpus = {0};
            struct lattn_certificate certificate;

            for (int i = 0; i < 250; i++)
                corpus_add_task(&corpus, task);
            corpus_teach_blocks(&corpus, 250, learner);
            corpus_done(&corpus);
            certificate = corpus_certify(learner);
            cr_expect_eq(certificate.verdict, LATTN_NOT_IDENTIFYING, "seed %lu", seed);
            cr_expect_eq(certificate.rank, UNITARY_RANK, "seed %lu: rank %ld", seed,
                         certificate.rank);
        }
        lattn_task_close(&task);
        lattn_learner_close(&learner);
    }
}
