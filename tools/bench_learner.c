#include "bench_learner.h"

#include <lattn/emission.h>
#include <lattn/model.h>

#include <stdlib.h>

/* ---- learning ------------------------------------------------------------------------------ */

static enum lattn_status batch_learn(struct bench_learner *learner, const struct lattn_item *items,
                                     size_t count)
{
    const struct lattn_batch batch = {items, count};
    enum lattn_status status = LATTN_OK;

    for (size_t i = 0; i < count && status == LATTN_OK; i++)
        status = lattn_learner_admit(learner->learner, &items[i], NULL);
    if (status == LATTN_OK)
        lattn_learner_absorb(learner->learner, &batch);
    return status;
}

/* Pairs of their own until there are more than features, and then the ones that are kept. */
static enum lattn_status layer_learn(struct bench_learner *learner)
{
    int64_t features = lattn_features(learner->pairs->items[0].d);
    enum lattn_status status = LATTN_OK;
    struct lattn_item item;

    for (int64_t i = 0; i < features && status == LATTN_OK; i++) {
        lattn_task_next(learner->pairs->task, &item);
        status = batch_learn(learner, &item, 1);
    }
    return status == LATTN_OK ? batch_learn(learner, learner->pairs->items, BENCH_PAIRS_COUNT)
                              : status;
}

enum lattn_status bench_learner_make(struct bench_learner *learner, struct bench_pairs *pairs,
                                     enum lattn_engine engine)
{
    struct lattn_learner_settings settings = lattn_learner_settings_default();
    enum lattn_status status;

    *learner = (struct bench_learner){.pairs = pairs};
    lattn_text_init(&learner->text);
    settings.dim = pairs->items[0].d;
    settings.outputs = pairs->items[0].m;
    settings.engine = engine;
    learner->coef = calloc((size_t)lattn_features(settings.dim) * (size_t)settings.outputs,
                           sizeof *learner->coef);
    status =
        learner->coef == NULL ? LATTN_NO_MEMORY : lattn_learner_open(&learner->learner, &settings);
    if (status == LATTN_OK)
        status = layer_learn(learner);
    if (status != LATTN_OK)
        bench_learner_done(learner);
    return status;
}

void bench_learner_done(struct bench_learner *learner)
{
    lattn_learner_close(&learner->learner);
    lattn_text_done(&learner->text);
    free(learner->coef);
    learner->coef = NULL;
}

/* ---- stages -------------------------------------------------------------------------------- */

static enum lattn_status absorb(void *arg, uint64_t calls)
{
    struct bench_learner *learner = arg;
    enum lattn_status status = LATTN_OK;

    for (; calls > 0 && status == LATTN_OK; calls--)
        status = batch_learn(learner, learner->pairs->items, BENCH_PAIRS_COUNT);
    return status;
}

static enum lattn_status one_absorb(void *arg, uint64_t calls)
{
    struct bench_learner *learner = arg;

    (void)calls; /* it is one */
    learner->at = (learner->at + 1) % BENCH_PAIRS_COUNT;
    return batch_learn(learner, &learner->pairs->items[learner->at], 1);
}

static enum lattn_status weights(void *arg, uint64_t calls)
{
    struct bench_learner *learner = arg;

    (void)calls; /* of what is derived once there is one */
    return lattn_learner_coef(learner->learner, learner->coef);
}

static enum lattn_status verdict(void *arg, uint64_t calls)
{
    struct bench_learner *learner = arg;
    struct lattn_certificate certificate;

    (void)calls;
    return lattn_learner_certify(learner->learner, &certificate);
}

static enum lattn_status heads(void *arg, uint64_t calls)
{
    struct bench_learner *learner = arg;
    struct lattn_model *model = NULL;
    enum lattn_status status = lattn_learner_model(learner->learner, LATTN_HEADS_FEWEST, 0, &model);

    (void)calls;
    lattn_model_close(&model);
    return status;
}

static enum lattn_status emission(void *arg, uint64_t calls)
{
    const struct lattn_service service = {.heads = 0};
    struct bench_learner *learner = arg;
    struct lattn_emission made;
    enum lattn_status status = lattn_emission_make(learner->learner, LATTN_HEADS_FEWEST, 0, &made);

    (void)calls;
    if (status != LATTN_OK)
        return status;
    learner->text.length = 0;
    status = lattn_write_status(&learner->text, LATTN_FORMAT_JSON, &made.report, &service);
    if (status == LATTN_OK)
        status = lattn_write_safetensors(&learner->text, made.model);
    lattn_emission_done(&made);
    return status;
}

const struct bench_learner_stage bench_learner_stages[BENCH_LEARNER_STAGES] = {
    {"absorb", BENCH_PAIRS, NULL, absorb},        {"weights", BENCH_MS, one_absorb, weights},
    {"verdict", BENCH_MS, one_absorb, verdict},   {"heads", BENCH_MS, one_absorb, heads},
    {"emission", BENCH_MS, one_absorb, emission},
};

/* ---- what there is to do ------------------------------------------------------------------- */

/* Of the information form the pair-symmetric half of twice the products, and what C takes. */
static struct bench_work absorb_work(enum lattn_engine engine, int32_t d, int32_t m)
{
    double p = (double)lattn_features(d);
    double q = p / d;
    double flops =
        engine == LATTN_ENGINE_GRAM ? q * q * (q + 1) + 2 * p * m : 2 * p * p + 4 * p * m;

    return (struct bench_work){.flops = BENCH_PAIRS_COUNT * flops};
}

/*
 * Triangular solutions, one for each output or one for the verdict, which read the triangle once;
 * of the information form the triangle is made before, by Cholesky.
 */
static struct bench_work solutions_work(enum lattn_engine engine, int32_t d, double solutions)
{
    double p = (double)lattn_features(d);
    double factored = engine == LATTN_ENGINE_GRAM ? p * p * p / 3 : 0;

    return (struct bench_work){.flops = factored + p * p * solutions,
                               .bytes = sizeof(double) * (p * p / 2 + p * solutions)};
}

/* The weights, and a singular value decomposition of them as a matrix of (m d) x d^2. */
static struct bench_work heads_work(enum lattn_engine engine, int32_t d, int32_t m)
{
    double rows = (double)m * d;
    double columns = (double)d * d;
    double least = rows < columns ? rows : columns;
    struct bench_work work = solutions_work(engine, d, m);

    work.flops += 4 * rows * columns * least - 4 * least * least * least / 3;
    return work;
}

/* Heads and verdict, from one triangle. */
static struct bench_work emission_work(enum lattn_engine engine, int32_t d, int32_t m)
{
    struct bench_work work = heads_work(engine, d, m);
    double p = (double)lattn_features(d);

    work.flops += p * p;
    return work;
}

struct bench_work bench_learner_work(size_t stage, enum lattn_engine engine, int32_t d, int32_t m)
{
    const struct bench_work works[BENCH_LEARNER_STAGES] = {
        absorb_work(engine, d, m), solutions_work(engine, d, m), solutions_work(engine, d, 1),
        heads_work(engine, d, m),  emission_work(engine, d, m),
    };

    return works[stage];
}
