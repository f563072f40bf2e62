/* ScaLAPACK's Fortran interface, and where entries stand for it. */
#include "solve/grid.h"

#include "base/memory.h"
#include "core/dense.h"
#include "solve/ranks.h"
#include "solve/sweep.h"

#include <string.h>

/* clang-format off */
void blacs_get_(const int *context, const int *what, int *ret_value);
void blacs_gridinit_(int *context, const char *order, const int *rows, const int *columns);
void blacs_gridinfo_(const int *context, int *rows, int *columns, int *row, int *column);
void blacs_gridexit_(const int *context);
int numroc_(const int *n, const int *block, const int *mine, const int *first, const int *ranks);
void descinit_(int *desc, const int *m, const int *n, const int *mb, const int *nb,
               const int *first_row, const int *first_column, const int *context, const int *ld,
               int *info);
void pdpotrf_(const char *uplo, const int *n, double *a, const int *ia, const int *ja,
              const int *desc, int *info);
void pdtrsm_(const char *side, const char *uplo, const char *trans, const char *diag, const int *m,
             const int *n, const double *alpha, const double *a, const int *ia, const int *ja,
             const int *desca, double *b, const int *ib, const int *jb, const int *descb);
void pdtrmm_(const char *side, const char *uplo, const char *trans, const char *diag, const int *m,
             const int *n, const double *alpha, const double *a, const int *ia, const int *ja,
             const int *desca, double *b, const int *ib, const int *jb, const int *descb);
/* clang-format on */

enum {
    DESCRIPTION = 9,
    BLOCK_AIM = 96,
    BLOCK_UNITS_MIN = 2, /* of one pair alone too much is done by hand */
    BLOCKS_PER_RANK = 4, /* or one rank has much more to do than another */
    RANKS_PER_ROW = 4    /* a grid of r rows has at least r times so many columns */
};

static const int zero = 0;
static const int one = 1;

static int32_t least(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static int32_t most(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

struct grid_plan grid_plan(int32_t p, int32_t unit, int32_t ranks)
{
    struct grid_plan plan = {.rows = 1};
    int32_t units = most(BLOCK_UNITS_MIN, BLOCK_AIM / unit);
    int32_t high, wide;

    for (int32_t rows = 2; rows * rows * RANKS_PER_ROW <= ranks; rows++)
        if (ranks % rows == 0)
            plan.rows = rows;
    plan.columns = ranks / plan.rows;
    plan.block = unit * most(1, least(units, p / unit / (BLOCKS_PER_RANK * plan.columns)));
    high = numroc_(&p, &plan.block, &zero, &zero, &plan.rows);
    wide = numroc_(&p, &plan.block, &zero, &zero, &plan.columns);
    plan.piece = (int64_t)high * wide;
    return plan;
}

/* What later calls need beside the matrix. */
static int scratch_make(struct grid *grid, int32_t columns)
{
    size_t piece = (size_t)grid->block * (size_t)columns;
    size_t bytes = ranks_room(SWEEP_UNDER_WAY * (size_t)grid->columns, piece);

    grid->x = memory_raw((size_t)grid->ld * (size_t)columns, sizeof *grid->x);
    grid->piece = memory_raw(piece, sizeof *grid->piece);
    grid->room = memory_raw(bytes, 1);
    if (grid->room != NULL)
        ranks_room_give(grid->room, bytes);
    return grid->x != NULL && grid->piece != NULL && grid->room != NULL;
}

enum lattn_status grid_open(struct grid *grid, int32_t p, int32_t unit, int32_t columns)
{
    struct grid_plan plan = grid_plan(p, unit, ranks_count());
    const int unknown = -1;

    *grid = (struct grid){.p = p, .block = plan.block};
    blacs_get_(&unknown, &zero, &grid->context);
    blacs_gridinit_(&grid->context, "Row", &plan.rows, &plan.columns);
    blacs_gridinfo_(&grid->context, &grid->rows, &grid->columns, &grid->row, &grid->column);
    grid->height = numroc_(&p, &grid->block, &grid->row, &zero, &grid->rows);
    grid->width = numroc_(&p, &grid->block, &grid->column, &zero, &grid->columns);
    grid->ld = most(1, grid->height);
    if (plan.piece > INT32_MAX)
        return LATTN_RANGE;
    grid->a = memory_raw((size_t)grid->ld * (size_t)most(1, grid->width), sizeof(double));
    return grid->a != NULL && scratch_make(grid, columns) ? LATTN_OK : LATTN_NO_MEMORY;
}

void grid_close(struct grid *grid)
{
    memory_release(grid->a);
    memory_release(grid->x);
    memory_release(grid->piece);
    if (grid->room != NULL)
        ranks_room_take();
    memory_release(grid->room);
    blacs_gridexit_(&grid->context);
    *grid = (struct grid){0};
}

/* Of an array of so many columns that stands like the matrix; columns in blocks of `across`. */
static void describe(const struct grid *grid, int32_t columns, int32_t across,
                     int ret_description[DESCRIPTION])
{
    int info;

    descinit_(ret_description, &grid->p, &columns, &grid->block, &across, &zero, &zero,
              &grid->context, &grid->ld, &info);
}

/* One rank has all of it: its lower triangle by columns is the upper one by rows. */
enum lattn_status grid_factor(struct grid *grid)
{
    int description[DESCRIPTION];
    int info = 0;

    if (grid->rows * grid->columns == 1)
        return dense_cholesky(grid->p, grid->a, (size_t)grid->ld);
    describe(grid, grid->p, grid->block, description);
    pdpotrf_("L", &grid->p, grid->a, &one, &one, description, &info);
    return info == 0 ? LATTN_OK : LATTN_RANK;
}

/* ---- vectors ------------------------------------------------------------------------------- */

/* Between an array as rank 0 has it and the pieces of it, which the first column of ranks has. */
static void pieces_copy(const struct grid *grid, int32_t columns, double *x, int is_out)
{
    for (int32_t j = 0; j < columns; j++)
        for (int32_t first = 0; first < grid->p; first += grid->block) {
            int32_t place = grid_place(first, grid->block, grid->rows, grid->row);
            size_t bytes = (size_t)least(grid->block, grid->p - first) * sizeof *x;
            double *whole = x + (size_t)j * (size_t)grid->p + first;
            double *part = grid->x + (size_t)j * (size_t)grid->ld + place;

            if (place >= 0)
                memcpy(is_out ? part : whole, is_out ? whole : part, bytes);
        }
}

static void vectors_turn(const struct grid *grid, enum grid_use use, const char *trans,
                         int32_t columns)
{
    const double unity = 1;
    int a[DESCRIPTION], b[DESCRIPTION];

    describe(grid, grid->p, grid->block, a);
    describe(grid, columns, columns, b);
    if (use == GRID_SOLVE)
        pdtrsm_("L", "L", trans, "N", &grid->p, &columns, &unity, grid->a, &one, &one, a, grid->x,
                &one, &one, b);
    else
        pdtrmm_("L", "L", trans, "N", &grid->p, &columns, &unity, grid->a, &one, &one, a, grid->x,
                &one, &one, b);
}

/* Where ranks stand in several rows. */
static void pieces_turn(const struct grid *grid, enum grid_use use, const char *trans,
                        int32_t columns, double *x)
{
    size_t count = (size_t)grid->p * (size_t)columns;
    int has_piece = grid->column == 0;

    if (has_piece)
        pieces_copy(grid, columns, x, 1);
    vectors_turn(grid, use, trans, columns);
    memset(x, 0, count * sizeof *x);
    if (has_piece)
        pieces_copy(grid, columns, x, 0);
    ranks_sum_to(0, x, count);
}

void grid_triangle(const struct grid *grid, enum grid_use use, int is_transposed, int32_t columns,
                   double *x)
{
    size_t count = (size_t)grid->p * (size_t)columns;

    ranks_share(0, x, count * sizeof *x);
    if (grid->rows > 1)
        pieces_turn(grid, use, is_transposed ? "T" : "N", columns, x);
    else if (use == GRID_SOLVE)
        sweep_solve(grid, is_transposed, columns, x);
    else
        sweep_multiply(grid, is_transposed, columns, x);
}
