/*
 * What happens to a block of rows: it is predicted, absorbed, and followed; and the form of a
 * component is decided.
 */
#include "core/factor_fold.h"

#include "base/team.h"
#include "core/certificate.h"
#include "core/dense.h"
#include "core/moment.h"
#include "core/solution.h"
#include "core/standing.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Weight of the past in the recent loss: a memory of 1000 pairs. */
static const double recent_keep = 1 - 1e-3;

/* Count a squared innovation, weight included. One beyond all doubles cannot be averaged. */
void factor_loss_take(struct factor *factor, double weight, double square)
{
    if (!isfinite(square))
        return;
    factor->progressive_sum += square;
    factor->progressive_weight += weight;
    factor->recent_sum = recent_keep * factor->recent_sum + square;
    factor->recent_weight = recent_keep * factor->recent_weight + weight;
}

/* The rows of a component before they are learned, cut into shares, and what they are off by. */
struct foresight {
    const struct component *component;
    int32_t share_rows;
    double *errors;
};

/* E = Y - Phi W of a share of the waiting rows, with the weights at hand. */
static void share_foresee(void *arg, int32_t share, int32_t thread)
{
    const struct foresight *foresight = arg;
    const struct component *component = foresight->component;
    int32_t first = share * foresight->share_rows, count = component->rows_waiting - first;
    int32_t columns = component->columns;
    size_t m = (size_t)component->m;
    const double *rows = component->rows + (size_t)first * component->ld;
    double *errors = foresight->errors + (size_t)first * m;

    (void)thread;
    if (count > foresight->share_rows)
        count = foresight->share_rows;
    for (int32_t i = 0; i < count; i++)
        memcpy(errors + (size_t)i * m, rows + (size_t)i * component->ld + columns,
               m * sizeof *errors);
    if (count == 1)
        dense_multiply_vector(DENSE_TRANSPOSED, columns, component->m, -1, component->weights, m,
                              rows, 1, errors);
    else
        dense_multiply(DENSE_PLAIN, count, component->m, columns, -1, rows, component->ld,
                       component->weights, m, 1, errors, m);
}

static void errors_make(const struct component *component, struct team *team, double *errors)
{
    int32_t share_rows = component_rows_block(component->capacity);
    struct foresight foresight = {component, share_rows, errors};

    team_run(team, share_foresee, &foresight,
             (component->rows_waiting + share_rows - 1) / share_rows);
}

/* Rows of R carry the root of their weight, those of a moment none; weight 0: was counted before.
 */
static void innovations_take(struct factor *factor, const struct component *component,
                             double *errors)
{
    size_t m = (size_t)component->m;

    if (component->moment != NULL)
        errors = component->moment->errors;
    else
        errors_make(component, factor_helpers(factor, component), errors);
    for (int32_t i = 0; i < component->rows_waiting; i++) {
        double square = dense_dot(component->m, errors + (size_t)i * m, errors + (size_t)i * m);
        double weight = component->row_weight[i];

        if (weight > 0)
            factor_loss_take(factor, weight, component->moment != NULL ? weight * square : square);
    }
}

/*
 * Bytes that a component may hold in another form: what the others leave of the limit. It may get
 * smaller in any case.
 */
static size_t bytes_left(const struct factor *factor, const struct component *component)
{
    size_t held = component_bytes_held(component, component->m);
    size_t others = factor->bytes - held;

    if (factor->memory_max == 0)
        return SIZE_MAX;
    return others + held < factor->memory_max ? factor->memory_max - others : held;
}

/*
 * A component of full rank goes over to the information form when its weights have just been made.
 * With few rows more than columns it may be too close to losing its rank: it is asked again each
 * time the rows since then have doubled, half as many as columns at first. Its rows alone decide,
 * and the limit of their time. Without memory it stays as it is.
 */
static void component_form(struct factor *factor, struct component *component, uint64_t rows)
{
    uint64_t fresh = component->rows_fresh;
    int is_due = fresh == 0 || (fresh >= (uint64_t)component->columns / 2 &&
                                __builtin_clzll(fresh) != __builtin_clzll((fresh - rows) | 1));

    if (factor->engine != LATTN_ENGINE_GRAM || component->moment != NULL || !component->full ||
        !is_due)
        return;
    (void)component_condense(component, certificate_rounding(factor),
                             bytes_left(factor, component));
    factor_slots(factor, factor->d, factor->slots);
    component->identity = factor_component_is_identity(factor, component);
    factor->bytes = factor_bytes_resized(factor, factor->d, factor->m);
}

static int is_open(struct factor *factor, const struct component *component)
{
    return factor->forget == 1 && component->moment == NULL && !component->full &&
           standing_is_open(component, factor_inverse_scales(factor, component),
                            certificate_cut_most(factor));
}

void factor_component_fold(struct factor *factor, struct component *component)
{
    struct scratch scratch = factor_scratch(factor, component);
    int32_t rows = component->rows_waiting;
    uint64_t age = factor->pairs - component->row_time[0];
    int has_gain = rows == 1 && component->full && factor->ridge == 0 && component->moment == NULL;
    double *gain = has_gain ? scratch.gain : NULL;
    int was_open = is_open(factor, component);
    struct team *helpers = factor_helpers(factor, component);

    assert(factor_scratch_room(component->capacity, component->m) <= factor->work_room);
    if (component->moment != NULL)
        moment_predict(component->moment, component->weights, helpers);
    if (component_is_followed(component))
        innovations_take(factor, component, scratch.errors);
    component_absorb(component, factor->forget, factor->pairs, helpers, scratch.update, gain);
    /* The gain is that of the row as it was absorbed, faded by its age; so must be its innovation.
     */
    if (gain != NULL && age > 0 && factor->forget < 1)
        for (int32_t a = 0; a < component->m; a++)
            scratch.errors[a] *= pow(factor->forget, (double)age / 2);
    if (component->moment != NULL) {
        if (standing_moment_is_due(component, rows, factor->forget))
            standing_follow_moment(component, factor_inverse_scales(factor, component),
                                   certificate_cut(factor, component), certificate_cut_most(factor),
                                   certificate_rounding(factor), factor->forget);
        return;
    }
    standing_follow(component, rows, was_open && !is_open(factor, component), gain, scratch.errors,
                    factor_inverse_scales(factor, component), certificate_cut(factor, component),
                    certificate_cut_most(factor), factor->ridge, factor->forget);
    component_form(factor, component, (uint64_t)rows);
}

void factor_fold(struct factor *factor)
{
    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL && factor->components[i]->rows_waiting > 0)
            factor_component_fold(factor, factor->components[i]);
    factor->generation++;
}
