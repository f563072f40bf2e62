#include "core/decomposition.h"

#include "base/memory.h"
#include "core/block.h"
#include "core/dense.h"
#include "core/misfit.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* What the calls of a step cost besides those of conjugate gradients, in flops. */
static const double calls_flops = 1e5;

/* What a triangle costs for each entry besides the products: it is brought into another order. */
static const double triangle_flops = 10;

enum { CG_STEPS_MAX = 200, GAINS_KEPT = 16 };

static const double lambda_first = 1e-2;
static const double lambda_least = 1e-12;
static const double lambda_lift = 1e-8;
static const double lambda_most = 1e8;

/* A step is taken where it gains this share of what the linear model promised. */
static const double gain_least_ratio = 1e-4;

/* f is a root of sums; below this conjugate gradients would chase rounding. */
static const double forcing_least = 1e-6;

/* A fit is given up where so many times what a step promises does not reach its goal. */
static const double promises_most = 10;

/*
 * One point of the iteration with everything a step needs, carved from one allocation.
 *
 * layer      the point; the vectors are of its length
 * gradient   J'r
 * trial      the layer that a step leads to
 * step, rest, next, search, image   of conjugate gradients: x, -J'r - (J'J + D) x, the rest
 *            preconditioned, the direction, and its product
 * factor_P, factor_Q   the damped blocks, by Cholesky;   damping_P, damping_Q   D
 */
struct point {
    struct layer layer;
    struct misfit misfit;
    double *memory;
    double *gradient;
    double *trial;
    double *step;
    double *rest;
    double *next;
    double *search;
    double *image;
    double *factor_P;
    double *factor_Q;
    double damping_P;
    double damping_Q;
    double f;
    double flops;
};

static enum lattn_status point_init(struct point *point, const struct decomposition *decomposition,
                                    const struct layer *layer)
{
    size_t length = (size_t)layer_length(layer);
    size_t n = (size_t)layer->heads * (size_t)layer->d;
    double *memory = memory_raw(7 * length + 2 * n * n, sizeof *memory);
    double **vectors[] = {&point->gradient, &point->trial,  &point->step, &point->rest,
                          &point->next,     &point->search, &point->image};

    *point = (struct point){.layer = *layer,
                            .misfit = {.metric = decomposition->metric,
                                       .S = decomposition->S,
                                       .scale = decomposition->scale},
                            .memory = memory};
    if (memory == NULL)
        return LATTN_NO_MEMORY;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++, memory += length)
        *vectors[i] = memory;
    point->factor_P = memory;
    point->factor_Q = memory + n * n;
    return misfit_init(&point->misfit, layer);
}

static void point_done(struct point *point)
{
    misfit_done(&point->misfit);
    memory_release(point->memory);
}

static int is_spent(const struct decomposition *decomposition, const struct point *point)
{
    return point->flops + point->misfit.flops > decomposition->effort;
}

/* ---- damping and preconditioner ------------------------------------------------------------ */

static enum lattn_status damping_set(struct point *point, double lambda)
{
    const struct misfit *misfit = &point->misfit;
    int32_t n = point->layer.heads * point->layer.d;
    double damping_P = lambda * block_mean(n, misfit->M_P);
    double damping_Q = lambda * block_mean(n, misfit->M_Q);
    enum lattn_status status = block_factor(n, misfit->M_P, damping_P, point->factor_P);

    if (status == LATTN_OK)
        status = block_factor(n, misfit->M_Q, damping_Q, point->factor_Q);
    point->damping_P = damping_P * misfit->ratio;
    point->damping_Q = damping_Q * misfit->ratio;
    point->flops += calls_flops + (double)n * n * n;
    return status;
}

/* x'D x */
static double damping_norm(const struct point *point, double *numbers)
{
    struct layer change = layer_view(&point->layer, numbers);
    int32_t count = point->layer.heads * point->layer.d;

    return point->damping_P * dense_dot(count * point->layer.m, change.P, change.P) +
           point->damping_Q * dense_dot(count * point->layer.d, change.Q, change.Q);
}

/* sum += D x */
static void damping_add(const struct point *point, const struct layer *change, struct layer *sum)
{
    int32_t count = point->layer.heads * point->layer.d;

    dense_add(count * point->layer.m, point->damping_P, change->P, sum->P);
    dense_add(count * point->layer.d, point->damping_Q, change->Q, sum->Q);
}

/* next = the preconditioned rest */
static void precondition(struct point *point)
{
    const struct layer *at = &point->layer;
    struct layer next = layer_view(at, point->next);
    int32_t n = at->heads * at->d;

    memcpy(point->next, point->rest, (size_t)layer_length(at) * sizeof *point->next);
    block_solve(n, at->m, point->factor_P, next.P);
    block_solve(n, at->d, point->factor_Q, next.Q);
    point->flops += (double)n * n * (2 * (at->m + at->d) + 2 * triangle_flops);
}

/* ---- one step ------------------------------------------------------------------------------ */

/* One step of conjugate gradients along `search`; product = rest . next, updated. */
static enum lattn_status search_advance(struct point *point, double *product)
{
    int32_t length = layer_length(&point->layer);
    struct layer search = layer_view(&point->layer, point->search);
    struct layer image = layer_view(&point->layer, point->image);
    enum lattn_status status = misfit_curve(&point->misfit, &point->layer, &search, &image);
    double before = *product;
    double along;

    if (status != LATTN_OK)
        return status;
    damping_add(point, &search, &image);
    along = before / dense_dot(length, point->search, point->image);
    dense_add(length, along, point->search, point->step);
    dense_add(length, -along, point->image, point->rest);
    precondition(point);
    *product = dense_dot(length, point->rest, point->next);
    for (int32_t i = 0; i < length; i++)
        point->search[i] = point->next[i] + *product / before * point->search[i];
    return LATTN_OK;
}

/* step = -(J'J + D)^-1 gradient, as exactly as f is worth. */
static enum lattn_status step_find(const struct decomposition *decomposition, struct point *point)
{
    size_t bytes = (size_t)layer_length(&point->layer) * sizeof(double);
    double forcing = fmin(0.1, sqrt(fmax(point->f, forcing_least)));
    double product, first;
    enum lattn_status status = LATTN_OK;

    memset(point->step, 0, bytes);
    for (int32_t i = 0; i < layer_length(&point->layer); i++)
        point->rest[i] = -point->gradient[i];
    precondition(point);
    memcpy(point->search, point->next, bytes);
    first = product = dense_dot(layer_length(&point->layer), point->rest, point->next);
    for (int32_t i = 0; i < CG_STEPS_MAX && status == LATTN_OK; i++) {
        if (product <= forcing * forcing * first || is_spent(decomposition, point))
            break;
        status = search_advance(point, &product);
    }
    return status;
}

/*
 * What the linear model promises, in units of f^2: -(2 g.x + x'J'J x) with x'J'J x from the rest of
 * conjugate gradients, rest = -g - (J'J + D) x.
 */
static double step_promise(const struct decomposition *decomposition, const struct point *point)
{
    int32_t length = layer_length(&point->layer);
    double promise = dense_dot(length, point->rest, point->step) -
                     dense_dot(length, point->gradient, point->step) +
                     damping_norm(point, point->step);

    return promise / (decomposition->scale * decomposition->scale);
}

/* ---- the course of a fit ------------------------------------------------------------------- */

/* Damping, the last accepted f, of which gains are told, and whether there is a goal to reach. */
struct course {
    double lambda;
    double growth;
    double accepted[GAINS_KEPT];
    int32_t accepted_count;
    int is_hopeless;
};

static void course_refuse(struct course *course)
{
    course->lambda = fmax(course->lambda, lambda_lift) * course->growth;
    course->growth *= 2;
}

static void course_accept(struct course *course, double ratio, double f)
{
    double shrink = ratio < 0.9 ? fmax(0.1, 1 - pow(2 * ratio - 1, 3)) : 0.1;

    course->lambda = fmax(course->lambda * shrink, lambda_least);
    course->growth = 2;
    course->accepted[course->accepted_count++ % GAINS_KEPT] = f;
}

/* Did the last accepted steps gain too little? */
static int course_stalls(const struct course *course, const struct decomposition *decomposition)
{
    int32_t last = course->accepted_count - 1;
    int32_t before = last - decomposition->gain_steps;

    return before >= 0 &&
           course->accepted[last % GAINS_KEPT] >
               course->accepted[before % GAINS_KEPT] * (1 - decomposition->gain_least);
}

/* Is the goal out of reach? Heavy damping promises little, and says nothing. */
static int promise_is_hopeless(const struct course *course,
                               const struct decomposition *decomposition, double f, double promise)
{
    return course->lambda <= lambda_first &&
           f * f - promises_most * promise > decomposition->goal * decomposition->goal;
}

/* Everything about the point that steps from it share. */
static enum lattn_status point_settle(struct point *point)
{
    struct layer gradient = layer_view(&point->layer, point->gradient);

    return misfit_settle(&point->misfit, &point->layer, &gradient);
}

/* Go to the trial, where f was found. */
static enum lattn_status point_move(struct point *point, double f)
{
    enum lattn_status status;

    memcpy(point->layer.P, point->trial, (size_t)layer_length(&point->layer) * sizeof(double));
    point->f = f;
    point->flops += layer_balance_flops(&point->layer);
    status = layer_balance(&point->layer, NULL);
    return status == LATTN_OK ? point_settle(point) : status;
}

/* Try the step; take it or refuse it. */
static enum lattn_status step_try(struct point *point, double promise, struct course *course)
{
    struct layer trial = layer_view(&point->layer, point->trial);
    int32_t length = layer_length(&point->layer);
    double f, ratio;
    enum lattn_status status;

    memcpy(point->trial, point->layer.P, (size_t)length * sizeof *point->trial);
    dense_add(length, 1, point->step, point->trial);
    status = misfit_find(&point->misfit, &trial, &f);
    if (status != LATTN_OK)
        return status;
    ratio = (point->f * point->f - f * f) / promise;
    if (!(f < point->f && ratio > gain_least_ratio)) {
        course_refuse(course);
        return LATTN_OK;
    }
    course_accept(course, ratio, f);
    return point_move(point, f);
}

static enum lattn_status point_step(const struct decomposition *decomposition, struct point *point,
                                    struct course *course)
{
    double promise;
    enum lattn_status status = damping_set(point, course->lambda);

    if (status == LATTN_RANK) {
        course_refuse(course);
        return LATTN_OK;
    }
    if (status == LATTN_OK)
        status = step_find(decomposition, point);
    if (status != LATTN_OK)
        return status;
    promise = step_promise(decomposition, point);
    course->is_hopeless = promise_is_hopeless(course, decomposition, point->f, promise);
    return course->is_hopeless ? LATTN_OK : step_try(point, promise, course);
}

static enum lattn_status point_iterate(const struct decomposition *decomposition,
                                       struct point *point)
{
    struct course course = {.lambda = lambda_first, .growth = 2};
    enum lattn_status status = LATTN_OK;

    for (int32_t i = 0; i < decomposition->steps_max && status == LATTN_OK; i++) {
        if (point->f <= decomposition->tolerance || course.lambda > lambda_most ||
            is_spent(decomposition, point) || course_stalls(&course, decomposition) ||
            course.is_hopeless)
            break;
        status = point_step(decomposition, point, &course);
    }
    /* Convergence is quadratic here: one step more leaves nothing but rounding. */
    if (status == LATTN_OK && point->f <= decomposition->tolerance)
        status = point_step(decomposition, point, &course);
    return status;
}

enum lattn_status decomposition_fit(struct decomposition *decomposition, struct layer *layer,
                                    double *ret_f)
{
    struct point point;
    enum lattn_status status = point_init(&point, decomposition, layer);

    assert(decomposition->gain_steps < GAINS_KEPT);
    point.flops = layer_balance_flops(layer);
    if (status == LATTN_OK)
        status = layer_balance(&point.layer, NULL);
    if (status == LATTN_OK)
        status = misfit_find(&point.misfit, &point.layer, &point.f);
    if (status == LATTN_OK)
        status = point_settle(&point);
    if (status == LATTN_OK)
        status = point_iterate(decomposition, &point);
    if (status == LATTN_OK)
        *ret_f = point.f;
    decomposition->effort -= point.flops + point.misfit.flops;
    point_done(&point);
    return status;
}
