#include "transport.h"

#include "interrupt.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* What a shell exits with where a command cannot be run, or is not there. */
enum { SHELL_CANNOT_RUN = 126, SHELL_NOT_FOUND = 127 };

static ssize_t bytes_read(void *arg, void *bytes, size_t length)
{
    struct transport *transport = arg;

    return transport->command != NULL ? child_read(&transport->child, bytes, length)
                                      : lattn_link_read(transport->client.link, bytes, length);
}

static ssize_t bytes_write(struct transport *transport, const void *bytes, size_t length)
{
    return transport->command != NULL ? child_write(&transport->child, bytes, length)
                                      : lattn_link_write(transport->client.link, bytes, length);
}

void transport_init(struct transport *transport, const char *command,
                    const struct link_settings *settings)
{
    *transport = (struct transport){.command = command, .settings = settings};
    lattn_text_init(&transport->out);
}

void transport_done(struct transport *transport)
{
    (void)transport_close(transport, NULL); /* nobody asks how it ended */
    lattn_text_done(&transport->out);
}

/* A client also shows its token where it has one; of what it is, lines are ours from then on. */
static enum lattn_status connect_to(struct transport *transport, struct lattn_complaint *complaint)
{
    client_init(&transport->client, "probe", transport->settings, LATTN_FORMAT_JSON);
    return client_connect(&transport->client, complaint);
}

enum lattn_status transport_open(struct transport *transport, struct lattn_complaint *complaint)
{
    enum lattn_status status = transport->command != NULL
                                   ? child_start(&transport->child, transport->command, complaint)
                                   : connect_to(transport, complaint);

    if (status != LATTN_OK)
        return status;
    reader_init_from(&transport->lines, bytes_read, transport, READER_LINES,
                     TRANSPORT_LINE_BYTES_MAX);
    transport->out.length = 0;
    transport->out_sent = 0;
    transport->is_open = 1;
    transport->is_broken = 0;
    return LATTN_OK;
}

int transport_close(struct transport *transport, char ret_words[CHILD_WORDS_MAX])
{
    int code = 0;

    if (!transport->is_open)
        return 0;
    if (transport->command != NULL) {
        code = child_end(&transport->child, ret_words);
    } else {
        client_close(&transport->client);
        if (ret_words != NULL)
            snprintf(ret_words, CHILD_WORDS_MAX, "the connection was closed");
    }
    reader_done(&transport->lines);
    transport->is_open = 0;
    return code == SHELL_CANNOT_RUN || code == SHELL_NOT_FOUND;
}

size_t transport_pending(const struct transport *transport)
{
    return transport->out.length - transport->out_sent;
}

/* Hand over what is taken; what was sent goes once it is the larger part. */
static void out_send(struct transport *transport)
{
    struct lattn_text *out = &transport->out;
    ssize_t sent =
        bytes_write(transport, out->data + transport->out_sent, transport_pending(transport));

    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        transport->is_broken = 1;
        transport->out_sent = out->length;
    } else if (sent > 0) {
        transport->out_sent += (size_t)sent;
    }
    if (transport->out_sent <= transport_pending(transport))
        return;
    memmove(out->data, out->data + transport->out_sent, transport_pending(transport));
    out->length = transport_pending(transport);
    transport->out_sent = 0;
}

static int has_bytes(const struct transport *transport)
{
    return transport->command == NULL && lattn_link_has_bytes(transport->client.link);
}

enum lattn_status transport_turn(struct transport *transport, uint64_t wait_ns)
{
    const struct timespec wait = {.tv_sec = (time_t)(wait_ns / 1000000000),
                                  .tv_nsec = (long)(wait_ns % 1000000000)};
    const struct timespec none = {0};
    int is_child = transport->command != NULL;
    int sends = transport_pending(transport) > 0 && !transport->is_broken;
    struct pollfd polled[3] = {
        {.fd = is_child ? transport->child.output : lattn_link_fd(transport->client.link),
         .events = POLLIN},
        {.fd = !sends     ? -1
               : is_child ? transport->child.input
                          : lattn_link_fd(transport->client.link),
         .events = POLLOUT},
        {.fd = interrupt_fd(), .events = POLLIN},
    };

    if (transport->lines.ended)
        return LATTN_CLOSED;
    if (ppoll(polled, 3, has_bytes(transport) ? &none : &wait, NULL) < 0)
        return LATTN_OK; /* a signal; whoever called looks at what it was */
    if (polled[1].revents != 0)
        out_send(transport);
    if (polled[0].revents != 0 || has_bytes(transport))
        return reader_fill(&transport->lines);
    return LATTN_OK;
}

enum lattn_status transport_next(struct transport *transport, char **ret_text, size_t *ret_length)
{
    enum lattn_status status;

    do {
        status = reader_next(&transport->lines, ret_text, ret_length, NULL);
    } while (status == LATTN_OK && reader_is_blank(*ret_text, *ret_length));
    if (transport->lines.skipping)
        return LATTN_TOO_BIG;
    /* Half a line at the end is what was being written when it ended. */
    if (status == LATTN_OK && transport->lines.ended && (*ret_text)[*ret_length - 1] != '}' &&
        *ret_text + *ret_length == transport->lines.data + transport->lines.start)
        return LATTN_MORE;
    return status;
}

const char *transport_reason(const struct transport *transport)
{
    return transport->is_open && transport->command == NULL
               ? lattn_link_reason(transport->client.link)
               : NULL;
}
