#ifndef WIRE_SAFETENSORS_H
#define WIRE_SAFETENSORS_H

#include <lattn/wire.h>

/*
 * Is this a safetensors file rather than JSON? The length it begins with has a zero in its highest
 * byte, which JSON text never has.
 */
int safetensors_is(const char *bytes, size_t length);

/* lattn_model_read for such a file. */
enum lattn_status safetensors_read(const char *bytes, size_t length, struct lattn_model **ret_model,
                                   struct lattn_complaint *complaint);

#endif
