/*
 * Places for features before rows need them.
 *
 * A feature enters when it is first nonzero: its column is exactly zero in all past rows, so adding
 * it is exact. Components whose features meet in one row are put side by side in the largest of
 * them; R stays triangular, since columns that never met are orthogonal.
 */
#include "core/admission.h"

#include "base/memory.h"
#include "core/product.h"

#include <string.h>

enum { COMPONENTS_FIRST = 8 };

static int32_t greater(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* What a row's features need: the largest component it meets, and the columns of all together. */
struct meeting {
    struct component *target; /* NULL: all features are new */
    int32_t target_index;
    int32_t m;
    int64_t columns;
    size_t bytes; /* of the components that meet */
    int meets_others;
};

static void meeting_add(struct factor *factor, struct meeting *meeting, uint32_t slot)
{
    int32_t index = (int32_t)slot - 1;
    struct component *component = factor->components[index];

    meeting->columns += component->columns;
    meeting->bytes += component_bytes_held(component, component->m);
    meeting->m = greater(meeting->m, component->m);
    meeting->meets_others |= meeting->target != NULL;
    if (meeting->target == NULL || component->columns > meeting->target->columns) {
        meeting->target = component;
        meeting->target_index = index;
    }
}

static struct meeting meeting_find(struct factor *factor, int32_t count)
{
    struct meeting meeting = {.target_index = -1, .m = factor->m};
    uint32_t last = 0;

    for (int32_t i = 0; i < count; i++) {
        uint32_t slot = factor->slots[factor->list_index[i]].component;

        if (slot == 0) {
            meeting.columns++;
        } else if (slot != last && !factor->components[slot - 1]->meets) {
            factor->components[slot - 1]->meets = 1;
            meeting_add(factor, &meeting, slot);
        }
        last = slot;
    }
    for (int32_t i = 0; i < count; i++) {
        uint32_t slot = factor->slots[factor->list_index[i]].component;

        if (slot != 0)
            factor->components[slot - 1]->meets = 0;
    }
    return meeting;
}

/* Let components that are to get columns have the square-root form. */
static enum lattn_status meeting_expand(struct factor *factor, int32_t count, size_t memory_max,
                                        int *ret_expanded)
{
    *ret_expanded = 0;
    for (int32_t i = 0; i < count; i++) {
        uint32_t slot = factor->slots[factor->list_index[i]].component;
        struct component *component = slot == 0 ? NULL : factor->components[slot - 1];
        enum lattn_status status;

        if (component == NULL || component->moment == NULL)
            continue;
        if (memory_max > 0 && factor->bytes - component_bytes_held(component, component->m) +
                                      component_bytes(component->columns, component->m) >
                                  memory_max)
            return LATTN_MEMORY_LIMIT;
        status = factor_expand(factor, component);
        if (status != LATTN_OK)
            return status;
        *ret_expanded = 1;
    }
    return LATTN_OK;
}

/* A place without a component. */
static enum lattn_status place_find(struct factor *factor, int32_t *ret_index)
{
    int32_t index = 0;

    while (index < factor->components_count && factor->components[index] != NULL)
        index++;
    if (index == factor->components_room) {
        int32_t room = greater(COMPONENTS_FIRST, 2 * factor->components_room);
        struct component **grown = memory_zeroed((size_t)room, sizeof(struct component *));

        if (grown == NULL)
            return LATTN_NO_MEMORY;
        if (index > 0)
            memcpy(grown, factor->components, (size_t)index * sizeof(struct component *));
        memory_release(factor->components);
        factor->components = grown;
        factor->components_room = room;
    }
    *ret_index = index;
    return LATTN_OK;
}

/*
 * A component for the features listed, all of them new, that is in information form from its first
 * row on: the other would be too large. NULL where they are no product, or few enough.
 */
static enum lattn_status moment_begin(const struct factor *factor, int32_t count, size_t memory_max,
                                      struct component **ret_component)
{
    struct feature *features;
    int32_t d, e;
    enum lattn_status status = LATTN_OK;

    *ret_component = NULL;
    if (factor->engine != LATTN_ENGINE_GRAM || count <= COMPONENT_ROOT_MAX)
        return LATTN_OK;
    features = memory_raw((size_t)count, sizeof *features);
    if (features == NULL)
        return LATTN_NO_MEMORY;
    for (int32_t i = 0; i < count; i++)
        features[i] = feature_at(factor->d, factor->list_index[i]);
    if (product_find(features, count, &d, &e)) {
        if (memory_max > 0 && factor->bytes + component_bytes_moment(d, e, factor->m) > memory_max)
            status = LATTN_MEMORY_LIMIT;
        else
            status = component_open_moment(ret_component, d, e, factor->m, factor->pairs);
    }
    if (*ret_component != NULL)
        memcpy((*ret_component)->features, features, (size_t)count * sizeof *features);
    memory_release(features);
    return status;
}

/* Give features their slots in the component in this place, from its first column on. */
static void slots_give(struct factor *factor, int32_t place)
{
    const struct component *component = factor->components[place];

    for (int32_t c = 0; c < component->columns; c++)
        factor->slots[feature_index(factor->d, component->features[c])] =
            (struct slot){(uint32_t)place + 1, c};
}

/* Take a component that is in information form from its first row on, if there is to be one. */
static enum lattn_status moment_place(struct factor *factor, int32_t count, size_t memory_max,
                                      int *ret_placed)
{
    struct component *component;
    int32_t place;
    enum lattn_status status = moment_begin(factor, count, memory_max, &component);

    *ret_placed = 0;
    if (status != LATTN_OK || component == NULL)
        return status;
    status = factor_scratch_reserve(factor, component->columns, factor->m);
    if (status == LATTN_OK)
        status = place_find(factor, &place);
    if (status != LATTN_OK) {
        component_close(&component);
        return status;
    }
    factor->components[place] = component;
    factor->components_count = greater(factor->components_count, place + 1);
    factor->bytes += component_bytes_held(component, component->m);
    slots_give(factor, place);
    component->identity = factor_component_is_identity(factor, component);
    *ret_placed = 1;
    return LATTN_OK;
}

/* An empty component in a free place. */
static enum lattn_status target_make(struct factor *factor, struct meeting *meeting)
{
    enum lattn_status status = place_find(factor, &meeting->target_index);

    return status == LATTN_OK ? component_open(&meeting->target, factor->m, factor->pairs) : status;
}

static void target_join(struct factor *factor, const struct meeting *meeting, int32_t count)
{
    struct component *target = meeting->target;

    component_decay(target, factor->forget, factor->pairs);
    for (int32_t i = 0; i < count; i++) {
        uint32_t slot = factor->slots[factor->list_index[i]].component;
        struct component *other = slot == 0 ? NULL : factor->components[slot - 1];
        int32_t start = target->columns;

        if (other == NULL || other == target)
            continue;
        component_decay(other, factor->forget, factor->pairs);
        component_join(target, other);
        for (int32_t c = 0; c < other->columns; c++)
            factor->slots[feature_index(factor->d, other->features[c])] =
                (struct slot){(uint32_t)meeting->target_index + 1, start + c};
        component_close(&factor->components[slot - 1]);
    }
}

/* Features among those listed that have no place yet. */
static int32_t new_count(const struct factor *factor, int32_t count)
{
    int32_t fresh = 0;

    for (int32_t i = 0; i < count; i++)
        fresh += factor->slots[factor->list_index[i]].component == 0;
    return fresh;
}

static void target_widen(struct factor *factor, const struct meeting *meeting, int32_t count)
{
    int32_t column = meeting->target->columns;
    int32_t fresh = new_count(factor, count);
    struct feature *name = fresh == 0 ? NULL : component_widen(meeting->target, fresh);

    for (int32_t i = 0; i < count; i++) {
        int32_t index = factor->list_index[i];
        struct slot *slot = &factor->slots[index];

        if (slot->component != 0)
            continue;
        *slot = (struct slot){(uint32_t)meeting->target_index + 1, column++};
        *name++ = feature_at(factor->d, index);
    }
}

enum lattn_status admission_join(struct factor *factor, int32_t count, size_t memory_max)
{
    struct meeting meeting = meeting_find(factor, count);
    int is_new = meeting.target == NULL;
    int is_done;
    int32_t capacity;
    size_t bytes;
    enum lattn_status status;

    if (!is_new && !meeting.meets_others && meeting.columns == meeting.target->columns)
        return LATTN_OK;
    status = is_new ? moment_place(factor, count, memory_max, &is_done)
                    : meeting_expand(factor, count, memory_max, &is_done);
    if (status != LATTN_OK || (is_new && is_done))
        return status;
    if (is_done)
        meeting = meeting_find(factor, count);
    capacity = is_new ? 0 : meeting.target->capacity;
    if (meeting.columns > INT32_MAX / 2)
        return LATTN_NO_MEMORY;
    capacity = component_capacity(capacity, (int32_t)meeting.columns);
    bytes = component_bytes(capacity, meeting.m);
    if (memory_max > 0 && factor->bytes - meeting.bytes + bytes > memory_max)
        return LATTN_MEMORY_LIMIT;
    status = factor_scratch_reserve(factor, capacity, meeting.m);
    if (status == LATTN_OK && is_new)
        status = target_make(factor, &meeting);
    if (status == LATTN_OK)
        status = component_reserve(meeting.target, (int32_t)meeting.columns, meeting.m);
    if (status != LATTN_OK) {
        if (is_new)
            component_close(&meeting.target);
        return status;
    }
    factor->components[meeting.target_index] = meeting.target;
    factor->components_count = greater(factor->components_count, meeting.target_index + 1);
    factor->bytes += bytes - meeting.bytes;
    target_join(factor, &meeting, count);
    target_widen(factor, &meeting, count);
    meeting.target->identity = factor_component_is_identity(factor, meeting.target);
    return LATTN_OK;
}

enum lattn_status admission_make(struct factor *factor, const struct lattn_item *item,
                                 size_t memory_max)
{
    struct feature_view view;
    enum lattn_status status = LATTN_OK;

    if (factor_is_dense(factor))
        return LATTN_OK;
    feature_reader_start(&factor->reader, item);
    while (status == LATTN_OK && feature_reader_next(&factor->reader, &view)) {
        int32_t count;

        status = factor_list_reserve(factor, &view);
        if (status != LATTN_OK)
            break;
        count = feature_list(factor->d, &view, factor->list_index, factor->list_value);
        if (count > 0)
            status = admission_join(factor, count, memory_max);
    }
    return status;
}
