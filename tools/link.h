#ifndef LINK_H
#define LINK_H

#include <lattn/status.h>

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
 * Connect, once.
 *
 * complaint  out  why not
 *
 * Returns LATTN_OK; otherwise with the link closed LATTN_ADDRESS: nobody can connect to that;
 * LATTN_CLOSED: nobody listens there yet; or LATTN_INPUT_OUTPUT.
 */
enum lattn_status link_open(struct link *link, const struct link_settings *settings,
                            struct lattn_complaint *complaint);

/* Drop the connection; accepts a closed link. */
void link_close(struct link *link);

/*
 * Take or give what there is or fits. Returns how many bytes that were, for link_read 0 at the end;
 * -1 with errno, EAGAIN where it would have to wait.
 */
ssize_t link_read(struct link *link, void *bytes, size_t length);
ssize_t link_write(struct link *link, const void *bytes, size_t length);

#endif
