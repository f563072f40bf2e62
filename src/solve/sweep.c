/*
 * Passes through a factor whose columns are dealt to ranks in blocks. What is below a diagonal
 * block is taken in tiles that stay in the cache while all vectors meet them.
 *
 * Solutions go block by block, and only what the next blocks wait for is done at once: the rest of
 * a rank's block is done when its next one is due, while the others go on.
 */
#include "solve/sweep.h"

#include "core/dense.h"
#include "solve/ranks.h"

#include <string.h>

enum { TILE_ROWS = 512, NO_BLOCK = -1 };

/*
 * sums  p x columns: what L times, or L' times, the parts of x that are known gives
 */
struct sweep {
    const struct grid *grid;
    int32_t columns;
    double *x;
    double *sums;
};

static struct sweep sweep_begin(const struct grid *grid, int32_t columns, double *x)
{
    memset(grid->x, 0, (size_t)grid->p * (size_t)columns * sizeof *x);
    return (struct sweep){grid, columns, x, grid->x};
}

/* The sums of all ranks are the result, on rank 0. */
static void sweep_end(const struct sweep *sweep)
{
    size_t count = (size_t)sweep->grid->p * (size_t)sweep->columns;

    memcpy(sweep->x, sweep->sums, count * sizeof *sweep->x);
    ranks_sum_to(0, sweep->x, count);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static int32_t blocks_count(const struct grid *grid)
{
    return (grid->p + grid->block - 1) / grid->block;
}

static int32_t block_owner(const struct grid *grid, int32_t number)
{
    return number % grid->columns;
}

static int is_own(const struct grid *grid, int32_t number)
{
    return block_owner(grid, number) == grid->column;
}

/* Its first row, and the one behind its last. */
static int32_t block_first(const struct grid *grid, int32_t number)
{
    return number * grid->block;
}

static int32_t block_end(const struct grid *grid, int32_t number)
{
    int32_t end = block_first(grid, number) + grid->block;

    return end < grid->p ? end : grid->p;
}

static int32_t block_width(const struct grid *grid, int32_t number)
{
    return block_end(grid, number) - block_first(grid, number);
}

/* Entries of L in this row and the first column of an own block. */
static const double *block_at(const struct grid *grid, int32_t number, int32_t row)
{
    size_t column = (size_t)(number / grid->columns) * (size_t)grid->block;

    return grid->a + column * (size_t)grid->ld + row;
}

/* ---- what one block gives -------------------------------------------------------------------- */

/*
 * sums += L x for rows [first, end) below the diagonal of an own block, or transposed the block's
 * part of sums += L' x, from the same rows.
 */
static void rows_add(const struct sweep *sweep, int32_t number, int32_t first, int32_t end,
                     int is_transposed)
{
    const struct grid *grid = sweep->grid;
    int32_t width = block_width(grid, number);

    for (int32_t row = first; row < end; row += TILE_ROWS) {
        int32_t rows = end - row < TILE_ROWS ? end - row : TILE_ROWS;
        int32_t from = is_transposed ? row : block_first(grid, number);
        int32_t to = is_transposed ? block_first(grid, number) : row;
        const double *tile = block_at(grid, number, row);

        for (size_t j = 0; j < (size_t)sweep->columns; j++) {
            size_t vector = j * (size_t)grid->p;

            dense_multiply_vector(is_transposed ? DENSE_PLAIN : DENSE_TRANSPOSED, width, rows, 1,
                                  tile, (size_t)grid->ld, sweep->x + vector + from, 1,
                                  sweep->sums + vector + to);
        }
    }
}

/* The diagonal block: L by columns is the triangle L' by rows. */
static enum dense_side diagonal_side(int is_transposed)
{
    return is_transposed ? DENSE_PLAIN : DENSE_TRANSPOSED;
}

static void diagonal_multiply(const struct sweep *sweep, int32_t number, int is_transposed)
{
    const struct grid *grid = sweep->grid;
    int32_t first = block_first(grid, number), width = block_width(grid, number);

    for (size_t j = 0; j < (size_t)sweep->columns; j++) {
        double *sums = sweep->sums + j * (size_t)grid->p + first;
        double *x = sweep->x + j * (size_t)grid->p + first;

        dense_triangle_multiply(diagonal_side(is_transposed), width, block_at(grid, number, first),
                                (size_t)grid->ld, x);
        dense_add(width, 1, x, sums);
    }
}

/* x = op(L)^-1 (x - sums) */
static void diagonal_solve(const struct sweep *sweep, int32_t number, int is_transposed)
{
    const struct grid *grid = sweep->grid;
    int32_t first = block_first(grid, number), width = block_width(grid, number);

    for (size_t j = 0; j < (size_t)sweep->columns; j++) {
        double *x = sweep->x + j * (size_t)grid->p + first;

        dense_add(width, -1, sweep->sums + j * (size_t)grid->p + first, x);
        dense_triangle_solve(diagonal_side(is_transposed), width, block_at(grid, number, first),
                             (size_t)grid->ld, x);
    }
}

/* ---- products -------------------------------------------------------------------------------- */

void sweep_multiply(const struct grid *grid, int is_transposed, int32_t columns, double *x)
{
    struct sweep sweep = sweep_begin(grid, columns, x);

    for (int32_t number = grid->column; number < blocks_count(grid); number += grid->columns) {
        rows_add(&sweep, number, block_end(grid, number), grid->p, is_transposed);
        diagonal_multiply(&sweep, number, is_transposed); /* the block of x is lost */
    }
    sweep_end(&sweep);
}

/* ---- solutions ------------------------------------------------------------------------------- */

/* A block of x or of sums to and from where its vectors lie together, as they are sent. */
static void piece_pack(const struct sweep *sweep, int32_t number, const double *vectors)
{
    const struct grid *grid = sweep->grid;
    size_t width = (size_t)block_width(grid, number);

    for (size_t j = 0; j < (size_t)sweep->columns; j++)
        memcpy(grid->piece + j * width, vectors + j * (size_t)grid->p + block_first(grid, number),
               width * sizeof *vectors);
}

static void piece_unpack(const struct sweep *sweep, int32_t number, double *vectors)
{
    const struct grid *grid = sweep->grid;
    size_t width = (size_t)block_width(grid, number);

    for (size_t j = 0; j < (size_t)sweep->columns; j++)
        memcpy(vectors + j * (size_t)grid->p + block_first(grid, number), grid->piece + j * width,
               width * sizeof *vectors);
}

static void piece_add(const struct sweep *sweep, int32_t number, double *vectors)
{
    const struct grid *grid = sweep->grid;
    int32_t width = block_width(grid, number);

    for (size_t j = 0; j < (size_t)sweep->columns; j++)
        dense_add(width, 1, grid->piece + j * (size_t)width,
                  vectors + j * (size_t)grid->p + block_first(grid, number));
}

static size_t piece_count(const struct sweep *sweep, int32_t number)
{
    return (size_t)block_width(sweep->grid, number) * (size_t)sweep->columns;
}

/*
 * Sums of a block from all ranks, on its owner, which takes those of the one before it last: it was
 * the last to know. No rank waits for others that are at work, as it would in a sum by all.
 */
static void sums_gather(const struct sweep *sweep, int32_t number)
{
    const struct grid *grid = sweep->grid;
    size_t count = piece_count(sweep, number);

    if (!is_own(grid, number)) {
        piece_pack(sweep, number, sweep->sums);
        ranks_give(block_owner(grid, number), grid->piece, count);
        return;
    }
    for (int32_t i = 1; i < grid->columns; i++) {
        ranks_take((grid->column + i) % grid->columns, grid->piece, count);
        piece_add(sweep, number, sweep->sums);
    }
}

/* Where sums are no longer needed they hold the result: a block of x, or 0. */
static void result_keep(const struct sweep *sweep, int32_t number)
{
    const struct grid *grid = sweep->grid;
    int32_t first = block_first(grid, number);
    size_t bytes = (size_t)block_width(grid, number) * sizeof(double);

    for (size_t j = 0; j < (size_t)sweep->columns; j++) {
        size_t at = j * (size_t)grid->p + (size_t)first;

        if (is_own(grid, number))
            memcpy(sweep->sums + at, sweep->x + at, bytes);
        else
            memset(sweep->sums + at, 0, bytes);
    }
}

/* Forward. */
static void lower_solve(const struct sweep *sweep)
{
    const struct grid *grid = sweep->grid;
    int32_t last = NO_BLOCK; /* this rank's latest that is solved */

    for (int32_t number = 0; number < blocks_count(grid); number++) {
        int32_t first = block_first(grid, number);

        if (last != NO_BLOCK)
            rows_add(sweep, last, first, is_own(grid, number) ? grid->p : block_end(grid, number),
                     0);
        sums_gather(sweep, number);
        if (is_own(grid, number)) {
            diagonal_solve(sweep, number, 0);
            last = number;
        }
        result_keep(sweep, number);
    }
    sweep_end(sweep);
}

/* The largest number of an own block, or less than 0. */
static int32_t block_last(const struct grid *grid)
{
    int32_t number = blocks_count(grid) - 1;

    while (number >= 0 && !is_own(grid, number))
        number--;
    return number;
}

/* A block of x that is known from its owner, first to the one that waits for it. */
static void block_share(const struct sweep *sweep, int32_t number)
{
    const struct grid *grid = sweep->grid;
    size_t count = piece_count(sweep, number);

    if (is_own(grid, number)) {
        piece_pack(sweep, number, sweep->x);
        for (int32_t i = 1; i < grid->columns; i++)
            ranks_give((grid->column + grid->columns - i) % grid->columns, grid->piece, count);
        return;
    }
    ranks_take(block_owner(grid, number), grid->piece, count);
    piece_unpack(sweep, number, sweep->x);
}

/* Backward: all ranks have all of x in the end. */
static void upper_solve(const struct sweep *sweep)
{
    const struct grid *grid = sweep->grid;
    int32_t next = block_last(grid); /* this rank's that is solved next */

    for (int32_t number = blocks_count(grid) - 1; number >= 0; number--) {
        int is_mine = number == next;

        if (is_mine)
            diagonal_solve(sweep, number, 1);
        block_share(sweep, number);
        if (is_mine)
            next -= grid->columns;
        if (next >= 0)
            rows_add(sweep, next, block_first(grid, number),
                     is_mine ? grid->p : block_end(grid, number), 1);
    }
}

void sweep_solve(const struct grid *grid, int is_transposed, int32_t columns, double *x)
{
    struct sweep sweep = sweep_begin(grid, columns, x);

    if (is_transposed)
        upper_solve(&sweep);
    else
        lower_solve(&sweep);
}
