/*
 * A learner that was saved and loaded goes on as if nothing had happened, to the last bit; bytes
 * that nobody wrote are refused or make a learner that is sound.
 */
#include <lattn/state.h>

#include "core/dense.h"
#include "core/learner.h"
#include "support/bytes.h"
#include "support/courses.h"
#include "support/sanitized.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

TestSuite(image, .init = dense_threads_one);

/* What lattn_learner_save says of questions: the verdict's history, and the tests of the stream. */
enum {
    HISTORY_AT = 24 + 44 + 8,
    HISTORY_BYTES = 3 * 8,
    SURVEY_AT = HISTORY_AT + HISTORY_BYTES + 257 + 1025,
    SURVEY_BYTES = 8 + 8 + 4 + 4 + 8 + 1000
};

static int blocks_after(void)
{
    /* Bits are a matter of numbers, and compared without sanitizers. */
    int few = IS_SANITIZED ? 60 : 150;

    return getenv("LATTN_LONG") != NULL ? 600 : few;
}

static void teach_blocks(struct course *course, int blocks, struct lattn_learner **learners,
                         int count)
{
    for (int b = 0; b < blocks; b++) {
        const char *name;
        struct lattn_batch batch = course_next(course, &name);

        for (int i = 0; i < count; i++)
            course_teach(course, batch, name, learners[i]);
    }
}

/* Without what depends on what was asked, and on null spaces that an image does not carry. */
static struct bytes bytes_learned(const struct lattn_learner *learner)
{
    struct bytes bytes = bytes_of_learner(learner);

    memset(bytes.data + HISTORY_AT, 0, HISTORY_BYTES);
    memset(bytes.data + SURVEY_AT, 0, SURVEY_BYTES);
    return bytes;
}

static void expect_same_learned(const struct lattn_learner *a, const struct lattn_learner *b,
                                const char *title)
{
    struct bytes of_a = bytes_learned(a), of_b = bytes_learned(b);
    size_t at = 0;

    cr_assert_eq(of_a.length, of_b.length, "%s", title);
    while (at < of_a.length && of_a.data[at] == of_b.data[at])
        at++;
    cr_assert_eq(at, of_a.length, "%s: byte %zu of %zu differs", title, at, of_a.length);
    bytes_done(&of_a);
    bytes_done(&of_b);
}

static int same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void expect_same_predictions(struct course *course, struct lattn_learner *a,
                                    struct lattn_learner *b)
{
    const char *name;
    struct course later = *course;
    struct lattn_batch inputs = course_next(&later, &name);

    if (name != NULL)
        return;
    for (size_t i = 0; i < inputs.count && i < 8; i++) {
        double y[2][COURSE_OUTPUTS_MAX], error[2][COURSE_OUTPUTS_MAX];
        struct lattn_prediction of_a = {.y = y[0], .std_error = error[0]};
        struct lattn_prediction of_b = {.y = y[1], .std_error = error[1]};

        cr_assert_eq(lattn_learner_predict(a, &inputs.items[i], &of_a, NULL), LATTN_OK);
        cr_assert_eq(lattn_learner_predict(b, &inputs.items[i], &of_b, NULL), LATTN_OK);
        cr_assert_eq(of_a.determined, of_b.determined, "%s", course_name(course));
        cr_assert(same(of_a.leverage, of_b.leverage), "%s", course_name(course));
        for (int32_t m = 0; m < lattn_learner_outputs(a); m++)
            cr_assert(same(y[0][m], y[1][m]), "%s: %.17g %.17g", course_name(course), y[0][m],
                      y[1][m]);
    }
}

/* Field by field where there is padding. */
static int same_certificates(const struct lattn_certificate *a, const struct lattn_certificate *b)
{
    size_t numbers = sizeof *a - offsetof(struct lattn_certificate, p);

    return a->verdict == b->verdict && memcmp(&a->p, &b->p, numbers) == 0;
}

static void expect_same_reports(struct lattn_learner *a, struct lattn_learner *b, const char *title)
{
    struct lattn_report of_a, of_b;

    cr_assert_eq(lattn_learner_report(a, &of_a), LATTN_OK);
    cr_assert_eq(lattn_learner_report(b, &of_b), LATTN_OK);
    for (int32_t m = 0; m < of_a.m; m++) {
        cr_assert(same(of_a.noise_std[m], of_b.noise_std[m]), "%s", title);
        cr_assert(same(of_a.r2[m], of_b.r2[m]), "%s", title);
    }
    lattn_report_done(&of_a);
    lattn_report_done(&of_b);
    of_b.noise_std = of_a.noise_std;
    of_b.r2 = of_a.r2;
    cr_assert_eq(memcmp(&of_a, &of_b, offsetof(struct lattn_report, certificate)), 0, "%s", title);
    cr_assert(same_certificates(&of_a.certificate, &of_b.certificate), "%s", title);
}

Test(image, goes_on_to_the_same_bits)
{
    for (int32_t number = 0; number < COURSES; number++) {
        struct course course;
        struct lattn_learner *learners[2];
        struct bytes bytes, again;

        course_start(&course, number, 1);
        cr_assert_eq(lattn_learner_open(&learners[0], &course.settings), LATTN_OK);
        teach_blocks(&course, 50, learners, 1);
        bytes = bytes_of_learner(learners[0]);
        learners[1] = learner_of_bytes(&bytes);
        again = bytes_of_learner(learners[1]);
        cr_assert_eq(again.length, bytes.length);
        cr_assert_eq(memcmp(again.data, bytes.data, bytes.length), 0, "%s", course_name(&course));
        cr_expect_eq(lattn_learner_memory(learners[0]), lattn_learner_memory(learners[1]));
        for (int round = 0; round < blocks_after() / 10; round++) {
            teach_blocks(&course, 10, learners, 2);
            expect_same_learned(learners[0], learners[1], course_name(&course));
            expect_same_predictions(&course, learners[0], learners[1]);
            expect_same_reports(learners[0], learners[1], course_name(&course));
        }
        for (int i = 0; i < 2; i++)
            lattn_learner_close(&learners[i]);
        bytes_done(&bytes);
        bytes_done(&again);
    }
}

/* Everything that may be asked; what is answered does not matter here. */
static void ask_everything(struct lattn_learner *learner, struct lattn_batch inputs)
{
    struct lattn_report report;
    struct lattn_model *model = NULL;
    struct lattn_domain domain;
    struct lattn_learner *copy = NULL;
    size_t order[4], count;

    cr_assert_eq(lattn_learner_copy(learner, &copy), LATTN_OK);
    lattn_learner_close(&copy);
    cr_assert_eq(lattn_learner_report(learner, &report), LATTN_OK);
    lattn_report_done(&report);
    cr_assert_eq(lattn_learner_cover(learner, &inputs, &domain, NULL), LATTN_OK);
    cr_assert_eq(lattn_learner_suggest(learner, &inputs, 4, order, &count, NULL), LATTN_OK);
    cr_assert_eq(lattn_learner_model(learner, LATTN_HEADS_SVD, 0, &model), LATTN_OK);
    lattn_model_close(&model);
}

/* The first one is asked all the time, the second one never, the third one was loaded meanwhile. */
Test(image, does_not_depend_on_questions)
{
    for (int32_t number = 0; number < COURSES; number++) {
        struct course course;
        struct lattn_learner *learners[3];
        struct bytes bytes;

        course_start(&course, number, 7);
        for (int i = 0; i < 2; i++)
            cr_assert_eq(lattn_learner_open(&learners[i], &course.settings), LATTN_OK);
        learners[2] = NULL;
        for (int b = 0; b < blocks_after(); b++) {
            teach_blocks(&course, 1, learners, learners[2] != NULL ? 3 : 2);
            if (b % 3 == 0)
                ask_everything(learners[0], (struct lattn_batch){course.items, 1});
            if (b == 40) {
                bytes = bytes_of_learner(learners[1]);
                learners[2] = learner_of_bytes(&bytes);
                bytes_done(&bytes);
            }
        }
        expect_same_learned(learners[0], learners[1], course_name(&course));
        expect_same_learned(learners[2], learners[1], course_name(&course));
        for (int i = 0; i < 3; i++)
            lattn_learner_close(&learners[i]);
    }
}

Test(image, of_a_copy_is_that_of_the_original)
{
    for (int32_t number = 0; number < COURSES; number++) {
        struct course course;
        struct lattn_learner *learner, *copy;
        struct bytes bytes, of_copy;

        course_start(&course, number, 2);
        cr_assert_eq(lattn_learner_open(&learner, &course.settings), LATTN_OK);
        teach_blocks(&course, 60, &learner, 1);
        cr_assert_eq(lattn_learner_copy(learner, &copy), LATTN_OK);
        bytes = bytes_of_learner(learner);
        of_copy = bytes_of_learner(copy);
        cr_assert_eq(of_copy.length, bytes.length, "%s", course_name(&course));
        cr_assert_eq(memcmp(of_copy.data, bytes.data, bytes.length), 0, "%s", course_name(&course));
        lattn_learner_close(&learner);
        lattn_learner_close(&copy);
        bytes_done(&bytes);
        bytes_done(&of_copy);
    }
}

/* What R has an entry of was seen, before and after. */
static void expect_same_verdict(struct lattn_learner *learner, struct lattn_learner *loaded)
{
    struct lattn_certificate is, was;
    int64_t columns = 0;

    cr_assert_eq(lattn_learner_certify(learner, &was), LATTN_OK);
    cr_assert_eq(lattn_learner_certify(loaded, &is), LATTN_OK);
    cr_assert(same_certificates(&is, &was));
    for (int32_t i = 0; i < learner->factor.components_count; i++) {
        const struct component *component = learner->factor.components[i];

        for (int32_t c = 0; component != NULL && c < component->columns; c++) {
            double most = 0;

            for (int32_t r = 0; r <= c; r++)
                most = fmax(most, fabs(component->factor[(size_t)r * component->ld + (size_t)c]));
            columns += most > 1e-150;
        }
    }
    cr_assert_geq(was.features_seen, columns);
}

/* Numbers far apart: as products in one order they vanish, in another they do not. */
Test(image, of_whatever_was_admitted_is_read)
{
    static const double tokens[][2] = {{1e-170, 1e40}, {1e40, 1e-170}, {1e-165, 1e30}, {3e-162, 1},
                                       {1e46, 1e-320}, {1e-82, 1e46},  {1e46, 1e-82}};
    const double y = 1;

    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        const struct lattn_learner_settings settings = lattn_learner_settings_default();
        const struct lattn_item item = {
            .z = tokens[i], .y = &y, .weight = 1, .n = 1, .d = 2, .m = 1};
        struct lattn_complaint complaint = {""};
        struct lattn_learner *learner = NULL, *loaded;
        struct bytes bytes;

        cr_assert_eq(lattn_learner_open(&learner, &settings), LATTN_OK);
        cr_assert_eq(lattn_learner_admit(learner, &item, &complaint), LATTN_OK, "%s",
                     complaint.text);
        lattn_learner_survey(learner, &(struct lattn_batch){.items = &item, .count = 1});
        bytes = bytes_of_learner(learner);
        loaded = learner_of_bytes(&bytes);
        expect_same_learned(learner, loaded, "far apart");
        expect_same_verdict(learner, loaded);
        bytes_done(&bytes);
        lattn_learner_close(&loaded);
        lattn_learner_close(&learner);
    }
}
