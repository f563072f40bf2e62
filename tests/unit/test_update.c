/*
 * Updates against one identity: with A the stacked arrays, A'A does not change. In long double and
 * entry by entry it holds R'R + X'X, the labels' part and the residual to account at once, without
 * sharing a line with what it judges. Large sizes are probed with A'(A z) for random z.
 *
 * Orthogonal transformations err by a small multiple of p (k + 1) epsilon of each column's norm
 * (Higham, Accuracy and Stability 2e, theorem 19.4), so A'A is compared relative to the norms of
 * its two columns, whatever their scales.
 */

#include "base/memory.h"
#include "base/random.h"
#include "core/update.h"
#include "core/update_scratch.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { PADDING = 3, VERSIONS_MAX = 7 };

typedef void (*block_fn)(int32_t p, int32_t q, int32_t k, double *factor, size_t ldf, double *rows,
                         size_t ldr, double *work, const struct update_front *front);

struct version {
    const char *name;
    block_fn block;
};

/* The arrays are exactly as long as the contract says, so that sanitizers see any step outside. */
struct problem {
    int32_t p, q, k;
    size_t ld, columns, factor_count, rows_count;
    double *factor, *rows, *work;
    double *factor_before;
};

static void row_by_row(int32_t p, int32_t q, int32_t k, double *factor, size_t ldf, double *rows,
                       size_t ldr, double *work, const struct update_front *front)
{
    (void)work;
    (void)front;
    for (int32_t i = 0; i < k; i++)
        update_row(p, q, factor, ldf, rows + (size_t)i * ldr);
}

static void row_by_row_portable(int32_t p, int32_t q, int32_t k, double *factor, size_t ldf,
                                double *rows, size_t ldr, double *work,
                                const struct update_front *front)
{
    (void)work;
    (void)front;
    for (int32_t i = 0; i < k; i++)
        update_row_portable(p, q, factor, ldf, rows + (size_t)i * ldr);
}

static void block_portable(int32_t p, int32_t q, int32_t k, double *factor, size_t ldf,
                           double *rows, size_t ldr, double *work, const struct update_front *front)
{
    (void)front;
    update_block_portable(p, q, k, factor, ldf, rows, ldr, work);
}

/* Every version that this machine can run, and the rows, which must do what a block does. */
static size_t versions(struct version ret_versions[VERSIONS_MAX])
{
    size_t count = 0;

    ret_versions[count++] = (struct version){"block", update_block_front};
    ret_versions[count++] = (struct version){"block_portable", block_portable};
    ret_versions[count++] = (struct version){"row", row_by_row};
    ret_versions[count++] = (struct version){"row_portable", row_by_row_portable};
    ret_versions[count++] = (struct version){"block_128", update_block_128};
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        ret_versions[count++] = (struct version){"block_256", update_block_256};
    if (__builtin_cpu_supports("avx512f"))
        ret_versions[count++] = (struct version){"block_512", update_block_512};
#endif
    return count;
}

static bool inside_factor(const struct problem *problem, size_t index)
{
    size_t row = index / problem->ld, column = index % problem->ld;

    return column >= row && column < problem->columns;
}

static void problem_init(struct problem *problem, int32_t p, int32_t q, int32_t k)
{
    *problem = (struct problem){.p = p, .q = q, .k = k};
    problem->columns = (size_t)p + (size_t)q;
    problem->ld = problem->columns + PADDING;
    problem->factor_count = ((size_t)p - 1) * problem->ld + problem->columns;
    problem->rows_count = ((size_t)k - 1) * problem->ld + problem->columns;
    problem->factor = memory_zeroed(problem->factor_count, sizeof(double));
    problem->factor_before = memory_zeroed(problem->factor_count, sizeof(double));
    problem->rows = memory_zeroed(problem->rows_count, sizeof(double));
    problem->work = memory_raw(update_workspace(k), sizeof(double));
    for (size_t i = 0; i < update_workspace(k); i++)
        problem->work[i] = NAN;
    for (size_t i = 0; i < problem->factor_count; i++)
        if (!inside_factor(problem, i))
            problem->factor[i] = NAN;
    for (size_t i = 0; i < problem->rows_count; i++)
        if (i % problem->ld >= problem->columns)
            problem->rows[i] = NAN;
}

static void problem_done(struct problem *problem)
{
    memory_release(problem->factor);
    memory_release(problem->factor_before);
    memory_release(problem->rows);
    memory_release(problem->work);
}

static double *factor_row(const struct problem *problem, int32_t i)
{
    return problem->factor + (size_t)i * problem->ld;
}

static double *row(const struct problem *problem, int32_t i)
{
    return problem->rows + (size_t)i * problem->ld;
}

static void fill_factor(struct problem *problem, struct random *random)
{
    for (int32_t i = 0; i < problem->p; i++)
        random_normals(random, factor_row(problem, i) + i, (int64_t)problem->columns - i);
}

static void fill_rows(struct problem *problem, struct random *random)
{
    for (int32_t i = 0; i < problem->k; i++)
        random_normals(random, row(problem, i), (int64_t)problem->columns);
}

/* Entry of the stacked array; after an update the columns of X are zero by definition. */
static long double entry(const struct problem *problem, int32_t i, size_t c, bool updated)
{
    if (i < problem->p)
        return c < (size_t)i ? 0 : factor_row(problem, i)[c];
    return updated && c < (size_t)problem->p ? 0 : row(problem, i - problem->p)[c];
}

static long double *gram(const struct problem *problem, bool updated)
{
    size_t n = problem->columns;
    long double *sums = memory_zeroed(n * n, sizeof *sums);

    for (int32_t i = 0; i < problem->p + problem->k; i++) {
        for (size_t a = i < problem->p ? (size_t)i : 0; a < n; a++) {
            long double left = entry(problem, i, a, updated);

            for (size_t b = a; b < n && left != 0; b++)
                sums[a * n + b] += left * entry(problem, i, b, updated);
        }
    }
    return sums;
}

static long double tolerance(const struct problem *problem)
{
    return (long double)DBL_EPSILON * problem->p * (problem->k + 1);
}

static void check_gram(const struct problem *problem, const long double *before, const char *name)
{
    size_t n = problem->columns;
    long double *after = gram(problem, true);

    for (size_t a = 0; a < n; a++) {
        for (size_t b = a; b < n; b++) {
            long double scale = sqrtl(before[a * n + a]) * sqrtl(before[b * n + b]);
            long double error = fabsl(after[a * n + b] - before[a * n + b]);

            cr_assert(error <= tolerance(problem) * scale, "%s p=%d q=%d k=%d at %zu,%zu: %Lg",
                      name, problem->p, problem->q, problem->k, a, b, error / scale);
        }
    }
    memory_release(after);
}

/* Numbers outside the triangle and the columns are those that problem_init put there: NaN. */
static void check_outside(const struct problem *problem, const char *name)
{
    for (size_t i = 0; i < problem->factor_count; i++)
        cr_assert(isnan(problem->factor[i]) == !inside_factor(problem, i),
                  "%s p=%d q=%d k=%d: factor at %zu,%zu", name, problem->p, problem->q, problem->k,
                  i / problem->ld, i % problem->ld);
    for (size_t i = 0; i < problem->rows_count; i++)
        if (i % problem->ld >= problem->columns)
            cr_assert(isnan(problem->rows[i]));
        else if (i % problem->ld >= (size_t)problem->p)
            cr_assert(isfinite(problem->rows[i]), "%s p=%d q=%d k=%d: residual", name, problem->p,
                      problem->q, problem->k);
}

static void run(struct problem *problem, const struct version *version)
{
    version->block(problem->p, problem->q, problem->k, problem->factor, problem->ld, problem->rows,
                   problem->ld, problem->work, NULL);
}

/* Try all versions on the same arrays, which come back as they were. */
static void check_versions(struct problem *problem)
{
    struct version all[VERSIONS_MAX];
    size_t count = versions(all);
    long double *before = gram(problem, false);
    double *rows = memory_zeroed(problem->rows_count, sizeof *rows);

    memcpy(problem->factor_before, problem->factor, problem->factor_count * sizeof(double));
    memcpy(rows, problem->rows, problem->rows_count * sizeof(double));
    for (size_t i = 0; i < count; i++) {
        run(problem, &all[i]);
        check_outside(problem, all[i].name);
        check_gram(problem, before, all[i].name);
        memcpy(problem->factor, problem->factor_before, problem->factor_count * sizeof(double));
        memcpy(problem->rows, rows, problem->rows_count * sizeof(double));
    }
    memory_release(rows);
    memory_release(before);
}

/* q runs with k / 4, so that every k mod 4 meets every q at every p. */
Test(update, keeps_the_gram_matrix_at_all_sizes)
{
    struct random random = {11};

    for (int32_t p = 1; p <= 40; p++) {
        for (int32_t k = 1; k <= 41; k++) {
            struct problem problem;

            problem_init(&problem, p, (p + k / 4) % 6, k);
            fill_factor(&problem, &random);
            fill_rows(&problem, &random);
            check_versions(&problem);
            problem_done(&problem);
        }
    }
}

/* Sizes that need panels of two and more blocks, with and without ragged ends. */
Test(update, keeps_the_gram_matrix_across_panels)
{
    static const int32_t sizes[][3] = {{127, 1, 33}, {128, 0, 64}, {141, 2, 5},
                                       {160, 4, 1},  {163, 1, 40}, {203, 7, 30}};
    struct random random = {12};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct problem problem;

        problem_init(&problem, sizes[i][0], sizes[i][1], sizes[i][2]);
        fill_factor(&problem, &random);
        fill_rows(&problem, &random);
        check_versions(&problem);
        problem_done(&problem);
    }
}

/* A'(A z) */
static long double *probe(const struct problem *problem, const double *z, bool updated)
{
    long double *product = memory_zeroed(problem->columns, sizeof *product);

    for (int32_t i = 0; i < problem->p + problem->k; i++) {
        size_t first = i < problem->p ? (size_t)i : 0;
        long double dot = 0;

        for (size_t c = first; c < problem->columns; c++)
            dot += entry(problem, i, c, updated) * z[c];
        for (size_t c = first; c < problem->columns; c++)
            product[c] += entry(problem, i, c, updated) * dot;
    }
    return product;
}

static long double norm(const long double *numbers, size_t count)
{
    long double square = 0;

    for (size_t i = 0; i < count; i++)
        square += numbers[i] * numbers[i];
    return sqrtl(square);
}

static void check_large(struct problem *problem, struct random *random)
{
    double *z = memory_zeroed(problem->columns, sizeof *z);
    long double *before, *after, scale;

    random_normals(random, z, (int64_t)problem->columns);
    before = probe(problem, z, false);
    scale = norm(before, problem->columns);
    run(problem, &(struct version){"block", update_block_front});
    check_outside(problem, "block");
    after = probe(problem, z, true);
    for (size_t c = 0; c < problem->columns; c++)
        after[c] -= before[c];
    cr_assert(norm(after, problem->columns) <= tolerance(problem) * scale, "p=%d q=%d k=%d: %Lg",
              problem->p, problem->q, problem->k, norm(after, problem->columns) / scale);
    memory_release(z);
    memory_release(before);
    memory_release(after);
}

Test(update, keeps_the_gram_matrix_at_large_sizes)
{
    static const int32_t sizes[][3] = {{600, 3, 97}, {1031, 1, 18}, {1100, 2, 129}, {2176, 1, 192}};
    struct random random = {13};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct problem problem;

        problem_init(&problem, sizes[i][0], sizes[i][1], sizes[i][2]);
        fill_factor(&problem, &random);
        fill_rows(&problem, &random);
        check_large(&problem, &random);
        problem_done(&problem);
    }
}

Test(update, leaves_the_factor_alone_where_rows_are_zero)
{
    struct version all[VERSIONS_MAX];
    size_t count = versions(all);
    struct random random = {14};

    for (size_t i = 0; i < count; i++) {
        struct problem problem;

        problem_init(&problem, 37, 2, 9);
        fill_factor(&problem, &random);
        memcpy(problem.factor_before, problem.factor, problem.factor_count * sizeof(double));
        run(&problem, &all[i]);
        cr_assert(memcmp(problem.factor_before, problem.factor,
                         problem.factor_count * sizeof(double)) == 0,
                  "%s", all[i].name);
        problem_done(&problem);
    }
}

/*
 * The squares of 1e-161 have one or two bits left, so that a reflector made of them would not be
 * orthogonal and ruin all columns. They are to be what they are with a zero column.
 */
Test(update, takes_columns_below_the_smallest_pivot_as_zero)
{
    static const double scales[] = {1e-161, 0};
    static const int32_t tiny[] = {0, 5, 18, 36};
    struct version all[VERSIONS_MAX];
    size_t count = versions(all);

    for (size_t i = 0; i < count * 4; i++) {
        struct problem problems[2];

        for (size_t s = 0; s < 2; s++) {
            struct random random = {20};

            problem_init(&problems[s], 37, 2, 9);
            fill_rows(&problems[s], &random);
            for (int32_t r = 0; r < 9; r++)
                row(&problems[s], r)[tiny[i % 4]] *= scales[s];
            run(&problems[s], &all[i / 4]);
        }
        for (int32_t r = 0; r < 37; r++)
            for (int32_t c = r; c < 39; c++)
                cr_assert(c == tiny[i % 4] ||
                              factor_row(&problems[0], r)[c] == factor_row(&problems[1], r)[c],
                          "%s at %d,%d", all[i / 4].name, r, c);
        problem_done(&problems[0]);
        problem_done(&problems[1]);
    }
}

/* Into an empty factor, where each row after the first of its kind leaves nothing but residue. */
Test(update, takes_repeated_rows)
{
    static const int32_t sizes[][2] = {{8, 40}, {40, 8}, {160, 24}, {200, 3}};
    struct random random = {15};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int32_t distinct = 1; distinct <= 3; distinct++) {
            struct problem problem;

            problem_init(&problem, sizes[i][0], 1, sizes[i][1]);
            fill_rows(&problem, &random);
            for (int32_t r = distinct; r < problem.k; r++)
                memcpy(row(&problem, r), row(&problem, r % distinct),
                       problem.columns * sizeof(double));
            check_versions(&problem);
            problem_done(&problem);
        }
    }
}

/* Rows of two ones among `kinds` columns each, as tokens of one-hot coordinates give. */
static void fill_one_hot(struct problem *problem, struct random *random)
{
    uint32_t half = (uint32_t)problem->p / 2;

    for (int32_t i = 0; i < problem->k; i++) {
        row(problem, i)[random_below(random, half)] += 1;
        row(problem, i)[half + random_below(random, half)] += 1;
        for (int32_t c = problem->p; c < (int32_t)problem->columns; c++)
            row(problem, i)[c] = 1 + random_below(random, 3);
    }
}

Test(update, takes_one_hot_rows)
{
    static const int32_t sizes[][2] = {{6, 40}, {40, 30}, {160, 40}, {210, 64}};
    struct random random = {16};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct problem problem;

        problem_init(&problem, sizes[i][0], 2, sizes[i][1]);
        fill_one_hot(&problem, &random);
        check_versions(&problem);
        problem_done(&problem);
    }
}

/* Few rows, an empty factor: all columns after the first few meet residues only. */
Test(update, takes_short_blocks_into_large_empty_factors)
{
    static const int32_t sizes[][2] = {{600, 2}, {1024, 5}, {2176, 3}, {2176, 64}};
    struct random random = {17};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct problem problem;

        problem_init(&problem, sizes[i][0], 1, sizes[i][1]);
        fill_rows(&problem, &random);
        check_large(&problem, &random);
        problem_done(&problem);
    }
}

/* Scale entry c of every row by 10^e with e in -140 .. 140; `alone` scales only the new rows. */
static void scale_columns(struct problem *problem, struct random *random, bool alone)
{
    for (size_t c = 0; c < problem->columns; c++) {
        double scale = pow(10, (double)random_below(random, 281) - 140);

        for (int32_t i = 0; i < problem->p && i <= (int32_t)c && !alone; i++)
            factor_row(problem, i)[c] *= scale;
        for (int32_t i = 0; i < problem->k; i++)
            row(problem, i)[c] *= scale;
    }
}

Test(update, keeps_the_gram_matrix_of_columns_of_any_scale)
{
    struct random random = {18};

    for (int32_t trial = 0; trial < 60; trial++) {
        struct problem problem;

        problem_init(&problem, 1 + trial, trial % 3, 1 + trial % 7 * 4);
        fill_factor(&problem, &random);
        fill_rows(&problem, &random);
        scale_columns(&problem, &random, trial % 2 != 0);
        check_versions(&problem);
        problem_done(&problem);
    }
}

/* Versions differ in the signs of R's rows; compare after making the diagonal positive. */
static void check_factors_agree(const struct problem *a, const struct problem *b, const char *name)
{
    for (int32_t i = 0; i < a->p; i++) {
        const double *x = factor_row(a, i), *y = factor_row(b, i);

        for (size_t c = (size_t)i; c < a->columns; c++) {
            double error = fabs(copysign(1, x[i]) * x[c] - copysign(1, y[i]) * y[c]);

            cr_assert(error <= 64 * (double)tolerance(a), "%s p=%d k=%d at %d,%zu: %g", name, a->p,
                      a->k, i, c, error);
        }
    }
}

/* The factor is 4 I plus a little, so that its condition, about 2, does not blur the comparison. */
static void fill_well(struct problem *problem)
{
    struct random random = {19};

    fill_factor(problem, &random);
    fill_rows(problem, &random);
    for (int32_t i = 0; i < problem->p; i++) {
        for (size_t c = (size_t)i; c < problem->columns; c++)
            factor_row(problem, i)[c] /= sqrt(problem->p);
        factor_row(problem, i)[i] += 4;
    }
    for (size_t i = 0; i < problem->rows_count; i++)
        problem->rows[i] /= sqrt(problem->k);
}

Test(update, gives_the_same_factor_in_all_versions)
{
    struct version all[VERSIONS_MAX];
    size_t count = versions(all);

    for (int32_t p = 5; p <= 200; p += 39) {
        struct problem first;

        problem_init(&first, p, 3, 30);
        fill_well(&first);
        run(&first, &all[0]);
        for (size_t i = 1; i < count; i++) {
            struct problem other;

            problem_init(&other, p, 3, 30);
            fill_well(&other);
            run(&other, &all[i]);
            check_factors_agree(&first, &other, all[i].name);
            problem_done(&other);
        }
        problem_done(&first);
    }
}

Test(update, repeats_bit_for_bit)
{
    struct version all[VERSIONS_MAX];
    size_t count = versions(all);

    for (size_t i = 0; i < count; i++) {
        struct problem first, second;

        problem_init(&first, 141, 2, 37);
        problem_init(&second, 141, 2, 37);
        fill_well(&first);
        fill_well(&second);
        run(&first, &all[i]);
        run(&second, &all[i]);
        cr_assert(memcmp(first.factor, second.factor, first.factor_count * sizeof(double)) == 0);
        problem_done(&first);
        problem_done(&second);
    }
}
