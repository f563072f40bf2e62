/*
 * feed and a daemon that comes and goes. What the window holds is sent again on each new
 * connection, behind a hello that tells what of it has arrived, and behind the names that it is
 * sent under. What a daemon refuses for want of space stays in the window and is sent again on the
 * same connection.
 *
 * A numbered unit that arrived and whose answer was lost counts as accepted: the daemon has used up
 * its number, and nobody can tell any more whether it was refused.
 */
#include "feed.h"

#include "interrupt.h"
#include "talk.h"

#include <assert.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Enough for "600000ms". */
enum { TIME_TEXT_MAX = 24 };

/* Keep why the run must end. Returns the status. */
static enum lattn_status reason_keep(struct feed *feed, enum lattn_status status,
                                     const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(feed->reason.text, sizeof feed->reason.text, format, arguments);
    va_end(arguments);
    return status;
}

static void limit_write(const struct feed *feed, char ret_text[TIME_TEXT_MAX])
{
    unsigned long long limit_ms = feed->retry.limit_ms;

    if (limit_ms % 1000 == 0)
        snprintf(ret_text, TIME_TEXT_MAX, "%llus", limit_ms / 1000);
    else
        snprintf(ret_text, TIME_TEXT_MAX, "%llums", limit_ms);
}

static void say(const struct feed *feed, const char *what, const char *more)
{
    char limit[TIME_TEXT_MAX];

    limit_write(feed, limit);
    talk(feed->client.verb, feed->client.address, "%s%s%s", what, more, more[0] ? limit : "");
}

static uint64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* Linux has it */
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + 1;
}

/* Returns LATTN_OK behind a pause, LATTN_CLOSED when the time is up, or LATTN_TIMEOUT. */
static enum lattn_status pause_make(struct feed *feed)
{
    struct pollfd wake = {.fd = interrupt_fd(), .events = POLLIN};
    uint64_t pause_ms;

    if (!retry_fail(&feed->retry, now_ms(), &pause_ms))
        return LATTN_CLOSED;
    (void)poll(&wake, 1, (int)pause_ms); /* a shorter pause does no harm */
    return interrupt_stage() == INTERRUPT_NOW ? LATTN_TIMEOUT : LATTN_OK;
}

void feed_advance(struct feed *feed)
{
    retry_succeed(&feed->retry);
    if (feed->is_held_said)
        say(feed, "pairs are learned again", "");
    feed->is_held_said = 0;
}

/* Add the window to the connection once more, and a hello that settles it. */
static enum lattn_status window_repeat(struct feed *feed)
{
    size_t count = window_count(&feed->window);

    for (size_t i = 0; i < count; i++) {
        struct window_unit *unit = window_unit(&feed->window, i);
        enum lattn_status status =
            client_repeat(&feed->client, window_bytes(&feed->window, unit), unit->length);

        if (status != LATTN_OK)
            return status;
        unit->fate = WINDOW_OPEN;
        if (feed->client.format == LATTN_FORMAT_JSON)
            unit->message = feed->client.messages; /* frames keep the id that they have */
    }
    return count > 0 ? feed_hello(feed) : LATTN_OK;
}

/* ---- a daemon without space ---- */

static int code_is(const struct lattn_reply *refusal, enum lattn_status status)
{
    return strcmp(refusal->code, lattn_status_word(status)) == 0;
}

/* Numbers behind one that was not used up are missing it, and pass with it. */
int feed_postpone(struct feed *feed, struct window_unit *unit, const struct lattn_reply *refusal)
{
    int is_storage = code_is(refusal, LATTN_NO_SPACE) || code_is(refusal, LATTN_INPUT_OUTPUT);

    if (feed->retry.limit_ms == 0 ||
        !(is_storage || (feed->is_held && code_is(refusal, LATTN_GAP))))
        return 0;
    if (!feed->is_held_said)
        say(feed, refusal->message, "; trying again for ");
    if (is_storage)
        snprintf(feed->parting.text, sizeof feed->parting.text, "%.*s",
                 (int)sizeof feed->parting.text - 1, refusal->message);
    feed->is_held = 1;
    feed->is_held_said = 1;
    unit->fate = WINDOW_POSTPONED;
    return 1;
}

enum lattn_status feed_held_turn(struct feed *feed)
{
    size_t count = window_count(&feed->window);
    char limit[TIME_TEXT_MAX];
    enum lattn_status status;

    assert(count > 0 && !feed->hello_awaited);
    if (window_unit(&feed->window, count - 1)->fate != WINDOW_HELD)
        return feed_hello(feed); /* others are under way behind it */
    status = pause_make(feed);
    limit_write(feed, limit);
    if (status == LATTN_CLOSED)
        return reason_keep(feed, LATTN_NO_SPACE, "%.180s, for %s", feed->parting.text, limit);
    if (status != LATTN_OK)
        return status;
    feed->is_held = 0;
    return window_repeat(feed);
}

/* ---- a daemon that was away ---- */

/* What was answered for good leaves the window. */
static int unit_is_open(struct window_unit *unit, void *arg)
{
    struct feed_tally *tally = arg;

    if (unit->fate == WINDOW_LEARNED)
        tally->accepted += unit->count;
    else if (unit->fate == WINDOW_REFUSED)
        tally->rejected += unit->count;
    else
        unit->fate = WINDOW_OPEN;
    return unit->fate == WINDOW_OPEN;
}

/* What the daemon has leaves it as well. */
static int unit_is_missing(struct window_unit *unit, void *arg)
{
    struct feed *feed = arg;

    if (unit->seq == 0 || unit->seq + (unit->count - 1) > feed->seq_known)
        return 1;
    feed->arrived += unit->count;
    feed->tally.accepted += unit->count;
    return 0;
}

/*
 * A daemon that knows less than it said before has lost pairs. One that knows nothing of us can
 * learn from here on, if that is wished; one that knows some would miss those in between.
 */
static enum lattn_status memory_check(struct feed *feed)
{
    uint64_t last = feed->hello.has_last_seq ? feed->hello.last_seq : 0;
    uint64_t lost;

    if (last >= feed->seq_known) {
        feed->seq_known = last;
        return LATTN_OK;
    }
    lost = feed->seq_known - last;
    if (feed->hello.has_last_seq || !feed->retry_is_wished)
        return reason_keep(feed, LATTN_CONFLICT,
                           "the daemon has forgotten %llu acknowledged pairs: it runs without "
                           "--state, was reset, or came back with an older state",
                           (unsigned long long)lost);
    talk(feed->client.verb, feed->client.address,
         "the daemon has forgotten %llu acknowledged pairs: it runs without --state or was reset",
         (unsigned long long)lost);
    feed->forgotten += lost;
    feed->seq_known = 0;
    return LATTN_OK;
}

enum lattn_status feed_renamed(struct feed *feed)
{
    return reason_keep(feed, LATTN_CONFLICT, "the daemon came back with other names");
}

static enum lattn_status daemon_meet(struct feed *feed)
{
    int bias = feed->hello.bias;
    int is_known = feed->hello.version[0] != '\0';
    enum lattn_status status = feed_hello(feed);

    if (status == LATTN_OK)
        status = feed_hello_wait(feed);
    if (status != LATTN_OK || feed->hello_refused)
        return status;
    if (is_known && feed->hello.bias != bias)
        return reason_keep(feed, LATTN_CONFLICT, "the daemon came back with%s --bias",
                           feed->hello.bias ? "" : "out");
    return memory_check(feed);
}

/* Why it broke, as far as anybody said so. */
static void break_tell(const struct feed *feed, struct lattn_complaint *complaint)
{
    const char *reason = lattn_link_reason(feed->client.link);

    if (feed->parting.text[0] != '\0')
        *complaint = feed->parting;
    else
        snprintf(complaint->text, sizeof complaint->text,
                 "the daemon closed the connection%s%.200s", reason != NULL ? ": " : "",
                 reason != NULL ? reason : "");
}

/* Connect once, and come to where the connection broke. */
static enum lattn_status attempt(struct feed *feed, struct lattn_complaint *complaint)
{
    enum lattn_status status = client_connect(&feed->client, complaint);

    if (status != LATTN_OK)
        return status == LATTN_ADDRESS || status == LATTN_DENIED ? status : LATTN_CLOSED;
    feed->connections++;
    feed->counted = (struct feed_tally){0};
    feed->hello_awaited = 0;
    feed->is_denied = 0;
    feed->parting.text[0] = '\0';
    status = daemon_meet(feed);
    if (status == LATTN_OK && !feed->hello_refused)
        window_settle(&feed->window, UINT64_MAX, unit_is_missing, feed);
    if (status == LATTN_OK && !feed->hello_refused && feed->source->rename != NULL)
        status = feed->source->rename(feed);
    if (status == LATTN_CLOSED)
        break_tell(feed, complaint);
    if (status == LATTN_DENIED && lattn_link_reason(feed->client.link) != NULL)
        snprintf(complaint->text, sizeof complaint->text, "the daemon refuses: %s",
                 lattn_link_reason(feed->client.link));
    return status == LATTN_CLOSED && feed->is_denied ? LATTN_DENIED : status;
}

/* Returns as attempt, LATTN_CLOSED when the time is up. */
static enum lattn_status attempts_make(struct feed *feed, struct lattn_complaint *complaint)
{
    char limit[TIME_TEXT_MAX];
    enum lattn_status status;

    do {
        client_close(&feed->client);
        status = pause_make(feed);
        if (status == LATTN_CLOSED) {
            limit_write(feed, limit);
            return reason_keep(feed, status, "no connection for %s: %.180s", limit,
                               complaint->text);
        }
        if (status == LATTN_OK)
            status = attempt(feed, complaint);
    } while (status == LATTN_CLOSED);
    if (status == LATTN_ADDRESS || status == LATTN_DENIED)
        return reason_keep(feed, status, "%s", complaint->text);
    return status;
}

static enum lattn_status again(struct feed *feed)
{
    uint64_t repeated = 0;
    char more[128];

    for (size_t i = 0; i < window_count(&feed->window); i++)
        repeated += window_unit(&feed->window, i)->count;
    snprintf(more, sizeof more, "connected again; %llu pairs are sent again, %llu had arrived",
             (unsigned long long)repeated, (unsigned long long)feed->arrived);
    say(feed, more, "");
    feed->is_away = 0;
    feed->is_repeated = repeated > 0;
    if (repeated == 0 || feed->arrived > 0)
        feed_advance(feed);
    return window_repeat(feed);
}

enum lattn_status feed_reconnect(struct feed *feed)
{
    struct lattn_complaint complaint;
    enum lattn_status status;

    window_settle(&feed->window, UINT64_MAX, unit_is_open, &feed->tally);
    feed->hello_awaited = 0;
    feed->is_held = 0;
    feed->arrived = 0;
    break_tell(feed, &complaint);
    if (feed->is_denied)
        return reason_keep(feed, LATTN_DENIED, "%s", complaint.text);
    if (feed->retry.limit_ms == 0)
        return reason_keep(feed, LATTN_CLOSED, "%s", complaint.text);
    say(feed, complaint.text, "; trying again for ");
    feed->is_away = 1;
    status = attempts_make(feed, &complaint);
    return status == LATTN_OK && !feed->hello_refused ? again(feed) : status;
}

/* As long as --retry says, unless we are asked to end. */
static enum lattn_status connect_patiently(struct feed *feed, struct lattn_complaint *complaint)
{
    enum lattn_status status;
    enum lattn_status waited = LATTN_OK;

    do {
        status = client_connect(&feed->client, complaint);
        if (status == LATTN_OK || status == LATTN_ADDRESS || status == LATTN_DENIED)
            break;
        waited = pause_make(feed);
    } while (waited == LATTN_OK && interrupt_stage() == INTERRUPT_NONE);
    retry_succeed(&feed->retry);
    return status;
}

enum verb_exit feed_open(struct feed *feed)
{
    struct client *client = &feed->client;
    struct lattn_complaint complaint = {""};
    enum verb_exit code = VERB_DONE;
    enum lattn_status status;

    if (feed->retry_is_wished) {
        status = connect_patiently(feed, &complaint);
        if (status != LATTN_OK)
            code = client_refuse_open(client, status, &complaint);
    } else {
        code = client_open(client, client->verb, client->settings, client->format);
    }
    client->wake_fd = interrupt_fd();
    feed->connections = 1;
    return code;
}
