#include "query/rounding.h"

#include "base/random.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 10, SEEDS = 200 };

/* Numbers of growing size, as answers to tokens of growing norm. */
static void numbers_draw(uint64_t seed, double *ret_numbers)
{
    struct random random = {.state = seed};

    random_normals(&random, ret_numbers, COUNT);
    for (int i = 0; i < COUNT; i++)
        ret_numbers[i] = ldexp(ret_numbers[i], i);
}

static void expect(const double *numbers, double step, double epsilon, const char *what)
{
    struct rounding got;

    rounding_find(COUNT, numbers, &got);
    cr_expect_float_eq(got.step, step, 1e-9 * step, "%s: step %g", what, got.step);
    cr_expect_float_eq(got.epsilon, epsilon, 1e-9 * epsilon, "%s: epsilon %g", what, got.epsilon);
}

Test(rounding, finds_decimals)
{
    for (int decimals = 2; decimals <= 9; decimals++)
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            double numbers[COUNT], ten = pow(10, decimals);

            numbers_draw(seed, numbers);
            for (int i = 0; i < COUNT; i++)
                numbers[i] = round(numbers[i] * ten) / ten;
            expect(numbers, 1 / ten, 0x1p-53, "decimals");
        }
}

/* The largest have no room for the last decimals: they say nothing against them. */
Test(rounding, finds_decimals_of_numbers_of_many_sizes)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        double numbers[COUNT];

        numbers_draw(seed, numbers);
        for (int i = 0; i < COUNT; i++)
            numbers[i] = round(ldexp(numbers[i], 2 * i) * 1e6) / 1e6;
        numbers[COUNT - 1] = round(3e9 * 1e6) / 1e6 + 1.0 / 8192;
        expect(numbers, 1e-6, 0x1p-53, "decimals");
    }
}

Test(rounding, finds_digits)
{
    for (int digits = 4; digits <= 7; digits++)
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            double numbers[COUNT];
            char text[32];

            numbers_draw(seed, numbers);
            for (int i = 0; i < COUNT; i++) {
                snprintf(text, sizeof text, "%.*g", digits, numbers[i]);
                numbers[i] = strtod(text, NULL);
            }
            expect(numbers, 0, pow(10, 1 - digits) / sqrt(12), "digits");
        }
}

Test(rounding, finds_the_bits_of_smaller_formats)
{
    static const int formats[] = {24, 11, 8};

    for (int k = 0; k < 3; k++)
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            double numbers[COUNT];

            numbers_draw(seed, numbers);
            for (int i = 0; i < COUNT; i++) {
                int exponent;
                double fraction = frexp(numbers[i], &exponent);

                numbers[i] = ldexp(round(ldexp(fraction, formats[k])), exponent - formats[k]);
            }
            expect(numbers, 0, ldexp(1, -formats[k]), "bits");
        }
}

/* Floats in the fewest digits from which they can be read again, as many programs print them. */
Test(rounding, takes_short_floats_for_floats)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        double numbers[COUNT];
        char text[32];

        numbers_draw(seed, numbers);
        for (int i = 0; i < COUNT; i++) {
            int digits = 0;

            do
                snprintf(text, sizeof text, "%.*g", ++digits, (double)(float)numbers[i]);
            while (strtof(text, NULL) != (float)numbers[i]);
            numbers[i] = strtod(text, NULL);
        }
        expect(numbers, 0, 0x1p-24, "short floats");
    }
}

Test(rounding, leaves_doubles_alone)
{
    for (uint64_t seed = 0; seed < 10 * SEEDS; seed++) {
        double numbers[COUNT];

        numbers_draw(seed, numbers);
        expect(numbers, 0, 0x1p-53, "doubles");
    }
}

Test(rounding, reads_nothing_from_few_numbers)
{
    double numbers[COUNT] = {0.5, 0, 0.25, 0, 0, 3, 0, 7};

    expect(numbers, 0, 0x1p-53, "few");
    expect((double[COUNT]){0}, 0, 0x1p-53, "zeros");
}
