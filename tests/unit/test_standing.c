#include "core/standing.h"

#include "base/random.h"
#include "core/dense.h"
#include "core/learner.h"

#include <criterion/criterion.h>
#include <math.h>

/* Of p = 196, more than a block of rows; of sequences with labels at every position. */
enum { D = 7, Q = D * (D + 1) / 2, P = Q * D, TOKENS = 16, BLOCK = 8 };

TestSuite(standing, .init = dense_threads_one);

static struct lattn_learner *learner_of(enum lattn_engine engine)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    struct lattn_learner *learner = NULL;

    settings.engine = engine;
    cr_assert_eq(lattn_learner_open(&learner, &settings), LATTN_OK);
    return learner;
}

static const struct component *component_of(const struct lattn_learner *learner)
{
    return learner->factor.components[0];
}

/*
 * Learn one sequence of normals, whose label is a cubic function of it.
 *
 * free  coordinates that are drawn; the others repeat them
 */
static void sequence_learn(struct lattn_learner *learner, struct random *random,
                           enum lattn_labels labels, int free)
{
    double z[TOKENS * D], y[TOKENS];
    struct lattn_item item = {
        .z = z, .y = y, .weight = 1, .n = TOKENS, .d = D, .m = 1, .labels = labels};
    double s = 0;

    random_normals(random, z, TOKENS * D);
    for (int t = 0; t < TOKENS; t++)
        for (int k = free; k < D; k++)
            z[t * D + k] = z[t * D + k - free];
    for (int t = 0; t < TOKENS; t++)
        s += z[t * D] * z[t * D + 1];
    for (int t = 0; t < TOKENS; t++)
        y[t] = s * z[(labels == LATTN_LABELS_LAST ? TOKENS - 1 : t) * D + 2];
    cr_assert_eq(lattn_learner_admit(learner, &item, NULL), LATTN_OK);
    lattn_learner_absorb(learner, &(struct lattn_batch){&item, 1});
}

/* 16 labels of a sequence without a mask bring 7 directions: Q sequences bring all. */
static void full_rank_is_noticed(enum lattn_engine engine)
{
    struct lattn_learner *learner = learner_of(engine);
    struct random random = {1};

    for (int i = 1; i <= Q + 1; i++) {
        struct lattn_certificate certificate;
        const struct component *component;

        sequence_learn(learner, &random, LATTN_LABELS_FULL, D);
        component = component_of(learner);
        cr_assert_eq(lattn_learner_certify(learner, &certificate), LATTN_OK);
        cr_expect_eq(certificate.rank, i < Q ? i * D : P);
        cr_expect_eq(component->full, i >= Q, "%d sequences of %d", i, Q);
    }
    lattn_learner_close(&learner);
}

Test(standing, notices_full_rank_with_the_rows_that_bring_it)
{
    full_rank_is_noticed(LATTN_ENGINE_RLS);
    full_rank_is_noticed(LATTN_ENGINE_GRAM);
}

static int has_weights(const struct component *component)
{
    for (int32_t i = 0; i < component->columns * component->m; i++)
        if (fabs(component->weights[i]) > 0)
            return 1;
    return 0;
}

/* Rows that all are independent determine nothing; the last one determines everything. */
Test(standing, does_not_look_before_a_row_follows_from_others)
{
    struct lattn_learner *learner = learner_of(LATTN_ENGINE_RLS);
    struct random random = {2};

    for (int i = 1; i <= P; i++) {
        sequence_learn(learner, &random, LATTN_LABELS_LAST, D);
        cr_assert_eq(has_weights(component_of(learner)), i == P, "%d rows of %d", i, P);
    }
    cr_assert(component_of(learner)->full);
    lattn_learner_close(&learner);
}

/*
 * Four coordinates, of which three come twice, have 40 directions. It looks when there are an
 * eighth of P rows, and twice as many: then all is predicted.
 */
Test(standing, looks_where_columns_follow_from_others)
{
    enum { LOOKED = 2 * (P / 8 + 1) };
    struct lattn_learner *learner = learner_of(LATTN_ENGINE_RLS);
    struct random random = {3};
    double loss;

    for (int i = 0; i < LOOKED; i++)
        sequence_learn(learner, &random, LATTN_LABELS_LAST, 4);
    cr_assert(has_weights(component_of(learner)));
    loss = learner->factor.progressive_sum;
    for (int i = 0; i < BLOCK; i++)
        sequence_learn(learner, &random, LATTN_LABELS_LAST, 4);
    cr_assert_leq(learner->factor.progressive_sum, loss * (1 + 1e-12));
    lattn_learner_close(&learner);
}
