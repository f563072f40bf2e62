/*
 * A family is a line of help, a line of type, and its samples. Most are a single number at a fixed
 * place in struct metrics or in the newest report: those are tables. The rest is written by hand.
 * Source: "Exposition formats", prometheus.io, and its "Metric and label naming".
 */
#include "monitor/exposition.h"

#include <lattn/version.h>

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a line without the value of a label: the longest name has 40, the longest help 100. */
enum { LINE_BYTES_MAX = 512, NUMBER_BYTES_MAX = 32 };

/* The first refusal is remembered; later calls do nothing. */
struct page {
    struct lattn_text *text;
    size_t start;
    enum lattn_status status;
};

static void page_add(struct page *page, const char *bytes, size_t length)
{
    if (page->status == LATTN_OK)
        page->status = lattn_text_add(page->text, bytes, length);
}

static void page_text(struct page *page, const char *string)
{
    page_add(page, string, strlen(string));
}

static enum lattn_status page_end(struct page *page)
{
    if (page->status != LATTN_OK && page->text->length > page->start) {
        page->text->length = page->start;
        page->text->data[page->start] = '\0';
    }
    return page->status;
}

/* ---- lines ---- */

enum family_kind { COUNTER, GAUGE, HISTOGRAM };

static void family(struct page *page, const char *name, enum family_kind kind, const char *help)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    char line[LINE_BYTES_MAX];
    int length =
        snprintf(line, sizeof line, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kinds[kind]);

    assert(length > 0 && (size_t)length < sizeof line);
    page_add(page, line, (size_t)length);
}

/* The shortest of three widths that reads back as the same number; the last one always does. */
static void number_write(char text[NUMBER_BYTES_MAX], double number)
{
    if (isnan(number)) {
        snprintf(text, NUMBER_BYTES_MAX, "NaN");
        return;
    }
    if (isinf(number)) {
        snprintf(text, NUMBER_BYTES_MAX, number > 0 ? "+Inf" : "-Inf");
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, NUMBER_BYTES_MAX, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            return;
    }
}

static void value_real(struct page *page, double value)
{
    char text[NUMBER_BYTES_MAX];

    number_write(text, value);
    page_text(page, " ");
    page_text(page, text);
    page_text(page, "\n");
}

static void value_count(struct page *page, uint64_t value)
{
    char text[NUMBER_BYTES_MAX];

    snprintf(text, sizeof text, " %" PRIu64 "\n", value);
    page_text(page, text);
}

/* A label, the first after '{', the next after ','. */
static void label(struct page *page, char before, const char *name, const char *value)
{
    page_add(page, &before, 1);
    page_text(page, name);
    page_text(page, "=\"");
    while (*value != '\0') {
        size_t plain = strcspn(value, "\\\"\n");

        page_add(page, value, plain);
        value += plain;
        if (*value == '\0')
            break;
        page_text(page, *value == '\n' ? "\\n" : *value == '"' ? "\\\"" : "\\\\");
        value++;
    }
    page_text(page, "\"");
}

/* A sample's name with one label. */
static void labelled(struct page *page, const char *sample, const char *name, const char *value)
{
    page_text(page, sample);
    label(page, '{', name, value);
    page_text(page, "}");
}

static void single_real(struct page *page, const char *name, double value)
{
    page_text(page, name);
    value_real(page, value);
}

/* ---- single numbers at a fixed place ---- */

enum row_kind { ROW_COUNT, ROW_INT32, ROW_INT64, ROW_REAL };

/* Signed whole numbers are not known where they are negative. */
struct row {
    const char *name;
    enum family_kind family;
    enum row_kind kind;
    size_t offset;
    const char *help;
};

#define IN_METRICS(field) offsetof(struct metrics, field)
#define IN_REPORT(field) offsetof(struct lattn_report, field)

static const struct row service_rows[] = {
    {"lattn_pairs_total", COUNTER, ROW_COUNT, IN_METRICS(pairs), "Label rows learned."},
    {"lattn_memory_bytes", GAUGE, ROW_COUNT, IN_METRICS(memory_bytes),
     "Memory that holds what was learned."},
    {"lattn_queue_bytes", GAUGE, ROW_COUNT, IN_METRICS(service.queue_bytes),
     "Messages handed in and not yet learned."},
    {"lattn_queue_high_bytes", GAUGE, ROW_COUNT, IN_METRICS(queue.bytes_high),
     "Size of the queue at which nobody is read from any more."},
    {"lattn_paused", GAUGE, ROW_INT32, IN_METRICS(queue.is_paused),
     "1 while nobody is read from because the learner has enough to do."},
    {"lattn_requests_in_progress", GAUGE, ROW_COUNT, IN_METRICS(queue.requests),
     "Requests handed in and not yet answered."},
    {"lattn_clients", GAUGE, ROW_COUNT, IN_METRICS(clients.now), "Clients of the sockets."},
    {"lattn_clients_max", GAUGE, ROW_COUNT, IN_METRICS(clients.places), "Places for clients."},
    {"lattn_clients_refused_total", COUNTER, ROW_COUNT, IN_METRICS(clients.refused),
     "Clients refused because all places were taken."},
    {"lattn_clients_displaced_total", COUNTER, ROW_COUNT, IN_METRICS(clients.displaced),
     "Idle clients that lost their place to another."},
    {"lattn_clients_dropped_total", COUNTER, ROW_COUNT, IN_METRICS(clients.dropped),
     "Clients dropped because they did not read their answers."},
    {"lattn_connections_denied_total", COUNTER, ROW_COUNT, IN_METRICS(service.denied),
     "Connections that were not let in."},
    {"lattn_event_stream_clients", GAUGE, ROW_COUNT, IN_METRICS(http.event_clients),
     "Clients of the event stream."},
    {"lattn_heads", GAUGE, ROW_INT32, IN_METRICS(service.heads), "Heads of the last emission."},
    {"lattn_emissions_total", COUNTER, ROW_COUNT, IN_METRICS(emissions.made),
     "Evaluations of what was learned."},
    {"lattn_emissions_failed_total", COUNTER, ROW_COUNT, IN_METRICS(emissions.failed),
     "Evaluations that could not be made."},
    {"lattn_emission_age_seconds", GAUGE, ROW_REAL, IN_METRICS(emissions.age_s),
     "Time since the last emission; while nothing is learned there is none."},
    {"lattn_emission_duration_seconds", GAUGE, ROW_REAL, IN_METRICS(emissions.duration_s),
     "Time that the last emission took."},
    {"lattn_state_kept", GAUGE, ROW_INT32, IN_METRICS(service.kept.is_kept),
     "1 with a state directory, 0 where all is in memory only."},
    {.name = NULL},
};

static const struct row kept_rows[] = {
    {"lattn_journal_bytes", GAUGE, ROW_COUNT, IN_METRICS(service.kept.journal_bytes),
     "Journal since the last checkpoint."},
    {"lattn_commits_failed_total", COUNTER, ROW_COUNT, IN_METRICS(kept.commits_failed),
     "Blocks that could not be written to the journal, and were refused."},
    {"lattn_checkpoints_total", COUNTER, ROW_COUNT, IN_METRICS(kept.checkpoints),
     "Checkpoints made."},
    {"lattn_checkpoints_failed_total", COUNTER, ROW_COUNT, IN_METRICS(kept.checkpoints_failed),
     "Checkpoints that could not be made."},
    {"lattn_checkpoint_age_seconds", GAUGE, ROW_INT64, IN_METRICS(service.kept.checkpoint_age_s),
     "Time since this process made a checkpoint."},
    {"lattn_checkpoint_lag_seconds", GAUGE, ROW_REAL, IN_METRICS(kept.checkpoint_lag_s),
     "Time since the first change that is in no checkpoint; 0 where all are."},
    {.name = NULL},
};

static const struct row report_rows[] = {
    {"lattn_emission_pairs", GAUGE, ROW_COUNT, IN_REPORT(pairs),
     "Label rows learned when the last emission was made."},
    {"lattn_pairs_effective", GAUGE, ROW_REAL, IN_REPORT(pairs_effective),
     "Label rows that count, where older ones are forgotten."},
    {"lattn_coordinates", GAUGE, ROW_INT32, IN_REPORT(d), "Coordinates of a token."},
    {"lattn_outputs", GAUGE, ROW_INT32, IN_REPORT(m), "Numbers in a label."},
    {"lattn_directions", GAUGE, ROW_INT64, IN_REPORT(certificate.p),
     "Directions that the data has to show, p."},
    {"lattn_rank", GAUGE, ROW_INT64, IN_REPORT(certificate.rank), "Directions seen."},
    {"lattn_features_seen", GAUGE, ROW_INT64, IN_REPORT(certificate.features_seen),
     "Features that occurred."},
    {"lattn_components", GAUGE, ROW_INT64, IN_REPORT(certificate.components),
     "Groups of features that never occurred together."},
    {"lattn_identifying_since_pairs", GAUGE, ROW_INT64, IN_REPORT(certificate.identifying_since),
     "Label rows learned when the data was first found to determine the function."},
    {"lattn_rho", GAUGE, ROW_REAL, IN_REPORT(certificate.rho),
     "Smallest singular value by the largest, over all directions."},
    {"lattn_rho_seen", GAUGE, ROW_REAL, IN_REPORT(certificate.rho_seen),
     "Smallest singular value by the largest, over features that occurred."},
    {"lattn_rho_threshold", GAUGE, ROW_REAL, IN_REPORT(certificate.threshold),
     "What rho has to exceed for the data to determine the function."},
    {"lattn_lambda_min", GAUGE, ROW_REAL, IN_REPORT(certificate.lambda_min),
     "Smallest eigenvalue of the mean of the features' products."},
    {"lattn_lambda_max", GAUGE, ROW_REAL, IN_REPORT(certificate.lambda_max),
     "Largest eigenvalue of the mean of the features' products."},
    {"lattn_stream_tested_total", COUNTER, ROW_COUNT, IN_REPORT(stream.tested),
     "Inputs tested, before they were learned, for whether they were determined."},
    {"lattn_stream_checked", GAUGE, ROW_COUNT, IN_REPORT(stream.checked),
     "The newest of these tests, which count."},
    {"lattn_stream_undetermined", GAUGE, ROW_COUNT, IN_REPORT(stream.undetermined),
     "Inputs among them that were undetermined."},
    {"lattn_stream_bound95_ratio", GAUGE, ROW_REAL, IN_REPORT(stream.bound95),
     "Share of undetermined inputs, at most, with 95 % confidence."},
    {.name = NULL},
};

static const struct row process_rows[] = {
    {"process_cpu_seconds_total", COUNTER, ROW_REAL, IN_METRICS(process.cpu_s),
     "Total user and system CPU time spent in seconds."},
    {"process_open_fds", GAUGE, ROW_REAL, IN_METRICS(process.open_fds),
     "Number of open file descriptors."},
    {"process_max_fds", GAUGE, ROW_REAL, IN_METRICS(process.max_fds),
     "Maximum number of open file descriptors."},
    {"process_virtual_memory_bytes", GAUGE, ROW_REAL, IN_METRICS(process.virtual_bytes),
     "Virtual memory size in bytes."},
    {"process_resident_memory_bytes", GAUGE, ROW_REAL, IN_METRICS(process.resident_bytes),
     "Resident memory size in bytes."},
    {"process_start_time_seconds", GAUGE, ROW_REAL, IN_METRICS(process.start_time_s),
     "Start time of the process since unix epoch in seconds."},
    {.name = NULL},
};

static double known(int64_t number)
{
    return number < 0 ? NAN : (double)number;
}

static void row_write(struct page *page, const struct row *row, const void *object)
{
    const void *at = (const char *)object + row->offset;

    family(page, row->name, row->family, row->help);
    page_text(page, row->name);
    switch (row->kind) {
    case ROW_COUNT:
        value_count(page, *(const uint64_t *)at);
        return;
    case ROW_INT32:
        value_real(page, known(*(const int32_t *)at));
        return;
    case ROW_INT64:
        value_real(page, known(*(const int64_t *)at));
        return;
    case ROW_REAL:
        value_real(page, *(const double *)at);
        return;
    }
}

static void rows_write(struct page *page, const struct row *row, const void *object)
{
    for (; row->name != NULL; row++)
        row_write(page, row, object);
}

/* ---- families of several samples ---- */

static void build_write(struct page *page, enum lattn_engine engine)
{
    family(page, "lattn_build_info", GAUGE, "What runs; always 1.");
    page_text(page, "lattn_build_info");
    label(page, '{', "version", LATTN_VERSION);
    label(page, ',', "engine", lattn_engine_text(engine));
    page_text(page, "}");
    value_count(page, 1);
}

static void items_write(struct page *page, const struct lattn_service *service)
{
    static const char name[] = "lattn_items_total";

    family(page, name, COUNTER, "Items as sent, by what became of them.");
    labelled(page, name, "result", "accepted");
    value_count(page, service->accepted);
    labelled(page, name, "result", "rejected");
    value_count(page, service->rejected);
    labelled(page, name, "result", "duplicate");
    value_count(page, service->duplicates);
    labelled(page, name, "result", "unkept");
    value_count(page, service->unkept);
}

/* One series for each verdict, of which one is 1. */
static void verdict_write(struct page *page, const struct lattn_certificate *certificate)
{
    static const char name[] = "lattn_verdict";

    family(page, name, GAUGE, "Does the data determine the function? 1 for what holds.");
    for (int verdict = LATTN_NOT_IDENTIFYING; verdict <= LATTN_CANNOT_TELL; verdict++) {
        labelled(page, name, "verdict", lattn_verdict_text((enum lattn_verdict)verdict));
        value_count(page, certificate->verdict == (enum lattn_verdict)verdict);
    }
    family(page, "lattn_verdict_lost", GAUGE,
           "1 where the data determined the function once and no longer does.");
    page_text(page, "lattn_verdict_lost");
    value_count(page, certificate->lost_at != LATTN_NEVER);
}

static void losses_write(struct page *page, const struct lattn_report *report)
{
    static const char name[] = "lattn_loss";

    family(page, name, GAUGE,
           "Mean squared error: of the fit, of predictions made before learning, of recent ones.");
    labelled(page, name, "kind", "train");
    value_real(page, report->loss_train);
    labelled(page, name, "kind", "progressive");
    value_real(page, report->loss_progressive);
    labelled(page, name, "kind", "recent");
    value_real(page, report->loss_recent);
}

/* Names need not differ from numbers that stand for others: so the number is always a label. */
static void output_write(struct page *page, const char *sample, const struct metrics *metrics,
                         int32_t output, double value)
{
    const char *name = output < metrics->outputs_count ? metrics->outputs[output] : "";
    char number[NUMBER_BYTES_MAX];

    snprintf(number, sizeof number, "%" PRId32, output);
    page_text(page, sample);
    label(page, '{', "output", number);
    label(page, ',', "name", name);
    page_text(page, "}");
    value_real(page, value);
}

static void outputs_write(struct page *page, const struct metrics *metrics,
                          const struct lattn_report *report)
{
    int32_t count = report->m < METRICS_OUTPUTS_MAX ? report->m : METRICS_OUTPUTS_MAX;

    if (count == 0)
        return;
    family(page, "lattn_noise_std", GAUGE, "Standard deviation of the noise in the labels.");
    for (int32_t i = 0; i < count; i++)
        output_write(page, "lattn_noise_std", metrics, i, report->noise_std[i]);
    family(page, "lattn_r2", GAUGE, "Share of the labels' squares that the fit explains.");
    for (int32_t i = 0; i < count; i++)
        output_write(page, "lattn_r2", metrics, i, report->r2[i]);
}

static void commits_write(struct page *page, const struct histogram *commits)
{
    static const char name[] = "lattn_commit_seconds";
    uint64_t count = 0;

    family(page, name, HISTOGRAM, "Time that blocks took to be written to the journal.");
    for (int i = 0; i < HISTOGRAM_BOUNDS; i++) {
        char bound[NUMBER_BYTES_MAX];

        number_write(bound, histogram_bound(i));
        count += commits->counts[i];
        labelled(page, "lattn_commit_seconds_bucket", "le", bound);
        value_count(page, count);
    }
    labelled(page, "lattn_commit_seconds_bucket", "le", "+Inf");
    value_count(page, histogram_total(commits));
    single_real(page, "lattn_commit_seconds_sum", (double)commits->sum_ns / 1e9);
    page_text(page, "lattn_commit_seconds_count");
    value_count(page, histogram_total(commits));
}

static void kept_write(struct page *page, const struct metrics *metrics)
{
    if (!metrics->service.kept.is_kept)
        return;
    family(page, "lattn_state_error", GAUGE,
           "1 while nothing can be kept, or no checkpoint be made; status says why.");
    page_text(page, "lattn_state_error");
    value_count(page, metrics->service.kept.error[0] != '\0');
    rows_write(page, kept_rows, metrics);
    commits_write(page, &metrics->kept.commits);
}

/* A number of each stream. */
struct stream_row {
    const char *name;
    enum family_kind family;
    size_t offset;
    const char *help;
};

#define IN_STREAM(field) offsetof(struct lattn_source_stream, field)

static const struct stream_row stream_rows[] = {
    {"lattn_source_sequence", GAUGE, IN_STREAM(sequence),
     "Message of the stream up to which all is learned."},
    {"lattn_source_lag", GAUGE, IN_STREAM(pending),
     "Messages that are in the stream and not learned."},
    {"lattn_source_redelivered_total", COUNTER, IN_STREAM(redelivered),
     "Messages that came again."},
    {"lattn_source_duplicates_total", COUNTER, IN_STREAM(duplicates),
     "Messages that had been taken before."},
    {"lattn_source_lost_total", COUNTER, IN_STREAM(lost),
     "Messages that were gone before they were taken."},
    {"lattn_source_rolled_back_total", COUNTER, IN_STREAM(rolled_back),
     "How often the stream went back to an earlier state."},
};

static void source_write(struct page *page, const struct lattn_source *source)
{
    if (!source->is_given)
        return;
    family(page, "lattn_source_connected", GAUGE, "1 while the streams' servers are there.");
    page_text(page, "lattn_source_connected");
    value_count(page, source->connected != 0);
    family(page, "lattn_source_error", GAUGE,
           "1 while nothing is taken from the streams; status says why.");
    page_text(page, "lattn_source_error");
    value_count(page, source->error[0] != '\0');
    for (size_t i = 0; i < sizeof stream_rows / sizeof *stream_rows; i++) {
        const struct stream_row *row = &stream_rows[i];

        family(page, row->name, row->family, row->help);
        for (uint64_t k = 0; k < source->streams_count; k++) {
            const char *stream = (const char *)&source->streams[k];

            labelled(page, row->name, "stream", source->streams[k].name);
            value_count(page, *(const uint64_t *)(const void *)(stream + row->offset));
        }
    }
}

/* ---- shards ---- */

static double shard_pairs(const struct lattn_shard *shard)
{
    return (double)shard->pairs;
}

static double shard_lag(const struct lattn_shard *shard)
{
    return (double)shard->lag;
}

static double shard_lost(const struct lattn_shard *shard)
{
    return (double)shard->lost;
}

static double shard_stale(const struct lattn_shard *shard)
{
    return shard->is_stale;
}

static const struct {
    const char *name;
    enum family_kind kind;
    double (*value)(const struct lattn_shard *shard);
    const char *help;
} shard_rows[] = {
    {"lattn_shard_pairs", GAUGE, shard_pairs, "Label rows in the state that is held of a shard."},
    {"lattn_shard_lag", GAUGE, shard_lag, "Messages that the worker has not taken yet."},
    {"lattn_shard_lost_total", COUNTER, shard_lost,
     "Messages that were gone before the worker took them."},
    {"lattn_shard_stale", GAUGE, shard_stale, "1 where the worker was not heard of for too long."},
};

static void shards_write(struct page *page, const struct lattn_aggregate *aggregate)
{
    if (aggregate == NULL)
        return;
    family(page, "lattn_shards_expected", GAUGE, "Shards that are added up.");
    page_text(page, "lattn_shards_expected");
    value_count(page, aggregate->expect);
    for (size_t k = 0; k < sizeof shard_rows / sizeof *shard_rows; k++) {
        family(page, shard_rows[k].name, shard_rows[k].kind, shard_rows[k].help);
        for (uint64_t i = 0; i < aggregate->expect; i++) {
            char number[NUMBER_BYTES_MAX];

            snprintf(number, sizeof number, "%" PRIu64, i);
            labelled(page, shard_rows[k].name, "shard", number);
            value_real(page, shard_rows[k].value(&aggregate->shards[i]));
        }
    }
}

static void http_write(struct page *page, const struct metrics_http *http)
{
    static const char name[] = "lattn_http_requests_total";

    family(page, name, COUNTER, "Requests of HTTP, by the code of the answer.");
    for (size_t i = 0; i < http->codes_count; i++) {
        char code[NUMBER_BYTES_MAX];

        snprintf(code, sizeof code, "%" PRId32, http->codes[i].code);
        labelled(page, name, "code", code);
        value_count(page, http->codes[i].count);
    }
}

/* ---- the page ---- */

/* What an emission before any pair would say. */
static struct lattn_report report_of_nothing(void)
{
    struct lattn_report report = {
        .loss_train = NAN,
        .loss_progressive = NAN,
        .loss_recent = NAN,
        .certificate = {.threshold = NAN, .identifying_since = LATTN_NEVER, .lost_at = LATTN_NEVER},
        .stream.bound95 = NAN,
    };

    return report;
}

/* Without data there are no singular values, though they are 0 in the report. */
static struct lattn_report report_of(const struct metrics *metrics)
{
    struct lattn_report report = metrics->report == NULL ? report_of_nothing() : *metrics->report;

    if (!(report.weight > 0)) {
        report.certificate.lambda_min = report.certificate.lambda_max = NAN;
        report.certificate.rho = report.certificate.rho_seen = NAN;
    }
    return report;
}

enum lattn_status exposition_write(struct lattn_text *text, const struct metrics *metrics)
{
    struct page page = {.text = text, .start = text->length};
    struct lattn_report report = report_of(metrics);

    build_write(&page, report.engine);
    items_write(&page, &metrics->service);
    rows_write(&page, service_rows, metrics);
    kept_write(&page, metrics);
    source_write(&page, &metrics->service.source);
    verdict_write(&page, &report.certificate);
    rows_write(&page, report_rows, &report);
    losses_write(&page, &report);
    outputs_write(&page, metrics, &report);
    shards_write(&page, metrics->aggregate);
    http_write(&page, &metrics->http);
    rows_write(&page, process_rows, metrics);
    return page_end(&page);
}
