/*
 * Where to begin with several heads. The size of the last token is found by the sum of what u and
 * -u add: sum_h c_h tanh(l_h / 2), which grows with t while scores are small and stands still where
 * weights are saturated.
 */
#include "query/vantage.h"

#include "base/memory.h"
#include "core/dense.h"
#include "query/frame.h"

#include <assert.h>
#include <float.h>
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

/* Directions of length one that a float oracle takes as they are. */
static void directions_draw(struct random *random, int32_t d, int32_t count, double *ret_rows)
{
    for (int32_t i = 0; i < count; i++) {
        double *row = ret_rows + (size_t)i * (size_t)d;
        double norm;

        random_normals(random, row, d);
        norm = fmax(dense_norm(d, row), DBL_MIN);
        for (int32_t j = 0; j < d; j++)
            row[j] /= norm;
    }
    frame_round((int64_t)d * count, ret_rows);
}

double vantage_slack(const struct conditions *conditions, double deviations, double answer)
{
    struct conditions plain = *conditions;

    plain.epsilon = 0;
    return deviations * conditions_error(&plain, answer) + ROUNDINGS * conditions->epsilon * answer;
}

static double points_most(const struct vantages *vantages)
{
    double most = 0;

    for (int32_t i = 0; i < VANTAGES; i++)
        for (int32_t k = 0; k < vantages->points[i].count; k++)
            most = fmax(most, fabs(vantages->points[i].g[k]));
    return most;
}

/* The swing at this size, root mean square over SWINGS pairs. */
static enum lattn_status swing_ask(const struct vantages *vantages, struct oracle *oracle,
                                   const double *b, double t, double *x, double *ret_swing)
{
    const struct copies *copies = &vantages->copies;
    int32_t d = oracle->d;
    double y[2 * SWINGS], square = 0;
    double *next = x;
    enum lattn_status status;

    for (int32_t i = 0; i < 2 * SWINGS; i++)
        for (int32_t token = 0; token < 2; token++)
            for (int32_t j = 0; j < d; j++) {
                size_t at = (size_t)(i / 2) * (size_t)d + (size_t)j;
                double s = token == 1 ? 0 : i % 2 == 0 ? copies->s : -copies->s;

                *next++ = s * vantages->u[at] + t * b[at];
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
static enum lattn_status size_find(struct vantages *vantages, struct oracle *oracle,
                                   const struct conditions *conditions, double *x)
{
    double s = vantages->copies.s, most = s / 4, stride = STRIDE_FIRST;
    double t = fmin(most, exp2(-round(log2(s * (conditions->scale > 0 ? conditions->scale : 1)))));
    double swing, twice, slack = vantages->slack;
    int way, before = 0;

    for (int32_t k = 0; k < SIZES_MAX; k++) {
        enum lattn_status status = swing_ask(vantages, oracle, vantages->b, t, x, &swing);

        if (status == LATTN_OK)
            status = swing_ask(vantages, oracle, vantages->b, 2 * t, x, &twice);
        if (status != LATTN_OK)
            return status;
        way = way_of(swing, twice, slack);
        vantages->copies.t = t;
        vantages->is_capped = way > 0 && t >= most;
        if (way == 0 || vantages->is_capped || (stride < 2 && way < 0))
            break;
        if (before * way < 0)
            stride = sqrt(stride);
        before = way;
        t = fmin(most, way > 0 ? t * stride : t / stride);
    }
    return LATTN_OK;
}

enum lattn_status vantages_ask(struct vantages *vantages, const struct copies *copies,
                               struct oracle *oracle, const struct conditions *conditions,
                               struct random *random)
{
    size_t d = (size_t)oracle->d;
    double *x = memory_raw((size_t)SWINGS * 4 * d, sizeof *x);
    enum lattn_status status = LATTN_NO_MEMORY;

    *vantages = (struct vantages){.copies = *copies};
    vantages->u = memory_raw(VANTAGES * d, sizeof *vantages->u);
    vantages->b = memory_raw(VANTAGES * d, sizeof *vantages->b);
    if (x == NULL || vantages->u == NULL || vantages->b == NULL)
        goto done;
    directions_draw(random, oracle->d, VANTAGES, vantages->u);
    directions_draw(random, oracle->d, VANTAGES, vantages->b);
    vantages->slack =
        vantage_slack(conditions, NOISES, copies->s * dense_norm(oracle->d, copies->value)) /
        copies->s;
    status = size_find(vantages, oracle, conditions, x);
    if (status == LATTN_OK)
        status = copies_ask(&vantages->copies, COPIES_ALL, oracle, ORACLE_TRIAL, VANTAGES,
                            vantages->u, vantages->b, vantages->points);
    if (status == LATTN_OK) {
        vantages->size = points_most(vantages);
        vantages->slack = vantage_slack(conditions, NOISES, copies->s * vantages->size) / copies->s;
    }
done:
    memory_release(x);
    return status;
}

void vantages_done(struct vantages *vantages)
{
    memory_release(vantages->u);
    memory_release(vantages->b);
    vantages->u = NULL;
    vantages->b = NULL;
}

int vantages_are_silent(const struct vantages *vantages)
{
    return vantages->size <= vantages->slack;
}

static int residuals_order(const void *a, const void *b)
{
    const struct vantage *first = a, *second = b;

    return (first->residual > second->residual) - (first->residual < second->residual);
}

static int sharpness_order(const void *a, const void *b)
{
    const struct vantage *first = a, *second = b;

    return (first->sharpness < second->sharpness) - (first->sharpness > second->sharpness);
}

static enum lattn_status vantage_fit(const struct poles_points *points, int32_t heads,
                                     struct vantage *ret_fit)
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

enum lattn_status vantages_fit(const struct vantages *vantages, int32_t heads,
                               struct vantage *ret_fits, double *ret_residual)
{
    double residual;

    for (int32_t i = 0; i < VANTAGES; i++) {
        enum lattn_status status = vantage_fit(&vantages->points[i], heads, &ret_fits[i]);

        if (status != LATTN_OK)
            return status;
        ret_fits[i].index = i;
    }
    qsort(ret_fits, VANTAGES, sizeof *ret_fits, residuals_order);
    residual = ret_fits[FITS - 1].residual;
    for (int32_t i = 0; i < VANTAGES; i++)
        if (ret_fits[i].residual > fmax(vantages->slack, residual))
            ret_fits[i].sharpness = 0;
    qsort(ret_fits, VANTAGES, sizeof *ret_fits, sharpness_order);
    *ret_residual = residual;
    return LATTN_OK;
}
