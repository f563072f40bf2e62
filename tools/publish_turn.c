/*
 * A turn: send what may go, wait for one thing to happen, deal with all that has, and look after
 * the streams where it is time. Nothing waits on one shard that could go on for another; only the
 * looks ask and wait, and end with the first that is not answered.
 */
#include "publish.h"

#include "interrupt.h"
#include "progress.h"
#include "talk.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    /* Of all shards, read and not yet under way: the input is as far ahead as is of use. */
    AHEAD_MESSAGES_MAX = 8192,
    /* How often the streams are looked after; more often where we wait for what that tells. */
    LOOK_MS = 1000,
    LOOK_MS_WAITING = 100,
    /* What stands around the bytes of a message: its headers. */
    HEADERS_BYTES = 256
};

static uint64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* Linux has it */
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + 1;
}

/* Keep why the run must end. */
static enum lattn_status end(struct publish *publish, enum lattn_status status, const char *object,
                             const char *reason)
{
    if (object != NULL)
        snprintf(publish->reason.text, sizeof publish->reason.text, "%.100s: %.150s", object,
                 reason);
    else
        snprintf(publish->reason.text, sizeof publish->reason.text, "%.250s", reason);
    return status;
}

/* ---- messages ------------------------------------------------------------------------------ */

uint32_t publish_shard_of(const char *key, uint32_t count)
{
    uint64_t hash = 0xcbf29ce484222325;

    for (const unsigned char *at = (const unsigned char *)key; *at != 0; at++)
        hash = (hash ^ *at) * 0x100000001b3;
    return (uint32_t)(hash % count);
}

static uint32_t shard_choose(struct publish *publish, const char *key)
{
    uint32_t chosen = publish->turn;

    if (key != NULL && key[0] != '\0')
        return publish_shard_of(key, publish->shards_count);
    publish->turn = (chosen + 1) % publish->shards_count;
    return chosen;
}

/* What the server takes of this stream, headers included. */
static uint64_t bytes_max(const struct publish *publish, const struct shard *shard)
{
    uint64_t most = jetstream_bytes_max(publish->jetstream);

    if (shard->message_bytes_max > 0 && shard->message_bytes_max < most)
        most = shard->message_bytes_max;
    return most > HEADERS_BYTES ? most - HEADERS_BYTES : 0;
}

enum lattn_status publish_add(struct publish *publish, const char *key, const char *bytes,
                              size_t length, uint64_t pairs)
{
    struct shard *shard = &publish->shards[shard_choose(publish, key)];
    uint64_t before = shard->kept.bytes;
    enum lattn_status status;
    char reason[96];

    if (length > bytes_max(publish, shard)) {
        snprintf(reason, sizeof reason, "its %zu bytes are more than the %" PRIu64 " of a message",
                 length, bytes_max(publish, shard));
        publish_refuse(publish, reason);
        return LATTN_OK;
    }
    status = kept_add(&shard->kept, bytes, length, pairs);
    if (status != LATTN_OK)
        return status;
    publish->waiting++;
    publish->bytes += shard->kept.bytes - before;
    publish->pairs += pairs;
    publish->messages++;
    return LATTN_OK;
}

static void sums_take(struct publish *publish)
{
    publish->waiting = 0;
    publish->bytes = 0;
    for (uint32_t i = 0; i < publish->shards_count; i++) {
        publish->waiting += publish->shards[i].kept.waiting;
        publish->bytes += publish->shards[i].kept.bytes;
    }
}

struct publish_left publish_left(const struct publish *publish)
{
    struct publish_left left = {0};

    for (uint32_t i = 0; i < publish->shards_count; i++) {
        const struct kept *kept = &publish->shards[i].kept;

        left.unstored += kept->waiting + kept->sent;
        left.kept += kept_count(kept);
        left.settled_pairs += kept->settled_pairs;
        left.duplicates += publish->shards[i].duplicates;
    }
    return left;
}

/* Who does not wait for the workers lets go of what the servers have, where it takes up the room.
 */
static void room_make(struct publish *publish)
{
    for (uint32_t i = 0; i < publish->shards_count; i++)
        kept_settle(&publish->shards[i].kept, UINT64_MAX);
    sums_take(publish);
}

static int is_full(struct publish *publish)
{
    if (publish->bytes >= publish->wish->keep_bytes && publish->wish->no_wait)
        room_make(publish);
    return publish->bytes >= publish->wish->keep_bytes;
}

int publish_is_waiting(struct publish *publish)
{
    return publish->waiting >= AHEAD_MESSAGES_MAX || is_full(publish);
}

/* ---- looking after the streams ------------------------------------------------------------- */

static enum lattn_status shard_look_after(struct publish *publish, struct shard *shard)
{
    struct lattn_complaint complaint = {""};
    enum lattn_status status = shard_look(shard, publish->jetstream, &complaint);

    if (status == LATTN_OK || status == LATTN_CLOSED)
        return status;
    return end(publish, status, shard->layout.stream,
               status == LATTN_NO_MEMORY ? lattn_status_text(status) : complaint.text);
}

/* Nothing to do for a shard that has nothing and was met. */
static int is_of_interest(const struct shard *shard)
{
    return !shard->is_met || kept_count(&shard->kept) > 0;
}

/* A server that does not answer one question answers no other. */
static enum lattn_status streams_look_after(struct publish *publish)
{
    enum lattn_status status = LATTN_OK;

    for (uint32_t i = 0; i < publish->shards_count && status == LATTN_OK; i++) {
        shard_check(&publish->shards[i], now_ms());
        if (is_of_interest(&publish->shards[i]))
            status = shard_look_after(publish, &publish->shards[i]);
    }
    return status == LATTN_CLOSED ? LATTN_OK : status;
}

enum lattn_status publish_meet(struct publish *publish)
{
    for (uint32_t i = 0; i < publish->shards_count; i++) {
        struct shard *shard = &publish->shards[i];
        struct lattn_complaint complaint = {""};
        enum lattn_status status = shard_look(shard, publish->jetstream, &complaint);

        if (status != LATTN_OK)
            return end(publish, status, shard->layout.stream, complaint.text);
    }
    publish->look_ms = now_ms() + LOOK_MS;
    return LATTN_OK;
}

static void fullness_say(struct publish *publish)
{
    struct publish_left left;

    if (publish->is_full_said || !is_full(publish))
        return;
    left = publish_left(publish);
    talk(publish->verb, publish->wish->address,
         "%" PRIu64 " messages are kept until workers have them, more do not fit into --keep; "
         "waiting",
         left.kept);
    publish->is_full_said = 1;
}

/* ---- what happens -------------------------------------------------------------------------- */

static void parting_take(struct publish *publish, const struct jetstream_event *event)
{
    for (uint32_t i = 0; i < publish->shards_count; i++)
        shard_part(&publish->shards[i]);
    if (!publish->is_away)
        talk(publish->verb, publish->wish->address, "%s; trying again", event->reason);
    publish->is_away = 1;
}

static void return_take(struct publish *publish)
{
    for (uint32_t i = 0; i < publish->shards_count; i++)
        shard_part(&publish->shards[i]);
    talk(publish->verb, publish->wish->address,
         "connected again; %" PRIu64 " messages are under way", publish_left(publish).unstored);
    publish->is_away = 0;
    publish->look_ms = 0;
}

static enum lattn_status event_deal(struct publish *publish, const struct jetstream_event *event)
{
    struct shard *shard =
        event->shard < publish->shards_count ? &publish->shards[event->shard] : NULL;
    char reason[200];

    switch (event->kind) {
    case JETSTREAM_STORED:
        if (shard != NULL)
            publish->stored += shard_store(shard, event, now_ms());
        break;
    case JETSTREAM_REFUSED:
        if (shard != NULL)
            shard_refuse(shard, event, now_ms());
        break;
    case JETSTREAM_AWAY:
        parting_take(publish, event);
        break;
    case JETSTREAM_BACK:
        return_take(publish);
        break;
    case JETSTREAM_DENIED:
        snprintf(reason, sizeof reason, "not let in: %s", event->reason);
        return end(publish, LATTN_DENIED, NULL, reason);
    }
    return LATTN_OK;
}

static enum lattn_status events_deal(struct publish *publish)
{
    enum lattn_status status = LATTN_OK;
    struct jetstream_event event;

    while (status == LATTN_OK && jetstream_next(publish->jetstream, &event) == LATTN_OK)
        status = event_deal(publish, &event);
    return status;
}

/* ---- turns --------------------------------------------------------------------------------- */

static enum lattn_status all_send(struct publish *publish)
{
    enum lattn_status status = LATTN_OK;

    for (uint32_t i = 0; i < publish->shards_count && status == LATTN_OK; i++)
        status = shard_send(&publish->shards[i], publish->jetstream, now_ms());
    return status == LATTN_CLOSED ? LATTN_OK : status;
}

/* Until something is due: the streams, or a shard that pauses. */
static int pause_ms(const struct publish *publish, uint64_t now)
{
    uint64_t due = publish->look_ms;

    for (uint32_t i = 0; i < publish->shards_count; i++) {
        const struct shard *shard = &publish->shards[i];

        if (shard_is_pausing(shard) && shard->resume_ms < due)
            due = shard->resume_ms;
    }
    return due > now ? (int)(due - now) : 0;
}

static enum lattn_status wait_once(struct publish *publish, int input_fd, int *ret_input_ready)
{
    struct pollfd polled[3] = {
        {.fd = jetstream_fd(publish->jetstream), .events = POLLIN},
        {.fd = interrupt_fd(), .events = POLLIN},
        {.fd = input_fd, .events = POLLIN},
    };

    *ret_input_ready = 0;
    if (poll(polled, 3, pause_ms(publish, now_ms())) < 0)
        return errno == EINTR ? LATTN_OK : LATTN_INPUT_OUTPUT;
    *ret_input_ready = polled[2].revents != 0;
    return LATTN_OK;
}

static enum lattn_status look_if_due(struct publish *publish)
{
    enum lattn_status status;

    if (publish->is_away || now_ms() < publish->look_ms)
        return LATTN_OK;
    status = streams_look_after(publish);
    sums_take(publish);
    fullness_say(publish);
    publish->look_ms = now_ms() + LOOK_MS;
    return status;
}

/* Where we wait for what a look tells, the next one comes sooner; without a connection there is
 * none. */
static void look_plan(struct publish *publish)
{
    uint64_t soon = now_ms() + LOOK_MS_WAITING;

    if (publish->is_away)
        publish->look_ms = now_ms() + LOOK_MS;
    else if (publish->look_ms > soon && (publish->input.ended || is_full(publish)))
        publish->look_ms = soon;
}

static void progress_say(struct publish *publish)
{
    char more[64];

    if (!progress_is_due())
        return;
    snprintf(more, sizeof more, "%" PRIu64 " messages kept", publish_left(publish).kept);
    progress_show(publish->stored, more);
}

enum lattn_status publish_turn(struct publish *publish, int input_fd, int *ret_input_ready)
{
    enum lattn_status status = all_send(publish);

    if (interrupt_stage() == INTERRUPT_NOW)
        return LATTN_TIMEOUT;
    look_plan(publish);
    if (status == LATTN_OK)
        status = wait_once(publish, input_fd, ret_input_ready);
    if (status == LATTN_OK)
        status = events_deal(publish);
    if (status == LATTN_OK)
        status = look_if_due(publish);
    sums_take(publish);
    progress_say(publish);
    return status;
}
