#include "query/frame.h"

#include "core/dense.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D = 6 };

TestSuite(frame_solve, .init = dense_threads_one);

/* T = U W, column by column. */
static void entries_make(const double *U, const double *W, double *ret_entries)
{
    for (int j = 0; j < D; j++)
        for (int i = 0; i < D; i++) {
            long double sum = 0;

            for (int k = 0; k < D; k++)
                sum += (long double)U[i * D + k] * W[k * D + j];
            ret_entries[j * D + i] = (double)sum;
        }
}

static void frame_make(struct random *random, double *ret_U)
{
    random_normals(random, ret_U, D * D);
    for (int i = 0; i < D; i++)
        ret_U[i * D + i] += 4;
}

Test(frame_solve, solves_for_W)
{
    struct random random = {.state = 1};
    double U[D * D], W[D * D], entries[D * D], variances[D * D] = {0}, got[D * D], error[D * D];

    frame_make(&random, U);
    random_normals(&random, W, D * D);
    entries_make(U, W, entries);
    cr_assert_eq(frame_solve(D, U, entries, variances, got, error), LATTN_OK);
    for (int i = 0; i < D * D; i++) {
        cr_expect_lt(fabs(got[i] - W[i]), 1e-14);
        cr_expect_eq(error[i], 0);
    }
}

/* Noise of its own size in each entry, many times over: W strays as far as it is told. */
Test(frame_solve, knows_what_errors_of_entries_do)
{
    enum { DRAWS = 500 };
    struct random random = {.state = 2};
    double U[D * D], W[D * D], exact[D * D], variances[D * D], square[D * D] = {0};
    double error[D * D];

    frame_make(&random, U);
    random_normals(&random, W, D * D);
    entries_make(U, W, exact);
    for (int i = 0; i < D * D; i++)
        variances[i] = pow(1e-3 * (1 + i % 5), 2);
    for (int draw = 0; draw < DRAWS; draw++) {
        double u[D * D], entries[D * D], noise[D * D], got[D * D];

        random_normals(&random, noise, D * D);
        for (int i = 0; i < D * D; i++)
            entries[i] = exact[i] + sqrt(variances[i]) * noise[i];
        memcpy(u, U, sizeof u);
        cr_assert_eq(frame_solve(D, u, entries, variances, got, error), LATTN_OK);
        for (int i = 0; i < D * D; i++)
            square[i] += pow(got[i] - W[i], 2) / DRAWS;
    }
    for (int i = 0; i < D * D; i++)
        cr_expect(fabs(sqrt(square[i]) / error[i] - 1) < 0.15, "%g", sqrt(square[i]) / error[i]);
}
