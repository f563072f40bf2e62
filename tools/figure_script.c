/*
 * The figure as a script for gnuplot: panels in one column, those against pairs above each other
 * on one axis. Places are millimetres from the top left corner until they are printed; each panel
 * gets its own from here, so that axes and labels stand in line whatever the numbers are.
 *
 * No text in it comes from outside.
 */
#include "figure_sheet.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double mm_per_inch = 25.4;
static const double pixels_per_inch = 96; /* of SVG */
static const double font_pt = 7;
static const double width_usual_mm = 88; /* one column of most journals */
static const double panel_usual_mm = 28;
static const double panel_min_mm = 18; /* the longest label beside it */

static const double top_mm = 1;
static const double legend_mm = 5.5; /* above each panel */
static const double note_mm = 3.6;   /* a line above the first one */
static const double across_mm = 9.5; /* numbers and name of an axis of x */

/* ---- the sheet ------------------------------------------------------------------------------- */

static int notes_count(const struct convergence *convergence)
{
    return convergence->spans_count == 0 ? 0 : figure_loss_find(convergence) == NULL ? 1 : 2;
}

static int panels_count(const struct convergence *convergence)
{
    return convergence->has_spectrum ? FIGURE_SHARED + 1 : FIGURE_SHARED;
}

/* All but the panels themselves. */
static double height_around(const struct convergence *convergence)
{
    return top_mm + notes_count(convergence) * note_mm + panels_count(convergence) * legend_mm +
           (panels_count(convergence) - FIGURE_SHARED + 1) * across_mm;
}

double figure_height_min(const struct convergence *convergence)
{
    return ceil(height_around(convergence) + panels_count(convergence) * panel_min_mm);
}

static struct figure_sheet sheet_of(FILE *stream, const struct convergence *convergence,
                                    const struct figure_settings *settings)
{
    double around = height_around(convergence);
    struct figure_sheet sheet = {
        .stream = stream,
        .convergence = convergence,
        .width = settings->width_mm > 0 ? settings->width_mm : width_usual_mm,
        .height = settings->height_mm > 0 ? settings->height_mm
                                          : around + panels_count(convergence) * panel_usual_mm,
    };

    sheet.panel_height = (sheet.height - around) / panels_count(convergence);
    figure_pairs_fit(&sheet, settings->axis);
    return sheet;
}

/* ---- its parts ------------------------------------------------------------------------------- */

/* A text of the size of those in a paper, whatever the resolution. */
static void terminal_print(const struct figure_sheet *sheet, const struct figure_settings *settings)
{
    double per_inch = settings->format == FIGURE_PNG ? settings->dots_per_inch : pixels_per_inch;
    long width = lround(sheet->width / mm_per_inch * per_inch);
    long height = lround(sheet->height / mm_per_inch * per_inch);
    double scale = per_inch / pixels_per_inch;

    if (settings->format == FIGURE_PNG)
        fprintf(sheet->stream,
                "set terminal pngcairo size %ld,%ld enhanced font \"Helvetica,%.4g\" "
                "fontscale %.6g linewidth %.6g pointscale %.6g\n",
                width, height, font_pt, scale, scale, scale);
    else
        fprintf(sheet->stream,
                "set terminal svg size %ld,%ld fixed enhanced font \"Helvetica,%.4g\" "
                "background \"white\"\n",
                width, height, font_pt * pixels_per_inch / 72);
}

/* Colours that are told apart by every eye, and as shades of grey. */
static void styles_print(FILE *stream)
{
    fprintf(stream,
            "set encoding utf8\n"
            "set style line %d lc rgb \"#0072b2\" lw 1.4 pt 7 ps 0.3\n"
            "set style line %d lc rgb \"#e69f00\" lw 1.4 dt (9,3) pt 7 ps 0.3\n"
            "set style line %d lc rgb \"#0072b2\" lw 1.4 dt (2,3) pt 6 ps 0.3\n"
            "set style line %d lc rgb \"#333333\" lw 1.2 dt (5,2,1,2) pt 1 ps 0.4\n"
            "set border 3 back lw 0.8\n"
            "set tics nomirror out scale 0.6,0.3\n"
            "set samples 2\n"
            "set bars 0\n",
            FIGURE_MAIN, FIGURE_SECOND, FIGURE_PARTIAL, FIGURE_LIMIT);
}

static void number_print(FILE *stream, double value, char end)
{
    if (isfinite(value))
        fprintf(stream, "%.15g%c", value, end);
    else
        fprintf(stream, "NaN%c", end);
}

/* Columns are the fields of a history, in their order. */
static void run_print(FILE *stream, const struct history *history)
{
    static_assert(HISTORY_PAIRS == 0 && HISTORY_LAMBDA_MIN == 8, "columns are as they are named");
    fprintf(stream, "$run << EOD\n"
                    "# pairs loss_progressive loss_recent rank p rho rho_seen threshold "
                    "lambda_min\n");
    for (size_t i = 0; i < history->count; i++)
        for (int field = HISTORY_PAIRS; field <= HISTORY_LAMBDA_MIN; field++)
            number_print(stream, history->points[i].values[field],
                         field < HISTORY_LAMBDA_MIN ? ' ' : '\n');
    fprintf(stream, "EOD\n");
}

/* Each value with its number and its place, which differ behind a gap. */
static void singular_print(FILE *stream, const struct lattn_spectrum *spectrum)
{
    int32_t gap = figure_gap(spectrum);

    fprintf(stream, "$singular << EOD\n# number place value\n");
    for (int32_t i = 0; i < spectrum->largest_count; i++)
        fprintf(stream, "%d %d %.15g\n", i + 1, i + 1, spectrum->largest[i]);
    if (gap > 0)
        fprintf(stream, "\n");
    for (int32_t i = 0; i < spectrum->smallest_count; i++)
        fprintf(stream, "%lld %d %.15g\n",
                (long long)(spectrum->seen - spectrum->smallest_count + i + 1),
                spectrum->largest_count + gap + i + 1, spectrum->smallest[i]);
    fprintf(stream, "EOD\n");
}

static void panels_print(struct figure_sheet *sheet, int shows_lambda)
{
    const struct convergence *convergence = sheet->convergence;
    double top = top_mm + legend_mm;

    fprintf(sheet->stream, "set multiplot\n");
    sheet->notes_top = top;
    sheet->notes_step = note_mm;
    top += notes_count(convergence) * note_mm;
    for (int i = 0; i < FIGURE_SHARED; i++) {
        figure_shared_print(sheet, i, shows_lambda, top);
        top += sheet->panel_height + legend_mm;
    }
    if (convergence->has_spectrum)
        figure_singular_print(sheet, top + across_mm);
    fprintf(sheet->stream, "unset multiplot\n");
}

static void script_print(FILE *stream, const struct convergence *convergence,
                         const struct figure_settings *settings)
{
    struct figure_sheet sheet = sheet_of(stream, convergence, settings);

    fprintf(stream, "# Made by lattn plot; gnuplot THIS > FIGURE draws it.\n");
    terminal_print(&sheet, settings);
    styles_print(stream);
    run_print(stream, &convergence->history);
    if (convergence->has_spectrum)
        singular_print(stream, &convergence->spectrum);
    panels_print(&sheet, settings->shows_lambda);
}

enum lattn_status figure_script(struct lattn_text *script, const struct convergence *convergence,
                                const struct figure_settings *settings)
{
    enum lattn_status status = LATTN_NO_MEMORY;
    char *bytes = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&bytes, &length);

    assert(convergence->history.count > 0);
    if (stream == NULL)
        return LATTN_NO_MEMORY;
    script_print(stream, convergence, settings);
    if (fclose(stream) == 0)
        status = lattn_text_add(script, bytes, length);
    free(bytes);
    return status;
}
