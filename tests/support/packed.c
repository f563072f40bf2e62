#include "support/packed.h"

#include <jansson.h>
#include <math.h>
#include <msgpack.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what, const char *text)
{
    fprintf(stderr, "packed: %s: %s\n", what, text);
    abort();
}

static double number_of(json_t *value)
{
    const char *word = json_string_value(value);

    if (word == NULL)
        return json_number_value(value);
    if (strcmp(word, "NaN") == 0)
        return (double)NAN;
    return strcmp(word, "Infinity") == 0 ? (double)INFINITY : -(double)INFINITY;
}

static void pack_numbers(msgpack_packer *packer, json_t *numbers, size_t width)
{
    size_t count = json_array_size(numbers);

    msgpack_pack_bin(packer, count * width);
    for (size_t i = 0; i < count; i++) {
        double number = number_of(json_array_get(numbers, i));
        float narrow = (float)number;

        msgpack_pack_bin_body(packer, width == 4 ? (const void *)&narrow : &number, width);
    }
}

static void pack_value(msgpack_packer *packer, json_t *value);

static void pack_pairs(msgpack_packer *packer, json_t *pairs)
{
    msgpack_pack_map(packer, json_array_size(pairs) / 2);
    for (size_t i = 0; i < json_array_size(pairs); i++)
        pack_value(packer, json_array_get(pairs, i));
}

static void pack_special(msgpack_packer *packer, const char *word, json_t *value)
{
    const char *text = json_string_value(value);

    if (strcmp(word, "$f8") == 0) {
        pack_numbers(packer, value, 8);
    } else if (strcmp(word, "$f4") == 0) {
        pack_numbers(packer, value, 4);
    } else if (strcmp(word, "$float") == 0) {
        msgpack_pack_double(packer, number_of(value));
    } else if (strcmp(word, "$float4") == 0) {
        msgpack_pack_float(packer, (float)number_of(value));
    } else if (strcmp(word, "$map") == 0) {
        pack_pairs(packer, value);
    } else if (strcmp(word, "$bin") == 0) {
        msgpack_pack_bin_with_body(packer, text, strlen(text));
    } else if (strcmp(word, "$ext") == 0) {
        msgpack_pack_ext_with_body(packer, text, strlen(text), 5);
    } else {
        fail("there is no such word", word);
    }
}

static void pack_object(msgpack_packer *packer, json_t *object)
{
    const char *first = json_object_iter_key(json_object_iter(object));
    const char *key;
    json_t *value;

    if (first != NULL && first[0] == '$') {
        pack_special(packer, first, json_object_get(object, first));
        return;
    }
    msgpack_pack_map(packer, json_object_size(object));
    json_object_foreach(object, key, value)
    {
        msgpack_pack_str_with_body(packer, key, strlen(key));
        pack_value(packer, value);
    }
}

static void pack_integer(msgpack_packer *packer, json_int_t number)
{
    if (number >= 0)
        msgpack_pack_uint64(packer, (uint64_t)number);
    else
        msgpack_pack_int64(packer, number);
}

static void pack_value(msgpack_packer *packer, json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        pack_object(packer, value);
        break;
    case JSON_ARRAY:
        msgpack_pack_array(packer, json_array_size(value));
        for (size_t i = 0; i < json_array_size(value); i++)
            pack_value(packer, json_array_get(value, i));
        break;
    case JSON_STRING:
        msgpack_pack_str_with_body(packer, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        pack_integer(packer, json_integer_value(value));
        break;
    case JSON_REAL:
        msgpack_pack_double(packer, json_real_value(value));
        break;
    case JSON_TRUE:
        msgpack_pack_true(packer);
        break;
    case JSON_FALSE:
        msgpack_pack_false(packer);
        break;
    case JSON_NULL:
        msgpack_pack_nil(packer);
        break;
    }
}

struct packed packed_of(const char *json)
{
    char *quoted = strdup(json);
    msgpack_sbuffer buffer;
    msgpack_packer packer;
    json_error_t error;
    json_t *value;

    for (char *at = quoted; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    value = json_loads(quoted, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    if (value == NULL)
        fail(error.text, json);
    msgpack_sbuffer_init(&buffer);
    msgpack_packer_init(&packer, &buffer, msgpack_sbuffer_write);
    pack_value(&packer, value);
    json_decref(value);
    free(quoted);
    return (struct packed){.data = buffer.data, .length = buffer.size};
}

void packed_done(struct packed *pack)
{
    free(pack->data);
    *pack = (struct packed){0};
}
