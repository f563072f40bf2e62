/*
 * Two queues that grow at their end and shrink at their start: of units, and of their bytes. What
 * has left stays in memory until it is the larger part; then the rest moves to the front. Bytes of
 * a unit that leaves before an older one go together with those.
 */
#include "window.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int window_is_full(const struct window *window)
{
    return window->end - window->start >= WINDOW_UNITS_MAX ||
           window->bytes_length >= WINDOW_BYTES_MAX;
}

static enum lattn_status units_reserve(struct window *window)
{
    size_t capacity = 2 * window->capacity + 64;
    struct window_unit *units;

    if (window->end < window->capacity)
        return LATTN_OK;
    units = realloc(window->units, capacity * sizeof *units);
    if (units == NULL)
        return LATTN_NO_MEMORY;
    window->units = units;
    window->capacity = capacity;
    return LATTN_OK;
}

static enum lattn_status bytes_reserve(struct window *window, size_t length)
{
    size_t need = window->bytes_length + length;
    char *bytes;

    if (need <= window->bytes_capacity)
        return LATTN_OK;
    bytes = realloc(window->bytes, need + need / 2);
    if (bytes == NULL)
        return LATTN_NO_MEMORY;
    window->bytes = bytes;
    window->bytes_capacity = need + need / 2;
    return LATTN_OK;
}

enum lattn_status window_add(struct window *window, const struct window_unit *unit,
                             const char *bytes, size_t length)
{
    struct window_unit *added;

    assert(window->end == window->start || unit->message > window->units[window->end - 1].message);
    if (units_reserve(window) != LATTN_OK || bytes_reserve(window, length) != LATTN_OK)
        return LATTN_NO_MEMORY;
    added = &window->units[window->end++];
    *added = *unit;
    added->length = length;
    added->at = window->byte_first + window->bytes_length;
    added->fate = WINDOW_OPEN;
    memcpy(window->bytes + window->bytes_length, bytes, length);
    window->bytes_length += length;
    return LATTN_OK;
}

size_t window_count(const struct window *window)
{
    return window->end - window->start;
}

struct window_unit *window_unit(const struct window *window, size_t i)
{
    assert(i < window_count(window));
    return &window->units[window->start + i];
}

const char *window_bytes(const struct window *window, const struct window_unit *unit)
{
    return window->bytes + (unit->at - window->byte_first);
}

/* Where the first unit lies that was this message or a later one. */
static size_t bound_find(const struct window *window, uint64_t message)
{
    size_t low = window->start;
    size_t high = window->end;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (window->units[middle].message < message)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct window_unit *window_find(const struct window *window, uint64_t message)
{
    size_t found = bound_find(window, message);

    if (found == window->end || window->units[found].message != message)
        return NULL;
    return &window->units[found];
}

static void units_compact(struct window *window)
{
    size_t count = window_count(window);

    if (window->start <= count)
        return;
    memmove(window->units, window->units + window->start, count * sizeof *window->units);
    window->start = 0;
    window->end = count;
}

static void bytes_compact(struct window *window)
{
    uint64_t first = window->start == window->end ? window->byte_first + window->bytes_length
                                                  : window->units[window->start].at;
    size_t left = (size_t)(first - window->byte_first);
    size_t kept = window->bytes_length - left;

    if (left <= kept)
        return;
    memmove(window->bytes, window->bytes + left, kept);
    window->bytes_length = kept;
    window->byte_first = first;
}

void window_settle(struct window *window, uint64_t message, window_keep_fn keep, void *arg)
{
    size_t bound = bound_find(window, message);
    size_t kept = window->start;

    if (bound == window->start)
        return;
    for (size_t i = window->start; i < bound; i++) {
        if (keep(&window->units[i], arg))
            window->units[kept++] = window->units[i];
    }
    /* Those that stay move up to the ones that nobody asked about. */
    memmove(window->units + bound - (kept - window->start), window->units + window->start,
            (kept - window->start) * sizeof *window->units);
    window->start += bound - kept;
    units_compact(window);
    bytes_compact(window);
}

void window_done(struct window *window)
{
    free(window->units);
    free(window->bytes);
    *window = (struct window){0};
}
