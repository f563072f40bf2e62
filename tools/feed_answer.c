/*
 * feed's side of the conversation: the requests between the pairs, and what the daemon answers.
 *
 * Our requests carry ids that tell which message of the connection they are, so an answer to one
 * also says that no complaint about an earlier message can come any more.
 */
#include "feed.h"

#include "talk.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    COMPLAINTS_SHOWN_MAX = 20,
    /* While input flows: often enough to follow, seldom enough to cost nothing. */
    HELLO_EVERY_BYTES = 1 << 20
};

void feed_complain(struct feed *feed, uint64_t unit, const char *message)
{
    feed->complaints++;
    if (feed->complaints_shown == COMPLAINTS_SHOWN_MAX)
        return;
    feed->complaints_shown++;
    if (feed->shows_progress)
        fprintf(stderr, "\033[K");
    if (unit == 0)
        talk(feed->client.verb, NULL, "%s", message);
    else
        talk(feed->client.verb, NULL, "%s %llu: %s", feed->source->word, (unsigned long long)unit,
             message);
}

void feed_refuse(struct feed *feed, const char *reason)
{
    feed->refused++;
    feed_complain(feed, feed->input.number, reason);
}

void feed_stop(struct feed *feed, const char *reason)
{
    talk(feed->client.verb, "the header", "%s", reason);
    feed->stopped = 1;
}

static void progress_show(const struct feed *feed)
{
    const struct lattn_hello *hello = &feed->hello;

    if (feed->shows_progress)
        fprintf(stderr, "%llu sent, %llu learned, %llu refused\033[K\r",
                (unsigned long long)feed->sent,
                (unsigned long long)(hello->accepted + hello->duplicates),
                (unsigned long long)(hello->rejected + feed->refused));
}

static void hello_take(struct feed *feed, const struct lattn_reply *reply)
{
    feed->hello_awaited = 0;
    if (reply->kind == LATTN_REPLY_RESULT && lattn_reply_hello(reply, &feed->hello) == LATTN_OK) {
        feed->client.message_bytes_max = feed->hello.frame_bytes_max;
        progress_show(feed);
        return;
    }
    feed->hello_refused = 1;
    feed_complain(feed, 0, reply->message);
}

static void name_take(struct feed *feed, const struct lattn_reply *reply)
{
    lattn_named_done(&feed->named);
    feed->named = (struct lattn_named){0};
    if (reply->kind == LATTN_REPLY_RESULT && lattn_reply_named(reply, &feed->named) == LATTN_OK) {
        feed->naming = FEED_NAMING_DONE;
        return;
    }
    feed->naming = FEED_NAMING_REFUSED;
    snprintf(feed->naming_complaint.text, sizeof feed->naming_complaint.text, "%.*s",
             (int)sizeof feed->naming_complaint.text - 1, reply->message);
}

/* What became of pairs hello tells in sum, so here only errors are looked at. */
static void answer_take(struct feed *feed, const struct lattn_reply *reply)
{
    uint64_t sent = client_id_read(&feed->client, reply);

    if (sent != 0 && (sent == feed->hello_sent || sent == feed->name_sent)) {
        line_map_forget(&feed->map, sent);
        if (sent == feed->hello_sent)
            hello_take(feed, reply);
        else
            name_take(feed, reply);
        return;
    }
    feed->answered += sent != 0;
    if (reply->kind == LATTN_REPLY_ERROR)
        feed_complain(feed, line_map_find(&feed->map, sent != 0 ? sent : reply->line),
                      reply->message);
}

static enum lattn_status answers_take(struct feed *feed)
{
    enum lattn_status status;
    struct lattn_reply reply;

    while ((status = client_next(&feed->client, &reply)) == LATTN_OK) {
        answer_take(feed, &reply);
        lattn_reply_done(&reply);
    }
    return status == LATTN_MORE ? LATTN_OK : status;
}

enum lattn_status feed_turn(struct feed *feed, int input_fd, int *ret_input_ready)
{
    enum lattn_status status = client_turn(&feed->client, input_fd, ret_input_ready);

    return status == LATTN_OK ? answers_take(feed) : status;
}

enum lattn_status feed_hello(struct feed *feed)
{
    struct lattn_request request = {.method = LATTN_METHOD_HELLO};
    enum lattn_status status;

    assert(!feed->hello_awaited);
    client_id_write(&feed->client, request.id);
    memcpy(request.producer, feed->producer, sizeof request.producer);
    status = client_request(&feed->client, &request);
    if (status != LATTN_OK)
        return status;
    feed->hello_sent = feed->client.messages;
    feed->hello_bytes = feed->client.bytes;
    feed->hello_awaited = 1;
    return LATTN_OK;
}

static enum lattn_status hello_wait(struct feed *feed)
{
    enum lattn_status status = LATTN_OK;

    while (status == LATTN_OK && feed->hello_awaited)
        status = feed_turn(feed, CLIENT_NO_INPUT, NULL);
    return status;
}

enum lattn_status feed_settle(struct feed *feed)
{
    enum lattn_status status = hello_wait(feed);

    if (status == LATTN_OK)
        status = feed_hello(feed);
    return status == LATTN_OK ? hello_wait(feed) : status;
}

enum lattn_status feed_name(struct feed *feed, struct lattn_request *request)
{
    enum lattn_status status;

    request->method = LATTN_METHOD_NAME;
    client_id_write(&feed->client, request->id);
    status = client_request(&feed->client, request);
    feed->name_sent = feed->client.messages;
    feed->naming = FEED_NAMING_ASKED;
    while (status == LATTN_OK && feed->naming == FEED_NAMING_ASKED)
        status = feed_turn(feed, CLIENT_NO_INPUT, NULL);
    if (status != LATTN_OK)
        return status;
    return feed->naming == FEED_NAMING_DONE ? LATTN_OK : LATTN_NAME;
}

int feed_named_in_order(const struct feed *feed, int32_t coordinates, int32_t outputs)
{
    const struct lattn_named *named = &feed->named;
    int32_t bias = feed->hello.bias ? 1 : 0;
    int in_order = named->d == coordinates + bias && named->m == outputs &&
                   named->coordinates_count == (size_t)coordinates &&
                   named->outputs_count == (size_t)outputs;

    for (int32_t i = 0; in_order && i < coordinates; i++)
        in_order = named->coordinates[i] == i + bias;
    for (int32_t i = 0; in_order && i < outputs; i++)
        in_order = named->outputs[i] == i;
    return in_order;
}

enum lattn_status feed_pair(struct feed *feed, const struct lattn_item *item)
{
    return feed_note(feed, client_pair(&feed->client, item, feed->producer, feed->seq + 1), 1, 1);
}

/* Learned of before it is sent: numbers would be used up that the daemon never sees. */
static enum lattn_status refuse_big(struct feed *feed, uint64_t pairs)
{
    char reason[80];

    snprintf(reason, sizeof reason, "it is longer than the %llu bytes that the daemon takes",
             (unsigned long long)feed->client.message_bytes_max);
    feed->refused += pairs - 1;
    feed_refuse(feed, reason);
    return LATTN_OK;
}

enum lattn_status feed_note(struct feed *feed, enum lattn_status status, uint64_t pairs,
                            int is_numbered)
{
    if (status == LATTN_TOO_BIG)
        return refuse_big(feed, pairs);
    if (status != LATTN_OK)
        return status;
    if (is_numbered)
        feed->seq += pairs;
    feed->sent += pairs;
    feed->sent_units++;
    status = line_map_note(&feed->map, feed->client.messages, feed->input.number);
    if (status == LATTN_OK && !feed->hello_awaited &&
        feed->client.bytes - feed->hello_bytes >= HELLO_EVERY_BYTES)
        status = feed_hello(feed);
    return status;
}
