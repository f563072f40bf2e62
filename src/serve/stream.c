#include "serve/stream.h"

int stream_accept(union stream *stream, uv_stream_t *listener, uv_stream_t **ret_stream)
{
    int is_tcp = listener->type == UV_TCP;
    int error = is_tcp ? uv_tcp_init(listener->loop, &stream->tcp)
                       : uv_pipe_init(listener->loop, &stream->pipe, 0);

    if (error != 0)
        return error;
    *ret_stream = &stream->stream;
    error = uv_accept(listener, &stream->stream);
    if (error == 0 && is_tcp)
        error = uv_tcp_nodelay(&stream->tcp, 1);
    return error;
}

int stream_open(union stream *stream, uv_loop_t *loop, int descriptor, uv_stream_t **ret_stream)
{
    int error;

    switch (uv_guess_handle(descriptor)) {
    case UV_FILE:
        return 0;
    case UV_TTY:
        error = uv_tty_init(loop, &stream->tty, descriptor, 0);
        if (error == 0)
            *ret_stream = &stream->stream;
        return error;
    case UV_NAMED_PIPE:
    case UV_TCP:
        (void)uv_pipe_init(loop, &stream->pipe, 0); /* cannot fail */
        *ret_stream = &stream->stream;
        return uv_pipe_open(&stream->pipe, descriptor);
    default:
        return UV_ENOTSUP;
    }
}
