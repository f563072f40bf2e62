/*
 * Arrays of names. A vocabulary has at most a few hundred entries, so a name is found by looking.
 */
#include <lattn/names.h>

#include "base/memory.h"

#include <stddef.h>
#include <string.h>

typedef char name_text[LATTN_NAME_MAX];

void lattn_names_init(struct lattn_names *names)
{
    *names = (struct lattn_names){0};
}

void lattn_names_done(struct lattn_names *names)
{
    if (names == NULL)
        return;
    memory_release(names->coordinates);
    memory_release(names->outputs);
    memory_release(names->blocks);
    lattn_names_init(names);
}

/* A larger zeroed copy of an array; NULL where there is no memory. */
static void *array_grown(const void *array, int32_t count, int32_t count_new, size_t size)
{
    void *grown = memory_zeroed((size_t)count_new, size);

    if (grown != NULL && count > 0)
        memcpy(grown, array, (size_t)count * size);
    return grown;
}

static enum lattn_status names_lengthen(name_text **array, int32_t *count, int32_t count_new)
{
    name_text *grown;

    if (count_new <= *count)
        return LATTN_OK;
    grown = array_grown(*array, *count, count_new, sizeof **array);
    if (grown == NULL)
        return LATTN_NO_MEMORY;
    memory_release(*array);
    *array = grown;
    *count = count_new;
    return LATTN_OK;
}

enum lattn_status lattn_names_extend(struct lattn_names *names, int32_t d, int32_t m)
{
    enum lattn_status status = names_lengthen(&names->coordinates, &names->coordinates_count, d);

    if (status != LATTN_OK)
        return status;
    return names_lengthen(&names->outputs, &names->outputs_count, m);
}

enum lattn_status lattn_names_copy(const struct lattn_names *names, struct lattn_names *ret_copy)
{
    struct lattn_names copy = {0};

    if (lattn_names_extend(&copy, names->coordinates_count, names->outputs_count) != LATTN_OK)
        goto done;
    copy.blocks =
        array_grown(names->blocks, names->blocks_count, names->blocks_count, sizeof *copy.blocks);
    if (copy.blocks == NULL)
        goto done;
    if (names->coordinates_count > 0)
        memcpy(copy.coordinates, names->coordinates,
               (size_t)names->coordinates_count * sizeof *names->coordinates);
    if (names->outputs_count > 0)
        memcpy(copy.outputs, names->outputs, (size_t)names->outputs_count * sizeof *names->outputs);
    copy.blocks_count = names->blocks_count;
    *ret_copy = copy;
    return LATTN_OK;
done:
    lattn_names_done(&copy);
    return LATTN_NO_MEMORY;
}

static int name_is_valid(const char *name)
{
    return name[0] != '\0' && strnlen(name, LATTN_NAME_MAX) < LATTN_NAME_MAX;
}

static enum lattn_status name_place(name_text **array, int32_t *count, int32_t count_max,
                                    const char *name, int32_t *ret_index)
{
    enum lattn_status status;

    if (!name_is_valid(name))
        return LATTN_NAME;
    for (int32_t i = 0; i < *count; i++) {
        if (strcmp((*array)[i], name) == 0) {
            *ret_index = i;
            return LATTN_OK;
        }
    }
    if (*count == count_max)
        return LATTN_RANGE;
    status = names_lengthen(array, count, *count + 1);
    if (status != LATTN_OK)
        return status;
    memcpy((*array)[*count - 1], name, strlen(name) + 1);
    *ret_index = *count - 1;
    return LATTN_OK;
}

enum lattn_status lattn_names_coordinate(struct lattn_names *names, const char *name,
                                         int32_t *ret_index)
{
    return name_place(&names->coordinates, &names->coordinates_count, LATTN_DIM_MAX, name,
                      ret_index);
}

enum lattn_status lattn_names_output(struct lattn_names *names, const char *name,
                                     int32_t *ret_index)
{
    return name_place(&names->outputs, &names->outputs_count, LATTN_OUTPUTS_MAX, name, ret_index);
}

enum lattn_status lattn_names_block(struct lattn_names *names, const struct lattn_block *block)
{
    struct lattn_block *grown;

    if (!name_is_valid(block->name))
        return LATTN_NAME;
    if (block->start < 0 || block->size < 1 ||
        block->start > names->coordinates_count - block->size)
        return LATTN_RANGE;
    for (int32_t i = 0; i < names->blocks_count; i++) {
        if (strcmp(names->blocks[i].name, block->name) == 0) {
            names->blocks[i] = *block;
            return LATTN_OK;
        }
    }
    if (names->blocks_count == LATTN_BLOCKS_MAX)
        return LATTN_RANGE;
    grown = array_grown(names->blocks, names->blocks_count, names->blocks_count + 1, sizeof *grown);
    if (grown == NULL)
        return LATTN_NO_MEMORY;
    grown[names->blocks_count++] = *block;
    memory_release(names->blocks);
    names->blocks = grown;
    return LATTN_OK;
}
