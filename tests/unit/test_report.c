#include <lattn/emission.h>
#include <lattn/learner.h>
#include <lattn/limits.h>

#include "base/random.h"

#include <criterion/criterion.h>
#include <math.h>

enum { M = 2 };

static struct lattn_learner *learner_make(double forget, int32_t bias, int32_t dim)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = NULL;

    settings.forget = forget;
    settings.bias = bias;
    settings.dim = dim;
    cr_assert_eq(lattn_learner_open(&learner, &settings), LATTN_OK);
    return learner;
}

/* One token z, so that the only feature is z^3; two labels. */
static void teach(struct lattn_learner *learner, double z, double first, double second,
                  double weight)
{
    const double y[M] = {first, second};
    struct lattn_item item = {.z = &z, .y = y, .weight = weight, .n = 1, .d = 1, .m = M};

    cr_assert_eq(lattn_learner_admit(learner, &item, NULL), LATTN_OK);
    lattn_learner_absorb(learner, &(struct lattn_batch){&item, 1});
}

static struct lattn_report report_of(struct lattn_learner *learner)
{
    struct lattn_report report;

    cr_assert_eq(lattn_learner_report(learner, &report), LATTN_OK);
    return report;
}

Test(report, before_data_has_no_numbers)
{
    struct lattn_learner *learner = learner_make(1, 0, 0);
    struct lattn_report report = report_of(learner);

    cr_expect_eq(report.d, 0);
    cr_expect_eq(report.pairs, 0);
    cr_expect(isnan(report.loss_train));
    cr_expect(isnan(report.loss_progressive));
    cr_expect(isnan(report.loss_recent));
    cr_expect_gt(report.memory_bytes, 0);
    lattn_report_done(&report);
    lattn_report_done(&report);
    lattn_report_done(NULL);
    lattn_learner_close(&learner);
}

Test(report, losses_of_a_mean)
{
    struct lattn_learner *learner = learner_make(1, 0, 0);
    struct lattn_report report;

    /* Labels 1, 3 and 0, 0: fit 2, residual 2; predicted before: 0, 1. */
    teach(learner, 1, 1, 0, 1);
    teach(learner, 1, 3, 0, 1);
    report = report_of(learner);
    cr_expect_float_eq(report.loss_train, 2. / 2, 1e-14);
    cr_expect_float_eq(report.loss_progressive, (1. + 4.) / 2, 1e-14);
    cr_expect_float_eq(report.noise_std[0], sqrt(2.), 1e-14);
    cr_expect_float_eq(report.r2[0], 1 - 2. / 10, 1e-14);
    cr_expect(isnan(report.r2[1]), "no labels to explain");
    cr_expect_eq(report.weight, 2);
    cr_expect_eq(report.pairs_effective, 2);
    lattn_report_done(&report);
    lattn_learner_close(&learner);
}

/* Tokens (a, 2a) leave five of six directions open, and each of them a label that rounding hides.
 */
Test(report, the_loss_counts_what_no_weights_fit)
{
    enum { COUNT = 12 };
    struct lattn_learner *learner = learner_make(1, 0, 0);
    struct lattn_report report;
    struct random random = {.state = 3};
    double z[COUNT][2], y[COUNT], sum = 0;

    random_normals(&random, y, COUNT);
    for (int i = 0; i < COUNT; i++) {
        struct lattn_item item = {.z = z[i], .y = &y[i], .weight = 1, .n = 1, .d = 2, .m = 1};

        random_normals(&random, z[i], 1);
        z[i][1] = 2 * z[i][0];
        cr_assert_eq(lattn_learner_admit(learner, &item, NULL), LATTN_OK);
        lattn_learner_absorb(learner, &(struct lattn_batch){&item, 1});
    }
    for (int i = 0; i < COUNT; i++) {
        const struct lattn_item input = {.z = z[i], .n = 1, .d = 2};
        double got, error;
        struct lattn_prediction prediction = {.y = &got, .std_error = &error};

        cr_assert_eq(lattn_learner_predict(learner, &input, &prediction, NULL), LATTN_OK);
        sum += (y[i] - got) * (y[i] - got);
    }
    report = report_of(learner);
    cr_expect_eq(report.certificate.rank, 1);
    cr_expect_float_eq(report.loss_train, sum / COUNT, 1e-14);
    lattn_report_done(&report);
    lattn_learner_close(&learner);
}

Test(report, weights_weigh_every_loss)
{
    struct lattn_learner *learner = learner_make(1, 0, 0);
    struct lattn_report report;

    teach(learner, 1, 1, 0, 3);
    teach(learner, 1, 5, 0, 1);
    report = report_of(learner);
    /* Mean 2; residual 3 * 1 + 9; predicted before 0 and 1. */
    cr_expect_float_eq(report.loss_train, 12. / 4, 1e-13);
    cr_expect_float_eq(report.loss_progressive, (3. + 16.) / 4, 1e-13);
    cr_expect_float_eq(report.pairs_effective, 16. / 10, 1e-14);
    lattn_report_done(&report);
    lattn_learner_close(&learner);
}

Test(report, forgetting_fades_what_was)
{
    struct lattn_learner *learner = learner_make(0.5, 0, 0);
    struct lattn_report report;

    teach(learner, 1, 0, 0, 1);
    teach(learner, 1, 3, 0, 1);
    report = report_of(learner);
    /* Weights 1/2 and 1: mean 2, residual 4 / 2 + 1. */
    cr_expect_float_eq(report.weight, 1.5, 1e-15);
    cr_expect_float_eq(report.loss_train, 3 / 1.5, 1e-14);
    cr_expect_float_eq(report.pairs_effective, 2.25 / 1.25, 1e-14);
    lattn_report_done(&report);
    lattn_learner_close(&learner);
}

Test(report, numbers_survive_the_largest_and_smallest_weights)
{
    const double weights[] = {LATTN_WEIGHT_MIN, LATTN_WEIGHT_MAX};

    for (int w = 0; w < 2; w++) {
        struct lattn_learner *learner = learner_make(1, 0, 0);
        struct lattn_report report;

        for (int i = 0; i < 4; i++)
            teach(learner, 1e-10, i * 1e-60, 0, weights[w]);
        report = report_of(learner);
        cr_expect_float_eq(report.pairs_effective, 4, 1e-12, "weight %g", weights[w]);
        cr_expect_gt(report.noise_std[0], 0, "weight %g", weights[w]);
        lattn_report_done(&report);
        lattn_learner_close(&learner);
    }
}

Test(report, asking_changes_nothing)
{
    struct lattn_learner *learner = learner_make(1, 0, 0);
    struct lattn_report one, two;

    teach(learner, 1, 1, 2, 1);
    teach(learner, 2, 1, 2, 1);
    one = report_of(learner);
    two = report_of(learner);
    cr_expect_eq(one.generation, two.generation);
    cr_expect_eq(one.loss_train, two.loss_train);
    cr_expect_eq(one.certificate.rho, two.certificate.rho);
    cr_expect_eq(one.certificate.lambda_min, two.certificate.lambda_min);
    lattn_report_done(&one);
    lattn_report_done(&two);
    lattn_learner_close(&learner);
}

Test(report, a_model_carries_its_certificate_and_names)
{
    const char *const names[] = {"level"};
    struct lattn_learner *learner = learner_make(1, 1, 0);
    struct lattn_model *model = NULL;
    int32_t index;

    cr_assert_eq(lattn_learner_name(learner, names, 1, NULL, 0, NULL, 0, &index, NULL, NULL),
                 LATTN_OK);
    cr_expect_eq(index, 1, "coordinate 0 is the bias");
    teach(learner, 2, 1, 2, 1);
    cr_assert_eq(lattn_learner_model(learner, LATTN_HEADS_SVD, 0, &model), LATTN_OK);
    cr_expect_eq(model->bias, 1);
    cr_expect_eq(model->d, 2);
    cr_expect_eq(model->pairs, 1);
    cr_expect_eq(model->generation, lattn_learner_generation(learner));
    cr_expect_eq(model->certificate->p, 6);
    cr_expect_str_eq(model->names.coordinates[1], "level");
    lattn_model_close(&model);
    lattn_learner_close(&learner);
}

Test(report, an_emission_outlives_its_learner)
{
    struct lattn_learner *learner = learner_make(1, 0, 0);
    struct lattn_emission empty, emission;
    double z = 1, y[M];

    cr_assert_eq(lattn_emission_make(learner, LATTN_HEADS_SVD, 0, &empty), LATTN_OK);
    cr_expect_null(empty.model);
    teach(learner, 1, 4, -2, 1);
    cr_assert_eq(lattn_emission_make(learner, LATTN_HEADS_COUNT, 1, &emission), LATTN_OK);
    lattn_learner_close(&learner);
    cr_expect_eq(emission.report.pairs, 1);
    cr_expect_eq(emission.report.m, M);
    lattn_model_apply(emission.model, &z, 1, y);
    cr_expect_float_eq(y[0], 4, 1e-13);
    cr_expect_float_eq(y[1], -2, 1e-13);
    lattn_emission_done(&empty);
    lattn_emission_done(&emission);
    lattn_emission_done(NULL);
}

Test(report, a_model_without_heads_carries_the_rest)
{
    struct lattn_learner *learner = learner_make(1, 0, 0);
    struct lattn_model *model;

    teach(learner, 1, 4, -2, 1);
    cr_assert_eq(lattn_learner_model(learner, LATTN_HEADS_COUNT, -1, &model), LATTN_RANGE);
    cr_assert_eq(lattn_learner_model(learner, LATTN_HEADS_COUNT, 0, &model), LATTN_OK);
    cr_expect_eq(model->heads, 0);
    cr_expect_eq(model->residual, 1);
    cr_expect_eq(model->certificate->rank, 1);
    lattn_model_close(&model);
    lattn_learner_close(&learner);
}
