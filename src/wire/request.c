/*
 * Requests, {"id", "method", "params"}. The params are read last, whatever the order of the fields:
 * only then is it known whose they are.
 *
 * A frame is rewritten as the line that means the same, without the params that its method does not
 * have, and read as that.
 */
#include <lattn/frame.h>
#include <lattn/wire.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "wire/inputs.h"
#include "wire/line.h"
#include "wire/message_json.h"
#include "wire/names_json.h"
#include "wire/offer.h"
#include "wire/rpc.h"
#include "wire/scan.h"
#include "wire/writer.h"

#include <stdio.h>
#include <string.h>

/* Every field that params of any method have. */
enum param {
    PARAM_Z,
    PARAM_T,
    PARAM_INPUTS,
    PARAM_CANDIDATES,
    PARAM_N,
    PARAM_NORM_MAX,
    PARAM_HEADS,
    PARAM_WHAT,
    PARAM_EVERY,
    PARAM_APPEND,
    PARAM_OUTPUTS,
    PARAM_BLOCKS,
    PARAM_PRODUCER,
    PARAM_CONFIRM,
    PARAM_TOKEN,
    PARAM_IMAGE,
    PARAM_PART,
    PARAM_SHARD,
    PARAM_SHARDS,
    PARAM_EPOCH,
    PARAM_WORKER,
    PARAM_PAIRS,
    PARAM_LAG,
    PARAM_LOST,
    PARAM_ROLLED_BACK,
    PARAM_BYTES,
    PARAM_PARTS,
    PARAM_DATA,
    PARAMS_COUNT
};

static const char *const param_words[] = {
    "z",           "t",      "inputs",  "candidates", "n",        "norm_max", "heads", "what",
    "every",       "append", "outputs", "blocks",     "producer", "confirm",  "token", "image",
    "part",        "shard",  "shards",  "epoch",      "worker",   "pairs",    "lag",   "lost",
    "rolled_back", "bytes",  "parts",   "data",       NULL};

#define PARAM(name) (1u << PARAM_##name)

struct method {
    const char *word;
    uint32_t params;
};

static const struct method methods[] = {
    [LATTN_METHOD_PREDICT] = {"predict", PARAM(Z) | PARAM(T)},
    [LATTN_METHOD_STATUS] = {"status", 0},
    [LATTN_METHOD_MODEL] = {"model", PARAM(HEADS)},
    [LATTN_METHOD_SUBSCRIBE] = {"subscribe", PARAM(WHAT) | PARAM(EVERY)},
    [LATTN_METHOD_EMIT] = {"emit", 0},
    [LATTN_METHOD_CERTIFY] = {"certify", PARAM(INPUTS)},
    [LATTN_METHOD_SUGGEST] = {"suggest", PARAM(CANDIDATES) | PARAM(N) | PARAM(NORM_MAX)},
    [LATTN_METHOD_NAME] = {"name", PARAM(APPEND) | PARAM(OUTPUTS) | PARAM(BLOCKS)},
    [LATTN_METHOD_HELLO] = {"hello", PARAM(PRODUCER)},
    [LATTN_METHOD_RESET] = {"reset", PARAM(CONFIRM)},
    [LATTN_METHOD_AUTH] = {"auth", PARAM(TOKEN)},
    [LATTN_METHOD_CHECKPOINT] = {"checkpoint", PARAM(IMAGE) | PARAM(PART)},
    [LATTN_METHOD_OFFER] = {"offer", PARAM(SHARD) | PARAM(SHARDS) | PARAM(EPOCH) | PARAM(WORKER) |
                                         PARAM(PAIRS) | PARAM(LAG) | PARAM(LOST) |
                                         PARAM(ROLLED_BACK) | PARAM(BYTES) | PARAM(PART) |
                                         PARAM(PARTS) | PARAM(DATA)},
};

enum { METHODS_COUNT = sizeof methods / sizeof *methods };

static const char *const topics[] = {
    [LATTN_TOPIC_STATUS] = "status",     [LATTN_TOPIC_MODEL] = "model",
    [LATTN_TOPIC_SPECTRUM] = "spectrum", [LATTN_TOPIC_ALL] = "all",
    [LATTN_TOPIC_ALL + 1] = NULL,
};

/* 24 days: what a subscriber waits for at most. */
static const uint64_t every_ms_max = INT32_MAX;

const char *lattn_method_word(enum lattn_method method)
{
    return (size_t)method < METHODS_COUNT ? methods[method].word : "unknown";
}

const char *lattn_topic_word(enum lattn_topic topic)
{
    return topics[topic & LATTN_TOPIC_ALL];
}

struct request_reader {
    struct lattn_request request;
    const char *method; /* NULL until it was read */
    struct scan params; /* where they stand; at is NULL if there are none */
    int32_t has_part;
};

/* ---- params -------------------------------------------------------------------------------- */

static enum lattn_status param_read_input(struct scan *scan, enum param param,
                                          struct lattn_request *request)
{
    double *numbers;

    if (request->numbers != NULL)
        return complain(scan->complaint, LATTN_FIELD, "z and t come together");
    numbers = memory_raw(inputs_numbers_bound(scan), sizeof *numbers);
    if (numbers == NULL)
        return LATTN_NO_MEMORY;
    request->numbers = numbers;
    request->input.weight = 1;
    return param == PARAM_T ? line_read_ones(scan, numbers, &request->input)
                            : line_read_tokens(scan, numbers, &request->input);
}

static enum lattn_status param_read_heads(struct scan *scan, struct lattn_request *request)
{
    static const char *const words[] = {"svd", "fewest", NULL};
    static const char expected[] = "\"fewest\", \"svd\" or a whole number";
    uint64_t count;
    int32_t word;
    enum lattn_status status;

    request->has_heads = 1;
    if (!scan_is_digit(scan)) {
        status = scan_word(scan, "heads", words, expected, &word);
        if (status == LATTN_OK)
            request->heads = word == 0 ? LATTN_HEADS_SVD : LATTN_HEADS_FEWEST;
        return status;
    }
    status = scan_count_to(scan, "heads", INT32_MAX, &count);
    if (status != LATTN_OK)
        return status;
    request->heads = LATTN_HEADS_COUNT;
    request->heads_count = (int32_t)count;
    return LATTN_OK;
}

/* Milliseconds in a unit of TIME; 0 where there is no such unit. */
static uint64_t unit_ms(const char *unit)
{
    if (strcmp(unit, "ms") == 0)
        return 1;
    if (strcmp(unit, "s") == 0)
        return 1000;
    return strcmp(unit, "m") == 0 ? 60000 : 0;
}

/* "250ms", "5s", "2m". Returns 0 where the text is no such time. */
static int time_parse(const char *text, uint64_t *ret_ms)
{
    uint64_t ms = 0;
    const char *at = text;

    for (; *at >= '0' && *at <= '9'; at++)
        ms = ms > every_ms_max ? ms : ms * 10 + (uint64_t)(*at - '0');
    if (at == text || unit_ms(at) == 0)
        return 0;
    *ret_ms = ms * unit_ms(at);
    return 1;
}

static enum lattn_status param_read_every(struct scan *scan, uint64_t *ret_ms)
{
    struct scan before = *scan;
    struct scan_string string;
    char text[32];
    enum lattn_status status;

    if (scan_is_digit(scan))
        return scan_count_to(scan, "every", every_ms_max, ret_ms);
    if (scan_peek(scan) != '"')
        return scan_mismatch(scan, "every", "a time like \"250ms\", or milliseconds");
    status = scan_string(scan, "every", &string);
    if (status != LATTN_OK)
        return status;
    if (!scan_string_decode(&string, sizeof text, text) || !time_parse(text, ret_ms))
        return scan_mismatch(&before, "every", "a time like \"250ms\", \"5s\", \"2m\"");
    if (*ret_ms > every_ms_max)
        return complain(scan->complaint, LATTN_RANGE, "every is longer than %ju ms",
                        (uintmax_t)every_ms_max);
    return LATTN_OK;
}

/* true for a new image, or the id of one that is there. */
static enum lattn_status param_read_image(struct scan *scan, struct lattn_request *request)
{
    enum lattn_status status;

    if (!scan_is_digit(scan))
        return scan_flag(scan, "image", &request->makes_image);
    status = scan_count_to(scan, "image", UINT64_MAX, &request->image);
    if (status == LATTN_OK && request->image == 0)
        return complain(scan->complaint, LATTN_RANGE, "image is 0, images count from 1");
    return status;
}

struct names_reader {
    const char *name;
    char **names;
};

static enum lattn_status names_read_element(struct scan *scan, int64_t index, void *arg)
{
    struct names_reader *reader = arg;
    char name[32];

    snprintf(name, sizeof name, "%s[%jd]", reader->name, (intmax_t)index);
    return scan_name(scan, name, LATTN_NAME_MAX, reader->names[index]);
}

/* The pointers and behind them the names are one allocation. */
static enum lattn_status param_read_names(struct scan *scan, const char *name, int32_t max,
                                          char ***names, size_t *count)
{
    struct names_reader reader = {.name = name};
    char *text;
    enum lattn_status status = scan_count_within(scan, name, max, count);

    if (status != LATTN_OK)
        return status;
    reader.names = memory_zeroed(*count, sizeof *reader.names + LATTN_NAME_MAX);
    if (reader.names == NULL)
        return LATTN_NO_MEMORY;
    text = (char *)(reader.names + *count);
    for (size_t i = 0; i < *count; i++)
        reader.names[i] = text + i * LATTN_NAME_MAX;
    *names = reader.names;
    return scan_array(scan, name, names_read_element, &reader);
}

static enum lattn_status param_read_inputs(struct scan *scan, const char *name,
                                           struct lattn_request *request)
{
    enum lattn_status status = inputs_read(scan, name, &request->inputs, &request->inputs_count);

    if (status == LATTN_OK && request->inputs_count == 0)
        return complain(scan->complaint, LATTN_EMPTY, "%s has no input", name);
    return status;
}

/* No complaint shows what was sent in its place: it may be half of a secret. */
static enum lattn_status param_read_token(struct scan *scan, struct lattn_request *request)
{
    if (scan_peek(scan) != '"')
        return complain(scan->complaint, LATTN_FIELD, "token is no text");
    return scan_name(scan, "token", sizeof request->token, request->token);
}

static enum lattn_status blocks_read_element(struct scan *scan, int64_t index, void *arg)
{
    struct lattn_block *blocks = arg;

    return names_read_block(scan, &blocks[index]);
}

static enum lattn_status param_read_blocks(struct scan *scan, struct lattn_request *request)
{
    enum lattn_status status =
        scan_count_within(scan, "blocks", LATTN_BLOCKS_MAX, &request->blocks_count);

    if (status != LATTN_OK)
        return status;
    request->blocks = memory_zeroed(request->blocks_count, sizeof *request->blocks);
    if (request->blocks == NULL)
        return LATTN_NO_MEMORY;
    return scan_array(scan, "blocks", blocks_read_element, request->blocks);
}

static enum lattn_status param_read_what(struct scan *scan, enum lattn_topic *ret_what)
{
    int32_t index;
    enum lattn_status status =
        scan_word(scan, "what", topics, "\"status\", \"model\", \"spectrum\" or \"all\"", &index);

    if (status == LATTN_OK)
        *ret_what = (enum lattn_topic)index;
    return status;
}

static enum lattn_status param_read(struct scan *scan, int32_t field, void *arg)
{
    struct request_reader *reader = arg;
    struct lattn_request *request = &reader->request;

    if ((methods[request->method].params >> field & 1) == 0)
        return complain(scan->complaint, LATTN_FIELD, "unknown field \"%s\" in params of %s",
                        param_words[field], methods[request->method].word);
    switch ((enum param)field) {
    case PARAM_Z:
    case PARAM_T:
        return param_read_input(scan, (enum param)field, request);
    case PARAM_INPUTS:
    case PARAM_CANDIDATES:
        return param_read_inputs(scan, param_words[field], request);
    case PARAM_N:
        return scan_count_to(scan, "n", LATTN_INPUTS_MAX, &request->n);
    case PARAM_NORM_MAX:
        return scan_number(scan, "norm_max", &request->norm_max);
    case PARAM_HEADS:
        return param_read_heads(scan, request);
    case PARAM_WHAT:
        return param_read_what(scan, &request->what);
    case PARAM_EVERY:
        return param_read_every(scan, &request->every_ms);
    case PARAM_APPEND:
        return param_read_names(scan, "append", LATTN_DIM_MAX, &request->append,
                                &request->append_count);
    case PARAM_OUTPUTS:
        return param_read_names(scan, "outputs", LATTN_OUTPUTS_MAX, &request->outputs,
                                &request->outputs_count);
    case PARAM_BLOCKS:
        return param_read_blocks(scan, request);
    case PARAM_PRODUCER:
        return scan_name(scan, "producer", sizeof request->producer, request->producer);
    case PARAM_CONFIRM:
        return scan_flag(scan, "confirm", &request->confirm);
    case PARAM_TOKEN:
        return param_read_token(scan, request);
    case PARAM_IMAGE:
        return param_read_image(scan, request);
    case PARAM_PART:
        reader->has_part = 1;
        return scan_count_to(scan, "part", UINT64_MAX, &request->part);
    default:
        return offer_read_param(scan, param_words[field], &request->offer);
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

static enum lattn_status method_read(struct scan *scan, struct request_reader *reader)
{
    struct scan before = *scan;
    struct scan_string string;
    char excerpt[SCAN_EXCERPT_MAX];
    enum lattn_status status = scan_string(scan, "method", &string);

    if (status != LATTN_OK)
        return status;
    for (size_t i = 0; i < METHODS_COUNT; i++) {
        if (scan_string_is(&string, methods[i].word)) {
            reader->request.method = (enum lattn_method)i;
            reader->method = methods[i].word;
            return LATTN_OK;
        }
    }
    scan_excerpt(&before, excerpt);
    return complain(scan->complaint, LATTN_METHOD, "unknown method %s", excerpt);
}

enum request_field { REQUEST_ID, REQUEST_METHOD, REQUEST_PARAMS };

static const char *const request_words[] = {"id", "method", "params", NULL};

static enum lattn_status request_read_field(struct scan *scan, int32_t field, void *arg)
{
    struct request_reader *reader = arg;
    char id[LATTN_ID_MAX];

    switch ((enum request_field)field) {
    case REQUEST_ID:
        return line_read_id(scan, id);
    case REQUEST_METHOD:
        return method_read(scan, reader);
    case REQUEST_PARAMS:
        reader->params = *scan;
        return scan_skip(scan);
    }
    return LATTN_FIELD;
}

/* What a method cannot do without, and what does not go together. */
static enum lattn_status params_check(const struct request_reader *reader,
                                      struct lattn_complaint *complaint)
{
    const struct lattn_request *request = &reader->request;

    if (request->method == LATTN_METHOD_PREDICT && request->input.z == NULL)
        return complain(complaint, LATTN_FIELD, "z is missing in params of predict");
    if (request->method == LATTN_METHOD_CERTIFY && request->inputs == NULL)
        return complain(complaint, LATTN_FIELD, "inputs is missing in params of certify");
    if (request->method == LATTN_METHOD_OFFER)
        return offer_check(&request->offer, request->part, complaint);
    if (reader->has_part != (request->image > 0))
        return complain(complaint, LATTN_FIELD,
                        "the id of an image and part come together in params of checkpoint");
    if (request->method != LATTN_METHOD_SUGGEST)
        return LATTN_OK;
    if (request->inputs == NULL && request->n == 0)
        return complain(complaint, LATTN_FIELD, "candidates or n is missing in params of suggest");
    if (request->inputs != NULL && request->norm_max != 0)
        return complain(complaint, LATTN_FIELD, "norm_max does not go with candidates");
    return LATTN_OK;
}

static enum lattn_status request_read(struct request_reader *reader, const char *text,
                                      size_t length, struct lattn_complaint *complaint)
{
    struct scan scan;
    enum lattn_status status = scan_begin(&scan, text, length, complaint);

    if (status == LATTN_OK)
        status = scan_object(&scan, "the line", request_words, SCAN_STRANGERS_REFUSED,
                             request_read_field, reader);
    if (status == LATTN_OK)
        status = scan_finish(&scan);
    if (status != LATTN_OK)
        return status;
    if (reader->method == NULL)
        return complain(complaint, LATTN_FIELD, "method is missing");
    if (reader->params.at != NULL)
        status = scan_object(&reader->params, "params", param_words, SCAN_STRANGERS_REFUSED,
                             param_read, reader);
    return status == LATTN_OK ? params_check(reader, complaint) : status;
}

/* ---- lines and frames ---------------------------------------------------------------------- */

static enum lattn_status length_check(size_t length, struct lattn_complaint *complaint)
{
    if (length <= LATTN_REQUEST_BYTES_MAX)
        return LATTN_OK;
    return complain(complaint, LATTN_TOO_BIG, "the request has %zu bytes, at most %d are accepted",
                    length, LATTN_REQUEST_BYTES_MAX);
}

/* Read the line into a request that is not yet told its id. */
static enum lattn_status text_read(const char *text, size_t length,
                                   struct lattn_request *ret_request,
                                   struct lattn_complaint *complaint)
{
    struct request_reader reader = {0};
    enum lattn_status status = request_read(&reader, text, length, complaint);

    if (status != LATTN_OK)
        lattn_request_done(&reader.request);
    *ret_request = reader.request;
    return status;
}

static enum lattn_status line_read(const char *text, size_t length,
                                   struct lattn_request *ret_request,
                                   struct lattn_complaint *complaint)
{
    struct lattn_message line;
    enum lattn_status status = length_check(length, complaint);

    *ret_request = (struct lattn_request){0};
    if (status == LATTN_OK)
        status = text_read(text, length, ret_request, complaint);
    line_find_id(text, length, &line);
    memcpy(ret_request->id, line.id, sizeof line.id);
    return status;
}

/* What of a frame's params goes into the line. */
struct params_writer {
    struct writer *writer;
    const char *words[PARAMS_COUNT + 1];
    enum message_json_bytes bytes;
    struct lattn_complaint *complaint;
};

static enum lattn_status param_rewrite(struct message *message, int32_t field, void *arg)
{
    struct params_writer *params = arg;

    writer_key(params->writer, params->words[field]);
    return message_to_json(message, params->words[field], params->bytes, params->writer,
                           params->complaint);
}

/* Unknown params of a frame are passed over: so only those of its method are known here. */
static enum lattn_status params_rewrite(const struct rpc *rpc, const struct method *method,
                                        struct writer *writer, struct lattn_complaint *complaint)
{
    struct params_writer params = {
        .writer = writer,
        .bytes = method->params & PARAM(DATA) ? MESSAGE_JSON_BASE64 : MESSAGE_JSON_REFUSED,
        .complaint = complaint,
    };
    struct message map;
    int32_t count = 0;
    enum lattn_status status = rpc_params(rpc, &map, complaint);

    if (status != LATTN_OK || map.at == NULL)
        return status;
    for (int32_t i = 0; i < PARAMS_COUNT; i++)
        if ((method->params >> i & 1) != 0)
            params.words[count++] = param_words[i];
    writer_key(writer, "params");
    writer_open(writer, '{');
    status = message_map(&map, "params", params.words, param_rewrite, &params, complaint);
    writer_close(writer, '}');
    return status;
}

/* NULL where there is none: reading the line then says so. */
static const struct method *method_find(const struct rpc *rpc)
{
    for (size_t i = 0; i < METHODS_COUNT; i++)
        if (message_is(&rpc->method, methods[i].word))
            return &methods[i];
    return NULL;
}

static enum lattn_status frame_rewrite(const struct rpc *rpc, struct lattn_text *ret_line,
                                       struct lattn_complaint *complaint)
{
    const struct method *method = method_find(rpc);
    struct writer writer;
    enum lattn_status status = LATTN_OK;

    if (rpc->type == RPC_RESPONSE)
        return complain(complaint, LATTN_FIELD, "the message is a response, nothing was asked");
    writer_begin(&writer, ret_line, LATTN_FORMAT_JSON);
    writer_open(&writer, '{');
    if (rpc->id[0] != '\0') {
        writer_key(&writer, "id");
        writer_id(&writer, rpc->id);
    }
    writer_key(&writer, "method");
    writer_text(&writer, rpc->method.bytes, rpc->method.length);
    if (method != NULL)
        status = params_rewrite(rpc, method, &writer, complaint);
    writer_close(&writer, '}');
    return status != LATTN_OK ? status : writer_end(&writer);
}

static enum lattn_status frame_read(const char *bytes, size_t length,
                                    struct lattn_request *ret_request,
                                    struct lattn_complaint *complaint)
{
    struct lattn_text line;
    struct rpc rpc;
    enum lattn_status status = length_check(length, complaint);

    lattn_text_init(&line);
    *ret_request = (struct lattn_request){0};
    if (status == LATTN_OK)
        status = rpc_read(bytes, length, &rpc, complaint);
    if (status == LATTN_OK)
        status = frame_rewrite(&rpc, &line, complaint);
    if (status == LATTN_OK)
        status = text_read(line.data, line.length, ret_request, complaint);
    /* None is none: a notification has no id, and of what is no request nobody can say it. */
    (void)lattn_frame_id(bytes, length, ret_request->id);
    lattn_text_done(&line);
    return status;
}

enum lattn_status lattn_request_read(const char *text, size_t length, enum lattn_format format,
                                     struct lattn_request *ret_request,
                                     struct lattn_complaint *complaint)
{
    return format == LATTN_FORMAT_MSGPACK ? frame_read(text, length, ret_request, complaint)
                                          : line_read(text, length, ret_request, complaint);
}

void lattn_request_done(struct lattn_request *request)
{
    if (request == NULL)
        return;
    memory_release(request->numbers);
    memory_release(request->inputs);
    memory_release(request->append);
    memory_release(request->outputs);
    memory_release(request->blocks);
    offer_done(&request->offer);
    explicit_bzero(request->token, sizeof request->token);
    *request = (struct lattn_request){0};
}
