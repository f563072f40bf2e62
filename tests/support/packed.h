#ifndef SUPPORT_PACKED_H
#define SUPPORT_PACKED_H

#include <stddef.h>

/*
 * MessagePack written as JSON, and packed by msgpack-c, which shares no code with us. Quotes may be
 * single ones. What JSON does not have is an object of one field:
 *
 *     {"$f8": [...]}    bin of these numbers as little-endian doubles; "NaN", "Infinity" and
 *     {"$f4": [...]}    "-Infinity" stand for themselves; "$f4": of floats
 *     {"$float": 1}     the number as a float64, where 1 alone is an integer; {"$float4": 1} as a
 *                       float32
 *     {"$bin": "ab"}    bin of these characters
 *     {"$map": [k, v]}  a map whose keys may be anything, and come twice
 *     {"$ext": "ab"}    an extension of type 5
 *
 * Owned by the caller; release with packed_done. Text that is no JSON ends the test program.
 */
struct packed {
    char *data;
    size_t length;
};

struct packed packed_of(const char *json);
void packed_done(struct packed *pack);

#endif
