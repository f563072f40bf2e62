#include "core/spectrum.h"

#include "base/memory.h"
#include "base/random.h"
#include "core/dense.h"
#include "support/approx.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { N_MAX = 120 };

/*
 * What spectrum.h aims at for an eigenvalue; its root is half as far off. Inside a cluster narrower
 * than 1e-9 the iteration cannot tell values apart, and its estimate of the error is a few times
 * too small.
 */
static const double promised = 1e-11;
static const double promised_in_clusters = 1e-10;

typedef double (*graded_fn)(int32_t n, int32_t i);

static double evenly(int32_t n, int32_t i)
{
    return 1 + (double)i / n;
}

static double all_equal(int32_t n, int32_t i)
{
    (void)n;
    (void)i;
    return 3;
}

static double graded(int32_t n, int32_t i)
{
    return pow(10, -6. * i / n);
}

/* Half of the values within 1e-9 of one, half within 1e-9 of a tenth. */
static double clustered(int32_t n, int32_t i)
{
    return (i < n / 2 ? 1 : 0.1) * (1 + 1e-9 * i / n);
}

static double one_tiny(int32_t n, int32_t i)
{
    return i == n / 2 ? 1e-12 : 1 + (double)i / n;
}

static double one_huge(int32_t n, int32_t i)
{
    return i == 0 ? 1e9 : 1 + (double)i / n;
}

static const struct {
    const char *name;
    graded_fn value;
} families[] = {
    {"evenly", evenly},       {"all equal", all_equal}, {"graded", graded},
    {"clustered", clustered}, {"one tiny", one_tiny},   {"one huge", one_huge},
};

/* Reflect the rows of A, n x n row-major, by I - 2 v v' / v'v. */
static void reflect_rows(int32_t n, const double *v, double *a)
{
    double square = dense_dot(n, v, v);

    for (int32_t i = 0; i < n; i++)
        dense_add(n, -2 * dense_dot(n, v, a + (size_t)i * (size_t)n) / square, v,
                  a + (size_t)i * (size_t)n);
}

/*
 * A triangle with given singular values up to rounding: R of a QR factorisation of diag(values)
 * times reflections. Row-major; what lies below the diagonal is not a number.
 */
static double *triangle_make(int32_t n, graded_fn value, uint64_t seed)
{
    struct random random = {.state = seed};
    size_t size = (size_t)n;
    double *a = memory_zeroed(size * size, sizeof *a);
    double v[N_MAX], tau[N_MAX], none[1];
    int32_t pivot[N_MAX];

    cr_assert_not_null(a);
    for (size_t i = 0; i < size; i++)
        a[i * size + i] = value(n, (int32_t)i);
    for (int pass = 0; pass < 3; pass++) {
        random_normals(&random, v, n);
        reflect_rows(n, v, a);
    }
    cr_assert_eq(dense_pivoted_qr(n, a, pivot, tau, 0, none), LATTN_OK);
    for (size_t i = 0; i < size; i++)
        for (size_t j = i + 1; j < size; j++) {
            a[i * size + j] = a[j * size + i];
            a[j * size + i] = NAN;
        }
    return a;
}

/* All singular values of R diag(scale) by a full decomposition. */
static void values_by_svd(int32_t n, const double *r, const double *scale, double *ret_sigma)
{
    size_t size = (size_t)n;
    double *a = memory_zeroed(size * size, sizeof *a);

    cr_assert_not_null(a);
    for (size_t i = 0; i < size; i++)
        for (size_t j = i; j < size; j++)
            a[j * size + i] = r[i * size + j] * (scale == NULL ? 1 : scale[j]);
    cr_assert_eq(dense_svd(n, n, a, ret_sigma, NULL, NULL), LATTN_OK);
    memory_release(a);
}

/* Both ends against the full decomposition, whose own error is a few units of u sigma_max. */
static void expect_ends(int32_t n, const double *r, const double *scale, const char *name)
{
    double relative = strcmp(name, "clustered") == 0 ? promised_in_clusters : promised;
    double want[N_MAX], largest, smallest, rounding;

    values_by_svd(n, r, scale, want);
    rounding = approx_sum(n, want[0]);
    cr_assert_eq(spectrum_largest(n, r, (size_t)n, scale, &largest), LATTN_OK);
    cr_assert_eq(spectrum_smallest(n, r, (size_t)n, scale, &smallest), LATTN_OK);
    cr_expect_float_eq(largest, want[0], relative * want[0] + rounding, "%s, n = %d: %g off", name,
                       n, largest - want[0]);
    cr_expect_float_eq(smallest, want[n - 1], relative * want[n - 1] + rounding,
                       "%s, n = %d: %g off", name, n, smallest - want[n - 1]);
}

Test(spectrum, both_ends_agree_with_a_full_svd_at_all_sizes)
{
    for (size_t f = 0; f < sizeof families / sizeof families[0]; f++) {
        for (int32_t n = 1; n <= N_MAX; n += n < 40 ? 1 : 7) {
            double *r = triangle_make(n, families[f].value, (uint64_t)n);

            expect_ends(n, r, NULL, families[f].name);
            memory_release(r);
        }
    }
}

/* Where values crowd at an end, a glance may take one for another: they differ by little. */
Test(spectrum, a_glance_sees_both_ends_to_a_percent)
{
    for (size_t f = 0; f < sizeof families / sizeof families[0]; f++) {
        for (int32_t n = 1; n <= N_MAX; n += n < 40 ? 7 : 13) {
            double *r = triangle_make(n, families[f].value, (uint64_t)n);
            double want[N_MAX], largest, smallest, alone;

            values_by_svd(n, r, NULL, want);
            cr_assert_eq(spectrum_glance(n, r, (size_t)n, &largest, &smallest), LATTN_OK);
            cr_expect_lt(approx_error(largest, want[0]), 5e-3, "%s, n = %d", families[f].name, n);
            cr_expect_lt(approx_error(smallest, want[n - 1]), 5e-3, "%s, n = %d: %g of %g",
                         families[f].name, n, smallest, want[n - 1]);
            cr_assert_eq(spectrum_glance(n, r, (size_t)n, &alone, NULL), LATTN_OK);
            cr_expect_eq(alone, largest);
            cr_assert_eq(spectrum_glance(n, r, (size_t)n, NULL, &alone), LATTN_OK);
            cr_expect_eq(alone, smallest);
            memory_release(r);
        }
    }
}

/* Maps that are diagonal: values decrease from `largest`, at a rate of their own. */
struct diagonals {
    int32_t n;
    int32_t calls;
    int32_t columns;
};

static const double largest_of[SPECTRUM_MAPS_MAX] = {7, 3e5, 2e-8};

static void diagonals_apply(void *arg, int32_t count, const int32_t *which, double *x)
{
    struct diagonals *diagonals = arg;

    for (int32_t j = 0; j < count; j++)
        for (int32_t i = 0; i < diagonals->n; i++)
            *x++ *= largest_of[which[j]] * pow(0.5 + 0.2 * which[j], i);
    diagonals->calls++;
    diagonals->columns += count;
}

Test(spectrum, maps_go_together_to_the_end_of_each)
{
    const struct {
        enum spectrum_accuracy accuracy;
        double error;
    } aims[] = {{SPECTRUM_TOLD, 1e-6}, {SPECTRUM_EXACT, promised}};
    int32_t calls[2];

    for (int aim = 0; aim < 2; aim++)
        for (int32_t maps = 1; maps <= SPECTRUM_MAPS_MAX; maps++) {
            struct diagonals diagonals = {.n = N_MAX};
            double got[SPECTRUM_MAPS_MAX];

            cr_assert_eq(
                spectrum_of_maps(N_MAX, maps, diagonals_apply, &diagonals, aims[aim].accuracy, got),
                LATTN_OK);
            for (int32_t i = 0; i < maps; i++)
                cr_expect_lt(approx_error(got[i], largest_of[i]), aims[aim].error, "map %d of %d",
                             i, maps);
            cr_expect_leq(diagonals.columns, maps * diagonals.calls);
            calls[aim] = diagonals.calls;
        }
    cr_expect_lt(calls[0], calls[1], "what is told takes fewer steps");
}

Test(spectrum, scales_columns)
{
    for (int32_t n = 1; n <= 100; n += 11) {
        double *r = triangle_make(n, evenly, 1);
        double scale[N_MAX];

        for (int32_t i = 0; i < n; i++)
            scale[i] = pow(10, i % 5 - 2);
        expect_ends(n, r, scale, "scaled");
        memory_release(r);
    }
}

Test(spectrum, identity_ends_the_iteration_at_once)
{
    for (int32_t n = 30; n <= N_MAX; n += 3) {
        double *r = memory_zeroed((size_t)(n * n), sizeof *r);
        double largest, smallest;

        cr_assert_not_null(r);
        for (int32_t i = 0; i < n; i++)
            r[i * n + i] = 1;
        cr_assert_eq(spectrum_largest(n, r, (size_t)n, NULL, &largest), LATTN_OK);
        cr_assert_eq(spectrum_smallest(n, r, (size_t)n, NULL, &smallest), LATTN_OK);
        cr_expect_float_eq(largest, 1, approx_sum(n, 1));
        cr_expect_float_eq(smallest, 1, approx_sum(n, 1));
        memory_release(r);
    }
}

Test(spectrum, a_zero_triangle_has_norm_zero)
{
    for (int32_t n = 1; n <= 40; n += 13) {
        double *r = memory_zeroed((size_t)(n * n), sizeof *r);
        double largest = -1;

        cr_assert_eq(spectrum_largest(n, r, (size_t)n, NULL, &largest), LATTN_OK);
        cr_expect_eq(largest, 0);
        memory_release(r);
    }
}

/* Where the triangle is diagonal, even a value of 1e-12 is exact to all digits. */
Test(spectrum, tiny_values_are_relatively_exact_where_the_triangle_shows_them)
{
    for (int32_t n = 31; n <= N_MAX; n += 8) {
        double *r = memory_zeroed((size_t)(n * n), sizeof *r);
        double smallest;

        cr_assert_not_null(r);
        for (int32_t i = 0; i < n; i++)
            r[i * n + i] = one_tiny(n, i);
        cr_assert_eq(spectrum_smallest(n, r, (size_t)n, NULL, &smallest), LATTN_OK);
        cr_expect_lt(approx_error(smallest, 1e-12), promised);
        memory_release(r);
    }
}

Test(spectrum, all_values_are_those_of_the_svd)
{
    double want[N_MAX], got[N_MAX];
    double *r = triangle_make(50, graded, 3);

    values_by_svd(50, r, NULL, want);
    cr_assert_eq(spectrum_all(50, r, 50, NULL, got), LATTN_OK);
    cr_expect_arr_eq(got, want, 50 * sizeof *got);
    memory_release(r);
}

Test(spectrum, repeats_itself_bit_by_bit)
{
    double *r = triangle_make(90, graded, 4);
    double first, second;

    cr_assert_eq(spectrum_smallest(90, r, 90, NULL, &first), LATTN_OK);
    cr_assert_eq(spectrum_smallest(90, r, 90, NULL, &second), LATTN_OK);
    cr_expect_eq(first, second);
    memory_release(r);
}

Test(spectrum, says_so_without_memory)
{
    for (int32_t n = 20; n <= 60; n += 40) {
        double *r = triangle_make(n, evenly, 5);
        double sigma = -1;

        for (uint64_t k = 1;; k++) {
            enum lattn_status status;

            memory_fail(k, 0);
            status = spectrum_smallest(n, r, (size_t)n, NULL, &sigma);
            if (!memory_failed())
                break;
            cr_expect_eq(status, LATTN_NO_MEMORY);
            cr_expect_eq(sigma, -1);
        }
        memory_fail(0, 0);
        cr_expect_gt(sigma, 0);
        memory_release(r);
    }
}
