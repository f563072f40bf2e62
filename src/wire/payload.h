#ifndef WIRE_PAYLOAD_H
#define WIRE_PAYLOAD_H

#include <lattn/wire.h>

#include "wire/scan.h"

/*
 * Take bytes that a message carries as a string of base64, and add them to a text.
 *
 * Returns LATTN_OK, LATTN_FIELD where it is something else, or LATTN_NO_MEMORY.
 */
enum lattn_status payload_read(struct scan *scan, const char *name, struct lattn_text *ret_bytes);

#endif
