/*
 * Progressive loss (README.md, section 2): each pair is predicted by the exact solution of all
 * before it, and never of itself.
 */
#include "core/dense.h"
#include "support/approx.h"
#include "support/corpus.h"
#include "support/gram.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>

TestSuite(progressive, .init = dense_threads_one);

static double loss_of(struct lattn_learner *learner)
{
    struct lattn_report report;
    double loss;

    cr_assert_eq(lattn_learner_report(learner, &report), LATTN_OK);
    loss = report.loss_progressive;
    lattn_report_done(&report);
    return loss;
}

/* Squared innovations of an item's last row: (y - W'phi)^2, W the oracle's solution so far. */
static double innovation(const struct gram *gram, const struct lattn_item *item)
{
    size_t p = (size_t)gram->p;
    long double *w = memory_zeroed(p * (size_t)gram->m, sizeof *w);
    long double *phi = memory_zeroed(p, sizeof *phi);
    long double square = 0;

    cr_assert(gram_solve(gram, w));
    gram_features(item, gram->bias, item->n, item->n - 1, phi);
    for (int32_t a = 0; a < gram->m; a++) {
        long double error = item->y[a];

        for (size_t j = 0; j < p; j++)
            error -= w[(size_t)a * p + j] * phi[j];
        square += error * error;
    }
    memory_release(w);
    memory_release(phi);
    return (double)square;
}

/*
 * Single pairs: once the rank is full, what the sum of squares grows by is what the naive recursion
 * makes of it.
 */
static void singles_compare(const struct corpus *corpus, size_t start, double forget)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner;
    struct gram oracle;
    double weight = 0, squares = 0, before = 0;

    settings.forget = forget;
    learner = corpus_learner(&settings);
    gram_init(&oracle, corpus->items[0].d, corpus->items[0].m, 0);
    for (size_t i = 0; i < corpus->count; i++) {
        const struct lattn_item *item = &corpus->items[i];

        if (i == start)
            before = loss_of(learner) * weight;
        if (i >= start)
            squares += item->weight * innovation(&oracle, item);
        weight += item->weight;
        corpus_teach_item(item, learner);
        gram_add(&oracle, item, forget);
    }
    /* The recursion loses the square of the condition, some hundreds, at each of its steps. */
    cr_expect_leq(approx_error(loss_of(learner) * weight - before, squares),
                  approx_sum((double)corpus->count * oracle.p, 1e3), "forget %g: %.3g", forget,
                  approx_error(loss_of(learner) * weight - before, squares));
    gram_done(&oracle);
    lattn_learner_close(&learner);
}

Test(progressive, is_the_mean_squared_innovation_of_naive_recursion)
{
    struct random random = {.state = 31};
    struct corpus_shape shape = {3, 2, 2, 9, LATTN_LABELS_LAST};
    struct lattn_model *model = corpus_model(&random, 3, 2, 2);
    struct corpus corpus = {0};

    corpus_add_normals(&corpus, &random, 400, &shape);
    corpus_label(&corpus, &random, model, 5);
    for (size_t i = 0; i < corpus.count; i++)
        corpus.items[i].weight = 0.5 + random_uniform(&random);
    singles_compare(&corpus, 60, 1);
    singles_compare(&corpus, 60, 0.99);
    lattn_model_close(&model);
    corpus_done(&corpus);
}

Test(progressive, of_a_block_uses_weights_from_before_it)
{
    enum { START = 100, BLOCK = 50 };
    struct random random = {.state = 32};
    struct corpus_shape shape = {3, 1, 2, 9, LATTN_LABELS_LAST};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    struct corpus corpus = {0};
    struct gram oracle;
    double before, squares = 0;

    corpus_add_normals(&corpus, &random, START + BLOCK, &shape);
    gram_init(&oracle, 3, 1, 0);
    for (size_t i = 0; i < START; i++)
        gram_add(&oracle, &corpus.items[i], 1);
    corpus_teach(&corpus, 0, START, learner);
    before = loss_of(learner) * START;
    for (size_t i = START; i < START + BLOCK; i++)
        squares += innovation(&oracle, &corpus.items[i]);
    corpus_teach(&corpus, START, BLOCK, learner);
    cr_expect_leq(approx_error(loss_of(learner) * (START + BLOCK) - before, squares),
                  approx_sum((START + BLOCK) * 18, 1e3));
    gram_done(&oracle);
    lattn_learner_close(&learner);
    corpus_done(&corpus);
}

Test(progressive, never_knows_the_pair_itself)
{
    struct random random = {.state = 33};
    struct corpus_shape shape = {2, 1, 2, 9, LATTN_LABELS_LAST};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    struct corpus corpus = {0};
    struct lattn_report report;
    double y;

    /* The first pair is predicted by nothing at all. */
    corpus_add_normals(&corpus, &random, 3000, &shape);
    y = corpus.items[0].y[0];
    corpus_teach(&corpus, 0, 1, learner);
    cr_expect_float_eq(loss_of(learner), y * y, approx_sum(1, y * y));
    /*
     * Labels of pure noise cannot be predicted: the progressive loss stays above its variance by
     * what the weights have fitted, the training loss below it by as much (p / N = 0.002 each;
     * their distance is 2 p / N, known to 1 / sqrt(p)).
     */
    corpus_teach_blocks(&corpus, 1, learner);
    cr_assert_eq(lattn_learner_report(learner, &report), LATTN_OK);
    cr_expect_gt(report.loss_progressive, report.loss_train);
    cr_expect_gt(report.loss_progressive - report.loss_train, 6.0 / 3000 * report.loss_train);
    lattn_report_done(&report);
    lattn_learner_close(&learner);
    corpus_done(&corpus);
}

/*
 * Two alphabets that never meet, learned in blocks that leave a single row waiting in one of them
 * while the other goes on: its innovation and its correction fade alike.
 */
Test(progressive, holds_for_components_that_forget)
{
    enum { START = 60, ROUNDS = 60, OTHERS = 100 };
    struct random random = {.state = 34};
    struct corpus_shape shape = {2, 1, 1, 1, LATTN_LABELS_LAST};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner;
    struct corpus corpus = {0};
    double weight = 0, squares = 0, before = 0;
    double forget = 0.99, g[2] = {0}, b[2] = {0};

    settings.forget = forget;
    learner = corpus_learner(&settings);
    for (int round = 0; round < START + ROUNDS; round++) {
        size_t first = corpus.count;

        /* One row of the first alphabet, then several of the second, in one batch. */
        for (int i = 0; i < 1 + OTHERS; i++) {
            struct corpus_entry entry = corpus_add(&corpus, 1, &shape);

            entry.z[i > 0] = 1;
            random_normals(&random, entry.y, 1);
        }
        if (round == START)
            before = loss_of(learner) * weight;
        /* A component of one column: the mean of its labels, faded. */
        for (int i = 0; i < 1 + OTHERS && round >= START; i++) {
            double error = corpus.items[first + (size_t)i].y[0] - b[i > 0] / g[i > 0];

            squares += error * error;
        }
        for (int i = 0; i < 1 + OTHERS; i++) {
            for (int k = 0; k < 2; k++) {
                g[k] = forget * g[k] + (k == (i > 0));
                b[k] = forget * b[k] + (k == (i > 0)) * corpus.items[first + (size_t)i].y[0];
            }
        }
        corpus_teach(&corpus, first, 1 + OTHERS, learner);
        weight += 1 + OTHERS;
    }
    cr_expect_leq(approx_error(loss_of(learner) * weight - before, squares), approx_sum(weight, 10),
                  "%.3g", approx_error(loss_of(learner) * weight - before, squares));
    lattn_learner_close(&learner);
    corpus_done(&corpus);
}
