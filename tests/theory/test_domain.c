/*
 * A domain's certificate is true (README.md, section 3, per domain): over all inputs of all finite
 * automata of a size, what is called determined is executed right, what is not can be answered
 * otherwise by another model that fits the data as well, and at the domain's rank nothing is left.
 *
 * Inputs are enumerated, features and row spaces computed in long double, and another minimiser is
 * built from what of an input lies outside the row space.
 */
#include "core/dense.h"
#include "support/corpus.h"
#include "support/rowspace.h"

#include "base/memory.h"

#include <lattn/tasks.h>

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum {
    STATES_MAX = 4,
    KEYS_MAX = 16,
    TOKENS_MAX = KEYS_MAX + 1,
    DIM_MAX = KEYS_MAX + 4,
    BATCH = 64
};

TestSuite(domain, .init = dense_threads_one);

/* Automata with as many symbols as states, and the word that each reads while it is learned. */
struct automata {
    int32_t size;
    int32_t word;
};

static const struct automata two = {2, 8}, three = {3, 16}, four = {4, 32};

static int32_t keys_of(const struct automata *automata)
{
    return automata->size * automata->size;
}

static int32_t dim_of(const struct automata *automata)
{
    return keys_of(automata) + automata->size;
}

static uint64_t inputs_of(const struct automata *automata)
{
    uint64_t inputs = (uint64_t)keys_of(automata);

    for (int32_t i = 0; i < keys_of(automata); i++)
        inputs *= (uint64_t)automata->size;
    return inputs;
}

/* Input `number` of the domain: a table, and the key to look up; gives the next state. */
static int32_t input_write(const struct automata *automata, uint64_t number, double *ret_z)
{
    int32_t keys = keys_of(automata), d = dim_of(automata);
    int32_t asked = (int32_t)(number % (uint64_t)keys);
    uint64_t table = number / (uint64_t)keys;
    int32_t next = 0;

    memset(ret_z, 0, (size_t)((keys + 1) * d) * sizeof *ret_z);
    for (int32_t key = 0; key < keys; key++, table /= (uint64_t)automata->size) {
        int32_t state = (int32_t)(table % (uint64_t)automata->size);

        ret_z[key * d + key] = 1;
        ret_z[key * d + keys + state] = 1;
        next = key == asked ? state : next;
    }
    ret_z[keys * d + asked] = 1;
    return next;
}

static struct lattn_item input_item(const struct automata *automata, const double *z)
{
    return (struct lattn_item){.z = z,
                               .weight = 1,
                               .n = keys_of(automata) + 1,
                               .d = dim_of(automata),
                               .labels = LATTN_LABELS_LAST};
}

static struct lattn_learner *automata_learn(const struct automata *automata, int32_t machines,
                                            struct corpus *ret_corpus)
{
    const struct lattn_automaton_settings drawn = {.states = automata->size,
                                                   .symbols = automata->size,
                                                   .length = automata->word,
                                                   .query = LATTN_AUTOMATON_STEP,
                                                   .seed = 70 + (uint64_t)automata->size};
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = corpus_learner(&settings);
    struct lattn_task *task;

    cr_assert_eq(lattn_automaton_open(&task, &drawn), LATTN_OK);
    for (int32_t i = 0; i < machines * automata->word; i++)
        corpus_add_task(ret_corpus, task);
    lattn_task_close(&task);
    corpus_teach_blocks(ret_corpus, 50, learner);
    return learner;
}

static int32_t largest(int32_t count, const double *y)
{
    int32_t most = 0;

    for (int32_t a = 1; a < count; a++)
        most = y[a] > y[most] ? a : most;
    return most;
}

/* ---- what is determined is right ------------------------------------------------------------ */

struct shares {
    uint64_t inputs;
    uint64_t determined;
    uint64_t right;
};

/* Certify so many inputs from one on, `step` apart, and execute each. */
static void batch_certify(const struct automata *automata, struct lattn_learner *learner,
                          uint64_t start, uint64_t step, struct shares *shares)
{
    static double z[BATCH][TOKENS_MAX * DIM_MAX];
    struct lattn_item items[BATCH];
    struct lattn_batch batch = {.items = items};
    struct lattn_domain domain;
    uint64_t determined = 0;

    for (uint64_t i = start; i < inputs_of(automata) && batch.count < BATCH; i += step) {
        double y[STATES_MAX], std_error[STATES_MAX];
        struct lattn_prediction prediction = {.y = y, .std_error = std_error};
        int32_t next = input_write(automata, i, z[batch.count]);

        items[batch.count] = input_item(automata, z[batch.count]);
        cr_assert_eq(lattn_learner_predict(learner, &items[batch.count++], &prediction, NULL),
                     LATTN_OK);
        determined += (uint64_t)prediction.determined;
        for (int32_t a = 0; prediction.determined && a < automata->size; a++)
            cr_assert_float_eq(y[a], a == next, 1e-9, "%d states, input %lu: output %d is %g",
                               automata->size, i, a, y[a]);
        shares->right += largest(automata->size, y) == next;
    }
    cr_assert_eq(lattn_learner_cover(learner, &batch, &domain, NULL), LATTN_OK);
    cr_assert_eq(domain.determined, determined);
    shares->inputs += batch.count;
    shares->determined += determined;
}

/* Of the domain every input, or one of `step`. */
static struct shares domain_certify(const struct automata *automata, int32_t machines,
                                    uint64_t step)
{
    struct corpus corpus = {0};
    struct lattn_learner *learner = automata_learn(automata, machines, &corpus);
    struct shares shares = {0};

    for (uint64_t start = 0; start < inputs_of(automata); start += BATCH * step)
        batch_certify(automata, learner, start, step, &shares);
    lattn_learner_close(&learner);
    corpus_done(&corpus);
    return shares;
}

/* Steps are primes: no key or table entry is left out. */
Test(domain, calls_determined_what_is_executed_right, .timeout = 600)
{
    struct shares some_of_two = domain_certify(&two, 4, 1);
    struct shares some_of_three = domain_certify(&three, 24, corpus_is_long() ? 1 : 47);

    cr_expect_eq(some_of_two.inputs, 64);
    cr_expect(some_of_two.determined > 0 && some_of_two.right < some_of_two.inputs);
    cr_expect(some_of_three.determined > 0 && some_of_three.right < some_of_three.inputs);
}

Test(domain, is_complete_at_the_rank_of_the_domain, .timeout = 600)
{
    const struct shares all[] = {
        domain_certify(&two, 12, 1), domain_certify(&three, 48, corpus_is_long() ? 1 : 47),
        domain_certify(&four, 96, corpus_is_long() ? UINT64_C(3000017) : UINT64_C(30000001))};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        cr_expect_gt(all[i].inputs, 60);
        cr_expect_eq(all[i].determined, all[i].inputs, "%zu states: %lu of %lu", i + 2,
                     all[i].determined, all[i].inputs);
    }
}

/* ---- what is not has another answer --------------------------------------------------------- */

/* Features in the order of lattn_learner_coef. */
static void features_of(const struct lattn_item *item, long double *ret_phi)
{
    int32_t d = item->d;

    for (int32_t j = 0; j < d; j++)
        for (int32_t k = j; k < d; k++) {
            long double s = 0;

            for (int32_t t = 0; t < item->n; t++)
                s += (long double)item->z[t * d + j] * item->z[t * d + k];
            for (int32_t l = 0; l < d; l++)
                *ret_phi++ = s * item->z[(item->n - 1) * d + l];
        }
}

static long double product(size_t count, const long double *a, const long double *b)
{
    long double sum = 0;

    for (size_t c = 0; c < count; c++)
        sum += a[c] * b[c];
    return sum;
}

/* The data, what a learner made of it, and room for one more row of features. */
struct fitted {
    const struct automata *automata;
    struct corpus corpus;
    struct lattn_learner *learner;
    size_t p;
    long double *rows; /* corpus.count x p */
    struct rowspace space;
    double *coef; /* size x p */
    long double *phi;
    long double *outside;
};

static void fitted_init(struct fitted *fitted, const struct automata *automata, int32_t machines)
{
    long double *lost;

    *fitted = (struct fitted){.automata = automata};
    fitted->learner = automata_learn(automata, machines, &fitted->corpus);
    fitted->p = (size_t)lattn_features(dim_of(automata));
    fitted->rows = memory_raw(fitted->corpus.count * fitted->p, sizeof *fitted->rows);
    fitted->phi = memory_raw(fitted->p, sizeof *fitted->phi);
    fitted->outside = memory_raw(fitted->p, sizeof *fitted->outside);
    fitted->coef = corpus_solution(fitted->learner);
    lost = memory_raw(fitted->corpus.count * fitted->p, sizeof *lost);
    cr_assert(fitted->rows != NULL && fitted->phi != NULL && fitted->outside != NULL &&
              lost != NULL);
    for (size_t i = 0; i < fitted->corpus.count; i++)
        features_of(&fitted->corpus.items[i], fitted->rows + i * fitted->p);
    memcpy(lost, fitted->rows, fitted->corpus.count * fitted->p * sizeof *lost);
    rowspace_init(&fitted->space, fitted->corpus.count, fitted->p, lost, 1e-14L);
    memory_release(lost);
}

static void fitted_done(struct fitted *fitted)
{
    rowspace_done(&fitted->space);
    lattn_learner_close(&fitted->learner);
    corpus_done(&fitted->corpus);
    memory_release(fitted->rows);
    memory_release(fitted->phi);
    memory_release(fitted->outside);
    memory_release(fitted->coef);
}

/* The part of phi outside the row space. */
static void outside_find(struct fitted *fitted)
{
    memcpy(fitted->outside, fitted->phi, fitted->p * sizeof *fitted->outside);
    for (int twice = 0; twice < 2; twice++)
        for (size_t i = 0; i < fitted->space.rank; i++) {
            const long double *basis = fitted->space.basis + i * fitted->p;
            long double along = product(fitted->p, basis, fitted->outside);

            for (size_t c = 0; c < fitted->p; c++)
                fitted->outside[c] -= along * basis[c];
        }
}

static long double answer_of(const struct fitted *fitted, int32_t output, const long double *phi)
{
    const double *coef = fitted->coef + (size_t)output * fitted->p;
    long double sum = 0;

    for (size_t c = 0; c < fitted->p; c++)
        sum += coef[c] * phi[c];
    return sum;
}

/*
 * W + outside delta', delta chosen such that phi is answered by `other`: it has the same residual
 * in every pair that was learned, so it is a minimiser too.
 */
static void expect_flipped(const struct fitted *fitted, int32_t other)
{
    long double length = product(fitted->p, fitted->outside, fitted->outside);

    for (int32_t a = 0; a < fitted->automata->size; a++) {
        long double answer = answer_of(fitted, a, fitted->phi);
        long double delta = ((a == other) - answer) / length;

        answer += delta * product(fitted->p, fitted->outside, fitted->phi);
        cr_assert(fabsl(answer - (a == other)) < 1e-10L);
        for (size_t i = 0; i < fitted->corpus.count; i++) {
            const long double *row = fitted->rows + i * fitted->p;
            long double fit = answer_of(fitted, a, row);
            long double changed = fit + delta * product(fitted->p, fitted->outside, row);

            cr_assert(fabsl(fit - fitted->corpus.items[i].y[a]) < 1e-10L);
            cr_assert(fabsl(changed - fitted->corpus.items[i].y[a]) < 1e-10L);
        }
    }
}

/* Returns how many of the domain's inputs, `step` apart, were undetermined. */
static int32_t domain_flip(struct fitted *fitted, uint64_t step)
{
    double z[TOKENS_MAX * DIM_MAX], y[STATES_MAX], std_error[STATES_MAX];
    struct lattn_prediction prediction = {.y = y, .std_error = std_error};
    int32_t undetermined = 0;

    for (uint64_t i = 0; i < inputs_of(fitted->automata); i += step) {
        int32_t next = input_write(fitted->automata, i, z);
        const struct lattn_item input = input_item(fitted->automata, z);
        int is_inside;

        cr_assert_eq(lattn_learner_predict(fitted->learner, &input, &prediction, NULL), LATTN_OK);
        features_of(&input, fitted->phi);
        is_inside = rowspace_distance(&fitted->space, fitted->phi) < 1e-12L;
        cr_assert_eq(prediction.determined, is_inside, "%d states, input %lu",
                     fitted->automata->size, i);
        if (is_inside)
            continue;
        undetermined++;
        outside_find(fitted);
        expect_flipped(fitted, (next + 1) % fitted->automata->size);
    }
    return undetermined;
}

Test(domain, leaves_open_what_another_minimiser_answers_otherwise, .timeout = 600)
{
    struct fitted fitted;

    fitted_init(&fitted, &two, 4);
    cr_expect_gt(domain_flip(&fitted, 1), 10);
    fitted_done(&fitted);
    fitted_init(&fitted, &three, 24);
    cr_expect_gt(domain_flip(&fitted, corpus_is_long() ? 499 : 4999), 10);
    fitted_done(&fitted);
}
