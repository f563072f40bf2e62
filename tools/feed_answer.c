/*
 * feed's side of the conversation: the requests between the pairs, and what the daemon answers.
 *
 * Our requests carry ids that name the line they were sent as, so an answer to one also says that
 * no complaint about an earlier line can come any more.
 */
#include "feed.h"

#include "talk.h"

#include <stdio.h>
#include <string.h>

#define HELLO_ID "\"feed hello %llu\""
#define NAME_ID "\"feed name %llu\""

enum {
    COMPLAINTS_SHOWN_MAX = 20,
    /* While input flows: often enough to follow, seldom enough to cost nothing. */
    HELLO_EVERY_BYTES = 1 << 20
};

void feed_complain(struct feed *feed, uint64_t line, const char *message)
{
    feed->complaints++;
    if (feed->complaints_shown == COMPLAINTS_SHOWN_MAX)
        return;
    feed->complaints_shown++;
    if (feed->shows_progress)
        fprintf(stderr, "\033[K");
    if (line == 0)
        talk(feed->client.verb, NULL, "%s", message);
    else
        talk(feed->client.verb, NULL, "line %llu: %s", (unsigned long long)line, message);
}

void feed_refuse(struct feed *feed, const char *reason)
{
    feed->refused++;
    feed_complain(feed, feed->input.number, reason);
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
    feed->hellos_awaited--;
    if (reply->kind == LATTN_REPLY_RESULT && lattn_reply_hello(reply, &feed->hello) == LATTN_OK) {
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

/* Results of pairs that brought an id of their own are nobody's business here. */
static void answer_take(struct feed *feed, const struct lattn_reply *reply)
{
    unsigned long long sent;

    if (sscanf(reply->id, HELLO_ID, &sent) == 1) {
        line_map_forget(&feed->map, sent);
        hello_take(feed, reply);
    } else if (sscanf(reply->id, NAME_ID, &sent) == 1) {
        line_map_forget(&feed->map, sent);
        name_take(feed, reply);
    } else if (reply->kind == LATTN_REPLY_ERROR) {
        feed_complain(feed, line_map_find(&feed->map, reply->line), reply->message);
    }
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

    snprintf(request.id, sizeof request.id, HELLO_ID, (unsigned long long)feed->client.lines + 1);
    memcpy(request.producer, feed->producer, sizeof request.producer);
    status = client_request(&feed->client, &request);
    if (status != LATTN_OK)
        return status;
    feed->hellos_awaited++;
    feed->hello_bytes = feed->client.bytes;
    return LATTN_OK;
}

enum lattn_status feed_settle(struct feed *feed)
{
    enum lattn_status status = feed_hello(feed);

    while (status == LATTN_OK && feed->hellos_awaited > 0)
        status = feed_turn(feed, CLIENT_NO_INPUT, NULL);
    return status;
}

/* A request borrows its names and does not write to them. */
static void name_fill(const struct feed *feed, int32_t first, int32_t count, char **ret_names)
{
    for (int32_t i = 0; i < count; i++)
        ret_names[i] = (char *)lattn_events_text(feed->events, first + i);
}

enum lattn_status feed_name(struct feed *feed, int32_t first, int32_t count)
{
    char bias[] = LATTN_EVENTS_BIAS;
    char *names[1 + LATTN_EVENTS_SYMBOLS_MAX] = {bias};
    int32_t skipped = feed->hello.bias ? 1 : 0;
    struct lattn_request request = {
        .method = LATTN_METHOD_NAME,
        .append = names + skipped,
        .append_count = (size_t)(1 + count - skipped),
        .outputs = names + 1,
        .outputs_count = (size_t)count,
    };
    enum lattn_status status;

    name_fill(feed, first, count, names + 1);
    snprintf(request.id, sizeof request.id, NAME_ID, (unsigned long long)feed->client.lines + 1);
    status = client_request(&feed->client, &request);
    feed->naming = FEED_NAMING_ASKED;
    while (status == LATTN_OK && feed->naming == FEED_NAMING_ASKED)
        status = feed_turn(feed, CLIENT_NO_INPUT, NULL);
    if (status != LATTN_OK)
        return status;
    return feed->naming == FEED_NAMING_DONE ? LATTN_OK : LATTN_NAME;
}

enum lattn_status feed_note_sent(struct feed *feed)
{
    enum lattn_status status = line_map_note(&feed->map, feed->client.lines, feed->input.number);

    feed->sent++;
    if (status == LATTN_OK && feed->client.bytes - feed->hello_bytes >= HELLO_EVERY_BYTES)
        status = feed_hello(feed);
    return status;
}
