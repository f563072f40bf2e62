#include <lattn/learner.h>
#include <lattn/state.h>

#include "base/memory.h"
#include "base/random.h"
#include "support/courses.h"
#include "support/lessons.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { BLOCKS = 12, N = 3, D = 2 };

/* A fit differs by its rounding times the condition of R, which courses keep below about 1e5. */
#define RELATIVE 1e-9

static void expect_near(double got, double want, double scale, const char *what)
{
    if (isnan(want))
        cr_expect(isnan(got), "%s", what);
    else
        cr_expect_leq(fabs(got - want), RELATIVE * fmax(scale, fabs(want)), "%s: %.17g, %.17g",
                      what, got, want);
}

static void expect_same_report(struct lattn_learner *got, struct lattn_learner *want)
{
    struct lattn_report one, other;

    cr_assert_eq(lattn_learner_report(got, &one), LATTN_OK);
    cr_assert_eq(lattn_learner_report(want, &other), LATTN_OK);
    cr_expect_eq(one.pairs, other.pairs);
    cr_expect_eq(one.certificate.verdict, other.certificate.verdict);
    cr_expect_eq(one.certificate.rank, other.certificate.rank);
    cr_expect_eq(one.certificate.features_seen, other.certificate.features_seen);
    cr_expect_eq(one.certificate.components, other.certificate.components);
    expect_near(one.weight, other.weight, 0, "weight");
    expect_near(one.pairs_effective, other.pairs_effective, 0, "effective pairs");
    expect_near(one.certificate.lambda_max, other.certificate.lambda_max, 0, "lambda_max");
    expect_near(one.certificate.rho_seen, other.certificate.rho_seen, 1e-6, "rho");
    expect_near(one.loss_train, other.loss_train, 1e-6, "loss");
    lattn_report_done(&one);
    lattn_report_done(&other);
}

/* Inputs are predicted alike, and called determined alike. */
static void expect_same_answers(struct lattn_learner *got, struct lattn_learner *want,
                                struct lattn_batch inputs)
{
    int32_t m = lattn_learner_outputs(want);
    double y[2][COURSE_OUTPUTS_MAX], errors[2][COURSE_OUTPUTS_MAX];

    for (size_t i = 0; i < inputs.count; i++) {
        struct lattn_prediction one = {.y = y[0], .std_error = errors[0]};
        struct lattn_prediction other = {.y = y[1], .std_error = errors[1]};
        enum lattn_status status = lattn_learner_predict(want, &inputs.items[i], &other, NULL);

        cr_expect_eq(lattn_learner_predict(got, &inputs.items[i], &one, NULL), status);
        if (status != LATTN_OK)
            continue;
        cr_expect_eq(one.determined, other.determined);
        for (int32_t a = 0; a < m && other.determined; a++)
            expect_near(y[0][a], y[1][a], 1, "prediction");
    }
}

/* Even blocks and odd blocks, learned apart, are what learning all of them is. */
static void expect_merges(int32_t number, int is_odd_into_even)
{
    static struct course course;
    struct lattn_learner *halves[2], *all;
    struct lattn_complaint complaint = {""};
    const char *name;

    course_start(&course, number, 91);
    if (course.settings.forget < 1)
        return;
    all = learner_make(course.settings);
    for (int half = 0; half < 2; half++)
        halves[half] = learner_make(course.settings);
    for (int block = 0; block < BLOCKS; block++) {
        struct lattn_batch batch = course_next(&course, &name);
        const struct lattn_batch none = {.items = batch.items, .count = 0};

        course_teach(&course, batch, name, all);
        course_teach(&course, batch, name, halves[block % 2]);
        if (name != NULL)
            course_teach(&course, none, name, halves[1 - block % 2]);
    }
    cr_assert_eq(
        lattn_learner_merge(halves[!is_odd_into_even], halves[is_odd_into_even], &complaint),
        LATTN_OK, "%s: %s", course_name(&course), complaint.text);
    expect_same_report(halves[!is_odd_into_even], all);
    expect_same_answers(halves[!is_odd_into_even], all, course_next(&course, &name));
    for (int half = 0; half < 2; half++)
        lattn_learner_close(&halves[half]);
    lattn_learner_close(&all);
}

Test(merge, is_what_one_stream_would_have_been)
{
    for (int32_t number = 0; number < COURSES; number++)
        for (int order = 0; order < 2; order++)
            expect_merges(number, order);
}

static void normals_teach(struct lattn_learner *learner, struct random *random, int count,
                          double forget, struct lattn_learner *weighed)
{
    double z[N * D], y[1];

    for (int i = 0; i < count; i++) {
        struct lattn_item item = item_make(z, N, D, y, 1);

        random_normals(random, z, N * D);
        random_normals(random, y, 1);
        teach(learner, item);
        item.weight = pow(forget, count - 1 - i);
        teach(weighed, item);
    }
}

/* Each stream fades up to its own end: the same as weights of these powers. */
Test(merge, lets_both_fade_to_their_own_ends)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *one, *other, *weighed = learner_default();
    struct random random = {.state = 5};
    struct lattn_batch inputs;
    struct lattn_item item;
    double z[N * D] = {.3, -1, 2, .5, 1, -.25}, y[1] = {0};

    settings.forget = 0.9;
    one = learner_make(settings);
    other = learner_make(settings);
    normals_teach(one, &random, 25, settings.forget, weighed);
    normals_teach(other, &random, 40, settings.forget, weighed);
    cr_assert_eq(lattn_learner_merge(one, other, NULL), LATTN_OK);
    item = item_make(z, N, D, y, 1);
    inputs = (struct lattn_batch){.items = &item, .count = 1};
    expect_same_answers(one, weighed, inputs);
    cr_expect_eq(lattn_learner_pairs(one), 65);
    lattn_learner_close(&one);
    lattn_learner_close(&other);
    lattn_learner_close(&weighed);
}

/* It learns on: what comes after a merge counts as what came before. */
Test(merge, goes_on)
{
    struct lattn_learner *one = learner_default(), *other = learner_default();
    struct lattn_learner *all = learner_default();
    struct random random = {.state = 6};
    struct lattn_item item;
    double z[N * D] = {.3, -1, 2, .5, 1, -.25}, y[1] = {0};

    normals_teach(one, &random, 4, 1, all);
    normals_teach(other, &random, 5, 1, all);
    cr_assert_eq(lattn_learner_merge(one, other, NULL), LATTN_OK);
    normals_teach(one, &random, 30, 1, all);
    item = item_make(z, N, D, y, 1);
    expect_same_report(one, all);
    expect_same_answers(one, all, (struct lattn_batch){.items = &item, .count = 1});
    lattn_learner_close(&one);
    lattn_learner_close(&other);
    lattn_learner_close(&all);
}

Test(merge, takes_an_empty_one_either_way)
{
    struct lattn_learner *one = learner_default(), *empty = learner_default();
    struct lattn_learner *all = learner_default();
    struct random random = {.state = 7};

    normals_teach(one, &random, 9, 1, all);
    cr_expect_eq(lattn_learner_merge(one, empty, NULL), LATTN_OK);
    expect_same_report(one, all);
    cr_expect_eq(lattn_learner_merge(empty, one, NULL), LATTN_OK);
    expect_same_report(empty, all);
    lattn_learner_close(&one);
    lattn_learner_close(&empty);
    lattn_learner_close(&all);
}

static void expect_conflict(struct lattn_learner_settings settings, int is_named, const char *why)
{
    struct lattn_learner *one = learner_default(), *other = learner_make(settings);
    struct lattn_learner *all = learner_default();
    struct lattn_complaint complaint = {""};
    struct random random = {.state = 8};
    const char *const names[D] = {"speed", "height"};
    int32_t places[D];

    normals_teach(one, &random, 9, 1, all);
    if (is_named)
        cr_assert_eq(lattn_learner_name(other, names, D, NULL, 0, NULL, 0, places, NULL, NULL),
                     LATTN_OK);
    cr_expect_eq(lattn_learner_merge(one, other, &complaint), LATTN_CONFLICT);
    cr_expect_str_eq(complaint.text, why);
    expect_same_report(one, all);
    lattn_learner_close(&one);
    lattn_learner_close(&other);
    lattn_learner_close(&all);
}

Test(merge, refuses_what_differs)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();

    settings.dim = 3;
    expect_conflict(settings, 0, "tokens have 2 and 3 coordinates");
    settings.dim = 2;
    settings.outputs = 2;
    expect_conflict(settings, 0, "labels have 1 and 2 outputs");
    settings.outputs = 0;
    settings.forget = .5;
    expect_conflict(settings, 0, "they forget by 1 and 0.5");
    settings.forget = 1;
    settings.bias = 1;
    expect_conflict(settings, 0, "one has a bias, the other has none");
    settings.bias = 0;
    settings.dim = 0;
    expect_conflict(settings, 1, "coordinate 0 is called '' and 'speed'");
}

/* Whichever allocation fails, nothing of the other was learned. */
Test(merge, learns_all_or_nothing)
{
    struct random random = {.state = 9};

    for (uint64_t k = 1;; k++) {
        struct lattn_learner *one = learner_default(), *other = learner_default();
        struct lattn_learner *before = learner_default(), *all = learner_default();
        struct random again = random;
        enum lattn_status status;

        normals_teach(one, &again, 3, 1, all);
        again = random;
        normals_teach(before, &again, 3, 1, other);
        normals_teach(other, &again, 2, 1, all);
        memory_fail(k, 1);
        status = lattn_learner_merge(one, other, NULL);
        memory_fail(0, 0);
        cr_expect_eq(status, memory_failed() ? LATTN_NO_MEMORY : LATTN_OK);
        cr_expect_eq(lattn_learner_pairs(one), status == LATTN_OK ? 8 : 3);
        if (status != LATTN_OK)
            expect_same_report(one, before);
        lattn_learner_close(&one);
        lattn_learner_close(&other);
        lattn_learner_close(&before);
        lattn_learner_close(&all);
        if (status == LATTN_OK)
            break;
    }
}
