#include <lattn/tasks.h>

#include "base/memory.h"

#include <criterion/criterion.h>
#include <math.h>

enum { FEATURES = 4, DIM = 5, EXAMPLES = 20 };

static struct lattn_task *open_regression(double noise)
{
    struct lattn_regression_settings settings = lattn_regression_settings_default();
    struct lattn_task *task;

    settings.noise = noise;
    cr_assert_eq(lattn_regression_open(&task, &settings), LATTN_OK);
    return task;
}

/* Solve A w = b of size FEATURES by elimination with pivots; A and b are lost. */
static void solve(double A[FEATURES][FEATURES], double *b)
{
    for (int i = 0; i < FEATURES; i++) {
        int pivot = i;

        for (int r = i + 1; r < FEATURES; r++)
            pivot = fabs(A[r][i]) > fabs(A[pivot][i]) ? r : pivot;
        for (int k = 0; k < FEATURES; k++) {
            double kept = A[i][k];

            A[i][k] = A[pivot][k];
            A[pivot][k] = kept;
        }
        {
            double kept = b[i];

            b[i] = b[pivot];
            b[pivot] = kept;
        }
        for (int r = 0; r < FEATURES; r++) {
            double factor = r == i ? 0 : A[r][i] / A[i][i];

            for (int k = i; k < FEATURES; k++)
                A[r][k] -= factor * A[i][k];
            b[r] -= factor * b[i];
        }
    }
    for (int i = 0; i < FEATURES; i++)
        b[i] /= A[i][i];
}

/* Without noise, least squares over the context finds w, and with it the label. */
Test(regression, labels_by_the_w_of_the_context)
{
    struct lattn_task *task = open_regression(0);

    for (int sequence = 0; sequence < 50; sequence++) {
        double A[FEATURES][FEATURES] = {{0}}, w[FEATURES] = {0}, y = 0;
        const double *query;
        struct lattn_item item;

        lattn_task_next(task, &item);
        cr_assert_eq(lattn_item_check(&item, NULL), LATTN_OK);
        cr_assert(item.n == EXAMPLES + 1 && item.d == DIM && item.m == 1);
        for (int t = 0; t < EXAMPLES; t++) {
            const double *token = item.z + t * DIM;

            for (int i = 0; i < FEATURES; i++) {
                w[i] += token[i] * token[FEATURES];
                for (int k = 0; k < FEATURES; k++)
                    A[i][k] += token[i] * token[k];
            }
        }
        solve(A, w);
        query = item.z + EXAMPLES * DIM;
        for (int i = 0; i < FEATURES; i++)
            y += w[i] * query[i];
        cr_expect_eq(query[FEATURES], 0);
        cr_expect_float_eq(item.y[0], y, 1e-10);
    }
    lattn_task_close(&task);
}

/* One gradient step leaves k (k + 1 + s^2) / (n + k + 1 + s^2) of the variance k. */
static void expect_risk(double noise)
{
    struct lattn_task *task = open_regression(noise);
    double s = noise * noise;
    double theory = FEATURES * (FEATURES + 1 + s) / (EXAMPLES + FEATURES + 1 + s) + s;
    double sum = 0, squares = 0;
    int count = 40000;
    double spread;

    for (int i = 0; i < count; i++) {
        struct lattn_item item;
        double y, square;

        lattn_task_next(task, &item);
        lattn_model_apply(lattn_task_truth(task), item.z, item.n, &y);
        square = (y - item.y[0]) * (y - item.y[0]);
        sum += square;
        squares += square * square;
    }
    spread = sqrt(squares / count - pow(sum / count, 2)) / sqrt(count);
    cr_expect_float_eq(sum / count, theory, 5 * spread, "noise %g: %g, theory %g", noise,
                       sum / count, theory);
    lattn_task_close(&task);
}

Test(regression, has_a_truth_that_is_one_gradient_step)
{
    expect_risk(0);
    expect_risk(0.5);
}

Test(regression, refuses_settings_out_of_range)
{
    struct lattn_regression_settings bad[5];
    struct lattn_task *task = NULL;

    for (size_t i = 0; i < 5; i++)
        bad[i] = lattn_regression_settings_default();
    bad[0].dim = 1;
    bad[1].dim = LATTN_DIM_MAX + 1;
    bad[2].length = 0;
    bad[3].length = LATTN_TOKENS_MAX;
    bad[4].noise = NAN;
    for (size_t i = 0; i < 5; i++)
        cr_expect_eq(lattn_regression_open(&task, &bad[i]), LATTN_RANGE, "case %zu", i);
    cr_expect_null(task);
}

Test(regression, says_so_where_memory_ran_out)
{
    const struct lattn_regression_settings settings = lattn_regression_settings_default();
    struct lattn_task *task = NULL;
    enum lattn_status status;
    uint64_t k = 0;

    do {
        memory_fail(++k, 0);
        status = lattn_regression_open(&task, &settings);
        cr_assert(status == LATTN_OK || (status == LATTN_NO_MEMORY && task == NULL));
    } while (status != LATTN_OK);
    memory_fail(0, 0);
    cr_expect_gt(k, 4);
    lattn_task_close(&task);
}
