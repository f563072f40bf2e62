#include "query/span.h"

#include "base/random.h"
#include "core/dense.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(span, .init = dense_threads_one);

enum { D = 7, RANK = 3 };

/* Columns of a matrix of rank RANK, read by a random frame with errors of 1e-9. */
struct course {
    struct span span;
    double frame[D * D], solver[D * D], readings[D * D], errors[D * D];
    double columns[D * D], Q[D * D], R[D * D], scratch[D * D];
    double truth[D * D]; /* row j: column j */
    double v[D];
};

static void course_read(struct course *course, int32_t j, int32_t asked)
{
    for (int32_t i = 0; i < D; i++)
        course->readings[j * D + i] = dense_dot(D, course->frame + i * D, course->truth + j * D);
    course->span.asked[j] = asked;
}

static void course_init(struct course *course, uint64_t seed)
{
    struct random random = {seed};
    double left[D * RANK], right[D * RANK];

    *course = (struct course){.span = {.d = D}};
    course->span.frame = course->frame;
    course->span.solver = course->solver;
    course->span.readings = course->readings;
    course->span.errors = course->errors;
    course->span.columns = course->columns;
    course->span.Q = course->Q;
    course->span.R = course->R;
    course->span.scratch = course->scratch;
    random_normals(&random, course->frame, D * D);
    random_normals(&random, left, D * RANK);
    random_normals(&random, right, D * RANK);
    random_normals(&random, course->v, D);
    for (int32_t i = 0; i < D * D; i++) {
        course->truth[i] = dense_dot(RANK, left + i / D * RANK, right + i % D * RANK);
        course->errors[i] = 1e-9;
    }
    span_open(&course->span);
}

static void course_take(struct course *course, int32_t count)
{
    for (int32_t j = course->span.rank; j < count; j++) {
        course_read(course, j, D);
        cr_assert_eq(span_take(&course->span, course->v), LATTN_OK);
    }
    cr_assert_eq(course->span.rank, count);
}

Test(span, holds_the_columns_it_took)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct course course;

        course_init(&course, seed);
        course_take(&course, RANK);
        for (int32_t j = 0; j < RANK; j++)
            for (int32_t l = 0; l < D; l++) {
                double sum = 0;

                for (int32_t i = 0; i < RANK; i++)
                    sum += course.R[i * RANK + j] * course.Q[i * D + l];
                cr_expect_float_eq(sum, course.truth[j * D + l], 1e-10);
            }
        for (int32_t i = 0; i < RANK; i++) {
            cr_expect_geq(dense_dot(D, course.v, course.Q + i * D), 0);
            for (int32_t k = 0; k < RANK; k++)
                cr_expect_float_eq(dense_dot(D, course.Q + i * D, course.Q + k * D), i == k, 1e-13);
        }
    }
}

Test(span, tells_what_fits)
{
    for (uint64_t seed = 0; seed < 20; seed++)
        for (int32_t rank = 0; rank <= RANK; rank++) {
            struct course course;
            struct span_fit fit;

            course_init(&course, seed);
            course_take(&course, rank);
            course_read(&course, RANK, RANK + 2);
            cr_assert_eq(span_fit(&course.span, RANK, &fit), LATTN_OK);
            cr_expect_eq(fit.fits, rank == RANK, "%d of %d", rank, RANK);
            for (int32_t l = 0; l < D && rank == RANK; l++) {
                double sum = 0;

                for (int32_t i = 0; i < RANK; i++)
                    sum += fit.y[i] * course.Q[i * D + l];
                cr_expect_float_eq(sum, course.truth[RANK * D + l], 1e-8);
            }
        }
}

Test(span, weighs_what_is_left_by_its_error_bars)
{
    struct course course;
    struct span_fit fit;

    course_init(&course, 1);
    course_take(&course, RANK);
    course_read(&course, RANK, RANK + 2);
    course.readings[RANK * D + 1] += 1e-6;
    cr_assert_eq(span_fit(&course.span, RANK, &fit), LATTN_OK);
    cr_expect_not(fit.fits);
    for (int32_t i = 0; i < D * D; i++)
        course.errors[i] = 1e-6;
    cr_assert_eq(span_fit(&course.span, RANK, &fit), LATTN_OK);
    cr_expect(fit.fits);
}

Test(span, tells_little_that_is_new)
{
    for (int is_little = 0; is_little <= 1; is_little++) {
        struct course course;
        struct span_fit fit;

        course_init(&course, 2);
        course_take(&course, 2);
        for (int32_t l = 0; l < D; l++)
            course.truth[2 * D + l] =
                course.truth[l] + (is_little ? 1e-3 : 1) * course.truth[2 * D + l];
        course_read(&course, 2, 5);
        cr_assert_eq(span_fit(&course.span, 2, &fit), LATTN_OK);
        cr_expect_not(fit.fits);
        cr_expect_eq(fit.is_weak, is_little);
    }
}
