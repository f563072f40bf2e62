#include <lattn/wire.h>

#include "base/memory.h"

#include <string.h>

void lattn_text_init(struct lattn_text *text)
{
    *text = (struct lattn_text){0};
}

void lattn_text_done(struct lattn_text *text)
{
    if (text == NULL)
        return;
    memory_release(text->data);
    lattn_text_init(text);
}

enum lattn_status lattn_text_add(struct lattn_text *text, const char *bytes, size_t length)
{
    size_t need = text->length + length + 1;

    if (need <= length)
        return LATTN_NO_MEMORY;
    if (need > text->capacity) {
        size_t capacity = need + need / 2 + 64;
        char *data = memory_raw(capacity, 1);

        if (data == NULL)
            return LATTN_NO_MEMORY;
        if (text->length > 0)
            memcpy(data, text->data, text->length);
        memory_release(text->data);
        text->data = data;
        text->capacity = capacity;
    }
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
    return LATTN_OK;
}
