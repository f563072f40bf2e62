#ifndef SERVE_DESCRIPTORS_H
#define SERVE_DESCRIPTORS_H

#include <stdint.h>

/* The descriptors of the process, before it opens any. */

/*
 * Open /dev/null in the place of each standard descriptor that is closed: it would be given to the
 * next file or socket we open, and answers or logs would be written into that.
 *
 * Returns 0, or -1 with errno.
 */
int descriptors_fill_standard(void);

/*
 * Allow as many descriptors as the system lets us: each connection takes one, and the usual soft
 * limit is there for programs that use select(2).
 *
 * Returns how many there may be now; 0 where that cannot be known, -1 where there is no limit.
 */
int64_t descriptors_raise(void);

#endif
