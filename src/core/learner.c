/*
 * The learner as programs see it: sizes, admission, names, and the memory of its verdicts.
 */
#include "core/learner.h"

#include <lattn/state.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "base/team.h"
#include "core/admission.h"
#include "core/certificate.h"
#include "core/heads.h"

#include <math.h>
#include <string.h>

static const char bias_name[] = "(bias)";

struct lattn_learner_settings lattn_learner_settings_default(void)
{
    return (struct lattn_learner_settings){.forget = 1, .engine = LATTN_ENGINE_RLS};
}

static int settings_are_valid(const struct lattn_learner_settings *settings)
{
    return settings->dim >= 0 && settings->outputs >= 0 && settings->outputs <= LATTN_OUTPUTS_MAX &&
           (settings->bias == 0 || settings->bias == 1) &&
           settings->dim <= LATTN_DIM_MAX - settings->bias && settings->forget > 0 &&
           settings->forget <= 1 && settings->precision >= 0 && settings->precision < 1 &&
           settings->ridge >= 0 && isfinite(settings->ridge) &&
           (settings->engine == LATTN_ENGINE_RLS || settings->engine == LATTN_ENGINE_GRAM);
}

/* The state before the first pair. */
static enum lattn_status learner_begin(struct lattn_learner *learner)
{
    const struct lattn_learner_settings *settings = &learner->settings;
    int32_t index;

    lattn_names_init(&learner->names);
    learner->d = settings->dim > 0 ? settings->dim + settings->bias : 0;
    learner->m = settings->outputs;
    learner->identifying_since = LATTN_NEVER;
    learner->p_identified = LATTN_NEVER;
    learner->lost_at = LATTN_NEVER;
    survey_reset(&learner->survey);
    memset(learner->dim_was, 0, sizeof learner->dim_was);
    memset(learner->outputs_was, 0, sizeof learner->outputs_was);
    if (!settings->bias)
        return LATTN_OK;
    return lattn_names_coordinate(&learner->names, bias_name, &index);
}

enum lattn_status lattn_learner_open(struct lattn_learner **ret_learner,
                                     const struct lattn_learner_settings *settings)
{
    struct lattn_learner *learner;
    enum lattn_status status;

    if (!settings_are_valid(settings))
        return LATTN_RANGE;
    learner = memory_zeroed(1, sizeof *learner);
    if (learner == NULL)
        return LATTN_NO_MEMORY;
    learner->settings = *settings;
    factor_init(&learner->factor, settings->bias, settings->forget, settings->ridge,
                settings->engine);
    learner->factor.memory_max = settings->memory_max;
    status = learner_begin(learner);
    if (status != LATTN_OK) {
        lattn_learner_close(&learner);
        return status;
    }
    *ret_learner = learner;
    return LATTN_OK;
}

struct lattn_learner_settings lattn_learner_settings_get(const struct lattn_learner *learner)
{
    return learner->settings;
}

enum lattn_status lattn_learner_adjust(struct lattn_learner *learner,
                                       const struct lattn_learner_settings *settings)
{
    struct lattn_learner_settings adjusted = learner->settings;

    adjusted.precision = settings->precision;
    adjusted.ridge = settings->ridge;
    adjusted.memory_max = settings->memory_max;
    if (!settings_are_valid(&adjusted))
        return LATTN_RANGE;
    learner->settings = adjusted;
    factor_adjust(&learner->factor, adjusted.ridge, adjusted.memory_max);
    shelf_clear(&learner->shelf);
    return LATTN_OK;
}

void lattn_learner_close(struct lattn_learner **learner)
{
    struct lattn_learner *closed = *learner;

    *learner = NULL;
    if (closed == NULL)
        return;
    factor_done(&closed->factor);
    shelf_clear(&closed->shelf);
    lattn_names_done(&closed->names);
    team_close(&closed->team);
    memory_release(closed);
}

static enum lattn_status learner_fill(struct lattn_learner *copy,
                                      const struct lattn_learner *learner, struct factor *earlier)
{
    enum lattn_status status;

    *copy = *learner;
    factor_init(&copy->factor, learner->settings.bias, learner->settings.forget,
                learner->settings.ridge, learner->settings.engine);
    lattn_names_init(&copy->names);
    copy->shelf = (struct shelf){0};
    copy->team = NULL;
    status = factor_copy(&learner->factor, earlier, &copy->factor);
    /* Heads of before are no use to anybody. */
    if (status == LATTN_OK && learner->shelf.generation == learner->factor.generation)
        status = shelf_copy(&learner->shelf, &copy->shelf);
    if (status == LATTN_OK)
        status = lattn_names_copy(&learner->names, &copy->names);
    return status;
}

enum lattn_status lattn_learner_copy(const struct lattn_learner *learner,
                                     struct lattn_learner **ret_copy)
{
    struct lattn_learner *copy = NULL;
    enum lattn_status status = learner_copy_over(learner, &copy);

    if (status == LATTN_OK)
        *ret_copy = copy;
    return status;
}

enum lattn_status learner_copy_over(const struct lattn_learner *learner,
                                    struct lattn_learner **copy)
{
    struct lattn_learner *earlier = *copy;
    struct lattn_learner *next = memory_raw(1, sizeof *next);
    enum lattn_status status = LATTN_NO_MEMORY;

    if (next != NULL)
        status = learner_fill(next, learner, earlier != NULL ? &earlier->factor : NULL);
    if (next != NULL && status != LATTN_OK)
        lattn_learner_close(&next);
    lattn_learner_close(&earlier);
    *copy = next;
    return status;
}

void learner_strip(struct lattn_learner *learner)
{
    factor_strip(&learner->factor);
    shelf_clear(&learner->shelf);
}

/* Empty the factor; what was derived before must never look current again. */
static void learner_forget(struct lattn_learner *learner)
{
    uint64_t generation = learner->factor.generation;

    factor_done(&learner->factor);
    shelf_clear(&learner->shelf);
    learner->factor.generation = generation + 1;
    learner->factor.team = learner->team;
}

enum lattn_status lattn_learner_reset(struct lattn_learner *learner)
{
    learner_forget(learner);
    lattn_names_done(&learner->names);
    return learner_begin(learner);
}

void learner_succeed(struct lattn_learner *learner, const struct lattn_learner *earlier)
{
    uint64_t generation = earlier->factor.generation;

    if (learner->factor.generation <= generation)
        learner->factor.generation = generation + 1;
    shelf_clear(&learner->shelf);
    if (learner->factor.pairs < earlier->factor.pairs)
        return;
    learner->p_identified = earlier->p_identified;
    learner->identifying_since = earlier->identifying_since;
    learner->lost_at = earlier->lost_at;
}

/* ---- admission ----------------------------------------------------------------------------- */

int learner_is_full(const struct lattn_learner *learner)
{
    return factor_is_dense(&learner->factor);
}

/* Give the factor its sizes. */
static enum lattn_status learner_resize(struct lattn_learner *learner, int32_t d, int32_t m)
{
    size_t memory_max = learner->settings.memory_max;

    if (memory_max > 0 && factor_bytes_resized(&learner->factor, d, m) > memory_max)
        return LATTN_MEMORY_LIMIT;
    return factor_resize(&learner->factor, d, m);
}

enum lattn_status lattn_learner_admit(struct lattn_learner *learner, const struct lattn_item *item,
                                      struct lattn_complaint *complaint)
{
    struct factor *factor = &learner->factor;
    int was_sized = factor->d > 0;
    int32_t d, m;
    enum lattn_status status;

    if (item->y == NULL)
        return complain(complaint, LATTN_FIELD, "y is missing");
    status = learner_item_check(learner, item, complaint);
    if (status != LATTN_OK)
        return status;
    d = learner->d > 0 ? learner->d : item->d + learner->settings.bias;
    m = learner->m > 0 ? learner->m : item->m;
    if (!was_sized)
        status = learner_resize(learner, d, m);
    if (status == LATTN_OK)
        status = admission_make(factor, item, learner->settings.memory_max);
    if (status == LATTN_OK) {
        learner->d = d;
        learner->m = m;
        return LATTN_OK;
    }
    if (!was_sized)
        learner_forget(learner);
    if (status == LATTN_MEMORY_LIMIT)
        return complain(complaint, status, "the features of z need more than the %zu bytes allowed",
                        learner->settings.memory_max);
    return complain(complaint, status, "%s", lattn_status_text(status));
}

void lattn_learner_absorb(struct lattn_learner *learner, const struct lattn_batch *batch)
{
    /* Ranks between two evaluations go by it as well. */
    learner->factor.precision = learner_precision(learner);
    factor_absorb(&learner->factor, batch);
    shelf_clear(&learner->shelf);
}

uint64_t lattn_learner_pairs(const struct lattn_learner *learner)
{
    return learner->factor.pairs;
}

uint64_t lattn_learner_generation(const struct lattn_learner *learner)
{
    return learner->factor.generation;
}

int32_t lattn_learner_dim(const struct lattn_learner *learner)
{
    return learner->d;
}

int32_t lattn_learner_outputs(const struct lattn_learner *learner)
{
    return learner->m;
}

int32_t lattn_learner_heads_max(const struct lattn_learner *learner)
{
    return lattn_heads_max(learner->d, learner->m);
}

size_t lattn_learner_memory(const struct lattn_learner *learner)
{
    return sizeof *learner + learner->factor.bytes;
}

const struct lattn_names *lattn_learner_names(const struct lattn_learner *learner)
{
    return &learner->names;
}

/* ---- names --------------------------------------------------------------------------------- */

/* What a request for names asks for. */
struct naming {
    const char *const *append;
    size_t append_count;
    const char *const *outputs;
    size_t outputs_count;
    const struct lattn_block *blocks;
    size_t blocks_count;
};

/* Two names of one request that are the same cannot both be meant. */
static enum lattn_status names_differ(const char *what, const char *const *names, size_t count,
                                      struct lattn_complaint *complaint)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(names[i], names[j]) == 0)
                return complain(complaint, LATTN_NAME, "%s \"%.40s\" comes twice, at %zu and %zu",
                                what, names[i], j, i);
    return LATTN_OK;
}

static enum lattn_status naming_check(const struct naming *naming,
                                      struct lattn_complaint *complaint)
{
    enum lattn_status status =
        names_differ("coordinate", naming->append, naming->append_count, complaint);

    if (status == LATTN_OK)
        status = names_differ("output", naming->outputs, naming->outputs_count, complaint);
    for (size_t i = 1; status == LATTN_OK && i < naming->blocks_count; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(naming->blocks[i].name, naming->blocks[j].name) == 0)
                return complain(complaint, LATTN_NAME,
                                "block \"%.40s\" comes twice, at %zu and %zu",
                                naming->blocks[i].name, j, i);
    return status;
}

static enum lattn_status names_add(struct lattn_names *names, const struct naming *naming,
                                   int32_t *ret_coordinates, int32_t *ret_outputs,
                                   struct lattn_complaint *complaint)
{
    for (size_t i = 0; i < naming->append_count; i++) {
        enum lattn_status status =
            lattn_names_coordinate(names, naming->append[i], &ret_coordinates[i]);

        if (status != LATTN_OK)
            return complain(complaint, status, "coordinate \"%.40s\": %s", naming->append[i],
                            lattn_status_text(status));
    }
    for (size_t i = 0; i < naming->outputs_count; i++) {
        enum lattn_status status = lattn_names_output(names, naming->outputs[i], &ret_outputs[i]);

        if (status != LATTN_OK)
            return complain(complaint, status, "output \"%.40s\": %s", naming->outputs[i],
                            lattn_status_text(status));
    }
    for (size_t i = 0; i < naming->blocks_count; i++) {
        enum lattn_status status = lattn_names_block(names, &naming->blocks[i]);

        if (status != LATTN_OK)
            return complain(complaint, status, "block \"%.40s\": %s", naming->blocks[i].name,
                            lattn_status_text(status));
    }
    return LATTN_OK;
}

/* Let d and m be what the names ask for; remember the sizes that were right until now. */
static enum lattn_status names_apply(struct lattn_learner *learner, const struct lattn_names *names)
{
    int32_t m = names->outputs_count;
    /* The name of the bias alone does not say how many coordinates there are. */
    int32_t d =
        names->coordinates_count > learner->settings.bias ? names->coordinates_count : learner->d;

    if (d > 0 && m > 0 && (d != learner->factor.d || m != learner->factor.m)) {
        enum lattn_status status = learner_resize(learner, d, m);

        if (status != LATTN_OK)
            return status;
    }
    if (d > learner->d) {
        learner->dim_was[learner->d] = 1;
        learner->d = d;
    }
    if (m > learner->m) {
        learner->outputs_was[learner->m] = 1;
        learner->m = m;
    }
    return LATTN_OK;
}

enum lattn_status lattn_learner_name(struct lattn_learner *learner, const char *const *append,
                                     size_t append_count, const char *const *outputs,
                                     size_t outputs_count, const struct lattn_block *blocks,
                                     size_t blocks_count, int32_t *ret_coordinates,
                                     int32_t *ret_outputs, struct lattn_complaint *complaint)
{
    const struct naming naming = {append,        append_count, outputs,
                                  outputs_count, blocks,       blocks_count};
    struct lattn_names names;
    enum lattn_status status = naming_check(&naming, complaint);

    if (status != LATTN_OK)
        return status;
    status = lattn_names_copy(&learner->names, &names);
    if (status != LATTN_OK)
        return complain(complaint, status, "%s", lattn_status_text(status));
    /* Coordinates that have no name yet keep their place. */
    status = lattn_names_extend(&names, learner->d > 0 ? learner->d : learner->settings.bias,
                                learner->m);
    if (status == LATTN_OK)
        status = names_add(&names, &naming, ret_coordinates, ret_outputs, complaint);
    if (status == LATTN_OK) {
        status = names_apply(learner, &names);
        if (status != LATTN_OK)
            (void)complain(complaint, status, "%d coordinates and %d outputs: %s",
                           names.coordinates_count, names.outputs_count, lattn_status_text(status));
    }
    if (status != LATTN_OK) {
        lattn_names_done(&names);
        return status;
    }
    lattn_names_done(&learner->names);
    learner->names = names;
    return LATTN_OK;
}

static int are_among(const char *const *wanted, size_t wanted_count, char (*names)[LATTN_NAME_MAX],
                     int32_t count)
{
    size_t found = 0;

    for (size_t i = 0; i < wanted_count; i++)
        for (int32_t j = 0; wanted[i][0] != '\0' && j < count; j++)
            found += strcmp(wanted[i], names[j]) == 0;
    return found == wanted_count;
}

static int blocks_are_among(const struct lattn_block *wanted, size_t wanted_count,
                            const struct lattn_names *names)
{
    size_t found = 0;

    for (size_t i = 0; i < wanted_count; i++)
        for (int32_t j = 0; j < names->blocks_count; j++)
            found += strcmp(wanted[i].name, names->blocks[j].name) == 0 &&
                     wanted[i].start == names->blocks[j].start &&
                     wanted[i].size == names->blocks[j].size;
    return found == wanted_count;
}

int learner_is_named(const struct lattn_learner *learner, const char *const *append,
                     size_t append_count, const char *const *outputs, size_t outputs_count,
                     const struct lattn_block *blocks, size_t blocks_count)
{
    const struct lattn_names *names = &learner->names;
    int32_t d = learner->d > 0 ? learner->d : learner->settings.bias;

    /* Coordinates without a name get their place with the first names. */
    return names->coordinates_count >= d && names->outputs_count >= learner->m &&
           are_among(append, append_count, names->coordinates, names->coordinates_count) &&
           are_among(outputs, outputs_count, names->outputs, names->outputs_count) &&
           blocks_are_among(blocks, blocks_count, names);
}

/* ---- verdict ------------------------------------------------------------------------------- */

double learner_precision(const struct lattn_learner *learner)
{
    return fmax(learner->settings.precision, learner->factor.precision);
}

void lattn_learner_note(struct lattn_learner *learner, const struct lattn_certificate *certificate)
{
    int has_faded = learner->settings.forget < 1 && learner->lost_at != LATTN_NEVER;

    if (certificate->verdict == LATTN_IDENTIFYING) {
        /* A function of more features is another one, and data that faded has to come anew. */
        if (learner->p_identified != certificate->p || has_faded)
            learner->identifying_since = (int64_t)certificate->pairs;
        learner->p_identified = certificate->p;
        learner->lost_at = LATTN_NEVER;
    } else if (learner->identifying_since != LATTN_NEVER && learner->lost_at == LATTN_NEVER) {
        learner->lost_at = (int64_t)certificate->pairs;
    }
}

enum lattn_status lattn_learner_certify(struct lattn_learner *learner,
                                        struct lattn_certificate *ret_certificate)
{
    struct lattn_certificate certificate;
    enum lattn_status status =
        certificate_evaluate(&learner->factor, learner_precision(learner), &certificate);

    if (status != LATTN_OK)
        return status;
    /* Data that determined the function cannot stop doing so; only our view of it can be buried. */
    if (learner->p_identified == certificate.p && learner->settings.forget == 1 &&
        certificate.verdict == LATTN_NOT_IDENTIFYING)
        certificate.verdict = LATTN_CANNOT_TELL;
    if (learner->is_withheld)
        certificate.verdict = LATTN_CANNOT_TELL;
    lattn_learner_note(learner, &certificate);
    certificate.identifying_since = learner->identifying_since;
    certificate.lost_at = learner->lost_at;
    *ret_certificate = certificate;
    return LATTN_OK;
}
