#include "query/conditions.h"

#include "base/random.h"

#include <criterion/criterion.h>
#include <math.h>

/* The deviation of what rounding and noise do to a number, drawn 20000 times. */
Test(conditions, error_is_the_deviation_of_an_answer)
{
    struct conditions conditions = {.noise = 2e-4, .step = 1e-3};
    struct random random = {1};
    double square = 0;

    for (int i = 0; i < 20000; i++) {
        double answer = 10 * random_uniform(&random), noise;

        random_normals(&random, &noise, 1);
        square += pow(round((answer + 2e-4 * noise) * 1e3) / 1e3 - answer, 2) / 20000;
    }
    cr_expect_float_eq(conditions_error(&conditions, 5), sqrt(square), 0.03 * sqrt(square));
}

Test(conditions, error_grows_with_the_answer_by_epsilon)
{
    struct conditions conditions = {.epsilon = 1e-7};

    cr_expect_eq(conditions_error(&conditions, 0), 0);
    cr_expect_float_eq(conditions_error(&conditions, -300), 3e-5, 1e-12);
}

Test(conditions, are_expected_as_settings_tell)
{
    struct lattn_probe_settings settings = lattn_probe_settings_default();
    struct conditions plain = conditions_expect(&settings, 8), told;

    settings.decimals = 3;
    settings.noise = 0.5;
    settings.arithmetic = LATTN_ARITHMETIC_F32;
    settings.norm_max = 10;
    settings.length_max = 4;
    settings.scale = 2;
    told = conditions_expect(&settings, 8);
    cr_expect_eq(plain.norm, 1024);
    cr_expect_eq(plain.length, 8);
    cr_expect_eq(plain.noise + plain.step + plain.scale, 0);
    cr_expect_eq(plain.epsilon, 0x1p-53);
    cr_expect_eq(told.norm, 10);
    cr_expect_eq(told.length, 4);
    cr_expect_eq(told.noise, 0.5);
    cr_expect_float_eq(told.step, 1e-3, 1e-18);
    cr_expect_eq(told.epsilon, 0x1p-24);
    cr_expect_eq(told.scale, 2);
    settings.norm_max = 0;
    cr_expect_eq(conditions_expect(&settings, 8).norm, 0x1p20, "above what is rounded");
}
