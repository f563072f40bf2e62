/*
 * One dense block of the block-diagonal factor. R, C and a spare column for the gain lie side by
 * side in one row-major array, so that the labels ride along with every update as extra columns.
 */
#include "core/component.h"

#include "base/memory.h"
#include "core/nullspace.h"
#include "core/solution.h"
#include "core/update.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    /* Rows folded at once; measured best sizes for small and large factors (src/core/README.md). */
    ROWS_SMALL = 128,
    ROWS_LARGE = 224,
    COLUMNS_LARGE = 1024,
    /* Below this many rows, one rotation per row beats a block. */
    ROWS_SINGLY = 3,
    SPARE = 1
};

int32_t component_rows_max(int32_t capacity)
{
    return capacity < COLUMNS_LARGE ? ROWS_SMALL : ROWS_LARGE;
}

/* Doubles in whole cache lines, which are whole vectors as well. */
static int32_t whole_lines(int32_t count)
{
    return (count + 7) / 8 * 8;
}

/* Whole cache lines, but not a multiple of 128 of doubles: such rows would share cache sets. */
static size_t leading_for(int32_t capacity, int32_t m)
{
    size_t ld = (size_t)whole_lines(capacity + m + SPARE);

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

/* What somebody looked at is not what is there any more, nor what follows from it. */
static void faded_drop(struct component *component)
{
    if (component->faded == NULL)
        return;
    memory_release(component->faded);
    component->faded = NULL;
    solution_close(&component->solution);
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
}

enum lattn_status component_open(struct component **ret_component, int32_t m, uint64_t time)
{
    struct component *component = memory_zeroed(1, sizeof *component);

    if (component == NULL)
        return LATTN_NO_MEMORY;
    component->m = m;
    component->time = time;
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
    faded_drop(closed);
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

/* Arrays for the capacity, m, ld and rows_max that stand in the component; factor is given. */
static enum lattn_status arrays_make(struct component *component, double *factor)
{
    size_t capacity = (size_t)component->capacity;
    size_t rows_max = (size_t)component->rows_max;
    size_t m = (size_t)component->m;

    component->factor = factor;
    component->features = memory_zeroed(capacity, sizeof *component->features);
    component->rss = memory_zeroed(m, sizeof(double));
    component->rows = memory_raw(rows_max * component->ld, sizeof(double));
    component->row_time = memory_raw(rows_max, sizeof *component->row_time);
    component->row_weight = memory_raw(rows_max, sizeof(double));
    component->weights = memory_zeroed(capacity * m, sizeof(double));
    if (component->factor != NULL && component->features != NULL && component->rss != NULL &&
        component->rows != NULL && component->row_time != NULL && component->row_weight != NULL &&
        component->weights != NULL)
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

enum lattn_status component_reserve(struct component *component, int32_t columns, int32_t m)
{
    struct component next = *component;

    assert(component->rows_waiting == 0);
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
    faded_drop(&next);
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
    copy->faded = NULL;
    copy->settled = NULL;
    copy->settled_generation = 0;
    copy->settled_time = 0;
    copy->settled_rows = 0;
    if (arrays_make(copy, factor_make(component, earlier)) != LATTN_OK) {
        memory_release(copy);
        return LATTN_NO_MEMORY;
    }
    factor_repeat(component, copy->factor);
    numbers_copy(component, copy);
    component_unsettle(copy);
    *ret_copy = copy;
    return LATTN_OK;
}

void component_strip(struct component *component)
{
    solution_close(&component->solution);
    nullspace_close(&component->settled);
    faded_drop(component);
}

void component_unsettle(struct component *component)
{
    /* Dense rows leave nothing determined until there are as many as columns. */
    uint64_t rows_open = component->identity ? (uint64_t)component->columns : 1;

    component->is_unsettled = component->rows_seen >= rows_open;
}

/* Move the label columns to where they belong once there are `columns` columns of R. */
static void labels_shift(struct component *component, int32_t columns)
{
    size_t shift = (size_t)(columns - component->columns);

    for (int32_t i = 0; i < component->columns; i++) {
        double *labels = component->factor + (size_t)i * component->ld + component->columns;

        memmove(labels + shift, labels, (size_t)component->m * sizeof *labels);
        memset(labels, 0, shift * sizeof *labels);
    }
}

int32_t component_width(const struct component *component)
{
    return whole_lines(component->columns + component->m);
}

void component_widen(struct component *component, struct feature feature)
{
    int32_t column = component->columns;

    assert(column < component->capacity && component->rows_waiting == 0);
    faded_drop(component);
    labels_shift(component, column + 1);
    memset(component->factor + (size_t)column * component->ld, 0,
           component->ld * sizeof *component->factor);
    component->features[column] = feature;
    component->columns = column + 1;
    component->full = 0;
    component->generation++;
    solution_close(&component->solution);
}

void component_join(struct component *component, const struct component *other)
{
    int32_t before = component->columns;
    int32_t columns = before + other->columns;

    assert(columns <= component->capacity && component->m >= other->m);
    assert(component->time == other->time);
    assert(component->rows_waiting == 0 && other->rows_waiting == 0);
    faded_drop(component);
    labels_shift(component, columns);
    for (int32_t i = 0; i < other->columns; i++) {
        const double *row = other->factor + (size_t)i * other->ld;
        double *copy = component->factor + (size_t)(before + i) * component->ld;

        memset(copy, 0, component->ld * sizeof *copy);
        memcpy(copy + before + i, row + i, (size_t)(other->columns - i) * sizeof *row);
        memcpy(copy + columns, row + other->columns, (size_t)other->m * sizeof *row);
        component->features[before + i] = other->features[i];
    }
    for (int32_t i = 0; i < other->columns; i++)
        memcpy(component->weights + (size_t)(before + i) * (size_t)component->m,
               other->weights + (size_t)i * (size_t)other->m,
               (size_t)other->m * sizeof *other->weights);
    for (int32_t a = 0; a < other->m; a++)
        component->rss[a] += other->rss[a];
    component->columns = columns;
    component->identity = 0;
    component->full = component->full && other->full;
    component->rows_seen += other->rows_seen;
    component->updates = component->updates > other->updates ? component->updates : other->updates;
    component->generation += other->generation + 1;
    solution_close(&component->solution);
}

/* Multiply R and C, wherever they lie; `ret` may be what they are read from. */
static void triangle_scale(const struct component *component, double scale, double *ret)
{
    for (int32_t i = 0; i < component->columns; i++) {
        const double *row = component->factor + (size_t)i * component->ld;
        double *scaled = ret + (size_t)i * component->ld;

        for (int32_t j = i; j < component->columns + component->m; j++)
            scaled[j] = row[j] * scale;
    }
}

void component_decay(struct component *component, double forget, uint64_t time)
{
    double fade;

    assert(time >= component->time);
    if (forget < 1 && time > component->time) {
        fade = pow(forget, (double)(time - component->time) / 2);
        triangle_scale(component, fade, component->factor);
        for (int32_t a = 0; a < component->m; a++)
            component->rss[a] *= fade * fade;
    }
    faded_drop(component);
    component->time = time;
}

void component_retime(struct component *component, uint64_t time)
{
    component_strip(component);
    component->time = time;
    component->weights_generation = 0;
    component->full = 0;
    component->settled_generation = 0;
    component->settled_time = 0;
    component->settled_rows = 0;
    component->generation++;
    component_unsettle(component);
}

enum lattn_status component_look(struct component *component, double forget, uint64_t time)
{
    assert(time >= component->time);
    if (forget == 1 || time == component_time(component))
        return LATTN_OK;
    if (component->faded == NULL)
        component->faded =
            memory_zeroed((size_t)component->capacity * component->ld, sizeof *component->faded);
    if (component->faded == NULL)
        return LATTN_NO_MEMORY;
    triangle_scale(component, pow(forget, (double)(time - component->time) / 2), component->faded);
    component->faded_time = time;
    return LATTN_OK;
}

uint64_t component_time(const struct component *component)
{
    return component->faded != NULL ? component->faded_time : component->time;
}

static void rows_fade(struct component *component, double forget, uint64_t time)
{
    for (int32_t i = 0; i < component->rows_waiting; i++) {
        double fade = pow(forget, (double)(time - component->row_time[i]) / 2);
        double *row = component->rows + (size_t)i * component->ld;

        for (int32_t j = 0; j < component->columns + component->m; j++)
            row[j] *= fade;
    }
}

static void residual_add(struct component *component)
{
    for (int32_t i = 0; i < component->rows_waiting; i++) {
        const double *residual = component->rows + (size_t)i * component->ld + component->columns;

        for (int32_t a = 0; a < component->m; a++)
            component->rss[a] += residual[a] * residual[a];
    }
}

/* One row with an extra right-hand side: 0 above, 1 in the row; it becomes R+^-T phi. */
static void row_absorb_gain(struct component *component, double *ret_gain)
{
    int32_t spare = component->columns + component->m;

    for (int32_t i = 0; i < component->columns; i++)
        component->factor[(size_t)i * component->ld + (size_t)spare] = 0;
    component->rows[spare] = 1;
    update_row(component->columns, component->m + SPARE, component->factor, component->ld,
               component->rows);
    for (int32_t i = 0; i < component->columns; i++)
        ret_gain[i] = component->factor[(size_t)i * component->ld + (size_t)spare];
}

void component_absorb(struct component *component, double forget, uint64_t time, double *work,
                      double *ret_gain)
{
    int32_t rows = component->rows_waiting;

    assert(rows > 0 && component->columns > 0);
    component_decay(component, forget, time);
    if (forget < 1)
        rows_fade(component, forget, time);
    if (ret_gain != NULL && rows == 1) {
        row_absorb_gain(component, ret_gain);
    } else if (rows < ROWS_SINGLY) {
        for (int32_t i = 0; i < rows; i++)
            update_row(component->columns, component->m, component->factor, component->ld,
                       component->rows + (size_t)i * component->ld);
    } else {
        update_block(component->columns, component_width(component) - component->columns, rows,
                     component->factor, component->ld, component->rows, component->ld, work);
    }
    residual_add(component);
    component->updates += rows < ROWS_SINGLY ? (uint64_t)rows : 1;
    component->generation++;
    component->rows_waiting = 0;
}

const double *component_triangle(const struct component *component, size_t *ret_ld)
{
    *ret_ld = component->ld;
    return component->faded != NULL ? component->faded : component->factor;
}

enum lattn_status component_check(const struct component *component)
{
    if (component->columns < 0 || component->columns > component->capacity ||
        component->ld != leading_for(component->capacity, component->m))
        return LATTN_SHAPE;
    for (int32_t i = 0; i < component->columns; i++) {
        const double *row = component->factor + (size_t)i * component->ld;

        for (int32_t j = i; j < component->columns + component->m; j++)
            if (!isfinite(row[j]))
                return LATTN_NOT_FINITE;
    }
    return LATTN_OK;
}
