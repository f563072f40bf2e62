#ifndef WIRE_EXCERPT_H
#define WIRE_EXCERPT_H

#include <stddef.h>

enum { EXCERPT_BYTE_MAX = 4 };

/*
 * What a byte of somebody's message looks like in ours: itself where it is printable ASCII, else an
 * escape such as \x1b. Without an end; returns its length. Refusals come as fast as messages, so
 * this is no place for printf.
 */
size_t excerpt_byte(char byte, char ret_text[EXCERPT_BYTE_MAX]);

#endif
