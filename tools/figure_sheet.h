#ifndef FIGURE_SHEET_H
#define FIGURE_SHEET_H

#include "figure.h"
#include "scale.h"

#include <stdint.h>
#include <stdio.h>

enum { FIGURE_SHARED = 3 }; /* panels against pairs */

/* Styles of lines, by their numbers in a script. */
enum figure_style { FIGURE_MAIN = 1, FIGURE_SECOND, FIGURE_PARTIAL, FIGURE_LIMIT };

/*
 * A script that is being written; lengths in millimetres.
 *
 * pairs         the axis that panels share: from low to high
 * pairs_unit    so many of them are 1 on it, called pairs_name
 * panel_height  of each
 * notes_top     where what is said of the verdict begins, a line each notes_step
 */
struct figure_sheet {
    FILE *stream;
    const struct convergence *convergence;
    double width;
    double height;
    struct scale pairs;
    double pairs_unit;
    const char *pairs_name;
    double panel_height;
    double notes_top;
    double notes_step;
};

/* The latest end of "identifying"; NULL: it never did. */
const struct convergence_span *figure_loss_find(const struct convergence *convergence);

/* Places that are left free between both ends of a spectrum; 0 where nothing lies between them. */
int32_t figure_gap(const struct lattn_spectrum *spectrum);

/* Choose the axis of pairs. */
void figure_pairs_fit(struct figure_sheet *sheet, enum figure_axis axis);

/* Print the panel `index` against pairs, and the singular values; `top` is where it begins. */
void figure_shared_print(const struct figure_sheet *sheet, int index, int shows_lambda, double top);
void figure_singular_print(const struct figure_sheet *sheet, double top);

#endif
