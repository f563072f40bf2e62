/*
 * Lines of a daemon: written by it, read by a client.
 *
 * A reply that was read keeps its result as JSON text of its own, so that every number in it is
 * passed on as it came.
 */
#include "wire/reply.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "wire/line.h"
#include "wire/writer.h"

#include <stdio.h>
#include <string.h>

/* ---- writing ------------------------------------------------------------------------------- */

static void id_write(struct writer *writer, const char *id)
{
    if (id == NULL || id[0] == '\0')
        return;
    writer_key(writer, "id");
    writer_raw(writer, id, strlen(id));
}

enum lattn_status lattn_write_reply(struct lattn_text *text, const char *id, const char *result,
                                    size_t result_length)
{
    struct writer writer;

    writer_begin(&writer, text);
    writer_open(&writer, '{');
    id_write(&writer, id);
    writer_key(&writer, "result");
    writer_raw(&writer, result, result_length);
    writer_close(&writer, '}');
    writer_newline(&writer);
    return writer_end(&writer);
}

enum lattn_status lattn_write_applied(struct lattn_text *text, const char *id, uint64_t applied,
                                      int32_t duplicate)
{
    struct writer writer;

    writer_begin(&writer, text);
    writer_open(&writer, '{');
    id_write(&writer, id);
    writer_key(&writer, "result");
    writer_open(&writer, '{');
    writer_key(&writer, "applied");
    writer_count(&writer, applied);
    writer_key(&writer, "duplicate");
    writer_flag(&writer, duplicate);
    writer_key(&writer, "durable");
    writer_null(&writer);
    writer_close(&writer, '}');
    writer_close(&writer, '}');
    writer_newline(&writer);
    return writer_end(&writer);
}

enum lattn_status lattn_write_error(struct lattn_text *text, const char *id,
                                    enum lattn_status status, const char *message, uint64_t line)
{
    struct writer writer;

    writer_begin(&writer, text);
    writer_open(&writer, '{');
    id_write(&writer, id);
    writer_key(&writer, "error");
    writer_open(&writer, '{');
    writer_key(&writer, "code");
    writer_string(&writer, lattn_status_word(status));
    writer_key(&writer, "message");
    writer_string(&writer, message);
    if (line > 0) {
        writer_key(&writer, "line");
        writer_count(&writer, line);
    }
    writer_close(&writer, '}');
    writer_close(&writer, '}');
    writer_newline(&writer);
    return writer_end(&writer);
}

enum lattn_status lattn_write_emission(struct lattn_text *text, const char *status,
                                       size_t status_length, const char *model, size_t model_length)
{
    struct writer writer;

    writer_begin(&writer, text);
    writer_open(&writer, '{');
    writer_key(&writer, "method");
    writer_string(&writer, "emission");
    writer_key(&writer, "params");
    writer_open(&writer, '{');
    writer_key(&writer, "status");
    writer_raw(&writer, status, status_length);
    if (model != NULL) {
        writer_key(&writer, "model");
        writer_raw(&writer, model, model_length);
    }
    writer_close(&writer, '}');
    writer_close(&writer, '}');
    writer_newline(&writer);
    return writer_end(&writer);
}

/* ---- reading ------------------------------------------------------------------------------- */

struct reply_reader {
    struct lattn_reply *reply;
    int32_t kinds; /* fields seen that decide what the line is */
    const char *body;
    size_t body_length;
};

/* A string as far as it fits: what an error says is for people. */
static enum lattn_status clipped_read(struct scan *scan, const char *name, size_t size,
                                      char *ret_text)
{
    struct scan_string string;
    enum lattn_status status = scan_string(scan, name, &string);

    if (status == LATTN_OK)
        (void)scan_string_decode(&string, size, ret_text);
    return status;
}

static enum lattn_status error_read_field(struct scan *scan, int32_t field, void *arg)
{
    struct lattn_reply *reply = arg;

    if (field == 0)
        return clipped_read(scan, "code", sizeof reply->code, reply->code);
    if (field == 1)
        return clipped_read(scan, "message", sizeof reply->message, reply->message);
    return scan_count_to(scan, "line", UINT64_MAX, &reply->line);
}

static enum lattn_status id_read(struct scan *scan, struct lattn_reply *reply)
{
    const char *id = NULL;
    size_t length = 0;
    enum lattn_status status = line_read_id(scan, &id, &length);

    if (status != LATTN_OK)
        return status;
    memcpy(reply->id, id, length);
    reply->id[length] = '\0';
    return LATTN_OK;
}

static enum lattn_status body_read(struct scan *scan, struct reply_reader *reader,
                                   enum lattn_reply_kind kind)
{
    enum lattn_status status;

    (void)scan_peek(scan);
    reader->reply->kind = kind;
    reader->kinds++;
    reader->body = scan->at;
    status = scan_skip(scan);
    reader->body_length = (size_t)(scan->at - reader->body);
    return status;
}

static enum lattn_status method_read(struct scan *scan)
{
    struct scan before = *scan;
    struct scan_string method;
    enum lattn_status status = scan_string(scan, "method", &method);

    if (status == LATTN_OK && !scan_string_is(&method, "emission"))
        return scan_mismatch(&before, "method", "\"emission\"");
    return status;
}

enum reply_field { REPLY_ID, REPLY_RESULT, REPLY_ERROR, REPLY_METHOD, REPLY_PARAMS };

static enum lattn_status reply_read_field(struct scan *scan, int32_t field, void *arg)
{
    static const char *const words[] = {"code", "message", "line", NULL};
    struct reply_reader *reader = arg;

    switch ((enum reply_field)field) {
    case REPLY_ID:
        return id_read(scan, reader->reply);
    case REPLY_RESULT:
        return body_read(scan, reader, LATTN_REPLY_RESULT);
    case REPLY_ERROR:
        reader->reply->kind = LATTN_REPLY_ERROR;
        reader->kinds++;
        return scan_object(scan, "error", words, SCAN_STRANGERS_PASSED, error_read_field,
                           reader->reply);
    case REPLY_METHOD:
        return method_read(scan);
    case REPLY_PARAMS:
        return body_read(scan, reader, LATTN_REPLY_EMISSION);
    }
    return LATTN_FIELD;
}

enum lattn_status lattn_reply_read(const char *text, size_t length, struct lattn_reply *ret_reply,
                                   struct lattn_complaint *complaint)
{
    static const char *const words[] = {"id", "result", "error", "method", "params", NULL};
    struct lattn_reply reply = {0};
    struct reply_reader reader = {.reply = &reply};
    struct scan scan;
    char *body;
    enum lattn_status status = scan_begin(&scan, text, length, complaint);

    if (status == LATTN_OK)
        status =
            scan_object(&scan, "the line", words, SCAN_STRANGERS_PASSED, reply_read_field, &reader);
    if (status == LATTN_OK)
        status = scan_finish(&scan);
    if (status != LATTN_OK)
        return status;
    if (reader.kinds != 1)
        return complain(complaint, LATTN_FIELD, "one of result, error and params is expected");
    body = memory_zeroed(reader.body_length + 1, 1);
    if (body == NULL)
        return LATTN_NO_MEMORY;
    if (reader.body_length > 0)
        memcpy(body, reader.body, reader.body_length);
    reply.body = body;
    *ret_reply = reply;
    return LATTN_OK;
}

void lattn_reply_done(struct lattn_reply *reply)
{
    if (reply == NULL)
        return;
    memory_release(reply->body);
    *reply = (struct lattn_reply){0};
}

static enum lattn_status part_read_field(struct scan *scan, int32_t field, void *arg)
{
    struct scan *part = arg;

    (void)field;
    *part = *scan;
    return scan_skip(scan);
}

enum lattn_status reply_part(const struct lattn_reply *reply, const char *part,
                             struct scan *ret_scan)
{
    const char *words[] = {part, NULL};
    const char *body = reply->body;
    struct scan place = {0};
    struct scan scan;

    if (reply->kind == LATTN_REPLY_ERROR || scan_begin(&scan, body, strlen(body), NULL) != LATTN_OK)
        return LATTN_FIELD;
    if (reply->kind == LATTN_REPLY_RESULT)
        place = scan;
    else if (scan_object(&scan, "params", words, SCAN_STRANGERS_PASSED, part_read_field, &place) !=
                 LATTN_OK ||
             place.at == NULL)
        return LATTN_FIELD;
    *ret_scan = place;
    return LATTN_OK;
}

enum lattn_status lattn_reply_text(const struct lattn_reply *reply, int32_t indented,
                                   struct lattn_text *ret_text)
{
    const char *body = reply->body;
    struct writer writer;

    writer_begin(&writer, ret_text);
    if (indented)
        writer_indent(&writer, body);
    else
        writer_raw(&writer, body, strlen(body));
    return writer_end(&writer);
}
