/*
 * The sums of bytes are not repeated here: they are those by which the factor accounts for itself.
 */
#include "core/cost.h"

#include "core/component.h"
#include "core/learner.h"

#include <assert.h>

/* Passes over R by which the ends of the spectrum are found, 18 steps of two each, and back. */
static const double spectrum_flops_per_entry = 80;

static size_t greater(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void bytes_count(struct cost *cost, int32_t d, int32_t m, int is_gram)
{
    int32_t p = (int32_t)cost->features;
    size_t root = component_bytes(p, m);
    size_t moment = component_bytes_moment(d, d, m);
    size_t first = is_gram && p > COMPONENT_ROOT_MAX ? moment : root;
    size_t square = (size_t)p * (size_t)p * sizeof(double);
    struct factor empty;

    factor_init(&empty, 0, 1, 0, LATTN_ENGINE_RLS);
    cost->learner_bytes = sizeof(struct lattn_learner);
    cost->tables_bytes = factor_bytes_resized(&empty, d, m);
    cost->factor_bytes = is_gram ? moment : root;
    cost->limited_bytes = cost->tables_bytes + greater(first, cost->factor_bytes);
    cost->state_bytes = cost->learner_bytes + cost->tables_bytes + cost->factor_bytes;
    cost->first_bytes = cost->learner_bytes + cost->tables_bytes + first;
    cost->most_bytes =
        cost->learner_bytes + cost->tables_bytes + (is_gram ? greater(root, moment) : root);
    cost->shown_bytes = component_bytes_shown(p, m);
    cost->judging_bytes = 2 * square;
    cost->turning_bytes = is_gram && first == root ? moment + cost->shown_bytes + square : 0;
}

static void flops_count(struct cost *cost, int32_t d, int32_t m, int is_gram)
{
    double p = (double)cost->features;
    double q = p / d;

    cost->token_flops = (double)d * (d + 1);
    cost->settled_flops = spectrum_flops_per_entry * p * p + 2 * p * p * m;
    cost->judging_flops = 4.0 / 3 * p * p * p;
    if (is_gram) {
        cost->update_flops = q * q * (q + 1) + 2 * q * q + 4 * p * m;
        cost->settled_flops += p * p * p / 3 + p * p * q;
    } else {
        cost->update_flops = 2 * p * p + 4 * p * m;
    }
}

struct cost cost_of(int32_t d, int32_t m, enum lattn_engine engine)
{
    struct cost cost = {.features = feature_count(d)};
    int is_gram = engine == LATTN_ENGINE_GRAM && d >= MOMENT_DIM_MIN;

    assert(d >= 1 && d <= LATTN_DIM_MAX && m >= 1 && m <= LATTN_OUTPUTS_MAX);
    bytes_count(&cost, d, m, is_gram);
    flops_count(&cost, d, m, is_gram);
    return cost;
}

const char *cost_formula(int32_t d, enum lattn_engine engine)
{
    if (engine == LATTN_ENGINE_GRAM && feature_count(d) > COMPONENT_ROOT_MAX)
        return "4 q^2 (q + 1) bytes and more, q = d (d+1) / 2";
    return "8 p (p + 2 m) bytes and more, p = d^2 (d+1) / 2";
}
