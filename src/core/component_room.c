/*
 * The memory of a component, in either form, and the way from one form to the other.
 */
#include "core/component.h"

#include "base/memory.h"
#include "core/moment.h"
#include "core/moment_root.h"
#include "core/moment_turn.h"
#include "core/nullspace.h"
#include "core/product.h"
#include "core/solution.h"
#include "core/weights.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* Rows folded at once; measured best sizes for small and large factors (src/core/README.md). */
    ROWS_SMALL = 128,
    ROWS_LARGE = 224,
    COLUMNS_LARGE = 1024,
    /* Blocks that go one behind the other: of large factors two are a panel of many apart. */
    BLOCKS_SMALL = 4,
    BLOCKS_LARGE = 2,
    SPARE = 1 /* column, for the gain */
};

int32_t component_rows_block(int32_t capacity)
{
    return capacity < COLUMNS_LARGE ? ROWS_SMALL : ROWS_LARGE;
}

int32_t component_rows_max(int32_t capacity)
{
    int32_t blocks = capacity < COLUMNS_LARGE ? BLOCKS_SMALL : BLOCKS_LARGE;

    return component_rows_block(capacity) * (capacity < COMPONENT_SHARED_MIN ? 1 : blocks);
}

int32_t component_rows_due(const struct component *component)
{
    /* At first the weights at hand would be none for too long. */
    int is_young = component->rows_seen < (uint64_t)component->rows_max;

    return component->moment == NULL && is_young ? component_rows_block(component->capacity)
                                                 : component->rows_max;
}

/* Whole cache lines, but not a multiple of 128 of doubles: such rows would share cache sets. */
static size_t leading_for(int32_t capacity, int32_t m)
{
    size_t ld = memory_lines(capacity + m + SPARE);

    return ld % 128 == 0 ? ld + 8 : ld;
}

size_t component_bytes(int32_t capacity, int32_t m)
{
    size_t ld = leading_for(capacity, m);
    size_t rows = (size_t)component_rows_max(capacity);

    return sizeof(struct component) + (size_t)m * sizeof(double) +
           (size_t)capacity * (ld * sizeof(double) + sizeof(struct feature)) +
           rows * (ld * sizeof(double) + sizeof(uint64_t) + sizeof(double)) +
           (size_t)capacity * (size_t)m * sizeof(double);
}

int32_t component_capacity(int32_t capacity, int32_t columns)
{
    int32_t reserve = capacity + capacity / 4;

    if (columns <= capacity)
        return capacity;
    return columns > reserve ? columns : reserve;
}

size_t component_bytes_moment(int32_t d, int32_t e, int32_t m)
{
    size_t columns = (size_t)d * (size_t)(d + 1) / 2 * (size_t)e;

    return sizeof(struct component) + moment_bytes(d, e, m) + columns * sizeof(struct feature) +
           (columns + 1) * (size_t)m * sizeof(double) +
           MOMENT_ROWS * (sizeof(uint64_t) + sizeof(double));
}

size_t component_bytes_shown(int32_t columns, int32_t m)
{
    return (size_t)columns * leading_for(columns, m) * sizeof(double);
}

size_t component_bytes_held(const struct component *component, int32_t m)
{
    if (component->moment == NULL)
        return component_bytes(component->capacity, m);
    return component_bytes_moment(component->moment->d, component->moment->e, m);
}

int32_t component_width(const struct component *component)
{
    return (int32_t)memory_lines(component->columns + component->m);
}

static void arrays_release(struct component *component)
{
    memory_release(component->factor);
    memory_release(component->features);
    memory_release(component->rss);
    memory_release(component->rows);
    memory_release(component->row_time);
    memory_release(component->row_weight);
    memory_release(component->weights);
    component->factor = NULL;
    component->features = NULL;
    component->rss = NULL;
    component->rows = NULL;
    component->row_time = NULL;
    component->row_weight = NULL;
    component->weights = NULL;
}

enum lattn_status component_open(struct component **ret_component, int32_t m, uint64_t time)
{
    struct component *component = memory_zeroed(1, sizeof *component);

    if (component == NULL)
        return LATTN_NO_MEMORY;
    component->m = m;
    component->time = time;
    component->rho = 1;
    component->rss = memory_zeroed((size_t)m, sizeof(double));
    if (component->rss == NULL) {
        component_close(&component);
        return LATTN_NO_MEMORY;
    }
    *ret_component = component;
    return LATTN_OK;
}

void component_close(struct component **component)
{
    struct component *closed = *component;

    *component = NULL;
    if (closed == NULL)
        return;
    solution_close(&closed->solution);
    nullspace_close(&closed->settled);
    component_look_away(closed);
    moment_close(&closed->moment);
    arrays_release(closed);
    memory_release(closed);
}

/* Copy R and C into an array of another shape; what is new there is zero. */
static void factor_copy(const struct component *from, double *factor, size_t ld, int32_t columns)
{
    for (int32_t i = 0; i < from->columns; i++) {
        const double *row = from->factor + (size_t)i * from->ld;
        double *copy = factor + (size_t)i * ld;

        memcpy(copy + i, row + i, (size_t)(from->columns - i) * sizeof *row);
        memcpy(copy + columns, row + from->columns, (size_t)from->m * sizeof *row);
    }
}

/*
 * Arrays for the capacity, m, ld and rows_max that stand in the component; factor is given. The
 * information form has no factor, and its rows are kept by the moment.
 */
static enum lattn_status arrays_make(struct component *component, double *factor)
{
    size_t capacity = (size_t)component->capacity;
    size_t rows_max = (size_t)component->rows_max;
    size_t row = component->moment == NULL ? component->ld : 0;
    size_t m = (size_t)component->m;

    component->factor = factor;
    component->features = memory_zeroed(capacity, sizeof *component->features);
    component->rss = memory_zeroed(m, sizeof(double));
    component->rows = memory_raw(rows_max * row, sizeof(double));
    component->row_time = memory_raw(rows_max, sizeof *component->row_time);
    component->row_weight = memory_raw(rows_max, sizeof(double));
    component->weights = memory_zeroed(capacity * m, sizeof(double));
    if ((component->factor != NULL || component->moment != NULL) && component->features != NULL &&
        component->rss != NULL && component->rows != NULL && component->row_time != NULL &&
        component->row_weight != NULL && component->weights != NULL)
        return LATTN_OK;
    arrays_release(component);
    return LATTN_NO_MEMORY;
}

/* Copy what the other arrays hold into larger ones; waiting rows are none. */
static void numbers_copy(const struct component *from, struct component *to)
{
    size_t columns = (size_t)from->columns;
    size_t m = (size_t)from->m;

    if (columns > 0)
        memcpy(to->features, from->features, columns * sizeof *to->features);
    memcpy(to->rss, from->rss, m * sizeof *to->rss);
    for (size_t i = 0; i < columns; i++)
        memcpy(to->weights + i * (size_t)to->m, from->weights + i * m, m * sizeof *to->weights);
}

/* Room for outputs in information form. */
static enum lattn_status moment_reserve(struct component *component, int32_t m)
{
    struct component next = *component;

    next.m = m;
    next.ld = leading_for(next.capacity, m);
    if (m == component->m)
        return LATTN_OK;
    if (arrays_make(&next, NULL) != LATTN_OK)
        return LATTN_NO_MEMORY;
    if (moment_widen(component->moment, m) != LATTN_OK) {
        arrays_release(&next);
        return LATTN_NO_MEMORY;
    }
    numbers_copy(component, &next);
    arrays_release(component);
    component_look_away(&next);
    solution_close(&next.solution);
    *component = next;
    return LATTN_OK;
}

enum lattn_status component_reserve(struct component *component, int32_t columns, int32_t m)
{
    struct component next = *component;

    assert(component->rows_waiting == 0);
    if (component->moment != NULL) {
        assert(columns == component->columns);
        return moment_reserve(component, m);
    }
    next.capacity = component_capacity(component->capacity, columns);
    next.m = m;
    next.ld = leading_for(next.capacity, m);
    next.rows_max = component_rows_max(next.capacity);
    if (next.capacity == component->capacity && m == component->m)
        return LATTN_OK;
    if (arrays_make(&next, memory_zeroed((size_t)next.capacity * next.ld, sizeof(double))) !=
        LATTN_OK)
        return LATTN_NO_MEMORY;
    factor_copy(component, next.factor, next.ld, component->columns);
    numbers_copy(component, &next);
    arrays_release(component);
    component_look_away(&next);
    if (m != component->m)
        solution_close(&next.solution);
    *component = next;
    return LATTN_OK;
}

/* The same in the same shape, with what stands behind the labels: all that an update may read. */
static void factor_repeat(const struct component *from, double *factor)
{
    size_t width = (size_t)component_width(from);

    for (size_t i = 0; i < (size_t)from->columns; i++)
        memcpy(factor + i * from->ld + i, from->factor + i * from->ld + i,
               (width - i) * sizeof *factor);
}

int component_fits(const struct component *component, const struct component *earlier)
{
    if (component->moment != NULL || earlier->moment != NULL)
        return component->moment != NULL && earlier->moment != NULL &&
               component->columns == earlier->columns && component->m == earlier->m;
    return earlier->factor != NULL && earlier->capacity == component->capacity &&
           earlier->ld == component->ld;
}

/*
 * Memory for the factor of a copy: that of an earlier one, or else pages that nobody has touched,
 * of which the triangle needs but half. To touch them takes twice as long as to fill them.
 */
static double *factor_make(const struct component *component, struct component *earlier)
{
    double *factor;

    if (component->moment != NULL)
        return NULL;
    if (earlier == NULL || !component_fits(component, earlier))
        return memory_raw((size_t)component->capacity * component->ld, sizeof *factor);
    factor = earlier->factor;
    earlier->factor = NULL;
    return factor;
}

enum lattn_status component_copy(const struct component *component, struct component *earlier,
                                 struct component **ret_copy)
{
    struct component *copy = memory_raw(1, sizeof *copy);

    assert(component->rows_waiting == 0);
    if (copy == NULL)
        return LATTN_NO_MEMORY;
    *copy = *component;
    copy->meets = 0;
    copy->solution = NULL;
    copy->shown = NULL;
    copy->rest = NULL;
    copy->settled = NULL;
    copy->settled_generation = 0;
    copy->settled_time = 0;
    copy->settled_rows = 0;
    if (component->moment != NULL &&
        moment_copy(component->moment, earlier != NULL ? earlier->moment : NULL, &copy->moment) !=
            LATTN_OK) {
        memory_release(copy);
        return LATTN_NO_MEMORY;
    }
    if (arrays_make(copy, factor_make(component, earlier)) != LATTN_OK) {
        if (component->moment != NULL)
            moment_close(&copy->moment);
        memory_release(copy);
        return LATTN_NO_MEMORY;
    }
    if (component->moment == NULL)
        factor_repeat(component, copy->factor);
    numbers_copy(component, copy);
    component_unsettle(copy);
    *ret_copy = copy;
    return LATTN_OK;
}

enum lattn_status component_check(const struct component *component)
{
    if (component->columns < 0 || component->columns > component->capacity ||
        component->ld != leading_for(component->capacity, component->m))
        return LATTN_SHAPE;
    if (component->moment != NULL)
        return LATTN_OK;
    for (int32_t i = 0; i < component->columns; i++) {
        const double *row = component->factor + (size_t)i * component->ld;

        for (int32_t j = i; j < component->columns + component->m; j++)
            if (!isfinite(row[j]))
                return LATTN_NOT_FINITE;
    }
    return LATTN_OK;
}

/* ---- from one form to the other ------------------------------------------------------------- */

/* How much better than it must be the information form is to be before it is taken. */
static const double condense_margin = 1e3;

enum { SINGULAR_PER_TAU = 10 };

/*
 * The information form of R, for errors of the weights of least squares, which leave no C; the
 * order of the columns is that of a product, d by e.
 */
static enum lattn_status moment_make(const struct component *component, int32_t d, int32_t e,
                                     struct moment **ret_moment)
{
    struct moment *moment;
    enum lattn_status status = moment_open(&moment, d, e, component->m);

    if (status != LATTN_OK)
        return status;
    status = moment_turn_triangle(moment, component->factor, component->ld);
    if (status == LATTN_OK)
        status = moment_add_triangle(moment, component->factor, component->ld);
    if (status != LATTN_OK) {
        moment_close(&moment);
        return status;
    }
    moment_rebase(moment, component->rss);
    moment->rows = component->rows_seen;
    *ret_moment = moment;
    return LATTN_OK;
}

/* Does R come back from it, with room for what is still to come? */
static enum lattn_status moment_holds(const struct moment *moment, size_t ld, double tau,
                                      int *ret_holds)
{
    double *triangle = memory_raw((size_t)moment_features(moment) * ld, sizeof *triangle);
    double *residual = memory_raw((size_t)moment->m, sizeof *residual);
    struct moment_root root;
    enum lattn_status status = LATTN_NO_MEMORY;

    if (triangle != NULL && residual != NULL)
        status = moment_triangle(moment, tau, triangle, ld, residual, &root);
    memory_release(triangle);
    memory_release(residual);
    if (status == LATTN_OK)
        *ret_holds =
            !root.is_cut && root.rho * root.rho > condense_margin * SINGULAR_PER_TAU *
                                                      fmax(tau, moment->noise * DBL_EPSILON);
    return status;
}

/* Let the component have this form, NULL being the square root; factor goes to it, or is lost. */
static enum lattn_status form_take(struct component *component, struct moment *moment,
                                   double *factor)
{
    struct component next = *component;

    next.moment = moment;
    next.capacity = component->columns;
    next.ld = leading_for(next.capacity, next.m);
    next.rows_max = moment != NULL ? MOMENT_ROWS : component_rows_max(next.capacity);
    next.shown = NULL;
    next.rest = NULL;
    next.solution = NULL;
    next.rho = 1;
    if (arrays_make(&next, factor) != LATTN_OK)
        return LATTN_NO_MEMORY;
    numbers_copy(component, &next);
    component_look_away(component);
    solution_close(&component->solution);
    moment_close(&component->moment);
    arrays_release(component);
    next.generation++;
    *component = next;
    return LATTN_OK;
}

/* The features in order, where that is a product; else NULL, and *ret_d is 0. */
static enum lattn_status order_find(const struct component *component, struct feature **ret_order,
                                    int32_t *ret_d, int32_t *ret_e)
{
    size_t columns = (size_t)component->columns;
    struct feature *order = memory_raw(columns, sizeof *order);

    *ret_order = NULL;
    *ret_d = 0;
    if (order == NULL)
        return LATTN_NO_MEMORY;
    memcpy(order, component->features, columns * sizeof *order);
    qsort(order, columns, sizeof *order, product_compare);
    if (product_find(order, component->columns, ret_d, ret_e) && *ret_d >= MOMENT_DIM_MIN) {
        *ret_order = order;
        return LATTN_OK;
    }
    *ret_d = 0;
    memory_release(order);
    return LATTN_OK;
}

enum lattn_status component_condense(struct component *component, double tau, size_t bytes_max)
{
    struct feature *order;
    struct moment *moment = NULL;
    int32_t d, e;
    int holds = 0;
    enum lattn_status status = order_find(component, &order, &d, &e);

    assert(component->moment == NULL && component->rows_waiting == 0);
    if (status != LATTN_OK || d == 0)
        return status;
    if (component_bytes_moment(d, e, component->m) > bytes_max) {
        memory_release(order);
        return LATTN_OK;
    }
    if (memcmp(order, component->features, (size_t)component->columns * sizeof *order) != 0)
        status = component_sort(component, order);
    memory_release(order);
    if (status == LATTN_OK)
        status = moment_make(component, d, e, &moment);
    if (status == LATTN_OK)
        status = moment_holds(moment, component->ld, tau, &holds);
    if (status == LATTN_OK && holds) {
        weights_full(component, component->weights);
        status = form_take(component, moment, NULL);
    }
    if (status != LATTN_OK || !holds)
        moment_close(&moment);
    return status;
}

enum lattn_status component_expand(struct component *component, double tau)
{
    size_t ld = leading_for(component->columns, component->m);
    double *factor = memory_zeroed((size_t)component->columns * ld, sizeof *factor);
    double *residual = memory_raw((size_t)component->m, sizeof *residual);
    struct moment_root root;
    enum lattn_status status = LATTN_NO_MEMORY;

    assert(component->moment != NULL && component->rows_waiting == 0);
    if (factor != NULL && residual != NULL)
        status = moment_triangle(component->moment, tau, factor, ld, residual, &root);
    if (status != LATTN_OK) {
        memory_release(factor);
        memory_release(residual);
        return status;
    }
    component_unbase(component, factor, ld);
    status = form_take(component, NULL, factor);
    if (status == LATTN_OK) {
        memcpy(component->rss, residual, (size_t)component->m * sizeof *residual);
        component->is_cut = root.is_cut;
        component->full = component->full && !root.is_cut;
    }
    memory_release(residual);
    return status;
}

enum lattn_status component_open_moment(struct component **ret_component, int32_t d, int32_t e,
                                        int32_t m, uint64_t time)
{
    int32_t columns = d * (d + 1) / 2 * e;
    struct component *component;
    enum lattn_status status = component_open(&component, m, time);

    if (status != LATTN_OK)
        return status;
    memory_release(component->rss);
    component->rss = NULL;
    component->columns = columns;
    component->capacity = columns;
    component->ld = leading_for(columns, m);
    component->rows_max = MOMENT_ROWS;
    status = moment_open(&component->moment, d, e, m);
    if (status == LATTN_OK)
        status = arrays_make(component, NULL);
    if (status != LATTN_OK) {
        component_close(&component);
        return status;
    }
    *ret_component = component;
    return LATTN_OK;
}
