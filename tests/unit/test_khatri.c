/*
 * The update of a pair-symmetric moment against its definition: every entry summed in long double,
 * whatever version, size and range. A sum of k products of three errs by a few (k + 2) epsilon of
 * the sum of their magnitudes (Higham, Accuracy and Stability 2e, 3.1).
 */

#include "base/memory.h"
#include "base/random.h"
#include "core/khatri.h"
#include "core/khatri_scratch.h"

#include "support/approx.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { VERSIONS_MAX = 5 };

typedef void (*absorb_fn)(int32_t q, int32_t n, int32_t k, const double *s, size_t lds,
                          const double *x, size_t ldx, double keep, double *M, size_t ldm,
                          size_t first, size_t last, double *work);

struct version {
    const char *name;
    absorb_fn absorb;
};

/* The arrays are exactly as long as the contract says, so that sanitizers see any step outside. */
struct problem {
    int32_t q, n, k;
    size_t lds, ldx, ldm, rows;
    double keep;
    double *s, *x, *M, *before, *work;
    long double *sum;
    double *bound;
};

/* Every version that this machine can run. */
static size_t versions(struct version ret_versions[VERSIONS_MAX])
{
    size_t count = 0;

    ret_versions[count++] = (struct version){"absorb", khatri_absorb};
    ret_versions[count++] = (struct version){"portable", khatri_absorb_portable};
    ret_versions[count++] = (struct version){"absorb_128", khatri_absorb_128};
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        ret_versions[count++] = (struct version){"absorb_256", khatri_absorb_256};
    if (__builtin_cpu_supports("avx512f"))
        ret_versions[count++] = (struct version){"absorb_512", khatri_absorb_512};
#endif
    return count;
}

static size_t leading(int32_t columns, size_t spare)
{
    return ((size_t)columns + 7) / 8 * 8 + 8 * spare;
}

static void fill(double *array, int32_t rows, int32_t columns, size_t ld, struct random *random)
{
    for (int32_t i = 0; i < rows; i++)
        random_normals(random, array + (size_t)i * ld, columns);
}

/* spare: how many cache lines a leading dimension is longer than it has to be. */
static void problem_init(struct problem *problem, int32_t q, int32_t n, int32_t k, size_t spare,
                         struct random *random)
{
    *problem = (struct problem){.q = q, .n = n, .k = k, .keep = 1};
    problem->lds = leading(q, spare);
    problem->ldx = leading(n, spare);
    problem->ldm = leading(n, spare);
    problem->rows = khatri_rows(q);
    problem->s = memory_zeroed((size_t)k * problem->lds, sizeof(double));
    problem->x = memory_zeroed((size_t)k * problem->ldx, sizeof(double));
    problem->M = memory_zeroed(problem->rows * problem->ldm, sizeof(double));
    problem->before = memory_zeroed(problem->rows * problem->ldm, sizeof(double));
    problem->sum = memory_zeroed(problem->rows * problem->ldm, sizeof(long double));
    problem->bound = memory_zeroed(problem->rows * problem->ldm, sizeof(double));
    problem->work = memory_raw(khatri_workspace(q, n, k), sizeof(double));
    for (size_t i = 0; i < khatri_workspace(q, n, k); i++)
        problem->work[i] = NAN;
    fill(problem->s, k, q, problem->lds, random);
    fill(problem->x, k, n, problem->ldx, random);
    random_normals(random, problem->before, (int64_t)(problem->rows * problem->ldm));
}

static void problem_done(struct problem *problem)
{
    memory_release(problem->s);
    memory_release(problem->x);
    memory_release(problem->M);
    memory_release(problem->before);
    memory_release(problem->work);
    memory_release(problem->sum);
    memory_release(problem->bound);
}

/* Absorb into rows first .. last-1 of M as it was. */
static void run(struct problem *problem, absorb_fn absorb, size_t first, size_t last)
{
    memcpy(problem->M, problem->before, problem->rows * problem->ldm * sizeof(double));
    absorb(problem->q, problem->n, problem->k, problem->s, problem->lds, problem->x, problem->ldx,
           problem->keep, problem->M, problem->ldm, first, last, problem->work);
}

/* What entry c of row (a, b) is to be, and how far off it may be. */
static void define_entry(const struct problem *problem, int32_t a, int32_t b, int32_t c)
{
    size_t at = khatri_row(problem->q, a, b) * problem->ldm + (size_t)c;
    long double sum = (long double)problem->keep * problem->before[at], magnitude = fabsl(sum);

    for (int32_t i = 0; i < problem->k; i++) {
        const double *s = problem->s + (size_t)i * problem->lds;
        long double product =
            (long double)s[a] * s[b] * problem->x[(size_t)i * problem->ldx + (size_t)c];

        sum += product;
        magnitude += fabsl(product);
    }
    problem->sum[at] = sum;
    problem->bound[at] =
        approx_sum(problem->k + 2, (double)magnitude) + (problem->k + 2) * DBL_TRUE_MIN;
}

static void define(const struct problem *problem)
{
    for (int32_t a = 0; a < problem->q; a++)
        for (int32_t b = a; b < problem->q; b++)
            for (int32_t c = 0; c < problem->n; c++)
                define_entry(problem, a, b, c);
}

/* Are all rows right, and what stands between the columns and the leading dimension finite? */
static void check_all(const struct problem *problem, const char *name)
{
    for (size_t i = 0; i < problem->rows * problem->ldm; i++) {
        double error = fabs((double)(problem->M[i] - problem->sum[i]));

        cr_assert(isfinite(problem->M[i]), "%s q=%d n=%d k=%d: %zu", name, problem->q, problem->n,
                  problem->k, i);
        cr_assert(i % problem->ldm >= (size_t)problem->n || error <= problem->bound[i],
                  "%s q=%d n=%d k=%d at row %zu, %zu: %g > %g", name, problem->q, problem->n,
                  problem->k, i / problem->ldm, i % problem->ldm, error, problem->bound[i]);
    }
}

static void check_versions(struct problem *problem)
{
    struct version all[VERSIONS_MAX];
    size_t count = versions(all);

    define(problem);
    for (size_t i = 0; i < count; i++) {
        run(problem, all[i].absorb, 0, problem->rows);
        check_all(problem, all[i].name);
    }
}

/* k runs with q and n, so that every remainder of k meets many of either. */
Test(khatri, is_the_sum_at_all_small_sizes)
{
    struct random random = {1};

    for (int32_t q = 1; q <= 11; q++)
        for (int32_t n = 1; n <= 51; n++) {
            struct problem problem;

            problem_init(&problem, q, n, 1 + (5 * q + n) % 19, (size_t)n % 3 / 2, &random);
            check_versions(&problem);
            problem_done(&problem);
        }
}

/* Dense tokens and queries, of as many coordinates or fewer, and blocks of more than one chunk. */
Test(khatri, is_the_sum_at_the_sizes_of_tokens)
{
    static const int32_t sizes[][3] = {{3, 3, 256},  {6, 6, 256},   {10, 10, 256}, {10, 1, 300},
                                       {15, 15, 40}, {28, 28, 129}, {36, 36, 256}, {36, 10, 127},
                                       {55, 3, 17},  {55, 55, 5},   {78, 21, 128}, {136, 10, 9}};
    struct random random = {2};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct problem problem;

        problem_init(&problem, sizes[i][0], sizes[i][1], sizes[i][2], i % 2, &random);
        check_versions(&problem);
        problem_done(&problem);
    }
}

Test(khatri, keeps_as_much_as_it_is_told)
{
    static const double keeps[] = {0, 0.25, 0.999, 1};
    struct random random = {3};

    for (size_t i = 0; i < sizeof keeps / sizeof *keeps; i++)
        for (int32_t k = 0; k <= 260; k += 65) {
            struct problem problem;

            problem_init(&problem, 9, 13, k, 0, &random);
            problem.keep = keeps[i];
            check_versions(&problem);
            problem_done(&problem);
        }
}

/* Threads share the rows among them: nothing of another's may be touched, nor a bit be different.
 */
Test(khatri, gives_the_same_bits_in_any_ranges)
{
    struct random random = {4};
    struct version all[VERSIONS_MAX];
    size_t count = versions(all);
    struct problem problem;
    double *whole;

    problem_init(&problem, 17, 29, 140, 1, &random);
    problem.keep = 0.5;
    whole = memory_raw(problem.rows * problem.ldm, sizeof *whole);
    for (size_t i = 0; i < count; i++) {
        run(&problem, all[i].absorb, 0, problem.rows);
        memcpy(whole, problem.M, problem.rows * problem.ldm * sizeof *whole);
        for (size_t trial = 0; trial < 60; trial++) {
            size_t first = random_below(&random, (uint32_t)problem.rows + 1);
            size_t last = first + random_below(&random, (uint32_t)(problem.rows - first) + 1);

            run(&problem, all[i].absorb, first, last);
            for (size_t r = 0; r < problem.rows; r++)
                cr_assert_arr_eq(problem.M + r * problem.ldm,
                                 (first <= r && r < last ? whole : problem.before) +
                                     r * problem.ldm,
                                 (size_t)problem.n * sizeof(double), "%s: %zu in %zu .. %zu",
                                 all[i].name, r, first, last);
        }
    }
    memory_release(whole);
    problem_done(&problem);
}

static void scale(double *array, size_t count, double by)
{
    for (size_t i = 0; i < count; i++)
        array[i] *= by;
}

/* Sums down to denormal numbers and up to the largest ones. */
Test(khatri, takes_numbers_of_any_size)
{
    static const double scales[][3] = {{1e-155, 1, 1e-310},
                                       {1e-80, 1e-150, 1e-310},
                                       {1e150, 1, 1e300},
                                       {1e150, 1e-300, 1},
                                       {1, 1e300, 1e-300}};
    struct random random = {5};

    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
        struct problem problem;

        problem_init(&problem, 12, 19, 37, 0, &random);
        scale(problem.s, (size_t)problem.k * problem.lds, scales[i][0]);
        scale(problem.x, (size_t)problem.k * problem.ldx, scales[i][1]);
        scale(problem.before, problem.rows * problem.ldm, scales[i][2]);
        check_versions(&problem);
        problem_done(&problem);
    }
}

Test(khatri, repeats_bit_for_bit)
{
    struct random random = {6};
    struct version all[VERSIONS_MAX];
    size_t count = versions(all);
    struct problem problem;
    double *once;

    problem_init(&problem, 21, 15, 200, 0, &random);
    once = memory_raw(problem.rows * problem.ldm, sizeof *once);
    for (size_t i = 0; i < count; i++) {
        run(&problem, all[i].absorb, 0, problem.rows);
        memcpy(once, problem.M, problem.rows * problem.ldm * sizeof *once);
        run(&problem, all[i].absorb, 0, problem.rows);
        cr_assert_arr_eq(problem.M, once, problem.rows * problem.ldm * sizeof *once, "%s",
                         all[i].name);
    }
    memory_release(once);
    problem_done(&problem);
}
