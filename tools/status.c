/*
 * status: what a daemon knows, verdict first.
 */
#include "client.h"
#include "options.h"
#include "shard_table.h"
#include "verbs.h"

#include <math.h>
#include <stdio.h>

static void line_text(const char *name, const char *value)
{
    printf("  %-18s%s\n", name, value);
}

static void line_count(const char *name, uint64_t value)
{
    printf("  %-18s%llu\n", name, (unsigned long long)value);
}

/* NaN: there is nothing to say about it yet. */
static void line_real(const char *name, double value)
{
    if (isnan(value))
        line_text(name, "-");
    else
        printf("  %-18s%.6g\n", name, value);
}

static void line_reals(const char *name, const double *values, int32_t count)
{
    enum { SHOWN_MAX = 8 };

    if (values == NULL || count == 0) {
        line_text(name, "-");
        return;
    }
    printf("  %-18s", name);
    for (int32_t i = 0; i < count && i < SHOWN_MAX; i++) {
        if (isnan(values[i]))
            printf("%s-", i > 0 ? " " : "");
        else
            printf("%s%.6g", i > 0 ? " " : "", values[i]);
    }
    printf("%s\n", count > SHOWN_MAX ? " ..." : "");
}

static void verdict_print(const struct lattn_state_of_service *state)
{
    const struct lattn_certificate *certificate = &state->report.certificate;
    char sentence[LATTN_SENTENCE_MAX];

    lattn_verdict_sentence(certificate, state->service.pairs_to_go, sentence);
    printf("%s%s\n", state->headline[0] != '\0' ? state->headline : sentence,
           certificate->verdict == LATTN_IDENTIFYING && certificate->pairs > 0
               ? ": every model that fits computes the same function"
               : "");
}

/*
 * The verdict on the stream, which logs of symbols look at; beside the plain one. Where every input
 * is determined there is nothing to add.
 */
static void stream_print(const struct lattn_report *report)
{
    const struct lattn_stream *stream = &report->stream;

    if (stream->checked == 0 || report->certificate.verdict == LATTN_IDENTIFYING)
        return;
    printf("of the last %llu inputs tested %llu were undetermined: averaged over them, the chance\n"
           "that the next input was undetermined was at most %.3g %% (95 %% confidence)\n",
           (unsigned long long)stream->checked, (unsigned long long)stream->undetermined,
           100 * stream->bound95);
}

static void certificate_print(const struct lattn_certificate *certificate)
{
    printf("  %-18s%lld of %lld\n", "rank", (long long)certificate->rank,
           (long long)certificate->p);
    line_count("features seen", (uint64_t)certificate->features_seen);
    line_count("components", (uint64_t)certificate->components);
    line_real("rho", certificate->rho);
    line_real("rho seen", certificate->rho_seen);
    line_real("threshold", certificate->threshold);
    line_real("lambda min", certificate->lambda_min);
    line_real("lambda max", certificate->lambda_max);
}

static void report_print(const struct lattn_report *report)
{
    line_count("pairs", report->pairs);
    line_real("pairs effective", report->pairs_effective);
    printf("  %-18s%d%s\n", "coordinates", report->d, report->bias ? ", bias included" : "");
    line_count("outputs", (uint64_t)report->m);
    certificate_print(&report->certificate);
    line_real("loss progressive", report->loss_progressive);
    line_real("loss recent", report->loss_recent);
    line_real("loss train", report->loss_train);
    line_reals("noise", report->noise_std, report->m);
    line_reals("r2", report->r2, report->m);
    line_count("generation", report->generation);
}

static const char *heads_describe(const struct lattn_service *service)
{
    if (service->heads_certified == LATTN_CERTIFIED_MINIMAL)
        return "the fewest there can be";
    if (service->heads_decomposition == LATTN_DECOMPOSITION_FEWEST)
        return "the fewest found";
    return "by singular values";
}

/* Nothing of a daemon that keeps nothing. */
static void kept_print(const struct lattn_kept *kept)
{
    if (!kept->is_kept)
        return;
    line_count("steps on disk", kept->position);
    if (kept->checkpoint_pairs == LATTN_NEVER)
        line_text("checkpoint", "of before");
    else
        line_count("checkpoint pairs", (uint64_t)kept->checkpoint_pairs);
    line_count("journal bytes", kept->journal_bytes);
    if (kept->error[0] != '\0')
        line_text("trouble", kept->error);
}

/* Nothing of a daemon that takes from no streams. */
static void source_print(const struct lattn_source *source)
{
    if (!source->is_given)
        return;
    printf("  %-18s%d of %d, epoch %llu, worker %s\n", "shard", source->shard, source->shards,
           (unsigned long long)source->epoch, source->worker);
    for (uint64_t i = 0; i < source->streams_count; i++) {
        const struct lattn_source_stream *stream = &source->streams[i];

        printf("  %-18s%s at %llu, %llu pending, %llu redelivered, %llu duplicates, %llu lost",
               "stream", stream->name, (unsigned long long)stream->sequence,
               (unsigned long long)stream->pending, (unsigned long long)stream->redelivered,
               (unsigned long long)stream->duplicates, (unsigned long long)stream->lost);
        if (stream->rolled_back > 0)
            printf(", rolled back %llu times", (unsigned long long)stream->rolled_back);
        printf("\n");
    }
    if (source->error[0] != '\0')
        line_text("source", source->error);
}

static void engine_print(const struct lattn_state_of_service *state)
{
    int32_t threads = state->service.threads;

    printf("  %-18s%s", "engine", lattn_engine_text(state->report.engine));
    if (threads > 0)
        printf(", %d thread%s", threads, threads > 1 ? "s" : "");
    printf("\n");
}

static void service_print(const struct lattn_state_of_service *state)
{
    const struct lattn_service *service = &state->service;

    line_count("accepted", service->accepted);
    line_count("rejected", service->rejected);
    line_count("duplicates", service->duplicates);
    line_count("unkept", service->unkept);
    line_count("denied", service->denied);
    if (service->heads == LATTN_NEVER)
        line_text("heads", "-");
    else
        printf("  %-18s%d, %s, of generation %llu\n", "heads", service->heads,
               heads_describe(service), (unsigned long long)service->heads_generation);
    engine_print(state);
    line_real("pairs per second", service->pairs_per_s);
    line_count("queue bytes", service->queue_bytes);
    line_count("memory bytes", state->report.memory_bytes);
    line_count("uptime seconds", service->uptime_s);
    kept_print(&service->kept);
    source_print(&service->source);
}

/* Nothing of a daemon that learns by itself. */
static enum lattn_status shards_print(const struct lattn_reply *reply)
{
    struct lattn_aggregate *aggregate = NULL;
    struct lattn_text text;
    enum lattn_status status = lattn_reply_aggregate(reply, &aggregate);

    if (status != LATTN_OK || aggregate == NULL)
        return status;
    lattn_text_init(&text);
    status = shard_table_write(&text, aggregate);
    if (status == LATTN_OK)
        printf("\n%s", text.data);
    lattn_text_done(&text);
    lattn_aggregate_close(&aggregate);
    return status;
}

static enum lattn_status table_print(const struct lattn_reply *reply)
{
    struct lattn_state_of_service state;
    enum lattn_status status = lattn_reply_status(reply, &state);

    if (status != LATTN_OK)
        return status;
    verdict_print(&state);
    stream_print(&state.report);
    report_print(&state.report);
    service_print(&state);
    lattn_report_done(&state.report);
    return shards_print(reply);
}

enum verb_exit status_run(int argc, char **argv)
{
    struct link_settings settings = {0};
    int json = 0;
    const struct option_row rows[] = {
        {.name = "--json", .kind = OPTION_FLAG, .value = &json, .help = "as the daemon sent it"},
    };
    const struct options options = {
        .usage = "status ADDR [--json]",
        .about = "Print what the daemon at ADDR knows: the verdict, then one number per line.",
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
        .link = &settings,
        .operands_count = 1,
    };
    const struct lattn_request request = {.method = LATTN_METHOD_STATUS, .id = "1"};
    enum options_outcome outcome = options_read(&options, argc, argv, &settings.address);
    struct lattn_reply reply;
    struct client client;
    enum lattn_status status;
    enum verb_exit code;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    code = client_open(&client, argv[0], &settings, LATTN_FORMAT_JSON);
    if (code != VERB_DONE)
        return code;
    code = client_ask(&client, &request, &reply);
    if (code == VERB_DONE) {
        status = json ? client_print_result(&reply) : table_print(&reply);
        if (status != LATTN_OK)
            code = client_refuse(&client, status);
        lattn_reply_done(&reply);
    }
    client_close(&client);
    return code;
}
