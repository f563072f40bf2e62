/*
 * watch as a table: one row per emission, in the manner of Vowpal Wabbit's progress table. The
 * columns are as wide as 10^12 pairs and the largest number of features need.
 */
#include "watch.h"

#include <math.h>
#include <stdio.h>

static void header_print(void)
{
    printf("%13s %11s %11s %15s %9s %-15s %8s %8s %5s %9s\n", "pairs", "progressive", "recent",
           "rank/p", "rho", "verdict", "to go", "stream", "heads", "pairs/s");
    printf("%13s %11s %11s %15s %9s %-15s %8s %8s\n", "", "loss", "loss", "", "", "", "",
           "bound95");
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
    real_print(8, state->service.pairs_to_go < 1e6 ? "%.0f" : "%.1e", state->service.pairs_to_go);
    real_print(8, "%.4f", report->stream.bound95);
    real_print(5, "%.0f", state->service.heads == LATTN_NEVER ? nan("") : state->service.heads);
    real_print(9, "%.0f", state->service.pairs_per_s);
    printf("\n");
}

/* Rows until something ends them. */
static enum lattn_status rows_print(struct watch *watch)
{
    enum lattn_status status = LATTN_OK;
    struct watch_emission emission;

    while (status == LATTN_OK && !watch_is_over(watch)) {
        status = watch_take(watch, &emission);
        if (status == LATTN_OK) {
            row_print(&emission.state);
            watch_emission_done(&emission);
        } else if (status == LATTN_MORE) {
            fflush(stdout);
            status = client_turn(&watch->client, CLIENT_NO_INPUT, NULL);
        }
    }
    return status;
}

enum verb_exit watch_table(struct watch *watch)
{
    enum verb_exit code = watch_subscribe(watch);
    enum lattn_status status;

    if (code != VERB_DONE)
        return code;
    header_print();
    status = rows_print(watch);
    if (status == LATTN_OK || status == LATTN_CLOSED)
        return VERB_DONE;
    return watch_refuse(watch, status);
}
