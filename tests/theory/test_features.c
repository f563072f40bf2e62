/*
 * The model, its features and its coefficients (README.md, section 1), against the literal formulas
 * in long double.
 */
#include "core/dense.h"
#include "core/feature.h"
#include "support/approx.h"
#include "support/corpus.h"
#include "support/gram.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { DIM_MAX = 7, HEADS = 3, OUTPUTS = 2 };

TestSuite(features, .init = dense_threads_one);

/* sum_h V_h Z Z' Q_h z for output a, in the order it is written; with is_bound of magnitudes. */
static long double literal(const struct lattn_model *model, const struct lattn_item *item,
                           int32_t a, int is_bound)
{
    size_t d = (size_t)model->d;
    const double *query = item->z + (size_t)(item->n - 1) * d;
    long double y = 0;

    for (size_t h = 0; h < (size_t)model->heads; h++)
        for (size_t j = 0; j < d; j++)
            for (size_t t = 0; t < (size_t)item->n; t++)
                for (size_t k = 0; k < d; k++)
                    for (size_t l = 0; l < d; l++) {
                        const double *z = item->z + t * d;
                        long double term =
                            (long double)model->V[(h * (size_t)model->m + (size_t)a) * d + j] *
                            z[j] * z[k] * model->Q[h * d * d + k * d + l] * query[l];

                        y += is_bound ? fabsl(term) : term;
                    }
    return y;
}

/* W' phi with the learner's own features. */
static double linear(const struct lattn_item *item, const double *coef, int32_t a)
{
    int32_t p = feature_count(item->d);
    double *phi = memory_zeroed((size_t)p, sizeof *phi);
    struct feature_reader reader;
    struct feature_view view;
    double y;

    cr_assert_eq(feature_reader_init(&reader, item->d, 0), LATTN_OK);
    feature_reader_start(&reader, item);
    cr_assert(feature_reader_next(&reader, &view));
    feature_row(item->d, &view, 1, phi);
    y = dense_dot(p, coef + (size_t)a * (size_t)p, phi);
    feature_reader_done(&reader);
    memory_release(phi);
    return y;
}

/* Operations an entry goes through: n products in S, p in the sum, a few in each coefficient. */
static double terms_of(const struct lattn_item *item)
{
    return item->n + (double)lattn_features(item->d) + 2 * HEADS + 4;
}

Test(features, make_the_layer_linear)
{
    struct random random = {.state = 11};

    for (int32_t d = 1; d <= DIM_MAX; d++) {
        struct corpus_shape shape = {d, OUTPUTS, 1, 20, LATTN_LABELS_LAST};
        struct lattn_model *model = corpus_model(&random, d, OUTPUTS, HEADS);
        double *coef = corpus_coef(model);
        struct corpus corpus = {0};

        corpus_add_normals(&corpus, &random, 10, &shape);
        for (size_t i = 0; i < corpus.count; i++) {
            const struct lattn_item *item = &corpus.items[i];
            double applied[OUTPUTS];

            lattn_model_apply(model, item->z, item->n, applied);
            for (int32_t a = 0; a < OUTPUTS; a++) {
                double want = (double)literal(model, item, a, 0);
                double rounding = approx_sum(terms_of(item), (double)literal(model, item, a, 1));

                cr_expect_float_eq(linear(item, coef, a), want, rounding, "d = %d", d);
                cr_expect_float_eq(applied[a], want, rounding, "d = %d", d);
            }
        }
        corpus_done(&corpus);
        memory_release(coef);
        lattn_model_close(&model);
    }
}

/* arXiv 2410.10101, (41) and (42). */
Test(features, coefficients_are_those_of_the_paper)
{
    struct random random = {.state = 12};

    for (int32_t d = 1; d <= DIM_MAX; d++) {
        struct lattn_model *model = corpus_model(&random, d, OUTPUTS, HEADS);
        double *coef = corpus_coef(model);
        const double *entry = coef;

        for (int32_t a = 0; a < OUTPUTS; a++)
            for (int32_t j = 0; j < d; j++)
                for (int32_t k = j; k < d; k++)
                    for (int32_t l = 0; l < d; l++, entry++) {
                        long double want = 0, size = 0;

                        for (int32_t h = 0; h < HEADS; h++) {
                            const double *V = model->V + (h * OUTPUTS + a) * d;
                            const double *Q = model->Q + h * d * d;
                            long double one = (long double)V[j] * Q[k * d + l];
                            long double two = j < k ? (long double)V[k] * Q[j * d + l] : 0;

                            want += one + two;
                            size += fabsl(one) + fabsl(two);
                        }
                        cr_expect_float_eq(*entry, (double)want,
                                           approx_sum(2 * HEADS, (double)size));
                    }
        memory_release(coef);
        lattn_model_close(&model);
    }
}

/* The largest difference of two models on random inputs, over the largest value. */
static double models_differ(const struct lattn_model *a, const struct lattn_model *b,
                            struct random *random)
{
    struct corpus_shape shape = {a->d, a->m, 1, 10, LATTN_LABELS_LAST};
    struct corpus corpus = {0};
    double difference = 0, size = 0;

    corpus_add_normals(&corpus, random, 50, &shape);
    for (size_t i = 0; i < corpus.count; i++) {
        double ya[OUTPUTS], yb[OUTPUTS];

        lattn_model_apply(a, corpus.items[i].z, corpus.items[i].n, ya);
        lattn_model_apply(b, corpus.items[i].z, corpus.items[i].n, yb);
        for (int32_t c = 0; c < a->m; c++) {
            difference = fmax(difference, fabs(ya[c] - yb[c]));
            size = fmax(size, fabs(ya[c]));
        }
    }
    corpus_done(&corpus);
    return difference / size;
}

/*
 * The same function with other heads: what is antisymmetric in (b, c) of sum V_h (x) Q_h is free,
 * so V = e_0', Q = e_1 e_0' may be added where V = e_1', Q = e_0 e_0' is taken away.
 */
static struct lattn_model *model_disguised(const struct lattn_model *model, double size)
{
    size_t d = (size_t)model->d;
    size_t heads = (size_t)model->heads;
    size_t v = (size_t)model->m * d;
    struct lattn_model *other;
    double *V, *Q;

    cr_assert_eq(lattn_model_open(&other, model->d, model->m, model->heads + 2), LATTN_OK);
    for (size_t h = 0; h < heads; h++) {
        for (size_t i = 0; i < v; i++)
            other->V[h * v + i] = 4 * model->V[(heads - 1 - h) * v + i];
        for (size_t i = 0; i < d * d; i++)
            other->Q[h * d * d + i] = 0.25 * model->Q[(heads - 1 - h) * d * d + i];
    }
    V = other->V + heads * v;
    Q = other->Q + heads * d * d;
    V[0] = size;
    Q[d] = 1;
    V[v + 1] = -size;
    Q[d * d] = 1;
    return other;
}

Test(features, models_agree_exactly_where_coefficients_do)
{
    struct random random = {.state = 13};

    for (int32_t d = 2; d <= DIM_MAX; d++) {
        struct lattn_model *model = corpus_model(&random, d, OUTPUTS, HEADS);
        struct lattn_model *same = model_disguised(model, 3);
        double terms = 10 + (double)lattn_features(d);
        double absolute, relative;

        cr_assert_eq(lattn_model_distance(model, same, &absolute, &relative), LATTN_OK);
        cr_expect_leq(relative, approx_sum(2 * HEADS, 1));
        /* Values cancel among the terms: up to about terms times the largest value. */
        cr_expect_leq(models_differ(model, same, &random), approx_sum(terms, terms));
        same->Q[1] += 1e-6;
        cr_assert_eq(lattn_model_distance(model, same, &absolute, &relative), LATTN_OK);
        cr_expect_gt(relative, 1e-9);
        cr_expect_gt(models_differ(model, same, &random), 1e-9);
        lattn_model_close(&model);
        lattn_model_close(&same);
    }
}

/* Labels that no layer explains, so that every head of the decomposition is needed. */
Test(features, heads_reproduce_the_coefficients)
{
    struct random random = {.state = 14};

    for (int32_t d = 1; d <= DIM_MAX; d++) {
        struct corpus_shape shape = {d, OUTPUTS, 2, 9, LATTN_LABELS_LAST};
        struct lattn_learner_settings settings = lattn_learner_settings_default();
        struct lattn_learner *learner = corpus_learner(&settings);
        size_t p = (size_t)lattn_features(d);
        struct corpus corpus = {0};
        struct lattn_model *model;
        double *coef, *again;

        corpus_add_normals(&corpus, &random, 2 * p, &shape);
        corpus_teach(&corpus, 0, corpus.count, learner);
        cr_assert_eq(lattn_learner_model(learner, LATTN_HEADS_SVD, 0, &model), LATTN_OK);
        coef = corpus_solution(learner);
        again = corpus_coef(model);
        /* Backward error of a decomposition of (m d) x (d d). */
        cr_expect_leq(corpus_distance(again, coef, OUTPUTS * p),
                      approx_sum(OUTPUTS * d + d * d, 1));
        cr_expect_eq(model->heads, OUTPUTS * d < d * d ? OUTPUTS * d : d * d);
        memory_release(again);
        memory_release(coef);
        corpus_done(&corpus);
        lattn_model_close(&model);
        lattn_learner_close(&learner);
    }
}

/* ---- rows ---------------------------------------------------------------------------------- */

static struct gram gram_after(const struct corpus *corpus,
                              const struct lattn_learner_settings *settings)
{
    struct lattn_learner *learner = corpus_learner(settings);
    struct gram gram;

    corpus_teach_blocks(corpus, 3, learner);
    gram_of_learner(&gram, learner);
    lattn_learner_close(&learner);
    return gram;
}

/* Rounding of R'R: each entry goes through the columns and rows of an orthogonal update. */
static double gram_rounding(const struct gram *gram)
{
    return approx_sum(gram->p + (double)gram->weight, 1);
}

static void rows_compare(enum lattn_labels labels, uint64_t seed)
{
    struct random random = {.state = seed};
    struct lattn_learner_settings settings = lattn_learner_settings_default();

    for (int32_t d = 1; d <= 5; d++) {
        struct corpus_shape shape = {d, OUTPUTS, 1, 12, labels};
        struct corpus together = {0}, apart = {0};
        struct gram gram, gram_apart, oracle;

        corpus_add_normals(&together, &random, 20, &shape);
        for (size_t i = 0; i < together.count; i++)
            corpus_add_rows(&apart, &together.items[i]);
        gram = gram_after(&together, &settings);
        gram_apart = gram_after(&apart, &settings);
        gram_init(&oracle, d, OUTPUTS, 0);
        for (size_t i = 0; i < together.count; i++)
            gram_add(&oracle, &together.items[i], 1);
        cr_expect_leq(gram_distance(&gram, &oracle), gram_rounding(&oracle), "d = %d", d);
        cr_expect_leq(gram_distance(&gram_apart, &oracle), gram_rounding(&oracle), "d = %d", d);
        cr_expect_eq(gram.weight, (long double)apart.count);
        gram_done(&gram);
        gram_done(&gram_apart);
        gram_done(&oracle);
        corpus_done(&together);
        corpus_done(&apart);
    }
}

Test(features, labels_at_every_position_are_one_item_per_prefix)
{
    rows_compare(LATTN_LABELS_CAUSAL, 15);
}

Test(features, labels_without_mask_share_the_whole_sequence)
{
    rows_compare(LATTN_LABELS_FULL, 16);
}

Test(features, bias_is_a_constant_coordinate_in_front)
{
    struct random random = {.state = 17};
    struct lattn_learner_settings with = lattn_learner_settings_default();
    struct lattn_learner_settings without = with;
    struct corpus_shape narrow = {3, 1, 1, 12, LATTN_LABELS_CAUSAL};
    struct corpus_shape wide = {4, 1, 1, 12, LATTN_LABELS_CAUSAL};
    struct corpus given = {0}, appended = {0};
    struct gram gram, explicit;

    with.bias = 1;
    corpus_add_normals(&given, &random, 30, &narrow);
    for (size_t i = 0; i < given.count; i++) {
        const struct lattn_item *item = &given.items[i];
        struct corpus_entry entry = corpus_add(&appended, item->n, &wide);

        for (int32_t t = 0; t < item->n; t++) {
            entry.z[t * 4] = 1;
            memcpy(entry.z + t * 4 + 1, item->z + t * 3, 3 * sizeof *entry.z);
        }
        memcpy(entry.y, item->y, (size_t)item->n * sizeof *entry.y);
    }
    gram = gram_after(&given, &with);
    explicit = gram_after(&appended, &without);
    cr_expect_leq(gram_distance(&gram, &explicit), gram_rounding(&gram));
    gram_done(&gram);
    gram_done(&explicit);
    corpus_done(&given);
    corpus_done(&appended);
}
