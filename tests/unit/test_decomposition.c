#include "core/decomposition.h"

#include "base/random.h"
#include "core/dense.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { D = 4, M = 3, H = 2, LENGTH = H * D * (M + D), TENSOR = D * M * D * D };

static const struct layer sizes = {.d = D, .m = M, .heads = H};

/* S of a random layer, and a start that is `away` from it. */
static struct layer scene_make(double away, double *S, double *numbers, uint64_t seed)
{
    struct random random = {.state = seed};
    struct layer layer = layer_view(&sizes, numbers);
    double noise[LENGTH];

    random_normals(&random, numbers, LENGTH);
    random_normals(&random, noise, LENGTH);
    layer_multiply(&layer, 1, 0, S);
    layer_symmetrise(D, M, S);
    dense_add(LENGTH, away, noise, numbers);
    return layer;
}

static struct decomposition fit_of(const double *S)
{
    return (struct decomposition){
        .S = S,
        .scale = dense_norm(TENSOR, S),
        .tolerance = 1e-12,
        .goal = INFINITY,
        .gain_least = 1e-3,
        .gain_steps = 8,
        .steps_max = 100,
        .effort = 1e9,
    };
}

/* f by its definition. */
static double misfit_of(const struct layer *layer, const double *S)
{
    double T[TENSOR];

    layer_multiply(layer, 1, 0, T);
    layer_symmetrise(D, M, T);
    dense_add(TENSOR, -1, S, T);
    return dense_norm(TENSOR, T) / dense_norm(TENSOR, S);
}

Test(decomposition, finds_what_is_near_to_rounding)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        double S[TENSOR], numbers[LENGTH], f;
        struct layer layer = scene_make(0.3, S, numbers, seed);
        struct decomposition decomposition = fit_of(S);

        cr_assert_eq(decomposition_fit(&decomposition, &layer, &f), LATTN_OK);
        cr_expect_lt(f, 1e-12);
        cr_expect_lt(misfit_of(&layer, S), 1e-12);
        cr_expect_lt(decomposition.effort, 1e9);
    }
}

/* With too few heads it ends where no number of a factor moves f: at a least, not before. */
Test(decomposition, ends_at_a_least_misfit)
{
    double S[TENSOR], numbers[LENGTH], f;
    struct layer two = scene_make(0.1, S, numbers, 1);
    const struct layer one_size = {.d = D, .m = M, .heads = 1};
    double one_numbers[LENGTH / H];
    struct layer one = layer_view(&one_size, one_numbers);
    struct decomposition decomposition = fit_of(S);

    decomposition.gain_least = 1e-12;
    memcpy(one.P, two.P, D * M * sizeof(double));
    memcpy(one.Q, two.Q, D * D * sizeof(double));
    cr_assert_eq(decomposition_fit(&decomposition, &one, &f), LATTN_OK);
    cr_expect_float_eq(f, misfit_of(&one, S), 1e-12);
    for (int i = 0; i < LENGTH / H; i++) {
        double was = one_numbers[i];
        double up, down;

        one_numbers[i] = was + 1e-4;
        up = misfit_of(&one, S);
        one_numbers[i] = was - 1e-4;
        down = misfit_of(&one, S);
        one_numbers[i] = was;
        cr_expect_float_eq(up - down, 0, 1e-8);
        cr_expect_gt(up + down, 2 * f * (1 - 1e-12));
    }
}

Test(decomposition, gives_up_a_goal_out_of_reach)
{
    double S[TENSOR], numbers[LENGTH], f, f_freely;
    const struct layer one_size = {.d = D, .m = M, .heads = 1};
    double start[LENGTH / H], one_numbers[LENGTH / H];
    struct layer one = layer_view(&one_size, one_numbers);
    struct random random = {.state = 5};
    struct decomposition freely, goal;

    scene_make(0, S, numbers, 2);
    random_normals(&random, start, LENGTH / H);
    freely = goal = fit_of(S);
    goal.goal = 1e-3;
    memcpy(one_numbers, start, sizeof start);
    cr_assert_eq(decomposition_fit(&freely, &one, &f_freely), LATTN_OK);
    memcpy(one_numbers, start, sizeof start);
    cr_assert_eq(decomposition_fit(&goal, &one, &f), LATTN_OK);
    cr_expect_gt(f, 1e-3);
    cr_expect_geq(f, f_freely);
    cr_expect_gt(goal.effort, freely.effort);
}

Test(decomposition, reaches_a_goal_within_reach)
{
    double S[TENSOR], numbers[LENGTH], f;
    struct layer layer = scene_make(0.3, S, numbers, 3);
    struct decomposition decomposition = fit_of(S);

    decomposition.goal = 1e-10;
    cr_assert_eq(decomposition_fit(&decomposition, &layer, &f), LATTN_OK);
    cr_expect_lt(f, 1e-12);
}

Test(decomposition, never_leads_away_and_ends_with_its_effort)
{
    double S[TENSOR], numbers[LENGTH], f;
    struct layer layer = scene_make(3, S, numbers, 4);
    double begun = misfit_of(&layer, S);
    struct decomposition decomposition = fit_of(S);

    decomposition.effort = 1e5;
    cr_assert_eq(decomposition_fit(&decomposition, &layer, &f), LATTN_OK);
    cr_expect_leq(f, begun * (1 + 1e-12));
    cr_expect_float_eq(misfit_of(&layer, S), f, 1e-12);
    cr_expect_lt(decomposition.effort, 0);
}
