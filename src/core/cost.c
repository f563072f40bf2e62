/*
 * The sums are not repeated here: they are those by which the factor accounts for itself.
 */
#include "core/cost.h"

#include "core/learner.h"

#include <assert.h>

struct cost cost_of(int32_t d, int32_t m)
{
    struct cost cost = {.features = feature_count(d)};
    double p = (double)cost.features;
    struct factor empty;

    assert(d >= 1 && d <= LATTN_DIM_MAX && m >= 1 && m <= LATTN_OUTPUTS_MAX);
    factor_init(&empty, 0, 1, 0);
    cost.learner_bytes = sizeof(struct lattn_learner);
    cost.tables_bytes = factor_bytes_resized(&empty, d, m);
    cost.factor_bytes = component_bytes((int32_t)cost.features, m);
    cost.limited_bytes = cost.tables_bytes + cost.factor_bytes;
    cost.state_bytes = cost.learner_bytes + cost.limited_bytes;
    cost.judging_bytes = 2 * (size_t)cost.features * (size_t)cost.features * sizeof(double);
    cost.token_flops = (double)d * (d + 1);
    cost.update_flops = 2 * p * p + 4 * p * m;
    cost.judging_flops = 4.0 / 3 * p * p * p;
    return cost;
}
