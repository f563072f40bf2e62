/*
 * The boundary between the labels of single tokens. Every question is a token in the plane of two
 * coordinates: at the largest entry of v, times the place that is looked for, and at another one.
 */
#include "query/boundary.h"

#include "query/bisection.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/dense.h"

#include <math.h>
#include <string.h>

enum {
    /* Halvings of the largest norm; the last one still is a float and has a product in float. */
    HALVINGS = 100,
    /* Of them, those that questions of W need as room. */
    HALVINGS_ROOM = 3
};

/* The token at sign e_axis + length e_aside. */
struct ray {
    int32_t axis;
    double sign;
    int32_t aside;
    double length;
};

/*
 * rays, at, high, reached  2d of each: what is asked next, where, and what came back
 * far                      2d: is the token norm e_i `reached`, then -norm e_i
 */
struct search {
    const struct conditions *conditions;
    struct bisection bisection;
    int32_t d;
    struct ray *rays;
    double *at;
    double *high;
    uint8_t *reached;
    uint8_t *far;
};

static void ray_write(const struct search *search, size_t item, double at, double *ret_x)
{
    const struct ray *ray = &search->rays[item];

    memset(ret_x, 0, (size_t)search->d * sizeof *ret_x);
    ret_x[ray->axis] += at * ray->sign;
    ret_x[ray->aside] += ray->length;
}

static void item_write(const void *items, size_t item, double at, double *ret_x)
{
    ray_write(items, item, at, ret_x);
}

static void search_done(struct search *search)
{
    bisection_done(&search->bisection);
    memory_release(search->rays);
    memory_release(search->at);
    memory_release(search->high);
    memory_release(search->reached);
    memory_release(search->far);
}

static enum lattn_status search_init(struct search *search, struct oracle *oracle,
                                     const struct conditions *conditions)
{
    size_t count = 2 * (size_t)oracle->d;
    enum lattn_status status;

    *search = (struct search){.conditions = conditions, .d = oracle->d};
    status = bisection_init(&search->bisection, oracle, 1, item_write, search);
    search->rays = memory_zeroed(count, sizeof *search->rays);
    search->at = memory_zeroed(count, sizeof *search->at);
    search->high = memory_zeroed(count, sizeof *search->high);
    search->reached = memory_zeroed(count, sizeof *search->reached);
    search->far = memory_zeroed(count, sizeof *search->far);
    if (search->rays == NULL || search->at == NULL || search->high == NULL ||
        search->reached == NULL || search->far == NULL)
        return LATTN_NO_MEMORY;
    return status;
}

static void places_set(size_t count, double *places, double place)
{
    for (size_t i = 0; i < count; i++)
        places[i] = place;
}

/* Along which axis and side the first of so many rays goes whose token is reached; -1: none. */
static int32_t reached_first(const struct search *search, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        if (search->reached[i])
            return i;
    return -1;
}

static enum lattn_status rays_ask(struct search *search, int32_t count, double at)
{
    places_set((size_t)count, search->at, at);
    return bisection_ask(&search->bisection, ORACLE_TRIAL, 0, (size_t)count, search->at,
                         search->reached);
}

static void axes_set(struct search *search)
{
    for (int32_t i = 0; i < 2 * search->d; i++)
        search->rays[i] = (struct ray){.axis = i % search->d, .sign = i < search->d ? 1 : -1};
}

/* ---- no threshold ---------------------------------------------------------------------------- */

/* Which of two entries is larger: label 1 of sign_a e_a - sign_b e_b. Losers leave the list. */
static enum lattn_status duels_ask(struct search *search, const double *signs, double length,
                                   int32_t *list, int32_t *count)
{
    int32_t duels = *count / 2;
    enum lattn_status status;

    for (int32_t i = 0; i < duels; i++) {
        int32_t a = list[2 * i], b = list[2 * i + 1];

        search->rays[i] = (struct ray){a, signs[a], b, -signs[b] * length};
    }
    status = rays_ask(search, duels, length);
    if (status != LATTN_OK)
        return status;
    for (int32_t i = 0; i < duels; i++)
        list[i] = list[2 * i + !search->reached[i]];
    if (*count % 2 != 0)
        list[duels] = list[*count - 1];
    *count -= duels;
    return LATTN_OK;
}

/* The ratio of every entry to the largest one, by the place where they outweigh each other. */
static enum lattn_status ratios_find(struct search *search, const double *signs, int32_t largest,
                                     double length, struct boundary *boundary)
{
    int32_t steps = bisection_steps(search->conditions->epsilon);
    size_t count = 0;
    enum lattn_status status;

    for (int32_t i = 0; i < search->d; i++)
        if (i != largest && signs[i] != 0)
            search->rays[count++] = (struct ray){largest, signs[largest], i, -signs[i] * length};
    places_set(count, search->at, 0);
    places_set(count, search->high, length);
    status = bisection_find(&search->bisection, steps, count, search->at, search->high);
    if (status != LATTN_OK)
        return status;
    boundary->direction[largest] = signs[largest];
    for (size_t i = 0; i < count; i++) {
        int32_t axis = search->rays[i].aside;

        boundary->direction[axis] = signs[axis] * (search->at[i] + search->high[i]) / (2 * length);
    }
    return LATTN_OK;
}

static enum lattn_status central_learn(struct search *search, struct boundary *boundary)
{
    double length = exp2(floor(log2(fmin(1, search->conditions->norm / 2))));
    double signs[LATTN_DIM_MAX];
    int32_t list[LATTN_DIM_MAX];
    int32_t count = 0;
    enum lattn_status status = LATTN_OK;

    for (int32_t i = 0; i < search->d; i++) {
        signs[i] = search->far[i] - search->far[search->d + i];
        if (signs[i] != 0)
            list[count++] = i;
    }
    if (count == 0)
        return complain(&search->bisection.oracle->complaint, LATTN_NO_CONVERGENCE,
                        "a token and its opposite have one label, on every coordinate, and the "
                        "token zero has another");
    while (status == LATTN_OK && count > 1)
        status = duels_ask(search, signs, length, list, &count);
    if (status == LATTN_OK)
        status = ratios_find(search, signs, list[0], length, boundary);
    boundary->distance = 0;
    return status;
}

/* ---- a threshold ----------------------------------------------------------------------------- */

/* Keep the rays that are reached, if any is. */
static void rays_narrow(struct search *search, int32_t *count)
{
    int32_t kept = 0;

    for (int32_t i = 0; i < *count; i++)
        if (search->reached[i])
            search->rays[kept++] = search->rays[i];
    if (kept > 0)
        *count = kept;
}

/*
 * The steepest ray: it reaches the boundary at a norm at which, halved, no ray does.
 *
 * ret_norm  out  that norm; ray 0 is the one
 */
static enum lattn_status steepest_find(struct search *search, double *ret_norm)
{
    int32_t count = 2 * search->d, near = HALVINGS, far = 0;
    enum lattn_status status = LATTN_OK;

    axes_set(search);
    memcpy(search->reached, search->far, (size_t)count);
    rays_narrow(search, &count);
    while (status == LATTN_OK && near - far > 1) {
        int32_t middle = (near + far) / 2;

        status = rays_ask(search, count, ldexp(search->conditions->norm, -middle));
        if (status != LATTN_OK)
            return status;
        if (reached_first(search, count) >= 0)
            far = middle;
        else
            near = middle;
        rays_narrow(search, &count);
    }
    *ret_norm = ldexp(search->conditions->norm, -far);
    if (far < HALVINGS_ROOM)
        return complain(&search->bisection.oracle->complaint, LATTN_REFUSED,
                        "labels change beyond norms of %.3g only, %.3g may be asked: too near to "
                        "leave room for a second token",
                        *ret_norm / 2, search->conditions->norm);
    return status;
}

static enum lattn_status crossing_find(struct search *search, double norm, double *ret_crossing)
{
    double low = norm / 2, high = norm;
    enum lattn_status status = bisection_find(
        &search->bisection, bisection_steps(search->conditions->epsilon), 1, &low, &high);

    *ret_crossing = (low + high) / 2;
    return status;
}

/*
 * All entries over the threshold: with length e_i aside ray 0 reaches the boundary at
 * (1 - length w_i) crossing, where |length w_i| < 1.
 */
static enum lattn_status distant_learn(struct search *search, struct boundary *boundary)
{
    int32_t d = search->d;
    size_t count = 0;
    double norm, crossing, length, size;
    struct ray first;
    enum lattn_status status = steepest_find(search, &norm);

    if (status == LATTN_OK)
        status = crossing_find(search, norm, &crossing);
    if (status != LATTN_OK)
        return status;
    first = search->rays[0];
    length = norm / 2;
    for (int32_t i = 0; i < d; i++)
        if (i != first.axis)
            search->rays[count++] = (struct ray){first.axis, first.sign, i, length};
    places_set(count, search->at, 0);
    places_set(count, search->high, 2 * norm);
    status = bisection_find(&search->bisection, bisection_steps(search->conditions->epsilon), count,
                            search->at, search->high);
    if (status != LATTN_OK)
        return status;
    boundary->direction[first.axis] = first.sign / crossing;
    for (size_t i = 0; i < count; i++)
        boundary->direction[search->rays[i].aside] =
            (1 - (search->at[i] + search->high[i]) / (2 * crossing)) / length;
    size = dense_norm(d, boundary->direction);
    boundary->distance = 1 / size;
    return LATTN_OK;
}

/* ---- which of the two ------------------------------------------------------------------------ */

static void direction_normalise(int32_t d, double *direction)
{
    double size = dense_norm(d, direction);

    for (int32_t i = 0; i < d; i++)
        direction[i] /= size;
}

/* Labels of the token zero, of the largest ones, and of the smallest. */
static enum lattn_status search_run(struct search *search, struct boundary *boundary)
{
    int32_t count = 2 * search->d;
    enum lattn_status status = rays_ask(search, 1, 0);
    uint8_t at_zero;

    if (status != LATTN_OK)
        return status;
    at_zero = search->reached[0];
    boundary->reached = search->bisection.reached = !at_zero;
    axes_set(search);
    status = rays_ask(search, count, search->conditions->norm);
    if (status != LATTN_OK)
        return status;
    if (reached_first(search, count) < 0)
        return LATTN_RANK;
    memcpy(search->far, search->reached, (size_t)count);
    status = rays_ask(search, count, ldexp(search->conditions->norm, -HALVINGS));
    if (status != LATTN_OK)
        return status;
    if (reached_first(search, count) < 0)
        return distant_learn(search, boundary);
    boundary->reached = search->bisection.reached = 1;
    for (int32_t i = 0; i < count; i++)
        search->far[i] ^= at_zero;
    return central_learn(search, boundary);
}

enum lattn_status boundary_learn(struct oracle *oracle, const struct conditions *conditions,
                                 struct boundary *ret_boundary)
{
    struct boundary boundary = {0};
    struct search search;
    enum lattn_status status = search_init(&search, oracle, conditions);

    if (status == LATTN_OK)
        status = search_run(&search, &boundary);
    if (status == LATTN_OK) {
        direction_normalise(oracle->d, boundary.direction);
        boundary.error = conditions->epsilon;
    }
    if (status >= LATTN_OK)
        *ret_boundary = boundary;
    search_done(&search);
    return status;
}
