#include "support/unpack.h"

#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

static json_t *value_of(const msgpack_object *object);

static json_t *array_of(const msgpack_object_array *array)
{
    json_t *json = json_array();

    for (uint32_t i = 0; i < array->size; i++)
        json_array_append_new(json, value_of(&array->ptr[i]));
    return json;
}

static json_t *text_of(const msgpack_object *object)
{
    return object->type == MSGPACK_OBJECT_STR
               ? json_stringn(object->via.str.ptr, object->via.str.size)
               : NULL;
}

/* Reals that the bytes are in the machine's own, little-endian, order. */
static json_t *payload_of(const msgpack_object_bin *bin, const char *dtype)
{
    size_t width = strcmp(dtype, "<f4") == 0 ? 4 : 8;
    json_t *numbers = json_array();
    json_t *json = json_object();

    for (size_t at = 0; at + width <= bin->size; at += width) {
        float narrow;
        double wide;

        memcpy(&narrow, bin->ptr + at, sizeof narrow);
        if (width == 4)
            wide = (double)narrow;
        else
            memcpy(&wide, bin->ptr + at, sizeof wide);
        json_array_append_new(numbers, json_real(wide));
    }
    json_object_set_new(json, width == 4 ? "$f4" : "$f8", numbers);
    return json;
}

/* The dtype comes before the data. */
static json_t *map_of(const msgpack_object_map *map)
{
    json_t *json = json_object();

    for (uint32_t i = 0; i < map->size; i++) {
        const msgpack_object *value = &map->ptr[i].val;
        json_t *key = text_of(&map->ptr[i].key);
        const char *dtype = json_string_value(json_object_get(json, "dtype"));

        if (key == NULL || json_object_get(json, json_string_value(key)) != NULL)
            abort();
        json_object_set_new(json, json_string_value(key),
                            value->type == MSGPACK_OBJECT_BIN && dtype != NULL
                                ? payload_of(&value->via.bin, dtype)
                                : value_of(value));
        json_decref(key);
    }
    return json;
}

static json_t *value_of(const msgpack_object *object)
{
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        return json_null();
    case MSGPACK_OBJECT_BOOLEAN:
        return json_boolean(object->via.boolean);
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return json_real((double)object->via.u64);
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        return json_real((double)object->via.i64);
    case MSGPACK_OBJECT_FLOAT64:
        return json_real(object->via.f64);
    case MSGPACK_OBJECT_STR:
        return text_of(object);
    case MSGPACK_OBJECT_ARRAY:
        return array_of(&object->via.array);
    case MSGPACK_OBJECT_MAP:
        return map_of(&object->via.map);
    default:
        return NULL;
    }
}

json_t *unpack_json(const char *bytes, size_t length)
{
    msgpack_unpacked unpacked;
    size_t at = 0;
    json_t *json = NULL;

    msgpack_unpacked_init(&unpacked);
    if (msgpack_unpack_next(&unpacked, bytes, length, &at) == MSGPACK_UNPACK_SUCCESS &&
        at == length)
        json = value_of(&unpacked.data);
    msgpack_unpacked_destroy(&unpacked);
    return json;
}

int unpack_equal(const char *bytes, size_t length, const char *json)
{
    json_t *theirs = unpack_json(bytes, length);
    json_t *ours = json_loads(
        json, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL | JSON_DECODE_ANY | JSON_ALLOW_NUL,
        NULL);
    int equal = theirs != NULL && ours != NULL && json_equal(theirs, ours);

    json_decref(theirs);
    json_decref(ours);
    return equal;
}
