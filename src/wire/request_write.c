/*
 * Requests as a client sends them; request.c reads them.
 */
#include <lattn/wire.h>

#include "wire/names_json.h"
#include "wire/offer.h"
#include "wire/pair.h"
#include "wire/rpc.h"
#include "wire/writer.h"

static void strings_write(struct writer *writer, const char *key, char *const *names, size_t count)
{
    writer_key(writer, key);
    writer_open(writer, '[');
    for (size_t i = 0; i < count; i++)
        writer_string(writer, names[i]);
    writer_close(writer, ']');
}

static void names_params_write(struct writer *writer, const struct lattn_request *request)
{
    strings_write(writer, "append", request->append, request->append_count);
    strings_write(writer, "outputs", request->outputs, request->outputs_count);
    writer_key(writer, "blocks");
    writer_open(writer, '[');
    for (size_t i = 0; i < request->blocks_count; i++)
        names_write_block(writer, &request->blocks[i]);
    writer_close(writer, ']');
}

static void inputs_param_write(struct writer *writer, const char *key,
                               const struct lattn_request *request)
{
    writer_key(writer, key);
    writer_open(writer, '[');
    for (size_t i = 0; i < request->inputs_count; i++) {
        writer_open(writer, '{');
        pair_write_tokens(writer, &request->inputs[i]);
        writer_close(writer, '}');
    }
    writer_close(writer, ']');
}

static void suggest_params_write(struct writer *writer, const struct lattn_request *request)
{
    if (request->inputs_count > 0)
        inputs_param_write(writer, "candidates", request);
    if (request->n > 0) {
        writer_key(writer, "n");
        writer_count(writer, request->n);
    }
    if (request->norm_max > 0) {
        writer_key(writer, "norm_max");
        writer_number(writer, request->norm_max);
    }
}

static void subscribe_params_write(struct writer *writer, const struct lattn_request *request)
{
    writer_key(writer, "what");
    writer_string(writer, lattn_topic_word(request->what));
    if (request->every_ms > 0) {
        writer_key(writer, "every");
        writer_count(writer, request->every_ms);
    }
}

static void heads_param_write(struct writer *writer, const struct lattn_request *request)
{
    if (!request->has_heads)
        return;
    writer_key(writer, "heads");
    if (request->heads == LATTN_HEADS_COUNT)
        writer_count(writer, (uint64_t)request->heads_count);
    else
        writer_string(writer, request->heads == LATTN_HEADS_FEWEST ? "fewest" : "svd");
}

static void checkpoint_params_write(struct writer *writer, const struct lattn_request *request)
{
    if (request->makes_image) {
        writer_key(writer, "image");
        writer_flag(writer, 1);
    } else if (request->image > 0) {
        writer_key(writer, "image");
        writer_count(writer, request->image);
        writer_key(writer, "part");
        writer_count(writer, request->part);
    }
}

static void params_write(struct writer *writer, const struct lattn_request *request)
{
    switch (request->method) {
    case LATTN_METHOD_PREDICT:
        pair_write_tokens(writer, &request->input);
        return;
    case LATTN_METHOD_CERTIFY:
        inputs_param_write(writer, "inputs", request);
        return;
    case LATTN_METHOD_SUGGEST:
        suggest_params_write(writer, request);
        return;
    case LATTN_METHOD_MODEL:
        heads_param_write(writer, request);
        return;
    case LATTN_METHOD_SUBSCRIBE:
        subscribe_params_write(writer, request);
        return;
    case LATTN_METHOD_NAME:
        names_params_write(writer, request);
        return;
    case LATTN_METHOD_HELLO:
        if (request->producer[0] == '\0')
            return;
        writer_key(writer, "producer");
        writer_string(writer, request->producer);
        return;
    case LATTN_METHOD_RESET:
        writer_key(writer, "confirm");
        writer_flag(writer, request->confirm);
        return;
    case LATTN_METHOD_AUTH:
        writer_key(writer, "token");
        writer_string(writer, request->token);
        return;
    case LATTN_METHOD_CHECKPOINT:
        checkpoint_params_write(writer, request);
        return;
    case LATTN_METHOD_OFFER:
        offer_write_params(writer, &request->offer, request->part);
        return;
    case LATTN_METHOD_STATUS:
    case LATTN_METHOD_EMIT:
        return;
    }
}

static void call_open(struct writer *writer, const struct lattn_request *request)
{
    int has_id = request->id[0] != '\0';

    if (writer->format == LATTN_FORMAT_MSGPACK) {
        writer_open_counted(writer, '[', has_id ? 4 : 3);
        writer_count(writer, has_id ? RPC_REQUEST : RPC_NOTIFICATION);
        if (has_id)
            writer_id(writer, request->id);
        writer_string(writer, lattn_method_word(request->method));
        return;
    }
    writer_open(writer, '{');
    if (has_id) {
        writer_key(writer, "id");
        writer_id(writer, request->id);
    }
    writer_key(writer, "method");
    writer_string(writer, lattn_method_word(request->method));
    writer_key(writer, "params");
}

enum lattn_status lattn_write_request(struct lattn_text *text, enum lattn_format format,
                                      const struct lattn_request *request)
{
    struct writer writer;

    writer_begin(&writer, text, format);
    call_open(&writer, request);
    writer_open(&writer, '{');
    params_write(&writer, request);
    writer_close(&writer, '}');
    writer_close(&writer, format == LATTN_FORMAT_MSGPACK ? ']' : '}');
    writer_newline(&writer);
    return writer_end(&writer);
}
