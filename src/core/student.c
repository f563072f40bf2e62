/*
 * Student's t by the secant method on the tail, both on logarithmic scales: there the tail is
 * nearly a line for all degrees of freedom, as t^-nu far out.
 */
#include "core/student.h"

#include "core/fisher.h"

#include <math.h>

static const double alpha = 0.05;

/* The bound of the normal distribution. */
static const double normal = 1.959963984540054;

/* From here on three terms of the expansion in 1 / nu are good to 2e-12. */
static const double many = 1000;

static const double few = 0.01;

enum { STEPS_MAX = 60 };

static double expansion(double nu)
{
    double x = normal;
    double x3 = x * x * x;
    double x5 = x3 * x * x;
    double x7 = x5 * x * x;

    return x + (x3 + x) / 4 / nu + (5 * x5 + 16 * x3 + 3 * x) / 96 / (nu * nu) +
           (3 * x7 + 19 * x5 + 17 * x3 - 15 * x) / 384 / (nu * nu * nu);
}

/* log P(|T| > e^s) - log alpha */
static double excess(double s, double nu)
{
    return log(fisher_tail(exp(2 * s), 1, nu) / alpha);
}

double student_bound95(double nu)
{
    double before = log(normal);
    double s = before + 0.1;
    double excess_before;

    if (nu < few)
        return INFINITY;
    if (nu >= many)
        return expansion(nu);
    excess_before = excess(before, nu);
    for (int step = 0; step < STEPS_MAX && fabs(s - before) > 1e-12 * fabs(s); step++) {
        double value = excess(s, nu);
        double next = s - value * (s - before) / (value - excess_before);

        if (value == 0 || value == excess_before)
            break;
        before = s;
        excess_before = value;
        s = next;
    }
    return exp(s);
}
