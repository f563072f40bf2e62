/*
 * Tokens that are nearly dependent (README.md, section 2): a Gram matrix squares the condition, but
 * cubic features inherit theirs from the tokens, so that even coordinates make up for it. Off the
 * distribution, where it shows, the engine gram errs at most ten times as much as rls, and says so.
 */
#include "core/dense.h"
#include "support/engines.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

enum { DIM = 4, PAIRS = 800, ASKED = 40, SEEDS = 3 };

TestSuite(gram_collinear, .init = dense_threads_one);

/* How tokens come to be nearly dependent. */
struct way {
    const char *name;
    void (*bend)(struct random *random, const struct lattn_item *item, double *z);
    size_t block;
};

/* The last coordinate is the first one to `off`. */
static void repeat_nearly(const struct lattn_item *item, double off, double *z)
{
    for (int32_t t = 0; t < item->n; t++, z += item->d)
        z[item->d - 1] = z[0] + off * z[item->d - 1];
}

static void repeat_1e2(struct random *random, const struct lattn_item *item, double *z)
{
    (void)random;
    repeat_nearly(item, 1e-2, z);
}

static void repeat_1e3(struct random *random, const struct lattn_item *item, double *z)
{
    (void)random;
    repeat_nearly(item, 1e-3, z);
}

static void repeat_1e4(struct random *random, const struct lattn_item *item, double *z)
{
    (void)random;
    repeat_nearly(item, 1e-4, z);
}

/* One coordinate is 1, the others lie about an offset. */
static void offset_by(const struct lattn_item *item, double offset, double *z)
{
    for (int32_t t = 0; t < item->n; t++, z += item->d) {
        z[0] = 1;
        for (int32_t j = 1; j < item->d; j++)
            z[j] += offset;
    }
}

static void offset_1e1(struct random *random, const struct lattn_item *item, double *z)
{
    (void)random;
    offset_by(item, 1e1, z);
}

static void offset_1e2(struct random *random, const struct lattn_item *item, double *z)
{
    (void)random;
    offset_by(item, 1e2, z);
}

static void offset_1e3(struct random *random, const struct lattn_item *item, double *z)
{
    (void)random;
    offset_by(item, 1e3, z);
}

/* Collinear one way in the first half and another way in the second: even coordinates turn. */
static void repeat_in_turn(struct random *random, const struct lattn_item *item, double *z)
{
    int which = random_below(random, 2) == 0;

    for (int32_t t = 0; t < item->n; t++, z += item->d)
        z[item->d - 1] = z[which] + 1e-3 * z[item->d - 1];
}

/* The root of the mean square of errors over that of the truth, on normal tokens; NaN not. */
static double error_off(struct lattn_learner *learner, const struct lattn_model *truth,
                        const struct corpus *inputs, double *ret_surprise)
{
    double errors = 0, squares = 0;

    *ret_surprise = 0;
    for (size_t i = 0; i < inputs->count; i++) {
        const struct lattn_item *input = &inputs->items[i];
        double y[1], std_error[1], want[1];
        struct lattn_prediction prediction = {.y = y, .std_error = std_error};

        cr_assert_eq(lattn_learner_predict(learner, input, &prediction, NULL), LATTN_OK);
        lattn_model_apply(truth, input->z, input->n, want);
        errors += (y[0] - want[0]) * (y[0] - want[0]);
        squares += want[0] * want[0];
        if (prediction.has_std_error)
            *ret_surprise = fmax(*ret_surprise, fabs(y[0] - want[0]) / std_error[0]);
    }
    return sqrt(errors / squares);
}

/* Errors of both engines over some seeds, as geometric means, and the worst error per SE. */
static void way_try(const struct way *way)
{
    static const struct corpus_shape shape = {DIM, 1, 4, 12, LATTN_LABELS_LAST};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    double logs[2] = {0, 0}, surprise[2] = {0, 0};

    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct random random = {.state = seed};
        struct lattn_model *truth = corpus_model(&random, DIM, 1, 2);
        struct corpus corpus = {0}, inputs = {0};
        struct engines engines;
        double surprises[2];

        corpus_add_normals(&corpus, &random, PAIRS, &shape);
        corpus_add_normals(&inputs, &random, ASKED, &shape);
        for (size_t i = 0; i < corpus.count; i++)
            way->bend(&random, &corpus.items[i], (double *)corpus.items[i].z);
        corpus_label(&corpus, &random, truth, 0);
        engines_open(&engines, &settings);
        engines_teach_blocks(&engines, &corpus, way->block);
        (void)engines_expect_verdict(&engines, way->name);
        logs[0] += log(error_off(engines.rls, truth, &inputs, &surprises[0])) / SEEDS;
        logs[1] += log(error_off(engines.gram, truth, &inputs, &surprises[1])) / SEEDS;
        for (int k = 0; k < 2; k++)
            surprise[k] = fmax(surprise[k], surprises[k]);
        engines_close(&engines);
        corpus_done(&corpus);
        corpus_done(&inputs);
        lattn_model_close(&truth);
    }
    printf("%s, blocks of %zu: off-distribution error %.1e by rls, %.1e by gram; at most %.1f and "
           "%.1f standard errors\n",
           way->name, way->block, exp(logs[0]), exp(logs[1]), surprise[0], surprise[1]);
    cr_expect_leq(logs[1], fmax(log(1e-13), logs[0] + log(10)), "%s", way->name);
    cr_expect_leq(surprise[1], 10, "%s: %.1f standard errors", way->name, surprise[1]);
}

Test(gram_collinear, errs_at_most_ten_times_as_much_off_distribution)
{
    static const struct way ways[] = {
        {"collinear to 1e-2", repeat_1e2, 1},      {"collinear to 1e-2", repeat_1e2, 300},
        {"collinear to 1e-3", repeat_1e3, 300},    {"collinear to 1e-4", repeat_1e4, 1},
        {"collinear to 1e-4", repeat_1e4, 300},    {"constant, offset 1e1", offset_1e1, 300},
        {"constant, offset 1e2", offset_1e2, 300}, {"constant, offset 1e3", offset_1e3, 1},
        {"constant, offset 1e3", offset_1e3, 300}, {"collinear in turn", repeat_in_turn, 300},
    };

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        way_try(&ways[i]);
}

/*
 * Even at first, collinear after: what was learned stays known, and even coordinates of then are
 * not those of now.
 */
Test(gram_collinear, may_come_after_even_tokens)
{
    static const struct corpus_shape shape = {DIM, 1, 4, 12, LATTN_LABELS_LAST};
    static const double offs[] = {1e-2, 1e-4, 1e-6, 0};

    for (size_t k = 0; k < sizeof offs / sizeof *offs; k++)
        for (int is_reversed = 0; is_reversed <= 1; is_reversed++) {
            struct lattn_learner_settings settings = lattn_learner_settings_default();
            struct random random = {.state = 77};
            struct lattn_model *truth = corpus_model(&random, DIM, 1, 2);
            struct corpus corpus = {0}, inputs = {0};
            struct engines engines;
            char what[64];

            (void)snprintf(what, sizeof what, "off %g, %s", offs[k],
                           is_reversed ? "collinear first" : "collinear after");
            corpus_add_normals(&corpus, &random, PAIRS, &shape);
            corpus_add_normals(&inputs, &random, ASKED, &shape);
            for (size_t i = 0; i < PAIRS; i++)
                if ((i < PAIRS / 2) == is_reversed)
                    repeat_nearly(&corpus.items[i], offs[k], (double *)corpus.items[i].z);
            corpus_label(&corpus, &random, truth, 0);
            engines_open(&engines, &settings);
            engines_teach_blocks(&engines, &corpus, 100);
            engines_expect(&engines, &inputs, 1e-9, what);
            cr_expect_eq(corpus_certify(engines.gram).verdict, LATTN_IDENTIFYING, "%s", what);
            cr_expect_leq(truth_compare(truth, engines.gram), 1e-9, "%s", what);
            engines_close(&engines);
            corpus_done(&corpus);
            corpus_done(&inputs);
            lattn_model_close(&truth);
        }
}
