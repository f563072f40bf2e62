#include "core/fisher.h"

#include <float.h>
#include <math.h>

/* The fraction needs about sqrt(max(a, b)) terms where it is used. */
enum { TERMS_MAX = 100000 };

/* Halvings that leave nothing but rounding of a factor of two. */
enum { HALVINGS = 52 };

static double away_from_zero(double x)
{
    return fabs(x) < DBL_MIN ? DBL_MIN : x;
}

/* Coefficient number `term` of the continued fraction, term >= 1. */
static double coefficient(double a, double b, double x, int term)
{
    double m = term / 2;

    if (term % 2 == 0)
        return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
}

/* 1 / (1 + d1 / (1 + d2 / (1 + ...))), x < (a + 1) / (a + b + 2) */
static double fraction(double a, double b, double x)
{
    double c = 1;
    double d = 1 / away_from_zero(1 + coefficient(a, b, x, 1));
    double value = d;

    for (int term = 2; term < TERMS_MAX; term++) {
        double factor = coefficient(a, b, x, term);
        double change;

        d = 1 / away_from_zero(1 + factor * d);
        c = away_from_zero(1 + factor / c);
        change = c * d;
        value *= change;
        if (fabs(change - 1) < DBL_EPSILON)
            break;
    }
    return value;
}

static double log_gamma(double x)
{
    int sign;

    return lgamma_r(x, &sign);
}

/* I_x(a, b), given y = 1 - x without loss. */
static double beta_share(double a, double b, double x, double y)
{
    double scale;

    if (x <= 0)
        return 0;
    if (y <= 0)
        return 1;
    scale = exp(log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * log(x) + b * log(y));
    if (x < (a + 1) / (a + b + 2))
        return scale * fraction(a, b, x) / a;
    return 1 - scale * fraction(b, a, y) / b;
}

double fisher_tail(double F, double nu1, double nu2)
{
    double sum = nu2 + nu1 * F;

    return beta_share(nu2 / 2, nu1 / 2, nu2 / sum, nu1 * F / sum);
}

double fisher_quantile(double tail, double nu1, double nu2)
{
    double low = 1;
    double high;

    while (low > DBL_MIN && fisher_tail(low, nu1, nu2) < tail)
        low /= 2;
    while (low < DBL_MAX / 4 && fisher_tail(2 * low, nu1, nu2) >= tail)
        low *= 2;
    high = 2 * low;
    for (int i = 0; i < HALVINGS; i++) {
        double middle = low + (high - low) / 2;

        if (fisher_tail(middle, nu1, nu2) < tail)
            high = middle;
        else
            low = middle;
    }
    return low;
}
