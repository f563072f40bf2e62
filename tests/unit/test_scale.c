#include "scale.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

static struct extent extent_of(const double *values, size_t count)
{
    struct extent extent = {0};

    for (size_t i = 0; i < count; i++)
        scale_include(&extent, values[i]);
    return extent;
}

#define EXTENT(...)                                                                                \
    extent_of((const double[]){__VA_ARGS__}, sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

Test(scale, counts_only_finite_values)
{
    const struct extent extent = EXTENT(NAN, 3, INFINITY, -1, 0, -INFINITY);
    const struct extent nothing = EXTENT(NAN);

    cr_expect_eq(extent.low, -1);
    cr_expect_eq(extent.high, 3);
    cr_expect_eq(extent.low_positive, 3);
    cr_expect_not(nothing.has_any);
}

Test(scale, fits_a_linear_axis_to_round_numbers_with_zero)
{
    const struct extent extent = EXTENT(30, 288);
    struct scale scale = scale_fit(&extent, 0, 4);

    cr_expect_eq(scale.low, 0);
    cr_expect_eq(scale.high, 300);
    cr_expect_eq(scale_place(&scale, 150), 0.5);
}

Test(scale, fits_a_logarithmic_axis_to_powers_of_ten)
{
    const struct extent extent = EXTENT(3e-9, 0.02, 0);
    struct scale scale = scale_fit(&extent, 1, 5);

    cr_expect_float_eq(scale.low, 1e-9, 1e-21);
    cr_expect_float_eq(scale.high, 0.1, 1e-12);
    cr_expect_float_eq(scale_place(&scale, 1e-5), 0.5, 1e-12);
    cr_expect_eq(scale_place(&scale, 0), 0, "what is 0 stands at the bottom");
}

/* Whatever the values are, each of them has a place, ticks rise and labels fit. */
Test(scale, has_room_for_any_values)
{
    static const double values[] = {0,      -1,    1,    1e-320,   5e-324,
                                    1e-300, 1e300, 1e17, DBL_MAX,  -DBL_MAX / 4,
                                    0.1,    288,   NAN,  1 + 1e-15};
    const size_t count = sizeof values / sizeof values[0];

    for (size_t i = 0; i < count * count * 2; i++) {
        const struct extent extent = EXTENT(values[i % count], values[i / count % count]);
        int is_log = i >= count * count;
        double ticks[SCALE_TICKS_MAX];
        struct scale scale;
        size_t found;

        if (!extent.has_any)
            continue;
        scale = scale_fit(&extent, is_log, 5);
        for (size_t j = 0; j < count; j++)
            cr_expect(isnan(values[j]) ? isnan(scale_place(&scale, values[j]))
                                       : scale_place(&scale, values[j]) >= 0 &&
                                             scale_place(&scale, values[j]) <= 1);
        found = scale_ticks(&scale, 5, ticks);
        cr_expect_gt(found, 0);
        for (size_t j = 0; j < found; j++) {
            char label[SCALE_LABEL_MAX];

            scale_label(&scale, ticks[j], label);
            cr_expect_leq(strlen(label), 9, "%s", label);
            cr_expect(j == 0 || ticks[j] > ticks[j - 1]);
        }
    }
}

Test(scale, has_no_more_ticks_than_wished)
{
    for (int high = 1; high < 3000; high += 7)
        for (int wished = 2; wished < 12; wished++) {
            const struct extent extent = EXTENT(0, high);
            const struct extent powers = EXTENT(1, pow(10, high % 300));
            struct scale linear = scale_fit(&extent, 0, wished);
            struct scale log = scale_fit(&powers, 1, wished);
            double ticks[SCALE_TICKS_MAX];

            cr_expect_leq(scale_ticks(&linear, wished, ticks), (size_t)wished + 1, "%d", high);
            cr_expect_leq(scale_ticks(&log, wished, ticks), (size_t)wished, "%d", high);
        }
}

static const char *number(double value)
{
    static char text[SCALE_LABEL_MAX];

    scale_number(value, text);
    return text;
}

static const char *whole(double value)
{
    static char text[SCALE_WHOLE_MAX];

    scale_whole(value, text);
    return text;
}

Test(scale, writes_numbers_shortly)
{
    cr_expect_str_eq(number(0), "0");
    cr_expect_str_eq(number(0.25), "0.25");
    cr_expect_str_eq(number(9999), "9999");
    cr_expect_str_eq(number(250000), "250k");
    cr_expect_str_eq(number(1e6), "1M");
    cr_expect_str_eq(number(1500), "1.5k");
    cr_expect_str_eq(number(12.5e6), "12.5M");
    cr_expect_str_eq(number(3.14159e-7), "3.14e-07");
    cr_expect_str_eq(whole(0), "0");
    cr_expect_str_eq(whole(999), "999");
    cr_expect_str_eq(whole(1234567), "1 234 567");
    cr_expect_str_eq(whole(-1234), "-1 234");
    cr_expect_str_eq(whole(1e300), "1e+300");
}
