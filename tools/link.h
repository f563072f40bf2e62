#ifndef LINK_H
#define LINK_H

#include "verbs.h"

#include <stddef.h>
#include <sys/types.h>

/*
 * How to reach a daemon. The texts are borrowed as long as links are opened by them.
 *
 * address  unix:PATH or tcp:HOST:PORT
 */
struct link_settings {
    const char *address;
};

/* Bytes to and from a daemon, whatever carries them. Nothing blocks but link_open. */
struct link {
    int fd; /* to be polled; -1: not open */
};

/*
 * Connect.
 *
 * verb  in  for talk
 *
 * Returns VERB_DONE; otherwise says why not and returns VERB_MISUSED (no address that one can
 * connect to) or VERB_REFUSED, with the link closed.
 */
enum verb_exit link_open(struct link *link, const char *verb, const struct link_settings *settings);

/* Drop the connection; accepts a closed link. */
void link_close(struct link *link);

/*
 * Take or give what there is or fits. Returns how many bytes that were, for link_read 0 at the end;
 * -1 with errno, EAGAIN where it would have to wait.
 */
ssize_t link_read(struct link *link, void *bytes, size_t length);
ssize_t link_write(struct link *link, const void *bytes, size_t length);

#endif
