/*
 * What the factored sums say: the two ends of the spectrum with the guards of the information form,
 * the verdict that certificate.c draws from them, weights, residual, and heads. All by asking for
 * products with L and its inverse; nothing here is larger than some vectors.
 */
#include "solve/outcome.h"

#include "base/memory.h"
#include "core/certificate.h"
#include "core/dense.h"
#include "core/feature.h"
#include "core/fewest.h"
#include "core/heads.h"
#include "core/learner.h"
#include "core/spectrum.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const double unit_roundoff = 0x1p-53;

void outcome_done(struct outcome *outcome)
{
    lattn_report_done(&outcome->report);
    lattn_model_close(&outcome->model);
}

/* ---- both ends of the spectrum --------------------------------------------------------------- */

/* The coordinates in which A'A is looked at: A = R diag(1 / D), R, or L' alone. */
enum { SCALED, PLAIN, EVEN, COORDINATES };

static_assert((int)COORDINATES <= (int)OUTCOME_VECTORS, "all of them at once");
static_assert((int)COORDINATES <= (int)SPECTRUM_MAPS_MAX, "all of them at once");

/*
 * Both ends of the spectrum of A'A.
 *
 * D           p a-priori scales
 * is_inverse  (A'A)^-1 is asked for
 */
struct ends {
    const struct system *system;
    const double *D;
    int is_inverse;
    double largest[COORDINATES];
    double smallest[COORDINATES];
};

static void end_scale(const struct ends *ends, double *x)
{
    for (int32_t c = 0; c < ends->system->grid->p; c++)
        x[c] = ends->is_inverse ? x[c] * ends->D[c] : x[c] / ends->D[c];
}

/* From each system of coordinates to that of L, or back. */
static void vectors_turn(const struct ends *ends, int is_back, int32_t count, const int32_t *which,
                         double *x)
{
    enum system_root there = ends->is_inverse ? SYSTEM_INVERSE_TRANSPOSED : SYSTEM_ROOT;
    enum system_root back = ends->is_inverse ? SYSTEM_INVERSE : SYSTEM_ROOT_TRANSPOSED;

    for (int32_t i = 0; i < count; i++, x += ends->system->grid->p) {
        if (which[i] == SCALED && !is_back)
            end_scale(ends, x);
        if (which[i] != EVEN)
            system_outer(ends->system, is_back ? back : there, x);
        if (which[i] == SCALED && is_back)
            end_scale(ends, x);
    }
}

static void ends_apply(void *arg, int32_t count, const int32_t *which, double *x)
{
    const struct ends *ends = arg;
    enum grid_use use = ends->is_inverse ? GRID_SOLVE : GRID_MULTIPLY;

    vectors_turn(ends, 0, count, which, x);
    system_triangle(ends->system, use, !ends->is_inverse, count, x);
    system_triangle(ends->system, use, ends->is_inverse, count, x);
    vectors_turn(ends, 1, count, which, x);
}

/* In the first `count` systems of coordinates. */
static enum lattn_status ends_find(struct ends *ends, int32_t count,
                                   enum spectrum_accuracy accuracy)
{
    int32_t p = ends->system->grid->p;
    enum lattn_status status;

    ends->is_inverse = 0;
    status = spectrum_of_maps(p, count, ends_apply, ends, accuracy, ends->largest);
    if (status != LATTN_OK)
        return status;
    ends->is_inverse = 1;
    status = spectrum_of_maps(p, count, ends_apply, ends, accuracy, ends->smallest);
    for (int32_t i = 0; i < count && status == LATTN_OK; i++)
        ends->smallest[i] = 1 / ends->smallest[i];
    return status;
}

/*
 * A-priori scales in plain coordinates, as factor_inverse_scales has them. Where coordinates are
 * only scaled those of the frame are the same, column by column.
 */
static double *scales_make(const struct factor *factor)
{
    int32_t p = feature_count(factor->d);
    double share = factor->weight_ever > 0 ? factor->weight / factor->weight_ever : 0;
    double *D = memory_raw((size_t)p, sizeof *D);

    for (int32_t c = 0; D != NULL && c < p; c++)
        D[c] = sqrt(factor->scales[c] * share);
    return D;
}

/* ---- verdict --------------------------------------------------------------------------------- */

static struct lattn_certificate certificate_begin(const struct shards *shards)
{
    const struct lattn_learner *learner = shards->whole.learner;
    const struct factor *factor = &learner->factor;
    struct lattn_certificate certificate = {
        .p = feature_count(factor->d),
        .tau = certificate_tau_after(factor, shards->updates),
        .identifying_since = LATTN_NEVER,
        .lost_at = LATTN_NEVER,
        .pairs = factor->pairs,
        .generation = factor->generation,
        .lambda_max = NAN,
    };

    for (int64_t c = 0; c < certificate.p; c++)
        certificate.features_seen += factor->scales[c] > 0;
    certificate.components = certificate.features_seen > 0;
    certificate.threshold =
        certificate_threshold_above(certificate.tau, learner_precision(learner));
    return certificate;
}

int outcome_is_possible(const struct shards *shards)
{
    const struct factor *factor = &shards->whole.learner->factor;
    struct lattn_certificate certificate = certificate_begin(shards);

    return certificate.features_seen == certificate.p &&
           factor->weight * factor->weight / factor->weight2 >= (double)certificate.p;
}

/* What the information form can tell from its own rounding (core/moment_root.c). */
static double share_least(const struct system *system, const struct factor *factor)
{
    double tau = certificate_rounding(factor);

    return certificate_threshold_above(fmax(tau, system->assembly->noise * unit_roundoff), 0);
}

/* A value this close to what decides is looked at again, as exactly as can be. */
static const double closeness = 0.01;

static int is_close(double value, double limit)
{
    return fabs(value - limit) <= closeness * limit;
}

static enum lattn_status spectrum_find(const struct system *system, const struct factor *factor,
                                       struct lattn_certificate *certificate, double *ret_condition,
                                       int *ret_is_cut)
{
    /* What is only scaled, and forgets nothing, is the same in even coordinates. */
    int is_even = system->frame->is_plain && factor->forget >= 1;
    int32_t count = is_even ? EVEN : COORDINATES, even = is_even ? SCALED : EVEN;
    double *D = scales_make(factor);
    struct ends ends = {.system = system, .D = D};
    double least = share_least(system, factor), share, rho;
    enum lattn_status status = D == NULL ? LATTN_NO_MEMORY : ends_find(&ends, count, SPECTRUM_TOLD);

    share = ends.smallest[even] / ends.largest[even];
    rho = sqrt(ends.smallest[SCALED] / ends.largest[SCALED]);
    if (status == LATTN_OK && (is_close(share, least) || is_close(rho, certificate->threshold))) {
        status = ends_find(&ends, count, SPECTRUM_EXACT);
        share = ends.smallest[even] / ends.largest[even];
        rho = sqrt(ends.smallest[SCALED] / ends.largest[SCALED]);
    }
    memory_release(D);
    if (status != LATTN_OK)
        return status;
    certificate->rho = rho;
    certificate->rho_seen = rho;
    certificate->lambda_max = ends.largest[PLAIN] / factor->weight;
    certificate->lambda_min = ends.smallest[PLAIN] / factor->weight;
    *ret_condition = 1 / share;
    *ret_is_cut = !(share > least);
    if (!*ret_is_cut && rho > certificate->threshold)
        certificate->rank = certificate->p;
    return LATTN_OK;
}

/* ---- weights --------------------------------------------------------------------------------- */

/*
 * W = base + K' D^-1 H^-1 D^-1 labels, p x m row-major, and what is left of the labels' squares:
 * energy - |L^-1 D^-1 labels|^2. Of base and residual the smaller numbers are the ones that change.
 */
static void weights_find(const struct system *system, const struct factor *factor,
                         double *ret_weights, double *ret_rss)
{
    const struct assembly *assembly = system->assembly;
    size_t p = (size_t)assembly->p, m = (size_t)assembly->m;
    double *x = assembly->labels;

    for (size_t i = 0; i < p * m; i++)
        x[i] /= assembly->scale[i % p];
    system_triangle(system, GRID_SOLVE, 0, assembly->m, x);
    for (size_t a = 0; a < m; a++) {
        double fitted = dense_dot(assembly->p, x + a * p, x + a * p);

        ret_rss[a] = fmax(0, assembly->energy[a] - fitted) + factor->rss_void[a];
    }
    system_apply(system, SYSTEM_INVERSE, assembly->m, x);
    for (size_t c = 0; c < p; c++)
        for (size_t a = 0; a < m; a++)
            ret_weights[c * m + a] = assembly->base[c * m + a] + x[a * p + c];
}

/* ---- heads ----------------------------------------------------------------------------------- */

/* rows = op(R) rows, p x columns row-major: what core asks, and the others serve. */
static void rows_multiply(void *arg, enum dense_side side, int32_t columns, double *rows)
{
    const struct system *system = arg;
    size_t p = (size_t)system->grid->p, m = (size_t)columns;
    double *x = system->assembly->labels; /* they have been used */

    for (size_t c = 0; c < p; c++)
        for (size_t a = 0; a < m; a++)
            x[a * p + c] = rows[c * m + a];
    system_apply(system, side == DENSE_PLAIN ? SYSTEM_ROOT : SYSTEM_ROOT_TRANSPOSED, columns, x);
    for (size_t c = 0; c < p; c++)
        for (size_t a = 0; a < m; a++)
            rows[c * m + a] = x[a * p + c];
}

/* Returns LATTN_MORE where the fewest heads are not known. */
static enum lattn_status fewest_read(const struct system *system, const struct shards *shards,
                                     const struct coefficients *coefficients, const double *rss,
                                     struct lattn_model **ret_model)
{
    const struct lattn_learner *learner = shards->whole.learner;
    int32_t d = coefficients->d, m = coefficients->m;
    struct fewest_evidence evidence = learner_evidence(learner, rss, feature_count(d));
    const struct metric_map map = {rows_multiply, (void *)system, system->assembly->tokens};
    struct metric metric;
    enum lattn_status status;

    if ((int64_t)d * d * d * m > HEADS_ENTRIES_MAX || !fewest_is_known(d, m, &evidence))
        return LATTN_MORE;
    status = metric_init_map(&metric, d, m, coefficients->features, &map, coefficients->weights);
    if (status != LATTN_OK)
        return status;
    status = fewest_find(&metric, &evidence, ret_model);
    metric_done(&metric);
    return status;
}

static enum lattn_status heads_read(const struct system *system, const struct shards *shards,
                                    const double *weights, const double *rss,
                                    const struct outcome_wish *wish, struct lattn_model **ret_model)
{
    int32_t d = system->assembly->d, p = system->assembly->p;
    struct feature *features = memory_raw((size_t)p, sizeof *features);
    struct coefficients coefficients = {d, system->assembly->m, p, features, weights};
    enum lattn_status status = LATTN_MORE;

    if (features == NULL)
        return LATTN_NO_MEMORY;
    for (int32_t c = 0; c < p; c++)
        features[c] = feature_at(d, c);
    if (wish->heads == LATTN_HEADS_FEWEST)
        status = fewest_read(system, shards, &coefficients, rss, ret_model);
    if (status == LATTN_MORE || status == LATTN_NO_CONVERGENCE)
        status =
            heads_svd(&coefficients, wish->heads == LATTN_HEADS_COUNT ? wish->count : 0, ret_model);
    memory_release(features);
    return status;
}

static enum lattn_status model_label(const struct shards *shards,
                                     const struct lattn_certificate *certificate,
                                     struct lattn_model *model)
{
    const struct lattn_learner *learner = shards->whole.learner;

    model->certificate = memory_zeroed(1, sizeof *model->certificate);
    if (model->certificate == NULL)
        return LATTN_NO_MEMORY;
    *model->certificate = *certificate;
    model->bias = learner->settings.bias;
    model->pairs = certificate->pairs;
    model->generation = certificate->generation;
    return lattn_names_copy(&learner->names, &model->names);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static enum lattn_status model_find(const struct system *system, const struct shards *shards,
                                    const struct lattn_certificate *certificate,
                                    const struct outcome_wish *wish, struct outcome *outcome)
{
    const struct lattn_learner *learner = shards->whole.learner;
    size_t p = (size_t)system->assembly->p, m = (size_t)system->assembly->m;
    double *weights = memory_raw(p * m, sizeof *weights);
    double *rss = memory_raw(m, sizeof *rss);
    enum lattn_status status = LATTN_NO_MEMORY;

    if (weights == NULL || rss == NULL)
        goto done;
    weights_find(system, &learner->factor, weights, rss);
    status = report_make(learner, certificate, rss, &outcome->report);
    if (status == LATTN_OK && certificate->verdict == LATTN_IDENTIFYING)
        status = heads_read(system, shards, weights, rss, wish, &outcome->model);
    if (status == LATTN_OK && outcome->model != NULL)
        status = model_label(shards, certificate, outcome->model);
done:
    memory_release(weights);
    memory_release(rss);
    return status;
}

static void verdict_set(const struct shards *shards, int is_cut,
                        struct lattn_certificate *certificate)
{
    certificate->verdict = certificate_verdict(&shards->whole.learner->factor, certificate, is_cut);
    if (certificate->verdict == LATTN_IDENTIFYING)
        certificate->identifying_since = (int64_t)certificate->pairs;
}

enum lattn_status outcome_find(const struct system *system, const struct shards *shards,
                               const struct outcome_wish *wish, struct outcome *ret_outcome)
{
    struct lattn_certificate certificate = certificate_begin(shards);
    struct outcome outcome = {.condition = NAN};
    int is_cut = 0;
    enum lattn_status status = spectrum_find(system, &shards->whole.learner->factor, &certificate,
                                             &outcome.condition, &is_cut);

    if (status == LATTN_OK) {
        verdict_set(shards, is_cut || shards->is_cut, &certificate);
        status = model_find(system, shards, &certificate, wish, &outcome);
    }
    if (status != LATTN_OK) {
        outcome_done(&outcome);
        return status;
    }
    *ret_outcome = outcome;
    return LATTN_OK;
}

enum lattn_status outcome_find_none(const struct shards *shards, int is_tried,
                                    struct outcome *ret_outcome)
{
    const struct lattn_learner *learner = shards->whole.learner;
    struct lattn_certificate certificate = certificate_begin(shards);
    double *rss = memory_raw((size_t)learner->m, sizeof *rss);
    enum lattn_status status = LATTN_NO_MEMORY;

    if (rss == NULL)
        return status;
    for (int32_t a = 0; a < learner->m; a++)
        rss[a] = NAN; /* nobody looked */
    *ret_outcome = (struct outcome){.condition = NAN};
    verdict_set(shards, is_tried || shards->is_cut, &certificate);
    status = report_make(learner, &certificate, rss, &ret_outcome->report);
    memory_release(rss);
    return status;
}
