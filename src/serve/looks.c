#include "serve/looks.h"

#include <math.h>

/* The chance to be wrong in any of the looks. */
static const double alpha = 0.05;

/* Of look number n; the sum over n of 1 / (n (n + 1)) is 1. */
static double alpha_at(uint64_t n)
{
    return alpha / ((double)n * (double)(n + 1));
}

double looks_share_least(void)
{
    return lattn_stream_bound(LATTN_STREAM_WINDOW, 0, alpha_at(1));
}

/* Tests at which the next look is worth its share of alpha. */
static double tested_next(const struct looks *looks)
{
    if (looks->tested_last == 0)
        return log(alpha_at(1)) / log1p(-looks->share_max);
    return 1.5 * (double)looks->tested_last;
}

int looks_take_last(struct looks *looks, const struct lattn_stream *stream)
{
    if (stream->tested == looks->tested_last)
        return looks->held;
    looks->tested_last = stream->tested;
    looks->taken++;
    looks->held = lattn_stream_bound(stream->checked, stream->undetermined,
                                     alpha_at(looks->taken)) <= looks->share_max;
    return looks->held;
}

int looks_take(struct looks *looks, const struct lattn_stream *stream)
{
    /* Everything was forgotten: tests begin anew, looks have been taken all the same. */
    if (stream->tested < looks->tested_last)
        looks->tested_last = 0;
    if ((double)stream->tested < tested_next(looks))
        return 0;
    return looks_take_last(looks, stream);
}
