/*
 * Machines that a learner has never seen are executed right as far as its data determines them
 * (README.md, statement 13): finite automata word by word, Turing machines history by history, at
 * the training length and at four times that.
 */
#include "core/dense.h"
#include "support/corpus.h"
#include "support/machine.h"

#include "base/memory.h"

#include <lattn/tasks.h>

#include <criterion/criterion.h>
#include <string.h>

TestSuite(machines, .init = dense_threads_one);

enum { BLOCK = 50 };

/* Learn so many pairs of a task. */
static struct lattn_learner *task_learn(struct lattn_task *task, int32_t pairs)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);

    while (pairs > 0) {
        struct corpus corpus = {0};

        for (int i = 0; i < BLOCK && pairs > 0; i++, pairs--)
            corpus_add_task(&corpus, task);
        corpus_teach_blocks(&corpus, BLOCK, learner);
        corpus_done(&corpus);
    }
    lattn_task_close(&task);
    return learner;
}

/* ---- finite automata ----------------------------------------------------------------------- */

static struct lattn_task *automata(int32_t size, int32_t word, uint64_t seed)
{
    const struct lattn_automaton_settings settings = {
        .states = size,
        .symbols = size,
        .length = word,
        .query = LATTN_AUTOMATON_STEP,
        .seed = seed,
    };
    struct lattn_task *task;

    cr_assert_eq(lattn_automaton_open(&task, &settings), LATTN_OK);
    return task;
}

/* Words of unseen machines, each state the one that was answered: how many were right? */
struct words {
    int32_t tried;
    int32_t determined; /* in each step */
    int32_t right;
    int32_t determined_wrong;
};

/* The state answered for a query, a token of ones behind the table; `determined` is and-ed to. */
static int32_t answer(struct lattn_learner *learner, double *z, const struct lattn_item *item,
                      int32_t key, int *determined)
{
    double y[4], std_error[4];
    struct lattn_prediction prediction = {.y = y, .std_error = std_error};
    struct lattn_item input = *item;
    double *query = z + (item->n - 1) * item->d;
    int32_t best = 0;

    memset(query, 0, (size_t)item->d * sizeof *query);
    query[key] = 1;
    input.z = z;
    input.tokens = LATTN_TOKENS_DENSE;
    cr_assert_eq(lattn_learner_predict(learner, &input, &prediction, NULL), LATTN_OK);
    for (int32_t a = 1; a < item->m; a++)
        best = y[a] > y[best] ? a : best;
    *determined = *determined && prediction.determined;
    return best;
}

/* Read the words off the queries of the task; the machine itself is run by the oracle. */
static void word_try(struct lattn_learner *learner, struct lattn_task *task, int32_t size,
                     int32_t length, struct words *words)
{
    struct machine machine = {0};
    double z[20 * 20], asked[20 * 20];
    int32_t state = 0;
    int determined = 1, right = 1;

    for (int32_t t = 0; t < length; t++) {
        struct lattn_item item;
        int32_t symbol = 0;

        lattn_task_next(task, &item);
        lattn_item_expand(&item, item.d, asked);
        if (t == 0) {
            machine_read_automaton(&machine, size, size, &item);
            memcpy(z, asked, (size_t)(item.n * item.d) * sizeof *z);
        }
        while (asked[(item.n - 1) * item.d + machine.state * size + symbol] == 0)
            symbol++;
        cr_assert_lt(symbol, size, "the query is not in the machine's state");
        state = answer(learner, z, &item, state * size + symbol, &determined);
        machine.state = machine.next[machine.state * size + symbol];
        right = right && state == machine.state;
    }
    words->tried++;
    words->determined += determined;
    words->right += right;
    words->determined_wrong += determined && !right;
}

static struct words words_try(int32_t size, int32_t length, int32_t machines, int32_t tried)
{
    struct lattn_learner *learner =
        task_learn(automata(size, length, 70 + (uint64_t)size), machines * length);
    struct lattn_task *unseen = automata(size, length, 900 + (uint64_t)size);
    struct words words = {0};

    while (words.tried < tried)
        word_try(learner, unseen, size, length, &words);
    lattn_task_close(&unseen);
    lattn_learner_close(&learner);
    cr_expect_eq(words.determined_wrong, 0, "%d states, %d machines: %d determined words wrong",
                 size, machines, words.determined_wrong);
    return words;
}

static void expect_all_right(int32_t size, int32_t length, int32_t machines, int32_t tried)
{
    struct words words = words_try(size, length, machines, tried);

    cr_expect_eq(words.determined, tried);
    cr_expect_eq(words.right, tried);
}

Test(machines, all_words_are_executed_right_at_the_domain_rank, .timeout = 600)
{
    int32_t tried = corpus_is_long() ? 1000 : 400;

    expect_all_right(2, 8, 12, 1000);
    expect_all_right(3, 16, 48, tried);
    expect_all_right(4, 32, 96, tried);
}

/* Below it some words are determined, all of those right, and some others wrong. */
Test(machines, determined_words_are_executed_right_before_it, .timeout = 600)
{
    struct words two = words_try(2, 8, 4, 1000), three = words_try(3, 16, 32, 400);

    cr_expect(two.determined > 0 && two.right < two.tried, "%d determined, %d right",
              two.determined, two.right);
    cr_expect(three.determined > 0 && three.determined < three.tried, "%d determined",
              three.determined);
}

/* ---- whole words --------------------------------------------------------------------------- */

enum { TOKENS_MAX = 400, DIM_MAX = 31 };

static struct lattn_task *whole_words(int32_t size, uint64_t seed)
{
    struct lattn_automaton_settings settings = lattn_automaton_settings_default();
    struct lattn_task *task;

    settings.states = size;
    settings.symbols = size;
    settings.query = LATTN_AUTOMATON_WORD;
    settings.seed = seed;
    cr_assert_eq(lattn_automaton_open(&task, &settings), LATTN_OK);
    return task;
}

/* Append the rounded answer; was it determined, and are the first `count` coordinates as wanted? */
static int token_is_right(struct lattn_learner *learner, const struct lattn_model *truth,
                          struct lattn_item *sequence, const double *want, int32_t count)
{
    double y[DIM_MAX], std_error[DIM_MAX];
    struct lattn_prediction prediction = {.y = y, .std_error = std_error};
    double *next = (double *)sequence->z + sequence->n * sequence->d;

    cr_assert_eq(lattn_learner_predict(learner, sequence, &prediction, NULL), LATTN_OK);
    lattn_model_round(truth, y);
    memcpy(next, y, (size_t)sequence->d * sizeof *y);
    sequence->n++;
    return prediction.determined && memcmp(y, want, (size_t)count * sizeof *y) == 0;
}

/* The word goes on by itself; the task's own queries are what each token should be. */
static int whole_word_is_right(struct lattn_learner *learner, struct lattn_task *task,
                               int32_t length)
{
    static double z[TOKENS_MAX * DIM_MAX], asked[TOKENS_MAX * DIM_MAX];
    struct lattn_item item, sequence;
    int right = 1;

    lattn_task_next(task, &item);
    lattn_item_expand(&item, item.d, z);
    sequence = item;
    sequence.z = z;
    sequence.tokens = LATTN_TOKENS_DENSE;
    for (int32_t t = 1; t < length; t++) {
        lattn_task_next(task, &item);
        lattn_item_expand(&item, item.d, asked);
        right = right && token_is_right(learner, lattn_task_truth(task), &sequence,
                                        asked + (item.n - 1) * item.d, item.d);
    }
    return right;
}

/* From so many machines: the rank, and the words of unseen ones determined and right throughout. */
static void expect_whole_words(int32_t size, int32_t machines, int64_t rank)
{
    enum { LENGTH = 8, TRIED = 300 };
    struct lattn_learner *learner = task_learn(whole_words(size, 3000), machines * LENGTH);
    struct lattn_task *unseen = whole_words(size, 77);
    int32_t right = 0;

    cr_expect_eq(corpus_certify(learner).rank, rank, "%d states: rank %ld", size,
                 corpus_certify(learner).rank);
    for (int32_t i = 0; i < TRIED; i++)
        right += whole_word_is_right(learner, unseen, LENGTH);
    cr_expect_eq(right, TRIED, "%d states: %d right", size, right);
    lattn_task_close(&unseen);
    lattn_learner_close(&learner);
}

Test(machines, of_a_whole_word_read_it_by_themselves, .timeout = 600)
{
    expect_whole_words(2, 64, 248);
    if (corpus_is_long())
        expect_whole_words(3, 384, 1091);
}

/* ---- Turing machines ----------------------------------------------------------------------- */

/* A size, the machines to learn it from, and the numbers of the table (core/README.md). */
struct size {
    int32_t states;
    int32_t symbols;
    int32_t cells;
    int32_t machines;
    int64_t seen;
    int64_t rank;
};

enum { STEPS = 24 };

static struct lattn_task *turing(const struct size *size, uint64_t seed)
{
    const struct lattn_turing_settings settings = {
        .states = size->states,
        .symbols = size->symbols,
        .cells = size->cells,
        .length = STEPS,
        .seed = seed,
    };
    struct lattn_task *task;

    cr_assert_eq(lattn_turing_open(&task, &settings), LATTN_OK);
    return task;
}

/* Is every token of a history determined and right? */
static int history_is_right(struct lattn_learner *learner, const struct lattn_model *truth,
                            struct machine *machine, const struct lattn_item *first, int32_t steps)
{
    static double z[TOKENS_MAX * DIM_MAX];
    struct lattn_item sequence = *first;
    double want[DIM_MAX];
    int right = 1;

    cr_assert_leq(first->n + 2 * steps, TOKENS_MAX);
    lattn_item_expand(first, first->d, z);
    sequence.z = z;
    sequence.tokens = LATTN_TOKENS_DENSE;
    for (int32_t t = 0; right && t < steps; t++) {
        machine_during(machine, want);
        right = token_is_right(learner, truth, &sequence, want, sequence.d);
        machine_step(machine);
        machine_before(machine, want);
        right = right && token_is_right(learner, truth, &sequence, want, sequence.d);
    }
    return right;
}

static void expect_histories(const struct size *size, struct lattn_learner *learner,
                             int32_t machines, int32_t steps)
{
    struct lattn_task *unseen = turing(size, 99991);
    int32_t right = 0;

    for (int32_t i = 0; i < machines; i++) {
        struct machine machine;
        struct lattn_item item;

        lattn_task_next(unseen, &item);
        machine_read_turing(&machine, size->states, size->symbols, size->cells, &item);
        right += history_is_right(learner, lattn_task_truth(unseen), &machine, &item, steps);
        for (int32_t row = 1; row < 2 * STEPS; row++)
            lattn_task_next(unseen, &item);
    }
    cr_expect_eq(right, machines, "%d states, %d symbols, %d cells, %d steps: %d of %d",
                 size->states, size->symbols, size->cells, steps, right, machines);
    lattn_task_close(&unseen);
}

static void size_try(const struct size *size, int32_t machines)
{
    struct lattn_learner *learner = task_learn(turing(size, 123), 2 * STEPS * size->machines);
    struct lattn_certificate certificate = corpus_certify(learner);

    cr_expect_eq(certificate.rank, size->rank, "%d cells: rank %ld", size->cells, certificate.rank);
    cr_expect_eq(certificate.features_seen, size->seen, "%d cells: %ld features", size->cells,
                 certificate.features_seen);
    cr_expect_eq(certificate.components, 2);
    cr_expect_eq(certificate.verdict, LATTN_NOT_IDENTIFYING);
    expect_histories(size, learner, machines, STEPS);
    expect_histories(size, learner, machines / 3, 4 * STEPS);
    lattn_learner_close(&learner);
}

static const struct size sizes[] = {
    {2, 2, 3, 64, 798 + 1368, 267 + 408},   {2, 2, 4, 64, 1064 + 1862, 369 + 589},
    {2, 2, 5, 64, 1368 + 2432, 487 + 802},  {3, 2, 4, 96, 1760 + 2640, 722 + 980},
    {2, 2, 6, 96, 1710 + 3078, 621 + 1047}, {3, 2, 5, 96, 2189 + 3383, 915 + 1301},
};

Test(machines, of_turing_that_were_never_seen_are_executed_right, .timeout = 3000)
{
    size_t count = corpus_is_long() ? sizeof sizes / sizeof sizes[0] : 1;

    for (size_t i = 0; i < count; i++)
        size_try(&sizes[i], corpus_is_long() ? 60 : 12);
}
