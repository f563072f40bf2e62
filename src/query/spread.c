/* Squares of linear maps take variances to variances, as long as errors of readings are apart. */
#include "query/spread.h"

#include "base/memory.h"
#include "core/dense.h"

#include <assert.h>
#include <lattn/limits.h>
#include <math.h>
#include <string.h>

/*
 * outside    d x d: row i is what reading i puts into a column outside of the span, (I - P) U^-1
 * inside     d x d: the same within it, P U^-1
 * pull       r x d: row l is what reading l of `lean` puts into a column
 * shares     r x d: A
 * variances  d x d: row j holds those of what stands at b_j
 * sums       r x d;  squares  d x d;  errors  d x d: on the way
 */
struct maps {
    double *outside;
    double *inside;
    double *pull;
    double *shares;
    double *variances;
    double *sums;
    double *squares;
    double *errors;
};

static double *numbers_new(int32_t rows, int32_t columns, enum lattn_status *status)
{
    double *numbers = memory_zeroed((size_t)rows * (size_t)columns, sizeof *numbers);

    if (numbers == NULL)
        *status = LATTN_NO_MEMORY;
    return numbers;
}

static enum lattn_status maps_init(struct maps *maps, int32_t d, int32_t r)
{
    enum lattn_status status = LATTN_OK;

    *maps = (struct maps){
        .outside = numbers_new(d, d, &status),
        .inside = numbers_new(d, d, &status),
        .pull = numbers_new(r, d, &status),
        .shares = numbers_new(r, d, &status),
        .variances = numbers_new(d, d, &status),
        .sums = numbers_new(r, d, &status),
        .squares = numbers_new(d, d, &status),
        .errors = numbers_new(d, d, &status),
    };
    return status;
}

static void maps_done(struct maps *maps)
{
    memory_release(maps->outside);
    memory_release(maps->inside);
    memory_release(maps->pull);
    memory_release(maps->shares);
    memory_release(maps->variances);
    memory_release(maps->sums);
    memory_release(maps->squares);
    memory_release(maps->errors);
}

static void product(size_t count, const double *a, const double *b, double *ret_product)
{
    for (size_t i = 0; i < count; i++)
        ret_product[i] = a[i] * b[i];
}

/* Row i becomes column i of the inverse of a matrix, which is lost. */
static void inverse_rows(int32_t n, double *matrix, double *ret_rows)
{
    int32_t pivot[LATTN_DIM_MAX];
    enum lattn_status status = dense_lu(n, matrix, pivot);

    assert(status == LATTN_OK);
    memset(ret_rows, 0, (size_t)n * (size_t)n * sizeof *ret_rows);
    for (int32_t i = 0; i < n; i++)
        ret_rows[i * n + i] = 1;
    dense_lu_solve(n, matrix, pivot, n, ret_rows);
}

/* outside, inside and pull. */
static void maps_fill(const struct spread *spread, struct maps *maps)
{
    int32_t d = spread->d, r = spread->r;
    size_t n = (size_t)d, k = (size_t)r;

    memcpy(maps->squares, spread->frame, n * n * sizeof *maps->squares);
    inverse_rows(d, maps->squares, maps->outside);
    dense_multiply_rows(r, r, d, 1, spread->lean, n, spread->Q, n, 0, maps->squares, k);
    inverse_rows(r, maps->squares, maps->errors);
    dense_multiply(DENSE_PLAIN, r, d, r, 1, maps->errors, k, spread->Q, n, 0, maps->pull, n);
    dense_multiply_rows(d, r, d, 1, maps->outside, n, spread->lean, n, 0, maps->squares, k);
    dense_multiply(DENSE_PLAIN, d, d, r, 1, maps->squares, k, maps->pull, n, 0, maps->inside, n);
    for (size_t i = 0; i < n * n; i++)
        maps->outside[i] -= maps->inside[i];
}

/* Sum over readings i of errors_ki^2 a_ij b_ij, r x d. */
static void readings_sum(const struct spread *spread, struct maps *maps, const double *a,
                         const double *b, double *ret_sum)
{
    int32_t d = spread->d, r = spread->r;
    size_t n = (size_t)d;

    product((size_t)r * n, spread->errors, spread->errors, maps->errors);
    product(n * n, a, b, maps->squares);
    dense_multiply(DENSE_PLAIN, r, d, d, 1, maps->errors, n, maps->squares, n, 0, ret_sum, n);
}

/* Add to W_ij the sum over k of left_ki a_kj b_kj, factor times. */
static void weights_add(const struct spread *spread, struct maps *maps, int32_t rows, double factor,
                        const double *left, const double *a, const double *b, double *errors)
{
    int32_t d = spread->d;
    size_t n = (size_t)d;

    product((size_t)rows * n, a, b, maps->squares);
    dense_multiply(DENSE_TRANSPOSED, d, d, rows, factor, left, n, maps->squares, n, 1, errors, n);
}

/* Variances that readings of `lean` bring into the other columns, behind those of whole ones. */
static void others_fill(const struct spread *spread, struct maps *maps)
{
    int32_t d = spread->d, r = spread->r;
    size_t n = (size_t)d, k = (size_t)r;
    const double *blurs = spread->blurs + k * k;

    product((n - k) * k, blurs, blurs, maps->errors);
    product(k * n, maps->pull, maps->pull, maps->squares);
    dense_multiply(DENSE_PLAIN, d - r, d, r, 1, maps->errors, k, maps->squares, n, 0,
                   maps->variances + k * n, n);
}

enum lattn_status spread_bars(const struct spread *spread, double *ret_errors)
{
    int32_t d = spread->d, r = spread->r;
    size_t n = (size_t)d, k = (size_t)r;
    struct maps maps;
    enum lattn_status status = maps_init(&maps, d, r);

    if (status != LATTN_OK)
        goto done;
    maps_fill(spread, &maps);
    memcpy(maps.shares, spread->Z, k * n * sizeof *maps.shares);
    dense_triangle_solve_many(DENSE_PLAIN, r, d, spread->R, k, maps.shares, n);
    memset(ret_errors, 0, n * n * sizeof *ret_errors);
    readings_sum(spread, &maps, maps.outside, maps.outside, maps.sums);
    weights_add(spread, &maps, r, 1, maps.sums, maps.shares, maps.shares, ret_errors);
    readings_sum(spread, &maps, maps.outside, maps.inside, maps.sums);
    weights_add(spread, &maps, r, 2, maps.sums, maps.shares, spread->basis, ret_errors);
    readings_sum(spread, &maps, maps.inside, maps.inside, maps.variances);
    others_fill(spread, &maps);
    weights_add(spread, &maps, d, 1, maps.variances, spread->basis, spread->basis, ret_errors);
    /* Rounding may leave a sum of squares and their product below zero. */
    for (size_t i = 0; i < n * n; i++)
        ret_errors[i] = sqrt(fmax(ret_errors[i], 0));
done:
    maps_done(&maps);
    return status;
}
