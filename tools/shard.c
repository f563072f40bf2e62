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
    ANSWER_MS_MAX = 10000,
    ID_MAX = 96
};

void shard_init(struct shard *shard, const struct shard_settings *settings, uint32_t index)
{
    struct jetstream_stream *layout = &shard->layout;

    *shard = (struct shard){.settings = *settings, .index = index};
    layout->bytes_max = settings->bytes_max;
    snprintf(layout->name, sizeof layout->name, "%s_%" PRIu32, settings->prefix, index);
    snprintf(layout->subject, sizeof layout->subject, "%s.in.%" PRIu32, settings->prefix, index);
    snprintf(layout->description, sizeof layout->description,
             "lattn shard %" PRIu32 "/%" PRIu32 " epoch %" PRIu64, index, settings->count,
             settings->epoch);
    snprintf(shard->consumer, sizeof shard->consumer, "%s_%" PRIu32 "_worker", settings->prefix,
             index);
    retry_init(&shard->retry, UINT64_MAX, settings->random + index);
}

void shard_done(struct shard *shard)
{
    kept_done(&shard->kept);
}

static void id_write(const struct shard *shard, uint64_t number, char ret_id[ID_MAX])
{
    snprintf(ret_id, ID_MAX, "%s.%" PRIu64, shard->settings.publisher, number);
}

/* ---- looking after the stream -------------------------------------------------------------- */

/* A description of ours must be this one; streams that others made may have any other. */
static int description_fits(const char *found, const char *wanted)
{
    static const char ours[] = "lattn shard ";

    return strcmp(found, wanted) == 0 || strncmp(found, ours, sizeof ours - 1) != 0;
}

static enum lattn_status layout_check(const struct shard *shard,
                                      const struct jetstream_stream *stream,
                                      struct lattn_complaint *complaint)
{
    const struct jetstream_stream *wanted = &shard->layout;

    if (strcmp(stream->subject, wanted->subject) != 0)
        snprintf(complaint->text, sizeof complaint->text,
                 "wrong layout: its subject is \"%.80s\", \"%.80s\" is asked for", stream->subject,
                 wanted->subject);
    else if (!description_fits(stream->description, wanted->description))
        snprintf(complaint->text, sizeof complaint->text,
                 "wrong layout: it is \"%.80s\", \"%.80s\" is asked for", stream->description,
                 wanted->description);
    else if (!stream->is_on_disk)
        snprintf(complaint->text, sizeof complaint->text,
                 "wrong layout: it is kept in memory, not in files");
    else if (!stream->keeps_old)
        snprintf(complaint->text, sizeof complaint->text,
                 "wrong layout: where it is full it discards old messages, not new ones");
    else if (!stream->keeps_read)
        snprintf(complaint->text, sizeof complaint->text,
                 "wrong layout: it drops messages that were read, retention must be by limits");
    else
        return LATTN_OK;
    return LATTN_CONFLICT;
}

/* Whoever comes first makes it: it may be there a moment after it was not. */
static enum lattn_status stream_meet(struct shard *shard, struct jetstream *jetstream,
                                     struct jetstream_stream *ret_stream,
                                     struct lattn_complaint *complaint)
{
    const char *name = shard->layout.name;
    enum lattn_status status = jetstream_get(jetstream, name, ret_stream, complaint);
    enum lattn_status made;

    if (status != LATTN_NO_DATA)
        return status;
    made = jetstream_make(jetstream, &shard->layout, complaint);
    if (made != LATTN_OK && made != LATTN_CONFLICT)
        return made;
    status = jetstream_get(jetstream, name, ret_stream, complaint);
    if (status == LATTN_NO_DATA && made == LATTN_CONFLICT)
        snprintf(complaint->text, sizeof complaint->text,
                 "wrong layout: another stream takes its subject, %.80s", shard->layout.subject);
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
    char id[ID_MAX];

    *ret_is_set_back = newest > 0 && sequence > stream->last;
    if (newest == 0 || *ret_is_set_back || sequence < stream->first)
        return LATTN_OK;
    id_write(shard, newest, id);
    status = jetstream_has(jetstream, stream->name, sequence, id, complaint);
    *ret_is_set_back = status == LATTN_CONFLICT;
    return status == LATTN_CONFLICT || status == LATTN_NO_DATA ? LATTN_OK : status;
}

static enum lattn_status floor_take(struct shard *shard, struct jetstream *jetstream,
                                    uint64_t connections, struct lattn_complaint *complaint)
{
    uint64_t sequence = 0;
    enum lattn_status status =
        jetstream_floor(jetstream, shard->layout.name, shard->consumer, &sequence, complaint);

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
    talk(shard->settings.verb, shard->layout.name,
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
        status = layout_check(shard, &stream, complaint);
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
        char id[ID_MAX];

        id_write(shard, number, id);
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
        talk(shard->settings.verb, shard->layout.name, "takes messages again");
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
        talk(shard->settings.verb, shard->layout.name, "takes no messages: %s; trying again",
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
    talk(shard->settings.verb, shard->layout.name,
         "no answer to %" PRIu64 " messages; trying again", shard->kept.sent);
    shard_part(shard);
}
