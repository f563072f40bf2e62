#include "line_map.h"

#include <stdlib.h>
#include <string.h>

/* Room for one run more, by dropping what is forgotten or by growing. */
static enum lattn_status room_make(struct line_map *map)
{
    size_t kept = map->end - map->start;
    size_t capacity = 2 * kept + 16;
    struct line_run *runs;

    if (map->end < map->capacity)
        return LATTN_OK;
    runs = malloc(capacity * sizeof *runs);
    if (runs == NULL)
        return LATTN_NO_MEMORY;
    if (kept > 0)
        memcpy(runs, map->runs + map->start, kept * sizeof *runs);
    free(map->runs);
    *map = (struct line_map){.runs = runs, .end = kept, .capacity = capacity};
    return LATTN_OK;
}

enum lattn_status line_map_note(struct line_map *map, uint64_t sent, uint64_t input)
{
    enum lattn_status status;

    if (map->end > map->start) {
        const struct line_run *last = &map->runs[map->end - 1];

        if (input - last->input == sent - last->sent)
            return LATTN_OK;
    }
    status = room_make(map);
    if (status != LATTN_OK)
        return status;
    map->runs[map->end++] = (struct line_run){.sent = sent, .input = input};
    return LATTN_OK;
}

/* The last run that begins at or before the line; map->end if there is none. */
static size_t run_of(const struct line_map *map, uint64_t sent)
{
    size_t low = map->start;
    size_t high = map->end;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (map->runs[middle].sent <= sent)
            low = middle + 1;
        else
            high = middle;
    }
    return low == map->start ? map->end : low - 1;
}

uint64_t line_map_find(const struct line_map *map, uint64_t sent)
{
    size_t run = run_of(map, sent);

    return run == map->end ? 0 : map->runs[run].input + (sent - map->runs[run].sent);
}

void line_map_forget(struct line_map *map, uint64_t sent)
{
    size_t run = run_of(map, sent);

    if (run != map->end)
        map->start = run;
}

void line_map_done(struct line_map *map)
{
    free(map->runs);
    *map = (struct line_map){0};
}
