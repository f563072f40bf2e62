#include "serve/footprint.h"

#include <lattn/limits.h>
#include <lattn/model.h>

#include "base/complaint.h"
#include "core/cost.h"
#include "monitor/http.h"
#include "monitor/ring.h"
#include "serve/bounds.h"
#include "serve/tls.h"
#include "source/tap.h"
#include "store/arrivals.h"

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
    /* A connection to NATS: two threads of it and of ours, its buffers, the batches under way. */
    SOURCE_BYTES = 512 << 10,
    /* What a state knows of a publisher. */
    PUBLISHER_BYTES = 400,
    /* A request is written as text, which grows by copying, and read from that. */
    REQUEST_GROWTH = 20,
    /* A number as text, with what stands beside it. */
    NUMBER_TEXT_BYTES = 26,
    /* An event: a status of many outputs, a spectrum of 1000 values. */
    EVENT_BYTES_MAX = 64 << 10,
    /* The newest emission, the one before and the one to come: in both formats, and as a file. And
     * the model at hand. */
    BULLETIN_TEXTS = 8
};

static size_t greater(size_t a, size_t b)
{
    return a > b ? a : b;
}

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

/*
 * Messages are fetched together, or one by one where they are longer; read, they have twice as much
 * room where it grew, and numbers as everywhere.
 */
static size_t sources_bytes(const struct config *config)
{
    size_t batch = greater(2 * (size_t)QUEUE_BYTES_SHARE, config->frame_bytes_max);
    size_t publishers = (size_t)ARRIVALS_PUBLISHERS_MAX * PUBLISHER_BYTES;

    if (config->sources_count == 0)
        return 0;
    return config->sources_count * (batch + TAP_AWAY_MAX * NUMBER_GROWTH * batch + SOURCE_BYTES) +
           STATES * publishers;
}

size_t footprint_image(int32_t d, int32_t m, enum lattn_engine engine)
{
    size_t q = (size_t)d * ((size_t)d + 1) / 2;
    size_t p = q * (size_t)d;
    /* M with its coordinates, or the upper half of R. */
    size_t form = engine == LATTN_ENGINE_GRAM ? q * (q + 1) / 2 * q + 2 * (size_t)d * (size_t)d
                                              : p * (p + 1) / 2;

    /* C and the weights at hand. */
    return sizeof(double) * (form + 2 * p * (size_t)m);
}

/* Each may hold a quarter more for features that came one by one, but no more than it was allowed.
 */
static size_t states_bytes(const struct config *config, const struct cost *cost)
{
    size_t state = cost->most_bytes + cost->most_bytes / 4;
    size_t limit = cost->learner_bytes + config->learner.memory_max;

    return STATES * (config->learner.memory_max > 0 && limit < state ? limit : state);
}

/* R is derived, or shown as it has faded, and its rank is found. */
static size_t judgings_bytes(const struct config *config, const struct cost *cost)
{
    int has_shown = config->learner.engine == LATTN_ENGINE_GRAM || config->learner.forget < 1;

    return JUDGINGS * (cost->judging_bytes + (has_shown ? cost->shown_bytes : 0));
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
    struct cost cost = cost_of(d, m, config->learner.engine);
    size_t model = model_bytes(d, m);
    struct footprint footprint = {
        .process = PROCESS_BYTES,
        .state = states_bytes(config, &cost),
        .judging = judgings_bytes(config, &cost),
        .image = greater(footprint_image(d, m, LATTN_ENGINE_RLS),
                         footprint_image(d, m, config->learner.engine)),
        .block = block_bytes(config),
        .queue = QUEUE_BYTES_HIGH + NUMBER_GROWTH * config->frame_bytes_max,
        .answers = ANSWER_GROWTH * (size_t)QUEUE_BYTES_HIGH +
                   (REQUESTS_QUEUED_HIGH + BULLETIN_TEXTS) * model,
        .request = REQUEST_GROWTH * request_bytes_max(config) +
                   (size_t)LATTN_INPUTS_MAX * (size_t)cost.features * sizeof(double),
        .input = config_input_max(config),
        .output = config->output_bytes_max + model,
        .clients = config->clients_max * client_bytes(config),
        .sources = sources_bytes(config),
        .web = web_bytes(config, model),
    };
    size_t rest = footprint.process + footprint.judging + footprint.image + footprint.block +
                  footprint.queue + footprint.answers + footprint.request + footprint.input +
                  footprint.output + footprint.clients + footprint.sources + footprint.web;

    footprint.total = footprint.state + rest + rest / 8;
    return footprint;
}

/* ---- the limit ------------------------------------------------------------------------------- */

enum { SIZE_TEXT_BYTES = 32 };

/* In the unit in which it reads best, as options have them: "1.5G". */
static const char *size_text(size_t bytes, char text[SIZE_TEXT_BYTES])
{
    static const char units[] = "KMGTP";
    double value = (double)bytes / 1024;
    size_t unit = 0;

    while (value >= 1024 && units[unit + 1] != '\0') {
        value /= 1024;
        unit++;
    }
    snprintf(text, SIZE_TEXT_BYTES, "%.3g%c", value, units[unit]);
    return text;
}

static size_t need_of(const struct config *config, int32_t dim, enum lattn_engine engine)
{
    int32_t m = config->learner.outputs == 0 ? 1 : config->learner.outputs;

    return cost_of(dim + config->learner.bias, m, engine).limited_bytes;
}

/* The largest dim up to that of the options that fits, or 0. */
static int32_t dim_largest(const struct config *config, enum lattn_engine engine)
{
    int32_t dim = config->learner.dim;

    while (dim > 0 && need_of(config, dim, engine) > config->learner.memory_max)
        dim--;
    return dim;
}

/* ", 32 by --engine gram", where that can do with less. */
static const char *other_text(const struct config *config, int32_t largest,
                              char text[SIZE_TEXT_BYTES])
{
    enum lattn_engine other =
        config->learner.engine == LATTN_ENGINE_GRAM ? LATTN_ENGINE_RLS : LATTN_ENGINE_GRAM;
    int32_t dim = dim_largest(config, other);

    text[0] = '\0';
    if (dim > largest)
        snprintf(text, SIZE_TEXT_BYTES, ", %d by --engine %s", dim, lattn_engine_text(other));
    return text;
}

enum lattn_status footprint_check(const struct config *config, struct lattn_complaint *complaint)
{
    const struct lattn_learner_settings *learner = &config->learner;
    char need[SIZE_TEXT_BYTES], limit[SIZE_TEXT_BYTES], other[SIZE_TEXT_BYTES];
    int32_t largest;

    if (learner->dim == 0 || learner->memory_max == 0)
        return LATTN_OK;
    largest = dim_largest(config, learner->engine);
    if (largest == learner->dim)
        return LATTN_OK;
    return complain(complaint, LATTN_MEMORY_LIMIT,
                    "--max-memory %s: --dim %d takes %s (%s); the largest dim that fits is "
                    "%d%s; where tokens are symbols, leave --dim out: only what occurs counts",
                    size_text(learner->memory_max, limit), learner->dim,
                    size_text(need_of(config, learner->dim, learner->engine), need),
                    cost_formula(learner->dim + learner->bias, learner->engine), largest,
                    other_text(config, largest, other));
}
