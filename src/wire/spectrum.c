/*
 * The spectrum in an emission.
 */
#include <lattn/wire.h>

#include "base/memory.h"
#include "wire/member.h"
#include "wire/reply.h"

#include <string.h>

/* A spectrum in a form that a table can name; both ends are always there, as an array. */
struct spectrum_object {
    uint64_t generation;
    int64_t seen;
    struct member_row largest;
    struct member_row smallest;
    struct member_row heads;
};

static const struct member spectrum_members[] = {
    {.word = "generation",
     .kind = MEMBER_COUNT,
     .offset = offsetof(struct spectrum_object, generation)},
    {.word = "seen", .kind = MEMBER_INT64, .offset = offsetof(struct spectrum_object, seen)},
    {.word = "largest",
     .kind = MEMBER_ROW_ALWAYS,
     .offset = offsetof(struct spectrum_object, largest)},
    {.word = "smallest",
     .kind = MEMBER_ROW_ALWAYS,
     .offset = offsetof(struct spectrum_object, smallest)},
    {.word = "heads", .kind = MEMBER_ROW_ALWAYS, .offset = offsetof(struct spectrum_object, heads)},
    {.word = NULL},
};

enum lattn_status lattn_write_spectrum(struct lattn_text *text, enum lattn_format format,
                                       const struct lattn_spectrum *spectrum)
{
    const struct spectrum_object object = {
        .generation = spectrum->generation,
        .seen = spectrum->seen,
        .largest = {spectrum->largest, spectrum->largest_count},
        .smallest = {spectrum->smallest, spectrum->smallest_count},
        .heads = {spectrum->heads, spectrum->heads_count},
    };

    return reply_write_members(text, format, spectrum_members, &object);
}

/* Both ends into one allocation, as the learner gives them; the heads are given with them. */
static enum lattn_status ends_join(struct spectrum_object *object,
                                   struct lattn_spectrum *ret_spectrum)
{
    size_t largest_count = (size_t)object->largest.count;
    size_t smallest_count = (size_t)object->smallest.count;
    double *values;

    if (object->largest.numbers == NULL || object->smallest.numbers == NULL ||
        (int64_t)(largest_count + smallest_count) > object->seen)
        return LATTN_FIELD;
    values = memory_raw(largest_count + smallest_count, sizeof *values);
    if (values == NULL)
        return LATTN_NO_MEMORY;
    memcpy(values, object->largest.numbers, largest_count * sizeof *values);
    memcpy(values + largest_count, object->smallest.numbers, smallest_count * sizeof *values);
    *ret_spectrum = (struct lattn_spectrum){
        .seen = object->seen,
        .generation = object->generation,
        .largest = values,
        .smallest = values + largest_count,
        .largest_count = object->largest.count,
        .smallest_count = object->smallest.count,
        .heads = object->heads.numbers,
        .heads_count = object->heads.count,
    };
    object->heads.numbers = NULL;
    return LATTN_OK;
}

enum lattn_status lattn_reply_spectrum(const struct lattn_reply *reply,
                                       struct lattn_spectrum *ret_spectrum)
{
    struct spectrum_object object = {0};
    struct scan scan;
    enum lattn_status status = reply_part(reply, "spectrum", &scan);

    if (status == LATTN_OK)
        status = member_read(&scan, "spectrum", spectrum_members, &object);
    if (status != LATTN_OK)
        return status == LATTN_NO_MEMORY ? status : LATTN_FIELD;
    status = ends_join(&object, ret_spectrum);
    member_done(spectrum_members, &object);
    return status;
}
