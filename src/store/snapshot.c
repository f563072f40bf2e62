#include "store/snapshot.h"

#include "base/memory.h"

#include <assert.h>
#include <string.h>

struct canvas {
    char *bytes;
    uint64_t length;
    uint64_t capacity;
};

static enum lattn_status canvas_add(void *arg, const void *bytes, size_t length)
{
    struct canvas *canvas = arg;

    assert(length <= canvas->capacity - canvas->length);
    memcpy(canvas->bytes + canvas->length, bytes, length);
    canvas->length += length;
    return LATTN_OK;
}

enum lattn_status snapshot_make(const struct state *state, char **ret_bytes)
{
    struct canvas canvas = {.capacity = state_bytes(state)};
    enum lattn_status status;

    canvas.bytes = memory_raw(canvas.capacity, 1);
    if (canvas.bytes == NULL)
        return LATTN_NO_MEMORY;
    status = state_save(state, canvas_add, &canvas);
    assert(status == LATTN_OK && canvas.length == canvas.capacity); /* the canvas refuses nothing */
    *ret_bytes = canvas.bytes;
    return LATTN_OK;
}

/* ---- reading ---- */

struct place {
    const char *at;
    size_t left;
};

static enum lattn_status place_take(void *arg, void *bytes, size_t length)
{
    struct place *place = arg;

    assert(length <= place->left); /* state_load asks for no more than there is */
    memcpy(bytes, place->at, length);
    place->at += length;
    place->left -= length;
    return LATTN_OK;
}

enum lattn_status snapshot_read(const char *bytes, size_t length, struct state *ret_state,
                                struct lattn_complaint *complaint)
{
    struct place place = {bytes, length};

    return state_load(ret_state, place_take, &place, length, complaint);
}
