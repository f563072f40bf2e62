#ifndef DASHBOARD_H
#define DASHBOARD_H

#include "outlook.h"
#include "plot.h"
#include "screen.h"

#include <stdint.h>

/* What somebody types: a character, or one of these. */
enum stroke {
    STROKE_NONE = 0,
    STROKE_CONTROL_C = 3,
    STROKE_TAB = '\t',
    STROKE_ESCAPE = 27,
    STROKE_LEFT = 0x110000, /* behind all characters */
    STROKE_RIGHT,
    STROKE_UP,
    STROKE_DOWN,
    STROKE_BACK_TAB
};

/*
 * The screen of watch: what is known of a daemon as plots, with the verdict above them. Pure: it is
 * told what happened and draws into a screen of cells.
 *
 * live     what is known
 * held     what was known when the picture was stopped
 * address  borrowed
 * trouble  why there is no connection; "": there is one
 * first    the plot that is shown first, shown: how many there were room for
 */
struct dashboard {
    struct outlook live;
    struct outlook held;
    const char *address;
    char trouble[256];
    int32_t first;
    int32_t shown;
    int is_held;
    int shows_help;
    int shows_one;
    int shows_lambda; /* lambda_min in place of rho */
};

enum dashboard_wish { DASHBOARD_NOTHING, DASHBOARD_DRAW, DASHBOARD_QUIT };

/* Zeroed but for the address, it is ready; one takes too much memory for a stack. */
struct dashboard *dashboard_open(const char *address);
void dashboard_close(struct dashboard **dashboard);

/* Do what a stroke asks for; returns what is left to do. */
enum dashboard_wish dashboard_type(struct dashboard *dashboard, int32_t stroke);

/* Draw all of it, for a screen of any size. */
void dashboard_draw(struct dashboard *dashboard, struct screen *screen);

/* ---- dashboard_plots.c: what the plots show ----------------------------------------------------
 */

enum { DASHBOARD_PLOTS = 9 };

/* The plot of an index below DASHBOARD_PLOTS, of what the outlook holds; borrowed from it. */
struct plot dashboard_plot(const struct dashboard *dashboard, const struct outlook *outlook,
                           int32_t index);

#endif
