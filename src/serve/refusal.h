#ifndef SERVE_REFUSAL_H
#define SERVE_REFUSAL_H

#include <lattn/status.h>

#include <uv.h>

/*
 * Take the connection that waits at a listening stream, say why it is not served, in one line of
 * JSON since nobody knows yet what it would have spoken, and close it.
 *
 * message  in  NULL: it would not understand a line
 *
 * Returns LATTN_OK; LATTN_NO_MEMORY: the connection still waits; LATTN_INPUT_OUTPUT.
 */
enum lattn_status refusal_send(uv_stream_t *listener, enum lattn_status why, const char *message);

#endif
