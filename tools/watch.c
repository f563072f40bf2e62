/*
 * watch: one row per emission, in the manner of Vowpal Wabbit's progress table. The columns are as
 * wide as 10^12 pairs and the largest number of features need.
 */
#include "client.h"
#include "options.h"
#include "verbs.h"

#include <lattn/limits.h>

#include <math.h>
#include <stdio.h>

static void header_print(void)
{
    printf("%13s %11s %11s %15s %9s %-15s %8s %5s %9s\n", "pairs", "progressive", "recent",
           "rank/p", "rho", "verdict", "stream", "heads", "pairs/s");
    printf("%13s %11s %11s %15s %9s %-15s %8s\n", "", "loss", "loss", "", "", "", "bound95");
}

static void real_print(int width, const char *form, double value)
{
    char text[32] = "-";

    if (!isnan(value))
        snprintf(text, sizeof text, form, value);
    printf(" %*s", width, text);
}

static void row_print(const struct lattn_state_of_service *state)
{
    const struct lattn_report *report = &state->report;
    const struct lattn_certificate *certificate = &report->certificate;
    char rank[32];

    snprintf(rank, sizeof rank, "%lld/%lld", (long long)certificate->rank,
             (long long)certificate->p);
    printf("%13llu", (unsigned long long)report->pairs);
    real_print(11, "%.4e", report->loss_progressive);
    real_print(11, "%.4e", report->loss_recent);
    printf(" %15s", rank);
    real_print(9, "%.2e", certificate->rho);
    printf(" %-15s", lattn_verdict_text(certificate->verdict));
    real_print(8, "%.4f", report->stream.bound95);
    real_print(5, "%.0f", state->service.heads == LATTN_NEVER ? nan("") : state->service.heads);
    real_print(9, "%.0f", state->service.pairs_per_s);
    printf("\n");
}

static enum lattn_status emission_print(const struct lattn_reply *reply, uint64_t *rows)
{
    struct lattn_state_of_service state;
    enum lattn_status status;

    if (reply->kind != LATTN_REPLY_EMISSION)
        return LATTN_OK;
    status = lattn_reply_status(reply, &state);
    if (status != LATTN_OK)
        return status;
    row_print(&state);
    (*rows)++;
    lattn_report_done(&state.report);
    return LATTN_OK;
}

/* Emissions until the daemon goes or count rows were printed; 0 is no limit. */
static enum lattn_status table_print(struct client *client, uint64_t count)
{
    enum lattn_status status = LATTN_OK;
    struct lattn_reply reply;
    uint64_t rows = 0;

    header_print();
    while (status == LATTN_OK && (count == 0 || rows < count)) {
        status = client_next(client, &reply);
        if (status == LATTN_OK) {
            status = emission_print(&reply, &rows);
            lattn_reply_done(&reply);
        } else if (status == LATTN_MORE) {
            fflush(stdout);
            status = client_turn(client, CLIENT_NO_INPUT, NULL);
        }
    }
    return status;
}

static enum verb_exit watch(struct client *client, uint64_t count)
{
    const struct lattn_request request = {.method = LATTN_METHOD_SUBSCRIBE, .id = "1"};
    struct lattn_reply reply;
    enum verb_exit code = client_ask(client, &request, &reply);
    enum lattn_status status;

    if (code != VERB_DONE)
        return code;
    lattn_reply_done(&reply);
    status = table_print(client, count);
    if (status != LATTN_OK && status != LATTN_CLOSED)
        return client_refuse(client, status);
    return VERB_DONE;
}

enum verb_exit watch_run(int argc, char **argv)
{
    struct link_settings settings = {0};
    uint64_t count = 0;
    const struct option_row rows[] = {
        {"--count", "N", OPTION_WHOLE, &count, 1, UINT64_MAX, "end after N rows"},
    };
    const struct options options = {
        .usage = "watch ADDR [--count N]",
        .about = "Print a row for each emission of the daemon at ADDR, until it ends.",
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
        .link = &settings,
        .operands_count = 1,
    };
    enum options_outcome outcome = options_read(&options, argc, argv, &settings.address);
    struct client client;
    enum verb_exit code;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    code = client_open(&client, argv[0], &settings, LATTN_FORMAT_JSON);
    if (code != VERB_DONE)
        return code;
    code = watch(&client, count);
    client_close(&client);
    return code;
}
