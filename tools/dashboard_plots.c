/*
 * The plots of the dashboard, the ones looked at first in front.
 */
#include "dashboard.h"

#include <assert.h>

static const char nothing_yet[] = "nothing yet";

/* A field against pairs. */
static struct plot_series series_of(const struct history *history, enum history_field field,
                                    const char *name, enum ink ink, int32_t dash)
{
    const double *values = history->points[0].values;

    return (struct plot_series){
        .name = name,
        .ink = ink,
        .dash = dash,
        .x = values + HISTORY_PAIRS,
        .y = values + field,
        .stride = HISTORY_FIELDS,
        .count = history->count,
    };
}

static struct plot plot_of(const char *title, int is_log)
{
    return (struct plot){
        .title = title,
        .nothing = nothing_yet,
        .across = "pairs",
        .is_log = is_log,
    };
}

/* One field, by its name alone. */
static struct plot single_plot(const struct history *history, enum history_field field,
                               const char *title)
{
    struct plot plot = plot_of(title, 0);

    plot.series[0] = series_of(history, field, "", INK_FIRST, 0);
    plot.series_count = 1;
    return plot;
}

static struct plot loss_plot(const struct history *history)
{
    struct plot plot = plot_of("loss", 1);

    plot.series[0] = series_of(history, HISTORY_LOSS_RECENT, "recent", INK_FIRST, 0);
    plot.series[1] = series_of(history, HISTORY_LOSS_PROGRESSIVE, "progressive", INK_SECOND, 3);
    plot.series_count = 2;
    return plot;
}

static struct plot rank_plot(const struct history *history)
{
    struct plot plot = plot_of("rank", 0);

    plot.series[0] = series_of(history, HISTORY_RANK, "seen", INK_FIRST, 0);
    plot.series[1] = series_of(history, HISTORY_FEATURES, "of p", INK_LIMIT, 1);
    plot.series_count = 2;
    return plot;
}

static struct plot rho_plot(const struct history *history)
{
    struct plot plot = plot_of("rho", 1);

    plot.series[0] = series_of(history, HISTORY_RHO, "", INK_FIRST, 0);
    plot.series[1] = series_of(history, HISTORY_THRESHOLD, "threshold", INK_LIMIT, 1);
    plot.series_count = 2;
    return plot;
}

static struct plot lambda_plot(const struct history *history)
{
    struct plot plot = plot_of("lambda min", 1);

    plot.series[0] = series_of(history, HISTORY_LAMBDA_MIN, "", INK_FIRST, 0);
    plot.series_count = 1;
    return plot;
}

static struct plot_series values_series(const struct outlook_values *values, const char *name,
                                        enum plot_form form)
{
    return (struct plot_series){
        .name = name,
        .form = form,
        .ink = INK_FIRST,
        .x = values->x,
        .y = values->y,
        .stride = 1,
        .count = values->count,
    };
}

/* Both ends stand side by side where there are values between them. */
static struct plot singular_plot(const struct outlook *outlook)
{
    const struct outlook_values *singular = &outlook->singular;
    struct plot plot = plot_of("singular values of R", 1);

    plot.across = "largest to smallest";
    plot.series[0] = values_series(singular, "smallest", PLOT_CURVE);
    plot.series_count = 1;
    if (outlook->seen > singular->count) {
        plot.across = "the largest and the smallest";
        plot.high = "";
    }
    return plot;
}

static struct plot heads_plot(const struct outlook *outlook)
{
    struct plot plot = plot_of("singular values of the heads", 1);

    plot.across = "heads";
    plot.series[0] = values_series(&outlook->heads, "smallest", PLOT_BARS);
    plot.series_count = 1;
    return plot;
}

struct plot dashboard_plot(const struct dashboard *dashboard, const struct outlook *outlook,
                           int32_t index)
{
    const struct history *history = &outlook->history;
    struct plot plot;

    assert(index >= 0 && index < DASHBOARD_PLOTS);
    switch (index) {
    case 0:
        return loss_plot(history);
    case 1:
        return rank_plot(history);
    case 2:
        return dashboard->shows_lambda ? lambda_plot(history) : rho_plot(history);
    case 3:
        return singular_plot(outlook);
    case 4:
        return heads_plot(outlook);
    case 5:
        return single_plot(history, HISTORY_PAIRS_PER_S, "pairs per second");
    case 6:
        return single_plot(history, HISTORY_QUEUE_BYTES, "bytes in the queue");
    case 7:
        return single_plot(history, HISTORY_REJECTED, "rejected");
    default:
        plot = single_plot(history, HISTORY_UNSAVED, "pairs in no checkpoint");
        plot.nothing = "there is no checkpoint yet";
        return plot;
    }
}
