#include "client.h"

#include "talk.h"
#include "token.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* A daemon that was started a moment ago has no socket yet, or does not listen on it. */
enum { WAIT_MS_MAX = 1000, WAIT_STEP_MS = 20 };

static ssize_t answers_read(void *arg, void *bytes, size_t length)
{
    return lattn_link_read(arg, bytes, length);
}

void client_init(struct client *client, const char *verb, const struct link_settings *settings,
                 enum lattn_format format)
{
    *client = (struct client){
        .verb = verb,
        .settings = settings,
        .address = settings->address,
        .format = format,
        .wake_fd = -1,
    };
}

enum lattn_status client_connect(struct client *client, struct lattn_complaint *complaint)
{
    enum reader_unit unit = client->format == LATTN_FORMAT_MSGPACK ? READER_FRAMES : READER_LINES;
    const char *token_file;
    enum lattn_status status;

    if (getrandom(&client->token, sizeof client->token, 0) != (ssize_t)sizeof client->token) {
        snprintf(complaint->text, sizeof complaint->text, "no random number for ids: %s",
                 strerror(errno));
        return LATTN_INPUT_OUTPUT;
    }
    status = link_open(&client->link, client->settings, &token_file, complaint);
    if (status != LATTN_OK)
        return status;
    reader_init_from(&client->answers, answers_read, client->link, unit, SIZE_MAX);
    client->broken = 0;
    client->out_sent = 0;
    if (client->format == LATTN_FORMAT_JSON)
        client->messages = 0; /* those of frames are ids, which are not used again */
    if (token_file != NULL)
        status = token_show(client, token_file, complaint);
    if (status != LATTN_OK)
        client_close(client);
    return status;
}

enum verb_exit client_refuse_open(const struct client *client, enum lattn_status status,
                                  const struct lattn_complaint *complaint)
{
    if (status == LATTN_ADDRESS) {
        talk(client->verb, client->address, "%s", complaint->text);
        return VERB_MISUSED;
    }
    talk(client->verb, client->address, "cannot connect: %s", complaint->text);
    return VERB_REFUSED;
}

enum verb_exit client_open(struct client *client, const char *verb,
                           const struct link_settings *settings, enum lattn_format format)
{
    const struct timespec step = {.tv_nsec = WAIT_STEP_MS * 1000000L};
    struct lattn_complaint complaint = {""};
    enum lattn_status status;

    client_init(client, verb, settings, format);
    status = client_connect(client, &complaint);
    for (int waited = 0; status == LATTN_CLOSED && waited < WAIT_MS_MAX; waited += WAIT_STEP_MS) {
        (void)nanosleep(&step, NULL); /* a shorter wait does no harm */
        status = client_connect(client, &complaint);
    }
    return status == LATTN_OK ? VERB_DONE : client_refuse_open(client, status, &complaint);
}

void client_close(struct client *client)
{
    if (client->link == NULL)
        return;
    lattn_link_close(&client->link);
    reader_done(&client->answers);
    lattn_text_done(&client->out);
}

size_t client_pending(const struct client *client)
{
    return client->out.length - client->out_sent;
}

/* Lines that others wrote bring ids of their own, whichever they like: ours cannot be guessed. */
#define LINE_ID "\"lattn %llx %llu\""

void client_id_write(const struct client *client, char ret_id[LATTN_ID_MAX])
{
    unsigned long long message = client->messages + 1;

    if (client->format == LATTN_FORMAT_MSGPACK)
        snprintf(ret_id, LATTN_ID_MAX, "%llu", message);
    else
        snprintf(ret_id, LATTN_ID_MAX, LINE_ID, (unsigned long long)client->token, message);
}

uint64_t client_id_read(const struct client *client, const struct lattn_reply *reply)
{
    unsigned long long message;
    unsigned long long token;

    if (client->format == LATTN_FORMAT_MSGPACK)
        return sscanf(reply->id, "%llu", &message) == 1 ? message : 0;
    if (sscanf(reply->id, LINE_ID, &token, &message) != 2)
        return 0;
    return token == client->token ? message : 0;
}

/* Count the message that begins at out[start], or take back what there is of it. */
static enum lattn_status message_close(struct client *client, enum lattn_status status,
                                       size_t start)
{
    uint64_t end = client->format == LATTN_FORMAT_JSON; /* a line's end does not count */
    uint64_t length = client->out.length - start;

    if (status == LATTN_OK && client->message_bytes_max > 0 &&
        length > client->message_bytes_max + end)
        status = LATTN_TOO_BIG;
    if (status != LATTN_OK) {
        client->out.length = start;
        return status;
    }
    client->messages++;
    client->bytes += length;
    client->last_length = length;
    return LATTN_OK;
}

const char *client_last(const struct client *client, size_t *ret_length)
{
    *ret_length = client->last_length;
    return client->out.data + client->out.length - client->last_length;
}

void client_take_back(struct client *client)
{
    client->out.length -= client->last_length;
    client->bytes -= client->last_length;
    client->messages--;
    client->last_length = 0;
}

enum lattn_status client_repeat(struct client *client, const char *bytes, size_t length)
{
    enum lattn_status status = lattn_text_add(&client->out, bytes, length);

    if (status == LATTN_OK && client->format == LATTN_FORMAT_JSON)
        client->messages++;
    return status;
}

enum lattn_status client_request(struct client *client, const struct lattn_request *request)
{
    size_t start = client->out.length;

    return message_close(client, lattn_write_request(&client->out, client->format, request), start);
}

enum lattn_status client_add_with(struct client *client, const char *line, size_t length,
                                  size_t first, const char *inserted)
{
    size_t start = client->out.length;
    enum lattn_status status = lattn_text_add(&client->out, line, first);

    if (status == LATTN_OK)
        status = lattn_text_add(&client->out, inserted, strlen(inserted));
    if (status == LATTN_OK)
        status = lattn_text_add(&client->out, line + first, length - first);
    if (status == LATTN_OK)
        status = lattn_text_add(&client->out, "\n", 1);
    return message_close(client, status, start);
}

enum lattn_status client_add(struct client *client, const char *line, size_t length)
{
    return client_add_with(client, line, length, length, "");
}

enum lattn_status client_pair(struct client *client, const struct lattn_item *item,
                              const char *producer, uint64_t seq)
{
    size_t start = client->out.length;

    return message_close(
        client, lattn_write_pair(&client->out, client->format, item, NULL, producer, seq), start);
}

enum lattn_status client_learn(struct client *client, const char *map, size_t length,
                               const char *producer, uint64_t seq)
{
    size_t start = client->out.length;
    char id[LATTN_ID_MAX];

    client_id_write(client, id);
    return message_close(client, lattn_write_learn(&client->out, id, map, length, producer, seq),
                         start);
}

/* Hand to the kernel what it takes. */
static void out_send(struct client *client)
{
    ssize_t sent =
        lattn_link_write(client->link, client->out.data + client->out_sent, client_pending(client));

    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        client->broken = 1;
        client->out_sent = client->out.length;
    } else if (sent > 0) {
        client->out_sent += (size_t)sent;
    }
    if (client->out_sent == client->out.length) {
        client->out_sent = 0;
        client->out.length = 0;
    }
}

/* A text that never empties would grow for ever: let what was sent go once it is the larger part.
 */
static void out_compact(struct client *client)
{
    size_t pending = client_pending(client);

    if (client->out_sent <= pending)
        return;
    memmove(client->out.data, client->out.data + client->out_sent, pending);
    client->out.length = pending;
    client->out_sent = 0;
}

enum lattn_status client_turn(struct client *client, int input_fd, int *ret_input_ready)
{
    struct pollfd polled[3] = {
        {.fd = lattn_link_fd(client->link), .events = POLLIN},
        {.fd = input_fd, .events = POLLIN},
        {.fd = client->wake_fd, .events = POLLIN},
    };
    enum lattn_status status = LATTN_OK;

    if (client->answers.ended)
        return lattn_link_reason(client->link) != NULL ? LATTN_DENIED : LATTN_CLOSED;
    if (client_pending(client) > 0 && !client->broken)
        polled[0].events |= POLLOUT;
    if (poll(polled, 3, lattn_link_has_bytes(client->link) ? 0 : -1) < 0)
        return errno == EINTR ? LATTN_OK : LATTN_INPUT_OUTPUT;
    if (polled[0].revents & POLLOUT) {
        out_send(client);
        out_compact(client);
    }
    if ((polled[0].revents & (POLLIN | POLLHUP | POLLERR)) || lattn_link_has_bytes(client->link))
        status = reader_fill(&client->answers);
    if (ret_input_ready != NULL)
        *ret_input_ready = polled[1].revents != 0;
    return status;
}

/* A daemon that turns us away does so in a line, before it has seen what we speak. */
static enum lattn_format answers_format(struct client *client)
{
    struct reader *answers = &client->answers;

    if (answers->unit == READER_FRAMES && answers->end > answers->start &&
        answers->data[answers->start] == '{')
        answers->unit = READER_LINES;
    return answers->unit == READER_LINES ? LATTN_FORMAT_JSON : LATTN_FORMAT_MSGPACK;
}

enum lattn_status client_next(struct client *client, struct lattn_reply *ret_reply)
{
    enum lattn_format format = answers_format(client);
    struct lattn_complaint complaint;
    char *text;
    size_t length;
    enum lattn_status status = reader_next(&client->answers, &text, &length, NULL);

    if (status != LATTN_OK)
        return status;
    status = lattn_reply_read(text, length, format, ret_reply, &complaint);
    /* A daemon that is killed may leave half a line. */
    return status != LATTN_OK && client->answers.ended ? LATTN_CLOSED : status;
}

enum verb_exit client_refuse(const struct client *client, enum lattn_status status)
{
    const char *reason = lattn_link_reason(client->link);

    switch (status) {
    case LATTN_CLOSED:
        talk(client->verb, client->address, "the daemon closed the connection");
        break;
    case LATTN_DENIED:
        talk(client->verb, client->address, "the daemon refuses: %s",
             reason != NULL ? reason : lattn_status_text(status));
        break;
    case LATTN_INPUT_OUTPUT:
        talk(client->verb, client->address, "%s", strerror(errno));
        break;
    case LATTN_SYNTAX:
    case LATTN_FIELD:
        talk(client->verb, client->address, "what answers there is not lattnd");
        break;
    default:
        talk(client->verb, client->address, "%s", lattn_status_text(status));
    }
    return VERB_REFUSED;
}

enum lattn_status client_exchange(struct client *client, const struct lattn_request *request,
                                  struct lattn_reply *ret_reply)
{
    enum lattn_status status = client_request(client, request);

    while (status == LATTN_OK) {
        status = client_next(client, ret_reply);
        if (status != LATTN_MORE)
            return status;
        status = client_turn(client, CLIENT_NO_INPUT, NULL);
    }
    return status;
}

enum verb_exit client_ask(struct client *client, const struct lattn_request *request,
                          struct lattn_reply *ret_reply)
{
    enum lattn_status status = client_exchange(client, request, ret_reply);

    if (status != LATTN_OK)
        return client_refuse(client, status);
    if (ret_reply->kind == LATTN_REPLY_RESULT)
        return VERB_DONE;
    talk(client->verb, client->address, "%s", ret_reply->message);
    lattn_reply_done(ret_reply);
    return VERB_REFUSED;
}

enum lattn_status client_print_result(const struct lattn_reply *reply)
{
    struct lattn_text text;
    enum lattn_status status;

    lattn_text_init(&text);
    status = lattn_reply_text(reply, 0, &text);
    if (status == LATTN_OK)
        printf("%s\n", text.data);
    lattn_text_done(&text);
    return status;
}
