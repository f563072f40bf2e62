#include "plot.h"

#include "scale.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LABEL_COLUMNS_MAX = 8, ROWS_PER_TICK = 2 };

/* What the parts of a plot need to know of each other. */
struct frame {
    const struct plot *plot;
    struct screen *screen;
    struct area dots; /* where points are drawn */
    struct scale x;
    struct scale y;
};

static double value_at(const double *values, const struct plot_series *series, size_t i)
{
    return values[i * series->stride];
}

/* ---- extents --------------------------------------------------------------------------------- */

static void bars_include(const struct plot_series *series, struct extent *x, struct extent *y)
{
    scale_include(x, 0.5);
    scale_include(x, (double)series->count + 0.5);
    for (size_t i = 0; i < series->count; i++)
        scale_include(y, value_at(series->y, series, i));
}

/* A point that lacks one of its numbers lies nowhere. */
static void curve_include(const struct plot_series *series, struct extent *x, struct extent *y)
{
    for (size_t i = 0; i < series->count; i++) {
        double across = value_at(series->x, series, i);
        double up = value_at(series->y, series, i);

        if (isfinite(across) && isfinite(up)) {
            scale_include(x, across);
            scale_include(y, up);
        }
    }
}

/* Returns 0 where there is nothing to draw. */
static int scales_fit(struct frame *frame)
{
    const struct plot *plot = frame->plot;
    struct extent x = {0};
    struct extent y = {0};

    for (size_t i = 0; i < plot->series_count; i++) {
        if (plot->series[i].form == PLOT_BARS)
            bars_include(&plot->series[i], &x, &y);
        else
            curve_include(&plot->series[i], &x, &y);
    }
    if (!y.has_any)
        return 0;
    /* From the first point to the last: a curve that grows shall not jump as its axis does. */
    frame->x = (struct scale){.low = x.low, .high = x.high};
    if (x.high <= x.low && x.high > 0)
        frame->x.low = 0;
    else if (x.high <= x.low)
        frame->x.high = x.low + 1;
    frame->y = scale_fit(&y, plot->is_log, frame->dots.rows / ROWS_PER_TICK + 1);
    return 1;
}

/* ---- axes ------------------------------------------------------------------------------------ */

static int32_t text_columns(const char *text)
{
    return (int32_t)strlen(text);
}

static int32_t dots_high(const struct frame *frame)
{
    return frame->dots.rows * SCREEN_DOTS_HIGH;
}

static int32_t dot_up(const struct frame *frame, double place)
{
    return (int32_t)lround(place * (dots_high(frame) - 1));
}

static int32_t dot_across(const struct frame *frame, double place)
{
    return (int32_t)lround(place * (frame->dots.columns * SCREEN_DOTS_WIDE - 1));
}

static void axis_up_draw(const struct frame *frame)
{
    double ticks[SCALE_TICKS_MAX];
    size_t count = scale_ticks(&frame->y, frame->dots.rows / ROWS_PER_TICK + 1, ticks);
    int32_t axis = frame->dots.column - 1;

    for (int32_t i = 0; i < frame->dots.rows; i++)
        screen_glyph(frame->screen, frame->dots.row + i, axis, GLYPH_UPRIGHT, INK_FAINT);
    for (size_t i = 0; i < count; i++) {
        int32_t depth = dots_high(frame) - 1 - dot_up(frame, scale_place(&frame->y, ticks[i]));
        int32_t row = frame->dots.row + depth / SCREEN_DOTS_HIGH;
        char label[SCALE_LABEL_MAX];

        scale_label(&frame->y, ticks[i], label);
        screen_text(frame->screen, row, axis - text_columns(label), LABEL_COLUMNS_MAX, INK_FAINT,
                    label);
        screen_glyph(frame->screen, row, axis, GLYPH_TICK, INK_FAINT);
    }
}

static void end_write(const char *wished, double value, char ret_text[SCALE_WHOLE_MAX])
{
    if (wished != NULL)
        snprintf(ret_text, SCALE_WHOLE_MAX, "%s", wished);
    else
        scale_whole(value, ret_text);
}

static void axis_across_draw(const struct frame *frame)
{
    const struct area *dots = &frame->dots;
    int32_t axis = dots->row + dots->rows;
    int32_t end = dots->column + dots->columns;
    char low[SCALE_WHOLE_MAX];
    char high[SCALE_WHOLE_MAX];
    int32_t right;
    int32_t left;
    int32_t middle;

    screen_glyph(frame->screen, axis, dots->column - 1, GLYPH_CORNER, INK_FAINT);
    for (int32_t i = 0; i < dots->columns; i++)
        screen_glyph(frame->screen, axis, dots->column + i, GLYPH_LEVEL, INK_FAINT);
    end_write(frame->plot->low, ceil(frame->x.low), low);
    end_write(frame->plot->high, floor(frame->x.high), high);
    left = screen_text(frame->screen, axis + 1, dots->column, dots->columns, INK_FAINT, low);
    right = end - text_columns(high);
    if (right > left)
        screen_text(frame->screen, axis + 1, right, end - right, INK_FAINT, high);
    middle = dots->column + (dots->columns - text_columns(frame->plot->across)) / 2;
    if (middle > left && middle + text_columns(frame->plot->across) < right)
        screen_text(frame->screen, axis + 1, middle, end - middle, INK_FAINT, frame->plot->across);
}

/* ---- points ---------------------------------------------------------------------------------- */

/* Returns 0 for a point that lies nowhere. */
static int dot_find(const struct frame *frame, const struct plot_series *series, size_t i,
                    int32_t ret_dot[2])
{
    double across = scale_place(&frame->x, value_at(series->x, series, i));
    double up = scale_place(&frame->y, value_at(series->y, series, i));

    if (isnan(across) || isnan(up))
        return 0;
    ret_dot[0] = dot_across(frame, across);
    ret_dot[1] = dot_up(frame, up);
    return 1;
}

static void curve_draw(const struct frame *frame, const struct plot_series *series)
{
    int32_t before[2];
    int32_t dot[2];
    int has_before = 0;

    for (size_t i = 0; i < series->count; i++) {
        if (!dot_find(frame, series, i, dot)) {
            has_before = 0;
            continue;
        }
        if (!has_before)
            memcpy(before, dot, sizeof before);
        screen_line(frame->screen, &frame->dots, before, dot, series->ink, series->dash);
        memcpy(before, dot, sizeof before);
        has_before = 1;
    }
}

/* A bar of a dot at least, and a gap where there is room for it. */
static void bar_draw(const struct frame *frame, const struct plot_series *series, size_t i)
{
    double wide = (double)(frame->dots.columns * SCREEN_DOTS_WIDE) / (double)series->count;
    int32_t first = (int32_t)(wide * (double)i);
    int32_t end = (int32_t)(wide * (double)(i + 1)) - (wide >= 3 ? 1 : 0);
    double place = scale_place(&frame->y, value_at(series->y, series, i));

    if (isnan(place))
        return;
    for (int32_t x = first; x == first || x < end; x++)
        screen_line(frame->screen, &frame->dots, (const int32_t[]){x, 0},
                    (const int32_t[]){x, dot_up(frame, place)}, series->ink, 0);
}

static void series_draw(const struct frame *frame, const struct plot_series *series)
{
    if (series->form == PLOT_CURVE) {
        curve_draw(frame, series);
        return;
    }
    for (size_t i = 0; i < series->count; i++)
        bar_draw(frame, series, i);
}

/* ---- legend ---------------------------------------------------------------------------------- */

/* The last value behind a blank, "" where it is not known. */
static void value_write(const struct plot_series *series, char ret_text[SCALE_LABEL_MAX + 1])
{
    size_t last = series->count - 1;
    double value = series->count > 0 ? value_at(series->y, series, last) : (double)NAN;
    char number[SCALE_LABEL_MAX];

    ret_text[0] = '\0';
    if (!isfinite(value))
        return;
    scale_number(value, number);
    snprintf(ret_text, SCALE_LABEL_MAX + 1, " %s", number);
}

/* Name and value of a series, or what of that there is room for. Returns the column behind it. */
static int32_t entry_draw(const struct plot_series *series, struct screen *screen, int32_t row,
                          int32_t column, int32_t end)
{
    char value[SCALE_LABEL_MAX + 1];
    int32_t name = 1 + text_columns(series->name);

    value_write(series, value);
    if (column + 2 + name > end || (name == 1 && value[0] == '\0'))
        return column;
    column += 2;
    screen_glyph(screen, row, column, series->dash > 0 ? GLYPH_DASH : GLYPH_LEVEL, series->ink);
    column = screen_text(screen, row, column + 1, end - column - 1, INK_FAINT, series->name);
    if (column + text_columns(value) <= end)
        column = screen_text(screen, row, column, end - column, INK_PLAIN, value);
    return column;
}

static void title_draw(const struct plot *plot, struct screen *screen, const struct area *area)
{
    int32_t end = area->column + area->columns - 1; /* a blank before the next plot */
    int32_t column =
        screen_text(screen, area->row, area->column, area->columns - 1, INK_STRONG, plot->title);

    for (size_t i = 0; i < plot->series_count; i++)
        if (plot->series[i].name != NULL)
            column = entry_draw(&plot->series[i], screen, area->row, column, end);
}

void plot_draw(const struct plot *plot, struct screen *screen, const struct area *area)
{
    struct frame frame = {
        .plot = plot,
        .screen = screen,
        .dots = {.row = area->row + 1,
                 .column = area->column + LABEL_COLUMNS_MAX,
                 .rows = area->rows - 3,
                 .columns = area->columns - LABEL_COLUMNS_MAX - 1},
    };

    assert(area->rows >= PLOT_ROWS_MIN && area->columns >= PLOT_COLUMNS_MIN);
    title_draw(plot, screen, area);
    if (!scales_fit(&frame)) {
        screen_text(screen, area->row + 2, area->column + 2, area->columns - 2, INK_FAINT,
                    plot->nothing);
        return;
    }
    axis_up_draw(&frame);
    axis_across_draw(&frame);
    for (size_t i = plot->series_count; i > 0; i--)
        series_draw(&frame, &plot->series[i - 1]);
}
