#ifndef INPUTS_H
#define INPUTS_H

#include "numbers.h"

#include <lattn/batch.h>
#include <lattn/limits.h>

#include <stddef.h>
#include <stdint.h>

/*
 * Inputs for one request. Zeroed is empty.
 *
 * items   valid until the next inputs_take
 * lines   where each of them stood
 * bytes   of those lines
 * tokens  of all inputs; input i starts at at[i]
 */
struct inputs {
    struct lattn_item items[LATTN_INPUTS_MAX];
    uint64_t lines[LATTN_INPUTS_MAX];
    size_t count;
    size_t bytes;
    size_t at[LATTN_INPUTS_MAX];
    double *tokens;
    size_t tokens_used;
    size_t tokens_room;
    struct numbers line;
};

/* Add the input of a line; there must be room. Returns as input_line_read. */
enum lattn_status inputs_take(struct inputs *inputs, const char *text, size_t length, uint64_t line,
                              struct lattn_complaint *complaint);

/* Make it empty, and release what it holds. */
void inputs_clear(struct inputs *inputs);
void inputs_done(struct inputs *inputs);

#endif
