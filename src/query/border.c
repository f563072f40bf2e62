/* Labels on both sides of the border that a layer draws between two sequences. */
#include "query/border.h"

#include "base/memory.h"
#include "core/dense.h"
#include "query/finding.h"
#include "query/sample.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* How far from the border, in units of the way between the two sequences. */
#define DISTANCE_MIN 1e-6
#define DISTANCE_MAX 0.25

/* Deviations of noise between the border and the question. */
#define DEVIATIONS 32

enum { COUNT = 16, HALVINGS = 60, DRAWS_MAX = 64 };

struct border {
    struct oracle *oracle;
    const struct conditions *conditions;
    struct random *random;
    struct lattn_finding *finding;
    double *below; /* n x d, and so are the next two */
    double *above;
    double *drawn;
    double *x; /* 2 COUNT x n x d: questions */
    double y[2 * COUNT];
};

/* By how much a sequence is above the threshold. */
static double height_of(const struct border *border, const double *x, int32_t n)
{
    double y;

    lattn_attention_apply(border->finding->attention, x, n, &y);
    return y - border->finding->attention->threshold;
}

static void sequence_draw(const struct border *border, int32_t n, double norm, double *ret_x)
{
    int32_t d = border->oracle->d;

    for (int32_t i = 0; i < n; i++) {
        double *token = ret_x + (size_t)i * (size_t)d;

        sample_token(d, border->random, token);
        for (int32_t j = 0; j < d; j++)
            token[j] *= norm;
    }
}

/*
 * Two sequences on both sides. Norms begin where scores are of order one and grow until the
 * threshold is reached. Returns whether there are any within the norm that tokens may have.
 */
static int sides_draw(const struct border *border, int32_t n)
{
    int32_t d = border->oracle->d;
    double weight = dense_norm(d * d, border->finding->attention->W);
    double norm = weight > 0 ? sqrt(d / weight) : 1;
    size_t size = (size_t)n * (size_t)d * sizeof *border->drawn;
    int has_below = 0, has_above = 0;

    for (int i = 0; i < DRAWS_MAX && !(has_below && has_above); i++) {
        norm = fmin(norm, border->conditions->norm);
        sequence_draw(border, n, norm, border->drawn);
        if (height_of(border, border->drawn, n) < 0) {
            memcpy(border->below, border->drawn, size);
            has_below = 1;
        } else {
            memcpy(border->above, border->drawn, size);
            has_above = 1;
        }
        norm *= i % 4 == 3 ? 2 : 1;
    }
    return has_below && has_above;
}

static void between(const struct border *border, int32_t n, double way, double *ret_x)
{
    for (int32_t j = 0; j < n * border->oracle->d; j++)
        ret_x[j] = border->below[j] + way * (border->above[j] - border->below[j]);
}

/* Where on the way from below to above what was found changes its label. */
static double border_find(const struct border *border, int32_t n, double *scratch)
{
    double low = 0, high = 1;

    for (int i = 0; i < HALVINGS; i++) {
        double middle = (low + high) / 2;

        between(border, n, middle, scratch);
        if (height_of(border, scratch, n) < 0)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/*
 * How far to stay away from a border, which x is on, for noise, rounding and the errors of what was
 * found to matter nowhere. Labels show floats to their learner alone: V, of length one, is known to
 * the arithmetic of the oracle.
 */
static double distance_of(const struct border *border, const double *x, int32_t n)
{
    const struct lattn_attention *layer = border->finding->attention;
    double epsilon = fmax(border->conditions->epsilon, layer->V_error[0]);
    double variance = pow(epsilon * layer->threshold, 2);
    double low = height_of(border, border->below, n), high = height_of(border, border->above, n);
    double error = conditions_error(border->conditions, fmax(fabs(low), fabs(high)));

    verify_variance(layer, epsilon, x, n, &variance);
    return fmax(DISTANCE_MIN, DEVIATIONS * hypot(error, sqrt(variance)) / (high - low));
}

/*
 * Questions on both sides of one border, at x and after it; ret_sides: what the layer says there.
 * Returns 0 where noise or the norm leave no room for them.
 */
static int border_draw(const struct border *border, int32_t n, double *x, int *ret_sides)
{
    size_t size = (size_t)n * (size_t)border->oracle->d;
    double way, distance;

    if (!sides_draw(border, n))
        return 0;
    way = border_find(border, n, x);
    between(border, n, way, x);
    distance = distance_of(border, x, n);
    if (distance > DISTANCE_MAX)
        return 0;
    between(border, n, way - distance, x);
    between(border, n, way + distance, x + size);
    for (int side = 0; side < 2; side++)
        ret_sides[side] = height_of(border, x + (size_t)side * size, n) >= 0;
    return ret_sides[0] != ret_sides[1];
}

/* One length; ret_count: borders that were asked about. */
static enum lattn_status length_run(struct border *border, int32_t n, int *ret_count)
{
    size_t size = 2 * (size_t)n * (size_t)border->oracle->d;
    int sides[2 * COUNT];
    int count = 0, differing = 0;
    enum lattn_status status;
    char name[64];

    for (int i = 0; i < COUNT; i++)
        count +=
            border_draw(border, n, border->x + (size_t)count * size, sides + 2 * (size_t)count);
    *ret_count = count;
    if (count == 0)
        return LATTN_OK;
    status = oracle_ask(border->oracle, ORACLE_VERIFY, 2 * (size_t)count, n, border->x, border->y);
    if (status != LATTN_OK)
        return status;
    for (int i = 0; i < 2 * count; i++)
        differing += border->y[i] != sides[i];
    snprintf(name, sizeof name, "held out labels, %d tokens", n);
    finding_check(border->finding, name, differing / (2.0 * count), 0);
    border->finding->residual = fmax(border->finding->residual, differing / (2.0 * count));
    return LATTN_OK;
}

enum lattn_status border_run(struct oracle *oracle, const struct conditions *conditions,
                             struct random *random, struct lattn_finding *finding,
                             enum verify_verdict *ret_verdict)
{
    size_t d = (size_t)oracle->d;
    struct border border = {
        .oracle = oracle,
        .conditions = conditions,
        .random = random,
        .finding = finding,
        .below = memory_raw(VERIFY_TOKENS_MAX * d, sizeof(double)),
        .above = memory_raw(VERIFY_TOKENS_MAX * d, sizeof(double)),
        .drawn = memory_raw(VERIFY_TOKENS_MAX * d, sizeof(double)),
        .x = memory_raw((size_t)2 * COUNT * VERIFY_TOKENS_MAX * d, sizeof(double)),
    };
    enum lattn_status status = LATTN_NO_MEMORY;
    int total = 0, count;

    if (border.below != NULL && border.above != NULL && border.drawn != NULL && border.x != NULL)
        status = LATTN_OK;
    for (int i = 0;
         status == LATTN_OK && i < VERIFY_LENGTHS && verify_lengths[i] <= conditions->length; i++) {
        status = length_run(&border, verify_lengths[i], &count);
        total += count;
    }
    memory_release(border.below);
    memory_release(border.above);
    memory_release(border.drawn);
    memory_release(border.x);
    if (status == LATTN_OK)
        *ret_verdict = finding->residual > 0 ? VERIFY_FAILED
                       : total > 0           ? VERIFY_PASSED
                                             : VERIFY_BLIND;
    return status;
}

uint64_t border_count(int32_t length)
{
    uint64_t count = 0;

    for (int i = 0; i < VERIFY_LENGTHS; i++)
        count += verify_lengths[i] <= length ? 2 * COUNT : 0;
    return count;
}
