/*
 * Messages of a daemon, as it writes them; reply.c reads them.
 */
#include <lattn/wire.h>

#include "wire/rpc.h"
#include "wire/writer.h"

/* What stands around a body: the text of both formats is in lattn/wire.h. */
static void envelope_open_line(struct writer *writer, enum lattn_reply_kind kind, const char *id)
{
    static const char *const words[] = {[LATTN_REPLY_RESULT] = "result",
                                        [LATTN_REPLY_ERROR] = "error",
                                        [LATTN_REPLY_EMISSION] = "params"};

    writer_open(writer, '{');
    if (id != NULL && id[0] != '\0') {
        writer_key(writer, "id");
        writer_id(writer, id);
    }
    if (kind == LATTN_REPLY_EMISSION) {
        writer_key(writer, "method");
        writer_string(writer, "emission");
    }
    writer_key(writer, words[kind]);
}

static void envelope_open_frame(struct writer *writer, enum lattn_reply_kind kind, const char *id)
{
    if (kind == LATTN_REPLY_EMISSION) {
        writer_open_counted(writer, '[', 3);
        writer_count(writer, RPC_NOTIFICATION);
        writer_string(writer, "emission");
        return;
    }
    writer_open_counted(writer, '[', 4);
    writer_count(writer, RPC_RESPONSE);
    if (id == NULL || id[0] == '\0')
        writer_null(writer);
    else
        writer_id(writer, id);
    if (kind == LATTN_REPLY_RESULT)
        writer_null(writer);
}

static void envelope_open(struct writer *writer, enum lattn_reply_kind kind, const char *id)
{
    if (writer->format == LATTN_FORMAT_MSGPACK)
        envelope_open_frame(writer, kind, id);
    else
        envelope_open_line(writer, kind, id);
}

static enum lattn_status envelope_close(struct writer *writer, enum lattn_reply_kind kind)
{
    if (writer->format == LATTN_FORMAT_MSGPACK) {
        if (kind == LATTN_REPLY_ERROR)
            writer_null(writer);
        writer_close(writer, ']');
    } else {
        writer_close(writer, '}');
        writer_newline(writer);
    }
    return writer_end(writer);
}

enum lattn_status lattn_write_reply(struct lattn_text *text, enum lattn_format format,
                                    const char *id, const char *result, size_t result_length)
{
    struct writer writer;

    writer_begin(&writer, text, format);
    envelope_open(&writer, LATTN_REPLY_RESULT, id);
    writer_raw(&writer, result, result_length);
    return envelope_close(&writer, LATTN_REPLY_RESULT);
}

enum lattn_status lattn_write_applied(struct lattn_text *text, enum lattn_format format,
                                      const char *id, uint64_t applied, int32_t duplicate,
                                      const uint64_t *durable)
{
    struct writer writer;

    writer_begin(&writer, text, format);
    envelope_open(&writer, LATTN_REPLY_RESULT, id);
    writer_open_counted(&writer, '{', 3);
    writer_key(&writer, "applied");
    writer_count(&writer, applied);
    writer_key(&writer, "duplicate");
    writer_flag(&writer, duplicate);
    writer_key(&writer, "durable");
    if (durable != NULL)
        writer_count(&writer, *durable);
    else
        writer_null(&writer);
    writer_close(&writer, '}');
    return envelope_close(&writer, LATTN_REPLY_RESULT);
}

enum lattn_status lattn_write_error(struct lattn_text *text, enum lattn_format format,
                                    const char *id, enum lattn_status status, const char *message,
                                    uint64_t line)
{
    struct writer writer;

    writer_begin(&writer, text, format);
    envelope_open(&writer, LATTN_REPLY_ERROR, id);
    writer_open_counted(&writer, '{', line > 0 ? 3 : 2);
    writer_key(&writer, "code");
    writer_string(&writer, lattn_status_word(status));
    writer_key(&writer, "message");
    writer_string(&writer, message);
    if (line > 0) {
        writer_key(&writer, "line");
        writer_count(&writer, line);
    }
    writer_close(&writer, '}');
    return envelope_close(&writer, LATTN_REPLY_ERROR);
}

static int part_is_there(const struct lattn_text *part)
{
    return part != NULL && part->length > 0;
}

static void part_write(struct writer *writer, const char *word, const struct lattn_text *part)
{
    if (!part_is_there(part))
        return;
    writer_key(writer, word);
    writer_raw(writer, part->data, part->length);
}

enum lattn_status lattn_write_emission(struct lattn_text *text, enum lattn_format format,
                                       const struct lattn_text *status,
                                       const struct lattn_text *model,
                                       const struct lattn_text *spectrum)
{
    struct writer writer;

    writer_begin(&writer, text, format);
    envelope_open(&writer, LATTN_REPLY_EMISSION, NULL);
    writer_open_counted(&writer, '{',
                        1U + (uint32_t)part_is_there(model) + (uint32_t)part_is_there(spectrum));
    part_write(&writer, "status", status);
    part_write(&writer, "model", model);
    part_write(&writer, "spectrum", spectrum);
    writer_close(&writer, '}');
    return envelope_close(&writer, LATTN_REPLY_EMISSION);
}
