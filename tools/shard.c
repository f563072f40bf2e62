/*
 * What is kept is sent in its order, many messages at a time, and an answer to each tells where in
 * the stream it is. Where answers stay away, nothing is assumed: a message that arrived twice is
 * stored once, for its id is known to the server for a while, and to the worker for ever.
 *
 * That a stream was set back shows in the newest message that it is known to hold: a copy that is
 * older than that lacks it, and what was published to the copy since has its place.
 */
#include "shard.h"

#include "talk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    /* Enough that a round trip never stops the flow, little enough to be sent again. */
    SENT_MESSAGES_MAX = 2048,
    SENT_BYTES_MAX = 16 << 20,
    /* An answer takes milliseconds, or a connection that is about to be found broken. */
    ANSWER_MS_MAX = 10000
};

void shard_init(struct shard *shard, const struct shard_settings *settings, uint32_t index)
{
    *shard = (struct shard){.settings = *settings, .index = index};
    lattn_layout_init(&shard->layout, settings->prefix, (int32_t)index, (int32_t)settings->count,
                      settings->epoch);
    retry_init(&shard->retry, UINT64_MAX, settings->random + index);
}

void shard_done(struct shard *shard)
{
    kept_done(&shard->kept);
}

/* ---- looking after the stream -------------------------------------------------------------- */

/* Whoever comes first makes it: it may be there a moment after it was not. */
static enum lattn_status stream_meet(struct shard *shard, struct jetstream *jetstream,
                                     struct jetstream_stream *ret_stream,
                                     struct lattn_complaint *complaint)
{
    const char *name = shard->layout.stream;
    enum lattn_status status = jetstream_get(jetstream, name, ret_stream, complaint);
    enum lattn_status made;

    if (status != LATTN_NO_DATA)
        return status;
    made = jetstream_make(jetstream, &shard->layout, shard->settings.bytes_max, complaint);
    if (made != LATTN_OK && made != LATTN_CONFLICT)
        return made;
    status = jetstream_get(jetstream, name, ret_stream, complaint);
    if (status == LATTN_NO_DATA && made == LATTN_CONFLICT)
        snprintf(complaint->text, sizeof complaint->text,
                 "wrong layout: another stream takes its subject, %s", shard->layout.subject);
    return status == LATTN_NO_DATA ? LATTN_CONFLICT : status;
}

/* Does the stream lack what it was known to hold? What its limits have dropped does not count. */
static enum lattn_status set_back_find(const struct shard *shard, struct jetstream *jetstream,
                                       const struct jetstream_stream *stream, int *ret_is_set_back,
                                       struct lattn_complaint *complaint)
{
    enum lattn_status status;
    uint64_t sequence;
    uint64_t newest = kept_newest(&shard->kept, &sequence);
    char id[LATTN_MSGID_MAX];

    *ret_is_set_back = newest > 0 && sequence > stream->last;
    if (newest == 0 || *ret_is_set_back || sequence < stream->first)
        return LATTN_OK;
    lattn_msgid_write(shard->settings.publisher, newest, id);
    status = jetstream_has(jetstream, shard->layout.stream, sequence, id, complaint);
    *ret_is_set_back = status == LATTN_CONFLICT;
    return status == LATTN_CONFLICT || status == LATTN_NO_DATA ? LATTN_OK : status;
}

static enum lattn_status floor_take(struct shard *shard, struct jetstream *jetstream,
                                    uint64_t connections, struct lattn_complaint *complaint)
{
    uint64_t sequence = 0;
    enum lattn_status status = jetstream_floor(jetstream, shard->layout.stream,
                                               shard->layout.consumer, &sequence, complaint);

    if (status != LATTN_OK && status != LATTN_NO_DATA)
        return status;
    if (jetstream_connections(jetstream) != connections) {
        snprintf(complaint->text, sizeof complaint->text, "the connection broke");
        return LATTN_CLOSED;
    }
    shard->has_worker = status == LATTN_OK;
    kept_settle(&shard->kept, sequence);
    return LATTN_OK;
}

/* From now on it is no surprise that the stream has what was sent until now. */
static void resent_note(struct shard *shard)
{
    const struct kept *kept = &shard->kept;
    uint64_t sent = kept->settled + (kept->next - kept->start);

    if (sent > shard->resent)
        shard->resent = sent;
}

static void set_back(struct shard *shard)
{
    uint64_t again;

    resent_note(shard);
    again = kept_return_all(&shard->kept);
    talk(shard->settings.verb, shard->layout.stream,
         "the stream was set back: %" PRIu64 " messages that it had are sent again", again);
}

enum lattn_status shard_look(struct shard *shard, struct jetstream *jetstream,
                             struct lattn_complaint *complaint)
{
    uint64_t connections = jetstream_connections(jetstream);
    struct jetstream_stream stream = {.last = 0};
    int is_set_back = 0;
    enum lattn_status status = stream_meet(shard, jetstream, &stream, complaint);

    if (status == LATTN_OK)
        status = lattn_layout_check(&shard->layout, &stream.layout, complaint);
    if (status == LATTN_OK)
        status = set_back_find(shard, jetstream, &stream, &is_set_back, complaint);
    if (status == LATTN_OK && is_set_back)
        set_back(shard);
    if (status == LATTN_OK)
        status = floor_take(shard, jetstream, connections, complaint);
    if (status == LATTN_OK) {
        shard->is_met = 1;
        shard->message_bytes_max = stream.message_bytes_max;
    }
    return status;
}

/* ---- messages to and fro ------------------------------------------------------------------- */

static int may_send(const struct shard *shard, uint64_t now_ms)
{
    const struct kept *kept = &shard->kept;

    if (!shard->is_met || kept->waiting == 0)
        return 0;
    if (shard->is_held)
        return kept->sent == 0 && now_ms >= shard->resume_ms;
    return kept->sent < SENT_MESSAGES_MAX && kept->sent_bytes < SENT_BYTES_MAX;
}

enum lattn_status shard_send(struct shard *shard, struct jetstream *jetstream, uint64_t now_ms)
{
    struct kept *kept = &shard->kept;

    while (may_send(shard, now_ms)) {
        uint64_t number = 0;
        const struct kept_message *message = kept_next(kept, &number);
        enum lattn_status status;
        char id[LATTN_MSGID_MAX];

        lattn_msgid_write(shard->settings.publisher, number, id);
        status = jetstream_publish(jetstream, shard->layout.subject, id, message->bytes,
                                   message->length);
        if (status != LATTN_OK)
            return status;
        if (kept->sent == 0)
            shard->answered_ms = now_ms;
        kept_send(kept);
    }
    return LATTN_OK;
}

int shard_is_pausing(const struct shard *shard)
{
    return shard->is_held && shard->is_met && shard->kept.waiting > 0 && shard->kept.sent == 0;
}

uint64_t shard_store(struct shard *shard, const struct jetstream_event *event, uint64_t now_ms)
{
    shard->answered_ms = now_ms;
    if (shard->is_held)
        talk(shard->settings.verb, shard->layout.stream, "takes messages again");
    shard->is_held = 0;
    retry_succeed(&shard->retry);
    if (event->is_duplicate && event->number > shard->resent)
        shard->duplicates++;
    return kept_store(&shard->kept, event->number, event->sequence);
}

void shard_refuse(struct shard *shard, const struct jetstream_event *event, uint64_t now_ms)
{
    uint64_t pause_ms = 0;

    shard->answered_ms = now_ms;
    kept_return(&shard->kept, event->number);
    if (event->is_orphan)
        shard->is_met = 0; /* somebody deleted the stream: it is made anew */
    if (shard->is_held && now_ms < shard->resume_ms)
        return; /* one of those that were under way when the first was refused */
    if (!shard->is_held)
        talk(shard->settings.verb, shard->layout.stream, "takes no messages: %s; trying again",
             event->is_orphan ? "there is no such stream" : event->reason);
    shard->is_held = 1;
    (void)retry_fail(&shard->retry, now_ms, &pause_ms); /* without a limit it always goes on */
    shard->resume_ms = now_ms + pause_ms;
}

void shard_part(struct shard *shard)
{
    resent_note(shard);
    kept_return_sent(&shard->kept);
    shard->is_met = 0;
}

void shard_check(struct shard *shard, uint64_t now_ms)
{
    if (shard->kept.sent == 0 || now_ms - shard->answered_ms < ANSWER_MS_MAX)
        return;
    talk(shard->settings.verb, shard->layout.stream,
         "no answer to %" PRIu64 " messages; trying again", shard->kept.sent);
    shard_part(shard);
}
