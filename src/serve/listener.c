/*
 * What all addresses have in common once their sockets exist: libuv listens and reports.
 */
#include "serve/listener.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "serve/bounds.h"
#include "serve/log.h"
#include "serve/socket_path.h"
#include "serve/stream.h"
#include "serve/tcp.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    /* "unix:" and a path, or what a TCP address takes */
    TEXT_BYTES_MAX = 128
};

/*
 * streams       one for each socket, streams_count of them on the loop
 * streams_open  to be closed before the memory is released
 */
struct listener {
    struct lattn_address address;
    listener_connect_fn connect;
    void *arg;
    struct socket_path path;
    int has_path;
    union stream streams[TCP_SOCKETS_MAX];
    int streams_count;
    int streams_open;
};

static void connection_came(uv_stream_t *stream, int error)
{
    struct listener *listener = stream->data;

    if (error == 0)
        listener->connect(listener->arg, stream);
    else
        log_event(LOG_LEVEL_ERROR, "cannot accept a connection",
                  LOG_FIELDS(log_text("error", uv_strerror(error))));
}

static void listening_log(const struct listener *listener, int descriptor)
{
    const struct lattn_address *address = &listener->address;
    char text[TEXT_BYTES_MAX];

    if (address->kind == LATTN_ADDRESS_UNIX)
        snprintf(text, sizeof text, "unix:%s", address->path);
    else if (address->kind == LATTN_ADDRESS_FD)
        snprintf(text, sizeof text, "fd:%d", (int)address->fd);
    else
        tcp_text(descriptor, text);
    log_event(LOG_LEVEL_INFO, "listening", LOG_FIELDS(log_text("address", text)));
}

/* ---- sockets ---- */

static int is_unix(int descriptor)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;

    return getsockname(descriptor, (struct sockaddr *)&address, &length) == 0 &&
           address.ss_family == AF_UNIX;
}

/* Give the descriptor to a stream of its kind. Returns a libuv error. */
static int stream_add(struct listener *listener, uv_loop_t *loop, int descriptor)
{
    union stream *stream = &listener->streams[listener->streams_count];
    int is_pipe = is_unix(descriptor);
    int error = is_pipe ? uv_pipe_init(loop, &stream->pipe, 0) : uv_tcp_init(loop, &stream->tcp);

    if (error != 0)
        return error;
    stream->handle.data = listener;
    listener->streams_count++;
    listener->streams_open++;
    return is_pipe ? uv_pipe_open(&stream->pipe, descriptor)
                   : uv_tcp_open(&stream->tcp, descriptor);
}

static enum lattn_status listen_refuse(int error, struct lattn_complaint *complaint)
{
    return complain(complaint, error == UV_EADDRINUSE ? LATTN_IN_USE : LATTN_INPUT_OUTPUT,
                    "cannot listen: %s", uv_strerror(error));
}

/* The descriptor is given. */
static enum lattn_status socket_add(struct listener *listener, uv_loop_t *loop, int descriptor,
                                    struct lattn_complaint *complaint)
{
    int error = stream_add(listener, loop, descriptor);

    if (error == 0)
        return LATTN_OK;
    close(descriptor);
    return listen_refuse(error, complaint);
}

static enum lattn_status unix_open(struct listener *listener, uv_loop_t *loop,
                                   const struct listener_settings *settings,
                                   struct lattn_complaint *complaint)
{
    int descriptor = -1;
    enum lattn_status status = socket_path_open(&listener->path, listener->address.path,
                                                settings->group, &descriptor, complaint);

    if (status != LATTN_OK)
        return status;
    listener->has_path = 1;
    return socket_add(listener, loop, descriptor, complaint);
}

static enum lattn_status addresses_open(struct listener *listener, uv_loop_t *loop,
                                        const struct listener_settings *settings,
                                        struct lattn_complaint *complaint)
{
    struct tcp tcp;
    enum lattn_status status =
        tcp_open(&tcp, listener->address.host, listener->address.port, settings->reach, complaint);

    if (status != LATTN_OK)
        return status;
    for (int i = 0; i < tcp.count; i++) {
        if (status == LATTN_OK)
            status = socket_add(listener, loop, tcp.descriptors[i], complaint);
        else
            close(tcp.descriptors[i]);
    }
    return status;
}

static enum lattn_status sockets_open(struct listener *listener, uv_loop_t *loop,
                                      const struct listener_settings *settings,
                                      struct lattn_complaint *complaint)
{
    switch (listener->address.kind) {
    case LATTN_ADDRESS_UNIX:
        return unix_open(listener, loop, settings, complaint);
    case LATTN_ADDRESS_TCP:
        return addresses_open(listener, loop, settings, complaint);
    case LATTN_ADDRESS_FD:
        return socket_add(listener, loop, listener->address.fd, complaint);
    case LATTN_ADDRESS_TLS:
    case LATTN_ADDRESS_STDIN:
        break;
    }
    assert(0 && "no address that one listens at");
    return LATTN_ADDRESS;
}

/* ---- opening and closing ---- */

enum lattn_status listener_open(struct listener **ret_listener, uv_loop_t *loop,
                                const struct lattn_address *address,
                                const struct listener_settings *settings,
                                listener_connect_fn connect, void *arg,
                                struct lattn_complaint *complaint)
{
    struct listener *listener = memory_zeroed(1, sizeof *listener);
    enum lattn_status status;

    if (listener == NULL)
        return LATTN_NO_MEMORY;
    listener->address = *address;
    listener->connect = connect;
    listener->arg = arg;
    status = sockets_open(listener, loop, settings, complaint);
    if (status != LATTN_OK) {
        listener_close(&listener);
        return status;
    }
    *ret_listener = listener;
    return LATTN_OK;
}

enum lattn_status listener_listen(struct listener *listener, struct lattn_complaint *complaint)
{
    for (int i = 0; i < listener->streams_count; i++) {
        union stream *stream = &listener->streams[i];
        int error = uv_listen(&stream->stream, BACKLOG_MAX, connection_came);
        uv_os_fd_t descriptor = -1;

        if (error != 0)
            return listen_refuse(error, complaint);
        (void)uv_fileno(&stream->handle, &descriptor); /* it is open */
        listening_log(listener, descriptor);
    }
    return LATTN_OK;
}

static void stream_closed(uv_handle_t *handle)
{
    struct listener *listener = handle->data;

    if (--listener->streams_open == 0)
        memory_release(listener);
}

void listener_close(struct listener **listener)
{
    struct listener *old = *listener;

    if (old == NULL)
        return;
    *listener = NULL;
    if (old->has_path)
        socket_path_close(&old->path);
    if (old->streams_count == 0) {
        memory_release(old);
        return;
    }
    for (int i = 0; i < old->streams_count; i++)
        uv_close(&old->streams[i].handle, stream_closed);
}
