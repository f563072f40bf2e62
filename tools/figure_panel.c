/*
 * The panels of a figure, each the curves that belong together. A logarithmic axis that has to show
 * 0 has it below its numbers, at a place of its own.
 */
#include "figure_sheet.h"

#include <assert.h>
#include <math.h>

static const double left_mm = 15;
static const double right_mm = 4;
static const double label_mm = 3;     /* from the left: the name of an axis of y */
static const double note_max_mm = 40; /* of the longest sentence on the verdict */
static const double name_mm = 7.3;    /* below a panel: the name of its axis */
static const double number_mm = 11;   /* between numbers along an axis of pairs, at least */
static const double tick_mm = 7;      /* between numbers along an axis of y, at least */
enum { POINTS_SHOWN_MAX = 64 };       /* more of them would be a thick line */

/* A field against pairs; a limit is what others have to reach. */
struct curve {
    const char *name;
    enum history_field field;
    enum figure_style style;
};

enum { CURVES_MAX = 3 };

/*
 * Curves on one pair of axes.
 *
 * is_stepped  a value may jump from 0 to its size: what was found holds until the next emission
 */
struct panel {
    const char *label;
    int is_log;
    int is_stepped;
    struct curve curves[CURVES_MAX];
    size_t count;
};

static const struct panel loss_panel = {
    .label = "squared error",
    .is_log = 1,
    .curves = {{"progressive", HISTORY_LOSS_PROGRESSIVE, FIGURE_SECOND},
               {"recent", HISTORY_LOSS_RECENT, FIGURE_MAIN}},
    .count = 2,
};
static const struct panel rank_panel = {
    .label = "directions",
    .curves = {{"p", HISTORY_FEATURES, FIGURE_LIMIT}, {"rank", HISTORY_RANK, FIGURE_MAIN}},
    .count = 2,
};
/* Where all features were seen both are equal, and only the first is seen. */
static const struct panel rho_panel = {
    .label = "ρ",
    .is_log = 1,
    .is_stepped = 1,
    .curves = {{"threshold", HISTORY_THRESHOLD, FIGURE_LIMIT},
               {"ρ of seen", HISTORY_RHO_SEEN, FIGURE_PARTIAL},
               {"ρ", HISTORY_RHO, FIGURE_MAIN}},
    .count = 3,
};
static const struct panel lambda_panel = {
    .label = "λ_{min}",
    .is_log = 1,
    .is_stepped = 1,
    .curves = {{"λ_{min}", HISTORY_LAMBDA_MIN, FIGURE_MAIN}},
    .count = 1,
};

/* ---- the axis of pairs ----------------------------------------------------------------------- */

static double pairs_at(const struct figure_sheet *sheet, size_t i)
{
    return sheet->convergence->history.points[i].values[HISTORY_PAIRS];
}

/* All that matters would happen at the left edge of an even axis. */
static int is_early(const struct convergence *convergence, double first, double last)
{
    static const double share = 0.05;

    return convergence->spans_count > 0 && first < share * last &&
           convergence->spans[convergence->spans_count - 1].since < share * last;
}

/* Tight where there are powers of ten enough to tell numbers at. */
static struct scale pairs_log(double first, double last)
{
    const struct extent extent = {
        .low = first,
        .high = last,
        .low_positive = first,
        .has_any = 1,
        .has_positive = 1,
    };

    if (last < 10 * first)
        return scale_fit(&extent, 1, 0);
    return (struct scale){.low = first, .high = last, .is_log = 1};
}

/* From 0, unless that would waste half of the width; one emission stands in the middle. */
static struct scale pairs_even(double first, double last)
{
    if (last == first)
        return (struct scale){.low = 0, .high = 2 * last};
    return (struct scale){.low = first > last / 2 ? first : 0, .high = last};
}

void figure_pairs_fit(struct figure_sheet *sheet, enum figure_axis axis)
{
    double first = pairs_at(sheet, 0);
    double last = pairs_at(sheet, sheet->convergence->history.count - 1);
    int is_log =
        axis == FIGURE_LOG || (axis == FIGURE_FITTING && is_early(sheet->convergence, first, last));

    sheet->pairs = is_log ? pairs_log(first, last) : pairs_even(first, last);
    sheet->pairs_unit = 1;
    sheet->pairs_name = "pairs learned";
    if (!is_log && last >= 2e7) {
        sheet->pairs_unit = 1e6;
        sheet->pairs_name = "pairs learned (millions)";
    } else if (!is_log && last >= 2e4) {
        sheet->pairs_unit = 1e3;
        sheet->pairs_name = "pairs learned (thousands)";
    }
}

static double across_begin(const struct figure_sheet *sheet)
{
    return left_mm / sheet->width;
}

static double across_end(const struct figure_sheet *sheet)
{
    return 1 - right_mm / sheet->width;
}

/* As a share of the height, from the bottom. */
static double down(const struct figure_sheet *sheet, double mm)
{
    return 1 - mm / sheet->height;
}

static void across_name(const struct figure_sheet *sheet, double bottom, const char *name)
{
    fprintf(sheet->stream, "set label \"%s\" at graph 0.5, screen %.5f center\n", name,
            down(sheet, bottom + name_mm));
}

/* The step between numbers along an even axis of pairs. */
static double pairs_step(const struct figure_sheet *sheet)
{
    double width = (across_end(sheet) - across_begin(sheet)) * sheet->width;
    const struct scale scale = {.low = sheet->pairs.low / sheet->pairs_unit,
                                .high = sheet->pairs.high / sheet->pairs_unit};
    double ticks[SCALE_TICKS_MAX];
    size_t count = scale_ticks(&scale, (int)(width / number_mm) + 1, ticks);

    return count > 1 ? ticks[1] - ticks[0] : scale.high - scale.low;
}

/* Numbers and a name below the last panel only. */
static void pairs_print(const struct figure_sheet *sheet, double bottom, int is_last)
{
    FILE *stream = sheet->stream;

    fprintf(stream, "%s logscale x\nset xrange [%.15g:%.15g]\n",
            sheet->pairs.is_log ? "set" : "unset", sheet->pairs.low / sheet->pairs_unit,
            sheet->pairs.high / sheet->pairs_unit);
    if (sheet->pairs.is_log)
        fprintf(stream, "set xtics autofreq\n");
    else
        fprintf(stream, "set xtics %.15g\n", pairs_step(sheet));
    fprintf(stream, "x(pairs) = pairs / %.0f.\n", sheet->pairs_unit);
    fprintf(stream, "set format x \"%s\"\n",
            !is_last              ? ""
            : sheet->pairs.is_log ? "10^{%T}"
                                  : "%g");
    if (is_last)
        across_name(sheet, bottom, sheet->pairs_name);
}

/* ---- axes of y ------------------------------------------------------------------------------- */

static void panel_place(const struct figure_sheet *sheet, double top, const char *label)
{
    fprintf(sheet->stream,
            "set lmargin at screen %.5f\nset rmargin at screen %.5f\n"
            "set tmargin at screen %.5f\nset bmargin at screen %.5f\n",
            across_begin(sheet), across_end(sheet), down(sheet, top),
            down(sheet, top + sheet->panel_height));
    fprintf(sheet->stream, "set label \"%s\" at screen %.5f, graph 0.5 center rotate by 90\n",
            label, label_mm / sheet->width);
}

static void legend_place(const struct figure_sheet *sheet, double bottom)
{
    fprintf(sheet->stream,
            "set key at graph 0, screen %.5f left bottom horizontal Left reverse samplen 2.2 "
            "width -1.5 maxrows 1\n",
            down(sheet, bottom));
}

/* 0 stands below the smallest power of ten, at a distance that is seen. */
static double bottom_of(const struct scale *scale, const struct extent *extent)
{
    static const double share = 0.15;
    static const double size_min = 1e-307; /* a power of ten that a double still holds in full */
    double decades = log10(scale->high) - log10(scale->low);

    if (!extent->has_any || extent->low > 0)
        return scale->low;
    return fmax(size_min, scale->low / pow(10, fmax(1, ceil(share * decades))));
}

enum { POWERS_MARKED_MAX = 10 };

/* Between two numbers marks stand at whole multiples, or at each power unless they are too many. */
static void marks_print(FILE *stream, int power, int step)
{
    for (int k = 2; k <= 9 && step == 1; k++)
        fprintf(stream, "\"\" %de%d 1, ", k, power);
    for (int k = 1; k < step && step <= POWERS_MARKED_MAX; k++)
        fprintf(stream, "\"\" 1e%d 1, ", power + k);
}

/* Numbers at powers of ten that are far enough apart. */
static void log_axis_print(const struct figure_sheet *sheet, const struct extent *extent)
{
    struct scale scale = scale_fit(extent, 1, 0);
    double bottom = bottom_of(&scale, extent);
    double decades = log10(scale.high) - log10(bottom);
    int low = (int)lround(log10(scale.low)), high = (int)lround(log10(scale.high));
    int step = (int)ceil(tick_mm * decades / sheet->panel_height);
    int first;

    step = step > 0 ? step : 1;
    first = high - (high - low) / step * step;
    fprintf(sheet->stream, "set logscale y\nset yrange [%.3g:%.3g]\nset ytics (", bottom,
            scale.high);
    if (bottom < scale.low)
        fprintf(sheet->stream, "\"0\" %.3g, ", bottom);
    for (int power = first; power < high; power += step) {
        fprintf(sheet->stream, "\"10^{%d}\" 1e%d, ", power, power);
        marks_print(sheet->stream, power, step);
    }
    fprintf(sheet->stream, "\"10^{%d}\" 1e%d)\n", high, high);
    fprintf(sheet->stream, "y(value) = value > 0 ? value : value <= 0 ? %.3g : NaN\n", bottom);
}

/* The largest value stands free of the edge. */
static void linear_axis_print(const struct figure_sheet *sheet, const struct extent *extent)
{
    static const double room = 1.1;
    int wished = (int)fmax(3, sheet->panel_height / tick_mm);
    struct scale scale;
    double ticks[SCALE_TICKS_MAX];

    scale = scale_fit(extent, 0, wished);
    (void)scale_ticks(&scale, wished, ticks); /* both ends at least */
    fprintf(sheet->stream,
            "unset logscale y\nset yrange [%.15g:%.15g]\nset format y \"%%g\"\n"
            "set ytics %.15g\ny(value) = value\n",
            scale.low, extent->high > 0 ? room * extent->high : scale.high, ticks[1] - ticks[0]);
}

static void y_axis_print(const struct figure_sheet *sheet, const struct extent *extent, int is_log)
{
    if (!extent->has_any)
        fprintf(sheet->stream, "unset logscale y\nset yrange [0:1]\nset ytics (\"\" 2)\n"
                               "y(value) = NaN\n"
                               "set label \"no values\" at graph 0.5, graph 0.5 center\n");
    else if (is_log)
        log_axis_print(sheet, extent);
    else
        linear_axis_print(sheet, extent);
}

/* ---- the verdict ----------------------------------------------------------------------------- */

const struct convergence_span *figure_loss_find(const struct convergence *convergence)
{
    size_t count = convergence->spans_count;

    if (count > 0 && !isnan(convergence->spans[count - 1].until))
        return &convergence->spans[count - 1];
    return count > 1 ? &convergence->spans[count - 2] : NULL;
}

/* Shade where it was "identifying". */
static void spans_print(const struct figure_sheet *sheet)
{
    const struct convergence *convergence = sheet->convergence;

    for (size_t i = 0; i < convergence->spans_count; i++) {
        const struct convergence_span *span = &convergence->spans[i];
        double until = isnan(span->until) ? sheet->pairs.high : span->until;

        if (until <= sheet->pairs.low)
            continue;
        fprintf(sheet->stream,
                "set object rectangle from %.15g, graph 0 to %.15g, graph 1 behind "
                "fillcolor rgb \"#e6f2ec\" fillstyle solid noborder\n",
                fmax(span->since, sheet->pairs.low) / sheet->pairs_unit, until / sheet->pairs_unit);
    }
}

/* A line where the verdict changed; gnuplot has no dashes for it in SVG. */
static void change_print(const struct figure_sheet *sheet, double pairs, double width)
{
    if (pairs < sheet->pairs.low)
        return;
    fprintf(sheet->stream,
            "set arrow from %.15g, graph 0 to %.15g, graph 1 nohead lc rgb \"#00694a\" lw %g\n",
            pairs / sheet->pairs_unit, pairs / sheet->pairs_unit, width);
}

static void note_print(const struct figure_sheet *sheet, double pairs, const char *words,
                       double bottom)
{
    double at = fmax(pairs, sheet->pairs.low);
    double width = (across_end(sheet) - across_begin(sheet)) * sheet->width;
    int fits = (1 - scale_place(&sheet->pairs, at)) * width + right_mm > note_max_mm;
    char number[SCALE_WHOLE_MAX];

    scale_whole(pairs, number);
    fprintf(sheet->stream, "set label \"%s %s\" at %.15g, screen %.5f %s offset %s,0.5\n", words,
            number, at / sheet->pairs_unit, down(sheet, bottom), fits ? "left" : "right",
            fits ? "-0.2" : "0.2");
}

/* Of the verdict as it stands, and of the latest time that it was lost. */
static void verdict_print(const struct figure_sheet *sheet, int is_first)
{
    const struct convergence *convergence = sheet->convergence;
    const struct convergence_span *loss = figure_loss_find(convergence);
    const struct convergence_span *last;

    if (convergence->spans_count == 0)
        return;
    last = &convergence->spans[convergence->spans_count - 1];
    spans_print(sheet);
    change_print(sheet, last->since, 1.2);
    if (loss != NULL)
        change_print(sheet, loss->until, 0.5);
    if (!is_first)
        return;
    note_print(sheet, last->since, "identifying from pair", sheet->notes_top + sheet->notes_step);
    if (loss != NULL)
        note_print(sheet, loss->until, "lost at pair", sheet->notes_top + 2 * sheet->notes_step);
}

/* ---- panels ---------------------------------------------------------------------------------- */

static struct extent extent_of(const struct figure_sheet *sheet, const struct panel *panel)
{
    const struct history *history = &sheet->convergence->history;
    struct extent extent = {0};

    for (size_t i = 0; i < history->count; i++)
        for (size_t k = 0; k < panel->count; k++)
            scale_include(&extent, history->points[i].values[panel->curves[k].field]);
    return extent;
}

/* Is there anything to be told that the curve over it does not? */
static int is_told(const struct history *history, const struct curve *curve)
{
    if (curve->style != FIGURE_PARTIAL)
        return 1;
    for (size_t i = 0; i < history->count; i++)
        if (history->points[i].values[curve->field] > history->points[i].values[HISTORY_RHO])
            return 1;
    return 0;
}

static void curve_print(const struct figure_sheet *sheet, const struct panel *panel,
                        const struct curve *curve)
{
    size_t points = sheet->convergence->history.count;
    int has_points = points <= POINTS_SHOWN_MAX && (curve->style != FIGURE_LIMIT || points == 1);
    int is_stepped = panel->is_stepped && curve->style != FIGURE_LIMIT;
    const char *form = is_stepped ? "steps" : has_points ? "linespoints" : "lines";

    fprintf(sheet->stream, "$run using (x($1)):(y($%d)) with %s ls %d title \"%s\"",
            curve->field + 1, form, curve->style, curve->name);
    if (is_stepped && has_points)
        fprintf(sheet->stream, ", $run using (x($1)):(y($%d)) with points ls %d notitle",
                curve->field + 1, curve->style);
}

static void curves_print(const struct figure_sheet *sheet, const struct panel *panel)
{
    const char *before = "plot ";

    for (size_t i = 0; i < panel->count; i++) {
        if (!is_told(&sheet->convergence->history, &panel->curves[i]))
            continue;
        fprintf(sheet->stream, "%s", before);
        curve_print(sheet, panel, &panel->curves[i]);
        before = ", ";
    }
    fprintf(sheet->stream, "\n");
}

/* What was set for one panel. */
static void panel_end(const struct figure_sheet *sheet)
{
    fprintf(sheet->stream, "unset label\nunset arrow\nunset object\n");
}

void figure_shared_print(const struct figure_sheet *sheet, int index, int shows_lambda, double top)
{
    const struct panel *const panels[FIGURE_SHARED] = {&loss_panel, &rank_panel,
                                                       shows_lambda ? &lambda_panel : &rho_panel};
    const struct panel *panel;
    struct extent extent;

    assert(index >= 0 && index < FIGURE_SHARED);
    panel = panels[index];
    extent = extent_of(sheet, panel);
    panel_place(sheet, top, panel->label);
    legend_place(sheet, index == 0 ? sheet->notes_top : top);
    pairs_print(sheet, top + sheet->panel_height, index == FIGURE_SHARED - 1);
    y_axis_print(sheet, &extent, panel->is_log);
    verdict_print(sheet, index == 0);
    curves_print(sheet, panel);
    panel_end(sheet);
}

int32_t figure_gap(const struct lattn_spectrum *spectrum)
{
    int32_t told = spectrum->largest_count + spectrum->smallest_count;

    return spectrum->seen > told ? told / 4 : 0;
}

/* Numbers of the values at both ends of what is told; evenly where all are. */
static void numbers_print(const struct figure_sheet *sheet, const struct lattn_spectrum *spectrum)
{
    int32_t gap = figure_gap(spectrum);
    int32_t places = spectrum->largest_count + gap + spectrum->smallest_count;

    fprintf(sheet->stream, "unset logscale x\nset xrange [0.5:%d.5]\nset format x \"%%.0f\"\n",
            places);
    if (gap == 0) {
        fprintf(sheet->stream, "set xtics autofreq\n");
        return;
    }
    fprintf(sheet->stream, "set xtics (\"1\" 1, \"%d\" %d, \"%lld\" %d, \"%lld\" %d)\n",
            spectrum->largest_count, spectrum->largest_count,
            (long long)spectrum->seen - spectrum->smallest_count + 1,
            spectrum->largest_count + gap + 1, (long long)spectrum->seen, places);
}

/* It may be of an emission long before the last one. */
static void singular_name(const struct figure_sheet *sheet, double bottom)
{
    double pairs = sheet->convergence->spectrum_pairs;
    char number[SCALE_WHOLE_MAX], name[64 + SCALE_WHOLE_MAX];

    scale_whole(pairs, number);
    snprintf(name, sizeof name,
             isnan(pairs) ? "number i, some time before the end" : "number i, at %s pairs", number);
    across_name(sheet, bottom, name);
}

static void include_all(struct extent *extent, const double *values, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        scale_include(extent, values[i]);
}

void figure_singular_print(const struct figure_sheet *sheet, double top)
{
    const struct lattn_spectrum *spectrum = &sheet->convergence->spectrum;
    double threshold = sheet->convergence->spectrum_threshold;
    size_t count = (size_t)(spectrum->largest_count + spectrum->smallest_count);
    struct extent extent = {0};

    include_all(&extent, spectrum->largest, spectrum->largest_count);
    include_all(&extent, spectrum->smallest, spectrum->smallest_count);
    scale_include(&extent, threshold);
    panel_place(sheet, top, "σ_i / σ_1");
    legend_place(sheet, top);
    numbers_print(sheet, spectrum);
    singular_name(sheet, top + sheet->panel_height);
    y_axis_print(sheet, &extent, 1);
    fprintf(sheet->stream, "plot");
    if (threshold > 0)
        fprintf(sheet->stream, " %.15g with lines ls %d title \"threshold\",", threshold,
                FIGURE_LIMIT);
    fprintf(sheet->stream, " $singular using 2:(y($3)) with %s ls %d title \"σ_i of R\"\n",
            count <= POINTS_SHOWN_MAX ? "linespoints" : "lines", FIGURE_MAIN);
    panel_end(sheet);
}
