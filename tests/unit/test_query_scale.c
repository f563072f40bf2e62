#include "query/scale.h"

#include <criterion/criterion.h>
#include <math.h>

/*
 * Trials of a head whose logits are product x size, which errors add to; a weight says nothing
 * beyond -log of 16 errors.
 */
static struct scale_trial trial_of(double product, double size, double error)
{
    double logit = hypot(product * size, error);

    return (struct scale_trial){
        .logit = logit,
        .largest = 2 * logit,
        .error = error,
        .is_rough = 2 * logit < -log(16 * error),
    };
}

/* Turns until the search ends; the product in ret_product. */
static int turns_count(double size, double error, double product_max, double *ret_product)
{
    int turns = 1;

    *ret_product = fmin(scale_first(), product_max);
    while (turns < SCALE_TURNS_MAX) {
        struct scale_trial trial = trial_of(*ret_product, size, error);

        if (scale_turn(ret_product, product_max, &trial))
            break;
        turns++;
    }
    return turns;
}

Test(query_scale, finds_every_size)
{
    static const double errors[] = {1e-15, 1e-6, 1e-3, 0.01};

    for (size_t e = 0; e < sizeof errors / sizeof *errors; e++)
        for (double size = 1e-12; size < 1e12; size *= 7) {
            double product;
            int turns = turns_count(size, errors[e], 1e30, &product);

            cr_expect_lt(turns, SCALE_TURNS_MAX, "size %g, error %g", size, errors[e]);
            cr_expect(fabs(product * size - 0.5) < 0.01, "size %g, error %g: logit %g", size,
                      errors[e], product * size);
        }
}

Test(query_scale, needs_one_turn_for_usual_sizes_in_double)
{
    for (double size = 1e-6; size <= 200; size *= 3) {
        double product;

        cr_expect_eq(turns_count(size, 1e-15, 1e30, &product), 1, "size %g", size);
    }
}

Test(query_scale, ends_at_the_largest_product)
{
    double product;

    cr_expect_lt(turns_count(0, 1e-15, 1e6, &product), 8);
    cr_expect_eq(product, 1e6);
    turns_count(1e-3, 1e-15, 2, &product);
    cr_expect_eq(product, 2);
}

Test(query_scale, keeps_told_logits_within_three)
{
    const struct conditions conditions = {.scale = 8};

    cr_expect_eq(scale_told(&conditions) * 8, 3);
}

Test(query_scale, lowers_saturated_logits_to_about_one)
{
    for (double logit = 3.5; logit < 100; logit *= 1.1) {
        double step = scale_lower(2, -logit, 1);

        cr_expect(logit * step / 2 >= 0.5 && logit * step / 2 < 1, "%g", logit * step / 2);
        cr_expect_eq(step, scale_power(step));
    }
    cr_expect_eq(scale_lower(2, 0, 0), 2.0 / 64);
}

Test(query_scale, takes_the_power_of_two_below)
{
    cr_expect_eq(scale_power(1), 1);
    cr_expect_eq(scale_power(0.9999), 0.5);
    cr_expect_eq(scale_power(1023), 512);
    cr_expect_eq(scale_power(0x1p-900), 0x1p-900);
}
