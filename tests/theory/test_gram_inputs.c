/*
 * The engine gram on inputs of every kind: it learns what rls does, whatever the labels, weights,
 * blocks and units, and wherever coordinates and outputs come late.
 */
#include "core/dense.h"
#include "support/approx.h"
#include "support/engines.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ASKED = 20 };

TestSuite(gram_inputs, .init = dense_threads_one);

/* ---- labels, bias, dimensions and blocks --------------------------------------------------- */

/* Normals of one kind, and as many inputs to ask about. */
struct course {
    struct corpus corpus;
    struct corpus inputs;
    struct lattn_model *truth;
};

/* Sequences that carry `multiple` times p labels of a model with two heads. */
static void course_init(struct course *course, const struct corpus_shape *shape, int32_t bias,
                        double multiple, double noise, uint64_t seed)
{
    struct corpus_shape one = *shape;
    struct random random = {.state = seed};
    int64_t p = lattn_features(shape->d + bias);
    double rows =
        shape->labels == LATTN_LABELS_LAST ? 1 : (shape->tokens_min + shape->tokens_max) / 2.0;

    one.labels = LATTN_LABELS_LAST;
    *course = (struct course){0};
    corpus_add_normals(&course->corpus, &random, (size_t)(multiple * (double)p / rows) + 2, shape);
    corpus_add_normals(&course->inputs, &random, ASKED, &one);
    course->truth = corpus_model(&random, shape->d + bias, shape->m, 2);
    course->truth->bias = bias;
    corpus_label(&course->corpus, &random, course->truth, noise);
}

static void course_done(struct course *course)
{
    corpus_done(&course->corpus);
    corpus_done(&course->inputs);
    lattn_model_close(&course->truth);
}

/* Rounding of labels and weights is below 1e-13 even where that of a well-conditioned G is less. */
static double limit_of(struct engines *engines)
{
    return fmax(1e-13, engines_rounding(engines));
}

static void kind_try(const struct corpus_shape *shape, int32_t bias, double noise, uint64_t seed)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_certificate certificate;
    struct engines engines;
    struct course course;
    char what[96];
    double limit;

    (void)snprintf(what, sizeof what, "d %d, m %d, bias %d, labels %d, noise %g", shape->d,
                   shape->m, bias, (int)shape->labels, noise);
    settings.bias = bias;
    /* Labels that share S add little rank. */
    course_init(&course, shape, bias, shape->labels == LATTN_LABELS_FULL ? 10 : 5, noise, seed);
    engines_open(&engines, &settings);
    engines_teach_mixed(&engines, &course.corpus);
    certificate = engines_expect_verdict(&engines, what);
    limit = limit_of(&engines);
    cr_expect_eq(certificate.verdict, LATTN_IDENTIFYING, "%s: %s, rho %g", what,
                 lattn_verdict_text(certificate.verdict), certificate.rho);
    cr_expect_lt(limit, 1e-6, "%s: %g", what, limit);
    engines_expect(&engines, &course.inputs, fmin(1e-9, limit), what);
    cr_expect_leq(coef_compare(engines.rls, engines.gram), limit, "%s: weights", what);
    if (noise == 0)
        cr_expect_leq(truth_compare(course.truth, engines.gram), limit, "%s: truth", what);
    engines_close(&engines);
    course_done(&course);
}

Test(gram_inputs, of_every_kind_are_learned_alike)
{
    static const enum lattn_labels labels[] = {LATTN_LABELS_LAST, LATTN_LABELS_CAUSAL,
                                               LATTN_LABELS_FULL};
    uint64_t seed = 1;

    for (int32_t d = 1; d <= 6; d++)
        for (int i = 0; i < 3; i++)
            for (int32_t bias = 0; bias <= 1; bias++, seed++) {
                const struct corpus_shape shape = {d, 1 + (int32_t)(seed % 3), 2, 12, labels[i]};

                if (d + bias <= 6)
                    kind_try(&shape, bias, seed % 2 == 0 ? 0 : 0.1, seed);
            }
}

Test(gram_inputs, of_eight_coordinates_are_learned_alike)
{
    static const struct corpus_shape last = {8, 1, 12, 20, LATTN_LABELS_LAST};
    static const struct corpus_shape causal = {8, 3, 60, 60, LATTN_LABELS_CAUSAL};

    kind_try(&last, 0, 0, 81);
    kind_try(&causal, 0, 0.1, 82);
}

/* The blocks make no difference but rounding. */
Test(gram_inputs, are_learned_alike_in_any_blocks)
{
    static const size_t blocks[] = {1, 2, 5, 8, 63, 64, 255, 256, 257, 1000};
    static const enum lattn_labels labels[] = {LATTN_LABELS_LAST, LATTN_LABELS_CAUSAL,
                                               LATTN_LABELS_FULL};

    for (int i = 0; i < 3; i++) {
        const struct corpus_shape shape = {3, 2, 1, 7, labels[i]};
        struct lattn_learner_settings settings = lattn_learner_settings_default();
        struct engines whole;
        struct course course;

        course_init(&course, &shape, 0, 60, 0.1, 90 + (uint64_t)i);
        engines_open(&whole, &settings);
        engines_teach(&whole, &course.corpus, 0, course.corpus.count);
        for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
            struct engines engines;

            engines_open(&engines, &settings);
            corpus_teach_blocks(&course.corpus, blocks[b], engines.gram);
            cr_expect_leq(coef_compare(whole.rls, engines.gram), limit_of(&whole),
                          "labels %d, blocks of %zu", i, blocks[b]);
            engines_close(&engines);
        }
        engines_close(&whole);
        course_done(&course);
    }
}

Test(gram_inputs, have_weights)
{
    static const struct corpus_shape shape = {4, 2, 1, 9, LATTN_LABELS_FULL};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct random random = {.state = 31};
    struct engines engines;
    struct course course;

    course_init(&course, &shape, 0, 12, 0.1, 30);
    for (size_t i = 0; i < course.corpus.count; i++)
        course.corpus.items[i].weight = pow(10, 4 * random_uniform(&random) - 2);
    engines_open(&engines, &settings);
    engines_teach_mixed(&engines, &course.corpus);
    engines_expect(&engines, &course.inputs, 1e-9, "weights");
    cr_expect_leq(coef_compare(engines.rls, engines.gram), limit_of(&engines));
    engines_close(&engines);
    course_done(&course);
}

/* Tokens that went through a float, and say so: the threshold is that of their precision. */
Test(gram_inputs, may_be_floats)
{
    static const struct corpus_shape shape = {4, 1, 4, 12, LATTN_LABELS_LAST};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_certificate certificate;
    struct engines engines;
    struct course course;

    course_init(&course, &shape, 0, 8, 0, 32);
    for (size_t i = 0; i < course.corpus.count; i++) {
        struct lattn_item *item = &course.corpus.items[i];
        double *z = (double *)item->z;

        item->precision = LATTN_PRECISION_F32;
        for (int32_t k = 0; k < item->n * item->d; k++)
            z[k] = (float)z[k];
        lattn_model_apply(course.truth, z, item->n, (double *)item->y);
    }
    engines_open(&engines, &settings);
    engines_teach_mixed(&engines, &course.corpus);
    engines_expect(&engines, &course.inputs, 1e-9, "floats");
    cr_expect_leq(truth_compare(course.truth, engines.gram), limit_of(&engines));
    certificate = corpus_certify(engines.gram);
    cr_expect_eq(certificate.verdict, LATTN_IDENTIFYING);
    cr_expect_geq(certificate.threshold, 10 * LATTN_PRECISION_F32);
    engines_close(&engines);
    course_done(&course);
}

/* ---- units --------------------------------------------------------------------------------- */

/* Multiply coordinate j of all tokens of items first .. count - 1 by 10^powers[j] t, t from -1
 * to 1. */
static void corpus_scale(struct corpus *corpus, size_t first, const double *powers)
{
    for (size_t i = first; i < corpus->count; i++) {
        const struct lattn_item *item = &corpus->items[i];
        double t = 2.0 * (double)(i - first) / (double)(corpus->count - first) - 1;
        double *z = (double *)item->z;

        for (int32_t k = 0; k < item->n * item->d; k++)
            z[k] *= pow(10, powers[k % item->d] * t);
    }
}

static void drift_teach(struct engines *engines, struct course *course, const double *drift)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();

    corpus_scale(&course->corpus, 0, drift);
    corpus_label(&course->corpus, &(struct random){1}, course->truth, 0);
    for (size_t i = 0; i < course->inputs.count; i++) {
        const struct lattn_item *item = &course->inputs.items[i];

        for (int32_t k = 0; k < item->n * item->d; k++)
            ((double *)item->z)[k] *= pow(10, drift[k % item->d]);
    }
    engines_open(engines, &settings);
    engines_teach_mixed(engines, &course->corpus);
}

/* Tokens whose units drift: even coordinates have to follow. Asked is in the units of now. */
Test(gram_inputs, may_drift_in_scale)
{
    static const double drifts[][4] = {
        {1, 1, 1, 1}, {-1, -1, -1, -1}, {1, -1, 0, 0.5}, {2, 2, 2, 2},  {-2, 1, 0, 1},
        {1, 0, 0, 0}, {3, 0, 0, 0},     {0, 0, 0, 4},    {-4, 0, 4, 0},
    };
    static const struct corpus_shape shape = {4, 1, 4, 12, LATTN_LABELS_LAST};

    for (size_t i = 0; i < sizeof drifts / sizeof *drifts; i++) {
        struct engines engines;
        struct course course;
        char what[32];

        (void)snprintf(what, sizeof what, "drift %zu", i);
        course_init(&course, &shape, 0, 40, 0, 60 + i);
        drift_teach(&engines, &course, drifts[i]);
        engines_expect(&engines, &course.inputs, 1e-9, what);
        cr_expect_eq(corpus_certify(engines.gram).verdict, LATTN_IDENTIFYING, "%s", what);
        engines_close(&engines);
        course_done(&course);
    }
}

/* Units that differ by many orders of magnitude from one coordinate to the next, and do not change.
 */
Test(gram_inputs, may_have_any_units)
{
    static const struct corpus_shape shape = {3, 2, 3, 9, LATTN_LABELS_CAUSAL};

    for (uint64_t seed = 0; seed < 6; seed++) {
        struct lattn_learner_settings settings = lattn_learner_settings_default();
        struct random random = {.state = seed};
        struct engines engines;
        struct course course;
        double units[3];
        char what[32];

        (void)snprintf(what, sizeof what, "units %lu", seed);
        course_init(&course, &shape, 0, 20, 0.1, 70 + seed);
        for (int j = 0; j < 3; j++)
            units[j] = pow(10, 16 * random_uniform(&random) - 8);
        for (int part = 0; part < 2; part++) {
            struct corpus *corpus = part == 0 ? &course.corpus : &course.inputs;

            for (size_t i = 0; i < corpus->count; i++)
                for (int32_t k = 0; k < corpus->items[i].n * 3; k++)
                    ((double *)corpus->items[i].z)[k] *= units[k % 3];
        }
        engines_open(&engines, &settings);
        engines_teach_mixed(&engines, &course.corpus);
        engines_expect(&engines, &course.inputs, 1e-9, what);
        cr_expect_eq(corpus_certify(engines.gram).verdict, LATTN_IDENTIFYING, "%s", what);
        engines_close(&engines);
        course_done(&course);
    }
}

/* ---- coordinates that come late ------------------------------------------------------------- */

/* Let coordinate j be 0 in some tokens of items first .. end - 1. */
enum where { TOKENS, QUERIES };

static void corpus_blank(struct corpus *corpus, size_t first, size_t end, int32_t j,
                         enum where where)
{
    for (size_t i = first; i < end; i++) {
        const struct lattn_item *item = &corpus->items[i];
        double *z = (double *)item->z;

        for (int32_t t = where == QUERIES ? item->n - 1 : 0; t < item->n; t++)
            z[t * item->d + j] = 0;
    }
}

/* Half of the stream without a coordinate of tokens, or of queries; then with it. */
static void late_try(int32_t d, enum where where, double share, size_t block)
{
    const struct corpus_shape shape = {d, 2, 2, 9, LATTN_LABELS_LAST};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct engines engines;
    struct course course;
    struct corpus blanked = {0};
    size_t half;
    char what[64];

    (void)snprintf(what, sizeof what, "d %d, %s, share %g, blocks of %zu", d,
                   where == TOKENS ? "tokens" : "queries", share, block);
    course_init(&course, &shape, 0, 30, 0, 100 + (uint64_t)d);
    half = (size_t)(share * (double)course.corpus.count);
    corpus_blank(&course.corpus, 0, half, d / 2, where);
    corpus_label(&course.corpus, &(struct random){1}, course.truth, 0);
    for (size_t i = 0; i < course.inputs.count; i++)
        corpus_add_copy(&blanked, &course.inputs.items[i]);
    corpus_blank(&blanked, 0, blanked.count, d / 2, where);
    engines_open(&engines, &settings);
    for (size_t first = 0; first < half; first += block)
        engines_teach(&engines, &course.corpus, first, half - first < block ? half - first : block);
    engines_expect(&engines, &blanked, 1e-9, what);
    engines_expect(&engines, &course.inputs, 1e-9, what);
    for (size_t first = half; first < course.corpus.count; first += block)
        engines_teach(&engines, &course.corpus, first,
                      course.corpus.count - first < block ? course.corpus.count - first : block);
    engines_expect(&engines, &course.inputs, 1e-9, what);
    cr_expect_eq(corpus_certify(engines.gram).verdict, LATTN_IDENTIFYING, "%s", what);
    cr_expect_leq(truth_compare(course.truth, engines.gram), 1e-9, "%s", what);
    corpus_done(&blanked);
    engines_close(&engines);
    course_done(&course);
}

Test(gram_inputs, may_bring_a_coordinate_late)
{
    for (int32_t d = 2; d <= 4; d++)
        for (int where = TOKENS; where <= QUERIES; where++) {
            late_try(d, (enum where)where, 0.5, 1);
            late_try(d, (enum where)where, 0.5, 300);
            late_try(d, (enum where)where, 0.9, 64);
        }
}

/* Tokens of coordinates 0 and 1, others of 2 and 3; then they meet. */
Test(gram_inputs, may_let_two_dense_components_meet)
{
    static const struct corpus_shape shape = {4, 1, 2, 9, LATTN_LABELS_LAST};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct engines engines;
    struct course course;
    size_t apart;

    course_init(&course, &shape, 0, 40, 0, 120);
    apart = course.corpus.count / 2;
    for (size_t i = 0; i < apart; i++)
        for (int32_t j = 0; j < 2; j++)
            corpus_blank(&course.corpus, i, i + 1, 2 * (int32_t)(i % 2) + j, TOKENS);
    corpus_label(&course.corpus, &(struct random){1}, course.truth, 0);
    engines_open(&engines, &settings);
    engines_teach(&engines, &course.corpus, 0, apart);
    cr_expect_eq(corpus_certify(engines.gram).components, 2);
    engines_expect(&engines, &course.corpus, 1e-9, "apart");
    for (size_t first = apart; first < course.corpus.count; first += 50)
        engines_teach(&engines, &course.corpus, first,
                      course.corpus.count - first < 50 ? course.corpus.count - first : 50);
    engines_expect(&engines, &course.inputs, 1e-9, "together");
    cr_expect_leq(truth_compare(course.truth, engines.gram), 1e-9);
    engines_close(&engines);
    course_done(&course);
}

/* Names add coordinates and outputs; narrower tokens and label rows go on being understood. */
Test(gram_inputs, may_grow_by_names)
{
    static const struct corpus_shape narrow = {2, 1, 2, 9, LATTN_LABELS_LAST};
    static const struct corpus_shape wide = {3, 2, 2, 9, LATTN_LABELS_CAUSAL};

    for (int way = 0; way < 3; way++) {
        const char *coordinate = way != 1 ? "late" : NULL;
        const char *output = way != 0 ? "other" : NULL;
        struct lattn_learner_settings settings = lattn_learner_settings_default();
        struct corpus_shape grown = wide;
        struct course before, after;
        struct engines engines;
        char what[32];

        (void)snprintf(what, sizeof what, "way %d", way);
        grown.d = coordinate != NULL ? 3 : 2;
        grown.m = output != NULL ? 2 : 1;
        course_init(&before, &narrow, 0, 60, 0.1, 130 + (uint64_t)way);
        course_init(&after, &grown, 0, 60, 0.1, 140 + (uint64_t)way);
        engines_open(&engines, &settings);
        engines_teach_mixed(&engines, &before.corpus);
        engines_expect(&engines, &before.inputs, 1e-9, what);
        engines_name(&engines, coordinate, output);
        engines_expect(&engines, &before.inputs, 1e-9, what);
        engines_teach_mixed(&engines, &after.corpus);
        engines_expect(&engines, &after.inputs, 1e-9, what);
        engines_teach_mixed(&engines, &before.corpus);
        engines_expect(&engines, &after.inputs, 1e-9, what);
        cr_expect_leq(coef_compare(engines.rls, engines.gram), limit_of(&engines), "%s", what);
        engines_close(&engines);
        course_done(&before);
        course_done(&after);
    }
}
