/*
 * Rows of the basis: first those left out, at first the caller's, then also the vectors found; then
 * the block Krylov basis of this round, whose projection of the map is T; last the block that comes
 * next. Every block is made orthogonal to all rows before it, twice.
 */
#include "core/krylov.h"

#include "base/memory.h"
#include "base/random.h"
#include "core/dense.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCKS_PER_LOOK = 4, PASSES_MAX = 4 };

/* Of an eigenvalue: its residual at most. */
static const double residual_most = 1e-7;

/* Of the largest value of a round: what is smaller is left to the next one. */
static const double round_least = 1e-8;

/* Of a vector of length one: what is left of it outside the rows before it is no rounding. */
static const double kept_least = 1e-3;

/*
 * left_out  rows left out; vectors: rows behind them, of which T is known
 * t         T, KRYLOV_BASIS_MAX wide, blocks on and above the diagonal
 * edge      what is left of the newest image outside the basis, in the block that comes next
 * ritz      Ritz vectors in terms of the basis as rows, and theta their values, increasing
 */
struct krylov {
    const struct krylov_map *map;
    struct random random;
    int32_t left_out;
    int32_t vectors;
    double *rows;
    double *t;
    double *dots;
    double *block;
    double *ritz;
    double *theta;
    double *found;
    double edge[KRYLOV_BLOCK * KRYLOV_BLOCK];
};

static double *row_of(const struct krylov *krylov, int32_t index)
{
    return krylov->rows + (size_t)index * (size_t)krylov->map->n;
}

static double *next_block(const struct krylov *krylov)
{
    return row_of(krylov, krylov->left_out + krylov->vectors);
}

/* to = image of the rows `from`, KRYLOV_BLOCK of them. */
static void image_make(const struct krylov *krylov, const double *from, double *to)
{
    size_t n = (size_t)krylov->map->n;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < KRYLOV_BLOCK; j++)
            krylov->block[i * KRYLOV_BLOCK + j] = from[j * n + i];
    krylov->map->apply(krylov->map->arg, krylov->block);
    for (size_t j = 0; j < KRYLOV_BLOCK; j++)
        for (size_t i = 0; i < n; i++)
            to[j * n + i] = krylov->block[i * KRYLOV_BLOCK + j];
}

/* Take out of the next block what lies along the rows before it; dots tells what that was. */
static void next_project(const struct krylov *krylov)
{
    int32_t n = krylov->map->n;
    int32_t before = krylov->left_out + krylov->vectors;
    double *next = next_block(krylov);

    if (before == 0)
        return;
    dense_multiply_rows(before, KRYLOV_BLOCK, n, 1, krylov->rows, (size_t)n, next, (size_t)n, 0,
                        krylov->dots, KRYLOV_BLOCK);
    dense_multiply(DENSE_TRANSPOSED, KRYLOV_BLOCK, n, before, -1, krylov->dots, KRYLOV_BLOCK,
                   krylov->rows, (size_t)n, 1, next, (size_t)n);
}

/* Put a random direction in the place of each vector that is rounding alone. */
static int next_refill(struct krylov *krylov, const double *r, double least)
{
    int32_t n = krylov->map->n;
    int refilled = 0;

    for (int32_t j = 0; j < KRYLOV_BLOCK; j++) {
        double *row = next_block(krylov) + (size_t)j * (size_t)n;

        if (fabs(r[j * KRYLOV_BLOCK + j]) > least)
            continue;
        random_normals(&krylov->random, row, n);
        refilled = 1;
    }
    return refilled;
}

/*
 * Make the next block orthonormal, and orthogonal to what is before it. Once more, since
 * cancellation brings in what was taken out; and again where directions had to be made up.
 *
 * image  norm of the block before anything was taken out of it
 */
static enum lattn_status next_finish(struct krylov *krylov, double image)
{
    double again[KRYLOV_BLOCK * KRYLOV_BLOCK];
    int32_t n = krylov->map->n;
    enum lattn_status status =
        dense_orthonormalise(n, KRYLOV_BLOCK, next_block(krylov), krylov->edge);
    int goes_on = 1;

    if (status == LATTN_OK)
        (void)next_refill(krylov, krylov->edge, 8 * n * 0x1p-53 * image); /* the loop looks */
    for (int pass = 0; status == LATTN_OK && goes_on && pass < PASSES_MAX; pass++) {
        next_project(krylov);
        status = dense_orthonormalise(n, KRYLOV_BLOCK, next_block(krylov), again);
        if (status == LATTN_OK)
            goes_on = next_refill(krylov, again, kept_least);
    }
    return status;
}

/* The first block: images of random vectors, so that it lies in the range of the map. */
static enum lattn_status round_begin(struct krylov *krylov)
{
    double *next;
    double image;

    krylov->vectors = 0;
    next = next_block(krylov);
    random_normals(&krylov->random, next, KRYLOV_BLOCK * krylov->map->n);
    image_make(krylov, next, next);
    image = dense_norm(KRYLOV_BLOCK * krylov->map->n, next);
    next_project(krylov);
    return next_finish(krylov, image);
}

/* Take the next block into the basis, and make the one after it of its image. */
static enum lattn_status round_step(struct krylov *krylov)
{
    const double *newest = next_block(krylov);
    size_t column = (size_t)krylov->vectors;
    double image;
    const double *dots = krylov->dots + (size_t)krylov->left_out * KRYLOV_BLOCK;

    krylov->vectors += KRYLOV_BLOCK;
    image_make(krylov, newest, next_block(krylov));
    image = dense_norm(KRYLOV_BLOCK * krylov->map->n, next_block(krylov));
    next_project(krylov);
    for (size_t i = 0; i < (size_t)krylov->vectors; i++)
        memcpy(krylov->t + i * KRYLOV_BASIS_MAX + column, dots + i * KRYLOV_BLOCK,
               KRYLOV_BLOCK * sizeof *dots);
    return next_finish(krylov, image);
}

/* Norm of map y - theta y for the Ritz vector y that is row `index`. */
static double residual_of(const struct krylov *krylov, int32_t index)
{
    size_t m = (size_t)krylov->vectors;
    const double *last = krylov->ritz + (size_t)index * m + m - KRYLOV_BLOCK;
    double square = 0;

    for (size_t i = 0; i < KRYLOV_BLOCK; i++) {
        double sum = 0;

        for (size_t j = i; j < KRYLOV_BLOCK; j++)
            sum += krylov->edge[i * KRYLOV_BLOCK + j] * last[j];
        square += sum * sum;
    }
    return sqrt(square);
}

/*
 * Find the Ritz values, and how many of the `count` largest can be told in this round.
 *
 * ret_exact  out  1 if all of them have converged
 */
static enum lattn_status round_look(struct krylov *krylov, int32_t count, int32_t *ret_told,
                                    int *ret_exact)
{
    int32_t m = krylov->vectors;
    int32_t told = 0;
    int exact = 1;
    enum lattn_status status;

    for (int32_t i = 0; i < m; i++)
        for (int32_t j = i; j < m; j++) {
            double entry = krylov->t[(size_t)i * KRYLOV_BASIS_MAX + (size_t)j];

            krylov->ritz[(size_t)i * (size_t)m + (size_t)j] = entry;
            krylov->ritz[(size_t)j * (size_t)m + (size_t)i] = entry;
        }
    status = dense_symmetric(m, krylov->ritz, krylov->theta);
    if (status != LATTN_OK)
        return status;
    /* Nothing is left but zeros, and rounding of them of either sign. */
    if (!(krylov->theta[m - 1] > 0)) {
        *ret_told = count < m ? count : m;
        *ret_exact = 1;
        return LATTN_OK;
    }
    while (told < count && told < m &&
           krylov->theta[m - 1 - told] >= round_least * krylov->theta[m - 1]) {
        exact &= residual_of(krylov, m - 1 - told) <= residual_most * krylov->theta[m - 1 - told];
        told++;
    }
    *ret_told = told;
    *ret_exact = exact;
    return LATTN_OK;
}

/* Leave the vectors of the largest values out from now on. */
static void round_keep(struct krylov *krylov, int32_t told, double *ret_values)
{
    int32_t n = krylov->map->n;
    int32_t m = krylov->vectors;

    for (int32_t i = 0; i < told; i++)
        ret_values[i] = fmax(0, krylov->theta[m - 1 - i]);
    dense_multiply(DENSE_PLAIN, told, n, m, 1, krylov->ritz + (size_t)(m - told) * (size_t)m,
                   (size_t)m, row_of(krylov, krylov->left_out), (size_t)n, 0, krylov->found,
                   (size_t)n);
    memcpy(row_of(krylov, krylov->left_out), krylov->found,
           (size_t)told * (size_t)n * sizeof *krylov->found);
    krylov->left_out += told;
}

/* Find up to `count` values, at least one. */
static enum lattn_status round_run(struct krylov *krylov, int32_t count, double *ret_values,
                                   int32_t *ret_told)
{
    int exact = 0;
    enum lattn_status status = round_begin(krylov);

    while (status == LATTN_OK && !exact && krylov->vectors < KRYLOV_BASIS_MAX) {
        status = round_step(krylov);
        if (status == LATTN_OK && krylov->vectors % (BLOCKS_PER_LOOK * KRYLOV_BLOCK) == 0)
            status = round_look(krylov, count, ret_told, &exact);
    }
    if (status == LATTN_OK)
        round_keep(krylov, *ret_told, ret_values);
    return status;
}

static int value_order(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a < b) - (a > b);
}

static enum lattn_status krylov_run(struct krylov *krylov, int32_t count, double *ret_values)
{
    enum lattn_status status = LATTN_OK;
    int32_t told = 0;

    for (int32_t done = 0; done < count; done += told) {
        status = round_run(krylov, count - done, ret_values + done, &told);
        if (status != LATTN_OK)
            return status;
    }
    qsort(ret_values, (size_t)count, sizeof *ret_values, value_order);
    return status;
}

enum lattn_status krylov_largest(const struct krylov_map *map, int32_t left_out_count,
                                 const double *left_out, int32_t count, double *ret_values)
{
    struct krylov krylov = {
        .map = map, .random = {.state = 0x6c617474}, .left_out = left_out_count};
    size_t n = (size_t)map->n;
    size_t rows = (size_t)(left_out_count + count + KRYLOV_BASIS_MAX + KRYLOV_BLOCK);
    enum lattn_status status = LATTN_NO_MEMORY;

    static_assert(KRYLOV_BASIS_MAX % (BLOCKS_PER_LOOK * KRYLOV_BLOCK) == 0,
                  "the last is looked at");
    assert(left_out_count + count + KRYLOV_BASIS_MAX < map->n);
    krylov.rows = memory_raw(rows * n, sizeof(double));
    krylov.t = memory_zeroed((size_t)KRYLOV_BASIS_MAX * KRYLOV_BASIS_MAX, sizeof(double));
    krylov.ritz = memory_raw((size_t)KRYLOV_BASIS_MAX * KRYLOV_BASIS_MAX, sizeof(double));
    krylov.theta = memory_raw(KRYLOV_BASIS_MAX, sizeof(double));
    krylov.dots = memory_raw(rows * KRYLOV_BLOCK, sizeof(double));
    krylov.block = memory_raw(n * KRYLOV_BLOCK, sizeof(double));
    krylov.found = memory_raw((size_t)count * n, sizeof(double));
    if (krylov.rows != NULL && krylov.t != NULL && krylov.ritz != NULL && krylov.theta != NULL &&
        krylov.dots != NULL && krylov.block != NULL && krylov.found != NULL) {
        if (left_out_count > 0)
            memcpy(krylov.rows, left_out, (size_t)left_out_count * n * sizeof(double));
        status = krylov_run(&krylov, count, ret_values);
    }
    memory_release(krylov.rows);
    memory_release(krylov.t);
    memory_release(krylov.ritz);
    memory_release(krylov.theta);
    memory_release(krylov.dots);
    memory_release(krylov.block);
    memory_release(krylov.found);
    return status;
}
