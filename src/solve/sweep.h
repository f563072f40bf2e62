#ifndef SOLVE_SWEEP_H
#define SOLVE_SWEEP_H

#include "solve/grid.h"

#include <stdint.h>

/*
 * x = op(L) x or op(L)^-1 x by ranks that stand in one row of the grid, so that each has whole
 * columns of L: a piece passes through memory once, however many vectors there are. All ranks
 * together; products need no exchange, and solutions one block of x at a time, while ranks are at
 * work on blocks that are known.
 *
 * x  in/out  p x columns, COLUMN-major: the same on all ranks; then the result on rank 0, lost on
 *            the others. columns at most as grid_open was told
 */
/*
 * Pieces under way from one rank, for each in the row: whoever has solved a block of its own has
 * heard of all before it, so that none is two rounds ahead of another.
 */
enum { SWEEP_UNDER_WAY = 4 };

void sweep_multiply(const struct grid *grid, int is_transposed, int32_t columns, double *x);
void sweep_solve(const struct grid *grid, int is_transposed, int32_t columns, double *x);

#endif
