#ifndef SERVE_STREAM_H
#define SERVE_STREAM_H

#include <uv.h>

/* Room for a stream of any kind. */
union stream {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_pipe_t pipe;
    uv_tcp_t tcp;
    uv_tty_t tty;
};

/*
 * Both return 0 or a libuv error. Whatever they return, where *ret_stream was set the stream is on
 * the loop, and the caller's to close.
 */

/* Take the connection that waits at a listener. What is small goes at once: it is waited for. */
int stream_accept(union stream *stream, uv_stream_t *listener, uv_stream_t **ret_stream);

/* Open a standard descriptor as what it is; *ret_stream stays as it was for a file. */
int stream_open(union stream *stream, uv_loop_t *loop, int descriptor, uv_stream_t **ret_stream);

#endif
