#include "core/krylov.h"

#include "base/memory.h"
#include "support/approx.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { N = 640, COUNT = 32 };

/* What krylov.h promises of a value that has converged. */
static const double promised = 1e-7;

/* A diagonal matrix turned by one reflection, so that no unit vector is an eigenvector. */
struct turned {
    double values[N];
    double mirror[N];
};

static void reflect(const double *mirror, double *block)
{
    for (int j = 0; j < KRYLOV_BLOCK; j++) {
        double sum = 0;

        for (int i = 0; i < N; i++)
            sum += mirror[i] * block[i * KRYLOV_BLOCK + j];
        for (int i = 0; i < N; i++)
            block[i * KRYLOV_BLOCK + j] -= 2 * sum * mirror[i];
    }
}

static void turned_apply(void *arg, double *block)
{
    const struct turned *turned = arg;

    reflect(turned->mirror, block);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < KRYLOV_BLOCK; j++)
            block[i * KRYLOV_BLOCK + j] *= turned->values[i];
    reflect(turned->mirror, block);
}

/* The same without a turn: rounding is then relative to each value. */
static void plain_apply(void *arg, double *block)
{
    const struct turned *turned = arg;

    for (int i = 0; i < N; i++)
        for (int j = 0; j < KRYLOV_BLOCK; j++)
            block[i * KRYLOV_BLOCK + j] *= turned->values[i];
}

static void turned_set(struct turned *turned, double (*value)(int))
{
    for (int i = 0; i < N; i++) {
        turned->values[i] = value(i);
        turned->mirror[i] = 1 / sqrt(N);
    }
}

static double evenly(int i)
{
    return pow(1.01, -i);
}

/* The edge of a random matrix. */
static double crowded(int i)
{
    return 4 - pow((i + 1.) / N, 2. / 3);
}

static double fivefold(int i)
{
    return pow(0.5, i / 5);
}

static double one_huge(int i)
{
    return i == 0 ? 1e14 : 1 + 1. / (1 + i);
}

static void expect_values(struct turned *turned, void (*apply)(void *arg, double *block))
{
    const struct krylov_map map = {N, apply, turned};
    double values[COUNT];

    cr_assert_eq(krylov_largest(&map, 0, NULL, COUNT, values), LATTN_OK);
    for (int i = 0; i < COUNT; i++)
        cr_expect_float_eq(values[i], turned->values[i],
                           promised * turned->values[i] + approx_sum(N, turned->values[0]),
                           "value %d is %.17g, not %.17g", i, values[i], turned->values[i]);
}

Test(krylov, finds_the_largest_values)
{
    static double (*const families[])(int) = {evenly, crowded, fivefold, one_huge};
    static struct turned turned;

    for (size_t f = 0; f < sizeof families / sizeof *families; f++) {
        turned_set(&turned, families[f]);
        expect_values(&turned, turned_apply);
    }
}

static double graded(int i)
{
    return pow(10, -i / 2.);
}

/* Sixteen orders of magnitude: the last would be rounding of the first. */
Test(krylov, finds_small_values_beside_large_ones)
{
    static struct turned turned;
    const struct krylov_map map = {N, plain_apply, &turned};
    double values[COUNT];

    turned_set(&turned, graded);
    cr_assert_eq(krylov_largest(&map, 0, NULL, COUNT, values), LATTN_OK);
    for (int i = 0; i < COUNT; i++)
        cr_expect_float_eq(values[i], graded(i), 1e-6 * graded(i), "%d: %g", i, values[i]);
}

static double three(int i)
{
    return i < 3 ? 3 - i : 0;
}

static double nothing(int i)
{
    (void)i;
    return 0;
}

Test(krylov, finds_zeros_where_nothing_else_is_left)
{
    static struct turned turned;

    turned_set(&turned, three);
    expect_values(&turned, turned_apply);
    turned_set(&turned, nothing);
    expect_values(&turned, turned_apply);
}

Test(krylov, leaves_out_what_it_is_told)
{
    static struct turned turned;
    static double left_out[2 * N];
    const struct krylov_map map = {N, plain_apply, &turned};
    double values[COUNT];

    turned_set(&turned, evenly);
    left_out[0] = 1;
    left_out[N + 2] = 1;
    cr_assert_eq(krylov_largest(&map, 2, left_out, COUNT, values), LATTN_OK);
    cr_expect_float_eq(values[0], evenly(1), promised);
    for (int i = 1; i < COUNT; i++)
        cr_expect_float_eq(values[i], evenly(i + 2), promised);
}

Test(krylov, repeats_itself_bit_by_bit)
{
    static struct turned turned;
    const struct krylov_map map = {N, turned_apply, &turned};
    double first[COUNT], second[COUNT];

    turned_set(&turned, crowded);
    cr_assert_eq(krylov_largest(&map, 0, NULL, COUNT, first), LATTN_OK);
    cr_assert_eq(krylov_largest(&map, 0, NULL, COUNT, second), LATTN_OK);
    cr_expect_arr_eq(first, second, sizeof first);
}

Test(krylov, says_so_without_memory)
{
    static struct turned turned;
    const struct krylov_map map = {N, turned_apply, &turned};
    double values[COUNT];

    turned_set(&turned, fivefold);
    for (uint64_t k = 1;; k++) {
        enum lattn_status status;

        memory_fail(k, 0);
        status = krylov_largest(&map, 0, NULL, COUNT, values);
        if (!memory_failed())
            break;
        cr_assert_eq(status, LATTN_NO_MEMORY);
    }
    memory_fail(0, 0);
}
