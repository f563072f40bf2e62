/* Rational functions of few real poles: guessed, refined, judged. */
#include "query/poles.h"

#include "core/dense.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { UNKNOWNS_MAX = 2 * POLES_MAX, DAMPED_MAX = POLES_POINTS_MAX + UNKNOWNS_MAX };

/* Steps in all, and in a row that gain nothing. */
enum { STEPS_MAX = 200, FAILS_MAX = 12 };

/* What counts as a gain: so much less is left. */
#define GAIN_LEAST 0.99
/* Damping of the first step, in units of the values; and how it follows gains and losses. */
#define DAMPING_FIRST 1e-3
#define DAMPING_FALL 0.2
#define DAMPING_RISE 4
/* Directions that points of full accuracy do not see. */
#define CUTOFF (8 * DBL_EPSILON)
/* By how much complex scores are set apart. */
#define APART 0.5

/* kappa / (kappa + exp(-l)) */
static double share(double kappa, double l)
{
    return 1 / (1 + exp(-l) / kappa);
}

double poles_value(const struct poles *poles, double kappa)
{
    double sum = 0;

    for (int32_t h = 0; h < poles->count; h++)
        sum += poles->c[h] * share(kappa, poles->l[h]);
    return sum;
}

/* kappa^k / (1 + kappa^n), k <= n */
static double power(double kappa, int32_t k, int32_t n)
{
    return isinf(kappa) ? k == n : pow(kappa, k) / (1 + pow(kappa, n));
}

/*
 * P - g (Q - kappa^n) = g kappa^n,  P = p_1 kappa + .. + p_n kappa^n, Q monic of degree n; rows
 * over 1 + kappa^n.
 *
 * ret_q  n coefficients q_0 .. q_{n-1}
 */
static enum lattn_status denominator_fit(const struct poles_points *points, int32_t n,
                                         double *ret_q)
{
    double a[POLES_POINTS_MAX * UNKNOWNS_MAX];
    double b[POLES_POINTS_MAX];
    int32_t m = points->count;
    enum lattn_status status;

    for (int32_t i = 0; i < m; i++) {
        double kappa = points->kappa[i];

        for (int32_t k = 0; k < n; k++) {
            a[k * m + i] = power(kappa, k + 1, n);
            a[(n + k) * m + i] = -points->g[i] * power(kappa, k, n);
        }
        b[i] = points->g[i] * power(kappa, n, n);
    }
    status = dense_least_squares(m, 2 * n, a, 1, b, CUTOFF, NULL);
    if (status == LATTN_OK)
        memcpy(ret_q, b + n, (size_t)n * sizeof *ret_q);
    return status;
}

/* Scores from the roots -exp(-l) of the denominator: eigenvalues of its companion. */
static enum lattn_status scores_find(int32_t n, const double *q, double *ret_l)
{
    double companion[POLES_MAX * POLES_MAX] = {0};
    double real[POLES_MAX], imaginary[POLES_MAX];
    enum lattn_status status;

    for (int32_t k = 0; k < n; k++)
        companion[k] = -q[n - 1 - k];
    for (int32_t k = 1; k < n; k++)
        companion[k * n + k - 1] = 1;
    status = dense_eigenvalues(n, companion, real, imaginary);
    if (status != LATTN_OK)
        return status;
    for (int32_t k = 0; k < n; k++) {
        double size = fmax(hypot(real[k], imaginary[k]), DBL_MIN);

        ret_l[k] = -log(size) + copysign(APART, imaginary[k]) * (imaginary[k] != 0);
    }
    return LATTN_OK;
}

static enum lattn_status values_fit(const struct poles_points *points, struct poles *poles)
{
    double a[POLES_POINTS_MAX * POLES_MAX];
    double b[POLES_POINTS_MAX];
    int32_t m = points->count;
    enum lattn_status status;

    for (int32_t h = 0; h < poles->count; h++)
        for (int32_t i = 0; i < m; i++)
            a[h * m + i] = share(points->kappa[i], poles->l[h]);
    memcpy(b, points->g, (size_t)m * sizeof *b);
    status = dense_least_squares(m, poles->count, a, 1, b, CUTOFF, NULL);
    if (status == LATTN_OK)
        memcpy(poles->c, b, (size_t)poles->count * sizeof *b);
    return status;
}

enum lattn_status poles_guess(const struct poles_points *points, int32_t count,
                              struct poles *ret_poles)
{
    struct poles poles = {.count = count};
    double q[POLES_MAX];
    enum lattn_status status;

    assert(count <= POLES_MAX && 2 * count <= points->count);
    status = denominator_fit(points, count, q);
    if (status == LATTN_OK)
        status = scores_find(count, q, poles.l);
    if (status == LATTN_OK)
        status = values_fit(points, &poles);
    if (status == LATTN_OK)
        *ret_poles = poles;
    return status;
}

/* Derivatives by c, then by l, COLUMN-major; returns their number. */
static int32_t derivatives_fill(const struct poles_points *points, enum poles_free free,
                                const struct poles *poles, double *ret_a)
{
    int32_t m = points->count, column = 0;

    for (int32_t h = 0; h < poles->count && free == POLES_ALL; h++, column++)
        for (int32_t i = 0; i < m; i++)
            ret_a[column * m + i] = share(points->kappa[i], poles->l[h]);
    for (int32_t h = 0; h < poles->count; h++, column++)
        for (int32_t i = 0; i < m; i++) {
            double weight = share(points->kappa[i], poles->l[h]);

            ret_a[column * m + i] = poles->c[h] * weight * (1 - weight);
        }
    return column;
}

/* What is left at every point; returns its root mean square. */
static double rest_compute(const struct poles_points *points, const struct poles *poles,
                           double *ret_rest)
{
    for (int32_t i = 0; i < points->count; i++)
        ret_rest[i] = points->g[i] - poles_value(poles, points->kappa[i]);
    return dense_norm(points->count, ret_rest) / sqrt(points->count);
}

/* Scores move by the step; values follow as they fit best, or stay. */
static enum lattn_status poles_move(const struct poles_points *points, enum poles_free free,
                                    const double *step, struct poles *poles)
{
    for (int32_t h = 0; h < poles->count; h++)
        poles->l[h] += step[free == POLES_ALL ? poles->count + h : h];
    return free == POLES_ALL ? values_fit(points, poles) : LATTN_OK;
}

/* A damped step: what is left becomes 0 with the derivatives, and damping times the step with it.
 */
static enum lattn_status step_compute(const struct poles_points *points, enum poles_free free,
                                      const struct poles *poles, const double *rest, double damping,
                                      double *ret_step)
{
    double a[POLES_POINTS_MAX * UNKNOWNS_MAX], damped[DAMPED_MAX * UNKNOWNS_MAX] = {0};
    int32_t m = points->count, n = derivatives_fill(points, free, poles, a), rows = m + n;

    for (int32_t k = 0; k < n; k++) {
        memcpy(damped + k * rows, a + k * m, (size_t)m * sizeof *a);
        damped[k * rows + m + k] = k < n - poles->count ? 0 : damping;
    }
    memset(ret_step, 0, (size_t)rows * sizeof *ret_step);
    memcpy(ret_step, rest, (size_t)m * sizeof *rest);
    return dense_least_squares(rows, n, damped, 1, ret_step, CUTOFF, NULL);
}

enum lattn_status poles_refine(const struct poles_points *points, enum poles_free free,
                               struct poles *poles, double *ret_residual)
{
    double step[DAMPED_MAX], rest[POLES_POINTS_MAX], tried_rest[POLES_POINTS_MAX];
    double residual = rest_compute(points, poles, rest);
    double damping = DAMPING_FIRST * dense_norm(poles->count, poles->c);

    for (int32_t k = 0, fails = 0; k < STEPS_MAX && fails < FAILS_MAX; k++) {
        struct poles tried = *poles;
        double left;
        enum lattn_status status = step_compute(points, free, poles, rest, damping, step);

        if (status == LATTN_OK)
            status = poles_move(points, free, step, &tried);
        if (status != LATTN_OK)
            return status;
        left = rest_compute(points, &tried, tried_rest);
        fails = left < GAIN_LEAST * residual ? 0 : fails + 1;
        damping *= left < residual ? DAMPING_FALL : DAMPING_RISE;
        if (left < residual) {
            *poles = tried;
            residual = left;
            memcpy(rest, tried_rest, sizeof rest);
        }
    }
    *ret_residual = residual;
    return LATTN_OK;
}

enum lattn_status poles_sharpness(const struct poles_points *points, const struct poles *poles,
                                  double *ret_sharpness)
{
    double a[POLES_POINTS_MAX * UNKNOWNS_MAX], s[UNKNOWNS_MAX];
    int32_t n = derivatives_fill(points, POLES_ALL, poles, a);
    enum lattn_status status = dense_svd(points->count, n, a, s, NULL, NULL);

    if (status == LATTN_OK)
        *ret_sharpness = s[n - 1] / fmax(dense_norm(points->count, points->g), DBL_MIN);
    return status;
}
