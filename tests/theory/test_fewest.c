/*
 * The fewest heads that compute what the data says are those of the source (README.md, section 4):
 * random teachers of every size, with and without noise, and the hard cases.
 *
 * LATTN_LONG=1 runs 50 teachers per case and up to d = 16.
 */
#include "core/dense.h"
#include "support/teacher.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <time.h>

TestSuite(fewest, .init = dense_threads_one);

static const double effort_ample = 1e12;

static int is_long(void)
{
    return getenv("LATTN_LONG") != NULL;
}

/* How many of so many teachers come back with `heads` heads, and how many with one more. */
struct tally {
    int right;
    int above;
    int wrong;
};

static void tally_add(struct tally *tally, int32_t d, int32_t m, int32_t heads, int32_t rank,
                      struct random *random)
{
    struct teacher teacher;
    struct lattn_model *model;

    teacher_init(&teacher, d, m, heads, rank, random);
    model = teacher_heads(&teacher, effort_ample);
    if (model == NULL || model->residual > 1e-10) {
        tally->wrong++;
    } else {
        tally->right += model->heads == heads;
        tally->above += model->heads == heads + 1;
        tally->wrong += model->heads < heads || model->heads > heads + 1;
        /* A certificate is a proof. */
        cr_expect(model->certified != LATTN_CERTIFIED_MINIMAL || model->heads <= heads);
    }
    lattn_model_close(&model);
    teacher_done(&teacher);
}

static struct tally tally_teachers(int32_t d, int32_t m, int32_t heads, int32_t rank, int teachers)
{
    struct random random = {.state = (uint64_t)(d * 10000 + m * 100 + heads * 10 + rank)};
    struct tally tally = {0};

    for (int i = 0; i < teachers; i++)
        tally_add(&tally, d, m, heads, rank, &random);
    return tally;
}

Test(fewest, heads_are_those_of_a_square_teacher)
{
    static const int32_t dims[] = {2, 3, 4, 6, 8, 12, 16};
    int teachers = is_long() ? 50 : 5;

    for (size_t i = 0; i < (is_long() ? 7 : 5); i++) {
        const int32_t counts[] = {1, 2, 3, 4, dims[i]};

        for (int c = 0; c < 5; c++) {
            struct tally tally;

            if (counts[c] > dims[i])
                continue;
            tally = tally_teachers(dims[i], dims[i], counts[c], 0, teachers);
            cr_expect_eq(tally.right, teachers, "d = m = %d, %d heads: %d of %d", dims[i],
                         counts[c], tally.right, teachers);
        }
    }
}

Test(fewest, heads_are_those_of_a_teacher_of_one_output)
{
    int teachers = is_long() ? 50 : 5;

    for (int32_t d = 2; d <= (is_long() ? 16 : 8); d += 2)
        for (int32_t heads = 1; heads <= d / 2; heads++) {
            struct tally tally = tally_teachers(d, 1, heads, 0, teachers);

            cr_expect_eq(tally.right, teachers, "d = %d, m = 1, %d heads: %d of %d", d, heads,
                         tally.right, teachers);
        }
}

Test(fewest, heads_of_low_rank_are_found_or_one_more)
{
    int teachers = is_long() ? 50 : 20;

    for (int32_t rank = 1; rank <= 2; rank++) {
        struct tally tally = tally_teachers(4, 4, 3, rank, teachers);

        cr_expect_geq(tally.right, 9 * teachers / 10, "rank %d: %d of %d", rank, tally.right,
                      teachers);
        cr_expect_eq(tally.wrong, 0, "rank %d", rank);
    }
}

Test(fewest, search_ends_with_its_effort)
{
    struct random random = {.state = 5};
    struct teacher teacher;
    struct lattn_model *model;

    teacher_init(&teacher, 6, 6, 3, 0, &random);
    cr_expect_null(teacher_heads(&teacher, 1e4));
    model = teacher_heads(&teacher, 1e9);
    cr_assert_not_null(model);
    cr_expect_eq(model->heads, 3);
    lattn_model_close(&model);
    teacher_done(&teacher);
}

/* The largest difference of model and learner on fresh inputs, relative to the largest label. */
static double predictions_differ(struct lattn_learner *learner, const struct lattn_model *model,
                                 const double *mix, struct random *random)
{
    enum { INPUTS = 50, SEEN = 2 };
    double z[2 * 8 * 8], y[8], std_error[8], heads_y[8];
    double largest = 0;
    double difference = 0;

    for (int i = 0; i < INPUTS; i++) {
        struct lattn_prediction prediction = {.y = y, .std_error = std_error};
        struct lattn_item input = {.z = z, .weight = 1, .n = SEEN * model->d, .d = model->d};

        teacher_tokens((int64_t)SEEN * model->d, model->d, mix, random, z);
        cr_assert_eq(lattn_learner_predict(learner, &input, &prediction, NULL), LATTN_OK);
        lattn_model_apply(model, z, input.n, heads_y);
        for (int32_t a = 0; a < model->m; a++) {
            largest = fmax(largest, fabs(y[a]));
            difference = fmax(difference, fabs(y[a] - heads_y[a]));
        }
    }
    return difference / largest;
}

Test(fewest, heads_predict_as_the_weights_do_however_many_there_are)
{
    struct random random = {.state = 6};

    for (int32_t d = 2; d <= (is_long() ? 8 : 4); d += 2)
        for (int32_t heads = 1; heads <= d + 2; heads++) {
            struct teacher teacher;
            struct lattn_learner *learner;
            struct lattn_model *model = NULL;

            teacher_init(&teacher, d, 1 + heads % d, heads, heads % 3, &random);
            learner = teacher_teach(&teacher, 2 * feature_count(d), 0, NULL, &random);
            cr_assert_eq(lattn_learner_model(learner, LATTN_HEADS_FEWEST, 0, &model), LATTN_OK);
            cr_expect_lt(predictions_differ(learner, model, NULL, &random), 1e-9,
                         "d = %d, %d heads: %d found", d, heads, model->heads);
            lattn_model_close(&model);
            lattn_learner_close(&learner);
            teacher_done(&teacher);
        }
}

/* A learner that holds other heads for this generation than it would find: an answer from memory.
 */
static void expect_kept(struct lattn_learner *learner, enum lattn_heads heads, int32_t count)
{
    struct lattn_model *found = NULL;
    struct lattn_model *again = NULL;

    cr_assert_eq(lattn_learner_model(learner, heads, count, &found), LATTN_OK);
    found->V[0] = 12345;
    lattn_learner_note_model(learner, heads, count, found);
    cr_assert_eq(lattn_learner_model(learner, heads, count, &again), LATTN_OK);
    cr_expect_eq(again->V[0], 12345);
    cr_expect_eq(again->generation, lattn_learner_generation(learner));
    cr_expect_not_null(again->certificate);
    lattn_model_close(&found);
    lattn_model_close(&again);
}

Test(fewest, heads_are_looked_for_once_in_a_generation)
{
    struct random random = {.state = 10};
    struct teacher teacher;
    struct lattn_learner *learner;
    struct lattn_learner *copy;
    struct lattn_model *model = NULL;
    struct lattn_model *old = NULL;

    teacher_init(&teacher, 3, 2, 2, 0, &random);
    learner = teacher_teach(&teacher, 2 * feature_count(3), 0, NULL, &random);
    expect_kept(learner, LATTN_HEADS_FEWEST, 0);
    expect_kept(learner, LATTN_HEADS_SVD, 0);
    expect_kept(learner, LATTN_HEADS_COUNT, 1);
    cr_assert_eq(lattn_learner_copy(learner, &copy), LATTN_OK);
    cr_assert_eq(lattn_learner_model(copy, LATTN_HEADS_FEWEST, 0, &old), LATTN_OK);
    cr_expect_eq(old->V[0], 12345, "a copy knows what its origin knew");
    lattn_learner_close(&learner);
    lattn_learner_close(&copy);

    learner = teacher_teach(&teacher, 600, 0, NULL, &random);
    lattn_learner_note_model(learner, LATTN_HEADS_FEWEST, 0, old);
    cr_assert_eq(lattn_learner_model(learner, LATTN_HEADS_FEWEST, 0, &model), LATTN_OK);
    cr_expect_neq(model->V[0], 12345, "heads of another generation are not taken over");
    lattn_model_close(&model);
    lattn_model_close(&old);
    lattn_learner_close(&learner);
    teacher_done(&teacher);
}

/* ---- tokens as they come ------------------------------------------------------------------- */

/* Learn heads from tokens that are mixed, and expect as many back, that predict as W does. */
static void expect_in_tokens(int32_t d, int32_t heads, const double *mix, const char *kind,
                             struct random *random)
{
    struct teacher teacher;
    struct lattn_learner *learner;
    struct lattn_model *model = NULL;

    teacher_init(&teacher, d, 1 + heads % d, heads, 0, random);
    learner = teacher_teach(&teacher, 2 * feature_count(d), 0, mix, random);
    cr_assert_eq(lattn_learner_model(learner, LATTN_HEADS_FEWEST, 0, &model), LATTN_OK);
    cr_expect_eq(model->decomposition, LATTN_DECOMPOSITION_FEWEST, "%s, d = %d", kind, d);
    cr_expect_eq(model->heads, heads, "%s, d = %d, m = %d: %d heads for %d", kind, d, model->m,
                 model->heads, heads);
    cr_expect_lt(predictions_differ(learner, model, mix, random), 1e-9, "%s, d = %d", kind, d);
    lattn_model_close(&model);
    lattn_learner_close(&learner);
    teacher_done(&teacher);
}

Test(fewest, heads_are_found_whatever_the_scale_and_shape_of_tokens)
{
    struct random random = {.state = 9};

    for (int32_t d = 3; d <= (is_long() ? 8 : 5); d++)
        for (int round = 0; round < (is_long() ? 20 : 3); round++) {
            double large[8 * 8] = {0};
            double collinear[8 * 8] = {0};

            for (int32_t i = 0; i < d; i++)
                large[i * d + i] = collinear[i * d + i] = 1;
            large[round % d * d + round % d] = 1e3;
            collinear[d] = 1;
            collinear[d + 1] = 1e-3;
            for (int32_t heads = 1; heads <= 2; heads++) {
                expect_in_tokens(d, heads, large, "one coordinate 1e3 larger", &random);
                expect_in_tokens(d, heads, collinear, "collinear to 1e-3", &random);
            }
        }
}

/* ---- with noise ---------------------------------------------------------------------------- */

/* The heads that a learner shows after so many pairs per feature; 0 where it shows the SVD's. */
static int32_t heads_learned(int32_t d, int32_t heads, int32_t pairs, double noise,
                             struct random *random)
{
    struct teacher teacher;
    struct lattn_learner *learner;
    struct lattn_model *model = NULL;
    int32_t found;

    teacher_init(&teacher, d, d, heads, 0, random);
    learner = teacher_teach(&teacher, pairs, noise, NULL, random);
    cr_assert_eq(lattn_learner_model(learner, LATTN_HEADS_FEWEST, 0, &model), LATTN_OK);
    found = model->decomposition == LATTN_DECOMPOSITION_FEWEST ? model->heads : 0;
    lattn_model_close(&model);
    lattn_learner_close(&learner);
    teacher_done(&teacher);
    return found;
}

static void expect_through_noise(int32_t d, int32_t heads, int teachers)
{
    struct random random = {.state = (uint64_t)(1000 * d + heads)};
    int32_t pairs = 3 * feature_count(d);
    int right = 0;

    for (int i = 0; i < teachers; i++) {
        int32_t found = heads_learned(d, heads, pairs, 0.1, &random);

        right += found == heads;
        cr_expect(found == 0 || found >= heads, "d = %d: %d heads for %d", d, found, heads);
    }
    cr_expect_geq(100 * right, 95 * teachers, "d = %d, %d heads: %d of %d", d, heads, right,
                  teachers);
}

Test(fewest, heads_are_found_through_noise)
{
    int teachers = is_long() ? 100 : 20;

    expect_through_noise(4, 1, teachers);
    expect_through_noise(4, 2, teachers);
    expect_through_noise(6, 3, teachers);
    if (is_long())
        expect_through_noise(8, 4, 50);
    if (is_long())
        expect_through_noise(16, 4, 20);
}

Test(fewest, heads_are_not_yet_told_where_noisy_data_is_short)
{
    struct random random = {.state = 7};
    int32_t p = feature_count(4);

    for (int32_t pairs = p; pairs < 2 * p - 10; pairs += 5) {
        int32_t found = heads_learned(4, 2, pairs, 0.1, &random);

        cr_expect(found == 0 || found >= 2, "%d pairs: %d heads", pairs, found);
        cr_expect(pairs == p || found == 0, "%d pairs: %d heads", pairs, found);
    }
}

static double cpu_seconds(void)
{
    struct timespec now;

    cr_assert_eq(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), 0);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* With p pairs noise looks like a function of many heads; nobody waits long for those. */
Test(fewest, heads_are_soon_given_up_where_noise_cannot_be_told)
{
    struct random random = {.state = 11};

    for (int32_t d = 4; d <= 6; d++) {
        struct teacher teacher;
        struct lattn_learner *learner;
        struct lattn_model *model = NULL;
        double begun, taken;

        teacher_init(&teacher, d, d, 2, 0, &random);
        learner = teacher_teach(&teacher, feature_count(d), 0.1, NULL, &random);
        begun = cpu_seconds();
        cr_assert_eq(lattn_learner_model(learner, LATTN_HEADS_FEWEST, 0, &model), LATTN_OK);
        taken = cpu_seconds() - begun;
        cr_expect_lt(taken, 1, "d = %d: %g s", d, taken);
        lattn_model_close(&model);
        lattn_learner_close(&learner);
        teacher_done(&teacher);
    }
}

Test(fewest, heads_are_told_from_exact_data_as_soon_as_it_determines_them)
{
    struct random random = {.state = 8};

    for (int32_t d = 2; d <= 8; d += 2)
        cr_expect_eq(heads_learned(d, 2, feature_count(d), 0, &random), 2, "d = %d", d);
}
