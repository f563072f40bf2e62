/*
 * Every version against sums in long double. The arrays are exactly as long as the contract says,
 * so that sanitizers see any step outside.
 */
#include "core/outer.h"

#include "base/memory.h"
#include "base/random.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { D_MAX = 17, N_MAX = 9, VERSIONS_MAX = 3 };

static size_t versions(const struct outer *ret_versions[VERSIONS_MAX])
{
    size_t count = 0;

    ret_versions[count++] = &outer_128;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        ret_versions[count++] = &outer_256;
#endif
    ret_versions[count++] = outer_choose();
    return count;
}

static size_t leading(int32_t d)
{
    return ((size_t)d + OUTER_STRIP - 1) / OUTER_STRIP * OUTER_STRIP;
}

/* n tokens of d coordinates, padded with zeros. */
static double *rows_make(struct random *random, int32_t n, int32_t d)
{
    size_t ld = leading(d);
    double *rows = memory_zeroed((size_t)n * ld, sizeof *rows);

    cr_assert_not_null(rows);
    for (int32_t t = 0; t < n; t++)
        random_normals(random, rows + (size_t)t * ld, d);
    return rows;
}

static double *numbers_make(size_t count, double value)
{
    double *numbers = memory_raw(count, sizeof *numbers);

    cr_assert_not_null(numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = value;
    return numbers;
}

/* S_jk on top of `before`, and what rounding may make of it. */
static void expect_sum(const double *rows, int32_t n, size_t ld, size_t j, size_t k, double before,
                       double found)
{
    long double sum = before, size = fabs(before);

    for (size_t t = 0; t < (size_t)n; t++) {
        sum += (long double)rows[t * ld + j] * rows[t * ld + k];
        size += fabsl((long double)rows[t * ld + j] * rows[t * ld + k]);
    }
    cr_expect_leq(fabsl(sum - found), (n + 1) * DBL_EPSILON * size);
}

static void try_sums(const struct outer *outer, struct random *random, int32_t n, int32_t d)
{
    size_t ld = leading(d);
    double *rows = rows_make(random, n, d);
    double *S = numbers_make(ld * ld + OUTER_STRIP, 0.5);

    outer->add(n, rows, ld, S);
    for (size_t j = 0; j < ld; j++)
        for (size_t k = j; k < ld; k++)
            expect_sum(rows, n, ld, j, k, 0.5, S[j * ld + k]);
    outer->set(n, rows, ld, S);
    for (size_t j = 0; j < ld; j++)
        for (size_t k = j; k < ld; k++)
            expect_sum(rows, n, ld, j, k, 0, S[j * ld + k]);
    /* Left of the blocks on the diagonal, and behind the square, nothing is written. */
    for (size_t j = 0; j < ld; j++)
        for (size_t k = 0; k < j / OUTER_STRIP * OUTER_STRIP; k++)
            cr_expect_eq(S[j * ld + k], 0.5);
    for (size_t i = 0; i < OUTER_STRIP; i++)
        cr_expect_eq(S[ld * ld + i], 0.5);
    memory_release(rows);
    memory_release(S);
}

Test(outer, sums_what_the_definition_does)
{
    const struct outer *all[VERSIONS_MAX];
    struct random random = {.state = 3};
    size_t count = versions(all);

    for (size_t v = 0; v < count; v++)
        for (int32_t d = 1; d <= D_MAX; d++)
            for (int32_t n = 1; n <= N_MAX; n += 2)
                try_sums(all[v], &random, n, d);
}

Test(outer, is_the_same_to_the_bit_for_all_vectors)
{
    const struct outer *all[VERSIONS_MAX];
    struct random random = {.state = 6};
    size_t count = versions(all);

    for (int32_t d = 1; d <= D_MAX; d++) {
        size_t ld = leading(d), size = ld * ld + OUTER_STRIP;
        double *rows = rows_make(&random, N_MAX, d);
        double *first = numbers_make(size, 0), *other = numbers_make(size, 0);

        outer_128.set(N_MAX, rows, ld, first);
        outer_128.add(N_MAX - 1, rows, ld, first);
        for (size_t v = 1; v < count; v++) {
            all[v]->set(N_MAX, rows, ld, other);
            all[v]->add(N_MAX - 1, rows, ld, other);
            cr_expect_arr_eq(first, other, size * sizeof *first);
        }
        memory_release(rows);
        memory_release(first);
        memory_release(other);
    }
}

/* Token by token gives the same bits as all at once: prefixes share their sums. */
Test(outer, does_not_care_how_tokens_are_grouped)
{
    const struct outer *all[VERSIONS_MAX];
    struct random random = {.state = 4};
    size_t count = versions(all), ld = leading(6);
    double *rows = rows_make(&random, N_MAX, 6);
    double together[68], alone[68];

    for (size_t v = 0; v < count; v++) {
        memset(together, 0, sizeof together);
        memset(alone, 0, sizeof alone);
        all[v]->set(N_MAX, rows, ld, together);
        for (size_t t = 0; t < N_MAX; t++)
            all[v]->add(1, rows + t * ld, ld, alone);
        cr_expect_arr_eq(together, alone, sizeof alone);
    }
    memory_release(rows);
}

static void try_guard(const struct outer *outer, struct random *random, int32_t d, double factor)
{
    size_t ld = leading(d), q = (size_t)(d * (d + 1) / 2), n = (size_t)d;
    double *rows = rows_make(random, 3, d);
    double *S = numbers_make(ld * ld + OUTER_STRIP, 0);
    double *diagonal = numbers_make(n, -1), *root = numbers_make(n + OUTER_STRIP, -1);
    double *guarded = numbers_make(q + OUTER_STRIP, -1);

    outer->set(3, rows, ld, S);
    outer->guard(d, factor, S, ld, diagonal, root, guarded);
    for (size_t j = 0, at = 0; j < n; j++) {
        cr_expect_eq(diagonal[j], S[j * ld + j]);
        cr_expect_eq(root[j], sqrt(S[j * ld + j]));
        for (size_t k = j; k < n; k++, at++) {
            double s = S[j * ld + k], limit = factor * root[j] * root[k];

            cr_expect_eq(guarded[at], fabs(s) > limit ? s : 0);
        }
    }
    memory_release(rows);
    memory_release(S);
    memory_release(diagonal);
    memory_release(root);
    memory_release(guarded);
}

Test(outer, guards_what_is_rounding_only)
{
    const struct outer *all[VERSIONS_MAX];
    struct random random = {.state = 5};
    size_t count = versions(all);

    for (size_t v = 0; v < count; v++)
        for (int32_t d = 1; d <= D_MAX; d++) {
            try_guard(all[v], &random, d, 0x1p-50);
            try_guard(all[v], &random, d, 0.5); /* so that about half are left out */
        }
}

/* The least coordinate that counts does; what is below does not, wherever it stands. */
Test(outer, finds_the_one_number_that_is_too_small)
{
    const struct outer *all[VERSIONS_MAX];
    const double few[] = {0, -0.0, 0x1p-1074, -0x1p-600, 0x1.fffffffffffffp-512};
    const double enough[] = {0x1p-511, -0x1p-511, DBL_MAX, -1};
    size_t count = versions(all);

    for (size_t v = 0; v < count; v++)
        for (size_t length = 1; length <= 21; length++) {
            double *numbers = numbers_make(length, 1);

            for (size_t at = 0; at < length; at++) {
                for (size_t i = 0; i < sizeof few / sizeof *few; i++) {
                    numbers[at] = few[i];
                    cr_expect(all[v]->has_less(length, numbers, 0x1p-511));
                }
                for (size_t i = 0; i < sizeof enough / sizeof *enough; i++) {
                    numbers[at] = enough[i];
                    cr_expect(!all[v]->has_less(length, numbers, 0x1p-511));
                }
                numbers[at] = 1;
            }
            memory_release(numbers);
        }
}
