#include "query/transformer.h"

#include "base/memory.h"
#include "support/asking.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D = 5, WIDTH = 7 };

static void box_init(struct blackbox *box, double bias, uint64_t seed)
{
    struct random random = {.state = seed};

    blackbox_init(box, D, 1, 1, &random);
    blackbox_network(box, WIDTH, &random);
    random_normals(&random, box->c, WIDTH);
    for (int32_t k = 0; k < WIDTH; k++)
        box->c[k] *= bias;
}

static enum lattn_status box_learn(const struct blackbox *box, struct asking *asking,
                                   struct lattn_attention **ret_attention, uint32_t *ret_freedoms)
{
    asking_init(asking, box);
    *ret_attention = NULL;
    return transformer_learn(&asking->oracle, &asking->conditions, &asking->random, ret_attention,
                             ret_freedoms);
}

static void box_check(struct blackbox *box, double error_max)
{
    struct asking asking;
    struct lattn_attention *got;
    uint32_t freedoms;

    cr_assert_eq(box_learn(box, &asking, &got, &freedoms), LATTN_OK, "%s",
                 asking.oracle.complaint.text);
    cr_expect_leq(blackbox_distance(D * D, got->W, box->W), error_max, "%g",
                  blackbox_distance(D * D, got->W, box->W));
    cr_expect_eq(freedoms, LATTN_FREEDOM_NETWORK);
    cr_expect_null(got->V);
    lattn_attention_close(&got);
    asking_done(&asking);
    blackbox_done(box);
}

Test(transformer, learns_W_to_rounding_where_there_are_no_biases)
{
    struct blackbox box;

    box_init(&box, 0, 1);
    box_check(&box, 1e-14);
}

Test(transformer, learns_W_behind_biases)
{
    struct blackbox box;

    box_init(&box, 1, 2);
    box.q = 5;
    box_check(&box, 1e-9);
}

/* Two tokens are all that it needs. */
Test(transformer, learns_from_short_sequences)
{
    struct blackbox box;

    box_init(&box, 0.3, 3);
    box.length_max = 2;
    box_check(&box, 1e-9);
}

Test(transformer, says_that_W_is_silent_behind_a_constant)
{
    struct blackbox box;
    struct asking asking;
    struct lattn_attention *got;
    uint32_t freedoms;

    box_init(&box, 1, 4);
    memset(box.w, 0, WIDTH * sizeof *box.w);
    box.q = 3;
    cr_expect_eq(box_learn(&box, &asking, &got, &freedoms), LATTN_RANK);
    cr_expect(freedoms & LATTN_FREEDOM_SILENT);
    cr_assert_not_null(got);
    cr_expect_eq(got->network->q, 3);
    for (int i = 0; i < D * D; i++)
        cr_expect_eq(got->W[i], 0);
    lattn_attention_close(&got);
    asking_done(&asking);
    blackbox_done(&box);
}

static void refusal_check(struct blackbox *box, enum lattn_status status)
{
    struct asking asking;
    struct lattn_attention *got;
    uint32_t freedoms;

    cr_expect_eq(box_learn(box, &asking, &got, &freedoms), status);
    cr_expect(strlen(asking.oracle.complaint.text) > 0);
    cr_expect_null(got);
    asking_done(&asking);
    blackbox_done(box);
}

/* What is not one head before a network, with and without biases. */
static void strangers_check(double bias, uint64_t seed)
{
    struct random random = {.state = seed};
    struct blackbox box;

    box_init(&box, bias, seed);
    box.score_bias = blackbox_numbers(D);
    random_normals(&random, box.score_bias, D);
    refusal_check(&box, LATTN_NO_CONVERGENCE);
    box_init(&box, bias, seed);
    box.residual = blackbox_numbers(D);
    random_normals(&random, box.residual, D);
    refusal_check(&box, LATTN_NO_CONVERGENCE);
    box_init(&box, bias, seed);
    box.is_normed = 1;
    refusal_check(&box, LATTN_NO_CONVERGENCE);
    box_init(&box, bias, seed);
    box.places = blackbox_numbers((size_t)LATTN_QUESTION_TOKENS_MAX * D);
    random_normals(&random, box.places, LATTN_QUESTION_TOKENS_MAX * D);
    refusal_check(&box, LATTN_NO_CONVERGENCE);
}

Test(transformer, refuses_other_architectures)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        strangers_check(0, seed);
        strangers_check(1, seed);
    }
}

Test(transformer, hands_on_what_the_oracle_says)
{
    struct blackbox box;

    box_init(&box, 0, 5);
    box.nan_after = 150;
    refusal_check(&box, LATTN_NOT_FINITE);
    box_init(&box, 0, 5);
    box.fails_after = 250;
    refusal_check(&box, LATTN_CLOSED);
}

/* Every allocation fails once: refused, nothing given, nothing kept. */
static void faults_check(double bias)
{
    enum lattn_status status = LATTN_NO_MEMORY;

    for (uint64_t k = 1; status == LATTN_NO_MEMORY; k++) {
        struct blackbox box;
        struct asking asking;
        struct lattn_attention *got = NULL;
        uint32_t freedoms;

        box_init(&box, bias, 6);
        asking_init(&asking, &box);
        memory_fail(k, 0);
        status =
            transformer_learn(&asking.oracle, &asking.conditions, &asking.random, &got, &freedoms);
        memory_fail(0, 0);
        cr_expect((got == NULL) == (status == LATTN_NO_MEMORY));
        lattn_attention_close(&got);
        asking_done(&asking);
        blackbox_done(&box);
        cr_assert_lt(k, 2000);
    }
    cr_expect_eq(status, LATTN_OK);
}

Test(transformer, survives_that_memory_ends)
{
    faults_check(0);
    faults_check(1);
}
