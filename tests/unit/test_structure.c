#include "query/structure.h"

#include "core/dense.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { D = 6, SEEDS = 10 };

TestSuite(structure, .init = dense_threads_one);

/* What is found of a box under these conditions; the checks stay in finding. */
static enum structure find(struct blackbox *box, struct conditions *conditions, uint64_t seed,
                           struct lattn_finding *finding)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct random random = {.state = seed};
    enum structure structure = STRUCTURE_SHORT;
    double noise, relative;
    struct sample sample;
    struct oracle oracle;

    memset(finding, 0, sizeof *finding);
    cr_assert_eq(oracle_init(&oracle, &box->oracle, &settings), LATTN_OK);
    cr_assert_eq(sample_init(&sample, &oracle), LATTN_OK);
    cr_assert_eq(
        sample_ask(&sample, &oracle, 0, (int)log2(conditions->norm), 0, &random, &noise, &relative),
        LATTN_OK);
    cr_assert_eq(structure_find(&oracle, conditions, &sample, 1, &random, finding, &structure),
                 LATTN_OK);
    cr_expect_leq(oracle.counts.trial, SAMPLE_ALL + 55);
    sample_done(&sample);
    oracle_done(&oracle);
    return structure;
}

static void same(struct blackbox *box, struct random *random)
{
    (void)box;
    (void)random;
}

static void heads(struct blackbox *box, struct random *random)
{
    blackbox_done(box);
    blackbox_init(box, D, 2, 3, random);
}

static void linear(struct blackbox *box, struct random *random)
{
    (void)random;
    box->is_linear = 1;
}

static void network(struct blackbox *box, struct random *random)
{
    blackbox_network(box, 5, random);
}

static void network_biased(struct blackbox *box, struct random *random)
{
    blackbox_network(box, 5, random);
    random_normals(random, box->c, 5);
    box->q = 1;
}

static void label(struct blackbox *box, struct random *random)
{
    (void)random;
    box->is_label = 1;
    box->threshold = 0.5;
}

static void constant(struct blackbox *box, struct random *random)
{
    (void)random;
    memset(box->V, 0, D * sizeof *box->V);
    box->bias = 0.3;
}

static void silent(struct blackbox *box, struct random *random)
{
    (void)random;
    memset(box->V, 0, D * sizeof *box->V);
}

static void normed(struct blackbox *box, struct random *random)
{
    (void)random;
    box->is_normed = 1;
}

static void places(struct blackbox *box, struct random *random)
{
    box->places = blackbox_numbers((size_t)LATTN_QUESTION_TOKENS_MAX * D);
    random_normals(random, box->places, (int64_t)LATTN_QUESTION_TOKENS_MAX * D);
}

static void bias(struct blackbox *box, struct random *random)
{
    (void)random;
    box->bias = 1e-9;
}

static void residual(struct blackbox *box, struct random *random)
{
    box->residual = blackbox_numbers(D);
    random_normals(random, box->residual, D);
}

static void scores(struct blackbox *box, struct random *random)
{
    box->score_bias = blackbox_numbers(D);
    random_normals(random, box->score_bias, D);
}

static const struct kind {
    void (*make)(struct blackbox *box, struct random *random);
    enum structure structure;
    const char *name;
} kinds[] = {
    {same, STRUCTURE_SOFTMAX, "one head"},
    {heads, STRUCTURE_SOFTMAX, "three heads, two answers"},
    {linear, STRUCTURE_LINEAR, "linear attention"},
    {network, STRUCTURE_NETWORK, "network"},
    {network_biased, STRUCTURE_NETWORK, "network with biases"},
    {label, STRUCTURE_LABELS, "labels"},
    {constant, STRUCTURE_CONSTANT, "constant"},
    {silent, STRUCTURE_SILENT, "zero"},
    {normed, STRUCTURE_NORMED, "layer norm"},
    {places, STRUCTURE_PLACES, "positions"},
    {bias, STRUCTURE_BIAS, "bias"},
    {residual, STRUCTURE_RESIDUAL, "residual stream"},
    {scores, STRUCTURE_SCORES_BIAS, "bias of the scores"},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static void expect_all(int is_float)
{
    struct lattn_finding *finding = calloc(1, sizeof *finding);

    cr_assert_not_null(finding);
    for (size_t k = 0; k < KINDS; k++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct conditions conditions = {.norm = 1024, .length = 8, .epsilon = 0x1p-53};
            struct random random = {.state = seed};
            struct blackbox box;
            enum structure got;

            blackbox_init(&box, D, 1, 1, &random);
            kinds[k].make(&box, &random);
            box.is_float = is_float;
            if (is_float)
                conditions.epsilon = 0x1p-24;
            box.bias *= is_float ? 1e5 : 1;
            got = find(&box, &conditions, seed, finding);
            cr_expect_eq(got, kinds[k].structure, "%s, seed %d: %d", kinds[k].name, (int)seed, got);
            blackbox_done(&box);
        }
    free(finding);
}

Test(structure, is_told_apart)
{
    expect_all(0);
}

Test(structure, is_told_apart_in_floats)
{
    expect_all(1);
}

/* Weights that do not add up to one, as of a softmax with one score of zero more. */
static enum lattn_status ask_sunk(void *arg, size_t count, struct lattn_question *questions,
                                  struct lattn_complaint *complaint)
{
    enum lattn_status status = blackbox_ask(arg, count, questions, complaint);

    for (size_t i = 0; i < count; i++)
        questions[i].y[0] *= questions[i].n / (questions[i].n + 1.0);
    return status;
}

Test(structure, knows_weights_that_do_not_add_up)
{
    struct conditions conditions = {.norm = 1024, .length = 8, .epsilon = 0x1p-53};
    struct lattn_finding *finding = calloc(1, sizeof *finding);
    struct random random = {1};
    struct blackbox box;

    cr_assert_not_null(finding);
    blackbox_init(&box, D, 1, 1, &random);
    box.oracle.ask = ask_sunk;
    cr_expect_eq(find(&box, &conditions, 1, finding), STRUCTURE_COPIES);
    blackbox_done(&box);
    free(finding);
}

Test(structure, sees_floats_where_answers_do_not_show_them)
{
    struct conditions conditions = {.norm = 1024, .length = 8, .epsilon = 0x1p-53};
    struct lattn_finding *finding = calloc(1, sizeof *finding);
    struct random random = {1};
    struct blackbox box;

    cr_assert_not_null(finding);
    blackbox_init(&box, D, 1, 1, &random);
    box.is_float = 1;
    cr_expect_eq(find(&box, &conditions, 1, finding), STRUCTURE_SOFTMAX);
    cr_expect_eq(conditions.epsilon, 0x1p-24);
    blackbox_done(&box);
    free(finding);
}

Test(structure, asks_no_longer_sequences_than_are_taken)
{
    struct lattn_finding *finding = calloc(1, sizeof *finding);

    cr_assert_not_null(finding);
    for (int32_t length = 1; length <= 3; length++) {
        struct conditions conditions = {.norm = 1024, .length = length, .epsilon = 0x1p-53};
        struct random random = {1};
        struct blackbox box;

        blackbox_init(&box, D, 1, 1, &random);
        box.length_max = length;
        cr_expect_eq(find(&box, &conditions, 1, finding),
                     length == 1 ? STRUCTURE_SHORT : STRUCTURE_SOFTMAX);
        blackbox_done(&box);
    }
    free(finding);
}

Test(structure, of_longer_sequences_is_heard_where_single_tokens_are_silent)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct conditions conditions = {.norm = 1024, .length = 8, .epsilon = 0x1p-53};
    struct lattn_finding *finding = calloc(1, sizeof *finding);

    cr_assert_not_null(finding);
    for (int is_silent = 0; is_silent <= 1; is_silent++) {
        struct random random = {1};
        struct oracle oracle;
        struct blackbox box;
        int got = -1;

        blackbox_init(&box, D, 1, 2, &random);
        for (int32_t j = 0; j < D; j++) {
            box.V[j] *= !is_silent;
            box.V[D + j] = -box.V[j];
        }
        cr_assert_eq(oracle_init(&oracle, &box.oracle, &settings), LATTN_OK);
        cr_assert_eq(structure_silence(&oracle, &conditions, &random, finding, &got), LATTN_OK);
        cr_expect_eq(got, is_silent);
        oracle_done(&oracle);
        blackbox_done(&box);
    }
    free(finding);
}
