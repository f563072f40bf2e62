/*
 * The columns of a component in another order, in which their features are a product.
 */
#include "core/component.h"

#include "base/memory.h"
#include "core/product.h"
#include "core/update.h"

#include <stdlib.h>
#include <string.h>

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
        sorted->features[place[i]] = component->features[i];
        memcpy(sorted->weights + (size_t)place[i] * m, component->weights + (size_t)i * m,
               m * sizeof(double));
    }
    component_add_rows(sorted, component, place, 1, sorted->time, NULL, work);
    memory_release(work);
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
