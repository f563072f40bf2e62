/*
 * Scores so small that the softmax hardly moves tell the scale of W nearly as well as large ones,
 * since a logit is known to the rounding of an answer; saturated ones tell nothing. So the search
 * begins from below.
 */
#include "query/scale.h"

#include <math.h>

/* The largest logit of a unit vector where the scale is told. */
static const double logit_told = 3;
/* Root mean square of logits where it is measured: the largest of thousands are four times it. */
static const double logit_measured = 0.5;
/* So many deviations make a logit one that tells the scale. */
static const double significance = 16;
/* Logits of the first trial are W / 32: none overflows at W up to 10^5. */
static const double product_first = 1.0 / 32;

double scale_power(double number)
{
    return exp2(floor(log2(number)));
}

double scale_told(const struct conditions *conditions)
{
    return logit_told / conditions->scale;
}

double scale_first(void)
{
    return product_first;
}

/* How far to go from a product that tells nothing: a logit just below notice comes to 1/2. */
static double stride(const struct scale_trial *trial)
{
    return fmin(fmax(scale_power(0.5 / (significance * trial->error)), 2), 4096);
}

int scale_turn(double *product, double product_max, const struct scale_trial *trial)
{
    if (!trial->is_rough) {
        *product /= stride(trial);
        return 0;
    }
    if (trial->largest < significance * trial->error && *product < product_max) {
        *product = fmin(*product * stride(trial), product_max);
        return 0;
    }
    *product = fmin(*product * logit_measured / trial->logit, product_max);
    return 1;
}

double scale_lower(double step, double logit, int is_rough)
{
    return is_rough ? step / (2 * scale_power(fabs(logit))) : step / 64;
}
