/*
 * The exact one-sided bound of a binomial share (Clopper and Pearson): the x for which so few
 * undetermined inputs of so many have the chance alpha.
 */
#include <lattn/certificate.h>

#include <math.h>

/* Doublings of the precision of a bound between 0 and 1. */
enum { BISECTIONS = 60 };

/* log of M choose k. */
static double log_choose(uint64_t checked, uint64_t undetermined)
{
    double sum = 0;

    for (uint64_t i = 1; i <= undetermined; i++)
        sum += log((double)(checked - undetermined + i) / (double)i);
    return sum;
}

/*
 * log P(at most k of M), where each is undetermined with chance x > k / M: the terms fall from the
 * k-th down, so it is factored out and nothing underflows.
 */
static double log_tail(uint64_t checked, uint64_t undetermined, double choose, double x)
{
    double sum = 1;

    for (uint64_t i = 1; i <= undetermined; i++)
        sum = 1 + sum * (double)i * (1 - x) / ((double)(checked - i + 1) * x);
    return choose + (double)undetermined * log(x) + (double)(checked - undetermined) * log1p(-x) +
           log(sum);
}

double lattn_stream_bound(uint64_t checked, uint64_t undetermined, double alpha)
{
    double choose, low, high = 1;

    if (checked == 0)
        return NAN;
    if (undetermined >= checked)
        return 1;
    if (undetermined == 0)
        return -expm1(log(alpha) / (double)checked);
    choose = log_choose(checked, undetermined);
    low = (double)undetermined / (double)checked;
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = (low + high) / 2;

        if (log_tail(checked, undetermined, choose, middle) > log(alpha))
            low = middle;
        else
            high = middle;
    }
    return high;
}
