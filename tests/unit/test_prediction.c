#include <lattn/learner.h>

#include "base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { N = 3, D = 2, P = 6 };

static struct lattn_learner *learner_make(int32_t bias)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = NULL;

    settings.bias = bias;
    cr_assert_eq(lattn_learner_open(&learner, &settings), LATTN_OK);
    return learner;
}

static struct lattn_item item_make(const double *z, int32_t n, int32_t d, const double *y)
{
    return (struct lattn_item){
        .z = z, .y = y, .weight = 1, .n = n, .d = d, .m = 1, .labels = LATTN_LABELS_LAST};
}

static void teach(struct lattn_learner *learner, struct lattn_item item)
{
    cr_assert_eq(lattn_learner_admit(learner, &item, NULL), LATTN_OK);
    lattn_learner_absorb(learner, &(struct lattn_batch){&item, 1});
}

static void teach_normals(struct lattn_learner *learner, struct random *random, int count)
{
    for (int i = 0; i < count; i++) {
        double z[N * D], y[1];

        random_normals(random, z, N * D);
        random_normals(random, y, 1);
        teach(learner, item_make(z, N, D, y));
    }
}

struct answer {
    double y[2];
    double std_error[2];
    double interval95[2];
    struct lattn_prediction prediction;
};

static enum lattn_status predict(struct lattn_learner *learner, const double *z, int32_t n,
                                 int32_t d, struct answer *ret_answer)
{
    struct lattn_item input = item_make(z, n, d, NULL);

    *ret_answer = (struct answer){0};
    ret_answer->prediction.y = ret_answer->y;
    ret_answer->prediction.std_error = ret_answer->std_error;
    ret_answer->prediction.interval95 = ret_answer->interval95;
    return lattn_learner_predict(learner, &input, &ret_answer->prediction, NULL);
}

Test(prediction, refuses_before_data_and_what_does_not_fit)
{
    const double z[] = {1, 2, 3, NAN, 1e100, 1};
    struct lattn_learner *learner = learner_make(0);
    struct random random = {.state = 1};
    struct answer answer;

    cr_expect_eq(predict(learner, z, 1, 2, &answer), LATTN_NO_DATA);
    teach_normals(learner, &random, 3);
    cr_expect_eq(predict(learner, z, 1, 3, &answer), LATTN_SHAPE);
    cr_expect_eq(predict(learner, z, 0, 2, &answer), LATTN_EMPTY);
    cr_expect_eq(predict(learner, z, 2, 2, &answer), LATTN_NOT_FINITE);
    cr_expect_eq(predict(learner, z + 4, 1, 2, &answer), LATTN_FEATURE_OVERFLOW);
    cr_expect_eq(predict(learner, z, 1, 2, &answer), LATTN_OK);
    lattn_learner_close(&learner);
}

Test(prediction, is_what_the_model_says)
{
    for (int32_t bias = 0; bias <= 1; bias++) {
        struct lattn_learner *learner = learner_make(bias);
        struct random random = {.state = 2};
        struct lattn_model *model = NULL;

        teach_normals(learner, &random, 60);
        cr_assert_eq(lattn_learner_model(learner, LATTN_HEADS_SVD, 0, &model), LATTN_OK);
        for (int trial = 0; trial < 20; trial++) {
            double z[N * D], y;
            struct answer answer;

            random_normals(&random, z, N * D);
            cr_assert_eq(predict(learner, z, N, D, &answer), LATTN_OK);
            lattn_model_apply(model, z, N, &y);
            cr_expect_float_eq(answer.y[0], y, 1e-11 * (1 + fabs(y)));
            cr_expect(answer.prediction.determined);
        }
        lattn_model_close(&model);
        lattn_learner_close(&learner);
    }
}

Test(prediction, a_learned_input_is_determined_and_an_unseen_feature_is_not)
{
    const double z[] = {1, 0, 2, 0}, other[] = {0, 1}, y[] = {4};
    struct lattn_learner *learner = learner_make(0);
    struct answer answer;

    teach(learner, item_make(z, 2, 2, y));
    cr_assert_eq(predict(learner, z, 2, 2, &answer), LATTN_OK);
    cr_expect(answer.prediction.determined);
    cr_expect_float_eq(answer.y[0], 4, 1e-13);
    cr_expect_float_eq(answer.prediction.leverage, 1, 1e-13);
    cr_expect_not(answer.prediction.has_std_error, "no degrees of freedom are left");
    cr_assert_eq(predict(learner, other, 1, 2, &answer), LATTN_OK);
    cr_expect_not(answer.prediction.determined);
    cr_expect(isinf(answer.prediction.leverage));
    cr_expect_not(answer.prediction.has_std_error);
    lattn_learner_close(&learner);
}

Test(prediction, a_zero_query_is_determined_to_be_zero)
{
    const double zero_query[] = {1, 2, 0, 0};
    struct lattn_learner *learner = learner_make(0);
    struct random random = {.state = 3};
    struct answer answer;

    teach_normals(learner, &random, 30);
    cr_assert_eq(predict(learner, zero_query, 2, 2, &answer), LATTN_OK);
    cr_expect_eq(answer.y[0], 0);
    cr_expect(answer.prediction.determined);
    cr_expect_eq(answer.prediction.leverage, 0);
    cr_expect_eq(answer.std_error[0], 0);
    lattn_learner_close(&learner);
}

Test(prediction, leverages_of_the_data_sum_to_the_rank)
{
    enum { PAIRS = 25 };
    struct lattn_learner *learner = learner_make(0);
    struct random random = {.state = 4};
    double z[PAIRS][N * D], y[1], sum = 0;

    for (int i = 0; i < PAIRS; i++) {
        random_normals(&random, z[i], N * D);
        random_normals(&random, y, 1);
        teach(learner, item_make(z[i], N, D, y));
    }
    for (int i = 0; i < PAIRS; i++) {
        struct answer answer;

        cr_assert_eq(predict(learner, z[i], N, D, &answer), LATTN_OK);
        sum += answer.prediction.leverage;
    }
    cr_expect_float_eq(sum, P, 1e-11);
    lattn_learner_close(&learner);
}

Test(prediction, standard_error_of_one_repeated_input)
{
    /* One feature of value 1, labels +1 and -1: sigma^2 = n / (n - 1), leverage 1 / n. */
    const double z[] = {1};
    struct lattn_learner *learner = learner_make(0);
    struct answer answer;

    for (int i = 0; i < 10; i++) {
        const double y[] = {i % 2 ? 1 : -1};

        teach(learner, item_make(z, 1, 1, y));
    }
    cr_assert_eq(predict(learner, z, 1, 1, &answer), LATTN_OK);
    cr_expect_float_eq(answer.y[0], 0, 1e-14);
    cr_expect(answer.prediction.has_std_error);
    cr_expect_float_eq(answer.std_error[0], sqrt(10. / 9 / 10), 1e-13);
    /* Student's t of 9 degrees of freedom, as tables have it. */
    cr_expect_float_eq(answer.interval95[0] / answer.std_error[0], 2.262, 5e-4);
    lattn_learner_close(&learner);
}

Test(prediction, asks_the_last_token_and_ignores_labels)
{
    const double z[] = {1, 2, 3, 4};
    struct lattn_learner *learner = learner_make(0);
    struct random random = {.state = 5};
    struct lattn_item input;
    struct answer plain, labelled;

    teach_normals(learner, &random, 30);
    cr_assert_eq(predict(learner, z, 2, 2, &plain), LATTN_OK);
    labelled = plain;
    labelled.prediction.y = labelled.y;
    labelled.prediction.std_error = labelled.std_error;
    input = item_make(z, 2, 2, z);
    input.labels = LATTN_LABELS_CAUSAL;
    cr_assert_eq(lattn_learner_predict(learner, &input, &labelled.prediction, NULL), LATTN_OK);
    cr_expect_eq(labelled.y[0], plain.y[0]);
    lattn_learner_close(&learner);
}

Test(prediction, reflects_each_pair_at_once)
{
    const double z[] = {1};
    struct lattn_learner *learner = learner_make(0);

    for (int i = 1; i <= 50; i++) {
        const double y[] = {i};
        struct answer answer;

        teach(learner, item_make(z, 1, 1, y));
        cr_assert_eq(predict(learner, z, 1, 1, &answer), LATTN_OK);
        cr_expect_float_eq(answer.y[0], (i + 1) / 2., 1e-12 * i);
    }
    lattn_learner_close(&learner);
}

/* The same pairs, one learner asked in between: what was asked must not show in the answer. */
Test(prediction, does_not_depend_on_earlier_questions)
{
    const double together[] = {1, 1, 0.5, 2}, apart[] = {1, 0, 0, 2, 1.5, 0}, y[] = {1};
    struct lattn_learner *asked = learner_make(0), *silent = learner_make(0);
    double coef[2][P];

    teach(asked, item_make(together, 2, 2, y));
    teach(silent, item_make(together, 2, 2, y));
    cr_assert_eq(lattn_learner_coef(asked, coef[0]), LATTN_OK);
    for (int i = 0; i < 5; i++) {
        teach(asked, item_make(apart, 3, 2, y));
        teach(silent, item_make(apart, 3, 2, y));
    }
    cr_assert_eq(lattn_learner_coef(asked, coef[0]), LATTN_OK);
    cr_assert_eq(lattn_learner_coef(silent, coef[1]), LATTN_OK);
    for (int i = 0; i < P; i++)
        cr_expect_float_eq(coef[0][i], coef[1][i], 1e-12, "coefficient %d", i);
    lattn_learner_close(&asked);
    lattn_learner_close(&silent);
}
