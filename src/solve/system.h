#ifndef SOLVE_SYSTEM_H
#define SOLVE_SYSTEM_H

#include "solve/assembly.h"
#include "solve/frame.h"
#include "solve/grid.h"

#include <lattn/status.h>

#include <stdint.h>

/*
 * The factored sums as rank 0 sees them: a root R of the moment in plain coordinates,
 *
 *     sum w phi phi' = R'R,       R = L' D K^-T,       H = L L',
 *
 * D the scales and K the frame of the assembly. Rank 0 asks, and all other ranks serve until it is
 * done, since what it asks next depends on what came out: so iterations and searches are written as
 * if there were one process.
 *
 * room  p x columns, of every rank: what is sent to and fro
 */
struct system {
    struct grid *grid;
    const struct frame *frame;
    const struct assembly *assembly;
    double *room;
};

/*
 * columns  in  as grid_open was told: no more vectors go at once
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status system_open(struct system *system, struct grid *grid, const struct frame *frame,
                              const struct assembly *assembly, int32_t columns);
void system_close(struct system *system);

/* Serve rank 0 until system_release; on the other ranks. */
void system_serve(const struct system *system);

/* The rest on rank 0 alone. Let the others go. */
void system_release(const struct system *system);

/* x = op(L) x or op(L)^-1 x for p x columns, COLUMN-major. */
void system_triangle(const struct system *system, enum grid_use use, int is_transposed,
                     int32_t columns, double *x);

enum system_root { SYSTEM_ROOT, SYSTEM_ROOT_TRANSPOSED, SYSTEM_INVERSE, SYSTEM_INVERSE_TRANSPOSED };

/* x = R x, R'x, R^-1 x or R^-T x, for p x columns, COLUMN-major. */
void system_apply(const struct system *system, enum system_root root, int32_t columns, double *x);

/* What R is beside L', for one vector and on this rank alone: D K^-T, or as the root says. */
void system_outer(const struct system *system, enum system_root root, double *x);

#endif
