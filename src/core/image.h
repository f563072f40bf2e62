#ifndef CORE_IMAGE_H
#define CORE_IMAGE_H

#include "base/serial.h"

#include <lattn/limits.h>

/*
 * What writing and reading a learner's image share (README.md, section 6). The header stands before
 * every engine's body; a reader that does not know version or engine refuses there.
 */
enum {
    IMAGE_VERSION = 1,
    IMAGE_ENGINE_RLS = 1, /* R and C; the information form of another engine will be 2 */
    IMAGE_PLACE_BYTES = 4 /* of a component that was joined to another */
};

/* The header of an image of so many bytes. */
static inline struct serial_header image_header(uint64_t length)
{
    return (struct serial_header){"learner", "lattnlrn", IMAGE_VERSION, IMAGE_ENGINE_RLS, length};
}

#endif
