#ifndef SUPPORT_UNPACK_H
#define SUPPORT_UNPACK_H

#include <jansson.h>
#include <stddef.h>

/*
 * What msgpack-c, which shares no code with us, finds in MessagePack: one value and nothing behind
 * it, as JSON; NULL where it finds anything else. Numbers are reals, as JSON_DECODE_INT_AS_REAL
 * reads them; the payload of a tensor is {"$f8": [...]} or {"$f4": [...]}, as packed_of takes it.
 */
json_t *unpack_json(const char *bytes, size_t length);

/* Do MessagePack and JSON text say the same? */
int unpack_equal(const char *bytes, size_t length, const char *json);

#endif
