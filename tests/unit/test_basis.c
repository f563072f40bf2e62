#include "core/basis.h"

#include "base/random.h"
#include "core/dense.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(basis, .init = dense_threads_one);

enum { COUNT_MAX = 300, WIDTH_MAX = 200 };

static double rows[COUNT_MAX * WIDTH_MAX], lost[COUNT_MAX * WIDTH_MAX], floors[COUNT_MAX];
static struct basis_choice choices[COUNT_MAX];

/* What is left of all rows, by naive Gram-Schmidt in long double. */
static long double left[COUNT_MAX][WIDTH_MAX];

static long double left_norm(int32_t row, int32_t width)
{
    long double squares = 0;

    for (int32_t c = 0; c < width; c++)
        squares += left[row][c] * left[row][c];
    return sqrtl(squares);
}

static void left_project(int32_t count, int32_t width, int32_t chosen)
{
    long double direction[WIDTH_MAX], norm = left_norm(chosen, width);

    for (int32_t c = 0; c < width; c++)
        direction[c] = left[chosen][c] / norm;
    for (int32_t i = 0; i < count; i++) {
        long double along = 0;

        for (int32_t c = 0; c < width; c++)
            along += direction[c] * left[i][c];
        for (int32_t c = 0; c < width; c++)
            left[i][c] -= along * direction[c];
    }
}

static long double left_longest(int32_t count, int32_t width)
{
    long double longest = 0;

    for (int32_t i = 0; i < count; i++)
        longest = fmaxl(longest, left_norm(i, width));
    return longest;
}

/* Choose, and hold every choice against the oracle. Returns how many were chosen. */
static size_t choose(int32_t count, int32_t width, double floor, size_t most)
{
    size_t chosen;
    long double longest = 0;

    for (int32_t i = 0; i < count; i++) {
        floors[i] = floor;
        for (int32_t c = 0; c < width; c++)
            left[i][c] = rows[i * width + c];
    }
    memcpy(lost, rows, sizeof lost);
    cr_assert_eq(basis_choose(count, width, lost, floors, most, choices, &chosen), LATTN_OK);
    for (size_t k = 0; k < chosen; k++) {
        int32_t row = (int32_t)choices[k].row;
        long double norm = left_norm(row, width);

        /* The longest is looked for at the begin of a round; it can only have become shorter. */
        longest = left_longest(count, width);
        cr_expect_float_eq(choices[k].length, (double)norm, 1e-12 * (1 + (double)norm),
                           "choice %zu", k);
        cr_expect_geq((double)norm, 0.5 * (double)longest * (1 - 1e-12), "choice %zu", k);
        left_project(count, width, row);
    }
    if (chosen < most)
        cr_expect_leq((double)left_longest(count, width), floor + 1e-13, "something is left");
    return chosen;
}

static void rows_draw(struct random *random, int32_t count, int32_t width, int32_t rank)
{
    static double factors[COUNT_MAX * WIDTH_MAX], basis[WIDTH_MAX * WIDTH_MAX];

    random_normals(random, factors, (int64_t)count * rank);
    random_normals(random, basis, (int64_t)rank * width);
    for (int32_t i = 0; i < count; i++)
        for (int32_t c = 0; c < width; c++) {
            rows[i * width + c] = 0;
            for (int32_t r = 0; r < rank; r++)
                rows[i * width + c] += factors[i * rank + r] * basis[r * width + c] / width;
        }
}

Test(basis, has_as_many_rows_as_their_rank)
{
    static const int32_t sizes[][3] = {{1, 1, 1},       {7, 3, 3},       {3, 7, 3},
                                       {40, 30, 12},    {9, 9, 1},       {200, 70, 70},
                                       {300, 200, 150}, {100, 200, 100}, {150, 129, 129}};
    struct random random = {.state = 1};

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        rows_draw(&random, sizes[i][0], sizes[i][1], sizes[i][2]);
        cr_expect_eq(choose(sizes[i][0], sizes[i][1], 1e-12, COUNT_MAX), (size_t)sizes[i][2],
                     "%d x %d of rank %d", sizes[i][0], sizes[i][1], sizes[i][2]);
    }
}

/* Rows that differ by decades, and repeated ones. */
Test(basis, takes_the_long_rows_first)
{
    enum { COUNT = 80, WIDTH = 40 };
    struct random random = {.state = 2};

    rows_draw(&random, COUNT, WIDTH, WIDTH);
    for (int32_t i = 0; i < COUNT; i++)
        for (int32_t c = 0; c < WIDTH; c++)
            rows[i * WIDTH + c] = rows[(i < COUNT / 2 ? i : i - COUNT / 2) * WIDTH + c] *
                                  (i < COUNT / 2 ? pow(10, -i / 8) : 1);
    cr_expect_eq(choose(COUNT, WIDTH, 1e-12, COUNT), WIDTH);
}

Test(basis, leaves_what_the_floors_call_rounding)
{
    rows[0] = 1, rows[1] = 0;
    rows[2] = 1, rows[3] = 1e-3;
    rows[4] = 0, rows[5] = 0;
    cr_expect_eq(choose(3, 2, 1e-2, 3), 1);
    cr_expect_eq(choose(3, 2, 1e-4, 3), 2);
}

Test(basis, takes_no_more_than_asked_for)
{
    struct random random = {.state = 3};

    rows_draw(&random, 200, 100, 100);
    cr_expect_eq(choose(200, 100, 1e-12, 65), 65);
    cr_expect_eq(choose(200, 100, 1e-12, 1), 1);
    cr_expect_eq(choose(200, 100, 1e-12, 0), 0);
}
