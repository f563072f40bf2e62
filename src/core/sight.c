/*
 * A block of inputs against all components: their features are sorted into panels, a panel for each
 * component that leaves directions open and in it a row for each input that meets it; then each
 * panel is looked at as a whole. Components of full rank see nothing and have no panel.
 */
#include "core/sight.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/nullspace.h"
#include "core/solution.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    /* Inputs of a block: for more, products are not faster. */
    INPUTS_MAX = 256,
    /* Features of all of them, which bounds every array here but |T|: 16 MiB of doubles. */
    FEATURES_MAX = 1 << 21,
    /* Rows of |T| at a time. */
    TAIL_ROWS = 256,
    /* A term of a product takes about an eighth of the time of a walk's. */
    PRODUCT_GAIN = 8,
    NONE = -1
};

/*
 * index        of the component
 * input        that the last row belongs to
 * nonzeros     of all rows
 * place        columns: of a column in x
 * x            inputs_max x columns; once looked at, what is seen stands in place of x2
 * part_of_row  inputs_max: in sight->parts
 */
struct sight_panel {
    const struct solution *solution;
    int32_t index;
    int32_t input;
    int32_t rows;
    int64_t nonzeros;
    int32_t *place;
    double *x;
    int32_t *part_of_row;
};

/* ---- room ---------------------------------------------------------------------------------- */

/* Sizes of what leaves directions open. */
struct extent {
    int32_t panels;
    size_t columns;
    size_t columns_most;
    size_t tail_most; /* numbers of |T| at a time */
};

static int is_open(const struct component *component)
{
    return component != NULL && component->solution->rank < component->columns;
}

static size_t tail_rows(const struct solution *solution)
{
    return (size_t)(solution->rank < TAIL_ROWS ? solution->rank : TAIL_ROWS);
}

static struct extent extent_find(const struct factor *factor)
{
    struct extent extent = {0};

    for (int32_t i = 0; i < factor->components_count; i++) {
        const struct component *component = factor->components[i];
        size_t columns, tail;

        if (!is_open(component))
            continue;
        columns = (size_t)component->columns;
        tail = tail_rows(component->solution) * (columns - (size_t)component->solution->rank);
        extent.panels++;
        extent.columns += columns;
        extent.columns_most = columns > extent.columns_most ? columns : extent.columns_most;
        extent.tail_most = tail > extent.tail_most ? tail : extent.tail_most;
    }
    return extent;
}

static void panels_fill(struct sight *sight)
{
    const struct factor *factor = sight->factor;
    size_t inputs_max = (size_t)sight->inputs_max;
    size_t columns = 0;

    for (int32_t i = 0; i < factor->components_count; i++) {
        const struct component *component = factor->components[i];
        struct sight_panel *panel = sight->panels + sight->panels_count;

        sight->panel_of[i] = NONE;
        if (!is_open(component))
            continue;
        sight->panel_of[i] = sight->panels_count;
        *panel = (struct sight_panel){
            .solution = component->solution,
            .index = i,
            .place = sight->places + columns,
            .x = sight->rows + columns * inputs_max,
            .part_of_row = sight->part_of_row + (size_t)sight->panels_count * inputs_max,
        };
        for (int32_t c = 0; c < component->columns; c++)
            panel->place[component->solution->pivot[c]] = c;
        columns += (size_t)component->columns;
        sight->panels_count++;
    }
}

void sight_done(struct sight *sight)
{
    memory_release(sight->inputs);
    memory_release(sight->panels);
    memory_release(sight->panel_of);
    memory_release(sight->unseen);
    memory_release(sight->parts);
    memory_release(sight->rows);
    memory_release(sight->places);
    memory_release(sight->part_of_row);
    memory_release(sight->norms);
    memory_release(sight->magnitudes);
    memory_release(sight->tail);
    *sight = (struct sight){0};
}

enum lattn_status sight_init(struct sight *sight, struct factor *factor)
{
    struct extent extent = extent_find(factor);
    int32_t features = feature_count(factor->d);
    size_t inputs;

    assert(features > 0);
    *sight = (struct sight){.factor = factor, .inputs_max = FEATURES_MAX / features};
    if (sight->inputs_max > INPUTS_MAX)
        sight->inputs_max = INPUTS_MAX;
    if (sight->inputs_max < 1)
        sight->inputs_max = 1;
    inputs = (size_t)sight->inputs_max;
    sight->inputs = memory_raw(inputs, sizeof *sight->inputs);
    sight->panels = memory_raw((size_t)extent.panels, sizeof *sight->panels);
    sight->panel_of = memory_raw((size_t)factor->components_count, sizeof *sight->panel_of);
    sight->unseen = memory_raw(inputs * (size_t)features, sizeof *sight->unseen);
    sight->parts = memory_raw(inputs * (size_t)extent.panels, sizeof *sight->parts);
    sight->rows = memory_raw(inputs * extent.columns, sizeof *sight->rows);
    sight->places = memory_raw(extent.columns, sizeof *sight->places);
    sight->part_of_row = memory_raw(inputs * (size_t)extent.panels, sizeof *sight->part_of_row);
    sight->norms = memory_raw(inputs, sizeof *sight->norms);
    sight->magnitudes = memory_raw(inputs * extent.columns_most, sizeof *sight->magnitudes);
    sight->tail = memory_raw(extent.tail_most, sizeof *sight->tail);
    if (sight->inputs == NULL || sight->panels == NULL || sight->panel_of == NULL ||
        sight->unseen == NULL || sight->parts == NULL || sight->rows == NULL ||
        sight->places == NULL || sight->part_of_row == NULL || sight->norms == NULL ||
        sight->magnitudes == NULL || sight->tail == NULL)
        return LATTN_NO_MEMORY;
    panels_fill(sight);
    return LATTN_OK;
}

/* ---- features into panels ------------------------------------------------------------------ */

/* Begin the row of an input that is the first to meet the panel since its last row. */
static void row_start(struct sight_panel *panel, int32_t input, int32_t part)
{
    size_t columns = (size_t)panel->solution->columns;

    memset(panel->x + (size_t)panel->rows * columns, 0, columns * sizeof *panel->x);
    panel->part_of_row[panel->rows] = part;
    panel->input = input;
    panel->rows++;
}

/* Sort the listed features of an input; `at`, whose arrays are empty yet, gets what it meets. */
static void features_sort(struct sight *sight, int32_t input, int32_t count)
{
    const struct factor *factor = sight->factor;
    struct sight_input *at = &sight->inputs[input];
    size_t unseen = (size_t)(at->unseen - sight->unseen);
    int32_t part = (int32_t)(at->parts - sight->parts);

    for (int32_t i = 0; i < count; i++) {
        int32_t feature = factor->list_index[i];
        double value = factor->list_value[i];
        struct slot slot = factor->slots[feature];
        const struct component *component =
            slot.component == 0 ? NULL : factor->components[slot.component - 1];
        struct sight_panel *panel;

        if (component == NULL || component->solution->inverse[slot.column] == 0) {
            sight->unseen[unseen++] = (struct sight_feature){feature, value};
            at->unseen_count++;
            continue;
        }
        if (sight->panel_of[slot.component - 1] == NONE)
            continue;
        panel = &sight->panels[sight->panel_of[slot.component - 1]];
        if (panel->rows == 0 || panel->input != input) {
            row_start(panel, input, part++);
            at->parts_count++;
        }
        panel->x[(size_t)(panel->rows - 1) * (size_t)component->columns +
                 (size_t)panel->place[slot.column]] =
            value * component->solution->inverse[slot.column];
        panel->nonzeros++;
    }
}

static enum lattn_status inputs_sort(struct sight *sight, const struct lattn_item *items,
                                     int32_t count)
{
    struct factor *factor = sight->factor;
    struct sight_input next = {.unseen = sight->unseen, .parts = sight->parts};

    for (int32_t i = 0; i < count; i++) {
        struct feature_view view;

        feature_reader_query(&factor->reader, &items[i], &view);
        if (factor_list_reserve(factor, &view) != LATTN_OK)
            return LATTN_NO_MEMORY;
        sight->inputs[i] = next;
        features_sort(sight, i,
                      feature_list(factor->d, &view, factor->list_index, factor->list_value));
        next.unseen = sight->inputs[i].unseen + sight->inputs[i].unseen_count;
        next.parts = sight->inputs[i].parts + sight->inputs[i].parts_count;
    }
    return LATTN_OK;
}

/* ---- panels against null directions -------------------------------------------------------- */

/* The same as solution_look for all rows at once. */
static void panel_multiply(struct sight *sight, const struct sight_panel *panel)
{
    int32_t columns = panel->solution->columns;
    int32_t rank = panel->solution->rank;
    int32_t rest = columns - rank;
    size_t numbers = (size_t)panel->rows * (size_t)columns;
    size_t ld = (size_t)columns;

    for (size_t i = 0; i < numbers; i++)
        sight->magnitudes[i] = fabs(panel->x[i]);
    for (int32_t first = 0; first < rank; first += TAIL_ROWS) {
        int32_t count = rank - first < TAIL_ROWS ? rank - first : TAIL_ROWS;
        const double *tail = panel->solution->tail + (size_t)first * (size_t)rest;

        for (size_t i = 0; i < (size_t)count * (size_t)rest; i++)
            sight->tail[i] = fabs(tail[i]);
        dense_multiply(DENSE_PLAIN, panel->rows, rest, count, -1, panel->x + first, ld, tail,
                       (size_t)rest, 1, panel->x + rank, ld);
        dense_multiply(DENSE_PLAIN, panel->rows, rest, count, 1, sight->magnitudes + first, ld,
                       sight->tail, (size_t)rest, 1, sight->magnitudes + rank, ld);
    }
}

/* Of rows that are mostly zeros only the others are looked at. */
static void panel_walk(struct sight *sight, const struct sight_panel *panel)
{
    size_t ld = (size_t)panel->solution->columns;
    size_t rank = (size_t)panel->solution->rank;

    for (size_t i = 0; i < (size_t)panel->rows; i++) {
        double *x = panel->x + i * ld;

        solution_look(panel->solution, x, x + rank, sight->magnitudes + i * ld + rank);
    }
}

static void panel_look(struct sight *sight, const struct sight_panel *panel)
{
    int32_t columns = panel->solution->columns;
    int32_t rank = panel->solution->rank;

    for (int32_t i = 0; i < panel->rows; i++)
        sight->norms[i] = dense_norm(columns, panel->x + (size_t)i * (size_t)columns);
    if (panel->nonzeros * PRODUCT_GAIN < (int64_t)panel->rows * columns)
        panel_walk(sight, panel);
    else
        panel_multiply(sight, panel);
    for (int32_t i = 0; i < panel->rows; i++) {
        size_t at = (size_t)i * (size_t)columns + (size_t)rank;
        double norm = sight->norms[i];
        double magnitude = dense_norm(columns - rank, sight->magnitudes + at);

        sight->parts[panel->part_of_row[i]] = (struct sight_part){
            .component = panel->index,
            .sees = nullspace_sift(columns - rank, sight->magnitudes + at, norm, panel->x + at),
            .rounding = nullspace_rounding(magnitude, norm),
            .seen = panel->x + at,
        };
    }
}

size_t sight_count(const struct sight *sight, size_t inputs)
{
    return inputs < (size_t)sight->inputs_max ? inputs : (size_t)sight->inputs_max;
}

enum lattn_status sight_look(struct sight *sight, const struct lattn_item *items, int32_t count)
{
    assert(0 < count && count <= sight->inputs_max);
    for (int32_t i = 0; i < sight->panels_count; i++) {
        sight->panels[i].rows = 0;
        sight->panels[i].nonzeros = 0;
    }
    if (inputs_sort(sight, items, count) != LATTN_OK)
        return LATTN_NO_MEMORY;
    for (int32_t i = 0; i < sight->panels_count; i++)
        if (sight->panels[i].rows > 0)
            panel_look(sight, &sight->panels[i]);
    return LATTN_OK;
}

int sight_determines(const struct sight_input *input)
{
    int sees = input->unseen_count > 0;

    for (int32_t i = 0; i < input->parts_count; i++)
        sees |= input->parts[i].sees;
    return !sees;
}
