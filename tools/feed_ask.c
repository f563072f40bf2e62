/*
 * feed's requests between the pairs. Their ids tell which message of the connection they are, so an
 * answer to one also says that no complaint about an earlier message can come any more.
 */
#include "feed.h"

#include "names.h"
#include "talk.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

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

enum lattn_status feed_hello_wait(struct feed *feed)
{
    enum lattn_status status = LATTN_OK;

    while (status == LATTN_OK && feed->hello_awaited)
        status = feed_turn(feed, CLIENT_NO_INPUT, NULL);
    return status;
}

/* One hello is enough unless some of what it is about has to be sent again. */
enum lattn_status feed_settle(struct feed *feed)
{
    enum lattn_status status = feed_hello_wait(feed);

    do {
        if (status == LATTN_OK && !feed->hello_awaited)
            status = feed_hello(feed);
        if (status == LATTN_OK)
            status = feed_hello_wait(feed);
    } while (status == LATTN_OK && !feed->hello_refused && window_count(&feed->window) > 0);
    return status;
}

static void answer_drop(struct feed *feed)
{
    if (feed->ask_answered)
        lattn_reply_done(&feed->answer);
    feed->ask_answered = 0;
}

/* Where the connection breaks, requests of its renewal may have taken the place of this one. */
enum lattn_status feed_ask(struct feed *feed, struct lattn_request *request,
                           const struct lattn_reply **ret_reply)
{
    enum lattn_status status = LATTN_OK;
    uint64_t connection;

    do {
        connection = feed->connections;
        answer_drop(feed);
        client_id_write(&feed->client, request->id);
        status = client_request(&feed->client, request);
        feed->ask_sent = feed->client.messages;
        feed->ask_awaited = 1;
        while (status == LATTN_OK && feed->ask_awaited && connection == feed->connections)
            status = feed_turn(feed, CLIENT_NO_INPUT, NULL);
    } while (status == LATTN_OK && connection != feed->connections);
    feed->ask_awaited = 0;
    *ret_reply = &feed->answer;
    return status;
}

void feed_ask_done(struct feed *feed)
{
    answer_drop(feed);
    lattn_named_done(&feed->named);
}

enum lattn_status feed_name(struct feed *feed, struct lattn_request *request)
{
    const struct lattn_reply *reply;
    enum lattn_status status;

    request->method = LATTN_METHOD_NAME;
    status = feed_ask(feed, request, &reply);
    if (status != LATTN_OK)
        return status;
    lattn_named_done(&feed->named);
    feed->named = (struct lattn_named){0};
    if (reply->kind == LATTN_REPLY_RESULT)
        return lattn_reply_named(reply, &feed->named);
    snprintf(feed->naming_complaint.text, sizeof feed->naming_complaint.text, "%.*s",
             (int)sizeof feed->naming_complaint.text - 1, reply->message);
    return LATTN_NAME;
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

enum lattn_status feed_model(struct feed *feed, struct lattn_model **ret_model)
{
    struct lattn_request request = names_request();
    const struct lattn_reply *reply;
    enum lattn_status status = feed_ask(feed, &request, &reply);

    *ret_model = NULL;
    if (status == LATTN_OK)
        status = names_read(reply, ret_model);
    if (status != LATTN_NAME)
        return status;
    talk(feed->client.verb, feed->client.address, "%s", reply->message);
    feed->stopped = 1;
    return LATTN_OK;
}
