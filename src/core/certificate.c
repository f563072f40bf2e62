/*
 * Is the data identifying? All from R and the a-priori scales D.
 *
 * The scale of a column is what its entries could have been at most, D_c^2 = sum w S_jj S_kk z_l^2,
 * not its own norm: dividing by the norm would promote a column that holds only rounding to a
 * column of full weight, and a deficient stream to an identifying one.
 */
#include "core/certificate.h"

#include "base/memory.h"
#include "core/solution.h"
#include "core/spectrum.h"

#include <math.h>

static const double unit_roundoff = 0x1p-53;

/* Singular values are trusted where they exceed the error bound tau by this factor. */
static const double threshold_per_tau = 10;

/* Rounding of an update by careful reflections, in units of u: measured, 1e5 single updates. */
static const double updates_per_unit = 50;

/* Between two looks at all components one of them is cut a little more strictly. */
static const double cut_least = 1e-11;

double certificate_tau_after(const struct factor *factor, uint64_t updates)
{
    return unit_roundoff *
           (feature_count(factor->d) + factor->tokens_max + (double)updates / updates_per_unit);
}

double certificate_rounding(const struct factor *factor)
{
    return certificate_tau_after(factor, 0);
}

static double certificate_tau(const struct factor *factor)
{
    uint64_t updates = 0;

    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL && factor->components[i]->updates > updates)
            updates = factor->components[i]->updates;
    return certificate_tau_after(factor, updates);
}

double certificate_threshold_above(double tau, double precision)
{
    return threshold_per_tau * fmax(tau, precision);
}

double certificate_threshold(const struct factor *factor, double precision)
{
    return certificate_threshold_above(certificate_tau(factor), precision);
}

double certificate_cut(const struct factor *factor, const struct component *component)
{
    return fmax(cut_least,
                certificate_threshold_above(certificate_tau_after(factor, component->updates),
                                            factor->precision));
}

double certificate_cut_most(const struct factor *factor)
{
    double threshold = certificate_threshold_above(certificate_tau_after(factor, factor->pairs),
                                                   factor->precision);
    /* What faded may have been all there was of a feature: its column is then so much longer. */
    double columns = feature_count(factor->d) * factor->weight_ever / factor->weight;

    return fmax(cut_least, threshold) * sqrt(columns);
}

static int solution_is_current(const struct factor *factor, const struct component *component)
{
    const struct solution *solution = component->solution;

    return solution != NULL && solution->generation == component->generation &&
           solution->stamp == factor->generation;
}

static double sigma_max_of_all(const struct factor *factor)
{
    double sigma_max = 0;

    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL)
            sigma_max = fmax(sigma_max, factor->components[i]->solution->sigma_max);
    return sigma_max;
}

/* Carry over ranks that are certainly still full. Returns 1 if that settles every component. */
static int ranks_extend(struct factor *factor, double threshold)
{
    double columns = 0;

    if (factor->forget < 1)
        return 0;
    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL)
            columns += factor->components[i]->columns;
    for (int32_t i = 0; i < factor->components_count; i++) {
        struct component *component = factor->components[i];

        if (component == NULL)
            continue;
        if (solution_is_current(factor, component)) {
            /* A rank that could not be decided for want of memory is still to be. */
            if (!component->solution->is_bound && isnan(component->solution->cut))
                return 0;
            continue;
        }
        if (!solution_extend(component, factor_inverse_scales(factor, component),
                             threshold * sqrt(columns), factor->generation))
            return 0;
    }
    return 1;
}

static enum lattn_status solutions_open(struct factor *factor)
{
    for (int32_t i = 0; i < factor->components_count; i++) {
        struct component *component = factor->components[i];
        enum lattn_status status;

        if (component == NULL ||
            (solution_is_current(factor, component) && !component->solution->is_bound))
            continue;
        status =
            solution_open(component, factor_inverse_scales(factor, component), factor->generation);
        if (status != LATTN_OK)
            return status;
    }
    return LATTN_OK;
}

enum lattn_status certificate_ranks(struct factor *factor, double precision,
                                    enum certificate_need need)
{
    double threshold = certificate_threshold(factor, precision);
    double cut;
    enum lattn_status status;

    status = factor_look(factor);
    if (status == LATTN_OK && need == CERTIFICATE_RANKS && ranks_extend(factor, threshold))
        return LATTN_OK;
    if (status == LATTN_OK)
        status = solutions_open(factor);
    if (status != LATTN_OK)
        return status;
    cut = threshold * sigma_max_of_all(factor);
    for (int32_t i = 0; i < factor->components_count; i++) {
        struct component *component = factor->components[i];

        if (component == NULL || component->solution->cut == cut)
            continue;
        status = solution_rank(component, cut);
        if (status != LATTN_OK)
            return status;
    }
    return LATTN_OK;
}

int64_t certificate_rank(const struct factor *factor)
{
    int64_t rank = 0;

    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL)
            rank += factor->components[i]->solution->rank;
    return rank;
}

/* Count what was seen, and take the extremes over all components. */
static void components_sum(const struct factor *factor, struct lattn_certificate *certificate)
{
    double sigma_max = sigma_max_of_all(factor);
    double sigma_min = INFINITY;

    for (int32_t i = 0; i < factor->components_count; i++) {
        const struct component *component = factor->components[i];
        int32_t seen = 0;

        if (component == NULL)
            continue;
        for (int32_t c = 0; c < component->columns; c++)
            seen += component->solution->inverse[c] > 0;
        if (seen == 0)
            continue;
        certificate->components++;
        certificate->features_seen += seen;
        sigma_min = fmin(sigma_min, component->solution->sigma_min);
    }
    certificate->rank = certificate_rank(factor);
    if (certificate->components == 0)
        return;
    certificate->rho_seen = sigma_min / sigma_max;
    /* What a deficient factor leaves behind is rounding of rounding, of any size; 0/0 is as well.
     */
    if (!(certificate->rho_seen >= unit_roundoff))
        certificate->rho_seen = 0;
}

/* Extreme singular values of a component's R in plain coordinates, kept with its solution. */
static enum lattn_status plain_find(const struct component *component, int smallest_too)
{
    struct solution *solution = component->solution;
    size_t ldr;
    const double *r = component_triangle(component, &ldr);
    enum lattn_status status = LATTN_OK;

    if (isnan(solution->plain_max))
        status = spectrum_largest(component->columns, r, ldr, NULL, &solution->plain_max);
    if (status == LATTN_OK && smallest_too && isnan(solution->plain_min))
        status = spectrum_smallest(component->columns, r, ldr, NULL, &solution->plain_min);
    return status;
}

/* The smallest eigenvalue is looked for only where it is more than rounding. */
static enum lattn_status lambdas_find(const struct factor *factor,
                                      struct lattn_certificate *certificate)
{
    int has_smallest = certificate->rho > certificate->tau;
    double largest = 0;
    double smallest = INFINITY;

    for (int32_t i = 0; i < factor->components_count; i++) {
        const struct component *component = factor->components[i];
        enum lattn_status status;

        if (component == NULL)
            continue;
        if (component_is_early(component)) {
            certificate->lambda_min = 0;
            return LATTN_OK;
        }
        status = plain_find(component, has_smallest);
        if (status != LATTN_OK)
            return status;
        largest = fmax(largest, component->solution->plain_max);
        smallest = fmin(smallest, component->solution->plain_min);
    }
    certificate->lambda_max = largest * largest / factor->weight;
    certificate->lambda_min = has_smallest ? smallest * smallest / factor->weight : 0;
    return LATTN_OK;
}

/* Did an information form leave out directions that there may be? */
static int is_cut(const struct factor *factor)
{
    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL && factor->components[i]->is_cut)
            return 1;
    return 0;
}

enum lattn_verdict certificate_verdict(const struct factor *factor,
                                       const struct lattn_certificate *certificate, int is_cut)
{
    /* Pairs of equal weight count as one each whatever that weight is. */
    double pairs_effective = factor->weight * factor->weight / factor->weight2;

    if (pairs_effective < (double)certificate->p || certificate->features_seen < certificate->p ||
        (!(certificate->rho > certificate->tau) && !is_cut))
        return LATTN_NOT_IDENTIFYING;
    return certificate->rank == certificate->p ? LATTN_IDENTIFYING : LATTN_CANNOT_TELL;
}

enum lattn_status certificate_evaluate(struct factor *factor, double precision,
                                       struct lattn_certificate *ret_certificate)
{
    struct lattn_certificate certificate = {
        .verdict = LATTN_NOT_IDENTIFYING,
        .p = feature_count(factor->d),
        .lambda_min = NAN,
        .lambda_max = NAN,
        .rho_seen = NAN,
        .tau = NAN,
        .threshold = NAN,
        .identifying_since = LATTN_NEVER,
        .lost_at = LATTN_NEVER,
        .pairs = factor->pairs,
        .generation = factor->generation,
    };
    enum lattn_status status;

    if (factor->pairs > 0) {
        certificate.tau = certificate_tau(factor);
        certificate.threshold = certificate_threshold_above(certificate.tau, precision);
        status = certificate_ranks(factor, precision, CERTIFICATE_SPECTRUM);
        if (status != LATTN_OK)
            return status;
        components_sum(factor, &certificate);
        if (certificate.features_seen == certificate.p)
            certificate.rho = certificate.rho_seen;
        status = lambdas_find(factor, &certificate);
        if (status != LATTN_OK)
            return status;
        certificate.verdict = certificate_verdict(factor, &certificate, is_cut(factor));
    }
    *ret_certificate = certificate;
    return LATTN_OK;
}
