#include "serve/source.h"

#include <lattn/frame.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "serve/bounds.h"
#include "serve/log.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* ---- messages in, on the tap's thread ------------------------------------------------------- */

/* The first byte decides, as on a connection. An empty message is a line that is refused. */
static enum lattn_format format_of(const struct jetstream_message *message)
{
    int is_line = message->length == 0 || memchr("{ \t\r\n", message->bytes[0], 5) != NULL;

    return is_line ? LATTN_FORMAT_JSON : LATTN_FORMAT_MSGPACK;
}

/* A message is one line or one frame, and no more. */
static enum lattn_status frame_measure(const struct jetstream_message *message, size_t bytes_max,
                                       struct letter *letter, struct lattn_complaint *complaint)
{
    struct lattn_frame frame;
    enum lattn_status status;

    lattn_frame_init(&frame, bytes_max);
    status = lattn_frame_scan(&frame, message->bytes, message->length, complaint);
    if (status == LATTN_MORE || (status == LATTN_OK && frame.at < message->length))
        return complain(complaint, LATTN_SYNTAX, "the message is not one frame");
    letter->numbers = frame.numbers;
    return status;
}

static enum lattn_status letter_make(const struct jetstream_message *message,
                                     enum lattn_format format, size_t bytes_max,
                                     struct letter *ret_letter, struct lattn_complaint *complaint)
{
    *ret_letter = (struct letter){
        .bytes = message->length > 0 ? message->bytes : "",
        .length = message->length,
        .numbers = message->length / 2 + 2,
        .number = message->seq,
    };
    if (message->length == 0 || strspn(ret_letter->bytes, " \t\r\n") >= message->length)
        return complain(complaint, LATTN_SYNTAX, "the message is empty");
    if (message->length > bytes_max)
        return complain(complaint, LATTN_TOO_BIG, "the message is longer than %zu bytes",
                        bytes_max);
    if (format == LATTN_FORMAT_JSON)
        return LATTN_OK;
    return frame_measure(message, bytes_max, ret_letter, complaint);
}

static_assert(sizeof((struct source *)NULL)->known_as + LATTN_PRODUCER_MAX <= LATTN_NAME_MAX,
              "a publisher's name fits behind its stream's");

/* How it came: nobody waits for an answer, and it has no numbers but its stream's. */
static void arrival_fill(const struct source *source, const struct tap_message *message,
                         struct arrival *ret_arrival)
{
    const struct course_mark *mark = &message->mark;

    *ret_arrival = (struct arrival){
        .after = message->after,
        .mark = {.seq = mark->seq,
                 .time_ns = mark->time_ns,
                 .known = mark->known,
                 .lost = mark->lost,
                 .rolled_back = mark->rolled_back},
        .number = message->id.number,
    };
    memcpy(ret_arrival->mark.stream, source->known_as, sizeof source->known_as);
    if (message->id.number > 0)
        snprintf(ret_arrival->publisher, sizeof ret_arrival->publisher, "%s/%s", source->known_as,
                 message->id.publisher);
}

static enum lattn_status message_read(struct source *source, const struct tap_message *message)
{
    struct chunk *chunk = source->chunk;
    size_t at = chunk->entries_count;
    struct letter letter;
    struct lattn_complaint complaint = {""};
    enum lattn_status status =
        letter_make(message->message, chunk->format, source->owner->config->frame_bytes_max,
                    &letter, &complaint);

    status = status == LATTN_OK ? chunk_read(chunk, &letter)
                                : chunk_refuse(chunk, &letter, status, complaint.text);
    if (status != LATTN_OK)
        return status;
    assert(chunk->entries_count == at + 1);
    chunk->entries[at].is_silent = 1;
    chunk->entries[at].has_seq = 0;
    arrival_fill(source, message, &chunk->arrivals[at]);
    return LATTN_OK;
}

static enum lattn_status chunk_begin(struct source *source, enum lattn_format format, size_t count)
{
    enum lattn_status status = chunk_open(&source->chunk, format, NULL, NULL);

    if (status != LATTN_OK)
        return status;
    source->chunk->purpose = CHUNK_PAIRS;
    source->chunk->source = source;
    source->chunk->arrivals = memory_zeroed(count, sizeof *source->chunk->arrivals);
    return source->chunk->arrivals != NULL ? LATTN_OK : LATTN_NO_MEMORY;
}

/* Those that have the first one's format. */
static size_t source_read(void *arg, const struct tap_message *messages, size_t count)
{
    struct source *source = arg;
    enum lattn_format format = format_of(messages[0].message);
    enum lattn_status status = chunk_begin(source, format, count);
    size_t read = 0;

    while (status == LATTN_OK && read < count && format_of(messages[read].message) == format) {
        status = message_read(source, &messages[read]);
        read += status == LATTN_OK;
    }
    if (read == 0)
        chunk_close(&source->chunk);
    return read;
}

static void source_hand(void *arg)
{
    struct source *source = arg;
    struct chunk *chunk = source->chunk;

    source->chunk = NULL;
    chunk_seal(chunk);
    pipeline_submit(source->owner->pipeline, chunk);
}

static void source_tell(void *arg, enum tap_tone tone, const char *sentence)
{
    const struct source *source = arg;

    log_event(tone == TAP_WARNING ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "source",
              LOG_FIELDS(log_text("stream", source->layout.stream), log_text("news", sentence)));
}

static void source_stopped(void *arg)
{
    struct source *source = arg;

    atomic_store(&source->is_stopped, 1);
    source->owner->woken(source->owner->arg);
}

/* ---- and back, on the loop ------------------------------------------------------------------ */

/* given_up: until now. */
static void given_up_tell(struct source *source, uint64_t given_up)
{
    uint64_t before = atomic_load(&source->given_up);
    struct lattn_complaint news;

    if (given_up <= before)
        return;
    atomic_store(&source->given_up, given_up);
    (void)complain(&news, LATTN_OK,
                   "publishers of stream %s left too many gaps: lost %" PRIu64
                   " numbers that did not come",
                   source->layout.stream, given_up - before);
    source_tell(source, TAP_WARNING, news.text);
}

void source_settle(struct source *source, struct chunk *chunk)
{
    uint64_t duplicates = 0;
    size_t kept = 0;

    given_up_tell(source, chunk->arrivals[chunk->entries_count - 1].given_up);
    while (kept < chunk->entries_count && chunk->arrivals[kept].fate != ARRIVAL_UNKEPT)
        duplicates += chunk->arrivals[kept++].fate == ARRIVAL_DUPLICATE;
    chunk_close(&chunk);
    tap_settle(source->tap, kept, duplicates);
}

/* ---- all of them ---------------------------------------------------------------------------- */

/* What its publishers gave up is counted apart, as taking_take does it. */
static void source_begin(struct source *source, const struct arrivals_mark *mark)
{
    source->mark = (struct course_mark){.seq = mark->seq,
                                        .time_ns = mark->time_ns,
                                        .known = mark->known,
                                        .lost = mark->lost - mark->given_up,
                                        .rolled_back = mark->rolled_back};
    atomic_store(&source->given_up, mark->given_up);
}

void sources_init(struct sources *sources, const struct config *config, const struct state *state,
                  void (*woken)(void *arg), void *arg)
{
    *sources = (struct sources){.config = config, .woken = woken, .arg = arg};
    memcpy(sources->worker, state->origin.worker, sizeof sources->worker);
    for (size_t i = 0; i < config->sources_count; i++) {
        struct source *source = &sources->list[i];
        struct arrivals_mark mark;

        lattn_layout_init(&source->layout, config->sources[i].url.prefix, config->shard.shard,
                          config->shard.shards, config->shard.epoch);
        snprintf(source->known_as, sizeof source->known_as, "%s@%" PRIu32, source->layout.stream,
                 (uint32_t)config->shard.epoch); /* it is read as 31 bits */
        source->owner = sources;
        if (arrivals_mark_of(state->arrivals, source->known_as, &mark) == LATTN_OK)
            source_begin(source, &mark);
    }
}

static enum lattn_status source_start(struct source *source, const struct config_stream *stream)
{
    const struct config *config = source->owner->config;
    const struct tap_settings settings = {
        .server = {.url = &stream->url,
                   .creds_file = config->source_creds,
                   .token_file = config->source_token,
                   .ca_file = config->source_ca,
                   .name = source->layout.consumer},
        .layout = source->layout,
        .worker = source->owner->worker,
        .mark = source->mark,
        .bytes_max = QUEUE_BYTES_SHARE,
        .read = source_read,
        .hand = source_hand,
        .tell = source_tell,
        .stopped = source_stopped,
        .arg = source,
    };

    return tap_open(&source->tap, &settings);
}

enum lattn_status sources_start(struct sources *sources, struct pipeline *pipeline)
{
    const struct config *config = sources->config;

    sources->pipeline = pipeline;
    for (size_t i = 0; i < config->sources_count; i++) {
        enum lattn_status status = source_start(&sources->list[i], &config->sources[i]);

        if (status != LATTN_OK) {
            log_refusal("cannot start", config->sources[i].text, status,
                        &(struct lattn_complaint){""});
            return status;
        }
        sources->count++;
    }
    return LATTN_OK;
}

void sources_stop(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        tap_stop(sources->list[i].tap);
}

int sources_are_idle(const struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        if (!atomic_load(&sources->list[i].is_stopped))
            return 0;
    }
    return 1;
}

void sources_end(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++)
        tap_end(sources->list[i].tap);
}

void sources_close(struct sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        tap_close(&sources->list[i].tap);
        chunk_close(&sources->list[i].chunk);
    }
    sources->count = 0;
}

/* ---- what status says ----------------------------------------------------------------------- */

static struct lattn_source_stream stream_of(struct source *source, const struct tap_report *report)
{
    struct lattn_source_stream stream = {
        .sequence = report->seq,
        .pending = report->pending,
        .redelivered = report->redelivered,
        .duplicates = report->duplicates,
        .lost = report->lost + atomic_load(&source->given_up),
        .rolled_back = report->rolled_back,
    };

    snprintf(stream.name, sizeof stream.name, "%s", source->layout.stream);
    return stream;
}

void sources_describe(struct sources *sources, struct lattn_source *ret_source)
{
    const struct config *config;
    struct lattn_source about = {.is_given = sources != NULL && sources->count > 0};

    *ret_source = about;
    if (!about.is_given)
        return;
    config = sources->config;
    about.shard = config->shard.shard;
    about.shards = config->shard.shards;
    about.epoch = config->shard.epoch;
    about.connected = 1;
    snprintf(about.worker, sizeof about.worker, "%s", sources->worker);
    for (size_t i = 0; i < sources->count; i++) {
        struct tap_report report;
        size_t at = strlen(about.url);

        tap_look(sources->list[i].tap, &report);
        snprintf(about.url + at, sizeof about.url - at, "%s%s", at > 0 ? " " : "",
                 config->sources[i].text);
        about.connected = about.connected && report.is_connected;
        if (about.error[0] == '\0')
            snprintf(about.error, sizeof about.error, "%s", report.error.text);
        about.streams[about.streams_count++] = stream_of(&sources->list[i], &report);
    }
    *ret_source = about;
}
