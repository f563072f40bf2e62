#include "figure.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct figure_settings usual = {.format = FIGURE_GP};

/* A run of so many emissions, ten pairs each, with one value for all that is measured. */
static struct convergence *run_make(size_t emissions, double value)
{
    struct convergence *convergence = calloc(1, sizeof *convergence);

    cr_assert_not_null(convergence);
    for (size_t i = 0; i < emissions; i++) {
        const double pairs = 10 * (double)(i + 1);
        const struct history_point point = {{
            [HISTORY_PAIRS] = pairs,
            [HISTORY_LOSS_PROGRESSIVE] = value,
            [HISTORY_LOSS_RECENT] = value,
            [HISTORY_RANK] = fmin(6, (double)i),
            [HISTORY_FEATURES] = 6,
            [HISTORY_RHO] = value,
            [HISTORY_RHO_SEEN] = value,
            [HISTORY_THRESHOLD] = 1e-14,
            [HISTORY_LAMBDA_MIN] = value,
        }};

        history_add(&convergence->history, &point);
    }
    return convergence;
}

static void span_add(struct convergence *convergence, double since, double until)
{
    convergence->spans =
        realloc(convergence->spans, (convergence->spans_count + 1) * sizeof *convergence->spans);
    cr_assert_not_null(convergence->spans);
    convergence->spans[convergence->spans_count++] =
        (struct convergence_span){.since = since, .until = until};
}

static void spectrum_set(struct convergence *convergence, int64_t seen, int32_t largest,
                         int32_t smallest)
{
    struct lattn_spectrum *spectrum = &convergence->spectrum;
    double *values = malloc((size_t)(largest + smallest) * sizeof *values);

    cr_assert_not_null(values);
    for (int32_t i = 0; i < largest + smallest; i++)
        values[i] = pow(10, -i);
    *spectrum = (struct lattn_spectrum){.seen = seen,
                                        .largest = values,
                                        .largest_count = largest,
                                        .smallest = values + largest,
                                        .smallest_count = smallest};
    convergence->has_spectrum = 1;
    convergence->spectrum_pairs = 20;
    convergence->spectrum_threshold = 1e-14;
}

static char *script_of(struct convergence *convergence, const struct figure_settings *settings)
{
    struct lattn_text script;

    lattn_text_init(&script);
    cr_assert_eq(figure_script(&script, convergence, settings), LATTN_OK);
    convergence_done(convergence);
    free(convergence);
    return script.data;
}

static size_t count_of(const char *script, const char *words)
{
    size_t count = 0;

    for (const char *at = strstr(script, words); at != NULL; at = strstr(at + 1, words))
        count++;
    return count;
}

#define EXPECT_HAS(script, words)                                                                  \
    cr_expect_not_null(strstr(script, words), "\"%s\" is missing in\n%s", words, script)
#define EXPECT_HAS_NOT(script, words)                                                              \
    cr_expect_null(strstr(script, words), "\"%s\" is in\n%s", words, script)

Test(figure_script, holds_its_data)
{
    struct convergence *convergence = run_make(3, 0.125);
    char *script;

    convergence->history.points[1].values[HISTORY_LOSS_RECENT] = NAN;
    script = script_of(convergence, &usual);
    EXPECT_HAS(script, "$run << EOD\n");
    EXPECT_HAS(script, "\n10 0.125 0.125 0 6 0.125 0.125 1e-14 0.125\n"
                       "20 0.125 NaN 1 6 0.125 0.125 1e-14 0.125\n"
                       "30 0.125 0.125 2 6 0.125 0.125 1e-14 0.125\nEOD\n");
    EXPECT_HAS_NOT(script, "$singular");
    cr_expect_eq(count_of(script, "\nplot "), 3);
    free(script);
}

Test(figure_script, draws_what_rho_has_to_reach)
{
    const struct figure_settings lambda = {.format = FIGURE_GP, .shows_lambda = 1};
    char *script = script_of(run_make(100, 1e-3), &usual);

    EXPECT_HAS(script, "(y($8)) with lines ls 4 title \"threshold\"");
    EXPECT_HAS(script, "(y($6)) with steps ls 1 title \"ρ\"");
    EXPECT_HAS_NOT(script, "ρ of seen");
    free(script);
    script = script_of(run_make(100, 1e-3), &lambda);
    EXPECT_HAS(script, "(y($9)) with steps ls 1 title \"λ_{min}\"");
    EXPECT_HAS_NOT(script, "threshold\"");
    free(script);
}

Test(figure_script, tells_rho_of_what_was_seen_while_that_is_not_all)
{
    struct convergence *convergence = run_make(4, 0.25);
    char *script;

    convergence->history.points[0].values[HISTORY_RHO] = 0;
    script = script_of(convergence, &usual);
    EXPECT_HAS(script, "(y($7)) with steps ls 3 title \"ρ of seen\"");
    free(script);
}

Test(figure_script, has_a_place_for_0_on_a_logarithmic_axis)
{
    struct convergence *convergence = run_make(4, 0.02);
    char *script;

    convergence->history.points[3].values[HISTORY_LOSS_RECENT] = 0;
    script = script_of(convergence, &usual);
    EXPECT_HAS(script, "set ytics (\"0\" 0.001, \"10^{-2}\" 1e-2, \"\" 2e-2 1,");
    EXPECT_HAS(script, "value <= 0 ? 0.001 : NaN");
    free(script);
    script = script_of(run_make(4, 0.0), &usual);
    EXPECT_HAS(script, "set ytics (\"0\" 0.01,");
    EXPECT_HAS_NOT(script, "no values");
    free(script);
}

/* From what is hardly above 0 to what is hardly finite. */
Test(figure_script, has_few_numbers_on_any_axis)
{
    struct convergence *convergence = run_make(4, 0);
    char *script;

    convergence->history.points[1].values[HISTORY_RHO] = 5e-324;
    convergence->history.points[2].values[HISTORY_RHO] = 1.7e308;
    script = script_of(convergence, &usual);
    EXPECT_HAS(script, "set yrange [1e-307:1e+300]\nset ytics (\"0\" 1e-307, ");
    cr_expect_leq(count_of(script, "\"10^{"), 16);
    free(script);
}

Test(figure_script, says_where_there_are_no_values)
{
    char *script = script_of(run_make(4, NAN), &usual);

    cr_expect_eq(count_of(script, "no values"), 1, "rho has its threshold");
    free(script);
}

Test(figure_script, marks_where_the_verdict_changed)
{
    struct convergence *convergence = run_make(100, 0.5);
    char *script;

    span_add(convergence, 120, 400);
    span_add(convergence, 700, NAN);
    script = script_of(convergence, &usual);
    cr_expect_eq(count_of(script, "set object rectangle from 120, graph 0 to 400, graph 1"), 3);
    cr_expect_eq(count_of(script, "set object rectangle from 700, graph 0 to 1000, graph 1"), 3);
    cr_expect_eq(count_of(script, "set arrow from 700, graph 0 to 700, graph 1 nohead"), 3);
    cr_expect_eq(count_of(script, "set arrow from 400, graph 0 to 400, graph 1 nohead"), 3);
    cr_expect_eq(count_of(script, "set label \"identifying from pair 700\" at 700, screen"), 1);
    cr_expect_eq(count_of(script, "set label \"lost at pair 400\" at 400, screen"), 1);
    free(script);
}

/* A verdict older than the recording is told at its edge. */
Test(figure_script, marks_nothing_outside)
{
    struct convergence *convergence = run_make(2, 0.5);
    char *script;

    convergence->history.points[0].values[HISTORY_PAIRS] = 900;
    convergence->history.points[1].values[HISTORY_PAIRS] = 1000;
    span_add(convergence, 40, NAN);
    script = script_of(convergence, &usual);
    EXPECT_HAS(script, "set xrange [900:1000]");
    EXPECT_HAS(script, "set object rectangle from 900, graph 0 to 1000, graph 1");
    EXPECT_HAS(script, "set label \"identifying from pair 40\" at 900, screen");
    EXPECT_HAS_NOT(script, "set arrow from");
    free(script);
}

Test(figure_script, fits_the_axis_of_pairs)
{
    const struct figure_settings by_log = {.format = FIGURE_GP, .axis = FIGURE_LOG};
    const struct figure_settings evenly = {.format = FIGURE_GP, .axis = FIGURE_LINEAR};
    struct convergence *convergence = run_make(300, 0.5);
    char *script;

    span_add(convergence, 40, NAN);
    script = script_of(convergence, &usual);
    EXPECT_HAS(script, "set logscale x\nset xrange [10:3000]");
    free(script);
    convergence = run_make(300, 0.5);
    span_add(convergence, 40, NAN);
    script = script_of(convergence, &evenly);
    EXPECT_HAS(script, "unset logscale x\nset xrange [0:3000]\nset xtics 500\n");
    free(script);
    script = script_of(run_make(5, 0.5), &by_log);
    EXPECT_HAS(script, "set logscale x\nset xrange [10:100]");
    free(script);
    script = script_of(run_make(1, 0.5), &usual);
    EXPECT_HAS(script, "set xrange [0:20]");
    free(script);
    script = script_of(run_make(3000, 0.5), &usual);
    EXPECT_HAS(script, "set xrange [0:30]\nset xtics 5\nx(pairs) = pairs / 1000.\n");
    EXPECT_HAS(script, "\"pairs learned (thousands)\"");
    free(script);
}

Test(figure_script, shows_both_ends_of_a_long_spectrum)
{
    struct convergence *convergence = run_make(2, 0.5);
    char *script;

    spectrum_set(convergence, 2000, 4, 4);
    script = script_of(convergence, &usual);
    EXPECT_HAS(script, "\n4 4 0.001\n\n1997 7 0.0001\n");
    EXPECT_HAS(script, "set xtics (\"1\" 1, \"4\" 4, \"1997\" 7, \"2000\" 10)");
    EXPECT_HAS(script, "plot 1e-14 with lines ls 4 title \"threshold\", $singular using 2:(y($3))");
    free(script);
    convergence = run_make(2, 0.5);
    spectrum_set(convergence, 5, 5, 0);
    script = script_of(convergence, &usual);
    EXPECT_HAS(script, "set xrange [0.5:5.5]");
    EXPECT_HAS(script, "set label \"number i, at 20 pairs\"");
    free(script);
}

Test(figure_script, is_of_the_size_that_is_asked_for)
{
    struct figure_settings settings = {
        .format = FIGURE_PNG, .width_mm = 254, .height_mm = 127, .dots_per_inch = 300};
    struct convergence *convergence = run_make(2, 0.5);
    char *script;

    cr_expect_leq(figure_height_min(convergence), 127);
    script = script_of(convergence, &settings);
    EXPECT_HAS(script, "set terminal pngcairo size 3000,1500 ");
    free(script);
    settings.format = FIGURE_SVG;
    script = script_of(run_make(2, 0.5), &settings);
    EXPECT_HAS(script, "set terminal svg size 960,480 ");
    free(script);
}
