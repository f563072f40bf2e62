#ifndef WIRE_MESSAGE_JSON_H
#define WIRE_MESSAGE_JSON_H

#include "wire/message.h"
#include "wire/writer.h"

/* What becomes of a bin that is no tensor: JSON has no such value. */
enum message_json_bytes { MESSAGE_JSON_REFUSED, MESSAGE_JSON_BASE64 };

/*
 * Take the next value and write it as JSON. A map with a bin under "data" is a tensor and becomes
 * nested arrays of its numbers; where bytes may stand as base64, only one with a "shape" is.
 *
 * name    in  what complaints call the value
 * writer  in  of JSON; what stands in it after a refusal means nothing
 *
 * At most some 8 bytes are written per byte taken. Returns LATTN_OK; LATTN_SYNTAX (a string is not
 * UTF-8, or nested too deep), LATTN_NOT_FINITE, LATTN_FIELD for what JSON does not have (other
 * keys than strings, other bin, extensions), LATTN_NO_MEMORY, or what tensor_read refuses a tensor
 * with. Whether the text found memory is for writer_end to say.
 */
enum lattn_status message_to_json(struct message *message, const char *name,
                                  enum message_json_bytes bytes, struct writer *writer,
                                  struct lattn_complaint *complaint);

#endif
