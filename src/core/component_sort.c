/*
 * The columns of a component in another order, in which their features are a product.
 */
#include "core/component.h"

#include "base/memory.h"
#include "core/product.h"
#include "core/update.h"

#include <stdlib.h>
#include <string.h>

/* Row i of R and C with its columns in the places given, as a waiting row. */
static void row_permute(const struct component *from, int32_t i, const int32_t *place,
                        struct component *to)
{
    const double *r = from->factor + (size_t)i * from->ld;
    double *row = to->rows + (size_t)to->rows_waiting * to->ld;

    memset(row, 0, (size_t)component_width(to) * sizeof *row);
    for (int32_t j = i; j < from->columns; j++)
        row[place[j]] = r[j];
    for (int32_t a = 0; a < from->m; a++)
        row[to->columns + a] = r[from->columns + a];
    to->row_time[to->rows_waiting++] = from->time;
}

/* Where each feature stands among the sorted ones. */
static void places_find(const struct component *component, const struct feature *sorted,
                        int32_t *ret_place)
{
    for (int32_t i = 0; i < component->columns; i++)
        ret_place[i] = (int32_t)((const struct feature *)bsearch(&component->features[i], sorted,
                                                                 (size_t)component->columns,
                                                                 sizeof *sorted, product_compare) -
                                 sorted);
}

/* R of the columns in another order: its rows are absorbed like label rows. */
static enum lattn_status root_sort(struct component *component, const int32_t *place,
                                   struct component *sorted)
{
    double *work = memory_raw(update_workspace(sorted->rows_max), sizeof *work);
    size_t m = (size_t)component->m;

    if (work == NULL)
        return LATTN_NO_MEMORY;
    sorted->columns = component->columns;
    for (int32_t i = 0; i < component->columns; i++) {
        row_permute(component, i, place, sorted);
        sorted->features[place[i]] = component->features[i];
        memcpy(sorted->weights + (size_t)place[i] * m, component->weights + (size_t)i * m,
               m * sizeof(double));
        if (sorted->rows_waiting == sorted->rows_max || i == component->columns - 1)
            component_absorb(sorted, 1, sorted->time, NULL, work, NULL);
    }
    memory_release(work);
    for (size_t a = 0; a < m; a++)
        sorted->rss[a] += component->rss[a];
    return LATTN_OK;
}

enum lattn_status component_sort(struct component *component, const struct feature *order)
{
    int32_t *place = memory_raw((size_t)component->columns, sizeof *place);
    struct component *sorted = NULL;
    struct component moved;
    enum lattn_status status;

    if (place == NULL)
        return LATTN_NO_MEMORY;
    places_find(component, order, place);
    status = component_open(&sorted, component->m, component->time);
    if (status == LATTN_OK)
        status = component_reserve(sorted, component->capacity, component->m);
    if (status == LATTN_OK)
        status = root_sort(component, place, sorted);
    memory_release(place);
    if (status != LATTN_OK) {
        component_close(&sorted);
        return status;
    }
    sorted->updates += component->updates;
    sorted->generation += component->generation;
    sorted->rows_seen = component->rows_seen;
    sorted->rows_fresh = component->rows_fresh;
    sorted->full = component->full;
    moved = *component;
    *component = *sorted;
    *sorted = moved;
    component_close(&sorted);
    component_unsettle(component);
    return LATTN_OK;
}
