/*
 * Routes label rows to the components their features belong to.
 *
 * A feature enters when it is first nonzero: its column is exactly zero in all past rows, so adding
 * it is exact. Features that are nonzero in one row belong to one component; components that meet
 * are put side by side. A row therefore touches exactly one component, or none if it has no nonzero
 * feature, and R is block diagonal.
 */
#include "core/factor.h"

#include "base/memory.h"
#include "core/certificate.h"
#include "core/dense.h"
#include "core/factor_block.h"
#include "core/factor_fold.h"
#include "core/moment.h"
#include "core/product.h"
#include "core/scales.h"
#include "core/solution.h"
#include "core/standing.h"
#include "core/update.h"

#include <assert.h>
#include <math.h>
#include <string.h>

void factor_init(struct factor *factor, int32_t bias, double forget, double ridge,
                 enum lattn_engine engine)
{
    *factor = (struct factor){.bias = bias, .forget = forget, .ridge = ridge, .engine = engine};
}

void factor_done(struct factor *factor)
{
    size_t memory_max = factor->memory_max;

    for (int32_t i = 0; i < factor->components_count; i++)
        component_close(&factor->components[i]);
    feature_reader_done(&factor->reader);
    memory_release(factor->slots);
    memory_release(factor->scales);
    memory_release(factor->components);
    memory_release(factor->yy);
    memory_release(factor->rss_void);
    memory_release(factor->list_index);
    memory_release(factor->list_value);
    memory_release(factor->work);
    factor_block_close(&factor->block);
    factor_init(factor, factor->bias, factor->forget, factor->ridge, factor->engine);
    factor->memory_max = memory_max;
}

void factor_adjust(struct factor *factor, double ridge, size_t memory_max)
{
    factor->ridge = ridge;
    factor->memory_max = memory_max;
    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL) {
            solution_close(&factor->components[i]->solution);
            factor->components[i]->weights_generation = 0;
        }
}

static int32_t greater(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

size_t factor_bytes_resized(const struct factor *factor, int32_t d, int32_t m)
{
    size_t p = (size_t)feature_count(d);
    size_t bytes = p * (sizeof(struct slot) + sizeof(double)) + feature_reader_bytes(d) +
                   2 * (size_t)m * sizeof(double);

    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL)
            bytes +=
                component_bytes_held(factor->components[i], greater(m, factor->components[i]->m));
    return bytes;
}

/* ---- sizes --------------------------------------------------------------------------------- */

/* Give every column of every component its slot among d coordinates. */
void factor_slots(const struct factor *factor, int32_t d, struct slot *slots)
{
    for (int32_t i = 0; i < factor->components_count; i++) {
        const struct component *component = factor->components[i];

        for (int32_t column = 0; component != NULL && column < component->columns; column++)
            slots[feature_index(d, component->features[column])] =
                (struct slot){(uint32_t)i + 1, column};
    }
}

/* Carry the scales over to the features of d coordinates. */
static void scales_fill(const struct factor *factor, int32_t d, double *scales)
{
    int32_t d_old = factor->d;

    for (int32_t j = 0; j < d_old; j++)
        for (int32_t k = j; k < d_old; k++)
            memcpy(scales + (size_t)feature_pair(d, j, k) * (size_t)d,
                   factor->scales + (size_t)feature_pair(d_old, j, k) * (size_t)d_old,
                   (size_t)d_old * sizeof *scales);
}

/* Arrays of a resized factor, before they replace the old ones. */
struct sizes {
    struct slot *slots;
    double *scales;
    double *yy;
    double *rss_void;
    struct feature_reader reader;
};

static void sizes_done(struct sizes *sizes)
{
    memory_release(sizes->slots);
    memory_release(sizes->scales);
    memory_release(sizes->yy);
    memory_release(sizes->rss_void);
    feature_reader_done(&sizes->reader);
}

static enum lattn_status sizes_make(const struct factor *factor, int32_t d, int32_t m,
                                    struct sizes *sizes)
{
    size_t p = (size_t)feature_count(d);

    *sizes = (struct sizes){0};
    sizes->slots = memory_zeroed(p, sizeof *sizes->slots);
    sizes->scales = memory_zeroed(p, sizeof *sizes->scales);
    sizes->yy = memory_zeroed((size_t)m, sizeof *sizes->yy);
    sizes->rss_void = memory_zeroed((size_t)m, sizeof *sizes->rss_void);
    if (sizes->slots == NULL || sizes->scales == NULL || sizes->yy == NULL ||
        sizes->rss_void == NULL ||
        feature_reader_init(&sizes->reader, d, factor->bias) != LATTN_OK) {
        sizes_done(sizes);
        return LATTN_NO_MEMORY;
    }
    factor_slots(factor, d, sizes->slots);
    if (factor->d > 0) {
        scales_fill(factor, d, sizes->scales);
        memcpy(sizes->yy, factor->yy, (size_t)factor->m * sizeof *sizes->yy);
        memcpy(sizes->rss_void, factor->rss_void, (size_t)factor->m * sizeof *sizes->rss_void);
    }
    return LATTN_OK;
}

enum lattn_status factor_scratch_reserve(struct factor *factor, int32_t capacity, int32_t m)
{
    size_t room = factor_scratch_room(capacity, m);
    double *work;

    if (room <= factor->work_room)
        return LATTN_OK;
    work = memory_raw(room, sizeof *work);
    if (work == NULL)
        return LATTN_NO_MEMORY;
    memory_release(factor->work);
    factor->work = work;
    factor->work_room = room;
    return LATTN_OK;
}

enum lattn_status factor_list_widen(struct factor *factor, size_t room)
{
    int32_t *list_index;
    double *list_value;

    if (room <= factor->list_room)
        return LATTN_OK;
    list_index = memory_raw(room, sizeof *list_index);
    list_value = memory_raw(room, sizeof *list_value);
    if (list_index == NULL || list_value == NULL) {
        memory_release(list_index);
        memory_release(list_value);
        return LATTN_NO_MEMORY;
    }
    memory_release(factor->list_index);
    memory_release(factor->list_value);
    factor->list_index = list_index;
    factor->list_value = list_value;
    factor->list_room = room;
    return LATTN_OK;
}

enum lattn_status factor_list_reserve(struct factor *factor, const struct feature_view *view)
{
    size_t support = (size_t)view->support_count;

    return factor_list_widen(factor, support * (support + 1) / 2 * (size_t)view->query_count + 1);
}

enum lattn_status factor_resize(struct factor *factor, int32_t d, int32_t m)
{
    struct sizes sizes;
    enum lattn_status status;

    assert(d >= factor->d && m >= factor->m && d >= 1 && m >= 1);
    if (d == factor->d && m == factor->m)
        return LATTN_OK;
    for (int32_t i = 0; i < factor->components_count; i++) {
        struct component *component = factor->components[i];

        if (component == NULL)
            continue;
        /* Outputs beyond m that an earlier, refused call left behind do no harm: they are zero. */
        status = component_reserve(component, component->columns, greater(m, component->m));
        if (status == LATTN_OK)
            status = factor_scratch_reserve(factor, component->capacity, component->m);
        if (status != LATTN_OK)
            return status;
    }
    status = sizes_make(factor, d, m, &sizes);
    if (status != LATTN_OK)
        return status;
    for (int32_t i = 0; i < factor->components_count && d != factor->d; i++)
        if (factor->components[i] != NULL)
            factor->components[i]->identity = 0;
    memory_release(factor->slots);
    memory_release(factor->scales);
    memory_release(factor->yy);
    memory_release(factor->rss_void);
    feature_reader_done(&factor->reader);
    factor->slots = sizes.slots;
    factor->scales = sizes.scales;
    factor->yy = sizes.yy;
    factor->rss_void = sizes.rss_void;
    factor->reader = sizes.reader;
    factor->bytes = factor_bytes_resized(factor, d, m);
    factor->d = d;
    factor->m = m;
    factor->generation++;
    return LATTN_OK;
}

enum lattn_status factor_expand(struct factor *factor, struct component *component)
{
    enum lattn_status status = factor_scratch_reserve(factor, component->columns, component->m);

    if (status == LATTN_OK)
        status = component_expand(component, certificate_rounding(factor));
    if (status == LATTN_OK)
        factor->bytes = factor_bytes_resized(factor, factor->d, factor->m);
    return status;
}

/* ---- learning ------------------------------------------------------------------------------ */

int factor_is_dense(const struct factor *factor)
{
    return factor->components_count > 0 && factor->components[0] != NULL &&
           factor->components[0]->identity;
}

int factor_component_is_identity(const struct factor *factor, const struct component *component)
{
    if (component->columns != feature_count(factor->d))
        return 0;
    for (int32_t i = 0; i < component->columns; i++)
        if (feature_index(factor->d, component->features[i]) != i)
            return 0;
    return 1;
}

const double *factor_inverse_scales(struct factor *factor, const struct component *component)
{
    double *inverse = factor_scratch(factor, component).inverse;
    /* With forgetting, the long-run mean: a direction that stops occurring keeps its scale. */
    double share = factor->weight_ever > 0 ? factor->weight / factor->weight_ever : 0;

    for (int32_t i = 0; i < component->columns; i++) {
        double square = factor->scales[feature_index(factor->d, component->features[i])] * share;

        inverse[i] = square > 0 ? 1 / sqrt(square) : 0;
    }
    return inverse;
}

enum lattn_status factor_look(struct factor *factor)
{
    for (int32_t i = 0; i < factor->components_count; i++) {
        enum lattn_status status = LATTN_OK;

        if (factor->components[i] != NULL)
            status = component_look(factor->components[i], factor->forget, factor->pairs,
                                    certificate_rounding(factor));
        if (status != LATTN_OK)
            return status;
    }
    return LATTN_OK;
}

/* Add m numbers that have faded up to `time`, as they are at present. */
static void faded_add(const struct factor *factor, const double *numbers, uint64_t time,
                      double *sums)
{
    dense_add(factor->m, pow(factor->forget, (double)(factor->pairs - time)), numbers, sums);
}

void factor_residual(const struct factor *factor, double *ret_rss)
{
    for (int32_t a = 0; a < factor->m; a++)
        ret_rss[a] = factor->rss_void[a];
    for (int32_t i = 0; i < factor->components_count; i++) {
        const struct component *component = factor->components[i];
        const double *held = component == NULL ? NULL : solution_residual(component);

        if (component == NULL)
            continue;
        faded_add(factor, component->rss,
                  component->moment != NULL ? component_time(component) : component->time, ret_rss);
        if (held != NULL)
            faded_add(factor, held, component->solution->time, ret_rss);
    }
}

/* ---- copy ---------------------------------------------------------------------------------- */

/* The component that stands in this place; NULL where there is none. */
static struct component *component_at(const struct factor *factor, int32_t place)
{
    return place < factor->components_count ? factor->components[place] : NULL;
}

/* Close what will not be used again, before there is anything new. */
static void earlier_trim(const struct factor *factor, struct factor *earlier)
{
    for (int32_t i = 0; i < earlier->components_count; i++) {
        const struct component *component = component_at(factor, i);

        if (earlier->components[i] != NULL &&
            (component == NULL || !component_fits(component, earlier->components[i])))
            component_close(&earlier->components[i]);
    }
}

static enum lattn_status components_copy(const struct factor *factor, const struct factor *earlier,
                                         struct factor *copy)
{
    copy->components = memory_zeroed((size_t)factor->components_room, sizeof(struct component *));
    if (copy->components == NULL)
        return LATTN_NO_MEMORY;
    copy->components_room = factor->components_room;
    for (int32_t i = 0; i < factor->components_count; i++) {
        enum lattn_status status;

        copy->components_count = i + 1;
        if (factor->components[i] == NULL)
            continue;
        status =
            component_copy(factor->components[i], earlier != NULL ? component_at(earlier, i) : NULL,
                           &copy->components[i]);
        if (status == LATTN_OK)
            status =
                factor_scratch_reserve(copy, copy->components[i]->capacity, copy->components[i]->m);
        if (status != LATTN_OK)
            return status;
    }
    return LATTN_OK;
}

static void numbers_copy(const struct factor *factor, struct factor *copy)
{
    size_t m = (size_t)factor->m;

    memcpy(copy->scales, factor->scales, (size_t)feature_count(factor->d) * sizeof *copy->scales);
    memcpy(copy->yy, factor->yy, m * sizeof *copy->yy);
    memcpy(copy->rss_void, factor->rss_void, m * sizeof *copy->rss_void);
    copy->tokens_max = factor->tokens_max;
    copy->precision = factor->precision;
    copy->weight = factor->weight;
    copy->weight2 = factor->weight2;
    copy->weight_ever = factor->weight_ever;
    copy->pairs = factor->pairs;
    copy->progressive_sum = factor->progressive_sum;
    copy->progressive_weight = factor->progressive_weight;
    copy->recent_sum = factor->recent_sum;
    copy->recent_weight = factor->recent_weight;
    copy->bytes = factor->bytes;
}

enum lattn_status factor_copy(const struct factor *factor, struct factor *earlier,
                              struct factor *ret_copy)
{
    struct factor copy;
    enum lattn_status status;

    factor_init(&copy, factor->bias, factor->forget, factor->ridge, factor->engine);
    if (earlier != NULL)
        earlier_trim(factor, earlier);
    status = components_copy(factor, earlier, &copy);
    if (status == LATTN_OK && factor->d > 0)
        status = factor_resize(&copy, factor->d, factor->m);
    if (status != LATTN_OK) {
        factor_done(&copy);
        return status;
    }
    if (factor->d > 0)
        numbers_copy(factor, &copy);
    copy.generation = factor->generation;
    copy.memory_max = factor->memory_max;
    for (int32_t i = 0; i < factor->components_count; i++)
        if (copy.components[i] != NULL)
            copy.components[i]->identity = factor->components[i]->identity;
    *ret_copy = copy;
    return LATTN_OK;
}

void factor_strip(struct factor *factor)
{
    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL)
            component_strip(factor->components[i]);
}
