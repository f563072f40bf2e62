/*
 * Standard errors (README.md, section 3): over many fits of noisy labels the error of a prediction,
 * divided by what was claimed for it, has standard deviation 1.
 */
#include "core/dense.h"
#include "support/corpus.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

TestSuite(std_error, .init = dense_threads_one);

enum { LABELS = 20000, OUTPUTS_MAX = 2 };

/* 20 000 draws know a standard deviation to 0.005; fits share theirs, so it is some more. */
static const double sd_least = 0.97, sd_most = 1.03;

/* fits * inputs * outputs = LABELS */
struct trial {
    struct corpus_shape shape;
    int32_t bias;
    int32_t fits;
    size_t pairs;
    double noise;
    double forget;
    int32_t repeats; /* the last coordinate repeats the first */
};

/* Sums of z, of held-out labels and of the mean alone; how many intervals hold the mean. */
struct scores {
    double label, label2;
    double mean, mean2;
    int32_t held;
    int32_t count;
};

static double deviation(double sum, double squares, int32_t count)
{
    return sqrt(squares / count - sum / count * (sum / count));
}

static void corpus_fill(struct corpus *corpus, struct random *random, size_t items,
                        const struct trial *trial, const struct lattn_model *model, double noise)
{
    corpus_add_normals(corpus, random, items, &trial->shape);
    if (trial->repeats)
        corpus_repeat(corpus);
    corpus_label(corpus, random, model, noise);
}

static void input_score(struct lattn_learner *learner, const struct lattn_item *item,
                        struct random *random, const struct trial *trial, const double *noise_std,
                        struct scores *scores)
{
    double y[OUTPUTS_MAX], std_error[OUTPUTS_MAX], interval95[OUTPUTS_MAX], noise[OUTPUTS_MAX];
    struct lattn_prediction prediction = {.y = y, .std_error = std_error, .interval95 = interval95};

    cr_assert_eq(lattn_learner_predict(learner, item, &prediction, NULL), LATTN_OK);
    cr_assert(prediction.determined && prediction.has_std_error);
    random_normals(random, noise, item->m);
    for (int32_t a = 0; a < item->m; a++) {
        double error = item->y[a] - y[a];
        double label = (error + trial->noise * noise[a]) / hypot(noise_std[a], std_error[a]);

        scores->label += label;
        scores->label2 += label * label;
        scores->mean += error / std_error[a];
        scores->mean2 += error / std_error[a] * (error / std_error[a]);
        scores->held += fabs(error) <= interval95[a];
        scores->count++;
    }
}

/* A random layer, learned from noisy labels and asked about inputs with known means. */
static void fit_score(const struct trial *trial, struct random *random, struct scores *scores)
{
    const struct corpus_shape *shape = &trial->shape;
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_model *model = corpus_model(random, shape->d + trial->bias, shape->m, 2);
    struct trial held_out = *trial;
    struct lattn_learner *learner;
    struct corpus corpus = {0}, inputs = {0};
    struct lattn_report report;
    size_t rows = shape->labels == LATTN_LABELS_LAST ? 1 : (size_t)shape->tokens_min;

    settings.bias = trial->bias;
    settings.forget = trial->forget;
    model->bias = trial->bias;
    learner = corpus_learner(&settings);
    corpus_fill(&corpus, random, trial->pairs / rows, trial, model, trial->noise);
    corpus_teach(&corpus, 0, corpus.count, learner);
    cr_assert_eq(lattn_learner_report(learner, &report), LATTN_OK);
    held_out.shape.labels = LATTN_LABELS_LAST;
    corpus_fill(&inputs, random, (size_t)(LABELS / trial->fits / shape->m), &held_out, model, 0);
    for (size_t i = 0; i < inputs.count; i++)
        input_score(learner, &inputs.items[i], random, trial, report.noise_std, scores);
    lattn_report_done(&report);
    corpus_done(&corpus);
    corpus_done(&inputs);
    lattn_model_close(&model);
    lattn_learner_close(&learner);
}

static struct scores trial_run(const struct trial *trial, uint64_t seed)
{
    struct random random = {.state = seed};
    struct scores scores = {0};

    for (int32_t i = 0; i < trial->fits; i++)
        fit_score(trial, &random, &scores);
    cr_assert_eq(scores.count, LABELS);
    printf("d %d, m %d, %zu pairs, noise %g, forget %g: sd of z %.4f, of the mean alone %.4f; "
           "%.1f %% of the intervals hold\n",
           trial->shape.d, trial->shape.m, trial->pairs, trial->noise, trial->forget,
           deviation(scores.label, scores.label2, scores.count),
           deviation(scores.mean, scores.mean2, scores.count), 100. * scores.held / scores.count);
    return scores;
}

/* Half of the fits, each asked twice as much, are enough to see an error of a formula. */
static void expect_calibrated(const struct trial *full, uint64_t seed)
{
    struct trial trial = *full;
    struct scores scores;
    double label, mean;

    trial.fits /= corpus_is_long() ? 1 : 2;
    scores = trial_run(&trial, seed);
    label = deviation(scores.label, scores.label2, scores.count);
    mean = deviation(scores.mean, scores.mean2, scores.count);
    cr_expect(sd_least <= label && label <= sd_most, "labels: %.4f", label);
    cr_expect(sd_least <= mean && mean <= sd_most, "means: %.4f", mean);
}

Test(std_error, fits_two_dimensions, .timeout = 120)
{
    static const struct trial trial = {{2, 1, 2, 8, LATTN_LABELS_LAST}, 0, 2000, 300, 0.5, 1, 0};

    expect_calibrated(&trial, 51);
}

Test(std_error, fits_a_bias_and_small_noise, .timeout = 120)
{
    static const struct trial trial = {{2, 2, 3, 6, LATTN_LABELS_LAST}, 1, 1000, 400, 1e-4, 1, 0};

    expect_calibrated(&trial, 52);
}

Test(std_error, fits_labels_at_every_prefix, .timeout = 120)
{
    static const struct trial trial = {{3, 1, 10, 10, LATTN_LABELS_CAUSAL}, 0, 1000, 400, 20, 1, 0};

    expect_calibrated(&trial, 53);
}

Test(std_error, fits_four_dimensions, .timeout = 120)
{
    static const struct trial trial = {{4, 1, 2, 12, LATTN_LABELS_LAST}, 0, 400, 600, 3, 1, 0};

    expect_calibrated(&trial, 54);
}

/* Then the rank takes the place of p, and the stream's own inputs are determined. */
Test(std_error, fits_deficient_data, .timeout = 120)
{
    static const struct trial trial = {{3, 1, 2, 8, LATTN_LABELS_LAST}, 0, 2000, 300, 1, 1, 1};

    expect_calibrated(&trial, 55);
}

/* With forgetting the claim is an average over ages: it may be cautious, never too bold. */
static void expect_cautious(int32_t d, double forget, uint64_t seed)
{
    int32_t fits = corpus_is_long() ? 1000 : 40;
    const struct trial trial = {.shape = {d, 1, 2, 8, LATTN_LABELS_LAST},
                                .fits = fits,
                                .pairs = (size_t)ceil(3 / (1 - forget)),
                                .noise = 0.5,
                                .forget = forget};
    struct scores scores = trial_run(&trial, seed);
    double label = deviation(scores.label, scores.label2, scores.count);
    double mean = deviation(scores.mean, scores.mean2, scores.count);

    cr_expect(0.75 <= label && label <= 1.05, "d %d, forget %g, labels: %.4f", d, forget, label);
    cr_expect(0.75 <= mean && mean <= 1.05, "d %d, forget %g, means: %.4f", d, forget, mean);
    /* Inputs of one fit share its error: some hundred are independent. */
    cr_expect_geq(scores.held, (int32_t)(0.93 * LABELS), "d %d, forget %g: %d hold", d, forget,
                  scores.held);
}

Test(std_error, is_cautious_with_forgetting, .timeout = 3000)
{
    static const double forgets[] = {0.9999, 0.999, 0.995, 0.99, 0.98};

    for (size_t f = corpus_is_long() ? 0 : 1; f < sizeof forgets / sizeof *forgets; f++)
        for (int32_t d = 2; d <= 2 + corpus_is_long(); d++)
            expect_cautious(d, forgets[f], 560 + 2 * f + (uint64_t)d);
}

/* Without noise the error is rounding, and so is the claim. */
Test(std_error, bounds_rounding_where_there_is_no_noise)
{
    static const struct trial trial = {{3, 1, 2, 8, LATTN_LABELS_LAST}, 0, 50, 400, 0, 1, 0};
    struct scores scores = trial_run(&trial, 57);

    cr_expect_leq(deviation(scores.mean, scores.mean2, scores.count), sd_most);
}

Test(std_error, is_not_claimed_without_degrees_of_freedom)
{
    struct random random = {.state = 58};
    struct corpus_shape shape = {2, 1, 2, 8, LATTN_LABELS_LAST};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    struct corpus corpus = {0};

    corpus_add_normals(&corpus, &random, 7, &shape);
    for (size_t i = 0; i < corpus.count; i++) {
        double y[1], std_error[1];
        struct lattn_prediction prediction = {.y = y, .std_error = std_error};

        corpus_teach(&corpus, i, 1, learner);
        cr_assert_eq(lattn_learner_predict(learner, &corpus.items[i], &prediction, NULL), LATTN_OK);
        cr_expect(prediction.determined);
        cr_expect_eq(prediction.has_std_error, i + 1 > 6, "%zu pairs", i + 1);
    }
    lattn_learner_close(&learner);
    corpus_done(&corpus);
}

/* ---- intervals ----------------------------------------------------------------------------- */

static int interval_holds(struct lattn_learner *learner, const struct lattn_item *item)
{
    double y, std_error, interval95;
    struct lattn_prediction prediction = {
        .y = &y, .std_error = &std_error, .interval95 = &interval95};

    cr_assert_eq(lattn_learner_predict(learner, item, &prediction, NULL), LATTN_OK);
    cr_assert(prediction.determined && prediction.has_std_error);
    return fabs(item->y[0] - y) <= interval95;
}

/* Each fit is asked once: so the questions are independent, and how many hold is binomial. */
static void expect_covered(int32_t freedom, uint64_t seed)
{
    enum { FEATURES = 6 };
    static const struct corpus_shape shape = {2, 1, 2, 8, LATTN_LABELS_LAST};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct random random = {.state = seed};
    int32_t fits = corpus_is_long() ? 100000 : 2000;
    double allowed = 4 * sqrt(0.95 * 0.05 * fits);
    int32_t held = 0;

    for (int32_t i = 0; i < fits; i++) {
        struct lattn_model *model = corpus_model(&random, 2, 1, 1);
        struct lattn_learner *learner = corpus_learner(&settings);
        struct corpus corpus = {0}, input = {0};

        corpus_add_normals(&corpus, &random, (size_t)(FEATURES + freedom), &shape);
        corpus_label(&corpus, &random, model, 2);
        corpus_teach(&corpus, 0, corpus.count, learner);
        corpus_add_normals(&input, &random, 1, &shape);
        corpus_label(&input, &random, model, 0);
        held += interval_holds(learner, &input.items[0]);
        corpus_done(&corpus);
        corpus_done(&input);
        lattn_learner_close(&learner);
        lattn_model_close(&model);
    }
    printf("%d degrees of freedom: %.2f %% of %d intervals hold\n", freedom, 100.0 * held / fits,
           fits);
    cr_expect_leq(fabs(held - 0.95 * fits), allowed, "%d degrees of freedom: %d of %d", freedom,
                  held, fits);
}

Test(std_error, intervals_hold_in_95_of_100_cases, .timeout = 600)
{
    expect_covered(1, 61);
    expect_covered(3, 62);
    expect_covered(10, 63);
    expect_covered(100, 64);
}
