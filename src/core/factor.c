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
#include "core/scales.h"
#include "core/solution.h"
#include "core/standing.h"
#include "core/update.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Weight of the past in the recent loss: a memory of 1000 pairs. */
static const double recent_keep = 1 - 1e-3;

void factor_init(struct factor *factor, int32_t bias, double forget, double ridge)
{
    *factor = (struct factor){.bias = bias, .forget = forget, .ridge = ridge};
}

void factor_done(struct factor *factor)
{
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
    factor_init(factor, factor->bias, factor->forget, factor->ridge);
}

void factor_adjust(struct factor *factor, double ridge)
{
    factor->ridge = ridge;
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
            bytes += component_bytes(factor->components[i]->capacity,
                                     greater(m, factor->components[i]->m));
    return bytes;
}

/* ---- sizes --------------------------------------------------------------------------------- */

/* Give every column of every component its slot among d coordinates. */
static void slots_fill(const struct factor *factor, int32_t d, struct slot *slots)
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
    slots_fill(factor, d, sizes->slots);
    if (factor->d > 0) {
        scales_fill(factor, d, sizes->scales);
        memcpy(sizes->yy, factor->yy, (size_t)factor->m * sizeof *sizes->yy);
        memcpy(sizes->rss_void, factor->rss_void, (size_t)factor->m * sizeof *sizes->rss_void);
    }
    return LATTN_OK;
}

/* Where the parts of a fold's scratch lie; the block update wants the aligned start. */
struct scratch {
    double *update;
    double *errors;  /* rows_max x m: innovations */
    double *gain;    /* columns */
    double *inverse; /* columns: 1 / D */
};

static size_t scratch_room(int32_t capacity, int32_t m)
{
    int32_t rows_max = component_rows_max(capacity);

    return update_workspace(rows_max) + (size_t)rows_max * (size_t)m + 2 * (size_t)capacity;
}

static struct scratch scratch_layout(double *work, const struct component *component)
{
    size_t update = update_workspace(component->rows_max);
    size_t errors = (size_t)component->rows_max * (size_t)component->m;
    size_t columns = (size_t)component->capacity;

    return (struct scratch){
        .update = work,
        .errors = work + update,
        .gain = work + update + errors,
        .inverse = work + update + errors + columns,
    };
}

enum lattn_status factor_scratch_reserve(struct factor *factor, int32_t capacity, int32_t m)
{
    size_t room = scratch_room(capacity, m);
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
    double *inverse = scratch_layout(factor->work, component).inverse;
    /* With forgetting, the long-run mean: a direction that stops occurring keeps its scale. */
    double share = factor->weight_ever > 0 ? factor->weight / factor->weight_ever : 0;

    for (int32_t i = 0; i < component->columns; i++) {
        double square = factor->scales[feature_index(factor->d, component->features[i])] * share;

        inverse[i] = square > 0 ? 1 / sqrt(square) : 0;
    }
    return inverse;
}

/* Count a squared innovation, weight included. One beyond all doubles cannot be averaged. */
static void loss_take(struct factor *factor, double weight, double square)
{
    if (!isfinite(square))
        return;
    factor->progressive_sum += square;
    factor->progressive_weight += weight;
    factor->recent_sum = recent_keep * factor->recent_sum + square;
    factor->recent_weight = recent_keep * factor->recent_weight + weight;
}

/* Sum the squared innovations of waiting rows, E = Y - Phi W with the weights at hand. */
static void innovations_take(struct factor *factor, const struct component *component,
                             double *errors)
{
    size_t m = (size_t)component->m;
    int32_t columns = component->columns;

    for (int32_t i = 0; i < component->rows_waiting; i++)
        memcpy(errors + (size_t)i * m, component->rows + (size_t)i * component->ld + columns,
               m * sizeof *errors);
    if (component->rows_waiting == 1)
        dense_multiply_vector(DENSE_TRANSPOSED, columns, component->m, -1, component->weights, m,
                              component->rows, 1, errors);
    else
        dense_multiply(DENSE_PLAIN, component->rows_waiting, component->m, columns, -1,
                       component->rows, component->ld, component->weights, m, 1, errors, m);
    for (int32_t i = 0; i < component->rows_waiting; i++) {
        double square = 0;

        for (size_t a = 0; a < m; a++)
            square += errors[(size_t)i * m + a] * errors[(size_t)i * m + a];
        loss_take(factor, component->row_weight[i], square);
    }
}

static void component_fold(struct factor *factor, struct component *component)
{
    struct scratch scratch = scratch_layout(factor->work, component);
    int32_t rows = component->rows_waiting;
    uint64_t age = factor->pairs - component->row_time[0];
    double *gain = rows == 1 && component->full && factor->ridge == 0 ? scratch.gain : NULL;

    assert(scratch_room(component->capacity, component->m) <= factor->work_room);
    innovations_take(factor, component, scratch.errors);
    component_absorb(component, factor->forget, factor->pairs, scratch.update, gain);
    /* The gain is that of the row as it was absorbed, faded by its age; so must be its innovation.
     */
    if (gain != NULL && age > 0 && factor->forget < 1)
        for (int32_t a = 0; a < component->m; a++)
            scratch.errors[a] *= pow(factor->forget, (double)age / 2);
    standing_follow(component, rows, gain, scratch.errors, factor_inverse_scales(factor, component),
                    certificate_cut(factor, component), certificate_cut_most(factor), factor->ridge,
                    factor->forget);
}

/* Account for a label row as such, before its features are looked at. */
static void row_count(struct factor *factor, const struct lattn_item *item, const double *y)
{
    double keep = factor->forget;

    factor->pairs++;
    factor->weight = keep * factor->weight + item->weight;
    factor->weight2 = keep * keep * factor->weight2 + item->weight * item->weight;
    factor->weight_ever += item->weight;
    for (int32_t a = 0; a < factor->m; a++) {
        double label = a < item->m ? y[a] : 0;

        factor->yy[a] = keep * factor->yy[a] + item->weight * label * label;
        factor->rss_void[a] *= keep;
    }
}

/* A row without features predicts 0 whatever the weights: its labels are all residual. */
static void row_void(struct factor *factor, const struct lattn_item *item, const double *y)
{
    double sum = 0;

    for (int32_t a = 0; a < item->m; a++) {
        double square = item->weight * y[a] * y[a];

        factor->rss_void[a] += square;
        sum += square;
    }
    loss_take(factor, item->weight, sum);
}

static struct component *row_component(struct factor *factor, const struct feature_view *view,
                                       int32_t *ret_count)
{
    if (factor_is_dense(factor))
        return factor->components[0];
    *ret_count = feature_list(factor->d, view, factor->list_index, factor->list_value);
    if (*ret_count == 0)
        return NULL;
    return factor->components[factor->slots[factor->list_index[0]].component - 1];
}

static void row_write(struct factor *factor, struct component *component,
                      const struct lattn_item *item, const struct feature_view *view, int32_t count)
{
    double *row = component->rows + (size_t)component->rows_waiting * component->ld;
    double scale = item->weight == 1 ? 1 : sqrt(item->weight);
    int32_t width = component_width(component);

    if (component->identity) {
        feature_row(factor->d, view, scale, row);
    } else {
        memset(row, 0, (size_t)component->columns * sizeof *row);
        for (int32_t i = 0; i < count; i++)
            row[factor->slots[factor->list_index[i]].column] = scale * factor->list_value[i];
    }
    for (int32_t a = 0; a < component->m; a++)
        row[component->columns + a] = a < item->m ? scale * view->y[a] : 0;
    for (int32_t i = component->columns + component->m; i < width; i++)
        row[i] = 0;
    component->row_weight[component->rows_waiting] = item->weight;
    component->row_time[component->rows_waiting++] = factor->pairs;
}

void factor_take(struct factor *factor, const struct lattn_item *item, factor_look_fn look,
                 void *look_arg)
{
    struct feature_view view;

    feature_reader_start(&factor->reader, item);
    while (feature_reader_next(&factor->reader, &view)) {
        int32_t count = 0;
        struct component *component;

        row_count(factor, item, view.y);
        scales_add(factor->d, &view, item->weight, factor->scales);
        component = row_component(factor, &view, &count);
        if (look != NULL)
            look(look_arg, item, &view, component, count);
        if (component == NULL) {
            row_void(factor, item, view.y);
            continue;
        }
        row_write(factor, component, item, &view, count);
        if (component->rows_waiting == component->rows_max)
            component_fold(factor, component);
    }
    factor->tokens_max = greater(factor->tokens_max, item->n);
    factor->precision = fmax(factor->precision, item->precision);
}

void factor_fold(struct factor *factor)
{
    for (int32_t i = 0; i < factor->components_count; i++)
        if (factor->components[i] != NULL && factor->components[i]->rows_waiting > 0)
            component_fold(factor, factor->components[i]);
    factor->generation++;
}

void factor_absorb(struct factor *factor, const struct lattn_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        factor_take(factor, &batch->items[i], NULL, NULL);
    factor_fold(factor);
}

enum lattn_status factor_look(struct factor *factor)
{
    for (int32_t i = 0; i < factor->components_count; i++) {
        enum lattn_status status = LATTN_OK;

        if (factor->components[i] != NULL)
            status = component_look(factor->components[i], factor->forget, factor->pairs);
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
        faded_add(factor, component->rss, component->time, ret_rss);
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

    factor_init(&copy, factor->bias, factor->forget, factor->ridge);
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
