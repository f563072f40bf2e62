#include "core/decomposition.h"

#include "base/memory.h"
#include "core/dense.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { CG_STEPS_MAX = 200, GAINS_KEPT = 16 };

static const double lambda_first = 1e-2;
static const double lambda_least = 1e-12;
static const double lambda_lift = 1e-8;
static const double lambda_most = 1e8;

/* A step is taken where it gains this share of what the linear model promised. */
static const double gain_least_ratio = 1e-4;

/* Of the mean diagonal: what rounding may take from a preconditioner's definiteness. */
static const double definite_shift = 1e-13;

/* What the calls of one product cost, whatever the sizes, in flops. */
static const double calls_flops = 2e4;

/* f is a root of sums; below this conjugate gradients would chase rounding. */
static const double forcing_least = 1e-6;

/*
 * One point of the iteration with everything a step needs, carved from one allocation.
 *
 * layer      the point; trial, step, rest, next, search, image: vectors of its length
 * gradient   J'r
 * M_P, M_Q   M(Q,Q) and M(P,P); factor_P, factor_Q: damped, by Cholesky; couple, gram: scratch
 * ratio      of the weighted curvature to the unweighted one along the gradient; 1 unweighted
 * tensor     d x m x d x d
 */
struct point {
    struct layer layer;
    double *memory;
    double *trial;
    double *gradient;
    double *step;
    double *rest;
    double *next;
    double *search;
    double *image;
    double *plain;
    double *plain_change;
    double *M_P;
    double *M_Q;
    double *factor_P;
    double *factor_Q;
    double *couple;
    double *gram;
    double *tensor;
    double damping_P;
    double damping_Q;
    double ratio;
    double f;
};

static enum lattn_status point_init(struct point *point, const struct layer *layer)
{
    size_t length = (size_t)layer_length(layer);
    size_t n = (size_t)layer->heads * (size_t)layer->d;
    size_t tensor = (size_t)layer_tensor_length(layer->d, layer->m);
    double *memory = memory_raw(9 * length + 6 * n * n + tensor, sizeof *memory);
    double **vectors[] = {&point->trial, &point->gradient, &point->step,
                          &point->rest,  &point->next,     &point->search,
                          &point->image, &point->plain,    &point->plain_change};
    double **squares[] = {&point->M_P,      &point->M_Q,    &point->factor_P,
                          &point->factor_Q, &point->couple, &point->gram};

    *point = (struct point){.layer = *layer, .memory = memory};
    if (memory == NULL)
        return LATTN_NO_MEMORY;
    point->tensor = memory;
    memory += tensor;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++, memory += length)
        *vectors[i] = memory;
    for (size_t i = 0; i < sizeof squares / sizeof *squares; i++, memory += n * n)
        *squares[i] = memory;
    return LATTN_OK;
}

/* gradient_P = A Q, gradient_Q = A'P for a tensor A seen as (b,a) x (c,e). */
static void tensor_contract(const struct layer *layer, const double *tensor, struct layer *gradient)
{
    int32_t rows = layer->d * layer->m;
    int32_t columns = layer->d * layer->d;

    dense_multiply_rows(layer->heads, rows, columns, 1, layer->Q, (size_t)columns, tensor,
                        (size_t)columns, 0, gradient->P, (size_t)rows);
    dense_multiply(DENSE_PLAIN, layer->heads, columns, rows, 1, layer->P, (size_t)rows, tensor,
                   (size_t)columns, 0, gradient->Q, (size_t)columns);
}

/* Copy numbers into a view and bring them to plain coordinates. */
static enum lattn_status plain_make(const struct decomposition *decomposition,
                                    const struct layer *layer, double *ret_numbers,
                                    struct layer *ret_plain)
{
    *ret_plain = layer_view(layer, ret_numbers);
    memcpy(ret_numbers, layer->P, (size_t)layer_length(layer) * sizeof *ret_numbers);
    return layer_transform(ret_plain, decomposition->metric->inverse);
}

/* ---- residual and gradient ----------------------------------------------------------------- */

static enum lattn_status plain_compare(const struct decomposition *decomposition,
                                       struct point *point, const struct layer *layer,
                                       double *ret_f)
{
    int32_t length = layer_tensor_length(layer->d, layer->m);

    layer_multiply(layer, 1, 0, point->tensor);
    layer_symmetrise(layer->d, layer->m, point->tensor);
    dense_add(length, -1, decomposition->S, point->tensor);
    *ret_f = dense_norm(length, point->tensor) / decomposition->scale;
    return LATTN_OK;
}

static enum lattn_status weighted_compare(const struct decomposition *decomposition,
                                          struct point *point, const struct layer *layer,
                                          double *ret_f)
{
    struct layer plain;
    enum lattn_status status = plain_make(decomposition, layer, point->plain, &plain);

    if (status == LATTN_OK)
        *ret_f = sqrt(metric_compare(decomposition->metric, &plain, point->tensor)) /
                 decomposition->scale;
    return status;
}

/* f at a layer, and the tensor that gradient_find contracts. */
static enum lattn_status compare(struct decomposition *decomposition, struct point *point,
                                 const struct layer *layer, double *ret_f)
{
    decomposition->effort -= 6.0 * layer_tensor_length(layer->d, layer->m) * (layer->heads + 4);
    if (decomposition->weighting == DECOMPOSITION_PLAIN)
        return plain_compare(decomposition, point, layer, ret_f);
    decomposition->effort -= metric_flops(decomposition->metric);
    return weighted_compare(decomposition, point, layer, ret_f);
}

static enum lattn_status gradient_find(const struct decomposition *decomposition,
                                       struct point *point)
{
    struct layer gradient = layer_view(&point->layer, point->gradient);
    struct layer plain;
    enum lattn_status status;

    if (decomposition->weighting == DECOMPOSITION_PLAIN) {
        tensor_contract(&point->layer, point->tensor, &gradient);
        return LATTN_OK;
    }
    status = plain_make(decomposition, &point->layer, point->plain, &plain);
    if (status != LATTN_OK)
        return status;
    tensor_contract(&plain, point->tensor, &gradient);
    return layer_transform(&gradient, decomposition->metric->back);
}

/* ---- J'J and its preconditioner ------------------------------------------------------------ */

static void square_times(int32_t n, int32_t width, const double *M, const double *x, double beta,
                         double *y)
{
    dense_multiply(DENSE_PLAIN, n, width, n, 1, M, (size_t)n, x, (size_t)width, beta, y,
                   (size_t)width);
}

/* image = J'J change, unweighted, by products of Gram matrices. */
static void normal_apply_plain(const struct point *point, const struct layer *change,
                               struct layer *image)
{
    const struct layer *at = &point->layer;
    int32_t n = at->heads * at->d;

    square_times(n, at->m, point->M_P, change->P, 0, image->P);
    layer_couple(at->d, at->heads, at->d, at->Q, change->Q, point->couple, point->gram);
    square_times(n, at->m, point->couple, at->P, 1, image->P);
    square_times(n, at->d, point->M_Q, change->Q, 0, image->Q);
    layer_couple(at->d, at->heads, at->m, at->P, change->P, point->couple, point->gram);
    square_times(n, at->d, point->couple, at->Q, 1, image->Q);
}

/* The same seen by the data; the plain layer is at point->plain since gradient_find. */
static enum lattn_status normal_apply_weighted(const struct decomposition *decomposition,
                                               struct point *point, const struct layer *change,
                                               struct layer *image)
{
    struct layer at = layer_view(change, point->plain);
    struct layer plain, left, right;
    enum lattn_status status = plain_make(decomposition, change, point->plain_change, &plain);

    if (status != LATTN_OK)
        return status;
    left = (struct layer){at.d, at.m, at.heads, plain.P, at.Q};
    right = (struct layer){at.d, at.m, at.heads, at.P, plain.Q};
    layer_multiply(&left, 1, 0, point->tensor);
    layer_multiply(&right, 1, 1, point->tensor);
    metric_apply(decomposition->metric, point->tensor);
    tensor_contract(&at, point->tensor, image);
    return layer_transform(image, decomposition->metric->back);
}

static enum lattn_status normal_apply(struct decomposition *decomposition, struct point *point,
                                      double *numbers, double *ret_image)
{
    struct layer change = layer_view(&point->layer, numbers);
    struct layer image = layer_view(&point->layer, ret_image);
    double n = (double)point->layer.heads * point->layer.d;

    decomposition->effort -= calls_flops;
    if (decomposition->weighting == DECOMPOSITION_PLAIN) {
        decomposition->effort -= 6 * n * n * (point->layer.d + point->layer.m);
        normal_apply_plain(point, &change, &image);
        return LATTN_OK;
    }
    decomposition->effort -= metric_flops(decomposition->metric);
    return normal_apply_weighted(decomposition, point, &change, &image);
}

static double diagonal_mean(int32_t n, const double *M)
{
    double sum = 0;

    for (size_t i = 0; i < (size_t)n; i++)
        sum += M[i * (size_t)n + i];
    return sum / n;
}

/* Cholesky factor of a diagonal block with damping on its diagonal. */
static enum lattn_status block_factor(int32_t n, const double *M, double damping, double *factor)
{
    double shift = damping + definite_shift * diagonal_mean(n, M);

    memcpy(factor, M, (size_t)n * (size_t)n * sizeof *factor);
    for (size_t i = 0; i < (size_t)n; i++)
        factor[i * (size_t)n + i] += shift;
    return dense_cholesky(n, factor);
}

static enum lattn_status damping_set(struct point *point, double lambda)
{
    int32_t n = point->layer.heads * point->layer.d;
    double damping_P = lambda * diagonal_mean(n, point->M_P);
    double damping_Q = lambda * diagonal_mean(n, point->M_Q);
    enum lattn_status status = block_factor(n, point->M_P, damping_P, point->factor_P);

    if (status == LATTN_OK)
        status = block_factor(n, point->M_Q, damping_Q, point->factor_Q);
    point->damping_P = damping_P * point->ratio;
    point->damping_Q = damping_Q * point->ratio;
    return status;
}

static void block_solve(int32_t n, int32_t width, const double *factor, double *x)
{
    dense_triangle_solve_many(DENSE_TRANSPOSED, n, width, factor, (size_t)n, x, (size_t)width);
    dense_triangle_solve_many(DENSE_PLAIN, n, width, factor, (size_t)n, x, (size_t)width);
}

/* next = preconditioned rest */
static void precondition(const struct point *point)
{
    const struct layer *at = &point->layer;
    struct layer next = layer_view(at, point->next);
    int32_t n = at->heads * at->d;

    memcpy(point->next, point->rest, (size_t)layer_length(at) * sizeof *point->next);
    block_solve(n, at->m, point->factor_P, next.P);
    block_solve(n, at->d, point->factor_Q, next.Q);
}

/* ---- one step ------------------------------------------------------------------------------ */

static double damping_norm(const struct point *point, double *numbers)
{
    struct layer change = layer_view(&point->layer, numbers);
    int32_t count = point->layer.heads * point->layer.d;

    return point->damping_P * dense_dot(count * point->layer.m, change.P, change.P) +
           point->damping_Q * dense_dot(count * point->layer.d, change.Q, change.Q);
}

static void damping_add(const struct point *point, double *numbers, double *image)
{
    struct layer change = layer_view(&point->layer, numbers);
    struct layer sum = layer_view(&point->layer, image);
    int32_t count = point->layer.heads * point->layer.d;

    dense_add(count * point->layer.m, point->damping_P, change.P, sum.P);
    dense_add(count * point->layer.d, point->damping_Q, change.Q, sum.Q);
}

/* One conjugate gradient step along `search`; product = rest . next, updated. */
static enum lattn_status search_advance(struct decomposition *decomposition, struct point *point,
                                        double *product)
{
    int32_t length = layer_length(&point->layer);
    enum lattn_status status = normal_apply(decomposition, point, point->search, point->image);
    double before = *product;
    double along;

    if (status != LATTN_OK)
        return status;
    damping_add(point, point->search, point->image);
    along = before / dense_dot(length, point->search, point->image);
    dense_add(length, along, point->search, point->step);
    dense_add(length, -along, point->image, point->rest);
    precondition(point);
    *product = dense_dot(length, point->rest, point->next);
    for (int32_t i = 0; i < length; i++)
        point->search[i] = point->next[i] + *product / before * point->search[i];
    return LATTN_OK;
}

/* step = -(J'J + lambda D)^-1 gradient, as exactly as f is worth. */
static enum lattn_status step_find(struct decomposition *decomposition, struct point *point)
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
        if (product <= forcing * forcing * first || decomposition->effort < 0)
            break;
        status = search_advance(decomposition, point, &product);
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

/* The curvature that the data adds, along the gradient: it scales damping. */
static enum lattn_status ratio_find(struct decomposition *decomposition, struct point *point)
{
    int32_t length = layer_length(&point->layer);
    struct layer gradient = layer_view(&point->layer, point->gradient);
    struct layer image = layer_view(&point->layer, point->image);
    double weighted;
    enum lattn_status status;

    point->ratio = 1;
    if (decomposition->weighting == DECOMPOSITION_PLAIN)
        return LATTN_OK;
    status = normal_apply(decomposition, point, point->gradient, point->image);
    if (status != LATTN_OK)
        return status;
    weighted = dense_dot(length, point->gradient, point->image);
    normal_apply_plain(point, &gradient, &image);
    point->ratio = weighted / dense_dot(length, point->gradient, point->image);
    return LATTN_OK;
}

/* Everything about the point that steps from it share. */
static enum lattn_status point_settle(struct decomposition *decomposition, struct point *point)
{
    const struct layer *at = &point->layer;
    enum lattn_status status = gradient_find(decomposition, point);

    if (status != LATTN_OK)
        return status;
    layer_couple(at->d, at->heads, at->d, at->Q, at->Q, point->M_P, point->gram);
    layer_couple(at->d, at->heads, at->m, at->P, at->P, point->M_Q, point->gram);
    return ratio_find(decomposition, point);
}

/* ---- the iteration ------------------------------------------------------------------------- */

/* Damping, and the last accepted f, of which gains are told. */
struct course {
    double lambda;
    double growth;
    double accepted[GAINS_KEPT];
    int32_t accepted_count;
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

/* Try the step; take it and settle at the new point, or refuse it. */
static enum lattn_status step_try(struct decomposition *decomposition, struct point *point,
                                  struct course *course)
{
    struct layer trial = layer_view(&point->layer, point->trial);
    int32_t length = layer_length(&point->layer);
    double promise = step_promise(decomposition, point);
    double f, ratio;
    enum lattn_status status;

    memcpy(point->trial, point->layer.P, (size_t)length * sizeof *point->trial);
    dense_add(length, 1, point->step, point->trial);
    status = compare(decomposition, point, &trial, &f);
    if (status != LATTN_OK)
        return status;
    ratio = (point->f * point->f - f * f) / promise;
    if (!(f < point->f && ratio > gain_least_ratio)) {
        course_refuse(course);
        return LATTN_OK;
    }
    memcpy(point->layer.P, point->trial, (size_t)length * sizeof *point->trial);
    status = layer_balance(&point->layer, NULL);
    if (status != LATTN_OK)
        return status;
    point->f = f;
    course_accept(course, ratio, f);
    return point_settle(decomposition, point);
}

static enum lattn_status point_step(struct decomposition *decomposition, struct point *point,
                                    struct course *course)
{
    enum lattn_status status = damping_set(point, course->lambda);

    if (status == LATTN_RANK) {
        course_refuse(course);
        return LATTN_OK;
    }
    if (status == LATTN_OK)
        status = step_find(decomposition, point);
    if (status == LATTN_OK)
        status = step_try(decomposition, point, course);
    return status;
}

static enum lattn_status point_iterate(struct decomposition *decomposition, struct point *point)
{
    struct course course = {.lambda = lambda_first, .growth = 2};
    enum lattn_status status = LATTN_OK;

    for (int32_t i = 0; i < decomposition->steps_max && status == LATTN_OK; i++) {
        if (point->f <= decomposition->tolerance || course.lambda > lambda_most ||
            decomposition->effort < 0 || course_stalls(&course, decomposition))
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
    enum lattn_status status = point_init(&point, layer);

    assert(decomposition->gain_steps < GAINS_KEPT);
    if (status == LATTN_OK)
        status = layer_balance(&point.layer, NULL);
    if (status == LATTN_OK)
        status = compare(decomposition, &point, &point.layer, &point.f);
    if (status == LATTN_OK)
        status = point_settle(decomposition, &point);
    if (status == LATTN_OK)
        status = point_iterate(decomposition, &point);
    if (status == LATTN_OK)
        *ret_f = point.f;
    memory_release(point.memory);
    return status;
}

/* ---- one factor from the other ------------------------------------------------------------- */

/* x = M(F,F)^-1 x, x: heads d x width. */
static enum lattn_status couple_solve(int32_t d, int32_t heads, int32_t width_F, const double *F,
                                      int32_t width, double *x)
{
    int32_t n = heads * d;
    size_t square = (size_t)n * (size_t)n;
    double *M = memory_raw(2 * square, sizeof *M);
    enum lattn_status status;

    if (M == NULL)
        return LATTN_NO_MEMORY;
    layer_couple(d, heads, width_F, F, F, M, M + square);
    status = block_factor(n, M, 0, M + square);
    if (status == LATTN_OK)
        block_solve(n, width, M + square, x);
    memory_release(M);
    return status;
}

enum lattn_status decomposition_solve_P(const double *S, struct layer *layer)
{
    int32_t rows = layer->d * layer->m;
    int32_t columns = layer->d * layer->d;

    dense_multiply_rows(layer->heads, rows, columns, 1, layer->Q, (size_t)columns, S,
                        (size_t)columns, 0, layer->P, (size_t)rows);
    return couple_solve(layer->d, layer->heads, layer->d, layer->Q, layer->m, layer->P);
}

enum lattn_status decomposition_solve_Q(const double *S, struct layer *layer)
{
    int32_t rows = layer->d * layer->m;
    int32_t columns = layer->d * layer->d;

    dense_multiply(DENSE_PLAIN, layer->heads, columns, rows, 1, layer->P, (size_t)rows, S,
                   (size_t)columns, 0, layer->Q, (size_t)columns);
    return couple_solve(layer->d, layer->heads, layer->m, layer->P, layer->d, layer->Q);
}
