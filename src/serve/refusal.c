#include "serve/refusal.h"

#include <lattn/wire.h>

#include "base/memory.h"
#include "serve/stream.h"

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
    union stream *refused = memory_zeroed(1, sizeof *refused);
    uv_stream_t *stream = NULL;
    int error;

    if (refused == NULL)
        return LATTN_NO_MEMORY;
    error = stream_accept(refused, listener, &stream);
    if (stream == NULL) {
        memory_release(refused);
        return LATTN_INPUT_OUTPUT;
    }
    if (error == 0 && message != NULL)
        line_write(stream, why, message);
    stream->data = refused;
    uv_close(&refused->handle, refusal_closed);
    return error == 0 ? LATTN_OK : LATTN_INPUT_OUTPUT;
}
