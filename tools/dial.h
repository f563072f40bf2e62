#ifndef DIAL_H
#define DIAL_H

#include "verbs.h"

/*
 * Connect to unix:PATH or tcp:HOST:PORT. A name with several addresses is tried at each of them;
 * where nobody listens yet, again for up to a second.
 *
 * verb    in   for talk
 * ret_fd  out  given; it does not block, and sends small messages at once
 *
 * Returns VERB_DONE; otherwise says why not and returns VERB_MISUSED (no address that one can
 * connect to) or VERB_REFUSED.
 */
enum verb_exit dial_address(const char *verb, const char *text, int *ret_fd);

#endif
