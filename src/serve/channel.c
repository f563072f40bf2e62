/*
 * Streams go through libuv's streams, files through file.h. Answers into a file are written
 * directly, since that does not wait for anybody.
 *
 * Between a TCP stream and the owner there may be a gate, which turns bytes of the network into
 * those of messages. It goes once it is passed and has nothing to decrypt.
 */
#include "serve/channel.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "serve/file.h"
#include "serve/gate.h"
#include "serve/log.h"
#include "serve/stream.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/*
 * reader, writer  the streams in use, both the same for a connection; NULL for files
 * carrier         in place of streams and files
 * anchor          never started: its closing is what lets closed come later for files, too
 * handles_open    to be closed before the channel is
 * gate            NULL: bytes go to the owner as they come
 * deadline, place for a peer that is not let in yet, at most once
 */
struct channel {
    const struct channel_events *events;
    void *arg;
    uv_loop_t *loop;
    union stream input;
    union stream output;
    uv_stream_t *reader;
    uv_stream_t *writer;
    uv_idle_t anchor;
    int handles_open;
    struct peer peer;

    const struct channel_carrier *carrier;
    void *carrier_arg;

    struct access *access;
    struct gate *gate;
    uv_timer_t deadline;
    int has_deadline;
    struct lobby_place place;

    struct file file; /* in place of a reader */
    int is_reading;
    int is_full; /* the last read was: there may be more */

    size_t pending; /* bytes of memory */
    int is_standard;
    uv_shutdown_t shutdown_request;
    int is_mute; /* nobody reads the answers */
    int is_closing;
};

/* One write under way, with its bytes. */
struct output {
    uv_write_t request;
    struct channel *channel;
    struct lattn_text text;
};

static void report_closed(struct channel *channel)
{
    if (!channel->is_closing || channel->handles_open > 0 || channel->file.is_busy)
        return;
    if (channel->events != NULL)
        channel->events->closed(channel->arg);
    else
        channel_release(&channel);
}

static void report_ended(struct channel *channel, int error)
{
    if (!channel->is_closing)
        channel->events->ended(channel->arg, error);
}

static void handle_closed(uv_handle_t *handle)
{
    struct channel *channel = handle->data;

    channel->handles_open--;
    report_closed(channel);
}

static void handle_adopt(struct channel *channel, uv_handle_t *handle)
{
    handle->data = channel;
    channel->handles_open++;
}

/* ---- the gate ---- */

static void stream_write(struct channel *channel, struct lattn_text *text);

/* The peer need not hurry any more: it is let in, or has to go. */
static void deadline_lift(struct channel *channel)
{
    if (!channel->has_deadline)
        return;
    channel->has_deadline = 0;
    lobby_leave(access_lobby(channel->access), &channel->place);
    uv_close((uv_handle_t *)&channel->deadline, handle_closed);
}

static void peer_refuse(struct channel *channel, int error, const char *why)
{
    deadline_lift(channel);
    access_refuse(channel->access, &channel->peer, why);
    report_ended(channel, error);
}

static void deadline_over(uv_timer_t *timer)
{
    peer_refuse(timer->data, UV_ETIMEDOUT, "it does not say who it is");
}

static void place_lost(void *arg)
{
    peer_refuse(arg, UV_EBUSY, "it waited, and too many others do");
}

static void gate_flush(struct channel *channel)
{
    if (gate_output(channel->gate)->length > 0)
        stream_write(channel, gate_output(channel->gate));
}

static void peer_admit(struct channel *channel)
{
    deadline_lift(channel);
    log_event(LOG_LEVEL_DEBUG, "client let in",
              LOG_FIELDS(log_text("peer", channel->peer.text),
                         log_text("subject", gate_subject(channel->gate))));
}

/* Pass on what is in the bytes. Returns the status of the gate when there is nothing more. */
static enum lattn_status gate_pass(struct channel *channel, struct lattn_complaint *complaint)
{
    int is_stranger = !gate_is_passed(channel->gate);
    char room[READ_BYTES_MAX];
    enum lattn_status status = LATTN_OK;

    while (status == LATTN_OK && !channel->is_closing) {
        const char *bytes;
        size_t length = 0;

        status = gate_take(channel->gate, room, &bytes, &length, complaint);
        gate_flush(channel);
        if (channel->has_deadline && gate_is_passed(channel->gate))
            peer_admit(channel);
        if (length > 0)
            channel->events->bytes(channel->arg, bytes, length);
    }
    if (is_stranger)
        explicit_bzero(room, sizeof room);
    return status;
}

/* What a stranger sends may be a token, and is cleared. */
static void gate_bytes(struct channel *channel, char *bytes, size_t length)
{
    int is_stranger = !gate_is_passed(channel->gate);
    struct lattn_complaint complaint = {""};
    enum lattn_status status;

    gate_feed(channel->gate, bytes, length);
    status = gate_pass(channel, &complaint);
    if (is_stranger)
        explicit_bzero(bytes, length);
    switch (status) {
    case LATTN_OK:
    case LATTN_MORE:
        break;
    case LATTN_CLOSED:
        channel_read_stop(channel);
        report_ended(channel, 0);
        return;
    case LATTN_DENIED:
        peer_refuse(channel, UV_EACCES, complaint.text);
        return;
    case LATTN_NO_MEMORY:
        report_ended(channel, UV_ENOMEM);
        return;
    default:
        report_ended(channel, UV_EPROTO);
        return;
    }
    if (gate_is_passed(channel->gate) && !gate_is_encrypted(channel->gate))
        gate_close(&channel->gate);
}

/* ---- in ---- */

void channel_bring(struct channel *channel, const char *bytes, size_t length)
{
    channel->events->bytes(channel->arg, bytes, length);
}

void channel_bring_end(struct channel *channel, int error)
{
    report_ended(channel, error);
}

/* What has a gate to pass comes into memory of its own; else it is read to where it belongs. */
static void stream_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    const struct channel *channel = handle->data;
    size_t room = GATE_FEED_MAX;

    (void)suggested;
    ret_buffer->base =
        channel->gate != NULL ? memory_raw(room, 1) : channel->events->room(channel->arg, &room);
    ret_buffer->len = ret_buffer->base == NULL ? 0 : room;
}

static void stream_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct channel *channel = stream->data;

    channel->is_full = length > 0 && (size_t)length == buffer->len;
    if (channel->gate != NULL) {
        if (length > 0 && !channel->is_closing)
            gate_bytes(channel, buffer->base, (size_t)length);
        memory_release(buffer->base);
    } else if (length >= 0 && !channel->is_closing) {
        channel->events->bytes(channel->arg, buffer->base, (size_t)length);
    }
    if (length >= 0)
        return;
    channel_read_stop(channel);
    /* Whoever ends an encrypted stream says so within it: this one was cut off. */
    if (length == UV_EOF && channel->gate != NULL && gate_is_encrypted(channel->gate))
        length = UV_ECONNRESET;
    report_ended(channel, length == UV_EOF ? 0 : (int)length);
}

static int file_came(void *arg, const char *bytes, ssize_t length)
{
    struct channel *channel = arg;

    if (channel->is_closing) {
        report_closed(channel);
        return 0;
    }
    channel->is_full = length == FILE_READ_BYTES;
    if (length > 0) {
        channel->events->bytes(channel->arg, bytes, (size_t)length);
    } else {
        channel->is_reading = 0;
        report_ended(channel, (int)length);
    }
    return 1;
}

void channel_read_start(struct channel *channel)
{
    if (channel->is_reading || channel->is_closing)
        return;
    channel->is_reading = 1;
    if (channel->carrier != NULL)
        channel->carrier->want(channel->carrier_arg, 1);
    else if (channel->reader == NULL)
        file_read_start(&channel->file);
    else
        (void)uv_read_start(channel->reader, stream_room, stream_read); /* fails only if closing */
}

void channel_read_stop(struct channel *channel)
{
    if (!channel->is_reading)
        return;
    channel->is_reading = 0;
    if (channel->carrier != NULL)
        channel->carrier->want(channel->carrier_arg, 0);
    else if (channel->reader == NULL)
        file_read_stop(&channel->file);
    else
        uv_read_stop(channel->reader);
}

/* ---- out ---- */

/* Nobody takes answers any more; what the peer sent before is still there to be read. */
static void output_failed(struct channel *channel, int error)
{
    if (channel->is_mute || channel->is_closing)
        return;
    channel->is_mute = 1;
    log_event(channel->is_standard ? LOG_LEVEL_WARN : LOG_LEVEL_DEBUG,
              "answers cannot be written and are dropped",
              LOG_FIELDS(log_text("error", uv_strerror(error))));
}

static void output_close(struct output *output)
{
    lattn_text_done(&output->text);
    memory_release(output);
}

static void stream_written(uv_write_t *request, int error)
{
    struct output *output = request->data;
    struct channel *channel = output->channel;

    channel->pending -= output->text.capacity;
    output_close(output);
    if (error != 0)
        output_failed(channel, error);
    if (!channel->is_closing)
        channel->events->drained(channel->arg);
}

static void stream_write(struct channel *channel, struct lattn_text *text)
{
    struct output *output = memory_zeroed(1, sizeof *output);
    uv_buf_t buffer;
    int error = UV_ENOMEM;

    if (output != NULL) {
        output->channel = channel;
        output->text = *text;
        output->request.data = output;
        lattn_text_init(text);
        buffer = (uv_buf_t){.base = output->text.data, .len = output->text.length};
        error = uv_write(&output->request, channel->writer, &buffer, 1, stream_written);
    }
    if (error == 0) {
        channel->pending += output->text.capacity;
        return;
    }
    if (output != NULL)
        output_close(output);
    output_failed(channel, error);
}

static void file_write(struct channel *channel, const struct lattn_text *text)
{
    size_t written = 0;

    while (written < text->length) {
        ssize_t n = write(STDOUT_FILENO, text->data + written, text->length - written);

        if (n >= 0) {
            written += (size_t)n;
        } else if (errno != EINTR) {
            output_failed(channel, -errno);
            return;
        }
    }
}

static void gate_write(struct channel *channel, const struct lattn_text *text)
{
    enum lattn_status status = gate_send(channel->gate, text->data, text->length);

    if (status == LATTN_OK)
        gate_flush(channel);
    else
        output_failed(channel, status == LATTN_NO_MEMORY ? UV_ENOMEM : UV_EPIPE);
}

void channel_write(struct channel *channel, struct lattn_text *text)
{
    if (text->length > 0 && !channel->is_mute && !channel->is_closing) {
        if (channel->carrier != NULL)
            channel->carrier->write(channel->carrier_arg, text);
        else if (channel->gate != NULL)
            gate_write(channel, text);
        else if (channel->writer != NULL)
            stream_write(channel, text);
        else
            file_write(channel, text);
    }
    lattn_text_done(text);
}

int channel_is_mute(const struct channel *channel)
{
    return channel->is_mute;
}

void channel_shutdown(struct channel *channel)
{
    if (channel->is_standard || channel->is_closing)
        return;
    if (channel->carrier != NULL) {
        channel->is_mute = 1;
        channel->carrier->end(channel->carrier_arg);
        return;
    }
    if (channel->gate != NULL) {
        gate_end(channel->gate);
        gate_flush(channel);
    }
    /* Where it fails the peer is gone already. */
    (void)uv_shutdown(&channel->shutdown_request, channel->writer, NULL);
    channel->is_mute = 1;
}

/* Where all has left, a peer behind TLS is told that this was all; whether it listens or not. */
static void farewell_try(struct channel *channel)
{
    struct lattn_text *text;
    uv_buf_t buffer;

    if (channel->gate == NULL || channel->pending > 0)
        return;
    gate_end(channel->gate);
    text = gate_output(channel->gate);
    buffer = (uv_buf_t){.base = text->data, .len = text->length};
    if (text->length > 0)
        (void)uv_try_write(channel->writer, &buffer, 1);
}

int channel_is_full(const struct channel *channel)
{
    return channel->is_full;
}

const char *channel_peer(const struct channel *channel)
{
    return channel->peer.text;
}

size_t channel_pending(const struct channel *channel)
{
    return channel->pending;
}

size_t channel_unsent(const struct channel *channel)
{
    return channel->writer == NULL ? 0 : uv_stream_get_write_queue_size(channel->writer);
}

/* ---- opening and closing ---- */

void channel_close(struct channel *channel)
{
    if (channel->is_closing)
        return;
    channel_read_stop(channel);
    farewell_try(channel);
    deadline_lift(channel);
    channel->is_closing = 1;
    if (channel->carrier != NULL)
        channel->carrier->gone(channel->carrier_arg);
    if (channel->reader != NULL)
        uv_close((uv_handle_t *)channel->reader, handle_closed);
    if (channel->writer != NULL && channel->writer != channel->reader)
        uv_close((uv_handle_t *)channel->writer, handle_closed);
    uv_close((uv_handle_t *)&channel->anchor, handle_closed);
}

void channel_release(struct channel **channel)
{
    struct channel *old = *channel;

    assert(old->is_closing && old->handles_open == 0 && !old->file.is_busy);
    gate_close(&old->gate);
    file_done(&old->file);
    memory_release(old);
    *channel = NULL;
}

/* A channel that could not be opened has no owner and releases itself when its handles are closed.
 */
static void channel_abandon(struct channel *channel)
{
    channel->events = NULL;
    channel_close(channel);
}

static struct channel *channel_make(uv_loop_t *loop, const struct channel_events *events, void *arg)
{
    struct channel *channel = memory_zeroed(1, sizeof *channel);

    if (channel == NULL)
        return NULL;
    channel->events = events;
    channel->arg = arg;
    channel->loop = loop;
    (void)uv_idle_init(loop, &channel->anchor); /* cannot fail */
    handle_adopt(channel, (uv_handle_t *)&channel->anchor);
    return channel;
}

/* Let nobody in who has not said who he is, and not for ever. */
static void deadline_begin(struct channel *channel)
{
    (void)uv_timer_init(channel->loop, &channel->deadline); /* cannot fail */
    handle_adopt(channel, (uv_handle_t *)&channel->deadline);
    channel->has_deadline = 1;
    (void)uv_timer_start(&channel->deadline, deadline_over, GATE_MS_MAX, 0); /* nor can this */
    lobby_enter(access_lobby(channel->access), &channel->place, place_lost, channel);
}

static int connection_open(struct channel *channel, uv_stream_t *listener)
{
    int error = stream_accept(&channel->input, listener, &channel->reader);

    channel->writer = channel->reader;
    if (channel->reader != NULL)
        handle_adopt(channel, &channel->input.handle);
    return error;
}

static void peer_identify(struct channel *channel)
{
    uv_os_fd_t descriptor;

    if (uv_fileno(&channel->input.handle, &descriptor) == 0)
        peer_find(descriptor, &channel->peer);
}

enum lattn_status channel_accept(struct channel **ret_channel, uv_stream_t *listener,
                                 struct access *access, const struct channel_events *events,
                                 void *arg)
{
    struct channel *channel = channel_make(listener->loop, events, arg);
    enum lattn_status status = LATTN_OK;

    if (channel == NULL)
        return LATTN_NO_MEMORY;
    channel->access = access;
    /* First what needs memory: whoever finds none still waits at the listener. */
    if (listener->type == UV_TCP && access_is_guarded(access))
        status = gate_open(&channel->gate, access);
    if (status == LATTN_OK && connection_open(channel, listener) != 0)
        status = LATTN_INPUT_OUTPUT;
    if (status != LATTN_OK) {
        gate_close(&channel->gate);
        channel_abandon(channel);
        return status;
    }
    if (channel->gate != NULL)
        deadline_begin(channel);
    peer_identify(channel);
    *ret_channel = channel;
    return LATTN_OK;
}

enum lattn_status channel_carry(struct channel **ret_channel, uv_loop_t *loop,
                                const struct channel_carrier *carrier, void *carrier_arg,
                                const struct peer *peer, const struct channel_events *events,
                                void *arg)
{
    struct channel *channel = channel_make(loop, events, arg);

    if (channel == NULL)
        return LATTN_NO_MEMORY;
    channel->carrier = carrier;
    channel->carrier_arg = carrier_arg;
    channel->peer = *peer;
    *ret_channel = channel;
    return LATTN_OK;
}

static int standard_open_both(struct channel *channel)
{
    int error = stream_open(&channel->input, channel->loop, STDIN_FILENO, &channel->reader);

    if (error == 0)
        error = stream_open(&channel->output, channel->loop, STDOUT_FILENO, &channel->writer);
    if (channel->reader != NULL)
        handle_adopt(channel, &channel->input.handle);
    if (channel->writer != NULL)
        handle_adopt(channel, &channel->output.handle);
    if (error != 0 || channel->reader != NULL)
        return error;
    return file_open(&channel->file, channel->loop, STDIN_FILENO, file_came, channel);
}

enum lattn_status channel_standard(struct channel **ret_channel, uv_loop_t *loop,
                                   const struct channel_events *events, void *arg,
                                   struct lattn_complaint *complaint)
{
    struct channel *channel = channel_make(loop, events, arg);
    int error;

    if (channel == NULL)
        return LATTN_NO_MEMORY;
    channel->is_standard = 1;
    channel->peer = (struct peer){.text = "stdin", .host = "stdin"};
    error = standard_open_both(channel);
    if (error != 0) {
        channel_abandon(channel);
        return complain(complaint, LATTN_INPUT_OUTPUT, "cannot use standard input and output: %s",
                        uv_strerror(error));
    }
    *ret_channel = channel;
    return LATTN_OK;
}
