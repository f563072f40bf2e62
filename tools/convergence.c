/*
 * A history with what a figure needs besides: the times at which the verdict changed, as the daemon
 * tells them, which is to the pair where emissions are far apart.
 */
#include "convergence.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static double pairs_last(const struct history *history)
{
    return history->points[history->count - 1].values[HISTORY_PAIRS];
}

static void begin_anew(struct convergence *convergence)
{
    convergence->history.count = 0;
    convergence->spans_count = 0;
    lattn_spectrum_done(&convergence->spectrum);
    convergence->has_spectrum = 0;
    convergence->is_ended = 0;
    convergence->restarts++;
}

static int span_is_open(const struct convergence *convergence)
{
    return convergence->spans_count > 0 &&
           isnan(convergence->spans[convergence->spans_count - 1].until);
}

/* A verdict that was only buried keeps its date: it is drawn from where it is seen again. */
static enum lattn_status span_open(struct convergence *convergence, double since)
{
    size_t count = convergence->spans_count;

    if (count > 0)
        since = fmax(since, convergence->spans[count - 1].until);
    if (count == convergence->spans_capacity) {
        size_t capacity = 2 * count + 1;
        struct convergence_span *spans = reallocarray(convergence->spans, capacity, sizeof *spans);

        if (spans == NULL)
            return LATTN_NO_MEMORY;
        convergence->spans = spans;
        convergence->spans_capacity = capacity;
    }
    convergence->spans[count] = (struct convergence_span){.since = since, .until = NAN};
    convergence->spans_count++;
    return LATTN_OK;
}

static void span_close(struct convergence *convergence, double until)
{
    struct convergence_span *span = &convergence->spans[convergence->spans_count - 1];

    span->until = fmax(until, span->since);
}

static enum lattn_status verdict_take(struct convergence *convergence,
                                      const struct lattn_report *report)
{
    const struct lattn_certificate *certificate = &report->certificate;
    int is_identifying = certificate->verdict == LATTN_IDENTIFYING;
    int64_t date = is_identifying ? certificate->identifying_since : certificate->lost_at;
    double at = date == LATTN_NEVER ? (double)report->pairs : (double)date;

    if (is_identifying && !span_is_open(convergence))
        return span_open(convergence, at);
    if (!is_identifying && span_is_open(convergence))
        span_close(convergence, at);
    return LATTN_OK;
}

/* One of an older generation was told before, or what it was found for is not here. */
static void spectrum_take(struct convergence *convergence, const struct lattn_report *report,
                          struct lattn_spectrum *spectrum)
{
    int is_repeated =
        convergence->has_spectrum && convergence->spectrum.generation == spectrum->generation;
    int is_new = spectrum->generation == report->generation;

    if (is_new || !is_repeated) {
        convergence->spectrum_pairs = is_new ? (double)report->pairs : NAN;
        convergence->spectrum_threshold = report->certificate.threshold;
    }
    lattn_spectrum_done(&convergence->spectrum);
    convergence->spectrum = *spectrum;
    convergence->has_spectrum = 1;
}

enum lattn_status convergence_take(struct convergence *convergence,
                                   const struct lattn_state_of_service *state,
                                   struct lattn_spectrum *spectrum)
{
    const struct history_point point = history_point(state);
    struct history *history = &convergence->history;
    enum lattn_status status;

    if (state->report.pairs == 0) {
        convergence->is_ended = history->count > 0;
        lattn_spectrum_done(spectrum);
        return LATTN_OK;
    }
    if (convergence->is_ended ||
        (history->count > 0 && point.values[HISTORY_PAIRS] < pairs_last(history)))
        begin_anew(convergence);
    status = verdict_take(convergence, &state->report);
    if (status != LATTN_OK)
        return status;
    history_add(history, &point);
    if (spectrum != NULL)
        spectrum_take(convergence, &state->report, spectrum);
    return LATTN_OK;
}

void convergence_done(struct convergence *convergence)
{
    free(convergence->spans);
    convergence->spans = NULL;
    convergence->spans_count = convergence->spans_capacity = 0;
    lattn_spectrum_done(&convergence->spectrum);
    convergence->has_spectrum = 0;
}
