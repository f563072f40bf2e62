#ifndef SERVE_LISTENER_H
#define SERVE_LISTENER_H

#include <lattn/status.h>

#include <uv.h>

/*
 * A Unix socket that clients connect to, readable and writable by its owner only. As long as it is
 * open PATH.lock is locked, so that there is one daemon per path, whatever was left behind by one
 * that was killed.
 */
struct listener;

/* A connection waits at stream. */
typedef void (*listener_connect_fn)(void *arg, uv_stream_t *stream);

/*
 * Create the socket and listen. A socket that nobody answers at is replaced; nothing else is ever
 * removed. To be called while no other thread makes files: it changes the umask for a moment.
 *
 * path     in  copied
 * connect  in  kept, with arg, until listener_close
 *
 * Returns LATTN_OK; LATTN_IN_USE: another process serves the path; LATTN_ADDRESS: the path cannot
 * be a socket; LATTN_INPUT_OUTPUT; LATTN_NO_MEMORY.
 */
enum lattn_status listener_open(struct listener **ret_listener, uv_loop_t *loop, const char *path,
                                listener_connect_fn connect, void *arg,
                                struct lattn_complaint *complaint);

/*
 * Stop listening and remove socket and lock. The memory is released by the loop, which must run
 * once more. Sets the pointer to NULL; accepts a pointer to NULL.
 */
void listener_close(struct listener **listener);

#endif
