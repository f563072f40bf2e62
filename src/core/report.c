/*
 * Numbers on a learner, and its weights as coefficients.
 */
#include "base/memory.h"
#include "core/certificate.h"
#include "core/learner.h"
#include "core/solution.h"

#include <math.h>
#include <string.h>

/* Fewer degrees of freedom than this share of the pairs are rounding of zero. */
static const double freedom_least = 1e-9;

double learner_freedom(const struct lattn_learner *learner, int64_t rank)
{
    const struct factor *factor = &learner->factor;
    double per_pair, freedom;

    if (factor->weight <= 0)
        return 0;
    per_pair = factor->weight2 / factor->weight;
    freedom = factor->weight - (double)rank * per_pair;
    return freedom > freedom_least * factor->weight ? freedom : 0;
}

static double ratio_or_nan(double numerator, double denominator)
{
    return denominator > 0 ? numerator / denominator : NAN;
}

static enum lattn_status residuals_report(const struct lattn_learner *learner, const double *rss,
                                          struct lattn_report *report)
{
    const struct factor *factor = &learner->factor;
    double freedom = learner_freedom(learner, report->certificate.rank);
    double total = 0;

    report->noise_std = memory_zeroed((size_t)report->m, sizeof *report->noise_std);
    report->r2 = memory_zeroed((size_t)report->m, sizeof *report->r2);
    if (report->noise_std == NULL || report->r2 == NULL)
        return LATTN_NO_MEMORY;
    for (int32_t a = 0; a < report->m; a++) {
        total += rss[a];
        report->noise_std[a] = sqrt(ratio_or_nan(rss[a], freedom));
        report->r2[a] = 1 - ratio_or_nan(rss[a], factor->yy[a]);
    }
    report->loss_train = ratio_or_nan(total, factor->weight);
    return LATTN_OK;
}

enum lattn_status report_make(const struct lattn_learner *learner,
                              const struct lattn_certificate *certificate, const double *rss,
                              struct lattn_report *ret_report)
{
    const struct factor *factor = &learner->factor;
    struct lattn_report report = {
        .d = factor->pairs > 0 ? learner->d : 0,
        .m = factor->pairs > 0 ? learner->m : 0,
        .bias = learner->settings.bias,
        .engine = learner->settings.engine,
        .pairs = factor->pairs,
        .generation = factor->generation,
        .weight = factor->weight,
        .pairs_effective = ratio_or_nan(factor->weight * factor->weight, factor->weight2),
        .loss_progressive = ratio_or_nan(factor->progressive_sum, factor->progressive_weight),
        .loss_recent = ratio_or_nan(factor->recent_sum, factor->recent_weight),
        .memory_bytes = lattn_learner_memory(learner),
        .certificate = *certificate,
        .stream = survey_report(&learner->survey),
    };
    enum lattn_status status = residuals_report(learner, rss, &report);

    if (status != LATTN_OK) {
        lattn_report_done(&report);
        return status;
    }
    *ret_report = report;
    return LATTN_OK;
}

enum lattn_status lattn_learner_report(struct lattn_learner *learner,
                                       struct lattn_report *ret_report)
{
    const struct factor *factor = &learner->factor;
    struct lattn_certificate certificate;
    double *rss = memory_zeroed((size_t)learner->m, sizeof *rss);
    enum lattn_status status = LATTN_NO_MEMORY;

    if (rss != NULL)
        status = lattn_learner_certify(learner, &certificate);
    if (status == LATTN_OK && factor->pairs > 0)
        factor_residual(factor, rss);
    if (status == LATTN_OK)
        status = report_make(learner, &certificate, rss, ret_report);
    memory_release(rss);
    return status;
}

void lattn_report_done(struct lattn_report *report)
{
    if (report == NULL)
        return;
    memory_release(report->noise_std);
    memory_release(report->r2);
    report->noise_std = NULL;
    report->r2 = NULL;
}

enum lattn_status learner_solve(struct lattn_learner *learner)
{
    struct factor *factor = &learner->factor;
    enum lattn_status status;

    if (factor->pairs == 0)
        return LATTN_NO_DATA;
    status = certificate_ranks(factor, learner_precision(learner), CERTIFICATE_RANKS);
    for (int32_t i = 0; status == LATTN_OK && i < factor->components_count; i++)
        if (factor->components[i] != NULL)
            status = solution_weights(factor->components[i], factor->ridge);
    return status;
}

static void coef_spread(const struct factor *factor, const struct component *component,
                        double *coef)
{
    size_t p = (size_t)feature_count(factor->d);
    const double *weights = solution_exact(component);

    for (int32_t c = 0; c < component->columns; c++) {
        size_t index = (size_t)feature_index(factor->d, component->features[c]);

        for (int32_t a = 0; a < factor->m; a++)
            coef[(size_t)a * p + index] = weights[(size_t)c * (size_t)component->m + (size_t)a];
    }
}

enum lattn_status lattn_learner_coef(struct lattn_learner *learner, double *ret_coef)
{
    const struct factor *factor = &learner->factor;
    enum lattn_status status = learner_solve(learner);

    if (status != LATTN_OK)
        return status;
    memset(ret_coef, 0, (size_t)feature_count(factor->d) * (size_t)factor->m * sizeof *ret_coef);
    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL)
            coef_spread(factor, factor->components[i], ret_coef);
    return LATTN_OK;
}
