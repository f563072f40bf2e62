#ifndef GNUPLOT_H
#define GNUPLOT_H

#include <lattn/wire.h>

/*
 * Let gnuplot run a script, without what its user has set up for it.
 *
 * figure     in/out  what it prints is added
 * complaint  out     why not: it is not installed, or what it says itself
 *
 * Returns LATTN_OK, LATTN_INPUT_OUTPUT or LATTN_NO_MEMORY.
 */
enum lattn_status gnuplot_draw(const struct lattn_text *script, struct lattn_text *figure,
                               struct lattn_complaint *complaint);

#endif
