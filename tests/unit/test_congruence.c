#include "core/congruence.h"

#include "base/memory.h"
#include "base/random.h"
#include "core/dense.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D = 4, E = 3, M = 2, Q = D * (D + 1) / 2 };

TestSuite(congruence, .init = dense_threads_one);

/* A lower triangle with a diagonal of about 1. */
static void triangle_make(struct random *random, int n, double *ret_a)
{
    random_normals(random, ret_a, n * n);
    for (int i = 0; i < n; i++)
        for (int j = i; j < n; j++)
            ret_a[i * n + j] = j == i ? 1 + 0.1 * i : 0;
}

static void random_congruence(struct random *random, struct congruence *congruence)
{
    cr_assert_eq(congruence_open(congruence, D, E), LATTN_OK);
    triangle_make(random, D, congruence->L);
    triangle_make(random, E, congruence->N);
    congruence_lift(congruence);
}

/* Entry (a, b) of what L takes packed pairs to: coefficient of S_b in (L S L')_a. */
static long double lifted(const double *L, int a, int b)
{
    int pairs[Q][2], count = 0;
    long double value;

    for (int j = 0; j < D; j++)
        for (int k = j; k < D; k++, count++) {
            pairs[count][0] = j;
            pairs[count][1] = k;
        }
    value = (long double)L[pairs[a][0] * D + pairs[b][0]] * L[pairs[a][1] * D + pairs[b][1]];
    if (pairs[b][0] != pairs[b][1])
        value += (long double)L[pairs[a][0] * D + pairs[b][1]] * L[pairs[a][1] * D + pairs[b][0]];
    return value;
}

Test(congruence, leads_from_some_coordinates_to_others)
{
    struct random random = {.state = 1};
    struct congruence congruence;
    double A[D * D], B[E * E], aim[D * D], other[E * E];

    triangle_make(&random, D, A);
    triangle_make(&random, D, aim);
    triangle_make(&random, E, B);
    triangle_make(&random, E, other);
    cr_assert_eq(congruence_open(&congruence, D, E), LATTN_OK);
    congruence_find(&congruence, A, B, aim, other);
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++) {
            long double sum = 0;

            for (int k = 0; k < D; k++)
                sum += (long double)congruence.L[i * D + k] * A[k * D + j];
            cr_expect_lt(fabsl(sum - aim[i * D + j]), 1e-13L);
        }
    for (int i = 0; i < E; i++)
        for (int j = 0; j < E; j++) {
            long double sum = 0;

            for (int k = 0; k < E; k++)
                sum += (long double)congruence.N[i * E + k] * B[k * E + j];
            cr_expect_lt(fabsl(sum - other[i * E + j]), 1e-13L);
        }
    congruence_close(&congruence);
}

Test(congruence, turns_symmetric_matrices_from_both_sides)
{
    enum { COUNT = 3 };
    struct random random = {.state = 2};
    struct congruence congruence;
    double X[COUNT * Q * Q], before[COUNT * Q * Q];

    random_congruence(&random, &congruence);
    for (int i = 0; i < COUNT * Q * Q; i++)
        before[i] = cos(i % (Q * Q) / Q + i % Q + i / (Q * Q));
    memcpy(X, before, sizeof X);
    congruence_turn(&congruence, COUNT, X);
    for (int i = 0; i < COUNT; i++)
        for (int a = 0; a < Q; a++)
            for (int b = 0; b < Q; b++) {
                long double sum = 0;

                for (int c = 0; c < Q; c++)
                    for (int f = 0; f < Q; f++)
                        sum += lifted(congruence.L, a, c) * before[(i * Q + c) * Q + f] *
                               lifted(congruence.L, b, f);
                cr_expect_lt(fabsl(sum - X[(i * Q + a) * Q + b]), 1e-11L, "%d: %d, %d", i, a, b);
            }
    congruence_close(&congruence);
}

Test(congruence, turns_labels)
{
    struct random random = {.state = 3};
    struct congruence congruence;
    double C[Q * M * E], before[Q * M * E];

    random_congruence(&random, &congruence);
    random_normals(&random, before, Q * M * E);
    memcpy(C, before, sizeof C);
    congruence_turn_labels(&congruence, M, C);
    for (int a = 0; a < Q; a++)
        for (int i = 0; i < M; i++)
            for (int l = 0; l < E; l++) {
                long double sum = 0;

                for (int b = 0; b < Q; b++)
                    for (int k = 0; k < E; k++)
                        sum += lifted(congruence.L, a, b) * before[(b * M + i) * E + k] *
                               congruence.N[l * E + k];
                cr_expect_lt(fabsl(sum - C[(a * M + i) * E + l]), 1e-11L);
            }
    congruence_close(&congruence);
}

/* Coordinates that stay what they are add the rounding of a turn; smaller scales show it more. */
Test(congruence, tells_what_becomes_of_errors)
{
    struct random random = {.state = 4};
    struct congruence congruence;
    double before[Q * E], after[Q * E], mixed[Q * E];

    random_congruence(&random, &congruence);
    memset(congruence.L, 0, D * D * sizeof(double));
    memset(congruence.N, 0, E * E * sizeof(double));
    for (int i = 0; i < D; i++)
        congruence.L[i * (D + 1)] = 1;
    for (int i = 0; i < E; i++)
        congruence.N[i * (E + 1)] = 1;
    congruence_lift(&congruence);
    for (int c = 0; c < Q * E; c++)
        before[c] = after[c] = 1 + c;
    cr_expect_eq(congruence_noise(&congruence, 5, before, after, mixed), 7);
    after[3] = before[3] / 10;
    cr_expect_float_eq(congruence_noise(&congruence, 5, before, after, mixed), 70, 1e-12);
    after[3] = 0;
    cr_expect_eq(congruence_noise(&congruence, 5, before, after, mixed), 0x1p53);
    congruence_close(&congruence);
}

Test(congruence, refuses_without_memory)
{
    struct congruence congruence;

    memory_fail(1, 0);
    cr_expect_eq(congruence_open(&congruence, D, E), LATTN_NO_MEMORY);
    congruence_close(&congruence);
    memory_fail(0, 0);
}
