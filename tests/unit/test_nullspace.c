#include "base/memory.h"
#include "base/random.h"
#include "core/nullspace.h"

#include <criterion/criterion.h>
#include <math.h>

enum { COLUMNS = 7, ROWS = 4 };

/* All columns open, with scale 1: the null space of no rows. */
static struct nullspace *nullspace_of_none(int32_t columns)
{
    struct nullspace *nullspace;

    cr_assert_eq(nullspace_open(&nullspace, 0, 0, NULL, NULL, NULL), LATTN_OK);
    cr_assert_eq(nullspace_widen(nullspace, columns), LATTN_OK);
    for (int32_t c = 0; c < columns; c++)
        nullspace->inverse[c] = 1;
    return nullspace;
}

static int sees(const struct nullspace *nullspace, const double *phi, double *seen)
{
    static const int32_t column[COLUMNS] = {0, 1, 2, 3, 4, 5, 6};
    double magnitude[COLUMNS];

    return nullspace_sees(nullspace, COLUMNS, column, phi, magnitude, seen);
}

/* Take a row out by the direction that sees most of it. */
static void take(struct nullspace *nullspace, const double *phi)
{
    double seen[COLUMNS];
    int32_t most = 0;

    cr_assert(sees(nullspace, phi, seen));
    for (int32_t j = 1; j < nullspace->directions; j++)
        most = fabs(seen[j]) > fabs(seen[most]) ? j : most;
    nullspace_take(nullspace, seen, most);
}

/* Sums of rows that were taken are determined, whatever else is not; each row costs a direction. */
Test(nullspace, follows_its_rows)
{
    struct random random = {.state = 3};

    for (int trial = 0; trial < 200; trial++) {
        struct nullspace *nullspace = nullspace_of_none(COLUMNS);
        double rows[ROWS][COLUMNS], other[COLUMNS], sum[COLUMNS] = {0}, seen[COLUMNS];

        random_normals(&random, rows[0], ROWS * COLUMNS);
        random_normals(&random, other, COLUMNS);
        for (int i = 0; i < ROWS; i++) {
            take(nullspace, rows[i]);
            cr_assert_eq(nullspace->directions, COLUMNS - i - 1);
            for (int c = 0; c < COLUMNS; c++)
                sum[c] += rows[i][c] * (i + 0.5);
            cr_assert_not(sees(nullspace, sum, seen));
            cr_assert(sees(nullspace, other, seen));
        }
        sum[trial % COLUMNS] += 1e-3;
        cr_assert(sees(nullspace, sum, seen));
        nullspace_close(&nullspace);
    }
}

/* A P = Q [R11 R12] with T = (2, 3)': of three columns the last first. */
Test(nullspace, is_that_of_a_factorisation)
{
    static const int32_t pivot[] = {2, 0, 1}, column[] = {0, 1, 2};
    static const double tail[] = {2, 3}, inverse[] = {1, 0.5, 1};
    /* x = phi / D; determined where x_0 = 2 x_2 and x_1 = 3 x_2. */
    static const double inside[] = {2, 6, 1}, outside[] = {2, 3, 1};
    struct nullspace *nullspace;
    double seen[2], magnitude[2];

    cr_assert_eq(nullspace_open(&nullspace, 3, 1, pivot, tail, inverse), LATTN_OK);
    cr_assert_eq(nullspace->directions, 2);
    cr_assert_not(nullspace_sees(nullspace, 3, column, inside, magnitude, seen));
    cr_assert(nullspace_sees(nullspace, 3, column, outside, magnitude, seen));
    cr_assert_eq(seen[0], 0);
    cr_assert_eq(seen[1], 1.5 - 3);
    nullspace_close(&nullspace);
}

Test(nullspace, leaves_new_columns_open)
{
    static const double first[COLUMNS] = {1, 2}, both[COLUMNS] = {1, 2, 3};
    static const int32_t column[] = {0, 1, 2};
    struct nullspace *nullspace = nullspace_of_none(2);
    double seen[COLUMNS], magnitude[COLUMNS];

    cr_assert_eq(nullspace_widen(nullspace, COLUMNS), LATTN_OK);
    take(nullspace, first);
    nullspace->inverse[2] = 1;
    cr_assert_eq(nullspace->directions, COLUMNS - 1);
    cr_assert_not(nullspace_sees(nullspace, 3, column, first, magnitude, seen));
    cr_assert(nullspace_sees(nullspace, 3, column, both, magnitude, seen));
    nullspace_close(&nullspace);
}

Test(nullspace, is_as_it_was_without_memory)
{
    struct nullspace *nullspace = nullspace_of_none(2), *none = NULL;

    for (int after = 1; after <= 2; after++) {
        memory_fail((uint64_t)after, 0);
        cr_expect_eq(nullspace_widen(nullspace, 3), LATTN_NO_MEMORY);
        cr_expect_eq(nullspace->columns, 2);
    }
    for (int after = 1; after <= 3; after++) {
        memory_fail((uint64_t)after, 0);
        cr_expect_eq(nullspace_open(&none, 0, 0, NULL, NULL, NULL), LATTN_NO_MEMORY);
        cr_expect_null(none);
    }
    memory_fail(0, 0);
    nullspace_close(&nullspace);
    nullspace_close(&nullspace);
}
