#include "core/student.h"

#include <criterion/criterion.h>
#include <math.h>

/* P(|T| > t) by Simpson's rule on the density; t = sqrt(nu) tan(x) makes it cos(x)^(nu-1). */
static long double tail(double t, double nu)
{
    enum { INTERVALS = 20000 };
    const long double half_pi = 1.5707963267948966192L;
    long double from = atanl(t / sqrtl(nu));
    long double width = (half_pi - from) / INTERVALS;
    int sign;
    long double scale =
        expl(lgammal_r((nu + 1) / 2, &sign) - lgammal_r(nu / 2.L, &sign)) / sqrtl(2 * half_pi);
    long double sum = 0;

    for (int i = 0; i <= INTERVALS; i++) {
        long double weight = i == 0 || i == INTERVALS ? 1 : 2 + 2 * (i % 2);

        sum += weight * powl(fmaxl(cosl(from + i * width), 0), nu - 1);
    }
    return 2 * scale * sum * width / 3;
}

Test(student, bounds_leave_out_a_twentieth)
{
    static const double nus[] = {1,  2,    2.7, 3,    3.5, 4,   5,    7.25, 10,
                                 20, 29.9, 30,  45.5, 100, 300, 1000, 30000};

    for (size_t i = 0; i < sizeof nus / sizeof *nus; i++) {
        long double left = tail(student_bound95(nus[i]), nus[i]);

        cr_expect_leq(fabsl(left / 0.05L - 1), 1e-7L, "nu = %g: %.12Lg", nus[i], left);
    }
}

/* Student 1908 as every textbook has it; one degree of freedom is Cauchy's, tan(0.475 pi). */
Test(student, bounds_are_those_of_the_tables)
{
    static const struct {
        double nu, t;
    } rows[] = {{1, 12.706}, {2, 4.303}, {3, 3.182}, {10, 2.228}, {30, 2.042}, {120, 1.980}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_float_eq(student_bound95(rows[i].nu), rows[i].t, 5e-4, "nu = %g", rows[i].nu);
    cr_expect_float_eq(student_bound95(1) / tan(0.475 * acos(-1)), 1, 1e-9);
}

Test(student, bounds_fall_to_that_of_the_normal_distribution)
{
    double last = INFINITY;

    cr_expect_eq(student_bound95(1e-9), INFINITY);
    for (double nu = 0.01; nu < 1e17; nu *= 1.1) {
        double t = student_bound95(nu);

        cr_expect(t <= last && t > 1.9599639845400, "nu = %g: %.17g", nu, t);
        last = t;
    }
    cr_expect_float_eq(erfc(last / sqrt(2)), 0.05, 1e-14);
}
