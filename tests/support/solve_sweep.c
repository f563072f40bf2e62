/*
 * Products and solutions with a factor in pieces, by all the ranks that mpirun starts, against
 * plain loops: prints nothing and ends with 0 where they agree. `solve_sweep P UNIT`.
 */
#include "base/memory.h"
#include "core/dense.h"
#include "solve/grid.h"
#include "solve/ranks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { VECTORS = 3 };

/* L, well conditioned, from nothing but the place. */
static double entry(int32_t i, int32_t j)
{
    return i == j ? 2 + i % 3 : (i * 7 + j * 13) % 17 / 400. - 0.02;
}

static double vector_entry(int32_t i, int32_t j)
{
    return cos(i * 0.7 + j);
}

static void grid_fill(struct grid *grid)
{
    for (int32_t j = 0; j < grid->p; j++)
        for (int32_t i = j; i < grid->p; i++) {
            int32_t height = grid_place(i, grid->block, grid->rows, grid->row);
            int32_t width = grid_place(j, grid->block, grid->columns, grid->column);

            if (height >= 0 && width >= 0)
                grid->a[(size_t)width * (size_t)grid->ld + (size_t)height] = entry(i, j);
        }
}

/* Row i of op(L) x. */
static double product_at(int32_t p, int32_t i, int is_transposed, const double *x)
{
    int32_t first = is_transposed ? i : 0, end = is_transposed ? p : i + 1;
    long double sum = 0;

    for (int32_t k = first; k < end; k++)
        sum += (long double)(is_transposed ? entry(k, i) : entry(i, k)) * x[k];
    return (double)sum;
}

/* The largest difference between what was given and what the result leads back to, or from it. */
static double error_most(int32_t p, enum grid_use use, int is_transposed, int32_t column,
                         const double *got)
{
    double most = 0;
    double *given = memory_raw((size_t)p, sizeof *given);

    if (given == NULL)
        return INFINITY;
    for (int32_t i = 0; i < p; i++)
        given[i] = vector_entry(i, column);
    for (int32_t i = 0; i < p; i++)
        most = fmax(most, use == GRID_MULTIPLY
                              ? fabs(got[i] - product_at(p, i, is_transposed, given))
                              : fabs(given[i] - product_at(p, i, is_transposed, got)));
    memory_release(given);
    return most;
}

static int is_wrong(const struct grid *grid, enum grid_use use, int is_transposed, int32_t columns,
                    double *x)
{
    double most = 0;

    for (int32_t j = 0; j < columns; j++)
        for (int32_t i = 0; i < grid->p; i++)
            x[j * grid->p + i] = vector_entry(i, j);
    grid_triangle(grid, use, is_transposed, columns, x);
    for (int32_t j = 0; j < columns && ranks_mine() == 0; j++)
        most = fmax(most, error_most(grid->p, use, is_transposed, j, x + j * grid->p));
    if (most <= grid->p * 0x1p-50)
        return 0;
    fprintf(stderr, "use %d, transposed %d, %d vectors: %g off\n", (int)use, is_transposed, columns,
            most);
    return 1;
}

static int32_t number(const char *text)
{
    return (int32_t)strtol(text, NULL, 10);
}

int main(int argc, char **argv)
{
    struct grid grid;
    double *x;
    int failed = argc < 3;

    ranks_begin(&argc, &argv);
    dense_threads_one();
    if (failed || grid_open(&grid, number(argv[1]), number(argv[2]), VECTORS) != LATTN_OK)
        return 2;
    x = memory_raw((size_t)grid.p * VECTORS, sizeof *x);
    if (x == NULL)
        return 2;
    grid_fill(&grid);
    for (int32_t columns = 1; columns <= VECTORS; columns++)
        for (int is_transposed = 0; is_transposed < 2; is_transposed++) {
            failed |= is_wrong(&grid, GRID_MULTIPLY, is_transposed, columns, x);
            failed |= is_wrong(&grid, GRID_SOLVE, is_transposed, columns, x);
        }
    memory_release(x);
    grid_close(&grid);
    ranks_end();
    return failed;
}
