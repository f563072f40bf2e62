/*
 * feed's side of the conversation: what the daemon answers, and what that makes of what was sent.
 *
 * Lines are answered only where they are refused. What became of all of them hello tells in sum: it
 * is answered behind everything sent before, so all of that leaves the window then and is counted
 * as hello counts. Single answers matter where one of them is a complaint, or where the connection
 * breaks before the next hello.
 */
#include "feed.h"

#include "interrupt.h"
#include "progress.h"
#include "talk.h"

#include <stdio.h>
#include <string.h>

enum {
    COMPLAINTS_SHOWN_MAX = 20,
    /* With this much waiting for the socket no more input is taken. */
    PENDING_BYTES_MAX = 1 << 20,
    /* While input flows: often enough to follow, seldom enough to cost nothing. */
    HELLO_EVERY_BYTES = 1 << 20
};

void feed_complain(struct feed *feed, uint64_t unit, const char *message)
{
    feed->complaints++;
    if (feed->complaints_shown == COMPLAINTS_SHOWN_MAX)
        return;
    feed->complaints_shown++;
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

void feed_show(const struct feed *feed)
{
    const struct feed_tally *tally = &feed->tally;
    uint64_t refused = tally->rejected + feed->refused;
    char more[64];

    if (!progress_is_due())
        return;
    snprintf(more, sizeof more, "%llu refused", (unsigned long long)refused);
    progress_show(tally->accepted + tally->duplicates + feed->skipped, refused > 0 ? more : NULL);
}

/* A unit that is refused for now waits for what was sent with it; the others are done. */
static int unit_stays(struct window_unit *unit, void *arg)
{
    uint64_t *postponed = arg;

    if (unit->fate == WINDOW_POSTPONED) {
        unit->fate = WINDOW_HELD;
        *postponed += unit->count;
    }
    return unit->fate == WINDOW_HELD;
}

/*
 * Everything sent before the hello is learned or refused; count it. What is refused for now will be
 * counted when it is sent again. What was sent again after a break bears our numbers or some of its
 * own: a duplicate among it arrived before, as it should.
 */
static void hello_count(struct feed *feed)
{
    const struct lattn_hello *hello = &feed->hello;
    uint64_t accepted = hello->accepted - feed->counted.accepted;
    uint64_t rejected = hello->rejected - feed->counted.rejected;
    uint64_t duplicates = hello->duplicates - feed->counted.duplicates;
    uint64_t unkept = hello->unkept - feed->counted.unkept;
    uint64_t arrived = feed->is_repeated ? duplicates : 0;
    uint64_t postponed = 0;

    window_settle(&feed->window, feed->hello_sent, unit_stays, &postponed);
    feed->tally.accepted += accepted + arrived;
    feed->tally.rejected += rejected + unkept - postponed;
    feed->tally.duplicates += duplicates - arrived;
    feed->counted =
        (struct feed_tally){hello->accepted, hello->rejected, hello->duplicates, hello->unkept};
    feed->is_repeated = 0;
    if (accepted + rejected + duplicates + unkept > postponed)
        feed_advance(feed);
}

static void hello_take(struct feed *feed, const struct lattn_reply *reply)
{
    feed->hello_awaited = 0;
    if (reply->kind != LATTN_REPLY_RESULT || lattn_reply_hello(reply, &feed->hello) != LATTN_OK) {
        feed->hello_refused = 1;
        feed_complain(feed, 0, reply->message);
        return;
    }
    feed->client.message_bytes_max = feed->hello.frame_bytes_max;
    if (feed->is_away)
        return; /* nothing was sent on this connection */
    if (feed->hello.has_last_seq)
        feed->seq_known = feed->hello.last_seq;
    hello_count(feed);
    feed_show(feed);
}

/* An error that is about no message is the last that a daemon says on a connection. */
static void parting_take(struct feed *feed, const struct lattn_reply *reply)
{
    snprintf(feed->parting.text, sizeof feed->parting.text, "%.*s",
             (int)sizeof feed->parting.text - 1, reply->message);
    feed->is_denied = strcmp(reply->code, lattn_status_word(LATTN_DENIED)) == 0;
}

static void unit_take(struct feed *feed, uint64_t message, const struct lattn_reply *reply)
{
    struct window_unit *unit = window_find(&feed->window, message);

    if (unit == NULL && reply->kind == LATTN_REPLY_ERROR) {
        feed_complain(feed, 0, reply->message);
    } else if (unit != NULL && reply->kind == LATTN_REPLY_RESULT) {
        unit->fate = WINDOW_LEARNED;
    } else if (unit != NULL && reply->kind == LATTN_REPLY_ERROR &&
               !feed_postpone(feed, unit, reply)) {
        unit->fate = WINDOW_REFUSED;
        feed_complain(feed, unit->input, reply->message);
    }
}

/* Returns 1 where the reply is kept. */
static int answer_take(struct feed *feed, const struct lattn_reply *reply)
{
    uint64_t sent = client_id_read(&feed->client, reply);

    if (feed->hello_awaited && sent == feed->hello_sent) {
        hello_take(feed, reply);
    } else if (feed->ask_awaited && sent == feed->ask_sent) {
        feed->ask_awaited = 0;
        feed->ask_answered = 1;
        feed->answer = *reply;
        return 1;
    } else if (reply->kind == LATTN_REPLY_ERROR && reply->id[0] == '\0' && reply->line == 0) {
        parting_take(feed, reply);
    } else {
        unit_take(feed, sent != 0 ? sent : reply->line, reply);
    }
    return 0;
}

static enum lattn_status answers_take(struct feed *feed)
{
    enum lattn_status status;
    struct lattn_reply reply;

    while ((status = client_next(&feed->client, &reply)) == LATTN_OK) {
        if (!answer_take(feed, &reply))
            lattn_reply_done(&reply);
    }
    return status == LATTN_MORE ? LATTN_OK : status;
}

/*
 * Is a numbered unit under way whose producer the daemon does not know? Such a one may start at any
 * number: were the unit refused for now and the next one learned, it would be a duplicate for ever.
 */
static int is_first(const struct feed *feed)
{
    size_t count = window_count(&feed->window);

    return !feed->hello.has_last_seq && count > 0 &&
           window_unit(&feed->window, count - 1)->seq != 0;
}

int feed_is_waiting(const struct feed *feed)
{
    return client_pending(&feed->client) >= PENDING_BYTES_MAX || window_is_full(&feed->window) ||
           feed->is_held || is_first(feed);
}

static int hello_is_due(const struct feed *feed)
{
    if (feed->hello_awaited || feed->is_away || feed->hello_refused)
        return 0;
    return feed->client.bytes - feed->hello_bytes >= HELLO_EVERY_BYTES ||
           window_is_full(&feed->window) || is_first(feed);
}

enum lattn_status feed_turn(struct feed *feed, int input_fd, int *ret_input_ready)
{
    enum lattn_status status;

    if (interrupt_stage() == INTERRUPT_NOW)
        return LATTN_TIMEOUT;
    status = client_turn(&feed->client, input_fd, ret_input_ready);
    if (status == LATTN_OK)
        status = answers_take(feed);
    if (feed->is_away)
        return status;
    if (status == LATTN_CLOSED)
        return feed_reconnect(feed);
    if (status == LATTN_OK && feed->is_held && !feed->hello_awaited)
        return feed_held_turn(feed);
    return status == LATTN_OK && hello_is_due(feed) ? feed_hello(feed) : status;
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

/* The daemon has had it since before the run began. */
static enum lattn_status skip(struct feed *feed, uint64_t pairs)
{
    client_take_back(&feed->client);
    feed->seq += pairs;
    feed->sent += pairs;
    feed->skipped += pairs;
    return LATTN_OK;
}

static enum lattn_status keep(struct feed *feed, uint64_t pairs, int is_numbered)
{
    const struct window_unit unit = {
        .message = feed->client.messages,
        .input = feed->input.number,
        .seq = is_numbered ? feed->seq + 1 : 0,
        .count = pairs,
    };
    size_t length;
    const char *bytes = client_last(&feed->client, &length);

    return window_add(&feed->window, &unit, bytes, length);
}

enum lattn_status feed_note(struct feed *feed, enum lattn_status status, uint64_t pairs,
                            int is_numbered)
{
    if (status == LATTN_TOO_BIG)
        return refuse_big(feed, pairs);
    if (status != LATTN_OK)
        return status;
    if (is_numbered && feed->seq + pairs <= feed->seq_there)
        return skip(feed, pairs);
    status = keep(feed, pairs, is_numbered);
    if (status != LATTN_OK)
        return status;
    if (is_numbered)
        feed->seq += pairs;
    feed->sent += pairs;
    return hello_is_due(feed) ? feed_hello(feed) : LATTN_OK;
}
