#ifndef WIRE_NUMBER_H
#define WIRE_NUMBER_H

#include <stddef.h>

/* Bytes that number_write may touch; the longest text, "-1.2345678901234567e-308", takes 24. */
enum { NUMBER_TEXT_MAX = 40 };

/*
 * Read the JSON number that starts at text, rounded to the nearest double, ties to even.
 *
 * end         in   end of the readable bytes; a byte that no number contains stands before it
 * ret_number  out  infinite where the number is beyond the doubles
 *
 * Returns the first byte behind the number, or NULL where RFC 8259 sees none.
 */
const char *number_read(const char *text, const char *end, double *ret_number);

/*
 * Write a finite double as printf's %.17g in the C locale does: it reads back to the same bits.
 *
 * ret_text  out  NUMBER_TEXT_MAX bytes, not terminated
 *
 * Returns the length.
 */
size_t number_write(double number, char *ret_text);

#endif
