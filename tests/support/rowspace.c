#include "support/rowspace.h"

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static long double norm(size_t count, const long double *x)
{
    long double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += x[i] * x[i];
    return sqrtl(sum);
}

/* x -= (x . b) b */
static void project(size_t count, const long double *b, long double *x)
{
    long double along = 0;

    for (size_t i = 0; i < count; i++)
        along += x[i] * b[i];
    for (size_t i = 0; i < count; i++)
        x[i] -= along * b[i];
}

static size_t largest_row(size_t count, size_t columns, const long double *rows,
                          long double *ret_norm)
{
    size_t largest = 0;

    *ret_norm = 0;
    for (size_t i = 0; i < count; i++) {
        long double length = norm(columns, rows + i * columns);

        if (length > *ret_norm) {
            *ret_norm = length;
            largest = i;
        }
    }
    return largest;
}

void rowspace_init(struct rowspace *rowspace, size_t count, size_t columns, long double *rows,
                   long double cut)
{
    long double first = 0;

    *rowspace = (struct rowspace){.columns = columns};
    rowspace->basis = memory_zeroed(columns * columns, sizeof(long double));
    cr_assert_not_null(rowspace->basis);
    for (;;) {
        long double length;
        size_t chosen = largest_row(count, columns, rows, &length);
        long double *b = rowspace->basis + rowspace->rank * columns;

        if (rowspace->rank == 0)
            first = length;
        rowspace->rest = first > 0 ? length / first : 0;
        if (rowspace->rank == columns || rowspace->rest <= cut)
            break;
        memcpy(b, rows + chosen * columns, columns * sizeof *b);
        for (size_t i = 0; i < columns; i++)
            b[i] /= length;
        for (size_t i = 0; i < count; i++)
            for (int pass = 0; pass < 2; pass++)
                project(columns, b, rows + i * columns);
        rowspace->least = rowspace->rest;
        rowspace->rank++;
    }
}

void rowspace_done(struct rowspace *rowspace)
{
    memory_release(rowspace->basis);
    *rowspace = (struct rowspace){0};
}

long double rowspace_distance(const struct rowspace *rowspace, const long double *x)
{
    size_t columns = rowspace->columns;
    long double *left = memory_zeroed(columns, sizeof *left);
    long double distance;

    cr_assert_not_null(left);
    memcpy(left, x, columns * sizeof *left);
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < rowspace->rank; i++)
            project(columns, rowspace->basis + i * columns, left);
    distance = norm(columns, left) / norm(columns, x);
    memory_release(left);
    return distance;
}
