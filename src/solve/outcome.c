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

#include <math.h>
#include <string.h>

static const double unit_roundoff = 0x1p-53;

void outcome_done(struct outcome *outcome)
{
    lattn_report_done(&outcome->report);
    lattn_model_close(&outcome->model);
}

/* ---- both ends of the spectrum --------------------------------------------------------------- */

/*
 * A'A or its inverse, A = R diag(1 / D), or of L' alone where there is no system of coordinates.
 *
 * D  p, or NULL: 1
 */
struct end {
    const struct system *system;
    const double *D;
    int is_even;
    int is_inverse;
};

static void end_scale(const struct end *end, double *x)
{
    for (int32_t c = 0; end->D != NULL && c < end->system->grid->p; c++)
        x[c] = end->is_inverse ? x[c] * end->D[c] : x[c] / end->D[c];
}

static void end_apply(void *arg, double *x)
{
    const struct end *end = arg;
    const struct system *system = end->system;

    if (end->is_even) {
        enum grid_use use = end->is_inverse ? GRID_SOLVE : GRID_MULTIPLY;

        system_triangle(system, use, !end->is_inverse, 1, x);
        system_triangle(system, use, end->is_inverse, 1, x);
        return;
    }
    end_scale(end, x);
    system_apply(system, end->is_inverse ? SYSTEM_INVERSE_TRANSPOSED : SYSTEM_ROOT, 1, x);
    system_apply(system, end->is_inverse ? SYSTEM_INVERSE : SYSTEM_ROOT_TRANSPOSED, 1, x);
    end_scale(end, x);
}

/* Squares of the largest and the smallest singular value. */
static enum lattn_status ends_find(struct end *end, int is_glance, double *ret_largest,
                                   double *ret_smallest)
{
    int32_t p = end->system->grid->p;
    double inverse;
    enum lattn_status status;

    end->is_inverse = 0;
    status = spectrum_of_map(p, end_apply, end, is_glance, ret_largest);
    if (status != LATTN_OK)
        return status;
    end->is_inverse = 1;
    status = spectrum_of_map(p, end_apply, end, is_glance, &inverse);
    *ret_smallest = 1 / inverse;
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

static enum lattn_status spectrum_find(const struct system *system, const struct factor *factor,
                                       struct lattn_certificate *certificate, int *ret_is_cut)
{
    struct end even = {.system = system, .is_even = 1};
    double *D = scales_make(factor);
    struct end scaled = {.system = system, .D = D};
    struct end plain = {.system = system};
    double largest, smallest, share;
    enum lattn_status status = D == NULL ? LATTN_NO_MEMORY : LATTN_OK;

    if (status == LATTN_OK)
        status = ends_find(&scaled, 0, &largest, &smallest);
    if (status != LATTN_OK)
        goto done;
    certificate->rho = sqrt(smallest / largest);
    certificate->rho_seen = certificate->rho;
    share = smallest / largest;
    if (!system->frame->is_plain || factor->forget < 1) {
        status = ends_find(&even, 1, &largest, &smallest);
        share = smallest / largest;
    }
    if (status == LATTN_OK)
        status = ends_find(&plain, 0, &largest, &smallest);
    if (status != LATTN_OK)
        goto done;
    certificate->lambda_max = largest / factor->weight;
    certificate->lambda_min = smallest / factor->weight;
    *ret_is_cut = !(share > share_least(system, factor));
    if (!*ret_is_cut && certificate->rho > certificate->threshold)
        certificate->rank = certificate->p;
done:
    memory_release(D);
    return status;
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
                               double norm, const struct outcome_wish *wish,
                               struct outcome *ret_outcome)
{
    struct lattn_certificate certificate = certificate_begin(shards);
    struct outcome outcome = {.condition = NAN};
    int is_cut = 0;
    enum lattn_status status =
        spectrum_find(system, &shards->whole.learner->factor, &certificate, &is_cut);

    if (status == LATTN_OK) {
        outcome.condition = 1 / system_condition(system, norm);
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
