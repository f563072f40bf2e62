/*
 * The best linear predictor in the cubic features is itself a layer, of at most min(m d, d^2) heads
 * (README.md, section 4; arXiv 2410.10101, Theorem 2.2): whatever makes the labels, heads lose
 * nothing against W.
 */
#include "core/dense.h"
#include "support/approx.h"
#include "support/corpus.h"
#include "support/gram.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>

TestSuite(head_bound, .init = dense_threads_one);

enum { DIM_MAX = 5, FEATURES_MAX = 75, OUTPUTS_MAX = 9 };

/* The coefficient of (jk, l), j <= k, that belongs to S_jk z_l; the place of each pair (j, k). */
static double entry(const double *coef, int32_t d, int32_t j, int32_t k, int32_t l)
{
    int32_t pair = j * d - j * (j - 1) / 2 + k - j;

    return j <= k ? coef[pair * d + l] : 0;
}

/* One head for each output a and coordinate j: it reads S_j., and writes output a. */
static struct lattn_model *layer_by_rows(const double *coef, int32_t d, int32_t m)
{
    size_t p = (size_t)lattn_features(d);
    struct lattn_model *model;

    cr_assert_eq(lattn_model_open(&model, d, m, m * d), LATTN_OK);
    for (int32_t h = 0; h < m * d; h++) {
        int32_t a = h / d, j = h % d;

        model->V[(h * m + a) * d + j] = 1;
        for (int32_t k = 0; k < d; k++)
            for (int32_t l = 0; l < d; l++)
                model->Q[(h * d + k) * d + l] = entry(coef + (size_t)a * p, d, j, k, l);
    }
    return model;
}

/* One head for each pair of coordinates (k, l): it reads S_.k z_l, and writes all outputs. */
static struct lattn_model *layer_by_columns(const double *coef, int32_t d, int32_t m)
{
    size_t p = (size_t)lattn_features(d);
    struct lattn_model *model;

    cr_assert_eq(lattn_model_open(&model, d, m, d * d), LATTN_OK);
    for (int32_t h = 0; h < d * d; h++) {
        int32_t k = h / d, l = h % d;

        model->Q[(h * d + k) * d + l] = 1;
        for (int32_t a = 0; a < m; a++)
            for (int32_t j = 0; j < d; j++)
                model->V[(h * m + a) * d + j] = entry(coef + (size_t)a * p, d, j, k, l);
    }
    return model;
}

/* Does a layer compute W' phi, term by term in long double? */
static void expect_computes(const struct lattn_model *model, const double *coef,
                            struct random *random)
{
    struct corpus_shape shape = {model->d, model->m, 1, 9, LATTN_LABELS_LAST};
    size_t p = (size_t)lattn_features(model->d);
    struct corpus corpus = {0};

    corpus_add_normals(&corpus, random, 10, &shape);
    for (size_t i = 0; i < corpus.count; i++) {
        const struct lattn_item *item = &corpus.items[i];
        long double phi[FEATURES_MAX];
        double y[OUTPUTS_MAX];

        gram_features(item, 0, item->n, item->n - 1, phi);
        lattn_model_apply(model, item->z, item->n, y);
        for (size_t a = 0; a < (size_t)model->m; a++) {
            long double want = 0, size = 0;

            for (size_t c = 0; c < p; c++) {
                want += coef[a * p + c] * phi[c];
                size += fabsl(coef[a * p + c] * phi[c]);
            }
            /* Within an entry of S the terms may cancel: up to the tokens' number times it. */
            cr_expect_float_eq(y[a], (double)want,
                               approx_sum((double)p + item->n, item->n * (double)size));
        }
    }
    corpus_done(&corpus);
}

Test(head_bound, any_coefficients_are_a_layer)
{
    struct random random = {.state = 101};

    for (int32_t d = 1; d <= DIM_MAX; d++)
        for (int32_t m = 1; m <= OUTPUTS_MAX; m++) {
            double coef[OUTPUTS_MAX * FEATURES_MAX];
            struct lattn_model *rows, *columns;

            random_normals(&random, coef, m * lattn_features(d));
            rows = layer_by_rows(coef, d, m);
            columns = layer_by_columns(coef, d, m);
            expect_computes(rows, coef, &random);
            expect_computes(columns, coef, &random);
            lattn_model_close(&rows);
            lattn_model_close(&columns);
        }
}

/* Mean squared error of a model, summed over outputs. */
static double risk_of(const struct lattn_model *model, const struct corpus *corpus)
{
    double sum = 0;

    for (size_t i = 0; i < corpus->count; i++) {
        const struct lattn_item *item = &corpus->items[i];
        double y[OUTPUTS_MAX];

        lattn_model_apply(model, item->z, item->n, y);
        for (int32_t a = 0; a < item->m; a++)
            sum += (y[a] - item->y[a]) * (y[a] - item->y[a]);
    }
    return sum / (double)corpus->count;
}

/* Labels that no layer makes: noise, and what is bounded in the tokens. */
static void corpus_label_otherwise(struct corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++) {
        const struct lattn_item *item = &corpus->items[i];

        for (int32_t a = 0; a < item->m; a++)
            ((double *)item->y)[a] += 3 * tanh(item->z[a % item->d]);
    }
}

/* Heads of what was learned: no more than the bound, with the risk of W, which none undercuts. */
static void agnostic_try(int32_t d, int32_t m, uint64_t seed)
{
    struct corpus_shape shape = {d, m, 2, 9, LATTN_LABELS_LAST};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    struct random random = {.state = seed};
    struct corpus corpus = {0};
    struct lattn_report report;
    struct lattn_model *model;
    int32_t entries;
    double risk;

    corpus_add_normals(&corpus, &random, 3 * (size_t)lattn_features(d), &shape);
    corpus_label_otherwise(&corpus);
    corpus_teach_blocks(&corpus, 20, learner);
    cr_assert_eq(lattn_learner_report(learner, &report), LATTN_OK);
    cr_assert_eq(lattn_learner_model(learner, LATTN_HEADS_SVD, 0, &model), LATTN_OK);
    risk = risk_of(model, &corpus);
    cr_expect_leq(model->heads, m < d ? m * d : d * d, "d %d, m %d: %d heads", d, m, model->heads);
    cr_expect_gt(risk, 0.1);
    cr_expect_float_eq(risk / report.loss_train, 1, 1e-10, "d %d, m %d: %g, not %g", d, m, risk,
                       report.loss_train);
    entries = model->heads * m * d;
    for (int i = 0; i < 100; i++) {
        double *at = &model->V[random_below(&random, (uint32_t)entries)];
        double was = *at;

        *at += i % 2 == 0 ? 1e-3 : -1e-3;
        cr_expect_gt(risk_of(model, &corpus), risk);
        *at = was;
    }
    lattn_model_close(&model);
    lattn_report_done(&report);
    lattn_learner_close(&learner);
    corpus_done(&corpus);
}

Test(head_bound, heads_have_the_risk_of_the_best_linear_predictor)
{
    for (int32_t d = 2; d <= 4; d++)
        for (int32_t m = 1; m <= d + 2; m++)
            agnostic_try(d, m, 110 + (uint64_t)(10 * d + m));
}
