#ifndef WIRE_REPLY_H
#define WIRE_REPLY_H

#include "wire/scan.h"

#include <lattn/wire.h>

/*
 * Stand at the object that a reply carries: the result, or of an emission the part of this name.
 *
 * part  in  NULL where an emission has no such part
 *
 * Returns LATTN_OK, or LATTN_FIELD where the reply has no such object.
 */
enum lattn_status reply_part(const struct lattn_reply *reply, const char *part,
                             struct scan *ret_scan);

#endif
