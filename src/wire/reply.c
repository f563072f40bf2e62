/*
 * Messages of a daemon, as a client reads them; a frame is rewritten as the line that means the
 * same.
 *
 * A reply that was read keeps its result as JSON text of its own, so that every number in it is
 * passed on as it came.
 */
#include "wire/reply.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "wire/line.h"
#include "wire/message_json.h"
#include "wire/rpc.h"
#include "wire/writer.h"

#include <stdio.h>
#include <string.h>

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
        return line_read_id(scan, reader->reply->id);
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

static enum lattn_status line_read(const char *text, size_t length, struct lattn_reply *ret_reply,
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

/* Is the error of a response nil? */
static int is_success(const struct rpc *rpc)
{
    struct message_value value;

    return message_peek(&rpc->error, &value) == LATTN_OK && value.kind == MESSAGE_NULL;
}

static enum lattn_status body_rewrite(const char *word, struct message place, struct writer *writer,
                                      struct lattn_complaint *complaint)
{
    writer_key(writer, word);
    return message_to_json(&place, word, MESSAGE_JSON_BASE64, writer, complaint);
}

/* Write the line that means the same as a frame. */
static enum lattn_status frame_rewrite(const struct rpc *rpc, struct lattn_text *ret_line,
                                       struct lattn_complaint *complaint)
{
    struct writer writer;
    enum lattn_status status;

    writer_begin(&writer, ret_line, LATTN_FORMAT_JSON);
    writer_open(&writer, '{');
    if (rpc->id[0] != '\0') {
        writer_key(&writer, "id");
        writer_id(&writer, rpc->id);
    }
    if (rpc->type == RPC_RESPONSE) {
        status = is_success(rpc) ? body_rewrite("result", rpc->result, &writer, complaint)
                                 : body_rewrite("error", rpc->error, &writer, complaint);
    } else {
        writer_key(&writer, "method");
        writer_text(&writer, rpc->method.bytes, rpc->method.length);
        status = rpc->params.at == NULL ? LATTN_OK
                                        : body_rewrite("params", rpc->params, &writer, complaint);
    }
    writer_close(&writer, '}');
    return status != LATTN_OK ? status : writer_end(&writer);
}

static enum lattn_status frame_read(const char *bytes, size_t length, struct lattn_reply *ret_reply,
                                    struct lattn_complaint *complaint)
{
    struct lattn_text line;
    struct rpc rpc;
    enum lattn_status status = rpc_read(bytes, length, &rpc, complaint);

    lattn_text_init(&line);
    if (status == LATTN_OK && rpc.type == RPC_REQUEST)
        status = complain(complaint, LATTN_FIELD, "the message is a request, no answer");
    if (status == LATTN_OK)
        status = frame_rewrite(&rpc, &line, complaint);
    if (status == LATTN_OK)
        status = line_read(line.data, line.length, ret_reply, complaint);
    lattn_text_done(&line);
    return status;
}

enum lattn_status lattn_reply_read(const char *text, size_t length, enum lattn_format format,
                                   struct lattn_reply *ret_reply, struct lattn_complaint *complaint)
{
    return format == LATTN_FORMAT_MSGPACK ? frame_read(text, length, ret_reply, complaint)
                                          : line_read(text, length, ret_reply, complaint);
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

enum lattn_status reply_write_members(struct lattn_text *text, enum lattn_format format,
                                      const struct member *members, const void *from)
{
    struct writer writer;

    writer_begin(&writer, text, format);
    member_write(&writer, members, from);
    return writer_end(&writer);
}

enum lattn_status reply_read_members(const struct lattn_reply *reply, const struct member *members,
                                     void *ret_to)
{
    struct scan scan;
    enum lattn_status status =
        reply->kind == LATTN_REPLY_RESULT ? reply_part(reply, NULL, &scan) : LATTN_FIELD;

    if (status == LATTN_OK)
        status = member_read(&scan, "result", members, ret_to);
    return status == LATTN_OK || status == LATTN_NO_MEMORY ? status : LATTN_FIELD;
}

enum lattn_status lattn_reply_text(const struct lattn_reply *reply, int32_t indented,
                                   struct lattn_text *ret_text)
{
    const char *body = reply->body;
    struct writer writer;

    writer_begin(&writer, ret_text, LATTN_FORMAT_JSON);
    if (indented)
        writer_indent(&writer, body);
    else
        writer_raw(&writer, body, strlen(body));
    return writer_end(&writer);
}
