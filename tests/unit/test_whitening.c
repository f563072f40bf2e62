#include "core/whitening.h"

#include "base/random.h"

#include <criterion/criterion.h>
#include <math.h>

enum { D = 5 };

/* (A B)[i][j], B transposed or not. */
static double product(const double *A, const double *B, int is_transposed, int i, int j)
{
    double sum = 0;

    for (int k = 0; k < D; k++)
        sum += A[i * D + k] * (is_transposed ? B[j * D + k] : B[k * D + j]);
    return sum;
}

Test(whitening, splits_a_moment)
{
    struct random random = {.state = 1};
    double half[D * D], moment[D * D], C[D * D], inverse[D * D], back[D * D];

    random_normals(&random, half, D * D);
    for (int i = 0; i < D; i++)
        half[2 * D + i] *= 1e3;
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++)
            moment[i * D + j] = product(half, half, 1, i, j);
    whitening_make(D, moment, C, inverse, back);
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++) {
            double size = sqrt(moment[i * D + i] * moment[j * D + j]);

            cr_expect_float_eq(product(C, C, 1, i, j), moment[i * D + j], 1e-13 * size);
            cr_expect_float_eq(product(C, inverse, 0, i, j), i == j, 1e-9);
            cr_expect_eq(back[i * D + j], inverse[j * D + i]);
            cr_expect(j <= i || C[i * D + j] == 0);
        }
}

Test(whitening, scales_where_tokens_are_dependent)
{
    double moment[D * D], C[D * D], inverse[D * D], back[D * D];

    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++)
            moment[i * D + j] = (i + 1) * (j + 1);
    for (int j = 0; j < D; j++)
        moment[4 * D + j] = moment[j * D + 4] = 0;
    whitening_make(D, moment, C, inverse, back);
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++) {
            double want = i == j ? (i < 4 ? i + 1 : 1) : 0;

            cr_expect_float_eq(C[i * D + j], want, 1e-14);
            cr_expect_float_eq(inverse[i * D + j], want > 0 ? 1 / want : 0, 1e-14);
        }
}
