#ifndef WIRE_MESSAGE_WRITE_H
#define WIRE_MESSAGE_WRITE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Single MessagePack values, and the heads of those that hold bytes or other values; what number.h
 * is to JSON. Each is written to ret_bytes, in the shortest form unless said otherwise, and its
 * length returned.
 */

/* Bytes of the longest of them: a float64, or a count of 64 bits. */
enum { MESSAGE_WRITE_MAX = 9 };

size_t message_write_null(char ret_bytes[MESSAGE_WRITE_MAX]);
size_t message_write_flag(int32_t flag, char ret_bytes[MESSAGE_WRITE_MAX]);
size_t message_write_count(uint64_t count, char ret_bytes[MESSAGE_WRITE_MAX]);
size_t message_write_number(double number, char ret_bytes[MESSAGE_WRITE_MAX]); /* float64 always */

/* Heads: `length` bytes are to follow, or `count` values of an array '[', or pairs of a map '{'. */
size_t message_write_string(uint32_t length, char ret_bytes[MESSAGE_WRITE_MAX]);
size_t message_write_bytes(uint32_t length, char ret_bytes[MESSAGE_WRITE_MAX]);
size_t message_write_head(char bracket, uint32_t count, char ret_bytes[MESSAGE_WRITE_MAX]);

/* The same in five bytes whatever the count, so that it can be filled in later. */
size_t message_write_wide(char bracket, uint32_t count, char ret_bytes[MESSAGE_WRITE_MAX]);

#endif
