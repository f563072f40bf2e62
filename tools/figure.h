#ifndef FIGURE_H
#define FIGURE_H

#include "convergence.h"

#include <lattn/status.h>
#include <lattn/wire.h>

enum figure_format { FIGURE_SVG, FIGURE_PNG, FIGURE_GP, FIGURE_FORMATS };
enum figure_axis { FIGURE_FITTING, FIGURE_LINEAR, FIGURE_LOG, FIGURE_AXES };

/* Sizes that a page, or a wall, has room for. */
static const double figure_width_min_mm = 80;
static const double figure_size_max_mm = 2000;

/*
 * How a figure shall look.
 *
 * width_mm, height_mm  0: as suits a column of a paper
 * dots_per_inch        of PNG
 * axis                 of pairs
 * shows_lambda         lambda_min in place of rho
 */
struct figure_settings {
    enum figure_format format;
    enum figure_axis axis;
    double width_mm;
    double height_mm;
    double dots_per_inch;
    int shows_lambda;
};

/* The smallest height that has room for all panels. */
double figure_height_min(const struct convergence *convergence);

/*
 * Write a script, with its data, by which gnuplot prints the figure on its standard output.
 *
 * convergence  in  has at least one emission
 * settings     in  height_mm is 0, or at least the smallest there can be
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status figure_script(struct lattn_text *script, const struct convergence *convergence,
                                const struct figure_settings *settings);

#endif
