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

/* From here on the expansion in 1 / nu is good to 1e-7; below 1 it still is where to begin. */
static const double many = 30;

static const double few = 0.01;

enum { STEPS_MAX = 60 };

static double expansion(double nu)
{
    double x = normal, x2 = x * x;
    double first = (x2 + 1) / 4;
    double second = ((5 * x2 + 16) * x2 + 3) / 96;
    double third = (((3 * x2 + 19) * x2 + 17) * x2 - 15) / 384;
    double fourth = ((((79 * x2 + 776) * x2 + 1482) * x2 - 1920) * x2 - 945) / 92160;

    return x * (1 + (first + (second + (third + fourth / nu) / nu) / nu) / nu);
}

/* log P(|T| > e^s) - log alpha */
static double excess(double s, double nu)
{
    return log(fisher_tail(exp(2 * s), 1, nu) / alpha);
}

double student_bound95(double nu)
{
    double before, excess_before, s;

    if (nu < few)
        return INFINITY;
    if (nu >= many)
        return expansion(nu);
    before = log(expansion(nu));
    excess_before = excess(before, nu);
    s = before + 0.01;
    for (int step = 0; step < STEPS_MAX && fabs(s - before) > 1e-6; step++) {
        double value = excess(s, nu);
        double next = s - value * (s - before) / (value - excess_before);

        if (value == excess_before)
            break;
        before = s;
        excess_before = value;
        s = next;
    }
    return exp(s);
}
