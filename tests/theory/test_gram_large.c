/*
 * The largest dense problems: d = 32, 16 896 features, from nothing to "identifying" and a layer of
 * one head (README.md, section 2); and one of more than 8192 features that began small, so that it
 * goes over from R. Some minutes and 4 GB, so only with LATTN_LONG=1.
 */
#include "base/memory.h"
#include "core/learner.h"
#include "support/engines.h"

#include <lattn/tasks.h>

#include <criterion/criterion.h>
#include <stdio.h>

enum { DIM = 32, LENGTH = 100, SEQUENCES = 180, BLOCK = 10, FEATURES = 16896 };

/* Bytes that its state may have. */
static const size_t state_most = 700000000;

static struct lattn_task *layer_open(void)
{
    struct lattn_random_settings settings = lattn_random_settings_default();
    struct lattn_task *task;

    settings.dim = DIM;
    settings.length = LENGTH;
    cr_assert_eq(lattn_random_open(&task, &settings), LATTN_OK);
    return task;
}

static void layer_teach(struct lattn_task *task, struct lattn_learner *learner)
{
    for (int32_t first = 0; first < SEQUENCES; first += BLOCK) {
        struct corpus corpus = {0};

        for (int32_t i = 0; i < BLOCK; i++)
            corpus_add_task(&corpus, task);
        corpus_teach(&corpus, 0, corpus.count, learner);
        corpus_done(&corpus);
    }
}

Test(gram_large, is_identified_and_is_one_head, .timeout = 3600)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_certificate certificate;
    struct lattn_learner *learner;
    struct lattn_model *model = NULL;
    struct lattn_task *task;
    double absolute, relative;

    if (!corpus_is_long())
        return;
    settings.engine = LATTN_ENGINE_GRAM;
    learner = corpus_learner(&settings);
    task = layer_open();
    layer_teach(task, learner);
    cr_expect_leq(lattn_learner_memory(learner), state_most, "%zu bytes",
                  lattn_learner_memory(learner));
    certificate = corpus_certify(learner);
    cr_expect_eq(certificate.verdict, LATTN_IDENTIFYING, "%s, rank %ld, rho %g",
                 lattn_verdict_text(certificate.verdict), certificate.rank, certificate.rho);
    cr_expect_eq(certificate.rank, FEATURES);
    cr_assert_eq(lattn_learner_model(learner, LATTN_HEADS_FEWEST, 0, &model), LATTN_OK);
    cr_expect_eq(model->heads, 1, "%d heads", model->heads);
    cr_assert_eq(lattn_model_distance(lattn_task_truth(task), model, &absolute, &relative),
                 LATTN_OK);
    cr_expect_leq(relative, 1e-8, "%g", relative);
    printf("d %d: %lu pairs, %s, rho %.2g, state of %zu MB, %d heads, coefficients right to %.1e\n",
           DIM, certificate.pairs, lattn_verdict_text(certificate.verdict), certificate.rho,
           lattn_learner_memory(learner) >> 20, model->heads, relative);
    lattn_model_close(&model);
    lattn_task_close(&task);
    lattn_learner_close(&learner);
}

/* ---- beyond COMPONENT_ROOT_MAX, from R ------------------------------------------------------ */

enum { LATE_DIM = 26, LATE_FEATURES = 9126, LATE_DENSE = 40, SMALL = 8 };

/* Tokens e_j + e_k, or e_j where they are one, and a query e_l: rows of few features are cheap. */
static void unit_add(struct corpus *corpus, int32_t j, int32_t k, int32_t l)
{
    static const struct corpus_shape shape = {LATE_DIM, 1, 2, 2, LATTN_LABELS_LAST};
    struct corpus_entry entry = corpus_add(corpus, 2, &shape);

    entry.z[j] += 1;
    entry.z[k] += j == k ? 0 : 1;
    entry.z[LATE_DIM + l] = 1;
}

/*
 * One feature first, then all of them, so that they join it in square-root form; then as many
 * independent rows as there are features, beside which the row of all is small: R stays well
 * conditioned. Their labels are those of a layer.
 */
static void late_lessons(struct corpus *corpus, struct random *random,
                         const struct lattn_model *truth)
{
    static const struct corpus_shape dense = {LATE_DIM, 1, 30, 30, LATTN_LABELS_LAST};

    unit_add(corpus, 0, 0, 0);
    corpus_add_normals(corpus, random, 1, &dense);
    for (int32_t i = 0; i < dense.tokens_max * LATE_DIM; i++)
        ((double *)corpus->items[1].z)[i] /= SMALL;
    for (int32_t j = 0; j < LATE_DIM; j++)
        for (int32_t k = j; k < LATE_DIM; k++)
            for (int32_t l = 0; l < LATE_DIM; l++)
                unit_add(corpus, j, k, l);
    corpus_add_normals(corpus, random, LATE_DENSE, &dense);
    corpus_label(corpus, random, truth, 0);
}

static struct lattn_learner *late_learner(void)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();

    settings.engine = LATTN_ENGINE_GRAM;
    return corpus_learner(&settings);
}

static void late_expect(struct lattn_learner *learner, const struct lattn_model *truth)
{
    struct lattn_certificate certificate = corpus_certify(learner);
    double *got = corpus_solution(learner), *want = corpus_coef(truth);
    double error = corpus_distance(got, want, LATE_FEATURES);

    cr_expect_eq(certificate.rank, LATE_FEATURES);
    cr_expect_eq(certificate.verdict, LATTN_IDENTIFYING, "%s, rho %g",
                 lattn_verdict_text(certificate.verdict), certificate.rho);
    cr_expect_leq(error, 1e-8, "%g", error);
    printf("d %d: %lu pairs, rho %.2g, coefficients right to %.1e\n", LATE_DIM, certificate.pairs,
           certificate.rho, error);
    memory_release(got);
    memory_release(want);
}

Test(gram_large, goes_over_from_r_where_features_came_late, .timeout = 3600)
{
    struct random random = {.state = 5};
    struct corpus corpus = {0};
    struct lattn_learner *learner;
    struct lattn_model *truth;

    if (!corpus_is_long())
        return;
    truth = corpus_model(&random, LATE_DIM, 1, 2);
    late_lessons(&corpus, &random, truth);
    learner = late_learner();
    corpus_teach(&corpus, 0, 2, learner);
    cr_assert_eq(learner->factor.components[0]->columns, LATE_FEATURES);
    cr_assert_null(learner->factor.components[0]->moment);
    corpus_teach(&corpus, 2, LATE_FEATURES - 1, learner);
    cr_assert_not_null(learner->factor.components[0]->moment);
    corpus_teach(&corpus, LATE_FEATURES + 1, corpus.count - LATE_FEATURES - 1, learner);
    late_expect(learner, truth);
    lattn_learner_close(&learner);
    lattn_model_close(&truth);
    corpus_done(&corpus);
}
