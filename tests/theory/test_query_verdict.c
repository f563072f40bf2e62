/*
 * What a probe says is so (src/query/README.md, "The verdict"): of layers that are not one softmax
 * head none is called recovered, and of those that are none is refused.
 *
 * By default a twentieth of the campaign; LATTN_LONG=1 runs 1000 others and 210 heads.
 */
#include <lattn/query.h>

#include "base/random.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int is_long(void)
{
    return getenv("LATTN_LONG") != NULL;
}

static struct lattn_finding *finding_of(struct blackbox *box,
                                        const struct lattn_probe_settings *settings)
{
    struct lattn_complaint complaint = {""};
    struct lattn_finding *finding = NULL;

    cr_assert_eq(lattn_probe(&box->oracle, settings, &finding, &complaint), LATTN_OK, "%s",
                 complaint.text);
    return finding;
}

static double *normals(int32_t count, struct random *random)
{
    double *numbers = blackbox_numbers((size_t)count);

    random_normals(random, numbers, count);
    return numbers;
}

/* ---- other layers ---------------------------------------------------------------------------- */

static void two_heads(struct blackbox *box, struct random *random)
{
    int32_t d = box->d;

    blackbox_done(box);
    blackbox_init(box, d, 1, 2, random);
}

static void four_heads(struct blackbox *box, struct random *random)
{
    int32_t d = box->d;

    blackbox_done(box);
    blackbox_init(box, d, 1, 4, random);
}

/* The network sees the sum of what both attend to. */
static void network_of_two(struct blackbox *box, struct random *random)
{
    two_heads(box, random);
    blackbox_network(box, box->d, random);
}

static void faint_head(struct blackbox *box, struct random *random)
{
    two_heads(box, random);
    for (int32_t j = 0; j < box->d; j++)
        box->V[box->d + j] *= 1e-6;
}

static void values_cancel(struct blackbox *box, struct random *random)
{
    two_heads(box, random);
    for (int32_t j = 0; j < box->d; j++)
        box->V[box->d + j] = -box->V[j];
}

static void residual(struct blackbox *box, struct random *random)
{
    box->residual = normals(box->d, random);
}

static void layer_norm(struct blackbox *box, struct random *random)
{
    (void)random;
    box->is_normed = 1;
}

static void bias(struct blackbox *box, struct random *random)
{
    random_normals(random, &box->bias, 1);
}

static void score_bias(struct blackbox *box, struct random *random)
{
    box->score_bias = normals(box->d, random);
}

static void places(struct blackbox *box, struct random *random)
{
    box->places = normals(LATTN_QUESTION_TOKENS_MAX * box->d, random);
}

/* word: that the reason must hold */
static const struct other {
    void (*make)(struct blackbox *box, struct random *random);
    const char *name;
    const char *word;
} others[] = {
    {two_heads, "two heads", "head"},
    {four_heads, "four heads", "head"},
    {network_of_two, "two heads before a network", "head"},
    {faint_head, "a second head of 1e-6 strength", "head"},
    {values_cancel, "v_2 = -v_1", "v_2 = -v_1"},
    {residual, "residual stream", "residual stream"},
    {layer_norm, "layer norm", "layer norm"},
    {bias, "bias on the answer", "bias"},
    {score_bias, "bias on the scores", "scores"},
    {places, "positions", "positions"},
};

Test(query_verdict, no_other_layer_is_called_recovered)
{
    int32_t count = is_long() ? 112 : 6;

    for (size_t k = 0; k < sizeof others / sizeof *others; k++)
        for (int32_t i = 0; i < count; i++) {
            struct random random = {.state = 1000 * k + (uint64_t)i};
            struct lattn_probe_settings settings = lattn_probe_settings_default();
            struct lattn_finding *finding;
            struct blackbox box;

            settings.seed = (uint64_t)i;
            blackbox_init(&box, 4 + i % 13, 1, 1, &random);
            others[k].make(&box, &random);
            finding = finding_of(&box, &settings);
            cr_expect_eq(finding->outcome, LATTN_OUTCOME_OTHER, "%s, d = %d: %s, %s",
                         others[k].name, box.d, lattn_outcome_text(finding->outcome),
                         finding->reason);
            cr_expect(strstr(finding->reason, others[k].word), "%s, d = %d: %s", others[k].name,
                      box.d, finding->reason);
            cr_expect_null(finding->attention);
            cr_expect_null(finding->linear);
            lattn_finding_close(&finding);
            blackbox_done(&box);
        }
}

/* ---- mixtures ------------------------------------------------------------------------------ */

/*
 * first + share second; with is_warmer tokens are scaled by the root of the logarithm of their
 * number, as where scores are sharper the longer a sequence is.
 */
struct mixture {
    struct blackbox first;
    struct blackbox second;
    double share;
    int is_warmer;
};

static enum lattn_status one_ask(struct blackbox *box, const struct lattn_question *question,
                                 const double *x, double *ret_y, struct lattn_complaint *complaint)
{
    struct lattn_question asked = {.n = question->n, .x = x, .y = ret_y};

    return blackbox_ask(box, 1, &asked, complaint);
}

static enum lattn_status mixture_ask(void *arg, size_t count, struct lattn_question *questions,
                                     struct lattn_complaint *complaint)
{
    struct mixture *mixture = arg;
    enum lattn_status status = LATTN_OK;

    for (size_t i = 0; status == LATTN_OK && i < count; i++) {
        size_t size = (size_t)questions[i].n * (size_t)mixture->first.d;
        double factor = mixture->is_warmer ? sqrt(1 + log(questions[i].n)) : 1;
        double *x = blackbox_numbers(size);
        double first = 0, second = 0;

        for (size_t j = 0; j < size; j++)
            x[j] = factor * questions[i].x[j];
        status = one_ask(&mixture->first, &questions[i], x, &first, complaint);
        if (status == LATTN_OK)
            status = one_ask(&mixture->second, &questions[i], x, &second, complaint);
        questions[i].y[0] = (first + mixture->share * second) / factor;
        free(x);
    }
    return status;
}

enum mixing { WITH_LINEAR, NETWORKS, WARMER, MIXINGS };

static void mixture_make(struct mixture *mixture, enum mixing mixing, int32_t d,
                         struct random *random)
{
    *mixture = (struct mixture){.share = mixing == WITH_LINEAR ? 1e-6 : mixing == NETWORKS,
                                .is_warmer = mixing == WARMER};
    blackbox_init(&mixture->first, d, 1, 1, random);
    blackbox_init(&mixture->second, d, 1, 1, random);
    mixture->second.is_linear = mixing == WITH_LINEAR;
    if (mixing == NETWORKS) {
        blackbox_network(&mixture->first, d, random);
        blackbox_network(&mixture->second, d, random);
    }
}

Test(query_verdict, no_mixture_is_called_recovered)
{
    for (int mixing = 0; mixing < MIXINGS; mixing++)
        for (int32_t i = 0; i < (is_long() ? 30 : 3); i++) {
            struct lattn_probe_settings settings = lattn_probe_settings_default();
            struct random random = {.state = (uint64_t)i};
            struct lattn_finding *finding = NULL;
            struct lattn_oracle oracle;
            struct mixture mixture;

            mixture_make(&mixture, (enum mixing)mixing, 4 + i % 3, &random);
            oracle = (struct lattn_oracle){
                .d = mixture.first.d, .m = 1, .ask = mixture_ask, .arg = &mixture};
            cr_assert_eq(lattn_probe(&oracle, &settings, &finding, NULL), LATTN_OK);
            cr_expect_eq(finding->outcome, LATTN_OUTCOME_OTHER, "mixing %d, d = %d: %s", mixing,
                         oracle.d, finding->reason);
            cr_expect_null(finding->attention);
            cr_expect_null(finding->linear);
            lattn_finding_close(&finding);
            blackbox_done(&mixture.first);
            blackbox_done(&mixture.second);
        }
}

/* ---- caps ------------------------------------------------------------------------------------ */

/* Small tokens have small scores: what two heads leave then is no rounding. */
Test(query_verdict, is_not_taken_in_by_a_cap_that_keeps_scores_small)
{
    for (int exponent = 0; exponent <= 16; exponent += 4)
        for (int32_t heads = 1; heads <= 2; heads++) {
            struct lattn_probe_settings settings = lattn_probe_settings_default();
            struct random random = {.state = (uint64_t)exponent + 1};
            struct lattn_finding *finding;
            struct blackbox box;

            blackbox_init(&box, 4, 1, heads, &random);
            box.norm_max = ldexp(1, -exponent);
            finding = finding_of(&box, &settings);
            cr_expect_eq(finding->outcome,
                         heads == 1 ? LATTN_OUTCOME_RECOVERED : LATTN_OUTCOME_OTHER,
                         "%d heads, norms up to 2^-%d: %s", heads, exponent, finding->reason);
            lattn_finding_close(&finding);
            settings.heads = 2;
            box.asked = 0;
            finding = finding_of(&box, &settings);
            cr_expect_neq(finding->outcome, LATTN_OUTCOME_OTHER, "%s", finding->reason);
            lattn_finding_close(&finding);
            blackbox_done(&box);
        }
}

/* Kinks beyond the cap are not seen, those near it hardly: that is no other architecture. */
Test(query_verdict, says_where_a_cap_hides_neurons)
{
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct lattn_probe_settings settings = lattn_probe_settings_default();
        struct random random = {.state = seed};
        struct lattn_finding *finding;
        struct blackbox box;

        blackbox_init(&box, 5, 1, 1, &random);
        blackbox_network(&box, 5, &random);
        random_normals(&random, box.c, box.width);
        settings.architecture = LATTN_ARCHITECTURE_TRANSFORMER;
        box.norm_max = 1;
        finding = finding_of(&box, &settings);
        cr_expect_null(strstr(finding->reason, "layer norm"));
        cr_expect(finding->outcome != LATTN_OUTCOME_OTHER ||
                      strstr(finding->reason, "to one token") == NULL,
                  "%s", finding->reason);
        lattn_finding_close(&finding);
        blackbox_done(&box);
    }
}

/* ---- one head -------------------------------------------------------------------------------- */

static void as_it_is(struct blackbox *box)
{
    (void)box;
}

static void in_float(struct blackbox *box)
{
    box->is_float = 1;
}

static void in_decimals(struct blackbox *box)
{
    box->decimals = 6;
}

static void with_noise(struct blackbox *box)
{
    box->noise = 1e-4;
}

static void scaled(struct blackbox *box, double factor)
{
    for (int32_t j = 0; j < box->d * box->d; j++)
        box->W[j] *= factor;
}

static void large(struct blackbox *box)
{
    scaled(box, 100);
}

static void small(struct blackbox *box)
{
    scaled(box, 0.01);
}

static void half_zero(struct blackbox *box)
{
    for (int32_t j = 0; j < box->d; j += 2)
        box->V[j] = 0;
}

/* error: of W, relative */
static const struct head {
    void (*make)(struct blackbox *box);
    const char *name;
    double error;
} heads[] = {
    {as_it_is, "double", 1e-13},
    {in_float, "float", 1e-5},
    {in_decimals, "6 decimals", 1e-9},
    {with_noise, "noise", 1e-3},
    {large, "W x 100", 1e-13},
    {small, "W x 0.01", 1e-13},
    {half_zero, "half of v zero", 1e-13},
};

Test(query_verdict, no_head_is_refused)
{
    int32_t count = is_long() ? 30 : 4;

    for (size_t k = 0; k < sizeof heads / sizeof *heads; k++)
        for (int32_t i = 0; i < count; i++) {
            struct random random = {.state = 77000 * k + (uint64_t)i};
            struct lattn_probe_settings settings = lattn_probe_settings_default();
            struct lattn_finding *finding;
            struct blackbox box;

            blackbox_init(&box, 4 + i % 13, 1, 1, &random);
            heads[k].make(&box);
            finding = finding_of(&box, &settings);
            cr_expect_eq(finding->outcome, LATTN_OUTCOME_RECOVERED, "%s, d = %d: %s", heads[k].name,
                         box.d, finding->reason);
            cr_expect_eq(finding->architecture, LATTN_ARCHITECTURE_SOFTMAX);
            if (finding->attention != NULL)
                cr_expect_leq(
                    blackbox_distance((size_t)(box.d * box.d), finding->attention->W, box.W),
                    heads[k].error, "%s, d = %d", heads[k].name, box.d);
            lattn_finding_close(&finding);
            blackbox_done(&box);
        }
}

Test(query_verdict, names_a_value_of_zero)
{
    for (int32_t i = 0; i < 10; i++) {
        struct random random = {.state = (uint64_t)i};
        struct lattn_probe_settings settings = lattn_probe_settings_default();
        struct lattn_finding *finding;
        struct blackbox box;

        blackbox_init(&box, 4 + i, 1, 1, &random);
        memset(box.V, 0, (size_t)box.d * sizeof *box.V);
        settings.architecture = i % 2 ? LATTN_ARCHITECTURE_SOFTMAX : LATTN_ARCHITECTURE_AUTO;
        finding = finding_of(&box, &settings);
        cr_expect_eq(finding->outcome, LATTN_OUTCOME_UP_TO, "%s", finding->reason);
        cr_expect_eq(finding->freedoms, LATTN_FREEDOM_SILENT);
        cr_expect_not_null(finding->attention);
        lattn_finding_close(&finding);
        blackbox_done(&box);
    }
}

/* Two heads of one W, or one of value zero, are one head. */
Test(query_verdict, takes_heads_that_act_as_one_for_one)
{
    for (int32_t i = 0; i < 10; i++) {
        struct random random = {.state = (uint64_t)i};
        struct lattn_probe_settings settings = lattn_probe_settings_default();
        struct lattn_finding *finding;
        struct blackbox box;
        size_t size;

        blackbox_init(&box, 4 + i, 1, 2, &random);
        size = (size_t)(box.d * box.d);
        if (i % 2)
            memcpy(box.W + size, box.W, size * sizeof *box.W);
        else
            memset(box.V + box.d, 0, (size_t)box.d * sizeof *box.V);
        finding = finding_of(&box, &settings);
        cr_assert_eq(finding->outcome, LATTN_OUTCOME_RECOVERED, "%s", finding->reason);
        cr_expect_leq(blackbox_distance(size, finding->attention->W, box.W), 1e-13);
        lattn_finding_close(&finding);
        blackbox_done(&box);
    }
}
