/*
 * Event streams (HTML, "Server-sent events"). The library asks a stream for bytes when its client
 * can take some. Where there are none its connection rests, suspended, until the next event or the
 * next pulse: a comment of one line, by which a connection that is gone is found out. A client that
 * is slow gets its events from the ring, and of those that left the ring none.
 */
#include "monitor/http_parts.h"

#include "base/memory.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum {
    /* What the library asks for at once. */
    BLOCK_BYTES = 4 << 10,
    /* Proxies and clients take a stream for dead that says nothing for half a minute or more. */
    PULSE_MS = 15000,
    HEAD_TEXT_MAX = 96
};

/* A client that has lost us tries again in two seconds. */
static const char greeting[] = "retry: 2000\n\n";
static const char sign_of_life[] = ": \n\n";

/* ---- what is sent ---- */

enum lattn_status http_stream_write(const struct http *http, const struct http_emission *emission,
                                    struct lattn_text *text)
{
    char head[HEAD_TEXT_MAX];
    int length = snprintf(head, sizeof head,
                          "id: %s-%" PRIu64 "\nevent: emission\ndata: {\"status\": ", http->start,
                          emission->number);
    static const char between[] = ", \"spectrum\": ";
    static const char end[] = "}\n\n";
    enum lattn_status status = lattn_text_add(text, head, (size_t)length);

    if (status == LATTN_OK)
        status = lattn_text_add(text, emission->status->data, emission->status->length);
    if (status == LATTN_OK && emission->spectrum->length > 0)
        status = lattn_text_add(text, between, sizeof between - 1);
    if (status == LATTN_OK && emission->spectrum->length > 0)
        status = lattn_text_add(text, emission->spectrum->data, emission->spectrum->length);
    return status == LATTN_OK ? lattn_text_add(text, end, sizeof end - 1) : status;
}

static size_t bytes_copy(struct http_stream *stream, const char *from, size_t length, char *bytes,
                         size_t most)
{
    size_t left = length - stream->sent;
    size_t taken = left < most ? left : most;

    memcpy(bytes, from + stream->sent, taken);
    stream->sent += taken;
    if (stream->sent == length)
        stream->sent = 0;
    return taken;
}

static size_t words_copy(struct http_stream *stream, char *bytes, size_t most)
{
    size_t taken = bytes_copy(stream, stream->words, strlen(stream->words), bytes, most);

    if (stream->sent == 0)
        stream->words = NULL;
    return taken;
}

static size_t event_copy(struct http_stream *stream, char *bytes, size_t most)
{
    const struct lattn_text *text = &stream->event->text;
    size_t taken = bytes_copy(stream, text->data, text->length, bytes, most);

    if (stream->sent == 0)
        ring_release(&stream->event);
    return taken;
}

static void stream_rest(struct http_stream *stream)
{
    stream->is_resting = 1;
    MHD_suspend_connection(stream->guest->connection);
}

static void stream_wake(struct http_stream *stream)
{
    if (!stream->is_resting)
        return;
    stream->is_resting = 0;
    MHD_resume_connection(stream->guest->connection);
}

static ssize_t bytes_asked(void *cls, uint64_t position, char *bytes, size_t most)
{
    struct http_stream *stream = cls;

    (void)position;
    if (stream->words != NULL)
        return (ssize_t)words_copy(stream, bytes, most);
    if (stream->event == NULL)
        stream->event = ring_next(&stream->http->ring, stream->after);
    if (stream->event != NULL) {
        stream->after = stream->event->number;
        return (ssize_t)event_copy(stream, bytes, most);
    }
    if (stream->http->is_finishing)
        return MHD_CONTENT_READER_END_OF_STREAM;
    stream_rest(stream);
    return 0;
}

/* ---- all of them ---- */

void http_stream_wake(struct http *http)
{
    for (struct http_stream *stream = http->streams; stream != NULL; stream = stream->next)
        stream_wake(stream);
    http_stir(http);
}

static void pulse_came(uv_timer_t *timer)
{
    struct http *http = timer->data;

    for (struct http_stream *stream = http->streams; stream != NULL; stream = stream->next) {
        if (stream->is_resting)
            stream->words = sign_of_life;
    }
    http_stream_wake(http);
}

/* Has its client gone? Of a connection that rests the library does not find out. */
static int is_lost(const struct http_stream *stream)
{
    struct pollfd socket = {.fd = stream->guest->descriptor, .events = POLLRDHUP};

    return stream->is_resting && poll(&socket, 1, 0) > 0;
}

/* Places that somebody holds without being there, as after a page was left. */
static size_t places_lost(struct http *http)
{
    size_t lost = 0;

    for (struct http_stream *stream = http->streams; stream != NULL; stream = stream->next) {
        if (!is_lost(stream))
            continue;
        lost++;
        stream->words = sign_of_life;
        stream_wake(stream);
    }
    if (lost > 0)
        http_stir(http);
    return lost;
}

/* ---- one of them ---- */

static void stream_add(struct http *http, struct http_stream *stream)
{
    stream->next = http->streams;
    if (http->streams != NULL)
        http->streams->previous = stream;
    http->streams = stream;
    if (http->streams_count++ > 0)
        return;
    (void)uv_timer_start(&http->pulse, pulse_came, PULSE_MS, PULSE_MS); /* fails if closing */
    http->settings.owner.watched(http->settings.owner.arg, 1);
}

static void stream_remove(struct http *http, struct http_stream *stream)
{
    if (stream->previous != NULL)
        stream->previous->next = stream->next;
    else
        http->streams = stream->next;
    if (stream->next != NULL)
        stream->next->previous = stream->previous;
    if (--http->streams_count > 0)
        return;
    (void)uv_timer_stop(&http->pulse);
    http->settings.owner.watched(http->settings.owner.arg, 0);
}

static void stream_gone(void *cls)
{
    struct http_stream *stream = cls;

    stream_remove(stream->http, stream);
    ring_release(&stream->event);
    memory_release(stream);
}

/* Behind which event it begins: the last one it has had, none, or that before the newest. */
static uint64_t after_which(const struct http *http, const struct inquiry *inquiry)
{
    uint64_t newest = ring_newest(&http->ring);
    uint64_t last = inquiry_event(inquiry, http->start);

    if (last > 0 && last <= newest)
        return last;
    return newest > 0 && !inquiry->wants_all ? newest - 1 : 0;
}

static struct MHD_Response *stream_response(struct http_visit *visit)
{
    struct http *http = visit->guest->http;
    struct http_stream *stream = memory_zeroed(1, sizeof *stream);
    struct MHD_Response *response = NULL;

    if (stream == NULL)
        return NULL;
    *stream = (struct http_stream){
        .http = http,
        .guest = visit->guest,
        .after = after_which(http, &visit->inquiry),
        .words = greeting,
    };
    response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, bytes_asked, stream,
                                                 stream_gone);
    if (response != NULL)
        stream_add(http, stream);
    else
        memory_release(stream);
    return response;
}

enum MHD_Result http_stream_open(struct http_visit *visit)
{
    static const char type[] = "text/event-stream";
    struct http *http = visit->guest->http;

    if (visit->inquiry.method == INQUIRY_HEAD)
        return http_reply_words(visit, MHD_HTTP_OK, type, "", 0);
    if (http->streams_count >= HTTP_STREAMS_MAX + places_lost(http))
        return http_reply_error(visit, MHD_HTTP_SERVICE_UNAVAILABLE, LATTN_BUSY,
                                "all places for event streams are taken");
    return http_reply_queue(visit, MHD_HTTP_OK, type, stream_response(visit));
}
