#include "serve/footprint.h"

#include <lattn/limits.h>
#include <lattn/model.h>

#include "core/cost.h"
#include "monitor/http.h"
#include "monitor/ring.h"
#include "serve/bounds.h"
#include "serve/tls.h"

enum {
    /* Idle it takes 12 MiB, 65536 producers 8, and the heap keeps 8 for the next messages. */
    PROCESS_BYTES = 40 << 20,
    STATES = 3,
    JUDGINGS = 2,
    /* A message may be numbers of one byte each, which are 8 when they are read. */
    NUMBER_GROWTH = 8,
    /* The least that a member of a batch takes in a message: one number for z, one for y. */
    MEMBER_BYTES_MIN = 4,
    /* What its record takes beside its numbers. */
    MEMBER_RECORD_BYTES = 48,
    /* What is answered takes up to four times the entry it answers, and twice that while it grows.
     */
    ANSWER_GROWTH = 8,
    /* A request is written as text, which grows by copying, and read from that. */
    REQUEST_GROWTH = 20,
    /* A number as text, with what stands beside it. */
    NUMBER_TEXT_BYTES = 26,
    /* An event: a status of many outputs, a spectrum of 1000 values. */
    EVENT_BYTES_MAX = 64 << 10,
    /* The newest emission, the one before and the one to come: in both formats, and as a file. */
    BULLETIN_TEXTS = 8
};

/* The longest answer: a model of as many heads as there can be. */
static size_t model_bytes(int32_t d, int32_t m)
{
    size_t numbers =
        (size_t)lattn_heads_max(d, m) * ((size_t)d * (size_t)m + (size_t)d * (size_t)d);

    return numbers * NUMBER_TEXT_BYTES + (64 << 10);
}

static size_t request_bytes_max(const struct config *config)
{
    return config->frame_bytes_max < LATTN_REQUEST_BYTES_MAX ? config->frame_bytes_max
                                                             : LATTN_REQUEST_BYTES_MAX;
}

/* What every client may take, beside what all share. */
static size_t client_bytes(const struct config *config)
{
    size_t tls = config->access.tls_cert != NULL ? TLS_SESSION_BYTES : 0;

    return INPUT_BYTES_OWN + CLIENT_BYTES + tls;
}

/*
 * A stream that is slow holds an event that has left the ring. An emission has its model in both
 * formats and as a file, together less than two as text.
 */
static size_t web_bytes(const struct config *config, size_t model)
{
    size_t tls = config->access.tls_cert != NULL ? TLS_SESSION_BYTES : 0;
    size_t connection = HTTP_CONNECTION_BYTES + HTTP_GUEST_BYTES + tls;

    if (!config_has_http(config))
        return 0;
    return HTTP_CONNECTIONS_MAX * connection + RING_BYTES_MAX +
           HTTP_STREAMS_MAX * (size_t)EVENT_BYTES_MAX + 2 * HTTP_EDITIONS_MAX * model;
}

size_t footprint_image(int64_t features, int32_t m)
{
    size_t p = (size_t)features;

    /* The upper half of R; C and the weights at hand. */
    return sizeof(double) * (p * (p + 1) / 2 + 2 * p * (size_t)m);
}

static size_t block_bytes(const struct config *config)
{
    size_t members = config->frame_bytes_max / MEMBER_BYTES_MIN;
    size_t bytes = members * sizeof(struct lattn_item);

    if (config->state_dir != NULL)
        bytes += members * MEMBER_RECORD_BYTES + NUMBER_GROWTH * config->frame_bytes_max;
    return bytes;
}

struct footprint footprint_of(const struct config *config, int32_t m)
{
    int32_t d = config->learner.dim + config->learner.bias;
    struct cost cost = cost_of(d, m);
    size_t model = model_bytes(d, m);
    struct footprint footprint = {
        .process = PROCESS_BYTES,
        .state = STATES * (cost.state_bytes + cost.state_bytes / 4),
        .judging = JUDGINGS * cost.judging_bytes,
        .image = footprint_image(cost.features, m),
        .block = block_bytes(config),
        .queue = QUEUE_BYTES_HIGH + NUMBER_GROWTH * config->frame_bytes_max,
        .answers = ANSWER_GROWTH * (size_t)QUEUE_BYTES_HIGH +
                   (REQUESTS_QUEUED_HIGH + BULLETIN_TEXTS) * model,
        .request = REQUEST_GROWTH * request_bytes_max(config) +
                   (size_t)LATTN_INPUTS_MAX * (size_t)cost.features * sizeof(double),
        .input = config_input_max(config),
        .output = config->output_bytes_max + model,
        .clients = config->clients_max * client_bytes(config),
        .web = web_bytes(config, model),
    };
    size_t rest = footprint.process + footprint.judging + footprint.image + footprint.block +
                  footprint.queue + footprint.answers + footprint.request + footprint.input +
                  footprint.output + footprint.clients + footprint.web;

    footprint.total = footprint.state + rest + rest / 8;
    return footprint;
}
