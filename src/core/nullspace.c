#include "core/nullspace.h"

#include "base/memory.h"
#include "core/dense.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/*
 * An input is undetermined where a null direction sees more of it than rounding can explain: the
 * product T'x is exact to about 1e-8 of the sum of its magnitudes when R11 is as ill conditioned as
 * the rank cut allows; 1e-12 of |x| is the rounding of the features themselves.
 */
static const double seen_relative = 1e-8;
static const double seen_floor = 1e-12;

void nullspace_close(struct nullspace **nullspace)
{
    struct nullspace *closed = *nullspace;

    *nullspace = NULL;
    if (closed == NULL)
        return;
    memory_release(closed->basis);
    memory_release(closed->inverse);
    memory_release(closed);
}

/* N = P [-T; I]. */
static void basis_fill(struct nullspace *nullspace, int32_t rank, const int32_t *pivot,
                       const double *tail)
{
    size_t room = (size_t)nullspace->room;

    for (int32_t i = 0; i < nullspace->columns; i++) {
        double *row = nullspace->basis + (size_t)pivot[i] * room;

        if (i >= rank)
            row[i - rank] = 1;
        for (size_t j = 0; i < rank && j < room; j++)
            row[j] = -tail[(size_t)i * room + j];
    }
}

enum lattn_status nullspace_open(struct nullspace **ret_nullspace, int32_t columns, int32_t rank,
                                 const int32_t *pivot, const double *tail, const double *inverse)
{
    struct nullspace *nullspace = memory_zeroed(1, sizeof *nullspace);

    if (nullspace == NULL)
        return LATTN_NO_MEMORY;
    nullspace->columns = columns;
    nullspace->directions = columns - rank;
    nullspace->room = columns - rank;
    nullspace->sigma = INFINITY;
    nullspace->basis = memory_zeroed((size_t)columns * (size_t)nullspace->room, sizeof(double));
    nullspace->inverse = memory_raw((size_t)columns, sizeof(double));
    if (nullspace->basis == NULL || nullspace->inverse == NULL) {
        nullspace_close(&nullspace);
        return LATTN_NO_MEMORY;
    }
    if (columns > 0)
        memcpy(nullspace->inverse, inverse, (size_t)columns * sizeof *inverse);
    if (rank < columns)
        basis_fill(nullspace, rank, pivot, tail);
    *ret_nullspace = nullspace;
    return LATTN_OK;
}

enum lattn_status nullspace_widen(struct nullspace *nullspace, int32_t columns)
{
    int32_t fresh = columns - nullspace->columns;
    int32_t room = nullspace->directions + fresh;
    double *basis = memory_zeroed((size_t)columns * (size_t)room, sizeof *basis);
    double *inverse = memory_zeroed((size_t)columns, sizeof *inverse);

    assert(fresh >= 0);
    if (basis == NULL || inverse == NULL) {
        memory_release(basis);
        memory_release(inverse);
        return LATTN_NO_MEMORY;
    }
    for (int32_t i = 0; i < nullspace->columns && nullspace->directions > 0; i++)
        memcpy(basis + (size_t)i * (size_t)room,
               nullspace->basis + (size_t)i * (size_t)nullspace->room,
               (size_t)nullspace->directions * sizeof *basis);
    for (int32_t i = 0; i < fresh; i++)
        basis[(size_t)(nullspace->columns + i) * (size_t)room +
              (size_t)(nullspace->directions + i)] = 1;
    if (nullspace->columns > 0)
        memcpy(inverse, nullspace->inverse, (size_t)nullspace->columns * sizeof *inverse);
    memory_release(nullspace->basis);
    memory_release(nullspace->inverse);
    nullspace->columns = columns;
    nullspace->directions = room;
    nullspace->room = room;
    nullspace->basis = basis;
    nullspace->inverse = inverse;
    return LATTN_OK;
}

double nullspace_sigma(const struct nullspace *nullspace, const double *inverse, double keep)
{
    double shrink = 1;

    for (int32_t i = 0; i < nullspace->columns; i++)
        if (inverse[i] < shrink * nullspace->inverse[i])
            shrink = inverse[i] / nullspace->inverse[i];
    return nullspace->sigma * shrink * keep;
}

int nullspace_is_firm(const struct nullspace *nullspace, int32_t columns, const double *inverse,
                      double sigma_floor)
{
    return nullspace != NULL && nullspace->columns == columns && nullspace->directions == 0 &&
           nullspace_sigma(nullspace, inverse, 1) > sigma_floor;
}

double nullspace_rounding(double magnitude, double norm)
{
    return seen_relative * magnitude + seen_floor * norm;
}

int nullspace_sift(int32_t directions, const double *magnitude, double norm, double *seen)
{
    int sees = 0;

    for (int32_t j = 0; j < directions; j++) {
        int is_seen = fabs(seen[j]) > nullspace_rounding(magnitude[j], norm);

        sees |= is_seen;
        seen[j] = is_seen ? seen[j] : 0;
    }
    return sees;
}

/* w = N'x, and |x|. */
static double look(const struct nullspace *nullspace, int32_t count, const int32_t *column,
                   const double *phi, double *ret_seen)
{
    int32_t directions = nullspace->directions;
    double squares = 0;

    memset(ret_seen, 0, (size_t)directions * sizeof *ret_seen);
    for (int32_t i = 0; i < count; i++) {
        const double *row = nullspace->basis + (size_t)column[i] * (size_t)nullspace->room;
        double x = phi[i] * nullspace->inverse[column[i]];

        squares += x * x;
        for (int32_t j = 0; j < directions; j++)
            ret_seen[j] += row[j] * x;
    }
    return sqrt(squares);
}

static void magnitudes_find(const struct nullspace *nullspace, int32_t count, const int32_t *column,
                            const double *phi, double *ret_magnitude)
{
    int32_t directions = nullspace->directions;

    memset(ret_magnitude, 0, (size_t)directions * sizeof *ret_magnitude);
    for (int32_t i = 0; i < count; i++) {
        const double *row = nullspace->basis + (size_t)column[i] * (size_t)nullspace->room;
        double x = fabs(phi[i] * nullspace->inverse[column[i]]);

        for (int32_t j = 0; j < directions; j++)
            ret_magnitude[j] += fabs(row[j]) * x;
    }
}

int nullspace_sees(const struct nullspace *nullspace, int32_t count, const int32_t *column,
                   const double *phi, double *magnitude, double *ret_seen)
{
    double norm = look(nullspace, count, column, phi, ret_seen);
    int sees = 0;

    /* What is below the floor is rounding whatever the magnitudes: mostly that is all. */
    for (int32_t j = 0; j < nullspace->directions; j++)
        sees |= fabs(ret_seen[j]) > nullspace_rounding(0, norm);
    if (!sees)
        return 0;
    magnitudes_find(nullspace, count, column, phi, magnitude);
    return nullspace_sift(nullspace->directions, magnitude, norm, ret_seen);
}

void nullspace_take(struct nullspace *nullspace, double *seen, int32_t j)
{
    int32_t last = nullspace->directions - 1;
    double pivot = seen[j];

    assert(j <= last && pivot != 0);
    seen[j] = seen[last];
    for (int32_t i = 0; i < nullspace->columns; i++) {
        double *row = nullspace->basis + (size_t)i * (size_t)nullspace->room;
        double share = row[j] / pivot;

        row[j] = row[last];
        if (share != 0)
            dense_add(last, -share, seen, row);
    }
    nullspace->directions = last;
}
