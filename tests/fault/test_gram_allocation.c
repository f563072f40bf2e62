/*
 * Every allocation of a learner in information form fails once, and from then on: on its way there,
 * while it learns, while it is asked, and on its way back when features come late. After each
 * failure the status says so, what was asked succeeds when asked again, and what is learned
 * afterwards leads to the right result.
 */
#include <lattn/learner.h>

#include "base/memory.h"
#include "core/dense.h"
#include "support/corpus.h"
#include "support/leaks.h"
#include "support/operations.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

TestSuite(gram_allocation, .init = dense_threads_one);

/*
 * D coordinates, of which the narrow items lack the last one: D - 1 of them are a product of
 * features by themselves. All labels are those of one layer.
 */
enum { D = 3, M = 2, FEW = 8, NARROW = 70, WIDE = 90, REST = 12 };

static struct corpus narrow;
static struct corpus wide;
static struct corpus rest;
static struct lattn_model *truth;

static void lessons_make(void)
{
    static const struct corpus_shape shape = {D, M, 2, 6, LATTN_LABELS_CAUSAL};
    struct random random = {.state = 3};

    truth = corpus_model(&random, D, M, 1);
    corpus_add_normals(&narrow, &random, NARROW, &shape);
    corpus_add_normals(&wide, &random, WIDE, &shape);
    corpus_add_normals(&rest, &random, REST, &shape);
    for (size_t i = 0; i < NARROW; i++)
        for (int32_t t = 0; t < narrow.items[i].n; t++)
            ((double *)narrow.items[i].z)[t * D + D - 1] = 0;
    corpus_label(&narrow, &random, truth, 0);
    corpus_label(&wide, &random, truth, 0);
    corpus_label(&rest, &random, truth, 0);
}

static void lessons_done(void)
{
    corpus_done(&narrow);
    corpus_done(&wide);
    corpus_done(&rest);
    lattn_model_close(&truth);
}

/* ---- what may fail ------------------------------------------------------------------------- */

/* Admit what brings features that were never seen. */
static enum lattn_status run_admit(struct lattn_learner *learner)
{
    return lattn_learner_admit(learner, &wide.items[0], NULL);
}

/* Cannot fail: without memory the form stays what it was. */
static enum lattn_status run_absorb(struct lattn_learner *learner)
{
    const struct lattn_batch batch = {wide.items, 40};
    enum lattn_status status = LATTN_OK;

    for (size_t i = 0; i < batch.count && status == LATTN_OK; i++)
        status = lattn_learner_admit(learner, &batch.items[i], NULL);
    if (status == LATTN_OK)
        lattn_learner_absorb(learner, &batch);
    return status;
}

static enum lattn_status run_survey(struct lattn_learner *learner)
{
    enum lattn_status status = lattn_learner_admit(learner, &wide.items[0], NULL);

    if (status == LATTN_OK)
        lattn_learner_survey(learner, &(struct lattn_batch){wide.items, 1});
    return status;
}

static enum lattn_status run_predict(struct lattn_learner *learner)
{
    double y[M], std_error[M];
    struct lattn_prediction prediction = {.y = y, .std_error = std_error};

    return lattn_learner_predict(learner, &rest.items[0], &prediction, NULL);
}

static enum lattn_status run_cover(struct lattn_learner *learner)
{
    struct lattn_domain domain;

    return lattn_learner_cover(learner, &(struct lattn_batch){rest.items, 3}, &domain, NULL);
}

static enum lattn_status run_name(struct lattn_learner *learner)
{
    const char *const append[] = {"more"}, *const outputs[] = {"another"};
    int32_t coordinate, output;

    return lattn_learner_name(learner, append, 1, outputs, 1, NULL, 0, &coordinate, &output, NULL);
}

static enum lattn_status run_suggest(struct lattn_learner *learner)
{
    size_t order[8], count = 9;
    enum lattn_status status = lattn_learner_suggest(learner, &(struct lattn_batch){rest.items, 8},
                                                     8, order, &count, NULL);

    cr_assert_eq(count <= 8, status == LATTN_OK);
    return status;
}

/* What is known: too little for the information form, a part of the features, or all of them. */
enum taught { LITTLE, NARROWLY, FULLY, STATES };

struct operation {
    const char *name;
    enum lattn_status (*run)(struct lattn_learner *learner);
    /* By a failure of memory it does not fail itself. */
    int is_tolerant;
};

static const struct operation operations[] = {
    {"admit", run_admit, 0},         {"absorb", run_absorb, 1},
    {"survey", run_survey, 1},       {"certify", operation_certify, 0},
    {"report", operation_report, 0}, {"spectrum", operation_spectrum, 0},
    {"predict", run_predict, 0},     {"cover", run_cover, 0},
    {"coef", operation_coef, 0},     {"model", operation_model, 0},
    {"copy", operation_copy, 0},     {"load", operation_load, 0},
    {"name", run_name, 0},           {"emission", operation_emission, 0},
    {"suggest", run_suggest, 0},
};

/* ---- what must hold ------------------------------------------------------------------------ */

static struct lattn_learner *learner_in(enum taught taught, double forget)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner;

    settings.engine = LATTN_ENGINE_GRAM;
    settings.forget = forget;
    learner = corpus_learner(&settings);
    corpus_teach(&narrow, 0, FEW, learner);
    if (taught >= NARROWLY)
        corpus_teach(&narrow, FEW, NARROW - FEW, learner);
    if (taught >= FULLY)
        corpus_teach(&wide, 0, WIDE, learner);
    return learner;
}

static struct lattn_learner *copy_of(const struct lattn_learner *learner)
{
    struct lattn_learner *copy = NULL;

    cr_assert_eq(lattn_learner_copy(learner, &copy), LATTN_OK);
    return copy;
}

/* Learn the rest, and look whether all of it is known. */
static void expect_right(struct lattn_learner *learner, uint64_t pairs, const char *what, int k)
{
    struct lattn_certificate certificate;

    corpus_teach(&rest, 0, REST, learner);
    for (size_t i = 0; i < REST; i++)
        pairs += (uint64_t)lattn_item_rows(&rest.items[i]);
    certificate = corpus_certify(learner);
    cr_expect_eq(certificate.pairs, pairs, "%s, allocation %d", what, k);
    cr_expect_eq(certificate.verdict,
                 certificate.p > D * D * (D + 1) / 2 ? LATTN_NOT_IDENTIFYING : LATTN_IDENTIFYING,
                 "%s, allocation %d", what, k);
    for (size_t i = 0; i < 3; i++) {
        const struct lattn_item *input = &rest.items[i];
        double y[M + 1], std_error[M + 1], want[M];
        struct lattn_prediction prediction = {.y = y, .std_error = std_error};

        lattn_model_apply(truth, input->z, input->n, want);
        cr_assert_eq(lattn_learner_predict(learner, input, &prediction, NULL), LATTN_OK);
        cr_expect(prediction.determined, "%s, allocation %d", what, k);
        for (int a = 0; a < M; a++)
            cr_expect_leq(fabs(y[a] - want[a]), 1e-8 * (1 + fabs(want[a])), "%s, allocation %d",
                          what, k);
    }
}

/* Let allocation k fail; returns 0 when the operation needs fewer. */
static int fail_and_recover(const struct operation *operation, const struct lattn_learner *prepared,
                            uint64_t k, int from_then_on, const char *what)
{
    struct lattn_learner *learner = copy_of(prepared);
    uint64_t before = lattn_learner_pairs(learner), pairs;
    enum lattn_status status;
    int failed;

    memory_fail(k, from_then_on);
    status = operation->run(learner);
    failed = memory_failed();
    memory_fail(0, 0);
    pairs = lattn_learner_pairs(learner);
    if (!failed || (operation->is_tolerant && status == LATTN_OK))
        cr_expect_eq(status, LATTN_OK, "%s", what);
    else
        cr_expect_eq(status, LATTN_NO_MEMORY, "%s, allocation %d", what, (int)k);
    if (status == LATTN_NO_MEMORY) {
        cr_expect_eq(pairs, before, "%s, allocation %d", what, (int)k);
        cr_expect_eq(operation->run(learner), LATTN_OK, "%s, allocation %d", what, (int)k);
        pairs = lattn_learner_pairs(learner);
    }
    expect_right(learner, pairs, what, (int)k);
    lattn_learner_close(&learner);
    return failed;
}

/* By default failures come once for some states and from then on for the others. */
static int is_tried(int from_then_on, int state)
{
    return corpus_is_long() || from_then_on == state % 2;
}

static void operation_try(const struct operation *operation, enum taught taught, double forget)
{
    static const char *const states[STATES] = {"little", "a part", "all"};
    struct lattn_learner *prepared = learner_in(taught, forget);
    char what[96];

    (void)snprintf(what, sizeof what, "%s, knows %s, forget %g", operation->name, states[taught],
                   forget);
    for (int from_then_on = 0; from_then_on <= 1; from_then_on++)
        for (uint64_t k = 1; is_tried(from_then_on, (int)taught) &&
                             fail_and_recover(operation, prepared, k, from_then_on, what);)
            k++;
    lattn_learner_close(&prepared);
}

Test(gram_allocation, each_failure_leaves_a_learner_that_goes_on, .timeout = 600)
{
    static const double forgets[] = {1, 0.999};

    lessons_make();
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        /* With little it is in square-root form, which test_allocation has tried. */
        for (int taught = operations[i].run == run_absorb ? LITTLE : NARROWLY; taught < STATES;
             taught++)
            operation_try(&operations[i], (enum taught)taught, forgets[(i + (size_t)taught) % 2]);
    lessons_done();
    cr_expect_eq(leaks(), 0);
}

/* Let allocation k fail; returns 0 when merging needs fewer. */
static int merge_try(const struct lattn_learner *into, const struct lattn_learner *from, uint64_t k,
                     int from_then_on)
{
    struct lattn_learner *learner = copy_of(into);
    uint64_t before = lattn_learner_pairs(into);
    uint64_t all = before + lattn_learner_pairs(from);
    enum lattn_status status;
    int failed;

    memory_fail(k, from_then_on);
    status = lattn_learner_merge(learner, from, NULL);
    failed = memory_failed();
    memory_fail(0, 0);
    cr_expect(status == LATTN_OK || (failed && status == LATTN_NO_MEMORY));
    cr_expect_eq(lattn_learner_pairs(learner), status == LATTN_OK ? all : before);
    if (status != LATTN_OK)
        cr_expect_eq(lattn_learner_merge(learner, from, NULL), LATTN_OK);
    expect_right(learner, all, "merge", (int)k);
    lattn_learner_close(&learner);
    return failed;
}

/* Merging is all or nothing, whichever forms the two have. */
Test(gram_allocation, merging_learns_all_or_nothing, .timeout = 600)
{
    lessons_make();
    for (int one = NARROWLY; one < STATES; one++)
        for (int other = LITTLE; other < STATES; other++) {
            struct lattn_learner *into = learner_in((enum taught)one, 1);
            struct lattn_learner *from = learner_in((enum taught)other, 1);

            for (int from_then_on = 0; from_then_on <= 1; from_then_on++)
                for (uint64_t k = 1;
                     is_tried(from_then_on, one + other) && merge_try(into, from, k, from_then_on);)
                    k++;
            lattn_learner_close(&into);
            lattn_learner_close(&from);
        }
    lessons_done();
    cr_expect_eq(leaks(), 0);
}
