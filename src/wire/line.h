#ifndef WIRE_LINE_H
#define WIRE_LINE_H

#include "wire/scan.h"

#include <lattn/wire.h>

/* Take an id: a number, a string or null, as its JSON text. */
enum lattn_status line_read_id(struct scan *scan, char ret_id[LATTN_ID_MAX]);

/* Take "z", the tokens of an item, into numbers, which have room for all that the text can hold. */
enum lattn_status line_read_tokens(struct scan *scan, double *numbers, struct lattn_item *item);

/* Take "t", tokens told by the coordinates that are 1: a number for each token and each index. */
enum lattn_status line_read_ones(struct scan *scan, double *numbers, struct lattn_item *item);

/*
 * What a refused line is for: whose answer it waits for, and whether it is a request.
 *
 * ret_message  out  id, kind, producer and seq, as far as the text can be read; all else is zero
 */
void line_find_id(const char *text, size_t length, struct lattn_message *ret_message);

#endif
