/*
 * Where to begin with several heads. The size of the last token is found by the sum of what u and
 * -u add: sum_h c_h tanh(l_h / 2), which grows with t while scores are small and stands still where
 * weights are saturated.
 */
#include "query/lookout.h"

#include "base/memory.h"
#include "core/dense.h"
#include "query/frame.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* FITS pairs are explained by chance no more than one is; hard ones need not be explained. */
enum { SWINGS = 8, SIZES_MAX = 64, FITS = 3 };

/* Growth of the swing from t to 2 t, as a power of 2: 0.9 at scores of 0.9, 0.5 at 1.9. */
#define GROWTH_MOST 0.9
#define GROWTH_LEAST 0.5
/* Steps of t, smaller each time that the direction turns. */
#define STRIDE_FIRST 16.0
/* Sums of rounded products within the oracle, in units of the last place. */
#define ROUNDINGS 256
/* Deviations of noise that count as something. */
#define NOISES 5

static void directions_draw(struct random *random, int32_t d, int32_t count, double *ret_rows)
{
    for (int32_t i = 0; i < count; i++)
        frame_draw(d, random, ret_rows + (size_t)i * (size_t)d);
}

double lookout_slack(const struct conditions *conditions, double deviations, double answer)
{
    struct conditions plain = *conditions;

    plain.epsilon = 0;
    return deviations * conditions_error(&plain, answer) + ROUNDINGS * conditions->epsilon * answer;
}

static double points_most(const struct lookouts *lookouts)
{
    double most = 0;

    for (int32_t i = 0; i < LOOKOUTS; i++)
        for (int32_t k = 0; k < lookouts->points[i].count; k++)
            most = fmax(most, fabs(lookouts->points[i].g[k]));
    return most;
}

/* The swing at this size, root mean square over SWINGS pairs. */
static enum lattn_status swing_ask(const struct lookouts *lookouts, struct oracle *oracle,
                                   const double *b, double t, double *x, double *ret_swing)
{
    const struct copies *copies = &lookouts->copies;
    int32_t d = oracle->d;
    double y[2 * SWINGS], square = 0;
    double *next = x;
    enum lattn_status status;

    for (int32_t i = 0; i < 2 * SWINGS; i++)
        for (int32_t token = 0; token < 2; token++)
            for (int32_t j = 0; j < d; j++) {
                size_t at = (size_t)(i / 2) * (size_t)d + (size_t)j;
                double s = token == 1 ? 0 : i % 2 == 0 ? copies->s : -copies->s;

                *next++ = s * lookouts->u[at] + t * b[at];
            }
    status = oracle_ask(oracle, ORACLE_TRIAL, 2 * SWINGS, 2, x, y);
    for (int32_t i = 0; i < SWINGS && status == LATTN_OK; i++) {
        double last = t * dense_dot(d, copies->value, b + (size_t)i * (size_t)d);

        square += pow((y[2 * i] + y[2 * i + 1] - 2 * last) / copies->s, 2);
    }
    if (status == LATTN_OK)
        *ret_swing = sqrt(square / SWINGS);
    return status;
}

/* Which way t has to go: 1, -1, or 0 where it is right. */
static int way_of(double swing, double twice, double slack)
{
    double growth;

    if (twice <= slack || swing <= slack / 2)
        return 1;
    growth = log2(twice / swing);
    return growth > GROWTH_MOST ? 1 : growth < GROWTH_LEAST ? -1 : 0;
}

/*
 * Go up and down in ever smaller strides; x holds 2 SWINGS sequences of two tokens. With a scale
 * told beforehand the start is near by.
 */
static enum lattn_status size_find(struct lookouts *lookouts, struct oracle *oracle,
                                   const struct conditions *conditions, double *x)
{
    double s = lookouts->copies.s, most = s / 4, stride = STRIDE_FIRST;
    double t = fmin(most, exp2(-round(log2(s * (conditions->scale > 0 ? conditions->scale : 1)))));
    double swing, twice, slack = lookouts->slack;
    int way, before = 0;

    for (int32_t k = 0; k < SIZES_MAX; k++) {
        enum lattn_status status = swing_ask(lookouts, oracle, lookouts->b, t, x, &swing);

        if (status == LATTN_OK)
            status = swing_ask(lookouts, oracle, lookouts->b, 2 * t, x, &twice);
        if (status != LATTN_OK)
            return status;
        way = way_of(swing, twice, slack);
        lookouts->copies.t = t;
        lookouts->is_capped = way > 0 && t >= most;
        if (way == 0 || lookouts->is_capped || (stride < 2 && way < 0))
            break;
        if (before * way < 0)
            stride = sqrt(stride);
        before = way;
        t = fmin(most, way > 0 ? t * stride : t / stride);
    }
    return LATTN_OK;
}

enum lattn_status lookouts_ask(struct lookouts *lookouts, const struct copies *copies,
                               struct oracle *oracle, const struct conditions *conditions,
                               struct random *random)
{
    size_t d = (size_t)oracle->d;
    double *x = memory_raw((size_t)SWINGS * 4 * d, sizeof *x);
    enum lattn_status status = LATTN_NO_MEMORY;

    *lookouts = (struct lookouts){.copies = *copies};
    lookouts->u = memory_raw(LOOKOUTS * d, sizeof *lookouts->u);
    lookouts->b = memory_raw(LOOKOUTS * d, sizeof *lookouts->b);
    if (x == NULL || lookouts->u == NULL || lookouts->b == NULL)
        goto done;
    directions_draw(random, oracle->d, LOOKOUTS, lookouts->u);
    directions_draw(random, oracle->d, LOOKOUTS, lookouts->b);
    lookouts->slack =
        lookout_slack(conditions, NOISES, copies->s * dense_norm(oracle->d, copies->value)) /
        copies->s;
    status = size_find(lookouts, oracle, conditions, x);
    if (status == LATTN_OK)
        status = copies_ask(&lookouts->copies, COPIES_ALL, oracle, ORACLE_TRIAL, LOOKOUTS,
                            lookouts->u, lookouts->b, lookouts->points);
    if (status == LATTN_OK) {
        lookouts->size = points_most(lookouts);
        lookouts->slack = lookout_slack(conditions, NOISES, copies->s * lookouts->size) / copies->s;
    }
done:
    memory_release(x);
    return status;
}

void lookouts_done(struct lookouts *lookouts)
{
    memory_release(lookouts->u);
    memory_release(lookouts->b);
    lookouts->u = NULL;
    lookouts->b = NULL;
}

int lookouts_are_silent(const struct lookouts *lookouts)
{
    return lookouts->size <= lookouts->slack;
}

static int residuals_order(const void *a, const void *b)
{
    const struct lookout *first = a, *second = b;

    return (first->residual > second->residual) - (first->residual < second->residual);
}

static int sharpness_order(const void *a, const void *b)
{
    const struct lookout *first = a, *second = b;

    return (first->sharpness < second->sharpness) - (first->sharpness > second->sharpness);
}

static enum lattn_status lookout_fit(const struct poles_points *points, int32_t heads,
                                     struct lookout *ret_fit)
{
    enum lattn_status status = poles_guess(points, heads, &ret_fit->poles);

    ret_fit->residual = INFINITY;
    ret_fit->sharpness = 0;
    if (status == LATTN_OK)
        status = poles_refine(points, POLES_ALL, &ret_fit->poles, &ret_fit->residual);
    if (status == LATTN_OK)
        status = poles_sharpness(points, &ret_fit->poles, &ret_fit->sharpness);
    return status == LATTN_NO_CONVERGENCE ? LATTN_OK : status;
}

enum lattn_status lookouts_fit(const struct lookouts *lookouts, int32_t heads,
                               struct lookout *ret_fits, double *ret_residual)
{
    double residual;

    for (int32_t i = 0; i < LOOKOUTS; i++) {
        enum lattn_status status = lookout_fit(&lookouts->points[i], heads, &ret_fits[i]);

        if (status != LATTN_OK)
            return status;
        ret_fits[i].index = i;
    }
    qsort(ret_fits, LOOKOUTS, sizeof *ret_fits, residuals_order);
    residual = ret_fits[FITS - 1].residual;
    for (int32_t i = 0; i < LOOKOUTS; i++)
        if (ret_fits[i].residual > fmax(lookouts->slack, residual))
            ret_fits[i].sharpness = 0;
    qsort(ret_fits, LOOKOUTS, sizeof *ret_fits, sharpness_order);
    *ret_residual = residual;
    return LATTN_OK;
}
