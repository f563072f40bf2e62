/*
 * plot: draw how learning converged, as a figure for a paper, from a recording of watch.
 */
#include "figure.h"

#include "files.h"
#include "gnuplot.h"
#include "options.h"
#include "recording.h"
#include "talk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char standard[] = "-"; /* input and output of the process */
static const char *const format_words[FIGURE_FORMATS] = {"svg", "png", "gp"};
static const double pixels_per_mm = 96 / 25.4; /* as of a page in a browser */
static const double dots_per_inch_print = 300;
static const double dots_per_inch_screen = 96;

/* What is asked for; texts are NULL where they are not given. */
struct wish {
    const char *recording;
    const char *path;
    const char *format;
    const char *width;
    const char *height;
    int is_log;
    int is_linear;
    struct figure_settings settings;
};

/* ---- the command line ------------------------------------------------------------------------ */

/* By its word, or by the end of the file's name. */
static enum options_outcome format_read(const char *verb, struct wish *wish)
{
    const char *dot = wish->path == NULL ? NULL : strrchr(wish->path, '.');
    const char *word = wish->format != NULL ? wish->format : dot != NULL ? dot + 1 : "";

    if (wish->format == NULL && wish->path == NULL)
        word = format_words[FIGURE_SVG];
    for (int i = 0; i < FIGURE_FORMATS; i++)
        if (strcmp(word, format_words[i]) == 0) {
            wish->settings.format = (enum figure_format)i;
            return OPTIONS_READ;
        }
    if (wish->format != NULL)
        talk(verb, "--format", "\"%s\" is not a format, svg, png and gp are", word);
    else
        talk(verb, wish->path,
             "its name ends neither in .svg nor in .png or .gp; --format F says "
             "what it shall be");
    return OPTIONS_MISUSED;
}

/* A size like 88mm or 600px; in pixels a figure is for a screen. */
static enum options_outcome size_read(const char *verb, const char *option, const char *text,
                                      double min_mm, double *ret_mm, int *ret_is_pixels)
{
    double value, size_mm;
    char *end;

    *ret_mm = 0;
    if (text == NULL)
        return OPTIONS_READ;
    value = strtod(text, &end);
    *ret_is_pixels = strcmp(end, "px") == 0;
    size_mm = *ret_is_pixels ? value / pixels_per_mm : value;
    if (end == text || (!*ret_is_pixels && strcmp(end, "mm") != 0) ||
        !(size_mm >= min_mm && size_mm <= figure_size_max_mm)) {
        talk(verb, option, "\"%s\" is no size from %gmm to %gmm, like 88mm or 600px", text, min_mm,
             figure_size_max_mm);
        return OPTIONS_MISUSED;
    }
    *ret_mm = size_mm;
    return OPTIONS_READ;
}

static enum options_outcome sizes_read(const char *verb, struct wish *wish)
{
    struct figure_settings *settings = &wish->settings;
    int in_pixels[2] = {0, 0};
    enum options_outcome outcome = size_read(verb, "--width", wish->width, figure_width_min_mm,
                                             &settings->width_mm, &in_pixels[0]);

    if (outcome == OPTIONS_READ)
        outcome = size_read(verb, "--height", wish->height, 1, &settings->height_mm, &in_pixels[1]);
    if (outcome != OPTIONS_READ)
        return outcome;
    if (wish->width != NULL && wish->height != NULL && in_pixels[0] != in_pixels[1]) {
        talk(verb, "--height", "it has another unit than --width");
        return OPTIONS_MISUSED;
    }
    settings->dots_per_inch =
        in_pixels[0] || in_pixels[1] ? dots_per_inch_screen : dots_per_inch_print;
    return OPTIONS_READ;
}

static enum options_outcome axis_read(const char *verb, struct wish *wish)
{
    if (wish->is_log && wish->is_linear) {
        talk(verb, "--log-x", "does not go with --linear-x");
        return OPTIONS_MISUSED;
    }
    wish->settings.axis = wish->is_log      ? FIGURE_LOG
                          : wish->is_linear ? FIGURE_LINEAR
                                            : FIGURE_FITTING;
    return OPTIONS_READ;
}

static enum options_outcome wish_read(int argc, char **argv, struct wish *wish)
{
    const struct option_row rows[] = {
        {"-o", "FILE", OPTION_TEXT, &wish->path, 0, 0,
         "replace FILE, whole or not at all; default: standard output"},
        {"--format", "svg|png|gp", OPTION_TEXT, &wish->format, 0, 0,
         "gp: the script with its data; default: as FILE ends, or svg"},
        {"--width", "W", OPTION_TEXT, &wish->width, 0, 0, "like 180mm or 800px; default 88mm"},
        {"--height", "H", OPTION_TEXT, &wish->height, 0, 0,
         "likewise; default: as many panels need"},
        {.name = "--log-x",
         .kind = OPTION_FLAG,
         .value = &wish->is_log,
         .help = "pairs by their logarithm; default: where all happens early"},
        {.name = "--linear-x",
         .kind = OPTION_FLAG,
         .value = &wish->is_linear,
         .help = "pairs evenly"},
        {.name = "--lambda",
         .kind = OPTION_FLAG,
         .value = &wish->settings.shows_lambda,
         .help = "the smallest eigenvalue in place of rho"},
    };
    const struct options options = {
        .usage = "plot RECORDING [-o FILE] [options]",
        .about = "Draw what lattn watch --record has kept, by gnuplot, as a figure for a paper.",
        .rows = rows,
        .rows_count = sizeof rows / sizeof rows[0],
        .operands_count = 1,
    };
    enum options_outcome outcome = options_read(&options, argc, argv, &wish->recording);

    if (wish->path != NULL && strcmp(wish->path, standard) == 0)
        wish->path = NULL;
    if (outcome == OPTIONS_READ)
        outcome = format_read(argv[0], wish);
    if (outcome == OPTIONS_READ)
        outcome = sizes_read(argv[0], wish);
    return outcome == OPTIONS_READ ? axis_read(argv[0], wish) : outcome;
}

/* ---- the recording --------------------------------------------------------------------------- */

/* The spectrum may be missing in an emission. */
static enum lattn_status emission_take(struct convergence *convergence,
                                       const struct lattn_reply *emission)
{
    struct lattn_state_of_service state;
    struct lattn_spectrum spectrum = {0};
    enum lattn_status status = lattn_reply_status(emission, &state);
    enum lattn_status status_of_spectrum;

    if (status != LATTN_OK)
        return status;
    status_of_spectrum = lattn_reply_spectrum(emission, &spectrum);
    if (status_of_spectrum == LATTN_NO_MEMORY)
        status = status_of_spectrum;
    else
        status = convergence_take(convergence, &state,
                                  status_of_spectrum == LATTN_OK ? &spectrum : NULL);
    if (status != LATTN_OK)
        lattn_spectrum_done(&spectrum);
    lattn_report_done(&state.report);
    return status;
}

static enum lattn_status emissions_take(struct recording *recording,
                                        struct convergence *convergence,
                                        struct lattn_complaint *complaint)
{
    struct lattn_reply emission;
    enum lattn_status status;

    while ((status = recording_next(recording, &emission, complaint)) == LATTN_OK) {
        status = emission_take(convergence, &emission);
        lattn_reply_done(&emission);
        if (status != LATTN_OK)
            return status;
    }
    return status == LATTN_MORE ? LATTN_OK : status;
}

static enum verb_exit recording_take(const char *verb, const char *path,
                                     struct convergence *convergence)
{
    struct lattn_complaint complaint = {""};
    struct recording recording;
    enum lattn_status status =
        recording_open(&recording, strcmp(path, standard) == 0 ? "/dev/stdin" : path, &complaint);

    if (status == LATTN_OK) {
        status = emissions_take(&recording, convergence, &complaint);
        recording_close(&recording);
    }
    if (status != LATTN_OK) {
        talk(verb, path, "cannot be drawn: %s",
             complaint.text[0] ? complaint.text : lattn_status_text(status));
        return VERB_REFUSED;
    }
    if (convergence->history.count == 0) {
        talk(verb, path, "cannot be drawn: nothing is learned in it");
        return VERB_REFUSED;
    }
    if (convergence->restarts > 0)
        talk(verb, path, "learning began anew: only what came after the last time is drawn");
    return VERB_DONE;
}

/* ---- the figure ------------------------------------------------------------------------------ */

static enum verb_exit text_put(const struct wish *wish, const char *verb,
                               const struct lattn_text *text)
{
    enum lattn_status status;

    if (wish->path == NULL) {
        fwrite(text->data, 1, text->length, stdout); /* main checks */
        return VERB_DONE;
    }
    status = files_replace(wish->path, text);
    if (status == LATTN_OK)
        return VERB_DONE;
    talk(verb, wish->path, "cannot write: %s",
         status == LATTN_INPUT_OUTPUT ? strerror(errno) : lattn_status_text(status));
    return VERB_REFUSED;
}

static enum verb_exit figure_draw(const struct wish *wish, const char *verb,
                                  const struct convergence *convergence)
{
    struct lattn_complaint complaint = {""};
    struct lattn_text script, figure;
    enum lattn_status status;
    enum verb_exit code = VERB_REFUSED;

    lattn_text_init(&script);
    lattn_text_init(&figure);
    status = figure_script(&script, convergence, &wish->settings);
    if (status == LATTN_OK && wish->settings.format != FIGURE_GP)
        status = gnuplot_draw(&script, &figure, &complaint);
    if (status == LATTN_OK)
        code = text_put(wish, verb, wish->settings.format == FIGURE_GP ? &script : &figure);
    else
        talk(verb, wish->recording, "cannot be drawn: %s",
             complaint.text[0] ? complaint.text : lattn_status_text(status));
    lattn_text_done(&script);
    lattn_text_done(&figure);
    return code;
}

static enum verb_exit height_check(const struct wish *wish, const char *verb,
                                   const struct convergence *convergence)
{
    double min_mm = figure_height_min(convergence);

    if (wish->height == NULL || wish->settings.height_mm >= min_mm)
        return VERB_DONE;
    talk(verb, "--height", "\"%s\" has no room for all panels, %gmm have", wish->height, min_mm);
    return VERB_REFUSED;
}

/* Only people sit at terminals, and they cannot read bytes. */
static enum verb_exit output_check(const struct wish *wish, const char *verb)
{
    if (wish->settings.format != FIGURE_PNG || wish->path != NULL || !isatty(STDOUT_FILENO))
        return VERB_DONE;
    talk(verb, "standard output", "a terminal does not show png; -o FILE writes a file");
    return VERB_REFUSED;
}

enum verb_exit figure_run(int argc, char **argv)
{
    struct wish wish = {0};
    enum options_outcome outcome = wish_read(argc, argv, &wish);
    struct convergence *convergence;
    enum verb_exit code;

    if (outcome != OPTIONS_READ)
        return (enum verb_exit)outcome;
    code = output_check(&wish, argv[0]);
    if (code != VERB_DONE)
        return code;
    convergence = calloc(1, sizeof *convergence);
    if (convergence == NULL) {
        talk(argv[0], NULL, "%s", strerror(errno));
        return VERB_REFUSED;
    }
    code = recording_take(argv[0], wish.recording, convergence);
    if (code == VERB_DONE)
        code = height_check(&wish, argv[0], convergence);
    if (code == VERB_DONE)
        code = figure_draw(&wish, argv[0], convergence);
    convergence_done(convergence);
    free(convergence);
    return code;
}
