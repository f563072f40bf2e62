#include "query/spread.h"

#include "base/random.h"
#include "core/dense.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(spread, .init = dense_threads_one);

enum { D = 5, R = 2 };

/*
 * What was read of a W of rank R, and the W that plain elimination makes of it:
 *
 *     frame C = readings,    lean C z_j = projections_j,    W b_j = C z_j
 */
struct course {
    double basis[D * D];
    double frame[D * D];
    double lean[R * D];
    double readings[R * D];    /* row k: u_i'W b_k */
    double projections[D * R]; /* row j, from R on */
    double errors[R * D];
    double blurs[D * R];
};

/* x = a^-1 b by elimination with row exchanges. */
static void solve(int n, const double *a, const double *b, double *ret_x)
{
    long double m[D][D + 1];

    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++)
            m[i][j] = a[i * n + j];
        m[i][n] = b[i];
    }
    for (int c = 0; c < n; c++) {
        int best = c;

        for (int i = c; i < n; i++)
            best = fabsl(m[i][c]) > fabsl(m[best][c]) ? i : best;
        for (int j = 0; j <= n; j++) {
            long double kept = m[c][j];

            m[c][j] = m[best][j];
            m[best][j] = kept;
        }
        for (int i = 0; i < n; i++)
            for (int j = n; i != c && j >= c; j--)
                m[i][j] -= m[i][c] / m[c][c] * m[c][j];
    }
    for (int i = 0; i < n; i++)
        ret_x[i] = (double)(m[i][n] / m[i][i]);
}

static double dot(int n, const double *a, int step_a, const double *b, int step_b)
{
    long double sum = 0;

    for (int i = 0; i < n; i++)
        sum += (long double)a[i * step_a] * b[i * step_b];
    return (double)sum;
}

static void course_solve(const struct course *course, double *ret_W)
{
    double columns[D * D], seen[R * R], shares[R];

    for (int k = 0; k < R; k++)
        solve(D, course->frame, course->readings + k * D, columns + k * D);
    for (int l = 0; l < R; l++)
        for (int k = 0; k < R; k++)
            seen[l * R + k] = dot(D, course->lean + l * D, 1, columns + k * D, 1);
    for (int j = R; j < D; j++) {
        solve(R, seen, course->projections + j * R, shares);
        for (int i = 0; i < D; i++)
            columns[j * D + i] = dot(R, columns + i, D, shares, 1);
    }
    for (int i = 0; i < D; i++) {
        double row[D];

        for (int j = 0; j < D; j++)
            row[j] = columns[j * D + i];
        solve(D, course->basis, row, ret_W + i * D);
    }
}

static void uniforms_draw(int count, struct random *random, double *ret_numbers)
{
    for (int i = 0; i < count; i++)
        ret_numbers[i] = 1 + random_uniform(random);
}

static void course_make(struct course *course, double *W, struct random *random)
{
    double left[D * R], right[R * D], r[D * D], image[D];

    random_normals(random, course->basis, D * D);
    cr_assert_eq(dense_orthonormalise(D, D, course->basis, r), LATTN_OK);
    random_normals(random, course->frame, D * D);
    random_normals(random, course->lean, R * D);
    random_normals(random, left, D * R);
    random_normals(random, right, R * D);
    uniforms_draw(R * D, random, course->errors);
    uniforms_draw(D * R, random, course->blurs);
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++)
            W[i * D + j] = dot(R, left + i * R, 1, right + j, D);
    for (int j = 0; j < D; j++) {
        for (int i = 0; i < D; i++)
            image[i] = dot(D, W + i * D, 1, course->basis + j * D, 1);
        for (int i = 0; j < R && i < D; i++)
            course->readings[j * D + i] = dot(D, course->frame + i * D, 1, image, 1);
        for (int l = 0; l < R; l++)
            course->projections[j * R + l] = dot(D, course->lean + l * D, 1, image, 1);
    }
}

/* Add the variance that one reading brings into W, by a difference. */
static void variance_add(const struct course *course, const double *W, double *reading,
                         double error, double *variances)
{
    const double step = 1e-6;
    double moved[D * D], kept = *reading;

    *reading += step;
    course_solve(course, moved);
    *reading = kept;
    for (int i = 0; i < D * D; i++)
        variances[i] += pow((moved[i] - W[i]) / step * error, 2);
}

Test(spread, is_what_differences_say)
{
    struct random random = {1};

    for (int trial = 0; trial < 50; trial++) {
        struct course course;
        double W[D * D], variances[D * D] = {0}, bars[D * D], Q[R * D], r[R * R], Z[R * D];
        const struct spread spread = {D, R, course.basis, course.frame, course.errors, Q,
                                      r, Z, course.lean,  course.blurs};

        course_make(&course, W, &random);
        course_solve(&course, bars);
        for (int i = 0; i < D * D; i++)
            cr_assert_float_eq(bars[i], W[i], 1e-8 * (1 + fabs(W[i])));
        for (int i = 0; i < R * D; i++)
            variance_add(&course, bars, course.readings + i, course.errors[i], variances);
        for (int i = R * R; i < D * R; i++)
            variance_add(&course, bars, course.projections + i, course.blurs[i], variances);
        for (int k = 0; k < R; k++)
            solve(D, course.frame, course.readings + k * D, Q + k * D);
        cr_assert_eq(dense_orthonormalise(D, R, Q, r), LATTN_OK);
        for (int k = 0; k < R; k++)
            for (int j = 0; j < D; j++)
                Z[k * D + j] = dot(D, Q + k * D, 1, W + j, D);
        cr_assert_eq(spread_bars(&spread, bars), LATTN_OK);
        for (int i = 0; i < D * D; i++)
            cr_expect_float_eq(bars[i] / sqrt(variances[i]), 1, 1e-3, "trial %d: %g", trial,
                               bars[i] / sqrt(variances[i]));
    }
}
