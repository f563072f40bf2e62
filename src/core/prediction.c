/*
 * What the solution says about one input, and whether the data determines it.
 */
#include "base/complaint.h"
#include "base/memory.h"
#include "core/certificate.h"
#include "core/learner.h"
#include "core/solution.h"
#include "core/student.h"

#include <math.h>
#include <string.h>

/* Rounding of a prediction in units of u |y| sqrt(h): measured, README.md section 3. */
static const double rounding_per_leverage = 25 * 0x1p-53;

/* One input against one component: y += phi W, and is phi determined, with what leverage? */
static enum lattn_status component_examine(const struct factor *factor, struct component *component,
                                           int32_t index, int32_t count,
                                           struct lattn_prediction *prediction)
{
    size_t columns = (size_t)component->columns;
    double *phi = memory_zeroed(columns, 4 * sizeof *phi);
    double leverage = 0;
    enum lattn_status status;

    if (phi == NULL)
        return LATTN_NO_MEMORY;
    status = solution_weights(component, factor->ridge);
    if (status != LATTN_OK)
        goto done;
    for (int32_t i = 0; i < count; i++) {
        struct slot slot = factor->slots[factor->list_index[i]];
        const double *weights;

        if (slot.component != (uint32_t)index + 1)
            continue;
        phi[slot.column] = factor->list_value[i];
        weights = solution_exact(component) + (size_t)slot.column * (size_t)component->m;
        for (int32_t a = 0; a < factor->m; a++)
            prediction->y[a] += factor->list_value[i] * weights[a];
    }
    if (!solution_determines(component, phi, phi + columns, &leverage))
        prediction->determined = 0;
    prediction->leverage += leverage;
done:
    memory_release(phi);
    return status;
}

/* Mark the components the input meets; returns whether all its features were seen before. */
static int components_mark(const struct factor *factor, int32_t count, int32_t mark)
{
    int all_seen = 1;

    for (int32_t i = 0; i < count; i++) {
        uint32_t component = factor->slots[factor->list_index[i]].component;

        if (component == 0)
            all_seen = 0;
        else
            factor->components[component - 1]->meets = mark;
    }
    return all_seen;
}

static enum lattn_status features_examine(struct factor *factor, int32_t count,
                                          struct lattn_prediction *prediction)
{
    enum lattn_status status = LATTN_OK;

    prediction->leverage = 0;
    prediction->determined = components_mark(factor, count, 1);
    for (int32_t i = 0; status == LATTN_OK && i < factor->components_count; i++)
        if (factor->components[i] != NULL && factor->components[i]->meets)
            status = component_examine(factor, factor->components[i], i, count, prediction);
    (void)components_mark(factor, count, 0);
    if (!prediction->determined)
        prediction->leverage = INFINITY;
    return status;
}

/* Of sigma^2 as many degrees of freedom are left as there are effective pairs beyond the rank. */
static void interval_find(const struct factor *factor, double freedom,
                          struct lattn_prediction *prediction)
{
    double bound = student_bound95(freedom * factor->weight / factor->weight2);

    for (int32_t a = 0; a < factor->m; a++)
        prediction->interval95[a] = bound * prediction->std_error[a];
}

/* The smallest rho of information forms: they feel their rounding so much more. 1 without any. */
static double rho_least(const struct factor *factor)
{
    double rho = 1;

    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL)
            rho = fmin(rho, factor->components[i]->rho);
    return rho;
}

/* SE^2 = sigma^2 h N_w2 / N_w + (25 u |y| / rho)^2 h; none without degrees of freedom. */
static enum lattn_status std_error_find(const struct lattn_learner *learner,
                                        struct lattn_prediction *prediction)
{
    const struct factor *factor = &learner->factor;
    double freedom = learner_freedom(learner, certificate_rank(factor));
    double per_pair = factor->weight2 / factor->weight;
    double relative = rounding_per_leverage / rho_least(factor);

    prediction->has_std_error = prediction->determined && freedom > 0;
    if (!prediction->has_std_error)
        return LATTN_OK;
    factor_residual(factor, prediction->std_error);
    for (int32_t a = 0; a < factor->m; a++) {
        double noise = prediction->std_error[a] / freedom * per_pair;
        double rounding = relative * relative * factor->yy[a];

        prediction->std_error[a] = sqrt((noise + rounding) * prediction->leverage);
    }
    if (prediction->interval95 != NULL)
        interval_find(factor, freedom, prediction);
    return LATTN_OK;
}

enum lattn_status lattn_learner_predict(struct lattn_learner *learner,
                                        const struct lattn_item *input,
                                        struct lattn_prediction *prediction,
                                        struct lattn_complaint *complaint)
{
    struct factor *factor = &learner->factor;
    struct feature_view view;
    enum lattn_status status;

    if (factor->pairs == 0)
        return complain(complaint, LATTN_NO_DATA, "%s", lattn_status_text(LATTN_NO_DATA));
    status = learner_input_check(learner, input, complaint);
    if (status != LATTN_OK)
        return status;
    status = certificate_ranks(factor, learner_precision(learner), CERTIFICATE_RANKS);
    if (status != LATTN_OK)
        return complain(complaint, status, "%s", lattn_status_text(status));
    feature_reader_query(&factor->reader, input, &view);
    status = factor_list_reserve(factor, &view);
    if (status != LATTN_OK)
        return complain(complaint, status, "%s", lattn_status_text(status));
    memset(prediction->y, 0, (size_t)factor->m * sizeof *prediction->y);
    status = features_examine(
        factor, feature_list(factor->d, &view, factor->list_index, factor->list_value), prediction);
    if (status != LATTN_OK)
        return complain(complaint, status, "%s", lattn_status_text(status));
    return std_error_find(learner, prediction);
}
