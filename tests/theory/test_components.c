/*
 * Features enter when they are first nonzero and live in components of features that occur together
 * (README.md, section 2). The ranks are exact, and neither the order of the pairs nor the time at
 * which coordinates were named matters.
 */
#include "core/dense.h"
#include "core/learner.h"
#include "core/solution.h"
#include "support/approx.h"
#include "support/corpus.h"
#include "support/gram.h"
#include "support/rowspace.h"

#include "base/memory.h"

#include <lattn/tasks.h>

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(components, .init = dense_threads_one);

/* ---- finite automata ----------------------------------------------------------------------- */

/* Random automata, each asked step by step along a word; d = states symbols + states. */
struct automaton {
    int32_t states;
    int32_t symbols;
    int32_t word; /* steps per machine */
};

static void machines_add(struct corpus *corpus, const struct automaton *automaton, uint64_t seed,
                         int32_t machines)
{
    const struct lattn_automaton_settings settings = {
        .states = automaton->states,
        .symbols = automaton->symbols,
        .length = automaton->word,
        .query = LATTN_AUTOMATON_STEP,
        .seed = seed,
    };
    struct lattn_task *task;

    cr_assert_eq(lattn_automaton_open(&task, &settings), LATTN_OK);
    for (int32_t i = 0; i < machines * automaton->word; i++)
        corpus_add_task(corpus, task);
    lattn_task_close(&task);
}

static struct lattn_learner *machines_learn(const struct automaton *automaton, int32_t machines)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    struct corpus corpus = {0};

    machines_add(&corpus, automaton, 70 + (uint64_t)automaton->states, machines);
    corpus_teach_blocks(&corpus, 50, learner);
    corpus_done(&corpus);
    return learner;
}

/* Of the inputs that unseen machines meet: how many are determined, and is each of those right? */
struct answers {
    int32_t asked;
    int32_t determined;
    int32_t determined_wrong;
};

static struct answers machines_ask(const struct automaton *automaton, size_t step,
                                   struct lattn_learner *learner)
{
    struct answers answers = {0};
    struct corpus corpus = {0};

    machines_add(&corpus, automaton, 900 + (uint64_t)automaton->states, 300);
    for (size_t i = 0; i < corpus.count; i += step) {
        double y[4], std_error[4];
        struct lattn_prediction prediction = {.y = y, .std_error = std_error};
        int32_t best = 0;

        cr_assert_eq(lattn_learner_predict(learner, &corpus.items[i], &prediction, NULL), LATTN_OK);
        for (int32_t a = 1; a < automaton->states; a++)
            best = y[a] > y[best] ? a : best;
        answers.asked++;
        answers.determined += prediction.determined;
        answers.determined_wrong += prediction.determined && corpus.items[i].y[best] != 1;
    }
    corpus_done(&corpus);
    return answers;
}

static void expect_rank(const struct automaton *automaton, int32_t machines, int64_t seen,
                        int64_t rank)
{
    struct lattn_learner *learner = machines_learn(automaton, machines);
    struct lattn_certificate certificate = corpus_certify(learner);

    cr_expect_eq(certificate.rank, rank, "%d machines: rank %ld, not %ld", machines,
                 certificate.rank, rank);
    cr_expect_eq(certificate.verdict, LATTN_NOT_IDENTIFYING);
    if (seen > 0)
        cr_expect_eq(certificate.features_seen, seen, "%d machines: %ld features", machines,
                     certificate.features_seen);
    lattn_learner_close(&learner);
}

/* Rank on the domain: K (1 + K (states - 1)). */
Test(components, automata_reach_their_domain_rank, .timeout = 300)
{
    static const struct automaton two = {2, 2, 8}, three = {3, 3, 16}, four = {4, 4, 32};

    expect_rank(&two, 12, 56, 20);
    expect_rank(&two, 32, 56, 20);
    expect_rank(&three, 32, 0, 168);
    expect_rank(&three, 48, 351, 171);
    expect_rank(&three, 128, 351, 171);
    expect_rank(&four, 64, 0, 776);
    expect_rank(&four, 96, 1344, 784);
}

Test(components, of_four_states_are_sixteen_alike, .timeout = 120)
{
    static const struct automaton four = {4, 4, 32};
    struct lattn_learner *learner = machines_learn(&four, 96);
    const struct factor *factor = &learner->factor;
    int32_t count = 0;

    cr_expect_eq(corpus_certify(learner).components, 16);
    for (int32_t i = 0; i < factor->components_count; i++) {
        if (factor->components[i] == NULL)
            continue;
        count++;
        cr_expect_eq(factor->components[i]->columns, 84);
        cr_expect_eq(factor->components[i]->solution->rank, 49);
    }
    cr_expect_eq(count, 16);
    lattn_learner_close(&learner);
}

static void expect_answers(const struct automaton *automaton, int32_t machines, size_t step,
                           double percent)
{
    struct lattn_learner *learner = machines_learn(automaton, machines);
    struct answers answers = machines_ask(automaton, step, learner);
    double share = 100.0 * answers.determined / answers.asked;

    cr_expect_eq(answers.determined_wrong, 0);
    /* To the digit that the table prints. */
    cr_expect_lt(fabs(share - percent), 0.05, "%d machines: %.2f %%", machines, share);
    lattn_learner_close(&learner);
}

Test(components, inputs_of_unseen_automata_are_determined_as_the_rank_grows, .timeout = 300)
{
    static const struct automaton two = {2, 2, 8}, three = {3, 3, 16}, four = {4, 4, 32};

    expect_answers(&two, 4, 1, 38.6);
    expect_answers(&two, 12, 1, 100);
    expect_answers(&three, 24, 3, 29.6);
    expect_answers(&three, 48, 3, 100);
    expect_answers(&four, 96, 6, 100);
}

/* ---- one dense problem ---------------------------------------------------------------------- */

/*
 * All pairs at once in long double, on an orthonormal basis of their row space: what the learner
 * keeps in components is one problem.
 *
 * reduced  the normal equations in coordinates of the basis
 */
struct whole {
    struct rowspace rowspace;
    struct gram reduced;
    long double *coef; /* m x rank */
};

static void coordinates_of(const struct rowspace *rowspace, const long double *phi,
                           long double *ret_x)
{
    for (size_t i = 0; i < rowspace->rank; i++) {
        ret_x[i] = 0;
        for (size_t c = 0; c < rowspace->columns; c++)
            ret_x[i] += rowspace->basis[i * rowspace->columns + c] * phi[c];
    }
}

static void item_features(const struct lattn_item *item, long double *ret_phi)
{
    gram_features(item, 0, item->n, item->n - 1, ret_phi);
}

static void whole_add(struct whole *whole, const struct lattn_item *item)
{
    size_t rank = whole->rowspace.rank, m = (size_t)item->m;
    long double *phi = memory_zeroed(whole->rowspace.columns + rank, sizeof *phi);
    long double *x = phi + whole->rowspace.columns;

    cr_assert_not_null(phi);
    item_features(item, phi);
    coordinates_of(&whole->rowspace, phi, x);
    for (size_t i = 0; i < rank; i++) {
        for (size_t j = 0; j < rank; j++)
            whole->reduced.G[i * rank + j] += item->weight * x[i] * x[j];
        for (size_t a = 0; a < m; a++)
            whole->reduced.B[i * m + a] += item->weight * x[i] * item->y[a];
    }
    memory_release(phi);
}

static void whole_init(struct whole *whole, const struct corpus *corpus)
{
    size_t p = (size_t)lattn_features(corpus->items[0].d), m = (size_t)corpus->items[0].m;
    long double *rows = memory_zeroed(corpus->count * p, sizeof *rows);
    size_t rank;

    cr_assert_not_null(rows);
    for (size_t i = 0; i < corpus->count; i++)
        item_features(&corpus->items[i], rows + i * p);
    rowspace_init(&whole->rowspace, corpus->count, p, rows, 1e-12L);
    memory_release(rows);
    rank = whole->rowspace.rank;
    whole->reduced = (struct gram){.m = (int32_t)m, .p = (int32_t)rank};
    whole->reduced.G = memory_zeroed(rank * rank, sizeof *whole->reduced.G);
    whole->reduced.B = memory_zeroed(rank * m, sizeof *whole->reduced.B);
    whole->coef = memory_zeroed(m * rank, sizeof *whole->coef);
    cr_assert(whole->reduced.G != NULL && whole->reduced.B != NULL && whole->coef != NULL);
    for (size_t i = 0; i < corpus->count; i++)
        whole_add(whole, &corpus->items[i]);
    cr_assert(gram_solve(&whole->reduced, whole->coef));
}

static void whole_done(struct whole *whole)
{
    rowspace_done(&whole->rowspace);
    gram_done(&whole->reduced);
    memory_release(whole->coef);
}

/* Value, leverage and flag of one input; returns whether it is determined. */
static int expect_answer(const struct whole *whole, const struct lattn_item *item,
                         struct lattn_learner *learner, double rounding)
{
    size_t rank = whole->rowspace.rank;
    long double *phi = memory_zeroed(whole->rowspace.columns + rank, sizeof *phi);
    long double *x = phi + whole->rowspace.columns;
    double y[2], std_error[2];
    struct lattn_prediction prediction = {.y = y, .std_error = std_error};
    int inside;

    cr_assert_not_null(phi);
    item_features(item, phi);
    coordinates_of(&whole->rowspace, phi, x);
    inside = rowspace_distance(&whole->rowspace, phi) < 1e-9L;
    cr_assert_eq(lattn_learner_predict(learner, item, &prediction, NULL), LATTN_OK);
    cr_expect_eq(prediction.determined, inside);
    if (inside)
        cr_expect_float_eq(prediction.leverage / (double)gram_leverage(&whole->reduced, x), 1,
                           rounding);
    for (size_t a = 0; inside && a < (size_t)item->m; a++) {
        long double want = 0, size = 0;

        for (size_t i = 0; i < rank; i++) {
            want += whole->coef[a * rank + i] * x[i];
            size += fabsl(whole->coef[a * rank + i] * x[i]);
        }
        cr_expect_float_eq(y[a], (double)want, rounding * (double)size);
    }
    memory_release(phi);
    return inside;
}

/* Windows of two alphabets, each of its own components, with noisy labels and weights. */
static void alphabets_fill(struct corpus *corpus, struct random *random, int32_t count)
{
    struct corpus_shape both = {4, 2, 1, 1, LATTN_LABELS_LAST};

    for (int32_t i = 0; i < count; i++) {
        int32_t n = 1 + (int32_t)random_below(random, 4);
        int32_t alphabet = 2 * (int32_t)random_below(random, 2);
        struct corpus_entry entry = corpus_add(corpus, n, &both);

        for (double *z = entry.z; z < entry.z + 4 * n; z += 4)
            z[alphabet + (int32_t)random_below(random, 2)] = 0.5 + random_uniform(random);
        random_normals(random, entry.y, 2);
        corpus->items[corpus->count - 1].weight = 0.2 + random_uniform(random);
    }
}

Test(components, answer_as_one_dense_problem_does, .timeout = 120)
{
    enum { INPUTS = 40 };
    int32_t determined = 0;

    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct lattn_learner_settings settings = lattn_learner_settings_default();
        struct lattn_learner *learner = corpus_learner(&settings);
        struct random random = {.state = seed};
        struct corpus corpus = {0}, inputs = {0};
        struct whole whole;
        double rounding;

        /* Few pairs leave directions open, many do not. */
        alphabets_fill(&corpus, &random, seed % 3 == 0 ? 8 : 60);
        alphabets_fill(&inputs, &random, INPUTS);
        corpus_teach_blocks(&corpus, 1 + seed, learner);
        whole_init(&whole, &corpus);
        cr_expect_gt(corpus_certify(learner).components, 1);
        cr_expect_eq((size_t)corpus_certify(learner).rank, whole.rowspace.rank);
        rounding = approx_solution((double)(whole.rowspace.columns + corpus.count),
                                   pow(gram_condition(learner), 2));
        for (size_t i = 0; i < inputs.count; i++)
            determined += expect_answer(&whole, &inputs.items[i], learner, rounding);
        whole_done(&whole);
        lattn_learner_close(&learner);
        corpus_done(&corpus);
        corpus_done(&inputs);
    }
    cr_expect(determined > 6 * INPUTS && determined < 12 * INPUTS, "%d", determined);
}

/* ---- order --------------------------------------------------------------------------------- */

/* The least feature of the component that a feature belongs to, and its rank; -1 if never seen. */
static void partition_of(struct lattn_learner *learner, int32_t *ret_least, int32_t *ret_rank)
{
    const struct factor *factor = &learner->factor;

    for (int32_t f = 0; f < feature_count(factor->d); f++) {
        ret_least[f] = -1;
        ret_rank[f] = -1;
    }
    for (int32_t i = 0; i < factor->components_count; i++) {
        const struct component *component = factor->components[i];
        int32_t least = INT32_MAX;

        if (component == NULL)
            continue;
        for (int32_t c = 0; c < component->columns; c++) {
            int32_t f = feature_index(factor->d, component->features[c]);

            least = f < least ? f : least;
        }
        for (int32_t c = 0; c < component->columns; c++) {
            int32_t f = feature_index(factor->d, component->features[c]);

            ret_least[f] = least;
            ret_rank[f] = component->solution->rank;
        }
    }
}

static void expect_same(struct lattn_learner *one, struct lattn_learner *other)
{
    size_t p = (size_t)lattn_features(lattn_learner_dim(one));
    size_t m = (size_t)lattn_learner_outputs(one);
    struct lattn_certificate a = corpus_certify(one), b = corpus_certify(other);
    int32_t *least = memory_zeroed(4 * p, sizeof *least);
    double *coef_one = corpus_solution(one), *coef_other = corpus_solution(other);
    /* Labels need not fit, so the condition enters squared (Higham, 20.1). */
    double rounding =
        approx_solution((double)a.features_seen, gram_condition(one) * gram_condition(one));

    cr_assert_eq(a.p, b.p);
    cr_expect_eq(a.rank, b.rank);
    cr_expect_eq(a.features_seen, b.features_seen);
    cr_expect_eq(a.components, b.components);
    cr_expect_eq(a.verdict, b.verdict);
    cr_expect_leq(approx_error(a.lambda_max, b.lambda_max), approx_sum((double)a.pairs, 1));
    partition_of(one, least, least + p);
    partition_of(other, least + 2 * p, least + 3 * p);
    cr_expect_arr_eq(least, least + 2 * p, 2 * p * sizeof *least);
    cr_expect_leq(corpus_distance(coef_one, coef_other, m * p), rounding);
    memory_release(least);
    memory_release(coef_one);
    memory_release(coef_other);
}

Test(components, do_not_depend_on_the_order_of_pairs, .timeout = 120)
{
    static const struct automaton three = {3, 3, 16};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *straight = corpus_learner(&settings);
    struct random random = {.state = 41};
    struct corpus corpus = {0};

    machines_add(&corpus, &three, 73, 30);
    corpus_teach_blocks(&corpus, 1, straight);
    for (int round = 0; round < 5; round++) {
        struct lattn_learner *shuffled = corpus_learner(&settings);

        corpus_shuffle(&corpus, &random);
        corpus_teach_blocks(&corpus, round % 2 == 0 ? 1 : 40, shuffled);
        expect_same(shuffled, straight);
        lattn_learner_close(&shuffled);
    }
    lattn_learner_close(&straight);
    corpus_done(&corpus);
}

/* ---- growth -------------------------------------------------------------------------------- */

enum { SYMBOLS = 7, SYMBOL_WINDOW = 3, SYMBOL_EVENTS = 400 };

/* Name coordinates and outputs up to `count` symbols. */
static void symbols_name(struct lattn_learner *learner, int32_t from, int32_t count)
{
    for (int32_t i = from; i < count; i++) {
        char text[32];
        const char *name = text;
        int32_t coordinate, output;

        snprintf(text, sizeof text, "symbol-%d", i);
        cr_assert_eq(
            lattn_learner_name(learner, &name, 1, &name, 1, NULL, 0, &coordinate, &output, NULL),
            LATTN_OK);
        cr_expect_eq(coordinate, i + 1);
        cr_expect_eq(output, i);
    }
}

/* A window of symbols and the next one, told in so many coordinates. */
static void window_add(struct corpus *corpus, const int32_t *past, const double *sizes,
                       int32_t symbols)
{
    struct corpus_shape shape = {symbols, symbols, 0, 0, LATTN_LABELS_LAST};
    struct corpus_entry entry = corpus_add(corpus, SYMBOL_WINDOW, &shape);

    for (int32_t t = 0; t < SYMBOL_WINDOW; t++)
        entry.z[t * symbols + past[t]] = sizes[t];
    entry.y[past[SYMBOL_WINDOW]] = 1;
}

/* New symbols turn up on the way; now and then a client still speaks of the old ones only. */
Test(components, grow_by_names_as_if_the_sizes_had_been_known)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct random random = {.state = 42};
    struct lattn_learner *known, *grown;
    struct corpus wide = {0}, narrow = {0};
    int32_t past[SYMBOL_WINDOW + 1] = {0};
    int32_t named = 2;

    settings.bias = 1;
    grown = corpus_learner(&settings);
    symbols_name(grown, 0, named);
    settings.dim = SYMBOLS;
    settings.outputs = SYMBOLS;
    known = corpus_learner(&settings);
    for (int32_t i = 0; i < SYMBOL_EVENTS; i++) {
        int32_t symbols = 2 + i * (SYMBOLS - 1) / SYMBOL_EVENTS;
        double sizes[SYMBOL_WINDOW];
        int32_t width, most = 1;

        memmove(past, past + 1, SYMBOL_WINDOW * sizeof *past);
        past[SYMBOL_WINDOW] = (int32_t)random_below(&random, (uint32_t)symbols);
        for (int32_t t = 0; t < SYMBOL_WINDOW; t++)
            sizes[t] = 0.5 + random_uniform(&random);
        for (int32_t t = 0; t <= SYMBOL_WINDOW; t++)
            most = past[t] > most ? past[t] : most;
        if (most >= named) {
            symbols_name(grown, named, most + 1);
            named = most + 1;
        }
        width = i % 5 == 0 ? most + 1 : named;
        window_add(&narrow, past, sizes, width);
        corpus_teach_item(&narrow.items[narrow.count - 1], grown);
        window_add(&wide, past, sizes, SYMBOLS);
        corpus_teach_item(&wide.items[wide.count - 1], known);
    }
    cr_expect_eq(named, SYMBOLS);
    cr_assert_eq(lattn_learner_dim(grown), SYMBOLS + 1);
    cr_assert_eq(lattn_learner_outputs(grown), SYMBOLS);
    expect_same(grown, known);
    lattn_learner_close(&known);
    lattn_learner_close(&grown);
    corpus_done(&wide);
    corpus_done(&narrow);
}
