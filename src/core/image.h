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
    IMAGE_ENGINE_RLS = 1,  /* R and C */
    IMAGE_ENGINE_GRAM = 2, /* each component says which form it has */
    IMAGE_FORM_BYTES = 1,  /* of a component: flags */
    IMAGE_FORM_MOMENT = 1, /* it is in information form */
    IMAGE_FORM_CUT = 2,    /* and left out what it could not tell */
    IMAGE_PLACE_BYTES = 4  /* of a component that was joined to another */
};

/* The header of an image of so many bytes. */
static inline struct serial_header image_header(uint32_t engine, uint64_t length)
{
    return (struct serial_header){"learner", "lattnlrn", IMAGE_VERSION, engine, length};
}

#endif
