/*
 * Gauss-Newton on the factors. A step is damped in proportion to the residual, so that it is a
 * gradient step far away and quadratic in the end. L and R are balanced now and then: products
 * (L T)(T^-1 R') are all the same to the residual, and not to the condition of a step.
 */
#include "query/factors.h"

#include "base/memory.h"
#include "core/dense.h"
#include "query/heldout.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum {
    STEPS_MAX = 60,
    HALVINGS_MAX = 8,
    STEPS_BALANCED = 5, /* balanced every so many */
    STALLS_MAX = 15,    /* steps that gain hardly anything */
    BLOCK = 256,        /* rows of the Jacobian at a time */
    PANEL = 128         /* and columns */
};

/* Least damping, relative to the mean diagonal: r^2 directions have no curvature at all. */
static const double damping_least = 1e-12;
/* Damping where the residual is as large as y. */
static const double damping_most = 1e-2;

/* What is left of y where steps close in on a solution. */
static const double near_most = 1e-4;
/* What a step gains there: far more where the rank is right, 16 where it is too high. */
static const double gain_right = 100;
/* At the end of it errors are all that is left. */
static const double gain_floor = 1.1;

static int32_t unknowns_of(const struct factors *factors)
{
    return 2 * factors->d * factors->r;
}

enum lattn_status factors_init(struct factors *factors, int32_t m, int32_t d, int32_t r)
{
    size_t n = (size_t)m, width = (size_t)d, k = (size_t)r, unknowns = 2 * width * k;
    double **const parts[] = {&factors->a,      &factors->b,     &factors->y,       &factors->L,
                              &factors->R,      &factors->next,  &factors->rest,    &factors->seen,
                              &factors->normal, &factors->block, &factors->gradient};
    const size_t sizes[] = {n * width,           n * width,        n,       width * k,
                            width * k,           unknowns,         n,       2 * n * k,
                            unknowns * unknowns, BLOCK * unknowns, unknowns};
    size_t total = 0;

    assert(1 <= r && r <= d && r * (2 * d - r) < m);
    *factors = (struct factors){.m = m, .d = d, .r = r};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        total += sizes[i];
    factors->room = memory_zeroed(total, sizeof *factors->room);
    if (factors->room == NULL)
        return LATTN_NO_MEMORY;
    total = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        *parts[i] = factors->room + total;
        total += sizes[i];
    }
    return LATTN_OK;
}

void factors_done(struct factors *factors)
{
    memory_release(factors->room);
    *factors = (struct factors){0};
}

/* ---- residual and Jacobian ----------------------------------------------------------------- */

/* rest and seen of L and R; returns the sum of squares. */
static double rest_compute(struct factors *factors, const double *L, const double *R)
{
    int32_t m = factors->m, d = factors->d, r = factors->r;
    size_t n = (size_t)d, k = (size_t)r;
    double *left = factors->seen, *right = factors->seen + (size_t)m * k;

    dense_multiply(DENSE_PLAIN, m, r, d, 1, factors->a, n, L, k, 0, left, k);
    dense_multiply(DENSE_PLAIN, m, r, d, 1, factors->b, n, R, k, 0, right, k);
    for (int32_t q = 0; q < m; q++)
        factors->rest[q] = factors->y[q] - dense_dot(r, left + q * r, right + q * r);
    return dense_dot(m, factors->rest, factors->rest);
}

/* Row q of the Jacobian: a_q times b_q'R for L, then b_q times a_q'L for R. */
static void jacobian_write(const struct factors *factors, int32_t q, double *ret_row)
{
    int32_t d = factors->d, r = factors->r;
    const double *a = factors->a + (size_t)q * (size_t)d, *b = factors->b + (size_t)q * (size_t)d;
    const double *left = factors->seen + (size_t)q * (size_t)r;
    const double *right = left + (size_t)factors->m * (size_t)r;

    for (int32_t i = 0; i < d; i++)
        for (int32_t k = 0; k < r; k++) {
            ret_row[i * r + k] = a[i] * right[k];
            ret_row[(d + i) * r + k] = b[i] * left[k];
        }
}

/* Add the block's J'J on and above the diagonal, in panels. */
static void normal_add(struct factors *factors, int32_t rows)
{
    int32_t unknowns = unknowns_of(factors);
    size_t n = (size_t)unknowns;

    for (int32_t first = 0, width; first < unknowns; first += width) {
        const double *panel = factors->block + first;

        width = unknowns - first < PANEL ? unknowns - first : PANEL;
        dense_multiply(DENSE_TRANSPOSED, width, unknowns - first, rows, 1, panel, n, panel, n, 1,
                       factors->normal + (size_t)first * n + (size_t)first, n);
    }
}

/* normal = J'J on and above the diagonal, gradient = J'rest; returns the mean of the diagonal. */
static double normal_compute(struct factors *factors)
{
    int32_t unknowns = unknowns_of(factors);
    size_t n = (size_t)unknowns;
    double trace = 0;

    memset(factors->normal, 0, n * n * sizeof *factors->normal);
    memset(factors->gradient, 0, n * sizeof *factors->gradient);
    for (int32_t q = 0, rows; q < factors->m; q += rows) {
        rows = factors->m - q < BLOCK ? factors->m - q : BLOCK;
        for (int32_t k = 0; k < rows; k++)
            jacobian_write(factors, q + k, factors->block + (size_t)k * n);
        normal_add(factors, rows);
        dense_multiply_vector(DENSE_TRANSPOSED, rows, unknowns, 1, factors->block, n,
                              factors->rest + q, 1, factors->gradient);
    }
    for (size_t i = 0; i < n; i++)
        trace += factors->normal[i * n + i];
    return trace / unknowns;
}

/* ---- steps --------------------------------------------------------------------------------- */

/* gradient becomes the step. LATTN_RANK: there is none. */
static enum lattn_status step_solve(struct factors *factors, double damping)
{
    int32_t unknowns = unknowns_of(factors);
    size_t n = (size_t)unknowns;
    enum lattn_status status;

    for (size_t i = 0; i < n; i++)
        factors->normal[i * n + i] += damping;
    status = dense_cholesky(unknowns, factors->normal, (size_t)unknowns);
    if (status != LATTN_OK)
        return status;
    dense_triangle_solve(DENSE_TRANSPOSED, unknowns, factors->normal, n, factors->gradient);
    dense_triangle_solve(DENSE_PLAIN, unknowns, factors->normal, n, factors->gradient);
    return LATTN_OK;
}

/* The step, or a half of a half of it, that makes the sum of squares smaller; else none. */
static double step_take(struct factors *factors, double squares)
{
    int32_t half = unknowns_of(factors) / 2;
    size_t bytes = (size_t)half * sizeof(double);
    double share = 1;

    for (int32_t halving = 0; halving < HALVINGS_MAX; halving++, share /= 2) {
        double *L = factors->next, *R = factors->next + half;
        double reached;

        memcpy(L, factors->L, bytes);
        memcpy(R, factors->R, bytes);
        dense_add(half, share, factors->gradient, L);
        dense_add(half, share, factors->gradient + half, R);
        reached = rest_compute(factors, L, R);
        if (reached < squares) {
            memcpy(factors->L, L, bytes);
            memcpy(factors->R, R, bytes);
            return reached;
        }
    }
    return rest_compute(factors, factors->L, factors->R);
}

/*
 * L = U sqrt(s), R = V sqrt(s) of the first r singular values of a d x d matrix, row-major, which
 * is lost.
 */
static enum lattn_status factors_split(struct factors *factors, double *matrix, double *ret_s)
{
    int32_t d = factors->d, r = factors->r;
    size_t n = (size_t)d;
    double *u = memory_raw(2 * n * n, sizeof *u), *vt;
    enum lattn_status status;

    if (u == NULL)
        return LATTN_NO_MEMORY;
    vt = u + n * n;
    /* Column-major it is the transposed one: its left vectors are V. */
    status = dense_svd(d, d, matrix, ret_s, u, vt);
    for (int32_t i = 0; i < d && status == LATTN_OK; i++)
        for (int32_t k = 0; k < r; k++) {
            factors->L[i * r + k] = vt[(size_t)i * n + (size_t)k] * sqrt(ret_s[k]);
            factors->R[i * r + k] = u[(size_t)k * n + (size_t)i] * sqrt(ret_s[k]);
        }
    memory_release(u);
    return status;
}

/* Balance, and drop all but `kept` directions. */
static enum lattn_status factors_balance(struct factors *factors, int32_t kept, double *ret_s)
{
    int32_t d = factors->d, r = factors->r;
    size_t n = (size_t)d, k = (size_t)r;
    double *matrix = memory_raw(n * n, sizeof *matrix);
    enum lattn_status status;

    if (matrix == NULL)
        return LATTN_NO_MEMORY;
    dense_multiply_rows(d, d, r, 1, factors->L, k, factors->R, k, 0, matrix, n);
    factors->r = kept;
    status = factors_split(factors, matrix, ret_s);
    memory_release(matrix);
    return status;
}

/* Do errors of y explain what is left? */
static int is_explained(const struct factors *factors, double squares)
{
    return squares <= HELDOUT_DEVIATIONS * HELDOUT_DEVIATIONS * (double)factors->m;
}

/* Is so little left of y that there is hardly another minimum that near? */
static int is_near(const struct factors *factors, double squares)
{
    return is_explained(factors, squares) ||
           sqrt(squares) < near_most * dense_norm(factors->m, factors->y);
}

/* Steps until they gain nothing more, or near a solution less than this factor. */
static enum lattn_status factors_descend(struct factors *factors, double gain, double *ret_squares)
{
    double s[LATTN_DIM_MAX];
    double whole = dense_dot(factors->m, factors->y, factors->y);
    double squares = rest_compute(factors, factors->L, factors->R);
    int32_t stalls = 0;

    for (int32_t step = 1; step <= STEPS_MAX && stalls < STALLS_MAX; step++) {
        double mean = normal_compute(factors);
        double damping = damping_least + damping_most * fmin(squares / whole, 1);
        double before = squares;
        enum lattn_status status = step_solve(factors, damping * mean);

        if (status == LATTN_OK)
            squares = step_take(factors, squares);
        if (status == LATTN_OK && step % STEPS_BALANCED == 0) {
            status = factors_balance(factors, factors->r, s);
            squares = rest_compute(factors, factors->L, factors->R);
        }
        if (status < LATTN_OK)
            return status;
        stalls = squares * gain_floor > before ? stalls + 1 : 0;
        if (status == LATTN_RANK || (squares * gain > before && is_near(factors, squares)))
            break;
    }
    *ret_squares = squares;
    return LATTN_OK;
}

/* ---- starts -------------------------------------------------------------------------------- */

/* From sum_q y_q a_q b_q', whose mean is X as far as directions are isotropic. */
static enum lattn_status start_spectral(struct factors *factors)
{
    int32_t m = factors->m, d = factors->d;
    size_t n = (size_t)d;
    double s[LATTN_DIM_MAX];
    double weight = dense_dot(m * d, factors->a, factors->a) / d;
    double *matrix = memory_zeroed(n * n, sizeof *matrix);
    enum lattn_status status;

    if (matrix == NULL)
        return LATTN_NO_MEMORY;
    for (int32_t q = 0; q < m; q++)
        for (int32_t i = 0; i < d; i++)
            dense_add(d, factors->y[q] * factors->a[q * d + i] / weight, factors->b + q * d,
                      matrix + (size_t)i * n);
    status = factors_split(factors, matrix, s);
    memory_release(matrix);
    return status;
}

/* From factors at random, of the size of y. */
static void start_random(struct factors *factors, struct random *random)
{
    int32_t count = factors->d * factors->r;
    double weight = dense_dot(factors->m * factors->d, factors->a, factors->a) / factors->d;
    double size = sqrt(dense_norm(factors->m, factors->y) / sqrt(weight * count));

    random_normals(random, factors->L, count);
    random_normals(random, factors->R, count);
    for (int32_t i = 0; i < count; i++) {
        factors->L[i] *= size / sqrt(factors->d);
        factors->R[i] *= size / sqrt(factors->d);
    }
}

/*
 * Singular values that are not explained by errors of y, or by what is left of it, where that is
 * more: theirs are sqrt(2 d / weight) times that or so.
 */
static int32_t rank_of(const struct factors *factors, double squares, const double *s)
{
    int32_t d = factors->d, rank = 0;
    double weight = dense_dot(factors->m * d, factors->a, factors->a) / d;
    double deviation = fmax(1, sqrt(squares / factors->m));

    while (rank < factors->r && s[rank] > HELDOUT_DEVIATIONS * deviation * sqrt(2 * d / weight))
        rank++;
    return rank;
}

/* From near a solution to its end, without directions that are none; one at least is. */
static enum lattn_status factors_finish(struct factors *factors, double *ret_squares)
{
    double s[LATTN_DIM_MAX];
    int32_t rank, before;
    enum lattn_status status;

    do {
        before = factors->r;
        status = factors_balance(factors, before, s);
        if (status != LATTN_OK)
            return status;
        rank = rank_of(factors, *ret_squares, s);
        if (rank < before)
            status = factors_balance(factors, rank > 0 ? rank : 1, s);
        if (status == LATTN_OK)
            status = factors_descend(factors, gain_floor, ret_squares);
    } while (status == LATTN_OK && factors->r < before);
    return status == LATTN_OK ? factors_balance(factors, factors->r, s) : status;
}

/* Rank one has the most false ends, and a start at rank 8 takes a hundred times as long. */
static int32_t starts_of(int32_t rank)
{
    return 2 + 10 / rank;
}

enum lattn_status factors_fit(struct factors *factors, struct random *random)
{
    double squares = dense_dot(factors->m, factors->y, factors->y);
    int32_t told = factors->r;
    enum lattn_status status = LATTN_OK;

    if (is_explained(factors, squares)) {
        factors->r = 0;
        return LATTN_OK;
    }
    for (int32_t start = 0; start < starts_of(told); start++) {
        factors->r = told;
        if (start == 0)
            status = start_spectral(factors);
        else
            start_random(factors, random);
        if (status == LATTN_OK)
            status = factors_descend(factors, gain_right, &squares);
        if (status == LATTN_OK && is_near(factors, squares))
            status = factors_finish(factors, &squares);
        if (status != LATTN_OK || is_explained(factors, squares))
            return status;
    }
    return LATTN_NO_CONVERGENCE;
}

/* ---- error bars ---------------------------------------------------------------------------- */

/*
 * Add to the normal matrix what L and R may do without changing X, dL = L E, dR = -R E': then it is
 * regular, and its inverse elsewhere the pseudo-inverse.
 */
static void gauge_add(struct factors *factors, double mean)
{
    int32_t d = factors->d, r = factors->r, unknowns = unknowns_of(factors);
    size_t n = (size_t)unknowns;
    double size = dense_dot(d * r, factors->L, factors->L) / r;

    for (int32_t k = 0; k < r; k++)
        for (int32_t l = 0; l < r; l++) {
            double *row = factors->block; /* one at a time: r^2 of them may be more than a block */

            memset(row, 0, n * sizeof *row);
            for (int32_t i = 0; i < d; i++) {
                row[i * r + l] = factors->L[i * r + k];
                row[(d + i) * r + k] = -factors->R[i * r + l];
            }
            for (int32_t i = 0; i < unknowns; i++)
                if (row[i] > 0 || row[i] < 0)
                    dense_add(unknowns, mean / size * row[i], row, factors->normal + (size_t)i * n);
        }
}

/* Variance of X_ij by the covariance of L and R. */
static double entry_variance(const struct factors *factors, const double *covariance, int32_t i,
                             int32_t j)
{
    int32_t d = factors->d, r = factors->r;
    size_t n = (size_t)unknowns_of(factors);
    const double *left = factors->L + i * r, *right = factors->R + j * r;
    double variance = 0;

    for (int32_t k = 0; k < r; k++) {
        const double *of_left = covariance + (size_t)(i * r + k) * n;
        const double *of_right = covariance + (size_t)((d + j) * r + k) * n;

        for (int32_t l = 0; l < r; l++)
            variance += right[k] * right[l] * of_left[i * r + l] +
                        left[k] * left[l] * of_right[(d + j) * r + l] +
                        2 * right[k] * left[l] * of_left[(d + j) * r + l];
    }
    return variance;
}

enum lattn_status factors_bars(struct factors *factors, double *ret_errors)
{
    int32_t d = factors->d, unknowns = unknowns_of(factors);
    size_t n = (size_t)unknowns;
    double s[LATTN_DIM_MAX];
    double *covariance = memory_zeroed(n * n, sizeof *covariance);
    enum lattn_status status;

    if (covariance == NULL)
        return LATTN_NO_MEMORY;
    status = factors_balance(factors, factors->r, s);
    if (status != LATTN_OK)
        goto done;
    rest_compute(factors, factors->L, factors->R);
    gauge_add(factors, normal_compute(factors));
    status = dense_cholesky(unknowns, factors->normal, (size_t)unknowns);
    for (size_t i = 0; i < n; i++)
        covariance[i * n + i] = 1;
    if (status == LATTN_OK) {
        dense_triangle_solve_many(DENSE_TRANSPOSED, unknowns, unknowns, factors->normal, n,
                                  covariance, n);
        dense_triangle_solve_many(DENSE_PLAIN, unknowns, unknowns, factors->normal, n, covariance,
                                  n);
        for (int32_t i = 0; i < d; i++)
            for (int32_t j = 0; j < d; j++)
                ret_errors[i * d + j] = sqrt(fmax(entry_variance(factors, covariance, i, j), 0));
    }
done:
    memory_release(covariance);
    return status == LATTN_RANK ? LATTN_NO_CONVERGENCE : status;
}
