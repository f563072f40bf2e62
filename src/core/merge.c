/*
 * Two learners of streams that have nothing in common become one (README.md, statement 31).
 *
 *     Q' [ R_1  C_1 ]  =  [ R+  C+ ]
 *        [ R_2  C_2 ]     [ 0   E  ]
 *
 * Rows of R_2 and C_2 are absorbed like label rows, component by component, into columns that were
 * made for all of them before: what cannot be refused any more comes last.
 */
#include "core/merge.h"

#include "base/complaint.h"
#include "core/admission.h"
#include "core/learner.h"
#include "core/moment.h"
#include "core/moment_turn.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- may they be merged? -------------------------------------------------------------------- */

static enum lattn_status sizes_agree(const struct lattn_learner *a, const struct lattn_learner *b,
                                     struct lattn_complaint *complaint)
{
    int32_t bias = a->settings.bias;

    if (bias != b->settings.bias)
        return complain(complaint, LATTN_CONFLICT, "one has a bias, the other has none");
    if (a->d > 0 && b->d > 0 && a->d != b->d)
        return complain(complaint, LATTN_CONFLICT, "tokens have %d and %d coordinates", a->d - bias,
                        b->d - bias);
    if (a->m > 0 && b->m > 0 && a->m != b->m)
        return complain(complaint, LATTN_CONFLICT, "labels have %d and %d outputs", a->m, b->m);
    if (a->settings.forget < b->settings.forget || a->settings.forget > b->settings.forget)
        return complain(complaint, LATTN_CONFLICT, "they forget by %.15g and %.15g",
                        a->settings.forget, b->settings.forget);
    if (a->settings.engine != b->settings.engine)
        return complain(complaint, LATTN_CONFLICT, "their engines are %s and %s",
                        lattn_engine_text(a->settings.engine),
                        lattn_engine_text(b->settings.engine));
    return LATTN_OK;
}

static enum lattn_status texts_agree(const char *what, const char (*a)[LATTN_NAME_MAX],
                                     int32_t a_count, const char (*b)[LATTN_NAME_MAX],
                                     int32_t b_count, struct lattn_complaint *complaint)
{
    int32_t count = a_count > b_count ? a_count : b_count;

    for (int32_t i = 0; i < count; i++) {
        const char *one = i < a_count ? a[i] : "";
        const char *other = i < b_count ? b[i] : "";

        if (strcmp(one, other) != 0)
            return complain(complaint, LATTN_CONFLICT, "%s %d is called '%.80s' and '%.80s'", what,
                            i, one, other);
    }
    return LATTN_OK;
}

static enum lattn_status blocks_agree(const struct lattn_names *a, const struct lattn_names *b,
                                      struct lattn_complaint *complaint)
{
    if (a->blocks_count != b->blocks_count)
        return complain(complaint, LATTN_CONFLICT, "they have %d and %d blocks of coordinates",
                        a->blocks_count, b->blocks_count);
    for (int32_t i = 0; i < a->blocks_count; i++)
        if (strcmp(a->blocks[i].name, b->blocks[i].name) != 0 ||
            a->blocks[i].start != b->blocks[i].start || a->blocks[i].size != b->blocks[i].size)
            return complain(complaint, LATTN_CONFLICT,
                            "block %d is '%.60s' at %d and '%.60s' at %d", i, a->blocks[i].name,
                            a->blocks[i].start, b->blocks[i].name, b->blocks[i].start);
    return LATTN_OK;
}

static enum lattn_status names_agree(const struct lattn_names *a, const struct lattn_names *b,
                                     struct lattn_complaint *complaint)
{
    enum lattn_status status = texts_agree(
        "coordinate", (const char(*)[LATTN_NAME_MAX])a->coordinates, a->coordinates_count,
        (const char(*)[LATTN_NAME_MAX])b->coordinates, b->coordinates_count, complaint);

    if (status == LATTN_OK)
        status =
            texts_agree("output", (const char(*)[LATTN_NAME_MAX])a->outputs, a->outputs_count,
                        (const char(*)[LATTN_NAME_MAX])b->outputs, b->outputs_count, complaint);
    return status == LATTN_OK ? blocks_agree(a, b, complaint) : status;
}

enum lattn_status merge_check(const struct lattn_learner *learner,
                              const struct lattn_learner *other, struct lattn_complaint *complaint)
{
    enum lattn_status status = sizes_agree(learner, other, complaint);

    return status == LATTN_OK ? names_agree(&learner->names, &other->names, complaint) : status;
}

/* ---- room ----------------------------------------------------------------------------------- */

/* List the features of a component as the factor numbers them. */
static void features_list(struct factor *factor, const struct component *component)
{
    for (int32_t i = 0; i < component->columns; i++)
        factor->list_index[i] = (int32_t)feature_index(factor->d, component->features[i]);
}

static enum lattn_status room_make(struct factor *factor, const struct factor *other,
                                   size_t memory_max)
{
    enum lattn_status status = factor_resize(factor, other->d, other->m);

    for (int32_t i = 0; status == LATTN_OK && i < other->components_count; i++) {
        const struct component *component = other->components[i];

        if (component == NULL || component->columns == 0)
            continue;
        status = factor_list_widen(factor, (size_t)component->columns);
        if (status != LATTN_OK)
            break;
        features_list(factor, component);
        status = admission_join(factor, component->columns, memory_max);
    }
    return status;
}

/* ---- forms ----------------------------------------------------------------------------------- */

/* The component of `factor` that has this column of another one's. */
static struct component *counterpart(const struct factor *factor, const struct component *other,
                                     int32_t column)
{
    int32_t index = feature_index(factor->d, other->features[column]);

    return factor->components[factor->slots[index].component - 1];
}

/* Of the same features, and with errors of the same weights? Large ones have none. */
static int moments_match(const struct component *a, const struct component *b)
{
    size_t columns = (size_t)a->columns;

    return a->moment != NULL && b->moment != NULL && a->columns == b->columns && a->m == b->m &&
           memcmp(a->features, b->features, columns * sizeof *a->features) == 0 &&
           memcmp(a->weights, b->weights, columns * (size_t)a->m * sizeof *a->weights) == 0;
}

/*
 * Moments of the same features and weights are added, in the same coordinates; all others go as
 * R and C, from where they go over again.
 */
static enum lattn_status component_align(struct factor *factor, struct factor *other,
                                         struct component *from)
{
    struct component *to = counterpart(factor, from, 0);
    enum lattn_status status = LATTN_OK;

    if (moments_match(to, from))
        return moment_turn_to(from->moment, to->moment->A, to->moment->B);
    if (from->moment != NULL)
        status = factor_expand(other, from);
    for (int32_t i = 0; status == LATTN_OK && i < from->columns; i++) {
        to = counterpart(factor, from, i);
        if (to->moment != NULL)
            status = factor_expand(factor, to);
    }
    return status;
}

/* Make room, and let the forms be such that one can be added to the other. */
static enum lattn_status forms_prepare(struct factor *factor, struct factor *other,
                                       size_t memory_max)
{
    enum lattn_status status = room_make(factor, other, memory_max);

    for (int32_t i = 0; status == LATTN_OK && i < other->components_count; i++)
        if (other->components[i] != NULL && other->components[i]->columns > 0)
            status = component_align(factor, other, other->components[i]);
    return status;
}

static int has_moment(const struct factor *factor)
{
    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL && factor->components[i]->moment != NULL)
            return 1;
    return 0;
}

/* ---- what is learned ------------------------------------------------------------------------ */

/* The list had room for the columns when room was made for them. */
static void rows_add(struct factor *factor, const struct component *from, double fade,
                     struct component *to)
{
    int32_t *place = factor->list_index;

    for (int32_t i = 0; i < from->columns; i++)
        place[i] = factor->slots[feature_index(factor->d, from->features[i])].column;
    component_add_rows(to, from, place, fade, factor->pairs, factor->team, factor->work);
}

/* fade is that of R, its square that of sums. */
static void component_add(struct factor *factor, const struct component *from, double fade)
{
    struct component *to = counterpart(factor, from, 0);

    if (from->moment != NULL)
        moment_add(to->moment, from->moment, fade * fade);
    else
        rows_add(factor, from, fade, to);
    to->is_cut |= from->is_cut;
    to->updates += from->updates;
    to->rows_seen += from->rows_seen;
    to->rows_fresh = to->rows_seen;
    component_unsettle(to);
}

static void sums_add(struct factor *factor, const struct factor *other)
{
    int64_t p = feature_count(factor->d);

    factor->tokens_max =
        factor->tokens_max > other->tokens_max ? factor->tokens_max : other->tokens_max;
    factor->precision = fmax(factor->precision, other->precision);
    for (int64_t i = 0; i < p; i++)
        factor->scales[i] += other->scales[i];
    factor->weight += other->weight;
    factor->weight2 += other->weight2;
    factor->weight_ever += other->weight_ever;
    for (int32_t a = 0; a < other->m; a++) {
        factor->yy[a] += other->yy[a];
        factor->rss_void[a] += other->rss_void[a];
    }
    factor->progressive_sum += other->progressive_sum;
    factor->progressive_weight += other->progressive_weight;
    factor->recent_sum += other->recent_sum;
    factor->recent_weight += other->recent_weight;
    factor->pairs += other->pairs;
}

/* Bring both to the same instant, the last row of one stream behind the other. Cannot fail. */
static void factor_add(struct factor *factor, const struct factor *other)
{
    uint64_t pairs = factor->pairs;

    sums_add(factor, other);
    for (int32_t i = 0; i < factor->components_count; i++) {
        struct component *component = factor->components[i];

        if (component == NULL)
            continue;
        component_decay(component, factor->forget, pairs);
        component_retime(component, factor->pairs);
    }
    for (int32_t i = 0; i < other->components_count; i++) {
        const struct component *component = other->components[i];

        if (component == NULL || component->columns == 0)
            continue;
        assert(component->rows_waiting == 0);
        component_add(factor, component,
                      pow(factor->forget, (double)(other->pairs - component->time) / 2));
    }
    factor->generation += other->generation + 1;
}

/* What was found out about either stream is not known of both. */
static void history_begin(struct lattn_learner *learner)
{
    survey_reset(&learner->survey);
    shelf_clear(&learner->shelf);
    learner->p_identified = LATTN_NEVER;
    learner->identifying_since = LATTN_NEVER;
    learner->lost_at = LATTN_NEVER;
}

/* Learn what the other learned. Cannot fail. */
static void learner_add(struct lattn_learner *learner, const struct lattn_learner *other)
{
    learner->d = other->d;
    learner->m = other->m;
    for (int32_t k = 0; k <= LATTN_DIM_MAX; k++)
        learner->dim_was[k] |= other->dim_was[k];
    for (int32_t k = 0; k <= LATTN_OUTPUTS_MAX; k++)
        learner->outputs_was[k] |= other->outputs_was[k];
    factor_add(&learner->factor, &other->factor);
    history_begin(learner);
}

enum lattn_status lattn_learner_merge(struct lattn_learner *learner,
                                      const struct lattn_learner *other,
                                      struct lattn_complaint *complaint)
{
    struct lattn_learner *copy = NULL;
    enum lattn_status status = merge_check(learner, other, complaint);

    assert(learner != other);
    if (status != LATTN_OK)
        return status;
    learner->settings.precision = fmax(learner->settings.precision, other->settings.precision);
    if (other->factor.d == 0)
        return LATTN_OK;
    if (has_moment(&learner->factor) || has_moment(&other->factor))
        status = lattn_learner_copy(other, &copy);
    if (status == LATTN_OK && copy != NULL)
        status = forms_prepare(&learner->factor, &copy->factor, learner->settings.memory_max);
    else if (status == LATTN_OK)
        status = room_make(&learner->factor, &other->factor, learner->settings.memory_max);
    if (status == LATTN_OK)
        learner_add(learner, copy != NULL ? copy : other);
    lattn_learner_close(&copy);
    return status == LATTN_OK ? status
                              : complain(complaint, status, "%s", lattn_status_text(status));
}
