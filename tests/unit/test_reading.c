#include "query/reading.h"

#include "core/dense.h"
#include "support/blackbox.h"

#include <criterion/criterion.h>
#include <stdlib.h>

TestSuite(reading, .init = dense_threads_one);

/* The slices of a box, coefficient by coefficient. */
static double *slices_make(const struct blackbox *box)
{
    size_t d = (size_t)box->d, m = (size_t)box->m, at = 0;
    double *slices = blackbox_numbers(d * d * (d + 1) / 2 * m);

    for (size_t l = 0; l < d; l++)
        for (size_t j = 0; j < d; j++)
            for (size_t k = j; k < d; k++)
                for (size_t a = 0; a < m; a++, at++)
                    for (size_t h = 0; h < (size_t)box->heads; h++) {
                        const double *V = box->V + (h * m + a) * d;
                        const double *Q = box->W + h * d * d;

                        slices[at] += V[j] * Q[k * d + l] + (j != k ? V[k] * Q[j * d + l] : 0);
                    }
    return slices;
}

/* Read `heads` heads told to be so exact; what comes is to be `want`, read in this way. */
static void expect_read(int32_t d, int32_t m, int32_t heads, double error, int32_t want,
                        enum lattn_decomposition decomposition)
{
    struct random random = {.state = 21};
    struct lattn_model *model = NULL;
    struct blackbox box;
    double *slices;

    blackbox_init(&box, d, m, heads, &random);
    slices = slices_make(&box);
    cr_assert_eq(reading_make(d, m, slices, error, &model), LATTN_OK);
    cr_expect_eq(model->heads, want, "d = %d, m = %d: %d heads", d, m, model->heads);
    cr_expect_eq(model->decomposition, decomposition);
    cr_expect_leq(model->residual, 1e-13);
    cr_expect_lt(reading_misfit(slices, model), 1e-13);
    lattn_model_close(&model);
    free(slices);
    blackbox_done(&box);
}

Test(reading, exact_coefficients_have_the_fewest_heads)
{
    expect_read(1, 1, 3, 1e-16, 1, LATTN_DECOMPOSITION_FEWEST);
    expect_read(4, 4, 2, 1e-16, 2, LATTN_DECOMPOSITION_FEWEST);
    expect_read(6, 1, 3, 1e-16, 3, LATTN_DECOMPOSITION_FEWEST);
    expect_read(8, 3, 4, 1e-16, 4, LATTN_DECOMPOSITION_FEWEST);
}

Test(reading, inexact_ones_have_those_of_singular_values)
{
    expect_read(4, 4, 2, 1e-7, 16, LATTN_DECOMPOSITION_SVD);
    expect_read(6, 1, 3, 1e-7, 6, LATTN_DECOMPOSITION_SVD);
}

Test(reading, many_coefficients_have_those_of_singular_values)
{
    expect_read(40, 1, 1, 1e-16, 40, LATTN_DECOMPOSITION_SVD);
}

Test(reading, silence_has_no_heads)
{
    expect_read(4, 2, 0, 0, 0, LATTN_DECOMPOSITION_SVD);
}
