#include "serve/refusal.h"

#include <lattn/wire.h>

#include "base/memory.h"

union refusal {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_pipe_t pipe;
    uv_tcp_t tcp;
};

static void refusal_closed(uv_handle_t *handle)
{
    memory_release(handle->data);
}

/* What a fresh socket does not take at once is not waited for. */
static void line_write(uv_stream_t *stream, enum lattn_status why, const char *message)
{
    struct lattn_text text;

    lattn_text_init(&text);
    if (lattn_write_error(&text, LATTN_FORMAT_JSON, "", why, message, 0) == LATTN_OK) {
        uv_buf_t buffer = {.base = text.data, .len = text.length};

        (void)uv_try_write(stream, &buffer, 1);
    }
    lattn_text_done(&text);
}

enum lattn_status refusal_send(uv_stream_t *listener, enum lattn_status why, const char *message)
{
    union refusal *refusal = memory_zeroed(1, sizeof *refusal);
    int error;

    if (refusal == NULL)
        return LATTN_NO_MEMORY;
    error = listener->type == UV_TCP ? uv_tcp_init(listener->loop, &refusal->tcp)
                                     : uv_pipe_init(listener->loop, &refusal->pipe, 0);
    if (error != 0) {
        memory_release(refusal);
        return LATTN_INPUT_OUTPUT;
    }
    refusal->handle.data = refusal;
    error = uv_accept(listener, &refusal->stream);
    if (error == 0)
        line_write(&refusal->stream, why, message);
    uv_close(&refusal->handle, refusal_closed);
    return error == 0 ? LATTN_OK : LATTN_INPUT_OUTPUT;
}
