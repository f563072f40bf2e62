/*
 * Where no layer makes the labels, what is learned is the best layer there is (README.md, statement
 * 6; arXiv 2410.10101, A.6). In-context regression shows it: the best is one gradient step, whose
 * risk is known, and a learner comes down to it as its data grows.
 */
#include "core/dense.h"
#include "support/corpus.h"

#include "base/memory.h"

#include <lattn/tasks.h>

#include <criterion/criterion.h>

TestSuite(agnostic, .init = dense_threads_one);

enum { PAIRS_HELD_OUT = 20000, BLOCK = 500 };

static struct lattn_task *regression_task(uint64_t seed)
{
    struct lattn_regression_settings settings = lattn_regression_settings_default();
    struct lattn_task *task;

    settings.seed = seed;
    cr_assert_eq(lattn_regression_open(&task, &settings), LATTN_OK);
    return task;
}

static void task_teach(struct lattn_task *task, int32_t pairs, struct lattn_learner *learner)
{
    for (; pairs > 0; pairs -= BLOCK) {
        struct corpus corpus = {0};

        for (int i = 0; i < BLOCK; i++)
            corpus_add_task(&corpus, task);
        corpus_teach_blocks(&corpus, BLOCK, learner);
        corpus_done(&corpus);
    }
}

/* Mean squared error on sequences that were not learned. */
static double risk_of(struct lattn_learner *learner)
{
    struct lattn_task *task = regression_task(2);
    double sum = 0;

    for (int i = 0; i < PAIRS_HELD_OUT; i++) {
        double y, std_error;
        struct lattn_prediction prediction = {.y = &y, .std_error = &std_error};
        struct lattn_item item;

        lattn_task_next(task, &item);
        cr_assert_eq(lattn_learner_predict(learner, &item, &prediction, NULL), LATTN_OK);
        sum += (y - item.y[0]) * (y - item.y[0]);
    }
    lattn_task_close(&task);
    return sum / PAIRS_HELD_OUT;
}

Test(agnostic, learning_comes_down_to_the_best_layer, .timeout = 120)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    struct lattn_task *task = regression_task(1);
    double few, many;

    task_teach(task, 500, learner);
    few = risk_of(learner);
    task_teach(task, 31500, learner);
    many = risk_of(learner);
    /* 4 features, 20 examples: 4 * 5 / 25; the held-out mean itself is good to 0.015. */
    cr_expect_float_eq(many, 0.8, 0.04, "%g", many);
    cr_expect_gt(few, many + 0.05, "%g after 500 pairs", few);
    lattn_task_close(&task);
    lattn_learner_close(&learner);
}
