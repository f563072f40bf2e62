#ifndef PLOT_H
#define PLOT_H

#include "screen.h"

#include <stddef.h>

enum { PLOT_SERIES_MAX = 2, PLOT_ROWS_MIN = 6, PLOT_COLUMNS_MIN = 24 };

enum plot_form {
    PLOT_CURVE,
    PLOT_BARS /* one for each point, in their order; x does not count */
};

/*
 * Points of one kind. Where x or y is not finite there is a gap.
 *
 * name     for the legend; NULL: it is not told
 * dash     as for screen_line
 * x, y     count of them, each `stride` doubles behind the one before; borrowed
 */
struct plot_series {
    const char *name;
    enum plot_form form;
    enum ink ink;
    int32_t dash;
    const double *x;
    const double *y;
    size_t stride;
    size_t count;
};

/*
 * One plot.
 *
 * nothing  said where there is no point to show
 * across   what x is, for below the axis
 * low, high  for the ends of that axis; NULL: the numbers that they are
 * is_log   y by its logarithm; 0 and below stands at the bottom then
 */
struct plot {
    const char *title;
    const char *nothing;
    const char *across;
    const char *low;
    const char *high;
    int is_log;
    struct plot_series series[PLOT_SERIES_MAX];
    size_t series_count;
};

/*
 * Draw it into an area of at least PLOT_ROWS_MIN x PLOT_COLUMNS_MIN: title and legend with the last
 * values in the first row, labels to the left and in the last row, and the points between them;
 * of two that meet the first series is seen.
 */
void plot_draw(const struct plot *plot, struct screen *screen, const struct area *area);

#endif
