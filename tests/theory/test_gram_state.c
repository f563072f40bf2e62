/*
 * The engine gram as a thing that is copied, saved, loaded and merged (README.md, section 6):
 * whatever was done or asked in between, the same items in the same blocks give the same bits, and
 * two of disjoint streams are one of both.
 */
#include "core/dense.h"
#include "support/approx.h"
#include "support/bytes.h"
#include "support/courses.h"
#include "support/engines.h"

#include "base/memory.h"

#include <lattn/state.h>

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(gram_state, .init = dense_threads_one);

/* A course for a learner of this engine. */
static struct lattn_learner *course_begin(struct course *course, int32_t number, uint64_t seed)
{
    course_start(course, number, seed);
    course->settings.engine = LATTN_ENGINE_GRAM;
    return corpus_learner(&course->settings);
}

/* ---- the same bits ------------------------------------------------------------------------- */

static void expect_same_bits(struct lattn_learner *got, struct lattn_learner *want,
                             const char *what)
{
    size_t count =
        (size_t)lattn_features(lattn_learner_dim(want)) * (size_t)lattn_learner_outputs(want);
    struct lattn_report one, other;
    double *coef = corpus_solution(got);
    double *bits = corpus_solution(want);

    cr_expect_eq(memcmp(coef, bits, count * sizeof *coef), 0, "%s: weights", what);
    cr_assert_eq(lattn_learner_report(got, &one), LATTN_OK);
    cr_assert_eq(lattn_learner_report(want, &other), LATTN_OK);
    cr_expect_eq(memcmp(&one.loss_train, &other.loss_train, sizeof(double)), 0, "%s: loss", what);
    cr_expect_eq(memcmp(&one.loss_progressive, &other.loss_progressive, sizeof(double)), 0,
                 "%s: progressive loss", what);
    cr_expect_eq(one.certificate.verdict, other.certificate.verdict, "%s", what);
    cr_expect_eq(one.certificate.rank, other.certificate.rank, "%s", what);
    cr_expect_eq(one.pairs, other.pairs, "%s", what);
    cr_expect_eq(one.engine, other.engine, "%s", what);
    lattn_report_done(&one);
    lattn_report_done(&other);
    memory_release(coef);
    memory_release(bits);
}

/* What may be done with a learner while it learns; each leaves one that goes on. */
static struct lattn_learner *go_on(struct lattn_learner *learner)
{
    return learner;
}

static struct lattn_learner *copy(struct lattn_learner *learner)
{
    struct lattn_learner *made = NULL;

    cr_assert_eq(lattn_learner_copy(learner, &made), LATTN_OK);
    lattn_learner_close(&learner);
    return made;
}

static struct lattn_learner *save_and_load(struct lattn_learner *learner)
{
    struct bytes bytes = bytes_of_learner(learner);
    struct lattn_learner *loaded = learner_of_bytes(&bytes);

    cr_expect_eq(bytes.length, lattn_learner_saved_bytes(learner));
    cr_expect_eq(lattn_learner_settings_get(loaded).engine,
                 lattn_learner_settings_get(learner).engine);
    bytes_done(&bytes);
    lattn_learner_close(&learner);
    return loaded;
}

static struct lattn_learner *ask(struct lattn_learner *learner)
{
    struct lattn_learner *looker = NULL;

    if (lattn_learner_pairs(learner) == 0)
        return learner;
    cr_assert_eq(lattn_learner_copy(learner, &looker), LATTN_OK);
    (void)corpus_certify(looker);
    memory_release(corpus_solution(looker));
    lattn_learner_close(&looker);
    (void)corpus_certify(learner);
    memory_release(corpus_solution(learner));
    return learner;
}

static struct lattn_learner *adjust(struct lattn_learner *learner)
{
    struct lattn_learner_settings settings = lattn_learner_settings_get(learner);

    settings.memory_max = (size_t)1 << 30;
    cr_assert_eq(lattn_learner_adjust(learner, &settings), LATTN_OK);
    return learner;
}

/* Follow a course, and do something with the learner before every block. */
static struct lattn_learner *course_follow(int32_t number, int blocks,
                                           struct lattn_learner *(*act)(struct lattn_learner *))
{
    static struct course course;
    struct lattn_learner *learner = course_begin(&course, number, 17);

    for (int block = 0; block < blocks; block++) {
        const char *name;
        struct lattn_batch batch = course_next(&course, &name);

        learner = act(learner);
        course_teach(&course, batch, name, learner);
    }
    return learner;
}

Test(gram_state, has_the_same_bits_whatever_was_done_in_between)
{
    static const struct {
        const char *name;
        struct lattn_learner *(*act)(struct lattn_learner *learner);
    } acts[] = {{"again", go_on},
                {"copied", copy},
                {"saved and loaded", save_and_load},
                {"asked", ask},
                {"adjusted", adjust}};
    enum { BLOCKS = 8, BLOCKS_LONG = 60 };
    int blocks = corpus_is_long() ? BLOCKS_LONG : BLOCKS;

    for (int32_t number = 0; number < COURSES; number++) {
        struct lattn_learner *want = course_follow(number, blocks, go_on);

        for (size_t i = 0; i < sizeof acts / sizeof *acts; i++) {
            struct lattn_learner *got = course_follow(number, blocks, acts[i].act);
            char what[64];

            (void)snprintf(what, sizeof what, "course %d, %s", number, acts[i].name);
            expect_same_bits(got, want, what);
            lattn_learner_close(&got);
        }
        lattn_learner_close(&want);
    }
}

/* A saved learner is saved to the same bytes again. */
Test(gram_state, is_saved_as_it_was_loaded)
{
    for (int32_t number = 0; number < COURSES; number++) {
        struct lattn_learner *learner = course_follow(number, 9, go_on);
        struct bytes bytes = bytes_of_learner(learner);
        struct lattn_learner *loaded = learner_of_bytes(&bytes);
        struct bytes again = bytes_of_learner(loaded);

        cr_expect_eq(again.length, bytes.length);
        cr_expect_arr_eq(again.data, bytes.data, bytes.length, "course %d", number);
        bytes_done(&bytes);
        bytes_done(&again);
        lattn_learner_close(&learner);
        lattn_learner_close(&loaded);
    }
}

/* ---- merging ------------------------------------------------------------------------------- */

/* A stream for each of two learners, and what both are asked. */
struct streams {
    struct corpus parts[2];
    struct corpus inputs;
};

/* The second part has tokens `scale` times as large; count: items of each. */
static void streams_fill(struct streams *streams, double scale, const size_t *count)
{
    static const struct corpus_shape shape = {3, 2, 2, 8, LATTN_LABELS_LAST};
    struct random random = {.state = 51};
    struct lattn_model *truth = corpus_model(&random, 3, 2, 1);

    *streams = (struct streams){0};
    for (int part = 0; part < 2; part++)
        corpus_add_normals(&streams->parts[part], &random, count[part], &shape);
    corpus_add_normals(&streams->inputs, &random, 20, &shape);
    for (size_t i = 0; i < count[1]; i++)
        for (int32_t k = 0; k < streams->parts[1].items[i].n * 3; k++)
            ((double *)streams->parts[1].items[i].z)[k] *= scale;
    for (int part = 0; part < 2; part++)
        corpus_label(&streams->parts[part], &random, truth, 0.1);
    lattn_model_close(&truth);
}

static void streams_done(struct streams *streams)
{
    corpus_done(&streams->parts[0]);
    corpus_done(&streams->parts[1]);
    corpus_done(&streams->inputs);
}

/* `into` learns part 0 or 1 and takes over the other one. */
static void merge_try(const struct streams *streams, int into, size_t block, const char *what)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *parts[2], *all;
    struct lattn_certificate want, got;
    struct lattn_complaint complaint = {""};
    struct answers answers;
    double limit;

    settings.engine = LATTN_ENGINE_GRAM;
    settings.dim = 3;
    settings.outputs = 2;
    all = corpus_learner(&settings);
    for (int part = 0; part < 2; part++) {
        parts[part] = corpus_learner(&settings);
        corpus_teach_blocks(&streams->parts[part], block, parts[part]);
        corpus_teach_blocks(&streams->parts[part], block, all);
    }
    cr_assert_eq(lattn_learner_merge(parts[into], parts[1 - into], &complaint), LATTN_OK, "%s: %s",
                 what, complaint.text);
    want = corpus_certify(all);
    got = corpus_certify(parts[into]);
    cr_expect_eq(got.verdict, want.verdict, "%s", what);
    cr_expect_eq(got.rank, want.rank, "%s", what);
    cr_expect_eq(got.pairs, want.pairs, "%s", what);
    answers = answers_compare(all, parts[into], &streams->inputs);
    /* Labels are noise, so the condition enters squared; few pairs leave it large. */
    limit = fmax(1e-10, approx_solution((double)want.p, 1 / (want.rho * want.rho)));
    cr_expect_eq(answers.differ, 0, "%s", what);
    cr_expect_leq(answers.error, limit, "%s: %.2g", what, answers.error);
    /* It goes on as if it had learned all. */
    corpus_teach_blocks(&streams->parts[0], block, parts[into]);
    corpus_teach_blocks(&streams->parts[0], block, all);
    if (streams->parts[0].count > 0)
        cr_expect_leq(coef_compare(all, parts[into]), limit, "%s: going on", what);
    for (int part = 0; part < 2; part++)
        lattn_learner_close(&parts[part]);
    lattn_learner_close(&all);
}

Test(gram_state, merges_to_what_one_stream_would_have_been)
{
    static const size_t counts[][2] = {{400, 400}, {400, 10}, {10, 400},
                                       {400, 0},   {9, 12},   {30, 700}};
    static const double scales[] = {1, 0.01, 50};
    static const size_t blocks[] = {1, 300};

    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
            struct streams streams;

            streams_fill(&streams, scales[s], counts[c]);
            for (size_t into = 0; into < 2; into++) {
                size_t block = blocks[(c + s + into) % 2];
                char what[64];

                (void)snprintf(what, sizeof what, "%zu and %zu, scale %g, into %zu, by %zu",
                               counts[c][0], counts[c][1], scales[s], into, block);
                merge_try(&streams, (int)into, block, what);
            }
            streams_done(&streams);
        }
}

/* Courses of all kinds, even blocks and odd ones. */
Test(gram_state, merges_courses)
{
    enum { BLOCKS = 12 };
    static struct course course;

    for (int32_t number = 0; number < COURSES; number++) {
        struct lattn_learner *all = course_begin(&course, number, 19);
        struct lattn_learner *halves[2];
        struct corpus inputs = {0};
        struct answers answers;
        const char *name;

        for (int half = 0; half < 2; half++)
            halves[half] = corpus_learner(&course.settings);
        for (int block = 0; block < BLOCKS; block++) {
            struct lattn_batch batch = course_next(&course, &name);
            const struct lattn_batch none = {.items = batch.items, .count = 0};

            course_teach(&course, batch, name, all);
            course_teach(&course, batch, name, halves[block % 2]);
            if (name != NULL)
                course_teach(&course, none, name, halves[1 - block % 2]);
        }
        cr_assert_eq(lattn_learner_merge(halves[0], halves[1], NULL), LATTN_OK);
        if (course.settings.forget >= 1) {
            struct lattn_batch batch = course_next(&course, &name);

            inputs = (struct corpus){(struct lattn_item *)batch.items, batch.count, 0};
            answers = answers_compare(all, halves[0], &inputs);
            cr_expect_eq(answers.differ, 0, "%s", course_name(&course));
            cr_expect_leq(answers.error, 1e-9, "%s: %.2g", course_name(&course), answers.error);
            cr_expect_eq(corpus_certify(halves[0]).rank, corpus_certify(all).rank, "%s",
                         course_name(&course));
        }
        lattn_learner_close(&halves[0]);
        lattn_learner_close(&halves[1]);
        lattn_learner_close(&all);
    }
}

/* With forgetting both fade to their own ends, as weights of these powers do. */
Test(gram_state, merges_what_fades)
{
    enum { COUNT = 400 };
    static const size_t counts[2] = {COUNT, COUNT};
    static const double forget = 0.99;
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *parts[2], *all;
    struct streams streams;

    settings.engine = LATTN_ENGINE_GRAM;
    streams_fill(&streams, 1, counts);
    all = corpus_learner(&settings);
    settings.forget = forget;
    for (int part = 0; part < 2; part++) {
        parts[part] = corpus_learner(&settings);
        corpus_teach_blocks(&streams.parts[part], 100, parts[part]);
        for (size_t i = 0; i < COUNT; i++)
            streams.parts[part].items[i].weight = pow(forget, (double)(COUNT - 1 - i));
        corpus_teach_blocks(&streams.parts[part], 100, all);
    }
    cr_assert_eq(lattn_learner_merge(parts[0], parts[1], NULL), LATTN_OK);
    cr_expect_leq(coef_compare(all, parts[0]), 1e-9);
    cr_expect_eq(corpus_certify(parts[0]).verdict, LATTN_IDENTIFYING);
    for (int part = 0; part < 2; part++)
        lattn_learner_close(&parts[part]);
    lattn_learner_close(&all);
    streams_done(&streams);
}

Test(gram_state, is_not_merged_with_rls)
{
    static const size_t counts[2] = {100, 100};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_complaint complaint = {""};
    struct engines engines;
    struct streams streams;
    double *before, *after;

    streams_fill(&streams, 1, counts);
    engines_open(&engines, &settings);
    engines_teach(&engines, &streams.parts[0], 0, 100);
    before = corpus_solution(engines.gram);
    cr_expect_eq(lattn_learner_merge(engines.gram, engines.rls, &complaint), LATTN_CONFLICT);
    cr_expect(strlen(complaint.text) > 0);
    cr_expect_eq(lattn_learner_merge(engines.rls, engines.gram, NULL), LATTN_CONFLICT);
    after = corpus_solution(engines.gram);
    cr_expect_arr_eq(before, after, 36 * sizeof *before);
    cr_expect_eq(lattn_learner_pairs(engines.gram), 100);
    memory_release(before);
    memory_release(after);
    engines_close(&engines);
    streams_done(&streams);
}
