#ifndef WIRE_REPLY_H
#define WIRE_REPLY_H

#include "wire/member.h"
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

/*
 * A result that is an object of members, and back; see member_write and member_read.
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY; reading also LATTN_FIELD, where the reply is no such result.
 */
enum lattn_status reply_write_members(struct lattn_text *text, enum lattn_format format,
                                      const struct member *members, const void *from);
enum lattn_status reply_read_members(const struct lattn_reply *reply, const struct member *members,
                                     void *ret_to);

#endif
