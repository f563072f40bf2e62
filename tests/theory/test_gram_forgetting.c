/*
 * Forgetting by the engine gram (README.md, sections 2 and 3): weights and verdict are those of
 * rls, also of a direction that stops occurring, and comes back.
 */
#include "core/dense.h"
#include "support/engines.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

enum { ASKED = 20 };

TestSuite(gram_forgetting, .init = dense_threads_one);

static const double forgets[] = {0.9999, 0.999, 0.99, 0.98};
static const enum lattn_labels labels[] = {LATTN_LABELS_LAST, LATTN_LABELS_CAUSAL,
                                           LATTN_LABELS_FULL};

/* Weights agree to 1e-8 wherever they are known to that. */
static void expect_same(struct engines *engines, const struct corpus *inputs, const char *what)
{
    double limit = fmax(1e-8, engines_rounding(engines));
    double distance = coef_compare(engines->rls, engines->gram);

    cr_expect_lt(limit, 1e-5, "%s: %.2g", what, limit);
    cr_expect_leq(distance, limit, "%s: weights differ by %.2g", what, distance);
    engines_expect(engines, inputs, limit, what);
}

static void weights_try(double forget, enum lattn_labels label, int is_mixed)
{
    const struct corpus_shape shape = {3, 2, 1, 9, label};
    const struct corpus_shape one = {3, 2, 1, 9, LATTN_LABELS_LAST};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct random random = {.state = 21};
    struct corpus corpus = {0}, inputs = {0};
    struct engines engines;
    char what[64];

    (void)snprintf(what, sizeof what, "forget %g, labels %d, mixed %d", forget, (int)label,
                   is_mixed);
    settings.forget = forget;
    corpus_add_normals(&corpus, &random, label == LATTN_LABELS_LAST ? 700 : 200, &shape);
    corpus_add_normals(&inputs, &random, ASKED, &one);
    for (size_t i = 0; i < corpus.count; i += 3)
        corpus.items[i].weight = 0.1 + 2 * random_uniform(&random);
    engines_open(&engines, &settings);
    if (is_mixed)
        engines_teach_mixed(&engines, &corpus);
    else
        engines_teach_blocks(&engines, &corpus, 1);
    expect_same(&engines, &inputs, what);
    engines_close(&engines);
    corpus_done(&corpus);
    corpus_done(&inputs);
}

Test(gram_forgetting, leaves_the_weights_of_rls)
{
    for (size_t f = 0; f < sizeof forgets / sizeof *forgets; f++)
        for (int label = 0; label < 3; label++)
            for (int is_mixed = 0; is_mixed <= 1; is_mixed++)
                weights_try(forgets[f], labels[label], is_mixed);
}

/* Two dense components, one of which is silent for a while. */
Test(gram_forgetting, fades_components_that_are_silent)
{
    static const struct corpus_shape shape = {4, 1, 2, 6, LATTN_LABELS_LAST};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct random random = {.state = 22};
    struct corpus corpus = {0}, inputs = {0};
    struct engines engines;

    settings.forget = 0.995;
    corpus_add_normals(&corpus, &random, 1500, &shape);
    corpus_add_normals(&inputs, &random, ASKED, &shape);
    for (size_t i = 0; i < corpus.count + inputs.count; i++) {
        const struct lattn_item *item =
            i < corpus.count ? &corpus.items[i] : &inputs.items[i - corpus.count];
        /* The second one speaks in every other hundred. */
        int32_t silent = i < corpus.count && i / 100 % 2 == 0 ? 2 : 2 * (int32_t)(i % 2);

        for (int32_t t = 0; t < item->n; t++)
            ((double *)item->z)[t * 4 + silent] = ((double *)item->z)[t * 4 + silent + 1] = 0;
    }
    engines_open(&engines, &settings);
    for (size_t first = 0; first < corpus.count; first += 150) {
        engines_teach(&engines, &corpus, first, 150);
        engines_expect(&engines, &inputs, 1e-8, "silent components");
    }
    engines_close(&engines);
    corpus_done(&corpus);
    corpus_done(&inputs);
}

/* ---- a direction that stops occurring ------------------------------------------------------- */

/* What tokens do in the middle of the stream; the second repeats, the third leaves out. */
enum regime { ALL, REPEATED, LEFT_OUT, ONE_TOKEN, REGIMES };

static const char *const regimes[REGIMES] = {"all", "a repeated coordinate", "a silent coordinate",
                                             "single tokens"};

static void regime_add(struct corpus *corpus, struct random *random, size_t count,
                       enum regime regime)
{
    const struct corpus_shape shape = {3, 1, regime == ONE_TOKEN ? 1 : 2,
                                       regime == ONE_TOKEN ? 1 : 8, LATTN_LABELS_LAST};
    struct corpus added = {0};

    corpus_add_normals(&added, random, count, &shape);
    if (regime == REPEATED)
        corpus_repeat(&added);
    for (size_t i = 0; i < count; i++) {
        for (int32_t t = 0; regime == LEFT_OUT && t < added.items[i].n; t++)
            ((double *)added.items[i].z)[t * 3 + 1] = 0;
        corpus_add_copy(corpus, &added.items[i]);
    }
    corpus_done(&added);
}

/* Looks while a direction fades; returns after how many memories gram no longer says so. */
static int fade_follow(struct engines *engines, struct random *random, enum regime regime,
                       const struct corpus *inputs, int32_t memory)
{
    enum { MEMORIES = 80, STEP = 4 };
    int said_until = 0;

    for (int memories = 0; memories < MEMORIES; memories += STEP) {
        struct lattn_certificate want, got;
        struct corpus corpus = {0};
        double limit;

        regime_add(&corpus, random, (size_t)(STEP * memory), regime);
        engines_teach_blocks(engines, &corpus, (size_t)memory);
        want = corpus_certify(engines->rls);
        got = corpus_certify(engines->gram);
        if (want.verdict != LATTN_IDENTIFYING)
            cr_expect_neq(got.verdict, LATTN_IDENTIFYING, "%s, after %d memories", regimes[regime],
                          memories + STEP);
        if (want.verdict == LATTN_IDENTIFYING)
            cr_expect_neq(got.verdict, LATTN_NOT_IDENTIFYING, "%s, after %d memories",
                          regimes[regime], memories + STEP);
        if (got.verdict == LATTN_IDENTIFYING)
            said_until = memories + STEP;
        limit = fmax(1e-8, engines_rounding(engines));
        if (got.verdict == LATTN_IDENTIFYING && limit < 1e-3)
            engines_expect(engines, inputs, limit, regimes[regime]);
        corpus_done(&corpus);
    }
    return said_until;
}

Test(gram_forgetting, follows_a_regime_that_changes, .timeout = 600)
{
    enum { MEMORY = 25, EVERYTHING = 400 };

    for (int regime = REPEATED; regime < REGIMES; regime++) {
        static const struct corpus_shape shape = {3, 1, 2, 8, LATTN_LABELS_LAST};
        struct lattn_learner_settings settings = lattn_learner_settings_default();
        struct random random = {.state = 23 + (uint64_t)regime};
        struct corpus corpus = {0}, inputs = {0};
        struct engines engines;

        settings.forget = 1 - 1.0 / MEMORY;
        regime_add(&corpus, &random, EVERYTHING, ALL);
        corpus_add_normals(&inputs, &random, ASKED, &shape);
        engines_open(&engines, &settings);
        engines_teach_blocks(&engines, &corpus, 100);
        expect_same(&engines, &inputs, "before");
        for (int round = 0; round < 3; round++) {
            int said_until = fade_follow(&engines, &random, (enum regime)regime, &inputs, MEMORY);

            printf("%s: gram says identifying for %d memories\n", regimes[regime], said_until);
            /* 2 ln(1 / sqrt(10 tau)) of them, and the time it takes to say so. */
            cr_expect(said_until >= 8 && said_until <= 61, "%s: %d", regimes[regime], said_until);
            engines_teach_blocks(&engines, &corpus, 100);
            expect_same(&engines, &inputs, "after");
            cr_expect_eq(corpus_certify(engines.gram).verdict, LATTN_IDENTIFYING);
        }
        engines_close(&engines);
        corpus_done(&corpus);
        corpus_done(&inputs);
    }
}

/* The source changes: the old one is left behind as fast as by rls. */
Test(gram_forgetting, leaves_the_old_source_behind)
{
    static const struct corpus_shape shape = {3, 1, 2, 8, LATTN_LABELS_LAST};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct random random = {.state = 29};
    struct corpus inputs = {0};
    struct engines engines;

    settings.forget = 0.98;
    corpus_add_normals(&inputs, &random, ASKED, &shape);
    engines_open(&engines, &settings);
    for (int source = 0; source < 3; source++) {
        struct lattn_model *truth = corpus_model(&random, 3, 1, 2);

        for (int part = 0; part < 40; part++) {
            struct corpus corpus = {0};

            corpus_add_normals(&corpus, &random, 50, &shape);
            corpus_label(&corpus, &random, truth, 0);
            engines_teach(&engines, &corpus, 0, corpus.count);
            if (part % 8 == 7)
                expect_same(&engines, &inputs, "source");
            corpus_done(&corpus);
        }
        cr_expect_leq(truth_compare(truth, engines.gram), 1e-8, "source %d: %.2g", source,
                      truth_compare(truth, engines.gram));
        lattn_model_close(&truth);
    }
    engines_close(&engines);
    corpus_done(&inputs);
}
