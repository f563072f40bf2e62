/*
 * Weights and forgetting (README.md, section 2): whatever the blocks,
 *
 *     R'R = sum lambda^(N-i) w phi phi'      R'C = sum lambda^(N-i) w phi y'
 */
#include "core/dense.h"
#include "support/approx.h"
#include "support/corpus.h"
#include "support/gram.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>

TestSuite(forgetting, .init = dense_threads_one);

/* The shortest memory, 1 / (1 - lambda), is far longer than the 18 features of d = 3. */
static const double forgets[] = {1, 0.999, 0.99, 0.97};
static const size_t blocks[] = {1, 2, 3, 7, 64, 1000};

/* Dense sequences of all kinds of labels and weights. */
static void dense_fill(struct corpus *corpus, struct random *random)
{
    static const enum lattn_labels labels[] = {LATTN_LABELS_LAST, LATTN_LABELS_CAUSAL,
                                               LATTN_LABELS_FULL};

    for (int i = 0; i < 60; i++) {
        struct corpus_shape shape = {3, 2, 1, 9, labels[i % 3]};

        corpus_add_normals(corpus, random, 1, &shape);
        corpus->items[corpus->count - 1].weight = 0.1 + 2 * random_uniform(random);
    }
}

/*
 * Symbols of two alphabets: components that fade while the other one learns, until they meet in
 * tokens that are two symbols at once.
 */
static void symbols_fill(struct corpus *corpus, struct random *random)
{
    enum { APART = 180, TOGETHER = 20 };
    struct corpus_shape shape = {4, 1, 1, 1, LATTN_LABELS_LAST};

    for (int i = 0; i < APART + TOGETHER; i++) {
        int32_t n = 1 + (int32_t)random_below(random, 6);
        int32_t alphabet = 2 * (int32_t)(random_below(random, 10) == 0);
        struct corpus_entry entry = corpus_add(corpus, n, &shape);

        for (double *z = entry.z; z < entry.z + 4 * n; z += 4) {
            z[alphabet + (int32_t)random_below(random, 2)] = 0.5 + random_uniform(random);
            if (i >= APART)
                z[random_below(random, 4)] = 0.5 + random_uniform(random);
        }
        random_normals(random, entry.y, 1);
    }
}

static struct gram oracle_of(const struct corpus *corpus, double forget)
{
    struct gram oracle;

    gram_init(&oracle, corpus->items[0].d, corpus->items[0].m, 0);
    for (size_t i = 0; i < corpus->count; i++)
        gram_add(&oracle, &corpus->items[i], forget);
    return oracle;
}

/* An entry goes through p columns of each update; fading takes logarithms of ages, some hundreds.
 */
static double rounding(const struct gram *gram, uint64_t pairs)
{
    return approx_sum(gram->p + (double)pairs, 1);
}

static void blocks_compare(const struct corpus *corpus)
{
    for (size_t f = 0; f < sizeof forgets / sizeof *forgets; f++) {
        struct lattn_learner_settings settings = lattn_learner_settings_default();
        struct gram oracle = oracle_of(corpus, forgets[f]);

        settings.forget = forgets[f];
        for (size_t b = 0; b < sizeof blocks / sizeof *blocks; b++) {
            struct lattn_learner *learner = corpus_learner(&settings);
            struct lattn_report report;
            struct gram gram;
            double limit;

            corpus_teach_blocks(corpus, blocks[b], learner);
            limit = rounding(&oracle, lattn_learner_pairs(learner));
            gram_of_learner(&gram, learner);
            cr_expect_leq(gram_distance(&gram, &oracle), limit, "forget %g, blocks of %zu: %.2Lg",
                          forgets[f], blocks[b], gram_distance(&gram, &oracle));
            cr_assert_eq(lattn_learner_report(learner, &report), LATTN_OK);
            cr_expect_leq(approx_error(report.weight, (double)oracle.weight), limit);
            cr_expect_leq(approx_error(report.pairs_effective,
                                       (double)(oracle.weight * oracle.weight / oracle.weight2)),
                          limit);
            lattn_report_done(&report);
            gram_done(&gram);
            lattn_learner_close(&learner);
        }
        gram_done(&oracle);
    }
}

Test(forgetting, weighs_dense_rows_by_age_whatever_the_blocks)
{
    struct random random = {.state = 21};
    struct corpus corpus = {0};

    dense_fill(&corpus, &random);
    blocks_compare(&corpus);
    corpus_done(&corpus);
}

Test(forgetting, weighs_components_by_age_whatever_the_blocks)
{
    struct random random = {.state = 22};
    struct corpus corpus = {0};

    symbols_fill(&corpus, &random);
    blocks_compare(&corpus);
    corpus_done(&corpus);
}

/* sum w (y - W'phi)^2 with the oracle's weights: yy - B'W. */
static void residual_of(const struct gram *gram, double *ret_rss)
{
    size_t p = (size_t)gram->p;
    size_t m = (size_t)gram->m;
    long double *w = memory_zeroed(p * m, sizeof *w);

    cr_assert(gram_solve(gram, w));
    for (size_t a = 0; a < m; a++) {
        long double rss = gram->yy[a];

        for (size_t j = 0; j < p; j++)
            rss -= gram->B[j * m + a] * w[a * p + j];
        ret_rss[a] = (double)rss;
    }
    memory_release(w);
}

/* Weights, residual and leverage are those of the weighted problem. */
Test(forgetting, solves_the_weighted_problem)
{
    struct random random = {.state = 23};
    struct corpus corpus = {0};

    dense_fill(&corpus, &random);
    for (size_t f = 0; f < sizeof forgets / sizeof *forgets; f++) {
        struct lattn_learner_settings settings = lattn_learner_settings_default();
        struct gram oracle = oracle_of(&corpus, forgets[f]);
        struct lattn_learner *learner;
        size_t p = (size_t)oracle.p;
        long double *w = memory_zeroed(2 * p, sizeof *w);
        long double *phi = memory_zeroed(p, sizeof *phi);
        double *coef, *want = memory_zeroed(2 * p, sizeof *want);
        double y[2], std_error[2], rss[2], limit;
        struct lattn_prediction prediction = {.y = y, .std_error = std_error};
        struct lattn_item input = corpus.items[0];
        struct lattn_report report;

        settings.forget = forgets[f];
        learner = corpus_learner(&settings);
        corpus_teach_blocks(&corpus, 5, learner);
        cr_assert_eq(corpus_certify(learner).verdict, LATTN_IDENTIFYING);
        /* Labels are noise, so the condition enters squared (Higham, 20.1). */
        limit = approx_solution((double)p + 300, gram_condition(learner) * gram_condition(learner));
        cr_assert(gram_solve(&oracle, w));
        for (size_t i = 0; i < 2 * p; i++)
            want[i] = (double)w[i];
        coef = corpus_solution(learner);
        cr_expect_leq(corpus_distance(coef, want, 2 * p), limit, "forget %g", forgets[f]);
        cr_assert_eq(lattn_learner_report(learner, &report), LATTN_OK);
        residual_of(&oracle, rss);
        cr_expect_leq(approx_error(report.loss_train, (rss[0] + rss[1]) / (double)oracle.weight),
                      limit);
        cr_assert_eq(lattn_learner_predict(learner, &input, &prediction, NULL), LATTN_OK);
        gram_features(&input, 0, input.n, input.n - 1, phi);
        cr_expect_leq(approx_error(prediction.leverage, (double)gram_leverage(&oracle, phi)),
                      limit);
        lattn_report_done(&report);
        memory_release(w);
        memory_release(phi);
        memory_release(coef);
        memory_release(want);
        gram_done(&oracle);
        lattn_learner_close(&learner);
    }
    corpus_done(&corpus);
}

/* A weight of 2 is the pair twice, in everything but the count of pairs. */
Test(forgetting, weight_two_is_the_pair_twice)
{
    struct random random = {.state = 24};
    struct corpus_shape shape = {3, 1, 1, 9, LATTN_LABELS_LAST};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *heavy = corpus_learner(&settings);
    struct lattn_learner *twice = corpus_learner(&settings);
    struct corpus weighted = {0}, repeated = {0};
    double y[2], std_error[2], limit;
    struct lattn_prediction one = {.y = y, .std_error = std_error};
    struct lattn_prediction two = {.y = y + 1, .std_error = std_error + 1};
    double *coef, *want;

    corpus_add_normals(&weighted, &random, 80, &shape);
    for (size_t i = 0; i < weighted.count; i++) {
        corpus_add_copy(&repeated, &weighted.items[i]);
        if (i % 3 == 0) {
            corpus_add_copy(&repeated, &weighted.items[i]);
            weighted.items[i].weight = 2;
        }
    }
    corpus_teach_blocks(&weighted, 10, heavy);
    corpus_teach_blocks(&repeated, 10, twice);
    limit = approx_solution(18 + 110, gram_condition(twice) * gram_condition(twice));
    coef = corpus_solution(heavy);
    want = corpus_solution(twice);
    cr_expect_leq(corpus_distance(coef, want, 18), limit);
    cr_assert_eq(lattn_learner_predict(heavy, &weighted.items[1], &one, NULL), LATTN_OK);
    cr_assert_eq(lattn_learner_predict(twice, &weighted.items[1], &two, NULL), LATTN_OK);
    cr_expect_leq(approx_error(one.leverage, two.leverage), limit);
    cr_expect_eq(lattn_learner_pairs(heavy), weighted.count);
    cr_expect_eq(lattn_learner_pairs(twice), repeated.count);
    memory_release(coef);
    memory_release(want);
    lattn_learner_close(&heavy);
    lattn_learner_close(&twice);
    corpus_done(&weighted);
    corpus_done(&repeated);
}
