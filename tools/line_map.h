#ifndef LINE_MAP_H
#define LINE_MAP_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Which line of the input a line on the connection came from. Both only grow, and mostly together:
 * a run is kept for each place where one of them got ahead (a blank line, a request in between).
 * Zeroed is empty.
 */
struct line_map {
    struct line_run *runs;
    size_t start; /* runs before it are forgotten */
    size_t end;
    size_t capacity;
};

struct line_run {
    uint64_t sent; /* first line of the run, as the connection counts */
    uint64_t input;
};

/* Add one line, the largest so far. Returns LATTN_OK or LATTN_NO_MEMORY. */
enum lattn_status line_map_note(struct line_map *map, uint64_t sent, uint64_t input);

/* The input line of a line that was sent; 0 if it was not noted. */
uint64_t line_map_find(const struct line_map *map, uint64_t sent);

/* Nobody will ask for lines before this one again. */
void line_map_forget(struct line_map *map, uint64_t sent);

void line_map_done(struct line_map *map);

#endif
