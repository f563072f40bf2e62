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

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { HALF = 4, DIM = 8, SAMPLES = 1 << 14, TOKENS = 5, FEATURES = 288, UNITARY_RANK = 248 };

TestSuite(association, .init = dense_threads_one);

/* Rows of A by modified Gram-Schmidt. */
static void orthonormalise(double A[HALF][HALF])
{
    for (int i = 0; i < HALF; i++) {
        double norm = 0;

        for (int k = 0; k < HALF; k++)
            norm += A[i][k] * A[i][k];
        norm = sqrt(norm);
        for (int k = 0; k < HALF; k++)
            A[i][k] /= norm;
        for (int j = i + 1; j < HALF; j++) {
            double along = 0;

            for (int k = 0; k < HALF; k++)
                along += A[i][k] * A[j][k];
            for (int k = 0; k < HALF; k++)
                A[j][k] -= along * A[i][k];
        }
    }
}

/*
 * One sample of 38 draws: tokens (k_j, v_j), then (q, zeta) with q one of the keys; the label is
 * what the layer V = diag(0, I), Q = diag(I, 0) makes of it, self term included.
 *
 * Returns whether keys and values are orthonormal.
 */
static int sample_add(struct corpus *corpus, struct random *random, double mix)
{
    static const struct corpus_shape shape = {DIM, DIM, 0, 0, LATTN_LABELS_LAST};
    struct corpus_entry entry = corpus_add(corpus, TOKENS, &shape);
    int is_unitary = random_uniform(random) < mix;
    double keys[HALF][HALF], values[HALF][HALF], zeta[HALF];
    double *query = entry.z + (TOKENS - 1) * DIM;
    uint32_t chosen;

    random_normals(random, &keys[0][0], HALF * HALF);
    random_normals(random, &values[0][0], HALF * HALF);
    chosen = random_below(random, HALF);
    random_normals(random, zeta, HALF);
    if (is_unitary) {
        orthonormalise(keys);
        orthonormalise(values);
    }
    for (int t = 0; t < HALF; t++) {
        memcpy(entry.z + t * DIM, keys[t], sizeof keys[t]);
        memcpy(entry.z + t * DIM + HALF, values[t], sizeof values[t]);
    }
    memcpy(query, keys[chosen], sizeof keys[chosen]);
    memcpy(query + HALF, zeta, sizeof zeta);
    for (int t = 0; t < TOKENS; t++)
        for (int a = 0; a < HALF; a++)
            for (int k = 0; k < HALF; k++)
                entry.y[HALF + a] += entry.z[t * DIM + k] * query[k] * entry.z[t * DIM + HALF + a];
    return is_unitary;
}

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
    struct random random = {.state = 1};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    struct corpus corpus = {0};
    struct lattn_certificate certificate;
    double *truth = truth_make(), *coef;
    int64_t rank = UNITARY_RANK + row->others < FEATURES ? UNITARY_RANK + row->others : FEATURES;
    int32_t others = 0;
    double distance;

    for (int i = 0; i < SAMPLES; i++)
        others += !sample_add(&corpus, &random, row->mix);
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
