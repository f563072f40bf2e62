#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <lattn/status.h>

#include <stddef.h>

/* Bytes as text of 64 characters (RFC 4648, section 4), padded, without line breaks. */

/* Characters for so many bytes. */
size_t base64_length(size_t length);

/* Write exactly base64_length characters, without a closing zero. */
void base64_write(const char *bytes, size_t length, char *ret_text);

/*
 * Read them back.
 *
 * ret_bytes   out  at most length / 4 * 3; may be the text itself
 * ret_length  out
 *
 * Returns LATTN_OK, or LATTN_SYNTAX for any other text; what is in ret_bytes means nothing then.
 */
enum lattn_status base64_read(const char *text, size_t length, char *ret_bytes, size_t *ret_length);

#endif
