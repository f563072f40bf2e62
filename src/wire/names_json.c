#include "wire/names_json.h"

#include "base/complaint.h"
#include "wire/member.h"

#include <stdio.h>
#include <string.h>

/* ---- blocks -------------------------------------------------------------------------------- */

#define OF_BLOCK(field) offsetof(struct lattn_block, field)

static const struct member block_members[] = {
    {.word = "name", .kind = MEMBER_TEXT, .offset = OF_BLOCK(name), .size = LATTN_NAME_MAX},
    {.word = "start", .kind = MEMBER_INT32, .offset = OF_BLOCK(start), .none = -1},
    {.word = "size", .kind = MEMBER_INT32, .offset = OF_BLOCK(size), .none = -1},
    {.word = NULL},
};

void names_write_block(struct writer *writer, const struct lattn_block *block)
{
    member_write(writer, block_members, block);
}

enum lattn_status names_read_block(struct scan *scan, struct lattn_block *ret_block)
{
    struct lattn_block block;
    enum lattn_status status = member_read(scan, "a block", block_members, &block);

    if (status != LATTN_OK)
        return status;
    if (block.name[0] == '\0')
        return complain(scan->complaint, LATTN_NAME, "a block has no name");
    if (block.start < 0 || block.size < 1)
        return complain(scan->complaint, LATTN_RANGE, "block \"%s\" has no start or no size",
                        block.name);
    *ret_block = block;
    return LATTN_OK;
}

/* ---- names --------------------------------------------------------------------------------- */

static int are_named(char (*names)[LATTN_NAME_MAX], int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        if (names[i][0] != '\0')
            return 1;
    return 0;
}

static void array_write(struct writer *writer, char (*names)[LATTN_NAME_MAX], int32_t count)
{
    writer_open(writer, '[');
    for (int32_t i = 0; i < count; i++)
        writer_string(writer, names[i]);
    writer_close(writer, ']');
}

void names_write(struct writer *writer, const struct lattn_names *names)
{
    if (!are_named(names->coordinates, names->coordinates_count) &&
        !are_named(names->outputs, names->outputs_count) && names->blocks_count == 0) {
        writer_null(writer);
        return;
    }
    writer_open(writer, '{');
    writer_key(writer, "coordinates");
    array_write(writer, names->coordinates, names->coordinates_count);
    writer_key(writer, "outputs");
    array_write(writer, names->outputs, names->outputs_count);
    writer_key(writer, "blocks");
    writer_open(writer, '[');
    for (int32_t i = 0; i < names->blocks_count; i++)
        names_write_block(writer, &names->blocks[i]);
    writer_close(writer, ']');
    writer_close(writer, '}');
}

struct array_reader {
    const char *name;
    char (*names)[LATTN_NAME_MAX];
};

static enum lattn_status array_read_element(struct scan *scan, int64_t index, void *arg)
{
    struct array_reader *array = arg;
    char name[32];
    enum lattn_status status;

    snprintf(name, sizeof name, "%s[%jd]", array->name, (intmax_t)index);
    status = scan_text(scan, name, LATTN_NAME_MAX, array->names[index]);

    if (status != LATTN_OK || array->names[index][0] == '\0')
        return status;
    for (int64_t i = 0; i < index; i++)
        if (strcmp(array->names[i], array->names[index]) == 0)
            return complain(scan->complaint, LATTN_NAME, "%s and %s[%jd] have the same name", name,
                            array->name, (intmax_t)i);
    return LATTN_OK;
}

struct names_places {
    struct scan coordinates;
    struct scan outputs;
    struct scan blocks;
};

static const struct member names_members[] = {
    {.word = "coordinates",
     .kind = MEMBER_PLACE,
     .offset = offsetof(struct names_places, coordinates)},
    {.word = "outputs", .kind = MEMBER_PLACE, .offset = offsetof(struct names_places, outputs)},
    {.word = "blocks", .kind = MEMBER_PLACE, .offset = offsetof(struct names_places, blocks)},
    {.word = NULL},
};

/* How many names there are; LATTN_RANGE above max. */
static enum lattn_status array_count(struct scan *scan, const char *name, int32_t max,
                                     int32_t *ret_count)
{
    int64_t count = 0;
    enum lattn_status status = scan->at == NULL ? LATTN_OK : scan_count(scan, name, &count);

    if (status != LATTN_OK)
        return status;
    if (count > max)
        return complain(scan->complaint, LATTN_RANGE, "%s has more than %d names", name, max);
    *ret_count = (int32_t)count;
    return LATTN_OK;
}

static enum lattn_status array_read(struct scan *scan, const char *name,
                                    char (*names)[LATTN_NAME_MAX])
{
    struct array_reader reader = {.name = name, .names = names};

    return scan->at == NULL ? LATTN_OK : scan_array(scan, name, array_read_element, &reader);
}

static enum lattn_status blocks_read_element(struct scan *scan, int64_t index, void *arg)
{
    struct lattn_names *names = arg;
    struct lattn_block block;
    enum lattn_status status = names_read_block(scan, &block);

    if (status == LATTN_OK)
        status = lattn_names_block(names, &block);
    if (status == LATTN_OK && names->blocks_count <= index)
        return complain(scan->complaint, LATTN_NAME, "two blocks are called \"%s\"", block.name);
    if (status == LATTN_RANGE)
        return complain(scan->complaint, status, "block \"%s\" lies outside the coordinates",
                        block.name);
    return status;
}

enum lattn_status names_read(struct scan *scan, struct lattn_names *names)
{
    struct names_places places = {0};
    int32_t d;
    int32_t m;
    enum lattn_status status = member_read(scan, "names", names_members, &places);

    if (status == LATTN_OK)
        status = array_count(&places.coordinates, "coordinates", LATTN_DIM_MAX, &d);
    if (status == LATTN_OK)
        status = array_count(&places.outputs, "outputs", LATTN_OUTPUTS_MAX, &m);
    if (status == LATTN_OK)
        status = lattn_names_extend(names, d, m);
    if (status == LATTN_OK)
        status = array_read(&places.coordinates, "coordinates", names->coordinates);
    if (status == LATTN_OK)
        status = array_read(&places.outputs, "outputs", names->outputs);
    if (status == LATTN_OK && places.blocks.at != NULL)
        status = scan_array(&places.blocks, "blocks", blocks_read_element, names);
    return status;
}
