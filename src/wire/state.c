/*
 * The answer to "status": what the learner and the service around it say about themselves.
 */
#include <lattn/wire.h>

#include "base/complaint.h"
#include "base/memory.h"
#include "wire/member.h"
#include "wire/reply.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What status says, in a form that a table can name. */
struct state {
    struct lattn_report report;
    struct lattn_service service;
    struct member_row noise_std;
    struct member_row r2;
    struct member_maybe heads_generation;
    uint64_t memory_bytes;
    char headline[LATTN_SENTENCE_MAX];
};

#define OF_STATE(field) offsetof(struct state, field)
#define OF_REPORT(field) offsetof(struct state, report.field)
#define OF_STREAM(field) offsetof(struct state, report.stream.field)
#define OF_SERVICE(field) offsetof(struct state, service.field)
#define OF_KEPT(field) offsetof(struct state, service.kept.field)
#define OF_PUSHED(field) offsetof(struct state, service.pushed.field)
#define OF_CERTIFICATE(field) offsetof(struct state, report.certificate.field)

static const struct member stream_members[] = {
    {.word = "checked", .kind = MEMBER_COUNT, .offset = OF_STREAM(checked)},
    {.word = "undetermined", .kind = MEMBER_COUNT, .offset = OF_STREAM(undetermined)},
    {.word = "bound95", .kind = MEMBER_NUMBER, .offset = OF_STREAM(bound95)},
    {.word = NULL},
};

static const struct member loss_members[] = {
    {.word = "train", .kind = MEMBER_NUMBER, .offset = OF_REPORT(loss_train)},
    {.word = "progressive", .kind = MEMBER_NUMBER, .offset = OF_REPORT(loss_progressive)},
    {.word = "recent", .kind = MEMBER_NUMBER, .offset = OF_REPORT(loss_recent)},
    {.word = NULL},
};

static const struct member kept_members[] = {
    {.word = "position", .kind = MEMBER_COUNT, .offset = OF_KEPT(position)},
    {.word = "checkpoint_pairs",
     .kind = MEMBER_INT64,
     .offset = OF_KEPT(checkpoint_pairs),
     .none = LATTN_NEVER},
    {.word = "checkpoint_age_s",
     .kind = MEMBER_INT64,
     .offset = OF_KEPT(checkpoint_age_s),
     .none = LATTN_NEVER},
    {.word = "journal_bytes", .kind = MEMBER_COUNT, .offset = OF_KEPT(journal_bytes)},
    {.word = "error",
     .kind = MEMBER_REMARK,
     .offset = OF_KEPT(error),
     .size = sizeof((struct lattn_kept *)NULL)->error},
    {.word = NULL},
};

#define OF_SOURCE(field) offsetof(struct state, service.source.field)
#define OF_SOURCE_STREAM(field) offsetof(struct lattn_source_stream, field)

static_assert(offsetof(struct lattn_source, streams) ==
                  offsetof(struct lattn_source, streams_count) + sizeof(uint64_t),
              "a list stands behind its count");

static const struct member source_stream_members[] = {
    {.word = "name",
     .kind = MEMBER_TEXT,
     .offset = OF_SOURCE_STREAM(name),
     .size = sizeof((struct lattn_source_stream *)NULL)->name},
    {.word = "sequence", .kind = MEMBER_COUNT, .offset = OF_SOURCE_STREAM(sequence)},
    {.word = "pending", .kind = MEMBER_COUNT, .offset = OF_SOURCE_STREAM(pending)},
    {.word = "redelivered", .kind = MEMBER_COUNT, .offset = OF_SOURCE_STREAM(redelivered)},
    {.word = "duplicates", .kind = MEMBER_COUNT, .offset = OF_SOURCE_STREAM(duplicates)},
    {.word = "lost", .kind = MEMBER_COUNT, .offset = OF_SOURCE_STREAM(lost)},
    {.word = "rolled_back", .kind = MEMBER_COUNT, .offset = OF_SOURCE_STREAM(rolled_back)},
    {.word = NULL},
};

static const struct member source_members[] = {
    {.word = "url",
     .kind = MEMBER_TEXT,
     .offset = OF_SOURCE(url),
     .size = sizeof((struct lattn_source *)NULL)->url},
    {.word = "shard", .kind = MEMBER_INT32, .offset = OF_SOURCE(shard), .none = LATTN_NEVER},
    {.word = "shards", .kind = MEMBER_INT32, .offset = OF_SOURCE(shards)},
    {.word = "epoch", .kind = MEMBER_COUNT, .offset = OF_SOURCE(epoch)},
    {.word = "worker",
     .kind = MEMBER_TEXT,
     .offset = OF_SOURCE(worker),
     .size = sizeof((struct lattn_source *)NULL)->worker},
    {.word = "connected", .kind = MEMBER_FLAG, .offset = OF_SOURCE(connected)},
    {.word = "error",
     .kind = MEMBER_REMARK,
     .offset = OF_SOURCE(error),
     .size = sizeof((struct lattn_source *)NULL)->error},
    {.word = "streams",
     .kind = MEMBER_LIST,
     .offset = OF_SOURCE(streams_count),
     .none = LATTN_SOURCE_STREAMS_MAX,
     .size = sizeof(struct lattn_source_stream),
     .inner = source_stream_members},
    {.word = NULL},
};

static const struct member pushed_members[] = {
    {.word = "address",
     .kind = MEMBER_REMARK,
     .offset = OF_PUSHED(address),
     .size = sizeof((struct lattn_pushed *)NULL)->address},
    {.word = "connected", .kind = MEMBER_FLAG, .offset = OF_PUSHED(connected)},
    {.word = "error",
     .kind = MEMBER_REMARK,
     .offset = OF_PUSHED(error),
     .size = sizeof((struct lattn_pushed *)NULL)->error},
    {.word = "pushed_age_s",
     .kind = MEMBER_INT64,
     .offset = OF_PUSHED(pushed_age_s),
     .none = LATTN_NEVER},
    {.word = "pairs", .kind = MEMBER_INT64, .offset = OF_PUSHED(pairs), .none = LATTN_NEVER},
    {.word = NULL},
};

static const struct member state_members[] = {
    {.word = "version", .kind = MEMBER_VERSION},
    {.word = "d", .kind = MEMBER_INT32, .offset = OF_REPORT(d)},
    {.word = "m", .kind = MEMBER_INT32, .offset = OF_REPORT(m)},
    {.word = "p", .kind = MEMBER_INT64, .offset = OF_CERTIFICATE(p)},
    {.word = "pairs", .kind = MEMBER_COUNT, .offset = OF_REPORT(pairs)},
    {.word = "accepted", .kind = MEMBER_COUNT, .offset = OF_SERVICE(accepted)},
    {.word = "rejected", .kind = MEMBER_COUNT, .offset = OF_SERVICE(rejected)},
    {.word = "duplicates", .kind = MEMBER_COUNT, .offset = OF_SERVICE(duplicates)},
    {.word = "features_seen",
     .kind = MEMBER_INT64,
     .offset = OF_CERTIFICATE(features_seen),
     .none = LATTN_NEVER},
    {.word = "components",
     .kind = MEMBER_INT64,
     .offset = OF_CERTIFICATE(components),
     .none = LATTN_NEVER},
    {.word = "rank", .kind = MEMBER_INT64, .offset = OF_CERTIFICATE(rank), .none = LATTN_NEVER},
    {.word = "verdict", .kind = MEMBER_VERDICT, .offset = OF_CERTIFICATE(verdict)},
    {.word = "identifying_since",
     .kind = MEMBER_INT64,
     .offset = OF_CERTIFICATE(identifying_since),
     .none = LATTN_NEVER},
    {.word = "lost_at",
     .kind = MEMBER_INT64,
     .offset = OF_CERTIFICATE(lost_at),
     .none = LATTN_NEVER},
    {.word = "lambda_min", .kind = MEMBER_NUMBER, .offset = OF_CERTIFICATE(lambda_min)},
    {.word = "lambda_max", .kind = MEMBER_NUMBER, .offset = OF_CERTIFICATE(lambda_max)},
    {.word = "rho", .kind = MEMBER_NUMBER, .offset = OF_CERTIFICATE(rho)},
    {.word = "rho_seen", .kind = MEMBER_NUMBER, .offset = OF_CERTIFICATE(rho_seen)},
    {.word = "threshold", .kind = MEMBER_NUMBER, .offset = OF_CERTIFICATE(threshold)},
    {.word = "stream", .kind = MEMBER_OBJECT, .inner = stream_members},
    {.word = "loss", .kind = MEMBER_OBJECT, .inner = loss_members},
    {.word = "noise_std", .kind = MEMBER_ROW, .offset = OF_STATE(noise_std)},
    {.word = "r2", .kind = MEMBER_ROW, .offset = OF_STATE(r2)},
    {.word = "heads", .kind = MEMBER_INT32, .offset = OF_SERVICE(heads), .none = LATTN_NEVER},
    {.word = "heads_generation", .kind = MEMBER_MAYBE, .offset = OF_STATE(heads_generation)},
    {.word = "heads_certified_minimal",
     .kind = MEMBER_CERTIFIED,
     .offset = OF_SERVICE(heads_certified)},
    {.word = "heads_decomposition",
     .kind = MEMBER_DECOMPOSITION,
     .offset = OF_SERVICE(heads_decomposition)},
    {.word = "generation", .kind = MEMBER_COUNT, .offset = OF_REPORT(generation)},
    {.word = "engine", .kind = MEMBER_ENGINE, .offset = OF_REPORT(engine)},
    {.word = "threads", .kind = MEMBER_INT32, .offset = OF_SERVICE(threads)},
    {.word = "pairs_per_s", .kind = MEMBER_NUMBER, .offset = OF_SERVICE(pairs_per_s)},
    {.word = "queue_bytes", .kind = MEMBER_COUNT, .offset = OF_SERVICE(queue_bytes)},
    {.word = "memory_bytes", .kind = MEMBER_COUNT, .offset = OF_STATE(memory_bytes)},
    {.word = "uptime_s", .kind = MEMBER_COUNT, .offset = OF_SERVICE(uptime_s)},
    {.word = "bias", .kind = MEMBER_FLAG, .offset = OF_REPORT(bias)},
    {.word = "pairs_effective", .kind = MEMBER_NUMBER, .offset = OF_REPORT(pairs_effective)},
    {.word = "state",
     .kind = MEMBER_OBJECT_MAYBE,
     .offset = OF_KEPT(is_kept),
     .inner = kept_members},
    {.word = "source",
     .kind = MEMBER_OBJECT_MAYBE,
     .offset = OF_SOURCE(is_given),
     .inner = source_members},
    {.word = "unkept", .kind = MEMBER_COUNT, .offset = OF_SERVICE(unkept)},
    {.word = "denied", .kind = MEMBER_COUNT, .offset = OF_SERVICE(denied)},
    {.word = "pairs_to_go", .kind = MEMBER_NUMBER, .offset = OF_SERVICE(pairs_to_go)},
    {.word = "push",
     .kind = MEMBER_OBJECT_MAYBE,
     .offset = OF_PUSHED(is_pushed),
     .inner = pushed_members},
    {.word = "aggregate", .kind = MEMBER_AGGREGATE, .offset = OF_SERVICE(aggregate)},
    {.word = "headline",
     .kind = MEMBER_REMARK,
     .offset = OF_STATE(headline),
     .size = LATTN_SENTENCE_MAX},
    {.word = NULL},
};

/* The verdict, behind what is wrong with the data it stands on; of part of it there is none. */
static void headline_write(const struct lattn_report *report, const struct lattn_service *service,
                           char ret_headline[LATTN_SENTENCE_MAX])
{
    char verdict[LATTN_SENTENCE_MAX];
    char *at = ret_headline;

    ret_headline[0] = '\0';
    if (service->aggregate != NULL)
        lattn_aggregate_sentence(service->aggregate, ret_headline);
    at += strlen(ret_headline);
    if (service->aggregate != NULL && !service->aggregate->complete && at > ret_headline)
        return;
    if (at > ret_headline && at - ret_headline < LATTN_SENTENCE_MAX - 2)
        at = stpcpy(at, "; ");
    lattn_verdict_sentence(&report->certificate, service->pairs_to_go, verdict);
    (void)snprintf(at, (size_t)(ret_headline + LATTN_SENTENCE_MAX - at), "%.*s",
                   (int)(ret_headline + LATTN_SENTENCE_MAX - at - 1), verdict);
}

enum lattn_status lattn_write_status(struct lattn_text *text, enum lattn_format format,
                                     const struct lattn_report *report,
                                     const struct lattn_service *service)
{
    struct state state = {
        .report = *report,
        .service = *service,
        .noise_std = {report->noise_std, report->m},
        .r2 = {report->r2, report->m},
        .heads_generation = {service->heads_generation, service->heads != LATTN_NEVER},
        .memory_bytes = report->memory_bytes};

    if (!(report->weight > 0)) {
        struct lattn_certificate *certificate = &state.report.certificate;

        certificate->lambda_min = certificate->lambda_max = NAN;
        certificate->rho = certificate->rho_seen = NAN;
    }
    headline_write(report, service, state.headline);
    return reply_write_members(text, format, state_members, &state);
}

enum lattn_status lattn_reply_status(const struct lattn_reply *reply,
                                     struct lattn_state_of_service *ret_state)
{
    struct state state = {0};
    struct scan scan;
    enum lattn_status status = reply_part(reply, "status", &scan);

    if (status != LATTN_OK)
        return status;
    status = member_read(&scan, "status", state_members, &state);
    if (status != LATTN_OK)
        return status == LATTN_NO_MEMORY ? status : LATTN_FIELD;
    if (!member_row_fits(&state.noise_std, state.report.m) ||
        !member_row_fits(&state.r2, state.report.m)) {
        member_done(state_members, &state);
        return LATTN_FIELD;
    }
    state.report.noise_std = state.noise_std.numbers;
    state.report.r2 = state.r2.numbers;
    state.report.memory_bytes = state.memory_bytes;
    state.report.weight = NAN;
    state.report.certificate.pairs = state.report.pairs;
    state.report.certificate.generation = state.report.generation;
    state.report.certificate.tau = NAN;
    state.service.heads_generation = state.heads_generation.count;
    ret_state->report = state.report;
    ret_state->service = state.service;
    memcpy(ret_state->headline, state.headline, sizeof state.headline);
    return LATTN_OK;
}
