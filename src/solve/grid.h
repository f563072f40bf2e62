#ifndef SOLVE_GRID_H
#define SOLVE_GRID_H

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/*
 * One symmetric matrix, p x p, in block-cyclic pieces over all ranks, and what ScaLAPACK does with
 * it; the only file that calls that. All functions are called by all ranks together.
 *
 * Blocks are `block` squared. Block (I, J) of the matrix is block (I / rows, J / columns) of the
 * piece of rank (I % rows, J % columns). Only what is on and below the diagonal counts.
 *
 * rows, columns  of the grid of ranks; row, column: this one's place
 * height, width  of this rank's piece, COLUMN-major, ld = height, at least 1
 * a              the piece: the matrix, then its Cholesky factor L
 * x, piece       scratch: height and a block, of so many columns as grid_open was told
 * room           of pieces under way
 */
struct grid {
    int32_t p;
    int32_t block;
    int32_t rows;
    int32_t columns;
    int32_t row;
    int32_t column;
    int32_t height;
    int32_t width;
    int32_t ld;
    int context;
    double *a;
    double *x;
    double *piece;
    void *room;
};

/* What pieces of a matrix of this size are like for so many ranks: from formulas alone. */
struct grid_plan {
    int32_t rows;
    int32_t columns;
    int32_t block;
    int64_t piece; /* numbers of the largest piece */
};

/*
 * unit  in  blocks are whole multiples of it: what one feature pair takes
 *
 * One row of ranks where they are few, since factors of columns then need no exchange along them.
 */
struct grid_plan grid_plan(int32_t p, int32_t unit, int32_t ranks);

/*
 * Make the pieces, and all that later calls need, so that they cannot fail; nothing is written to
 * them, so that what stands above the diagonal takes no memory.
 *
 * columns  in  grid_triangle is called with at most so many
 *
 * Returns LATTN_OK; LATTN_RANGE where a piece has more numbers than an int32_t counts;
 * LATTN_NO_MEMORY. Whatever it returns, all ranks call grid_close.
 */
enum lattn_status grid_open(struct grid *grid, int32_t p, int32_t unit, int32_t columns);
void grid_close(struct grid *grid);

/*
 * The piece's column of a column of the matrix, and of rows, or -1 where another rank has it. Both
 * are those of whole blocks: what follows within the block follows in the piece.
 */
static inline int32_t grid_place(int32_t index, int32_t block, int32_t ranks, int32_t mine)
{
    int32_t number = index / block;

    return number % ranks == mine ? number / ranks * block + index % block : -1;
}

/* The rank that has the block of this row and column of the matrix. */
static inline int32_t grid_owner(const struct grid *grid, int32_t row, int32_t column)
{
    return row / grid->block % grid->rows * grid->columns + column / grid->block % grid->columns;
}

/*
 * Factor the matrix, A = L L'. Returns LATTN_OK, or LATTN_RANK where it is not positive definite:
 * then the pieces have no meaning.
 */
enum lattn_status grid_factor(struct grid *grid);

enum grid_use { GRID_MULTIPLY, GRID_SOLVE };

/*
 * x = op(L) x or op(L)^-1 x.
 *
 * x  in/out  p x columns, COLUMN-major, on rank 0; on others room for as much, lost
 */
void grid_triangle(const struct grid *grid, enum grid_use use, int is_transposed, int32_t columns,
                   double *x);

#endif
