#include "core/solution.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/nullspace.h"
#include "core/spectrum.h"
#include "core/weights.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

void solution_close(struct solution **solution)
{
    struct solution *closed = *solution;

    *solution = NULL;
    if (closed == NULL)
        return;
    memory_release(closed->pivot);
    memory_release(closed->head);
    memory_release(closed->tail);
    memory_release(closed->target);
    memory_release(closed->residual);
    memory_release(closed->weights);
    memory_release(closed->inverse);
    memory_release(closed);
}

/* A solution of which nothing is known yet but the scales. */
static enum lattn_status solution_make(struct component *component, const double *inverse,
                                       uint64_t stamp)
{
    struct solution *solution = memory_zeroed(1, sizeof *solution);

    solution_close(&component->solution);
    if (solution == NULL)
        return LATTN_NO_MEMORY;
    solution->inverse = memory_raw((size_t)component->columns, sizeof *solution->inverse);
    if (solution->inverse == NULL) {
        solution_close(&solution);
        return LATTN_NO_MEMORY;
    }
    memcpy(solution->inverse, inverse, (size_t)component->columns * sizeof *inverse);
    solution->columns = component->columns;
    solution->generation = component->generation;
    solution->stamp = stamp;
    solution->time = component_time(component);
    solution->cut = NAN;
    solution->sigma_max = NAN;
    solution->plain_max = NAN;
    solution->plain_min = NAN;
    component->solution = solution;
    return LATTN_OK;
}

/* Let there be sigma_max; without it there is no solution. */
static enum lattn_status solution_measure(struct component *component)
{
    struct solution *solution = component->solution;
    size_t ldr;
    const double *r = component_triangle(component, &ldr);
    enum lattn_status status =
        spectrum_largest(component->columns, r, ldr, solution->inverse, &solution->sigma_max);

    if (status != LATTN_OK)
        solution_close(&component->solution);
    return status;
}

enum lattn_status solution_open(struct component *component, const double *inverse, uint64_t stamp)
{
    enum lattn_status status = solution_make(component, inverse, stamp);

    if (status == LATTN_OK && component_is_early(component)) {
        component->solution->sigma_max = 0;
        return LATTN_OK;
    }
    return status == LATTN_OK ? solution_measure(component) : status;
}

/* |A|_F: no singular value is larger. */
static double norm_of(const struct component *component)
{
    const double *inverse = component->solution->inverse;
    size_t ldr;
    const double *r = component_triangle(component, &ldr);
    double square = 0;

    for (int32_t i = 0; i < component->columns; i++, r += ldr)
        for (int32_t j = i; j < component->columns; j++)
            square += r[j] * inverse[j] * (r[j] * inverse[j]);
    return sqrt(square);
}

/* The smallest diagonal entry of A: no singular value is larger than all of them. */
static double diagonal_least(const struct component *component, const double *inverse)
{
    size_t ldr;
    const double *r = component_triangle(component, &ldr);
    double least = INFINITY;

    for (int32_t i = 0; i < component->columns; i++)
        least = fmin(least, fabs(r[(size_t)i * ldr + (size_t)i]) * inverse[i]);
    return least;
}

/* A in column-major order with the lower triangle zero, and C beside it. */
static void columns_copy(const struct component *component, const double *inverse, double *a,
                         double *c)
{
    size_t ldr;
    const double *r = component_triangle(component, &ldr);
    size_t n = (size_t)component->columns;

    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++)
            a[j * n + i] = 0;
        for (size_t j = i; j < n; j++)
            a[j * n + i] = r[i * ldr + j] * inverse[j];
        for (size_t b = 0; b < (size_t)component->m; b++)
            c[b * n + i] = r[i * ldr + n + b];
    }
}

/*
 * Is `rank` the number of singular values above cut? sigma_rank >= sigma_min(R11) by interlacing,
 * and sigma_{rank+1} <= |R22|.
 */
static enum lattn_status rank_is_certain(int32_t n, int32_t rank, const double *a,
                                         const double *head, double cut, double *ret_smallest,
                                         int *ret_certain)
{
    double rest = 0;
    enum lattn_status status = LATTN_OK;

    *ret_smallest = INFINITY;
    for (int32_t j = rank; j < n; j++)
        for (int32_t i = rank; i <= j; i++)
            rest += a[(size_t)j * (size_t)n + (size_t)i] * a[(size_t)j * (size_t)n + (size_t)i];
    if (rank > 0)
        status = spectrum_smallest(rank, head, (size_t)rank, NULL, ret_smallest);
    *ret_certain = sqrt(rest) <= cut && *ret_smallest > cut;
    return status;
}

/* Columns that were nonzero at some time. */
static int32_t columns_seen(const struct solution *solution)
{
    int32_t seen = 0;

    for (int32_t i = 0; i < solution->columns; i++)
        seen += solution->inverse[i] > 0;
    return seen;
}

static void head_copy(int32_t n, int32_t rank, const double *a, double *head)
{
    for (int32_t i = 0; i < rank; i++)
        for (int32_t j = i; j < rank; j++)
            head[(size_t)i * (size_t)rank + (size_t)j] = a[(size_t)j * (size_t)n + (size_t)i];
}

static enum lattn_status rank_by_values(const struct component *component, double cut,
                                        int32_t *ret_rank)
{
    int32_t n = component->columns;
    size_t ldr;
    const double *r = component_triangle(component, &ldr);
    double *sigma = memory_raw((size_t)n, sizeof *sigma);
    enum lattn_status status = LATTN_NO_MEMORY;
    int32_t seen = columns_seen(component->solution);
    int32_t rank = 0;

    if (sigma != NULL)
        status = spectrum_all(n, r, ldr, component->solution->inverse, sigma);
    if (status == LATTN_OK) {
        while (rank < n && sigma[rank] > cut)
            rank++;
        *ret_rank = rank;
        component->solution->sigma_min = seen > 0 ? sigma[seen - 1] : 0;
        component->solution->sigma_rank = rank > 0 ? sigma[rank - 1] : INFINITY;
    }
    memory_release(sigma);
    return status;
}

/* Squares of the rows of Q'C beyond the rank. */
static void residual_sum(const struct solution *solution, int32_t m)
{
    for (int32_t a = 0; a < m; a++) {
        const double *target = solution->target + (size_t)a * (size_t)solution->columns;

        solution->residual[a] = 0;
        for (int32_t i = solution->rank; i < solution->columns; i++)
            solution->residual[a] += target[i] * target[i];
    }
}

/* Keep head, tail and target of the pivoted factorisation in `a` and `c` at the rank found. */
static enum lattn_status deficient_keep(struct solution *solution, int32_t m, const double *a,
                                        const double *c)
{
    size_t n = (size_t)solution->columns;
    size_t rank = (size_t)solution->rank;
    size_t rest = n - rank;

    memory_release(solution->head);
    memory_release(solution->tail);
    memory_release(solution->target);
    memory_release(solution->residual);
    solution->head = memory_zeroed(rank * rank, sizeof(double));
    solution->tail = memory_raw(rank * rest, sizeof(double));
    solution->target = memory_raw(n * (size_t)m, sizeof(double));
    solution->residual = memory_raw((size_t)m, sizeof(double));
    if (solution->head == NULL || solution->tail == NULL || solution->target == NULL ||
        solution->residual == NULL)
        return LATTN_NO_MEMORY;
    head_copy((int32_t)n, (int32_t)rank, a, solution->head);
    for (size_t i = 0; i < rank; i++)
        for (size_t j = 0; j < rest; j++)
            solution->tail[i * rest + j] = a[(rank + j) * n + i];
    if (rank > 0 && rest > 0)
        dense_triangle_solve_many(DENSE_PLAIN, (int32_t)rank, (int32_t)rest, solution->head, rank,
                                  solution->tail, rest);
    memcpy(solution->target, c, n * (size_t)m * sizeof *c);
    residual_sum(solution, m);
    return LATTN_OK;
}

static enum lattn_status rank_decide(struct component *component, double cut, const double *a)
{
    struct solution *solution = component->solution;
    size_t n = (size_t)component->columns;
    int32_t seen = columns_seen(solution);
    int32_t rank = 0;
    int certain;
    double smallest;
    enum lattn_status status;

    while (rank < component->columns && fabs(a[(size_t)rank * n + (size_t)rank]) > cut)
        rank++;
    memory_release(solution->head);
    solution->head = memory_zeroed((size_t)rank * (size_t)rank, sizeof(double));
    if (solution->head == NULL)
        return LATTN_NO_MEMORY;
    head_copy(component->columns, rank, a, solution->head);
    status = rank_is_certain(component->columns, rank, a, solution->head, cut, &smallest, &certain);
    /* Of the columns seen: a column of zeros, admitted but not yet learned, says nothing. */
    solution->sigma_min = seen == 0 ? 0 : fabs(a[(size_t)(seen - 1) * (n + 1)]);
    if (seen == rank && seen > 0)
        solution->sigma_min = smallest;
    solution->sigma_rank = smallest;
    if (status == LATTN_OK && !certain)
        status = rank_by_values(component, cut, &rank);
    solution->rank = rank;
    return status;
}

static enum lattn_status rank_deficient(struct component *component, double cut)
{
    struct solution *solution = component->solution;
    size_t n = (size_t)component->columns;
    double *a = memory_raw(n * n, sizeof *a);
    double *c = memory_raw(n * (size_t)component->m, sizeof *c);
    double *tau = memory_raw(n, sizeof *tau);
    enum lattn_status status = LATTN_NO_MEMORY;

    memory_release(solution->pivot);
    solution->pivot = memory_raw(n, sizeof *solution->pivot);
    if (a == NULL || c == NULL || tau == NULL || solution->pivot == NULL)
        goto done;
    columns_copy(component, solution->inverse, a, c);
    status = dense_pivoted_qr(component->columns, a, solution->pivot, tau, component->m, c);
    if (status == LATTN_OK)
        status = rank_decide(component, cut, a);
    if (status == LATTN_OK)
        status = deficient_keep(solution, component->m, a, c);
done:
    memory_release(a);
    memory_release(c);
    memory_release(tau);
    return status;
}

/* What was made for another rank, or another generation, is of no use. */
static void weights_drop(struct solution *solution)
{
    memory_release(solution->weights);
    solution->weights = NULL;
}

/* Is no singular value below cut? If so that is the rank decided. */
static enum lattn_status rank_is_full(struct component *component, double cut, int *ret_is_full)
{
    struct solution *solution = component->solution;
    size_t ldr;
    const double *r;
    enum lattn_status status;

    *ret_is_full = 0;
    if (component_is_early(component) || !(diagonal_least(component, solution->inverse) > cut))
        return LATTN_OK;
    r = component_triangle(component, &ldr);
    status = spectrum_smallest(component->columns, r, ldr, solution->inverse, &solution->sigma_min);
    if (status != LATTN_OK || !(solution->sigma_min > cut))
        return status;
    solution->rank = component->columns;
    solution->sigma_rank = solution->sigma_min;
    solution->cut = cut;
    *ret_is_full = 1;
    return LATTN_OK;
}

/* Rank 0: every direction is open. */
static enum lattn_status rank_none(struct component *component)
{
    struct solution *solution = component->solution;
    size_t n = (size_t)component->columns;
    double *c = memory_zeroed(n * (size_t)component->m, sizeof *c);
    enum lattn_status status = LATTN_NO_MEMORY;

    memory_release(solution->pivot);
    solution->pivot = memory_raw(n, sizeof *solution->pivot);
    if (c == NULL || solution->pivot == NULL)
        goto done;
    for (int32_t i = 0; i < component->columns; i++)
        solution->pivot[i] = i;
    solution->rank = 0;
    solution->sigma_min = 0;
    solution->sigma_rank = INFINITY;
    status = deficient_keep(solution, component->m, NULL, c);
done:
    memory_release(c);
    return status;
}

enum lattn_status solution_rank(struct component *component, double cut)
{
    struct solution *solution = component->solution;
    int is_full;
    enum lattn_status status;

    assert(solution->generation == component->generation);
    weights_drop(solution);
    status = rank_is_full(component, cut, &is_full);
    if (status != LATTN_OK || is_full)
        return status;
    status = component_is_early(component) ? rank_none(component) : rank_deficient(component, cut);
    if (status == LATTN_OK)
        solution->cut = cut;
    return status;
}

/*
 * Full rank mostly shows by |A|_F, which costs a glance; sigma_max, which is less, takes an
 * iteration of several times what sigma_min takes when the last direction has just been seen.
 */
enum lattn_status solution_begin(struct component *component, const double *inverse, double cut)
{
    enum lattn_status status = solution_make(component, inverse, 0);
    int is_full = 0;

    if (status == LATTN_OK)
        status = rank_is_full(component, cut * norm_of(component), &is_full);
    if (status != LATTN_OK || is_full)
        return status;
    status = solution_measure(component);
    if (status == LATTN_OK)
        status = solution_rank(component, cut * component->solution->sigma_max);
    return status;
}

int solution_extend(struct component *component, const double *inverse, double sigma_floor,
                    uint64_t stamp)
{
    struct solution *solution = component->solution;
    double shrink = 1;

    if (solution == NULL || solution->columns != component->columns ||
        solution->rank != solution->columns)
        return 0;
    for (int32_t i = 0; i < solution->columns; i++)
        shrink = fmin(shrink, inverse[i] / solution->inverse[i]);
    if (!(solution->sigma_min * shrink > sigma_floor))
        return 0;
    weights_drop(solution);
    memcpy(solution->inverse, inverse, (size_t)solution->columns * sizeof *inverse);
    solution->sigma_min *= shrink;
    solution->sigma_rank = solution->sigma_min;
    solution->time = component_time(component);
    solution->is_bound = 1;
    solution->generation = component->generation;
    solution->stamp = stamp;
    return 1;
}

const double *solution_residual(const struct component *component)
{
    const struct solution *solution = component->solution;

    return solution == NULL || solution->generation != component->generation ||
                   solution->rank == solution->columns
               ? NULL
               : solution->residual;
}

static int weights_are_exact(const struct component *component)
{
    return component->weights_generation == component->generation &&
           component->weights_rank == component->solution->rank;
}

enum lattn_status solution_weights(struct component *component, double ridge)
{
    struct solution *solution = component->solution;
    double *weights;
    enum lattn_status status;

    assert(solution != NULL && solution->generation == component->generation);
    if (solution->weights != NULL || weights_are_exact(component))
        return LATTN_OK;
    weights = memory_raw((size_t)component->columns * (size_t)component->m, sizeof *weights);
    if (weights == NULL)
        return LATTN_NO_MEMORY;
    status = weights_make(component, ridge, weights);
    if (status != LATTN_OK) {
        memory_release(weights);
        return status;
    }
    solution->weights = weights;
    return LATTN_OK;
}

const double *solution_exact(const struct component *component)
{
    const double *weights = component->solution->weights;

    assert(weights != NULL || weights_are_exact(component));
    return weights != NULL ? weights : component->weights;
}

/* x = phi / D, pivoted. Returns 0 where phi has a column without scale: it was never nonzero. */
static int input_scale(const struct solution *solution, const double *phi, double *ret_x)
{
    for (int32_t i = 0; i < solution->columns; i++) {
        int32_t column = solution->pivot[i];

        if (solution->inverse[column] == 0 && phi[column] != 0)
            return 0;
        ret_x[i] = phi[column] * solution->inverse[column];
    }
    return 1;
}

void solution_look(const struct solution *solution, const double *x, double *ret_seen,
                   double *ret_magnitude)
{
    int32_t rank = solution->rank;
    int32_t rest = solution->columns - rank;

    for (int32_t j = 0; j < rest; j++) {
        ret_seen[j] = x[rank + j];
        ret_magnitude[j] = fabs(x[rank + j]);
    }
    for (int32_t i = 0; i < rank; i++) {
        const double *row = solution->tail + (size_t)i * (size_t)rest;

        if (x[i] == 0)
            continue;
        for (int32_t j = 0; j < rest; j++) {
            ret_seen[j] -= row[j] * x[i];
            ret_magnitude[j] += fabs(row[j] * x[i]);
        }
    }
}

/* Does a null direction see anything of x? seen and magnitude are scratch, columns - rank each. */
static int directions_see(const struct solution *solution, const double *x, double *seen,
                          double *magnitude)
{
    solution_look(solution, x, seen, magnitude);
    return nullspace_sift(solution->columns - solution->rank, magnitude,
                          dense_norm(solution->columns, x), seen);
}

int solution_determines(const struct component *component, const double *phi, double *work,
                        double *ret_leverage)
{
    const struct solution *solution = component->solution;
    int32_t n = solution->columns;
    double norm;

    assert(solution->generation == component->generation && n == component->columns);
    if (solution->rank < n && (!input_scale(solution, phi, work) ||
                               directions_see(solution, work, work + n, work + 2 * n)))
        return 0;
    if (solution->rank == n) {
        size_t ldr;
        const double *r = component_triangle(component, &ldr);

        memcpy(work, phi, (size_t)n * sizeof *work);
        dense_triangle_solve(DENSE_TRANSPOSED, n, r, ldr, work);
    } else if (solution->rank > 0) {
        dense_triangle_solve(DENSE_TRANSPOSED, solution->rank, solution->head,
                             (size_t)solution->rank, work);
    }
    norm = dense_norm(solution->rank, work);
    *ret_leverage = norm * norm;
    return 1;
}
