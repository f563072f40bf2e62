#ifndef WIRE_LINE_H
#define WIRE_LINE_H

#include "wire/scan.h"

#include <lattn/wire.h>

/* Take an id: a number, a string or null, given as its JSON text, borrowed from the scanned text.
 */
enum lattn_status line_read_id(struct scan *scan, const char **ret_id, size_t *ret_length);

/* Take the tokens of an item into numbers, which have room for all that the text can hold. */
enum lattn_status line_read_tokens(struct scan *scan, double *numbers, struct lattn_item *item);

/*
 * What a refused line is for: whose answer it waits for, and whether it is a request.
 *
 * ret_line  out  id borrowed from text and kind, as far as the text can be read; all else is zero
 */
void line_find_id(const char *text, size_t length, struct lattn_line *ret_line);

#endif
