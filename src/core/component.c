/*
 * One dense block of the block-diagonal factor. R, C and a spare column for the gain lie side by
 * side in one row-major array, so that the labels ride along with every update as extra columns.
 * In information form a moment stands in their place.
 */
#include "core/component.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/moment.h"
#include "core/moment_root.h"
#include "core/moment_turn.h"
#include "core/nullspace.h"
#include "core/solution.h"
#include "core/update.h"
#include "core/update_wave.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    /* Below this many rows, one rotation per row beats a block. */
    ROWS_SINGLY = 3,
    /* Coordinates of the information form are looked at after so many rows, and so many columns. */
    ROWS_PER_TURN = 64,
    SPARE = 1
};

void component_look_away(struct component *component)
{
    if (component->shown == NULL && component->rest == NULL)
        return;
    memory_release(component->shown);
    memory_release(component->rest);
    component->shown = NULL;
    component->rest = NULL;
    solution_close(&component->solution);
}

void component_strip(struct component *component)
{
    solution_close(&component->solution);
    nullspace_close(&component->settled);
    component_look_away(component);
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

struct feature *component_widen(struct component *component, int32_t count)
{
    int32_t before = component->columns;

    assert(before + count <= component->capacity && component->rows_waiting == 0);
    assert(component->moment == NULL);
    component_look_away(component);
    labels_shift(component, before + count);
    memset(component->factor + (size_t)before * component->ld, 0,
           (size_t)count * component->ld * sizeof *component->factor);
    component->columns = before + count;
    component->full = 0;
    component->generation += (uint64_t)count;
    solution_close(&component->solution);
    return component->features + before;
}

void component_join(struct component *component, const struct component *other)
{
    int32_t before = component->columns;
    int32_t columns = before + other->columns;

    assert(columns <= component->capacity && component->m >= other->m);
    assert(component->time == other->time);
    assert(component->rows_waiting == 0 && other->rows_waiting == 0);
    assert(component->moment == NULL && other->moment == NULL);
    component_look_away(component);
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

int32_t component_columns_free(const struct component *component, const double *inverse, double cut)
{
    int32_t free = 0;

    assert(component->moment == NULL);
    while (free < component->columns &&
           fabs(component->factor[(size_t)free * (component->ld + 1)]) * inverse[free] > cut)
        free++;
    return free;
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
        if (component->moment != NULL)
            moment_fade(component->moment, fade * fade);
        else
            triangle_scale(component, fade, component->factor);
        for (int32_t a = 0; a < component->m; a++)
            component->rss[a] *= fade * fade;
    }
    component_look_away(component);
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

int component_is_followed(const struct component *component)
{
    return component->moment == NULL || component->columns <= COMPONENT_ROOT_MAX;
}

int component_is_early(const struct component *component)
{
    return !component_is_followed(component) && component->rows_seen < (uint64_t)component->columns;
}

void component_unbase(const struct component *component, double *triangle, size_t ld)
{
    size_t n = (size_t)component->columns, m = (size_t)component->m;

    for (size_t i = 0; i < n; i++) {
        const double *r = triangle + i * ld;
        double *c = triangle + i * ld + n;

        for (size_t j = i; j < n; j++)
            for (size_t a = 0; a < m; a++)
                c[a] += r[j] * component->weights[j * m + a];
    }
}

void component_rebase(struct component *component)
{
    assert(component->shown_time == component->time);
    dense_triangle_solve_many(DENSE_PLAIN, component->columns, component->m, component->shown,
                              component->ld, component->rest, (size_t)component->m);
    dense_add(component->columns * component->m, 1, component->rest, component->weights);
    moment_rebase(component->moment, component->rss);
}

/*
 * A component whose weights do not follow has sums of labels, not of errors: what is left of those
 * by subtraction is known to tau of them, and below that there is nothing.
 */
static void residual_sift(struct component *component, double fade, double tau)
{
    const struct moment *moment = component->moment;

    if (component_is_followed(component))
        return;
    for (int32_t a = 0; a < component->m; a++)
        if (component->rss[a] <= tau * fade * moment->fade * moment->energy[a])
            component->rss[a] = 0;
}

/* R and C from the information form. */
static enum lattn_status moment_show(struct component *component, double fade, double tau,
                                     double *shown)
{
    struct moment faded = *component->moment;
    struct moment_root root;
    size_t m = (size_t)component->m;
    enum lattn_status status;

    moment_fade(&faded, fade);
    status = moment_triangle(&faded, tau, shown, component->ld, component->rss, &root);
    if (status != LATTN_OK)
        return status;
    for (size_t i = 0; i < (size_t)component->columns; i++)
        memcpy(component->rest + i * m, shown + i * component->ld + component->columns,
               m * sizeof *shown);
    component_unbase(component, shown, component->ld);
    residual_sift(component, fade, tau);
    component->rho = root.rho;
    component->is_cut = root.is_cut;
    return LATTN_OK;
}

/* Does component_triangle show what is there at this time? */
static int is_shown(const struct component *component, uint64_t time)
{
    if (component->moment == NULL)
        return time == component_time(component);
    return component->shown != NULL && component->shown_time == time &&
           component->shown_generation == component->generation;
}

enum lattn_status component_look(struct component *component, double forget, uint64_t time,
                                 double tau)
{
    double fade = forget < 1 ? pow(forget, (double)(time - component->time) / 2) : 1;
    enum lattn_status status = LATTN_OK;

    assert(time >= component->time);
    if (component_is_early(component))
        return LATTN_OK;
    if ((component->moment == NULL && forget == 1) || is_shown(component, time))
        return LATTN_OK;
    if (component->shown == NULL)
        component->shown =
            memory_zeroed((size_t)component->capacity * component->ld, sizeof *component->shown);
    if (component->moment != NULL && component->rest == NULL)
        component->rest =
            memory_raw((size_t)component->columns * (size_t)component->m, sizeof *component->rest);
    if (component->shown == NULL || (component->moment != NULL && component->rest == NULL)) {
        component_look_away(component);
        return LATTN_NO_MEMORY;
    }
    if (component->moment != NULL)
        status = moment_show(component, fade * fade, tau, component->shown);
    else
        triangle_scale(component, fade, component->shown);
    if (status != LATTN_OK) {
        component_look_away(component);
        return status;
    }
    component->shown_time = time;
    component->shown_generation = component->generation;
    return LATTN_OK;
}

uint64_t component_time(const struct component *component)
{
    return component->shown != NULL ? component->shown_time : component->time;
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

/*
 * Tokens of a few rows alone may depend on each other, and would be turned in vain: coordinates are
 * looked at when as many rows have come as there are columns.
 */
static int moment_turn_is_due(const struct component *component)
{
    uint64_t rows = component->moment->rows;
    uint64_t period =
        (uint64_t)(component->columns > ROWS_PER_TURN ? component->columns : ROWS_PER_TURN);

    return rows / period != (rows - (uint64_t)component->rows_waiting) / period;
}

static void moment_rows_absorb(struct component *component, double forget, uint64_t time,
                               struct team *team, double *fades)
{
    for (int32_t i = 0; forget < 1 && i < component->rows_waiting; i++)
        fades[i] = pow(forget, (double)(time - component->row_time[i]));
    moment_absorb(component->moment, component->row_weight, forget < 1 ? fades : NULL, team);
    component->updates++;
    if (moment_turn_is_due(component) && !moment_is_even(component->moment))
        (void)moment_turn(component->moment); /* without memory it stays as it is */
}

static void root_rows_absorb(struct component *component, double forget, uint64_t time,
                             struct team *team, double *work, double *ret_gain)
{
    int32_t rows = component->rows_waiting;
    int32_t block = component_rows_block(component->capacity);

    if (forget < 1)
        rows_fade(component, forget, time);
    if (ret_gain != NULL && rows == 1) {
        row_absorb_gain(component, ret_gain);
    } else if (rows < ROWS_SINGLY) {
        for (int32_t i = 0; i < rows; i++)
            update_row(component->columns, component->m, component->factor, component->ld,
                       component->rows + (size_t)i * component->ld);
    } else {
        update_wave(team, component->columns, component_width(component) - component->columns, rows,
                    block, component->factor, component->ld, component->rows, component->ld, work);
    }
    residual_add(component);
    component->updates += (uint64_t)(rows < ROWS_SINGLY ? rows : update_wave_blocks(rows, block));
}

void component_absorb(struct component *component, double forget, uint64_t time, struct team *team,
                      double *work, double *ret_gain)
{
    assert(component->rows_waiting > 0 && component->columns > 0);
    component_decay(component, forget, time);
    if (component->moment != NULL)
        moment_rows_absorb(component, forget, time, team, work);
    else
        root_rows_absorb(component, forget, time, team, work, ret_gain);
    component->generation++;
    component->rows_waiting = 0;
}

/* Row i of R and C, faded, with its columns in the places given, as a waiting row. */
static void row_place(struct component *component, const struct component *other, int32_t i,
                      const int32_t *place, double fade, uint64_t time)
{
    const double *r = other->factor + (size_t)i * other->ld;
    double *row = component->rows + (size_t)component->rows_waiting * component->ld;

    memset(row, 0, (size_t)component_width(component) * sizeof *row);
    for (int32_t j = i; j < other->columns; j++)
        row[place[j]] = fade * r[j];
    for (int32_t a = 0; a < other->m; a++)
        row[component->columns + a] = fade * r[other->columns + a];
    component->row_weight[component->rows_waiting] = 1;
    component->row_time[component->rows_waiting++] = time;
}

void component_add_rows(struct component *component, const struct component *other,
                        const int32_t *place, double fade, uint64_t time, struct team *team,
                        double *work)
{
    for (int32_t i = 0; i < other->columns; i++) {
        row_place(component, other, i, place, fade, time);
        if (component->rows_waiting == component->rows_max || i == other->columns - 1)
            component_absorb(component, 1, time, team, work, NULL);
    }
    for (int32_t a = 0; a < other->m; a++)
        component->rss[a] += fade * fade * other->rss[a];
}

const double *component_triangle(const struct component *component, size_t *ret_ld)
{
    assert(component->moment == NULL ||
           (component->shown != NULL && component->shown_generation == component->generation));
    *ret_ld = component->ld;
    return component->shown != NULL ? component->shown : component->factor;
}
