/*
 * What the engine gram reports (README.md, sections 2 to 5): losses, noise, spectrum and heads are
 * those of rls, as far as the information form knows them. It knows the residual only to rounding
 * of the labels' energy, p u sum w y^2, where rls sums it pair by pair.
 */
#include "core/dense.h"
#include "support/approx.h"
#include "support/engines.h"

#include <lattn/spectrum.h>

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

TestSuite(gram_report, .init = dense_threads_one);

/* Two learners of one model's labels. */
struct lesson {
    int32_t d;
    int32_t m;
    int32_t heads;
    double noise;
    double forget;
    double multiple; /* pairs for each feature */
};

static struct lattn_model *lesson_teach(const struct lesson *lesson, struct engines *engines,
                                        struct corpus *corpus)
{
    const struct corpus_shape shape = {lesson->d, lesson->m, lesson->d, 3 * lesson->d,
                                       LATTN_LABELS_LAST};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct random random = {.state = 1000 + (uint64_t)(lesson->d * 10 + lesson->heads)};
    struct lattn_model *truth = corpus_model(&random, lesson->d, lesson->m, lesson->heads);

    settings.forget = lesson->forget;
    corpus_add_normals(corpus, &random,
                       (size_t)(lesson->multiple * (double)lattn_features(lesson->d)), &shape);
    corpus_label(corpus, &random, truth, lesson->noise);
    engines_open(engines, &settings);
    engines_teach_mixed(engines, corpus);
    return truth;
}

/* ---- losses -------------------------------------------------------------------------------- */

static void expect_near(double got, double want, double limit, const char *what, double noise)
{
    cr_expect(fabs(got - want) <= limit, "%s, noise %g: %.10g, not %.10g (+- %.2g)", what, noise,
              got, want, limit);
}

/* Sum of squares of all labels over that of one output, the largest. */
static double energy_of(const struct corpus *corpus)
{
    double energy = 0;

    for (size_t i = 0; i < corpus->count; i++)
        for (int32_t a = 0; a < corpus->items[i].m; a++)
            energy += corpus->items[i].y[a] * corpus->items[i].y[a];
    return energy;
}

static void reports_compare(const struct lesson *lesson, struct engines *engines,
                            const struct corpus *corpus)
{
    double noise = lesson->noise;
    /* p u of the energy; under forgetting the energy of now is less. */
    double residual = approx_sum((double)lattn_features(lesson->d), energy_of(corpus));
    struct lattn_report want, got;
    double share;

    cr_assert_eq(lattn_learner_report(engines->rls, &want), LATTN_OK);
    cr_assert_eq(lattn_learner_report(engines->gram, &got), LATTN_OK);
    cr_expect_eq(got.engine, LATTN_ENGINE_GRAM);
    cr_expect_eq(got.pairs, want.pairs);
    cr_expect_eq(got.generation, want.generation);
    cr_expect_leq(approx_error(got.weight, want.weight), 1e-12);
    cr_expect_leq(approx_error(got.pairs_effective, want.pairs_effective), 1e-12);
    cr_expect_geq(got.loss_train, 0);
    expect_near(got.loss_train, want.loss_train, residual / want.weight, "training loss", noise);
    for (int32_t a = 0; a < lesson->m; a++) {
        double freedom =
            want.weight - (double)want.certificate.rank * want.weight / want.pairs_effective;
        double square = want.noise_std[a] * want.noise_std[a];

        cr_expect_eq(isnan(got.noise_std[a]), isnan(want.noise_std[a]));
        if (!isnan(want.noise_std[a]))
            expect_near(got.noise_std[a] * got.noise_std[a], square, residual / freedom,
                        "noise, squared", noise);
        cr_expect_leq(got.r2[a], 1);
        expect_near(got.r2[a], want.r2[a], 1e-11, "r2", noise);
    }
    /* Weights at hand are made anew at other times. */
    share = fabs(got.loss_progressive / want.loss_progressive - 1);
    cr_expect_leq(share, 0.05, "progressive loss, noise %g: %g, not %g", noise,
                  got.loss_progressive, want.loss_progressive);
    if (noise > 0) {
        share = fabs(got.loss_recent / want.loss_recent - 1);
        cr_expect_leq(share, 0.05, "recent loss, noise %g: %g, not %g", noise, got.loss_recent,
                      want.loss_recent);
    }
    lattn_report_done(&want);
    lattn_report_done(&got);
}

Test(gram_report, tells_losses_as_rls_does)
{
    static const struct lesson lessons[] = {
        {2, 1, 1, 0, 1, 60},    {3, 2, 2, 0, 1, 30},    {3, 2, 2, 1e-6, 1, 30},
        {4, 3, 2, 1e-3, 1, 30}, {4, 1, 2, 0.1, 1, 60},  {3, 2, 2, 0.1, 0.995, 60},
        {6, 2, 2, 0.3, 1, 8},   {3, 1, 2, 0, 0.99, 60},
    };

    for (size_t i = 0; i < sizeof lessons / sizeof *lessons; i++) {
        struct engines engines;
        struct corpus corpus = {0};
        struct lattn_model *truth = lesson_teach(&lessons[i], &engines, &corpus);

        reports_compare(&lessons[i], &engines, &corpus);
        engines_close(&engines);
        corpus_done(&corpus);
        lattn_model_close(&truth);
    }
}

/* With as many pairs as features there is nothing left to tell noise from. */
Test(gram_report, tells_no_noise_without_degrees_of_freedom)
{
    const struct lesson lesson = {3, 1, 1, 0.1, 1, 1};
    struct lattn_report want, got;
    struct engines engines;
    struct corpus corpus = {0};
    struct lattn_model *truth = lesson_teach(&lesson, &engines, &corpus);

    cr_assert_eq(lattn_learner_report(engines.rls, &want), LATTN_OK);
    cr_assert_eq(lattn_learner_report(engines.gram, &got), LATTN_OK);
    cr_expect(isnan(want.noise_std[0]));
    cr_expect(isnan(got.noise_std[0]));
    lattn_report_done(&want);
    lattn_report_done(&got);
    engines_close(&engines);
    corpus_done(&corpus);
    lattn_model_close(&truth);
}

/* ---- standard errors ----------------------------------------------------------------------- */

/* Without noise the rounding floor covers what predictions are off by; with noise both agree. */
Test(gram_report, errors_are_within_what_it_says_of_them)
{
    static const double noises[] = {0, 1e-9, 0.1};

    for (size_t k = 0; k < sizeof noises / sizeof *noises; k++) {
        const struct lesson lesson = {4, 1, 2, noises[k], 1, 20};
        struct engines engines;
        struct corpus corpus = {0};
        struct lattn_model *truth = lesson_teach(&lesson, &engines, &corpus);

        for (size_t i = 0; i < 40; i++) {
            const struct lattn_item *input = &corpus.items[i];
            double y[2], std_error[2], want;
            struct lattn_prediction one = {.y = y, .std_error = std_error};
            struct lattn_prediction other = {.y = y + 1, .std_error = std_error + 1};

            lattn_model_apply(truth, input->z, input->n, &want);
            cr_assert_eq(lattn_learner_predict(engines.rls, input, &one, NULL), LATTN_OK);
            cr_assert_eq(lattn_learner_predict(engines.gram, input, &other, NULL), LATTN_OK);
            cr_expect_eq(other.has_std_error, one.has_std_error);
            cr_expect_leq(fabs(y[1] - want), 5 * std_error[1], "noise %g: off by %g, %g said",
                          noises[k], y[1] - want, std_error[1]);
            if (noises[k] > 1e-2)
                cr_expect_leq(approx_error(std_error[1], std_error[0]), 1e-8, "noise %g",
                              noises[k]);
        }
        engines_close(&engines);
        corpus_done(&corpus);
        lattn_model_close(&truth);
    }
}

/* ---- spectrum ------------------------------------------------------------------------------ */

/* Values s of R from G have s^2 right to p u of the largest. */
static void spectra_compare(struct engines *engines, int64_t p)
{
    struct lattn_spectrum want, got;

    cr_assert_eq(lattn_learner_spectrum(engines->rls, &want), LATTN_OK);
    cr_assert_eq(lattn_learner_spectrum(engines->gram, &got), LATTN_OK);
    cr_assert_eq(got.seen, want.seen);
    cr_assert_eq(got.largest_count, want.largest_count);
    cr_assert_eq(got.smallest_count, want.smallest_count);
    for (int32_t i = 0; i < want.largest_count; i++) {
        double limit = approx_sum((double)p, 1 / want.largest[i]) + 1e-12;

        cr_expect_leq(fabs(got.largest[i] - want.largest[i]), limit, "value %d of %ld: %g, not %g",
                      i, want.seen, got.largest[i], want.largest[i]);
    }
    lattn_spectrum_done(&want);
    lattn_spectrum_done(&got);
}

Test(gram_report, tells_the_spectrum_of_rls)
{
    static const struct lesson lessons[] = {
        {2, 1, 1, 0, 1, 40}, {4, 1, 2, 0.1, 1, 20}, {6, 1, 2, 0, 1, 4}, {3, 1, 2, 0.1, 0.99, 60}};

    for (size_t i = 0; i < sizeof lessons / sizeof *lessons; i++) {
        struct engines engines;
        struct corpus corpus = {0};
        struct lattn_model *truth = lesson_teach(&lessons[i], &engines, &corpus);
        struct lattn_certificate want = engines_expect_verdict(&engines, "spectrum");
        struct lattn_certificate got = corpus_certify(engines.gram);

        spectra_compare(&engines, lattn_features(lessons[i].d));
        /* Certificates find the ends by iterations, right to about 1e-3. */
        cr_expect_leq(approx_error(got.rho, want.rho), 1e-2);
        cr_expect_leq(approx_error(got.lambda_min, want.lambda_min), 2e-2);
        engines_close(&engines);
        corpus_done(&corpus);
        lattn_model_close(&truth);
    }
}

/* ---- heads --------------------------------------------------------------------------------- */

static void heads_try(const struct lesson *lesson)
{
    struct engines engines;
    struct corpus corpus = {0};
    struct lattn_model *truth = lesson_teach(lesson, &engines, &corpus);
    struct lattn_model *want = NULL, *got = NULL;
    double absolute, relative;

    cr_assert_eq(lattn_learner_model(engines.rls, LATTN_HEADS_FEWEST, 0, &want), LATTN_OK);
    cr_assert_eq(lattn_learner_model(engines.gram, LATTN_HEADS_FEWEST, 0, &got), LATTN_OK);
    cr_expect_eq(got->decomposition, want->decomposition, "d %d", lesson->d);
    cr_expect_eq(got->heads, want->heads, "d %d, noise %g: %d heads, not %d", lesson->d,
                 lesson->noise, got->heads, want->heads);
    cr_expect_eq(got->certified, want->certified, "d %d, noise %g", lesson->d, lesson->noise);
    cr_expect_eq(got->heads, lesson->heads, "d %d, noise %g: %d heads", lesson->d, lesson->noise,
                 got->heads);
    cr_assert_eq(lattn_model_distance(want, got, &absolute, &relative), LATTN_OK);
    cr_expect_leq(relative, lesson->noise > 0 ? 1e-5 : 1e-9, "d %d, noise %g: %g", lesson->d,
                  lesson->noise, relative);
    lattn_model_close(&want);
    lattn_model_close(&got);
    engines_close(&engines);
    corpus_done(&corpus);
    lattn_model_close(&truth);
}

Test(gram_report, finds_the_fewest_heads_of_rls)
{
    static const struct lesson lessons[] = {
        {3, 3, 1, 0, 1, 4},   {4, 4, 2, 0, 1, 3},   {6, 6, 3, 0, 1, 3},
        {4, 4, 1, 0.1, 1, 6}, {4, 4, 2, 0.1, 1, 6},
    };

    for (size_t i = 0; i < sizeof lessons / sizeof *lessons; i++)
        heads_try(&lessons[i]);
}
