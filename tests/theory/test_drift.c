/*
 * A source that changes, and directions that no longer occur, with forgetting (README.md, section
 * 3): the old source fades out of the weights by lambda^k, a silent direction out of rho by
 * lambda^(k/2), and with it the verdict.
 */
#include "core/dense.h"
#include "support/approx.h"
#include "support/corpus.h"
#include "support/gram.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

TestSuite(drift, .init = dense_threads_one);

enum { DIM = 3, FEATURES = 18, BLOCK = 7, MEMORIES_MAX = 100 };

static const struct corpus_shape shape = {DIM, 1, 1, 9, LATTN_LABELS_LAST};

/* The shortest memory, 33 pairs, is longer than the 18 features. */
static const double forgets[] = {0.999, 0.99, 0.97};

/* Pairs within so many memories. */
static size_t pairs_in(double memories, double forget)
{
    return (size_t)ceil(memories / (1 - forget));
}

/* A learner and its oracle, which sees all that is taught. */
struct pupil {
    double forget;
    struct lattn_learner *learner;
    struct gram oracle;
};

static struct lattn_learner *learner_make(double forget)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();

    settings.forget = forget;
    return corpus_learner(&settings);
}

static struct pupil pupil_make(double forget)
{
    struct pupil pupil = {.forget = forget, .learner = learner_make(forget)};

    gram_init(&pupil.oracle, DIM, 1, 0);
    return pupil;
}

static void pupil_done(struct pupil *pupil)
{
    gram_done(&pupil->oracle);
    lattn_learner_close(&pupil->learner);
}

/* Teach a corpus, and release it. */
static void pupil_teach(struct pupil *pupil, struct corpus *corpus)
{
    corpus_teach_blocks(corpus, BLOCK, pupil->learner);
    for (size_t i = 0; i < corpus->count; i++)
        gram_add(&pupil->oracle, &corpus->items[i], pupil->forget);
    corpus_done(corpus);
}

/* G as it is now. */
static struct gram moment_of(const struct pupil *pupil)
{
    struct gram moment;

    gram_init(&moment, DIM, 1, 0);
    memcpy(moment.G, pupil->oracle.G, FEATURES * FEATURES * sizeof *moment.G);
    return moment;
}

/* ---- a source that changes ----------------------------------------------------------------- */

static struct corpus lessons_of(const struct lattn_model *source, size_t pairs, double noise,
                                struct random *random)
{
    struct corpus corpus = {0};

    corpus_add_normals(&corpus, random, pairs, &shape);
    corpus_label(&corpus, random, source, noise);
    return corpus;
}

static void source_teach(struct pupil *pupil, struct random *random, size_t pairs,
                         const struct lattn_model *source)
{
    struct corpus corpus = lessons_of(source, pairs, 0, random);

    pupil_teach(pupil, &corpus);
}

/* G^-1 (fade G_then change): what the old source still puts into the weights. */
static void trace_of(const struct gram *now, const struct gram *then, long double fade,
                     const double *change, long double *ret_trace)
{
    struct gram problem = *now;

    problem.B = memory_zeroed(FEATURES, sizeof *problem.B);
    cr_assert_not_null(problem.B);
    for (size_t j = 0; j < FEATURES; j++)
        for (size_t k = 0; k < FEATURES; k++)
            problem.B[j] += fade * then->G[j * FEATURES + k] * (long double)change[k];
    cr_assert(gram_solve(&problem, ret_trace));
    memory_release(problem.B);
}

/* Before the change and after it. */
struct change {
    struct lattn_model *old, *new;
    double *w_new;
    double difference[FEATURES]; /* of the coefficients, old - new */
    double size;
    struct gram then;
    double scatter_then; /* the largest eigenvalue of G_then */
};

static void change_init(struct change *change, struct pupil *pupil, struct random *random)
{
    double *w_old;

    change->old = corpus_model(random, DIM, 1, 2);
    change->new = corpus_model(random, DIM, 1, 2);
    change->w_new = corpus_coef(change->new);
    w_old = corpus_coef(change->old);
    for (size_t c = 0; c < FEATURES; c++)
        change->difference[c] = w_old[c] - change->w_new[c];
    change->size = dense_norm(FEATURES, change->difference);
    memory_release(w_old);
    source_teach(pupil, random, pairs_in(4, pupil->forget), change->old);
    change->then = moment_of(pupil);
    change->scatter_then = corpus_certify(pupil->learner).lambda_max * (double)pupil->oracle.weight;
}

static void change_done(struct change *change)
{
    gram_done(&change->then);
    memory_release(change->w_new);
    lattn_model_close(&change->old);
    lattn_model_close(&change->new);
}

/*
 * k pairs after the change the weights are off by lambda^k G^-1 G_then (W_old - W_new), which is at
 * most lambda^k (N_w lambda_max)_then / (N_w lambda_min)_now |W_old - W_new|, as certificates have
 * them.
 */
static void change_expect(const struct change *change, const struct pupil *pupil, size_t k)
{
    struct lattn_certificate now = corpus_certify(pupil->learner);
    double fade = pow(pupil->forget, (double)k);
    double bound = fade * change->scatter_then / (now.lambda_min * (double)pupil->oracle.weight);
    double rounding = approx_solution(FEATURES + (double)k, pow(gram_condition(pupil->learner), 2));
    double *coef = corpus_solution(pupil->learner);
    long double trace[FEATURES];
    double off;

    for (size_t c = 0; c < FEATURES; c++)
        coef[c] -= change->w_new[c];
    off = dense_norm(FEATURES, coef) / change->size;
    printf("forget %g, %5zu pairs after the change: off by %8.2g of it, at most %8.2g\n",
           pupil->forget, k, off, bound);
    cr_expect_leq(off, bound + rounding, "forget %g, %zu pairs", pupil->forget, k);
    trace_of(&pupil->oracle, &change->then, fade, change->difference, trace);
    for (size_t c = 0; c < FEATURES; c++)
        coef[c] -= (double)trace[c];
    cr_expect_leq(dense_norm(FEATURES, coef) / change->size, rounding, "forget %g, %zu pairs",
                  pupil->forget, k);
    memory_release(coef);
}

Test(drift, leaves_the_old_source_behind_as_fast_as_it_fades, .timeout = 300)
{
    static const double memories[] = {0.5, 1, 2, 5, 10, 20, 35};

    for (size_t f = 0; f < sizeof forgets / sizeof *forgets; f++) {
        struct random random = {.state = 71 + f};
        struct pupil pupil = pupil_make(forgets[f]);
        struct change change;
        size_t k = 0;

        change_init(&change, &pupil, &random);
        for (size_t i = 0; i < sizeof memories / sizeof *memories; i++) {
            size_t pairs = pairs_in(memories[i], forgets[f]);

            source_teach(&pupil, &random, pairs - k, change.new);
            k = pairs;
            change_expect(&change, &pupil, k);
        }
        change_done(&change);
        pupil_done(&pupil);
    }
}

/* Squares of errors of the mean, over their standard errors. */
struct scores {
    double squares;
    int32_t count;
};

static void scores_take(struct scores *scores, struct lattn_learner *learner,
                        const struct lattn_model *source, struct random *random)
{
    enum { INPUTS = 50 };
    struct corpus inputs = lessons_of(source, INPUTS, 0, random);

    for (size_t i = 0; i < INPUTS; i++) {
        double y, std_error;
        struct lattn_prediction prediction = {.y = &y, .std_error = &std_error};
        double z;

        cr_assert_eq(lattn_learner_predict(learner, &inputs.items[i], &prediction, NULL), LATTN_OK);
        cr_assert(prediction.has_std_error);
        z = (inputs.items[i].y[0] - y) / std_error;
        scores->squares += z * z;
        scores->count++;
    }
    corpus_done(&inputs);
}

/* Labels with noise: what is left of the old source must not show in what is claimed of the new. */
static void claims_try(double forget, uint64_t seed)
{
    static const double memories[] = {1, 5, 10};
    struct random random = {.state = seed};
    struct scores scores[sizeof memories / sizeof *memories] = {0};
    int32_t fits = corpus_is_long() ? 1000 : 50;
    double sd = 0;

    for (int32_t fit = 0; fit < fits; fit++) {
        struct lattn_model *old = corpus_model(&random, DIM, 1, 1);
        struct lattn_model *new = corpus_model(&random, DIM, 1, 1);
        struct lattn_learner *learner = learner_make(forget);
        struct corpus corpus = lessons_of(old, pairs_in(4, forget), 1, &random);
        double since = 0;

        corpus_teach(&corpus, 0, corpus.count, learner);
        corpus_done(&corpus);
        for (size_t i = 0; i < sizeof memories / sizeof *memories; i++) {
            corpus = lessons_of(new, pairs_in(memories[i] - since, forget), 1, &random);
            corpus_teach(&corpus, 0, corpus.count, learner);
            corpus_done(&corpus);
            since = memories[i];
            scores_take(&scores[i], learner, new, &random);
        }
        lattn_learner_close(&learner);
        lattn_model_close(&old);
        lattn_model_close(&new);
    }
    for (size_t i = 0; i < sizeof memories / sizeof *memories; i++) {
        sd = sqrt(scores[i].squares / scores[i].count);
        printf("forget %g, %g memories after a change: root mean square of z %.2f\n", forget,
               memories[i], sd);
    }
    cr_expect(0.75 <= sd && sd <= 1.05, "forget %g: %.3f after ten memories", forget, sd);
}

Test(drift, claims_hold_again_ten_memories_after_a_change, .timeout = 600)
{
    for (size_t f = 0; f < sizeof forgets / sizeof *forgets; f++)
        claims_try(forgets[f], 131 + f);
}

/* ---- a direction that no longer occurs ------------------------------------------------------ */

enum silence { COORDINATE_ZERO, COORDINATE_REPEATED };

static void corpus_silence(struct corpus *corpus, enum silence silence)
{
    corpus_repeat(corpus);
    for (size_t i = 0; silence == COORDINATE_ZERO && i < corpus->count; i++)
        for (int32_t t = 0; t < corpus->items[i].n; t++)
            ((double *)corpus->items[i].z)[t * DIM + DIM - 1] = 0;
}

/* sum_c G_cc / D_c^2 with the scales of now, but for a factor. */
static long double scaled_size(const struct gram *moment, const struct gram *now)
{
    long double sum = 0;

    for (size_t c = 0; c < FEATURES; c++)
        sum += moment->G[c * FEATURES + c] / now->D2[c];
    return sum;
}

/*
 * A direction that was silent for k pairs has rho <= lambda^(k/2) sqrt(p F_then / F_now), F the sum
 * of the squared scaled columns; and an input along it h >= lambda^-k phi^2 / (G_then)_cc.
 */
static void silence_expect(const struct pupil *pupil, const struct gram *then, enum silence silence,
                           size_t k)
{
    static const double along[DIM] = {0, 0, 1};
    static const struct lattn_item input = {.z = along, .weight = 1, .n = 1, .d = DIM, .m = 1};
    double y, std_error;
    struct lattn_prediction prediction = {.y = &y, .std_error = &std_error};
    double fade = pow(pupil->forget, (double)k);
    double bound = sqrt(
        fade * FEATURES *
        (double)(scaled_size(then, &pupil->oracle) / scaled_size(&pupil->oracle, &pupil->oracle)));
    struct lattn_certificate certificate = corpus_certify(pupil->learner);

    if (certificate.verdict == LATTN_IDENTIFYING)
        cr_expect_leq(certificate.rho, bound, "forget %g, %zu pairs", pupil->forget, k);
    cr_assert_eq(lattn_learner_predict(pupil->learner, &input, &prediction, NULL), LATTN_OK);
    if (prediction.determined && silence == COORDINATE_ZERO)
        cr_expect_geq(prediction.leverage * fade * (double)then->G[FEATURES * FEATURES - 1],
                      1 - 1e-6, "forget %g, %zu pairs", pupil->forget, k);
}

/* Teach until the verdict is lost; returns how many memories that took. */
static double silence_teach(struct pupil *pupil, struct random *random, enum silence silence)
{
    size_t k = 0, step = pairs_in(1, pupil->forget);
    struct corpus corpus = {0};
    struct gram then;

    corpus_add_normals(&corpus, random, 6 * step, &shape);
    pupil_teach(pupil, &corpus);
    cr_assert_eq(corpus_certify(pupil->learner).verdict, LATTN_IDENTIFYING);
    then = moment_of(pupil);
    while (corpus_certify(pupil->learner).verdict == LATTN_IDENTIFYING && k < MEMORIES_MAX * step) {
        corpus_add_normals(&corpus, random, step, &shape);
        corpus_silence(&corpus, silence);
        pupil_teach(pupil, &corpus);
        k += step;
        silence_expect(pupil, &then, silence, k);
    }
    gram_done(&then);
    return (double)k * (1 - pupil->forget);
}

/* Full data again: the rank is there with the pair that completes it, as if it were the first. */
static void silence_end(struct pupil *pupil, struct random *random, uint64_t lost_at)
{
    struct lattn_certificate certificate = corpus_certify(pupil->learner);
    struct corpus corpus = {0};

    cr_expect_eq(certificate.lost_at, (int64_t)lost_at);
    corpus_add_normals(&corpus, random, FEATURES, &shape);
    pupil_teach(pupil, &corpus);
    certificate = corpus_certify(pupil->learner);
    cr_expect_eq(certificate.verdict, LATTN_IDENTIFYING, "%s, rank %ld",
                 lattn_verdict_text(certificate.verdict), certificate.rank);
    cr_expect_eq(certificate.identifying_since, (int64_t)lost_at + FEATURES);
    cr_expect_eq(certificate.lost_at, LATTN_NEVER);
}

Test(drift, forgets_a_direction_after_some_fifty_memories, .timeout = 300)
{
    for (size_t f = 0; f < sizeof forgets / sizeof *forgets; f++)
        for (enum silence silence = COORDINATE_ZERO; silence <= COORDINATE_REPEATED; silence++) {
            struct random random = {.state = 81 + f};
            struct pupil pupil = pupil_make(forgets[f]);
            double memories = silence_teach(&pupil, &random, silence);

            printf("forget %g, %s: the verdict was lost after %.0f memories\n", forgets[f],
                   silence == COORDINATE_ZERO ? "a coordinate zero" : "a coordinate repeated",
                   memories);
            cr_expect(50 <= memories && memories <= 66, "%g", memories);
            silence_end(&pupil, &random, lattn_learner_pairs(pupil.learner));
            pupil_done(&pupil);
        }
}
