#ifndef INPUT_LINE_H
#define INPUT_LINE_H

#include "numbers.h"

#include <lattn/batch.h>
#include <lattn/status.h>

/*
 * Read a line of inputs: {"z"} or {"t"}, other fields are passed over.
 *
 * numbers    in/out  room for the tokens; grows
 * ret_used   out     numbers taken
 * ret_input  out     its tokens lie in numbers
 *
 * Returns LATTN_OK; LATTN_MORE for the names before the pairs of gen, which ask nothing;
 * LATTN_NO_MEMORY; or what is wrong with the line, as lattn_input_read.
 */
enum lattn_status input_line_read(struct numbers *numbers, const char *text, size_t length,
                                  size_t *ret_used, struct lattn_item *ret_input,
                                  struct lattn_complaint *complaint);

#endif
