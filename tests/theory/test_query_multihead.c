/*
 * Layers of several softmax heads, learned from questions (src/query/README.md, "Several heads"):
 * parameters to rounding, errors as claimed, and nothing but a refusal where the oracle is no such
 * layer.
 *
 * By default a part of the campaign; LATTN_LONG=1 runs all instances of d = 16 and 4 heads.
 */
#include "core/dense.h"
#include "query/multihead.h"
#include "support/blackbox.h"
#include "support/corpus.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(query_multihead, .init = dense_threads_one);

static const struct conditions exact = {.norm = 1024, .length = 32, .epsilon = 0x1p-53};

/* What was learned, and how: released by outcome_done. */
struct outcome {
    enum lattn_status status;
    struct lattn_attention *layer;
    struct lattn_asked asked;
    struct lattn_complaint complaint;
};

static struct outcome oracle_learn(const struct lattn_oracle *asked,
                                   const struct conditions *conditions, int32_t heads,
                                   uint64_t seed)
{
    static const struct lattn_probe_settings settings = {0};
    struct random random = {.state = seed};
    struct outcome outcome = {0};
    struct oracle oracle;

    cr_assert_eq(oracle_init(&oracle, asked, &settings), LATTN_OK);
    outcome.status = multihead_learn(&oracle, conditions, &random, heads, &outcome.layer);
    outcome.asked = oracle.counts;
    outcome.complaint = oracle.complaint;
    cr_assert_leq(oracle.norm, conditions->norm);
    cr_assert_leq(oracle.length, conditions->length);
    cr_assert_eq(outcome.layer != NULL, outcome.status >= 0);
    cr_assert_eq(outcome.complaint.text[0] != '\0', outcome.status < 0);
    oracle_done(&oracle);
    return outcome;
}

static void outcome_done(struct outcome *outcome)
{
    lattn_attention_close(&outcome->layer);
}

/* Relative error of W and V of head h together, against the head of the layer that is nearest. */
static double head_error(const struct blackbox *box, size_t h, const struct lattn_attention *layer,
                         size_t *ret_nearest)
{
    size_t d = (size_t)box->d;
    double best = INFINITY;

    for (size_t g = 0; g < (size_t)layer->heads; g++) {
        double error = blackbox_distance(d * d, layer->W + g * d * d, box->W + h * d * d) +
                       blackbox_distance(d, layer->V + g * d, box->V + h * d);

        if (error < best)
            *ret_nearest = g;
        best = fmin(best, error);
    }
    return best;
}

static double layer_error(const struct blackbox *box, const struct lattn_attention *layer)
{
    double worst = 0;
    size_t nearest;

    for (size_t h = 0; h < (size_t)box->heads; h++)
        worst = fmax(worst, head_error(box, h, layer, &nearest));
    return worst;
}

/* Root mean square of the errors of W over what was claimed for them. */
static double layer_calibration(const struct blackbox *box, const struct lattn_attention *layer)
{
    size_t square = (size_t)box->d * (size_t)box->d;
    double off = 0, claimed = 0;

    for (size_t h = 0; h < (size_t)box->heads; h++) {
        size_t g = 0;

        head_error(box, h, layer, &g);
        for (size_t i = 0; i < square; i++) {
            off += pow(layer->W[g * square + i] - box->W[h * square + i], 2);
            claimed += pow(layer->W_error[g * square + i], 2);
        }
    }
    return sqrt(off / claimed);
}

/* ---- parameters ------------------------------------------------------------------------------ */

/*
 * Learn `count` random layers.
 *
 * error_max     of every layer
 * off_most      errors over what is claimed, root mean square, in every layer: within this factor
 */
struct campaign {
    const char *name;
    int32_t heads;
    int32_t d;
    int32_t count;
    int32_t is_float;
    int32_t decimals;
    double noise;
    struct conditions conditions;
    double error_max;
};

static void campaign_run(const struct campaign *campaign)
{
    double worst = 0, most = 0, least = INFINITY;
    uint64_t trials = 0;

    for (int32_t i = 0; i < campaign->count; i++) {
        struct random random = {.state = (uint64_t)(1000 * campaign->heads + 50 * campaign->d + i)};
        struct blackbox box;
        struct outcome outcome;
        double off;

        blackbox_init(&box, campaign->d, 1, campaign->heads, &random);
        box.is_float = campaign->is_float;
        box.decimals = campaign->decimals;
        box.noise = campaign->noise;
        outcome = oracle_learn(&box.oracle, &campaign->conditions, campaign->heads, (uint64_t)i);
        cr_assert_eq(outcome.status, LATTN_OK, "%s: instance %d: %s", campaign->name, i,
                     outcome.complaint.text);
        cr_assert_eq(outcome.layer->heads, campaign->heads);
        cr_assert_leq(outcome.asked.learn, multihead_count(campaign->d, campaign->heads));
        off = layer_calibration(&box, outcome.layer);
        worst = fmax(worst, layer_error(&box, outcome.layer));
        most = fmax(most, off);
        least = fmin(least, off);
        trials += outcome.asked.trial;
        outcome_done(&outcome);
        blackbox_done(&box);
    }
    printf("%s, %d heads, d = %d: worst error %.2g of %d; over what is claimed %.2g to %.2g; "
           "questions %llu, trials %llu\n",
           campaign->name, campaign->heads, campaign->d, worst, campaign->count, least, most,
           (unsigned long long)multihead_count(campaign->d, campaign->heads),
           (unsigned long long)(trials / (uint64_t)campaign->count));
    cr_expect_leq(worst, campaign->error_max);
    cr_expect(0.1 <= least && most <= 10, "%g to %g", least, most);
}

static void campaigns_run(const char *name, const struct campaign *shape, int32_t heads_most,
                          int32_t d_most)
{
    for (int32_t heads = 2; heads <= heads_most; heads++)
        for (int32_t d = 4; d <= d_most; d *= 2) {
            struct campaign campaign = *shape;

            campaign.name = name;
            campaign.heads = heads;
            campaign.d = d;
            if (d >= 16 && !corpus_is_long())
                campaign.count = 2;
            campaign_run(&campaign);
        }
}

Test(query_multihead, heads_are_told_apart_to_rounding, .timeout = 600)
{
    const struct campaign shape = {.count = corpus_is_long() ? 20 : 5,
                                   .decimals = -1,
                                   .conditions = exact,
                                   .error_max = 1e-13};

    campaigns_run("exact", &shape, corpus_is_long() ? 4 : 3, 16);
}

Test(query_multihead, rounded_answers_are_enough, .timeout = 600)
{
    const struct campaign shape = {
        .count = corpus_is_long() ? 20 : 5,
        .decimals = 6,
        .conditions = {.norm = 0x1p20, .length = 32, .step = 1e-6, .epsilon = 0x1p-53},
        .error_max = 1e-8};

    campaigns_run("6 decimals", &shape, 3, 8);
}

Test(query_multihead, float_answers_are_enough, .timeout = 600)
{
    const struct campaign shape = {.count = corpus_is_long() ? 20 : 5,
                                   .decimals = -1,
                                   .is_float = 1,
                                   .conditions = {.norm = 1024, .length = 32, .epsilon = 0x1p-24},
                                   .error_max = 1e-3};

    campaigns_run("float", &shape, 3, 8);
}

Test(query_multihead, noise_is_borne_where_tokens_may_be_large, .timeout = 600)
{
    const struct campaign shape = {
        .count = corpus_is_long() ? 20 : 5,
        .decimals = -1,
        .noise = 1e-4,
        .conditions = {.norm = 1024, .length = 32, .noise = 1e-4, .epsilon = 0x1p-53},
        .error_max = 1e-2};

    campaigns_run("noise", &shape, 2, 8);
}

Test(query_multihead, small_tokens_are_enough_where_answers_are_exact, .timeout = 600)
{
    const struct campaign shape = {.count = corpus_is_long() ? 20 : 5,
                                   .decimals = -1,
                                   .conditions = {.norm = 2, .length = 8, .epsilon = 0x1p-53},
                                   .error_max = 1e-10};

    campaigns_run("norms up to 2", &shape, 2, 8);
}

/* ---- held out -------------------------------------------------------------------------------- */

static void token_scale(int32_t d, double norm, double *token)
{
    double scale = fmin(pow(d, -0.25), norm / dense_norm(d, token));

    for (int32_t j = 0; j < d; j++)
        token[j] *= scale;
}

/*
 * Answers that a layer leaves, over the answers, root mean square: sequences of two to eight normal
 * tokens, at which scores are about 1; tokens above the norm are made shorter.
 */
static double held_out_residual(const struct lattn_oracle *oracle,
                                const struct lattn_attention *layer, double norm, uint64_t seed)
{
    struct random random = {.state = seed};
    double left = 0, size = 0;

    for (int32_t i = 0; i < 80; i++) {
        double x[8 * 16], y, said;
        struct lattn_question question = {.n = 2 + i % 7, .x = x, .y = &y};

        random_normals(&random, x, question.n * oracle->d);
        for (int32_t j = 0; j < question.n; j++)
            token_scale(oracle->d, norm, x + j * oracle->d);
        cr_assert_eq(oracle->ask(oracle->arg, 1, &question, NULL), LATTN_OK);
        lattn_attention_apply(layer, x, question.n, &said);
        left += (y - said) * (y - said);
        size += y * y;
    }
    return sqrt(left / size);
}

/* ---- fewer heads than told ------------------------------------------------------------------- */

/* As many heads as act: of two, or none, or three of which the second repeats the first's W. */
static void expect_heads(struct blackbox *box, int32_t heads, uint64_t seed)
{
    struct outcome outcome = oracle_learn(&box->oracle, &exact, box->heads, seed);

    cr_assert_eq(outcome.status, LATTN_OK, "%s", outcome.complaint.text);
    cr_expect_eq(outcome.layer->heads, heads, "%d heads", outcome.layer->heads);
    cr_expect_lt(held_out_residual(&box->oracle, outcome.layer, exact.norm, seed), 1e-12);
    outcome_done(&outcome);
}

Test(query_multihead, heads_without_value_are_left_out)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct random random = {.state = seed};
        struct blackbox box;

        blackbox_init(&box, 5, 1, 3, &random);
        memset(box.V + 5, 0, 5 * sizeof *box.V);
        expect_heads(&box, 2, seed);
        blackbox_done(&box);
    }
}

Test(query_multihead, heads_of_the_same_scores_are_one)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct random random = {.state = seed};
        struct blackbox box;

        blackbox_init(&box, 5, 1, 2, &random);
        memcpy(box.W + 25, box.W, 25 * sizeof *box.W);
        expect_heads(&box, 1, seed);
        blackbox_done(&box);
    }
}

Test(query_multihead, opposite_values_are_two_heads)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct random random = {.state = seed};
        struct blackbox box;

        blackbox_init(&box, 5, 1, 2, &random);
        for (int32_t j = 0; j < 5; j++)
            box.V[5 + j] = -box.V[j];
        expect_heads(&box, 2, seed);
        blackbox_done(&box);
    }
}

Test(query_multihead, no_scores_are_one_head)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct random random = {.state = seed};
        struct blackbox box;

        blackbox_init(&box, 5, 1, 2, &random);
        memset(box.W, 0, 50 * sizeof *box.W);
        expect_heads(&box, 1, seed);
        blackbox_done(&box);
    }
}

Test(query_multihead, silence_leaves_scores_open)
{
    struct random random = {.state = 1};
    struct blackbox box;
    struct outcome outcome;

    blackbox_init(&box, 5, 1, 2, &random);
    memset(box.V, 0, 10 * sizeof *box.V);
    outcome = oracle_learn(&box.oracle, &exact, 2, 1);
    cr_expect_eq(outcome.status, LATTN_RANK);
    for (int32_t i = 0; i < 50; i++)
        cr_expect_eq(outcome.layer->W[i], 0);
    outcome_done(&outcome);
    blackbox_done(&box);
}

Test(query_multihead, silence_under_noise_is_silence)
{
    const struct conditions conditions = {
        .norm = 8, .length = 32, .noise = 1e-2, .epsilon = 0x1p-53};

    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct random random = {.state = seed};
        struct blackbox box;
        struct outcome outcome;

        blackbox_init(&box, 5, 1, 2, &random);
        memset(box.V, 0, 10 * sizeof *box.V);
        box.noise = conditions.noise;
        outcome = oracle_learn(&box.oracle, &conditions, 2, seed);
        cr_expect_eq(outcome.status, LATTN_RANK, "seed %d: %s", (int)seed, outcome.complaint.text);
        outcome_done(&outcome);
        blackbox_done(&box);
    }
}

/* Coarse answers end in words, or in a layer that is as good as it says. */
Test(query_multihead, coarse_answers_are_no_excuse, .timeout = 100)
{
    const struct conditions conditions = {
        .norm = 8, .length = 32, .noise = 1e-2, .epsilon = 0x1p-53};
    int learned = 0;

    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct random random = {.state = seed};
        struct blackbox box;
        struct outcome outcome;

        blackbox_init(&box, 3, 1, 2, &random);
        box.noise = conditions.noise;
        outcome = oracle_learn(&box.oracle, &conditions, 2, seed);
        if (outcome.status == LATTN_OK && outcome.layer->heads == 2) {
            learned++;
            cr_expect_lt(layer_calibration(&box, outcome.layer), 10);
        }
        outcome_done(&outcome);
        blackbox_done(&box);
    }
    printf("noise 0.01, norms up to 8: %d of 20 learned\n", learned);
}

Test(query_multihead, a_weak_head_is_told)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct random random = {.state = seed};
        struct blackbox box;

        blackbox_init(&box, 5, 1, 2, &random);
        for (int32_t j = 0; j < 5; j++)
            box.V[5 + j] *= 1e-6;
        expect_heads(&box, 2, seed);
        blackbox_done(&box);
    }
}

/* ---- other oracles --------------------------------------------------------------------------- */

/* What answers beside, or instead of, a layer of heads. */
enum twist {
    TWIST_NONE,        /* three or four heads where two are told */
    TWIST_WEAK,        /* the third of strength 1e-6 */
    TWIST_LINEAR,      /* linear attention added */
    TWIST_TEMPERATURE, /* scores over the square root of the length */
    TWIST_QUERY,       /* scores fall a little with the last token's norm */
    TWIST_WINDOW,      /* the last three tokens alone are seen */
    TWIST_BIAS,
    TWIST_RESIDUAL,
    TWIST_SCORE_BIAS,
    TWIST_PLACES,
    TWIST_NORM,
    TWIST_NETWORK,
    TWIST_CLIPPED, /* the answer is kept within a fraction of what tokens can bring about */
    TWISTS
};

static const char *const twist_names[TWISTS] = {
    "more heads",
    "a weak head more",
    "linear attention added",
    "temperature by length",
    "temperature by the last token",
    "a window",
    "bias",
    "residual stream",
    "bias of the scores",
    "positions",
    "layer norm",
    "network",
    "clipped answers",
};

struct twisted {
    struct lattn_oracle oracle;
    enum twist twist;
    double most; /* of an answer that is clipped */
    struct blackbox box;
    struct blackbox other;
};

/* By what scores of this question are divided. */
static double heat_of(const struct twisted *twisted, const struct lattn_question *question)
{
    int32_t d = twisted->box.d;

    if (twisted->twist == TWIST_TEMPERATURE)
        return sqrt(question->n);
    if (twisted->twist == TWIST_QUERY)
        return pow(dense_norm(d, question->x + (question->n - 1) * d), 0.05);
    return 1;
}

/* One question, changed before it is answered. */
static enum lattn_status twisted_answer(struct twisted *twisted, struct lattn_question *question,
                                        struct lattn_complaint *complaint)
{
    struct blackbox *box = &twisted->box;
    struct lattn_question changed = *question;
    size_t weights = (size_t)box->heads * (size_t)box->d * (size_t)box->d;
    double heat = heat_of(twisted, question), more;
    enum lattn_status status;

    if (twisted->twist == TWIST_WINDOW && question->n > 3) {
        changed.x += (question->n - 3) * box->d;
        changed.n = 3;
    }
    for (size_t i = 0; i < weights; i++)
        box->W[i] /= heat;
    status = blackbox_ask(box, 1, &changed, complaint);
    for (size_t i = 0; i < weights; i++)
        box->W[i] *= heat;
    if (twisted->twist == TWIST_CLIPPED)
        *question->y = fmax(-twisted->most, fmin(twisted->most, *question->y));
    if (twisted->twist != TWIST_LINEAR || status != LATTN_OK)
        return status;
    changed.y = &more;
    status = blackbox_ask(&twisted->other, 1, &changed, complaint);
    *question->y += more;
    return status;
}

static enum lattn_status twisted_ask(void *arg, size_t count, struct lattn_question *questions,
                                     struct lattn_complaint *complaint)
{
    enum lattn_status status = LATTN_OK;

    for (size_t i = 0; i < count && status == LATTN_OK; i++)
        status = twisted_answer(arg, &questions[i], complaint);
    return status;
}

static double *normals_new(struct random *random, int32_t count)
{
    double *normals = blackbox_numbers((size_t)count);

    random_normals(random, normals, count);
    return normals;
}

/* norm: the largest of a token */
static void twisted_init(struct twisted *twisted, enum twist twist, int32_t d, double norm,
                         struct random *random)
{
    int32_t heads = twist == TWIST_NONE      ? 3 + (int32_t)random_below(random, 2)
                    : twist == TWIST_WEAK    ? 3
                    : twist == TWIST_NETWORK ? 1
                                             : 2;
    struct blackbox *box = &twisted->box;

    *twisted = (struct twisted){.oracle = {.d = d, .m = 1, .ask = twisted_ask, .arg = twisted},
                                .twist = twist};
    blackbox_init(box, d, 1, heads, random);
    blackbox_init(&twisted->other, d, 1, 1, random);
    twisted->other.is_linear = 1;
    for (int32_t j = 0; j < d && twist == TWIST_WEAK; j++)
        box->V[2 * d + j] *= 1e-6;
    if (twist == TWIST_NETWORK)
        blackbox_network(box, d, random);
    for (int32_t j = 0; j < d; j++)
        twisted->most += fabs(box->V[j]) * norm / (8 * d);
    box->bias = twist == TWIST_BIAS;
    box->is_normed = twist == TWIST_NORM;
    if (twist == TWIST_RESIDUAL)
        box->residual = normals_new(random, d);
    if (twist == TWIST_SCORE_BIAS)
        box->score_bias = normals_new(random, d);
    if (twist == TWIST_PLACES)
        box->places = normals_new(random, LATTN_QUESTION_TOKENS_MAX * d);
}

static void twisted_done(struct twisted *twisted)
{
    blackbox_done(&twisted->box);
    blackbox_done(&twisted->other);
}

/* Refused in words; where one was given for it, a layer that explains what was never asked. */
static void expect_honest(enum twist twist, int32_t d, double norm, uint64_t seed, int *ret_given)
{
    struct random random = {.state = seed};
    struct conditions conditions = exact;
    struct twisted twisted;
    struct outcome outcome;

    conditions.norm = norm;
    twisted_init(&twisted, twist, d, norm, &random);
    outcome = oracle_learn(&twisted.oracle, &conditions, 2, seed);
    if (outcome.status == LATTN_OK) {
        ++*ret_given;
        cr_expect_lt(held_out_residual(&twisted.oracle, outcome.layer, norm, seed), 1e-9,
                     "%s, d = %d, norm %g, seed %d: a wrong layer", twist_names[twist], d, norm,
                     (int)seed);
    } else
        cr_expect(outcome.status == LATTN_NO_CONVERGENCE || outcome.status == LATTN_REFUSED,
                  "%s: %s", twist_names[twist], lattn_status_word(outcome.status));
    if (seed == 1 && d == 4)
        printf("%s, norms up to %g: %s\n", twist_names[twist], norm,
               outcome.status == LATTN_OK ? "learned" : outcome.complaint.text);
    outcome_done(&outcome);
    twisted_done(&twisted);
}

Test(query_multihead, other_oracles_are_refused, .timeout = 600)
{
    uint64_t seeds = corpus_is_long() ? 20 : 1;
    int given = 0;

    for (enum twist twist = 0; twist < TWISTS; twist++)
        for (int32_t d = 2; d <= 8; d *= 2)
            for (uint64_t seed = 1; seed <= seeds; seed++) {
                expect_honest(twist, d, 1024, seed, &given);
                expect_honest(twist, d, 2, seed, &given);
            }
    printf("a layer was given %d times\n", given);
}
