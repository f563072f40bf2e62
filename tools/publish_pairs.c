/*
 * Pairs as messages: each is what a client would send to a daemon's socket, a line of JSON without
 * its end or a frame of MessagePack, and bears no number of its own. Units that read as pairs are
 * passed on as they are; what bears an id or a number is written anew.
 *
 * Workers never meet, and have no names in common: coordinates and outputs are what the input says
 * they are. Columns keep their order; symbols have the places that a file gives them.
 */
#include "publish.h"

#include "event_line.h"
#include "talk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COMPLAINTS_SHOWN_MAX = 20, SYMBOLS_BYTES_MAX = 1 << 20 };

/* The frame [2, "learn", map] up to the map: nobody waits for an answer. */
static const char notification[] = "\x93\x02\xa5learn";

void publish_refuse(struct publish *publish, const char *reason)
{
    publish->refused++;
    publish->complaints++;
    if (publish->complaints_shown == COMPLAINTS_SHOWN_MAX)
        return;
    publish->complaints_shown++;
    talk(publish->verb, NULL, "%s %llu: %s", publish->wish->source->word,
         (unsigned long long)publish->input.number, reason);
}

static void stop(struct publish *publish, const char *object, const char *reason)
{
    talk(publish->verb, object, "%s", reason);
    publish->stopped = 1;
}

/* Names go to a daemon, not into a stream: a worker gets its own from whoever asks it. */
static enum lattn_status request_take(struct publish *publish, const char *text, size_t length,
                                      enum lattn_format format, const char *otherwise)
{
    struct lattn_request request;
    enum lattn_status status = lattn_request_read(text, length, format, &request, NULL);

    if (status == LATTN_NO_MEMORY)
        return status;
    if (status == LATTN_OK && request.method == LATTN_METHOD_NAME) {
        if (!publish->is_names_said)
            talk(publish->verb, NULL, "%s %llu: names are passed over, only pairs are published",
                 publish->wish->source->word, (unsigned long long)publish->input.number);
        publish->is_names_said = 1;
    } else {
        publish_refuse(publish, otherwise);
    }
    if (status == LATTN_OK)
        lattn_request_done(&request);
    return LATTN_OK;
}

/* ---- lines and maps ------------------------------------------------------------------------ */

/* Write a pair as a line and add it, without the line's end. */
static enum lattn_status pair_add(void *arg, const char *key, const struct lattn_item *item)
{
    struct publish *publish = arg;
    enum lattn_status status;

    publish->message.length = 0;
    status = lattn_write_pair(&publish->message, LATTN_FORMAT_JSON, item, NULL, NULL, 0);
    if (status != LATTN_OK)
        return status;
    return publish_add(publish, key, publish->message.data, publish->message.length - 1, 1);
}

/* As it is, but for the blanks around it. */
static enum lattn_status line_add(struct publish *publish, const char *text, size_t length)
{
    size_t blanks = strspn(text, " \t\r");

    while (length > blanks &&
           (text[length - 1] == ' ' || text[length - 1] == '\t' || text[length - 1] == '\r'))
        length--;
    return publish_add(publish, NULL, text + blanks, length - blanks, 1);
}

/* A pair may stand in the params of "learn", behind a second brace. */
static int is_bare(const char *text, size_t length, const struct lattn_message *line)
{
    size_t opening = strspn(text, " \t\r") + 1;

    return line->id[0] == '\0' && line->producer[0] == '\0' && !line->has_seq &&
           memchr(text + opening, '{', length - opening) == NULL;
}

static enum lattn_status line_take(struct publish *publish, char *text, size_t length)
{
    struct lattn_complaint complaint = {""};
    struct lattn_message line = {0};
    enum lattn_status status = numbers_reserve_line(&publish->numbers, length);
    size_t used;

    if (status != LATTN_OK)
        return status;
    status = lattn_line_read(text, length, publish->numbers.data, &used, &line, &complaint);
    if (status != LATTN_OK) {
        publish_refuse(publish, complaint.text);
        return LATTN_OK;
    }
    if (line.kind == LATTN_MESSAGE_REQUEST)
        return request_take(publish, text, length, LATTN_FORMAT_JSON,
                            "it is a request, only pairs are published");
    return is_bare(text, length, &line) ? line_add(publish, text, length)
                                        : pair_add(publish, NULL, &line.item);
}

static enum lattn_status map_write(struct publish *publish, const char *bytes, size_t length,
                                   const struct lattn_message *read)
{
    if (read->producer[0] == '\0' && !read->has_seq)
        return lattn_text_add(&publish->message, bytes, length);
    if (read->count == 1)
        return lattn_write_pair(&publish->message, LATTN_FORMAT_MSGPACK, &read->item, NULL, NULL,
                                0);
    return lattn_write_batch(&publish->message, &read->item, (size_t)read->count);
}

static enum lattn_status map_take(struct publish *publish, char *bytes, size_t length)
{
    struct lattn_complaint complaint = {""};
    struct lattn_message read = {.count = 1};
    enum lattn_status status = numbers_reserve(&publish->numbers, publish->input.frame_numbers);
    size_t used;

    if (status != LATTN_OK)
        return status;
    status = lattn_learn_read(bytes, length, publish->numbers.data, &used, &read, &complaint);
    if (status != LATTN_OK)
        return request_take(publish, bytes, length, LATTN_FORMAT_MSGPACK, complaint.text);
    publish->message.length = 0;
    status = lattn_text_add(&publish->message, notification, sizeof notification - 1);
    if (status == LATTN_OK)
        status = map_write(publish, bytes, length, &read);
    if (status != LATTN_OK)
        return status;
    return publish_add(publish, NULL, publish->message.data, publish->message.length, read.count);
}

/* ---- rows ---------------------------------------------------------------------------------- */

static enum lattn_status row_take(struct publish *publish, char *text, size_t length)
{
    struct series *series = &publish->series;
    struct lattn_complaint complaint = {""};
    enum lattn_status status;
    const char *key;

    if (!series->has_header) {
        status = series_begin(series, text, length, &complaint);
        if (status != LATTN_OK && status != LATTN_NO_MEMORY)
            stop(publish, "the header", complaint.text);
        return status == LATTN_NO_MEMORY ? status : LATTN_OK;
    }
    status = series_read(series, text, length, &key, &complaint);
    if (status == LATTN_OK)
        return series_push(series, key, pair_add, publish);
    if (status == LATTN_NO_MEMORY)
        return status;
    publish_refuse(publish, complaint.text);
    return LATTN_OK;
}

/* ---- events -------------------------------------------------------------------------------- */

static enum lattn_status event_pair_add(struct publish *publish, const char *key,
                                        const struct lattn_event *event)
{
    struct tokens *tokens = &publish->tokens;
    struct lattn_item item = {
        .y = publish->y,
        .weight = 1,
        .n = event->context,
        .d = tokens->width,
        .m = tokens->width,
        .labels = LATTN_LABELS_LAST,
    };

    if (tokens_place(tokens, event->past, event->context) >= 0) {
        publish_refuse(publish, "a symbol before it is not among those of --symbols");
        return LATTN_OK;
    }
    item.z = tokens->z;
    memset(publish->y, 0, (size_t)tokens->width * sizeof *publish->y);
    publish->y[event->symbol] = 1;
    return pair_add(publish, key, &item);
}

static enum lattn_status event_take(struct publish *publish, char *text, size_t length)
{
    struct lattn_complaint complaint = {""};
    struct lattn_event event;
    const char *key;
    enum lattn_status status =
        event_line_push(publish->events, text, length, &key, &event, &complaint);

    if (status == LATTN_NO_MEMORY)
        return status;
    if (status != LATTN_OK)
        publish_refuse(publish, complaint.text);
    else if (event.symbol < 0)
        publish_refuse(publish, "its symbol is not among those of --symbols");
    else if (event.context > 0)
        return event_pair_add(publish, key, &event);
    return LATTN_OK;
}

static enum lattn_status symbols_add(struct publish *publish, struct reader *reader,
                                     struct lattn_complaint *complaint)
{
    enum lattn_status status;
    size_t length;
    char *text;

    while ((status = reader_read(reader, &text, &length)) == LATTN_OK) {
        int32_t known = lattn_events_count(publish->events);
        int32_t index;

        if (lattn_events_symbol(publish->events, text, &index) != LATTN_OK || index < known) {
            snprintf(complaint->text, sizeof complaint->text,
                     "line %llu is empty, too long, one too many or a symbol that was there before",
                     (unsigned long long)reader->number);
            return LATTN_NAME;
        }
    }
    if (status != LATTN_MORE)
        return status;
    if (reader->error == 0 && lattn_events_count(publish->events) > 0)
        return LATTN_OK;
    snprintf(complaint->text, sizeof complaint->text, "%s",
             reader->error != 0 ? strerror(reader->error) : "there is no symbol in it");
    return LATTN_INPUT_OUTPUT;
}

static enum lattn_status symbols_read(struct publish *publish, struct lattn_complaint *complaint)
{
    int fd = open(publish->wish->symbols, O_RDONLY | O_CLOEXEC);
    struct reader reader;
    enum lattn_status status;

    if (fd < 0) {
        snprintf(complaint->text, sizeof complaint->text, "%s", strerror(errno));
        return LATTN_INPUT_OUTPUT;
    }
    reader_init(&reader, fd, READER_LINES, SYMBOLS_BYTES_MAX);
    status = symbols_add(publish, &reader, complaint);
    reader_done(&reader);
    (void)close(fd); /* it was only read */
    return status;
}

/* The line of a symbol is its coordinate and its output; workers add the constant themselves. */
static enum lattn_status events_init(struct publish *publish)
{
    struct lattn_complaint complaint = {""};
    int32_t window = (int32_t)publish->wish->input.window;
    enum lattn_status status = lattn_events_open(&publish->events, window, LATTN_VOCABULARY_FIXED);
    int32_t count;

    tokens_init(&publish->tokens, window);
    if (status != LATTN_OK)
        return status;
    status = symbols_read(publish, &complaint);
    if (status != LATTN_OK) {
        stop(publish, publish->wish->symbols,
             complaint.text[0] != '\0' ? complaint.text : lattn_status_text(status));
        return status;
    }
    count = lattn_events_count(publish->events);
    for (int32_t i = 0; i < count; i++)
        publish->tokens.places[i] = i;
    publish->y = calloc((size_t)count, sizeof *publish->y);
    return publish->y == NULL ? LATTN_NO_MEMORY : tokens_widen(&publish->tokens, count);
}

/* ---- sources ------------------------------------------------------------------------------- */

static const struct publish_source sources[] = {
    {"ndjson", "line", READER_LINES, line_take},
    {"msgpack", "map", READER_FRAMES, map_take},
    {"csv", "line", READER_RECORDS, row_take},
    {"events", "line", READER_LINES, event_take},
};

const struct publish_source *publish_source_find(const char *name)
{
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if (strcmp(sources[i].name, name) == 0)
            return &sources[i];
    return NULL;
}

enum lattn_status publish_pairs_init(struct publish *publish)
{
    const struct input_wish *input = &publish->wish->input;

    lattn_text_init(&publish->message);
    reader_init(&publish->input, STDIN_FILENO, publish->wish->source->unit, READER_BYTES_MAX);
    publish->series = (struct series){
        .wish = input->columns,
        .is_autoregressive = input->is_autoregressive,
        .window = input->window > 0 ? (int32_t)input->window : 1,
    };
    return publish->wish->source->take == event_take ? events_init(publish) : LATTN_OK;
}

void publish_pairs_done(struct publish *publish)
{
    lattn_events_close(&publish->events);
    tokens_done(&publish->tokens);
    series_done(&publish->series);
    numbers_done(&publish->numbers);
    lattn_text_done(&publish->message);
    reader_done(&publish->input);
    free(publish->y);
    publish->y = NULL;
}

void publish_pairs_end(struct publish *publish)
{
    if (publish->wish->source->take == row_take && !publish->series.has_header &&
        !publish->stopped && publish->input.error == 0)
        stop(publish, "the header", "there is none");
}
