#include "support/engines.h"

#include "support/approx.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>

void engines_open(struct engines *engines, const struct lattn_learner_settings *settings)
{
    struct lattn_learner_settings chosen = *settings;

    chosen.engine = LATTN_ENGINE_RLS;
    engines->rls = corpus_learner(&chosen);
    chosen.engine = LATTN_ENGINE_GRAM;
    engines->gram = corpus_learner(&chosen);
}

void engines_close(struct engines *engines)
{
    lattn_learner_close(&engines->rls);
    lattn_learner_close(&engines->gram);
}

/* ---- what they are taught ------------------------------------------------------------------ */

void engines_teach(struct engines *engines, const struct corpus *corpus, size_t first, size_t count)
{
    corpus_teach(corpus, first, count, engines->rls);
    corpus_teach(corpus, first, count, engines->gram);
}

void engines_teach_blocks(struct engines *engines, const struct corpus *corpus, size_t block)
{
    corpus_teach_blocks(corpus, block, engines->rls);
    corpus_teach_blocks(corpus, block, engines->gram);
}

void engines_teach_mixed(struct engines *engines, const struct corpus *corpus)
{
    static const size_t blocks[] = {1, 2, 3, 40, 1, 150, 7, 300};
    size_t first = 0, count;

    for (size_t i = 0; first < corpus->count; i++, first += count) {
        count = blocks[i % (sizeof blocks / sizeof *blocks)];
        if (count > corpus->count - first)
            count = corpus->count - first;
        engines_teach(engines, corpus, first, count);
    }
}

static void name_append(struct lattn_learner *learner, const char *coordinate, const char *output)
{
    int32_t at[2];

    cr_assert_eq(lattn_learner_name(learner, &coordinate, coordinate != NULL, &output,
                                    output != NULL, NULL, 0, &at[0], &at[1], NULL),
                 LATTN_OK);
}

void engines_name(struct engines *engines, const char *coordinate, const char *output)
{
    name_append(engines->rls, coordinate, output);
    name_append(engines->gram, coordinate, output);
}

/* ---- what they say ------------------------------------------------------------------------- */

struct said {
    double y[LATTN_OUTPUTS_MAX];
    double std_error[LATTN_OUTPUTS_MAX];
    struct lattn_prediction prediction;
};

static void ask(struct lattn_learner *learner, const struct lattn_item *input, struct said *said)
{
    said->prediction = (struct lattn_prediction){.y = said->y, .std_error = said->std_error};
    cr_assert_eq(lattn_learner_predict(learner, input, &said->prediction, NULL), LATTN_OK);
}

struct answers answers_compare(struct lattn_learner *want, struct lattn_learner *got,
                               const struct corpus *inputs)
{
    int32_t m = lattn_learner_outputs(want);
    struct answers answers = {0};
    double squares = 0;

    for (size_t i = 0; i < inputs->count; i++) {
        struct said one, other;

        ask(want, &inputs->items[i], &one);
        ask(got, &inputs->items[i], &other);
        answers.differ += one.prediction.determined != other.prediction.determined;
        if (!one.prediction.determined || !other.prediction.determined)
            continue;
        answers.determined++;
        for (int32_t a = 0; a < m; a++) {
            answers.error = fmax(answers.error, fabs(one.y[a] - other.y[a]));
            squares += one.y[a] * one.y[a];
        }
        answers.leverage = fmax(answers.leverage,
                                approx_error(other.prediction.leverage, one.prediction.leverage));
    }
    if (answers.determined > 0 && answers.error > 0)
        answers.error /= sqrt(squares / (answers.determined * m));
    return answers;
}

static size_t coef_count(const struct lattn_learner *learner)
{
    return (size_t)lattn_features(lattn_learner_dim(learner)) *
           (size_t)lattn_learner_outputs(learner);
}

double coef_compare(struct lattn_learner *want, struct lattn_learner *got)
{
    double *one = corpus_solution(want);
    double *other = corpus_solution(got);
    double distance = corpus_distance(other, one, coef_count(want));

    memory_release(one);
    memory_release(other);
    return distance;
}

double truth_compare(const struct lattn_model *truth, struct lattn_learner *got)
{
    double *one = corpus_coef(truth);
    double *other = corpus_solution(got);
    double distance = corpus_distance(other, one, coef_count(got));

    memory_release(one);
    memory_release(other);
    return distance;
}

/* ---- what must hold ------------------------------------------------------------------------ */

double engines_rounding(struct engines *engines)
{
    struct lattn_certificate certificate = corpus_certify(engines->rls);

    return approx_solution((double)certificate.features_seen,
                           1 / (certificate.rho_seen * certificate.rho_seen));
}

struct lattn_certificate engines_expect_verdict(struct engines *engines, const char *what)
{
    struct lattn_certificate want = corpus_certify(engines->rls);
    struct lattn_certificate got = corpus_certify(engines->gram);

    cr_expect_eq(got.p, want.p, "%s", what);
    cr_expect_eq(got.pairs, want.pairs, "%s", what);
    cr_expect_eq(got.features_seen, want.features_seen, "%s", what);
    cr_expect_eq(got.components, want.components, "%s", what);
    cr_expect_leq(fabs(got.lambda_max - want.lambda_max), 1e-6 * want.lambda_max, "%s: %g, not %g",
                  what, got.lambda_max, want.lambda_max);
    if (got.verdict == LATTN_CANNOT_TELL || want.verdict == LATTN_CANNOT_TELL)
        return want;
    cr_expect_eq(got.verdict, want.verdict, "%s: %s, not %s", what, lattn_verdict_text(got.verdict),
                 lattn_verdict_text(want.verdict));
    cr_expect_eq(got.rank, want.rank, "%s: rank %ld, not %ld", what, got.rank, want.rank);
    return want;
}

void engines_expect(struct engines *engines, const struct corpus *inputs, double limit,
                    const char *what)
{
    struct answers answers = answers_compare(engines->rls, engines->gram, inputs);

    (void)engines_expect_verdict(engines, what);
    cr_expect_eq(answers.differ, 0, "%s: %d flags differ", what, answers.differ);
    cr_expect_leq(answers.error, limit, "%s: predictions differ by %.2g", what, answers.error);
}
