#include "query/poles.h"

#include "base/memory.h"
#include "base/random.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

static const double ratios[] = {1. / 30, 1. / 12, 1. / 5, 1. / 2, 2, 5, 12, 30, INFINITY};

/* Poles a distance of 1 apart, values of both signs. */
static struct poles poles_draw(struct random *random, int32_t count)
{
    struct poles poles = {.count = count};

    for (int32_t h = 0; h < count; h++) {
        poles.c[h] = (random_uniform(random) + 0.5) * (random_below(random, 2) ? 1 : -1);
        poles.l[h] = h - count / 2. + random_uniform(random) / 4;
    }
    return poles;
}

/* The points of 2 POLES_MAX ratios, in long double. */
static struct poles_points points_of(const struct poles *poles)
{
    struct poles_points points = {.count = POLES_POINTS_MAX};

    for (int32_t i = 0; i < points.count; i++) {
        long double g = 0;

        points.kappa[i] = ratios[i];
        for (int32_t h = 0; h < poles->count; h++)
            g += i == points.count - 1 ? (long double)poles->c[h]
                                       : poles->c[h] * (long double)ratios[i] /
                                             (ratios[i] + expl(-(long double)poles->l[h]));
        points.g[i] = (double)g;
    }
    return points;
}

static double scores_distance(const struct poles *a, const struct poles *b)
{
    double most = 0;

    for (int32_t h = 0; h < a->count; h++) {
        double nearest = INFINITY;

        for (int32_t g = 0; g < b->count; g++)
            nearest = fmin(nearest, hypot(a->l[h] - b->l[g], a->c[h] - b->c[g]));
        most = fmax(most, nearest);
    }
    return most;
}

Test(poles, value_is_the_sum_of_its_heads)
{
    struct random random = {.state = 1};

    for (int32_t count = 1; count <= POLES_MAX; count++) {
        struct poles poles = poles_draw(&random, count);
        struct poles_points points = points_of(&poles);

        for (int32_t i = 0; i < points.count; i++)
            cr_expect_float_eq(poles_value(&poles, points.kappa[i]), points.g[i], 16 * DBL_EPSILON);
    }
}

Test(poles, guess_and_refine_find_all)
{
    for (int32_t count = 1; count <= POLES_MAX; count++)
        for (uint64_t seed = 1; seed <= 20; seed++) {
            struct random random = {.state = seed};
            struct poles poles = poles_draw(&random, count), found;
            struct poles_points points = points_of(&poles);
            double residual;

            cr_assert_eq(poles_guess(&points, count, &found), LATTN_OK);
            cr_assert_eq(found.count, count);
            cr_assert_eq(poles_refine(&points, POLES_ALL, &found, &residual), LATTN_OK);
            cr_expect_lt(residual, 1e-13);
            cr_expect_lt(scores_distance(&poles, &found), 1e-7, "%d poles, seed %d: off by %g",
                         count, (int)seed, scores_distance(&poles, &found));
        }
}

Test(poles, refine_keeps_the_order_of_a_near_start)
{
    struct random random = {.state = 7};
    struct poles poles = poles_draw(&random, 3), found;
    struct poles_points points = points_of(&poles);
    double residual;

    found = poles;
    for (int32_t h = 0; h < 3; h++)
        found.l[h] += 0.2 * random_uniform(&random);
    cr_assert_eq(poles_refine(&points, POLES_ALL, &found, &residual), LATTN_OK);
    for (int32_t h = 0; h < 3; h++)
        cr_expect_float_eq(found.l[h], poles.l[h], 1e-9);
}

Test(poles, scores_alone_leave_values_as_they_are)
{
    struct random random = {.state = 8};
    struct poles poles = poles_draw(&random, 3), found = poles;
    struct poles_points points = points_of(&poles);
    double residual;

    points.count = 4;
    for (int32_t h = 0; h < 3; h++)
        found.l[h] += 0.2;
    cr_assert_eq(poles_refine(&points, POLES_SCORES, &found, &residual), LATTN_OK);
    for (int32_t h = 0; h < 3; h++) {
        cr_expect_eq(found.c[h], poles.c[h]);
        cr_expect_float_eq(found.l[h], poles.l[h], 1e-9);
    }
}

Test(poles, too_few_poles_leave_a_residual)
{
    struct random random = {.state = 9};
    struct poles poles = poles_draw(&random, 3), found;
    struct poles_points points = points_of(&poles);
    double residual;

    cr_assert_eq(poles_guess(&points, 2, &found), LATTN_OK);
    cr_assert_eq(poles_refine(&points, POLES_ALL, &found, &residual), LATTN_OK);
    cr_expect_gt(residual, 1e-8);
}

Test(poles, sharpness_falls_where_scores_meet)
{
    struct poles apart = {.count = 2, .c = {1, 1}, .l = {-1, 1}};
    struct poles near = {.count = 2, .c = {1, 1}, .l = {0, 1e-3}};
    struct poles_points points = points_of(&apart), meeting = points_of(&near);
    double sharp, blunt;

    cr_assert_eq(poles_sharpness(&points, &apart, &sharp), LATTN_OK);
    cr_assert_eq(poles_sharpness(&meeting, &near, &blunt), LATTN_OK);
    cr_expect_lt(100 * blunt, sharp, "%g, %g", blunt, sharp);
}

Test(poles, want_of_memory_is_told)
{
    struct random random = {.state = 10};
    struct poles poles = poles_draw(&random, 2), found = poles;
    struct poles_points points = points_of(&poles);
    double number;

    memory_fail(1, 1);
    cr_expect_eq(poles_guess(&points, 2, &found), LATTN_NO_MEMORY);
    cr_expect_eq(poles_refine(&points, POLES_ALL, &found, &number), LATTN_NO_MEMORY);
    cr_expect_eq(poles_sharpness(&points, &found, &number), LATTN_NO_MEMORY);
    memory_fail(0, 0);
}
