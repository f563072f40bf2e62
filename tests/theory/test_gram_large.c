/*
 * The largest dense problem: d = 32, 16 896 features, from nothing to "identifying" and a layer of
 * one head (README.md, section 2). Some minutes and 4 GB, so only with LATTN_LONG=1.
 */
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
