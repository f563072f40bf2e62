/* Questions of copied tokens, which tell heads apart by poles (poles.h). */
#include "query/copies.h"

#include "base/memory.h"
#include "core/dense.h"

#include <assert.h>
#include <math.h>

/* Largest ratio of k heads: beyond it a further octave says little of scores about 1. */
static const int32_t ratio_most[POLES_MAX + 1] = {0, 2, 8, 16, 30};

/* 2 heads different ratios: 2 .. heads + 1 copies against one. */
int32_t copies_length(int32_t heads)
{
    return heads + 2;
}

void copies_init(struct copies *copies, int32_t heads, int32_t length)
{
    int32_t most = ratio_most[heads] < length - 1 ? ratio_most[heads] : length - 1;
    int32_t before = 1;

    assert(1 <= heads && heads <= POLES_MAX && copies_length(heads) <= length);
    *copies = (struct copies){.count = 2 * heads};
    for (int32_t i = 0; i < heads; i++) {
        double even = heads == 1 ? most : 2 * pow(most / 2.0, (double)i / (heads - 1));
        int32_t k = (int32_t)round(even);

        k = k > before ? k : before + 1;
        before = k;
        copies->first[heads + i] = k;
        copies->last[heads + i] = 1;
        copies->first[heads - 1 - i] = 1;
        copies->last[heads - 1 - i] = k;
    }
}

int32_t copies_count(const struct copies *copies, enum copies_part part)
{
    return part == COPIES_ALL ? copies->count : copies->count / 2 + 1;
}

/* Which ratio is asked as number i: some of them stand at equal distances. */
static int32_t ratio_index(const struct copies *copies, enum copies_part part, int32_t i)
{
    int32_t steps = copies_count(copies, part) - 1;

    return (2 * i * (copies->count - 1) + steps) / (2 * steps);
}

static void sequences_fill(const struct copies *copies, int32_t ratio, int32_t d, int32_t count,
                           const double *u, const double *b, double *ret_x)
{
    int32_t n = copies->first[ratio] + copies->last[ratio];

    for (int32_t pair = 0; pair < count; pair++)
        for (int32_t token = 0; token < n; token++)
            for (int32_t j = 0; j < d; j++) {
                int32_t at = pair * d + j;
                double first = token < copies->first[ratio] ? copies->s * u[at] : 0;

                *ret_x++ = first + copies->t * b[at];
            }
}

static enum lattn_status ratio_ask(const struct copies *copies, int32_t ratio,
                                   struct oracle *oracle, enum oracle_purpose purpose,
                                   int32_t count, const double *u, const double *b, double *x,
                                   double *y)
{
    int32_t d = oracle->d;
    int32_t n = copies->first[ratio] + copies->last[ratio];
    enum lattn_status status;

    sequences_fill(copies, ratio, d, count, u, b, x);
    status = oracle_ask(oracle, purpose, (size_t)count, n, x, y);
    for (int32_t pair = 0; pair < count && status == LATTN_OK; pair++) {
        double last = copies->t * dense_dot(d, copies->value, b + (size_t)pair * (size_t)d);

        y[pair] = (y[pair] - last) / copies->s;
    }
    return status;
}

static void points_end(struct poles_points *points, double g)
{
    points->kappa[points->count] = INFINITY;
    points->g[points->count] = g;
    points->count++;
}

enum lattn_status copies_ask(const struct copies *copies, enum copies_part part,
                             struct oracle *oracle, enum oracle_purpose purpose, int32_t count,
                             const double *u, const double *b, struct poles_points *ret_points)
{
    int32_t d = oracle->d;
    size_t tokens = (size_t)copies->first[copies->count - 1] + 1;
    double *x = memory_raw((size_t)count * tokens * (size_t)d, sizeof *x);
    double *y = memory_raw((size_t)count, sizeof *y);
    enum lattn_status status = x == NULL || y == NULL ? LATTN_NO_MEMORY : LATTN_OK;

    assert(oracle->m == 1);
    for (int32_t pair = 0; pair < count && status == LATTN_OK; pair++)
        ret_points[pair].count = copies_count(copies, part);
    for (int32_t i = 0; i < copies_count(copies, part) && status == LATTN_OK; i++) {
        int32_t ratio = ratio_index(copies, part, i);

        status = ratio_ask(copies, ratio, oracle, purpose, count, u, b, x, y);
        for (int32_t pair = 0; pair < count && status == LATTN_OK; pair++) {
            ret_points[pair].kappa[i] = (double)copies->first[ratio] / copies->last[ratio];
            ret_points[pair].g[i] = y[pair];
        }
    }
    for (int32_t pair = 0; pair < count && status == LATTN_OK && part == COPIES_ALL; pair++)
        points_end(&ret_points[pair], dense_dot(d, copies->value, u + (size_t)pair * (size_t)d));
    memory_release(x);
    memory_release(y);
    return status;
}
