/*
 * A triangle is not squared but applied twice: at the large end A'A, at the small one its inverse,
 * each of which has the wanted values as its largest ones. With a deficient rank there is no
 * inverse; what solution.h keeps, A P = Q [R11 R12; 0 ~0], then gives that of the directions seen:
 * for x in the row space, P [R11^-1 R11^-T (P'x)_1; 0] projected off the null space
 * P [-T; I] is (A'A)^+ x.
 */
#include "core/ends.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/krylov.h"
#include "core/solution.h"
#include "core/spectrum.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Up to this order a full decomposition costs no more than the iterations. */
enum { DENSE_MAX = 512 };

static_assert(DENSE_MAX >= KRYLOV_BASIS_MAX + 3 * LATTN_SPECTRUM_END, "a basis has room");

/* Put a value in its place; `sign` orders: 1 for decreasing, -1 for increasing. */
static void value_insert(double *values, int32_t *count, double sign, double value)
{
    int32_t at = *count;

    if (at == LATTN_SPECTRUM_END && !(sign * value > sign * values[at - 1]))
        return;
    if (at == LATTN_SPECTRUM_END)
        at--;
    else
        (*count)++;
    for (; at > 0 && sign * value > sign * values[at - 1]; at--)
        values[at] = values[at - 1];
    values[at] = value;
}

static void ends_insert(struct ends *ends, double value)
{
    value_insert(ends->largest, &ends->largest_count, 1, value);
    value_insert(ends->smallest, &ends->smallest_count, -1, value);
}

static int32_t columns_seen(const struct solution *solution)
{
    int32_t seen = 0;

    for (int32_t i = 0; i < solution->columns; i++)
        seen += solution->inverse[i] > 0;
    return seen;
}

/* ---- a component small enough for all of its values ---- */

static enum lattn_status ends_of_all(struct ends *ends, const struct component *component)
{
    size_t ldr;
    const double *r = component_triangle(component, &ldr);
    int32_t seen = columns_seen(component->solution);
    double *sigma = memory_raw((size_t)component->columns, sizeof *sigma);
    enum lattn_status status = LATTN_NO_MEMORY;

    if (sigma != NULL)
        status = spectrum_all(component->columns, r, ldr, component->solution->inverse, sigma);
    for (int32_t i = 0; status == LATTN_OK && i < seen; i++)
        ends_insert(ends, sigma[i]);
    memory_release(sigma);
    return status;
}

/* ---- maps whose largest eigenvalues are wanted ---- */

struct triangle_map {
    const struct component *component;
    double *head_block; /* rank x KRYLOV_BLOCK */
};

static void rows_scale(int32_t n, const double *inverse, int divides, double *block)
{
    for (size_t i = 0; i < (size_t)n; i++)
        for (size_t j = 0; j < KRYLOV_BLOCK; j++)
            block[i * KRYLOV_BLOCK + j] *= divides ? 1 / inverse[i] : inverse[i];
}

static void product_apply(void *arg, double *block)
{
    const struct component *component = ((const struct triangle_map *)arg)->component;
    int32_t n = component->columns;
    size_t ldr;
    const double *r = component_triangle(component, &ldr);

    rows_scale(n, component->solution->inverse, 0, block);
    dense_triangle_multiply_many(DENSE_PLAIN, n, KRYLOV_BLOCK, r, ldr, block, KRYLOV_BLOCK);
    dense_triangle_multiply_many(DENSE_TRANSPOSED, n, KRYLOV_BLOCK, r, ldr, block, KRYLOV_BLOCK);
    rows_scale(n, component->solution->inverse, 0, block);
}

static void inverse_apply(void *arg, double *block)
{
    const struct component *component = ((const struct triangle_map *)arg)->component;
    int32_t n = component->columns;
    size_t ldr;
    const double *r = component_triangle(component, &ldr);

    rows_scale(n, component->solution->inverse, 1, block);
    dense_triangle_solve_many(DENSE_TRANSPOSED, n, KRYLOV_BLOCK, r, ldr, block, KRYLOV_BLOCK);
    dense_triangle_solve_many(DENSE_PLAIN, n, KRYLOV_BLOCK, r, ldr, block, KRYLOV_BLOCK);
    rows_scale(n, component->solution->inverse, 1, block);
}

/* The basic solution; krylov_largest takes out what lies along the null space. */
static void deficient_apply(void *arg, double *block)
{
    const struct triangle_map *map = arg;
    const struct solution *solution = map->component->solution;
    size_t rank = (size_t)solution->rank;
    size_t bytes = KRYLOV_BLOCK * sizeof *block;

    for (size_t i = 0; i < rank; i++)
        memcpy(map->head_block + i * KRYLOV_BLOCK,
               block + (size_t)solution->pivot[i] * KRYLOV_BLOCK, bytes);
    dense_triangle_solve_many(DENSE_TRANSPOSED, solution->rank, KRYLOV_BLOCK, solution->head, rank,
                              map->head_block, KRYLOV_BLOCK);
    dense_triangle_solve_many(DENSE_PLAIN, solution->rank, KRYLOV_BLOCK, solution->head, rank,
                              map->head_block, KRYLOV_BLOCK);
    memset(block, 0, (size_t)solution->columns * bytes);
    for (size_t i = 0; i < rank; i++)
        memcpy(block + (size_t)solution->pivot[i] * KRYLOV_BLOCK,
               map->head_block + i * KRYLOV_BLOCK, bytes);
}

/* ---- what the rank does not count ---- */

/*
 * The null space of the rank, P [-T; I] over the columns seen, or of many directions those that the
 * pivoting left for last.
 *
 * rows  out  count x columns, orthonormal
 */
static enum lattn_status null_rows(const struct solution *solution, int32_t count, double *rows)
{
    double mixed[LATTN_SPECTRUM_END * LATTN_SPECTRUM_END];
    size_t n = (size_t)solution->columns;
    size_t rank = (size_t)solution->rank;
    size_t rest = n - rank;
    int32_t made = 0;

    memset(rows, 0, (size_t)count * n * sizeof *rows);
    for (size_t j = rest; j-- > 0 && made < count;) {
        double *row = rows + (size_t)made * n;
        size_t own = (size_t)solution->pivot[rank + j];

        if (!(solution->inverse[own] > 0))
            continue;
        row[own] = 1;
        for (size_t i = 0; i < rank; i++)
            row[solution->pivot[i]] = -solution->tail[i * rest + j];
        made++;
    }
    assert(made == count);
    return dense_orthonormalise(solution->columns, count, rows, mixed);
}

/* Singular values of A on the space of these rows, none above which as many of A's smallest lie. */
static enum lattn_status null_values(const struct component *component, int32_t count,
                                     const double *rows, double *ret_sigma)
{
    size_t n = (size_t)component->columns;
    size_t ldr;
    const double *r = component_triangle(component, &ldr);
    double *image = memory_raw(n * (size_t)count, sizeof *image);
    double *columns = memory_raw(n * (size_t)count, sizeof *columns);
    enum lattn_status status = LATTN_NO_MEMORY;

    if (image != NULL && columns != NULL) {
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < (size_t)count; j++)
                image[i * (size_t)count + j] = rows[j * n + i] * component->solution->inverse[i];
        dense_triangle_multiply_many(DENSE_PLAIN, component->columns, count, r, ldr, image,
                                     (size_t)count);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < (size_t)count; j++)
                columns[j * n + i] = image[i * (size_t)count + j];
        status = dense_svd(component->columns, count, columns, ret_sigma, NULL, NULL);
    }
    memory_release(image);
    memory_release(columns);
    return status;
}

/* ---- what it does count ---- */

/* All values of [R11 R12] = R11 [I T], where there are few. */
static enum lattn_status counted_all(struct ends *ends, const struct solution *solution)
{
    size_t rank = (size_t)solution->rank;
    size_t n = (size_t)solution->columns;
    size_t rest = n - rank;
    double *rows = memory_zeroed(rank * n, sizeof *rows);
    double *sigma = memory_raw(rank, sizeof *sigma);
    enum lattn_status status = LATTN_NO_MEMORY;

    if (rows != NULL && sigma != NULL) {
        for (size_t i = 0; i < rank; i++) {
            rows[i * n + i] = 1;
            memcpy(rows + i * n + rank, solution->tail + i * rest, rest * sizeof *rows);
        }
        dense_triangle_multiply_many(DENSE_PLAIN, solution->rank, solution->columns, solution->head,
                                     rank, rows, n);
        /* Rows of the matrix are columns of its transpose, which has the same values. */
        status = dense_svd(solution->columns, solution->rank, rows, sigma, NULL, NULL);
    }
    for (int32_t i = 0; status == LATTN_OK && i < solution->rank; i++)
        ends_insert(ends, sigma[i]);
    memory_release(rows);
    memory_release(sigma);
    return status;
}

static enum lattn_status counted_largest(struct ends *ends, const struct component *component)
{
    struct triangle_map map = {.component = component};
    const struct krylov_map product = {component->columns, product_apply, &map};
    double values[LATTN_SPECTRUM_END];
    enum lattn_status status = krylov_largest(&product, 0, NULL, LATTN_SPECTRUM_END, values);

    for (int32_t i = 0; status == LATTN_OK && i < LATTN_SPECTRUM_END; i++)
        value_insert(ends->largest, &ends->largest_count, 1, sqrt(values[i]));
    return status;
}

/* null, missing  the whole null space of the columns seen */
static enum lattn_status counted_smallest(struct ends *ends, const struct component *component,
                                          int32_t missing, const double *null)
{
    const struct solution *solution = component->solution;
    struct triangle_map map = {.component = component};
    struct krylov_map inverse = {component->columns, inverse_apply, &map};
    int32_t count = LATTN_SPECTRUM_END - missing;
    double values[LATTN_SPECTRUM_END];
    enum lattn_status status;

    if (count <= 0)
        return LATTN_OK;
    if (solution->rank < solution->columns) {
        inverse.apply = deficient_apply;
        map.head_block = memory_raw((size_t)solution->rank * KRYLOV_BLOCK, sizeof(double));
        if (map.head_block == NULL)
            return LATTN_NO_MEMORY;
    }
    status = krylov_largest(&inverse, missing, null, count, values);
    for (int32_t i = 0; status == LATTN_OK && i < count; i++)
        value_insert(ends->smallest, &ends->smallest_count, -1, 1 / sqrt(values[i]));
    memory_release(map.head_block);
    return status;
}

static enum lattn_status ends_counted(struct ends *ends, const struct component *component,
                                      int32_t missing, const double *null)
{
    enum lattn_status status;

    if (component->solution->rank <= DENSE_MAX)
        return counted_all(ends, component->solution);
    status = counted_largest(ends, component);
    return status == LATTN_OK ? counted_smallest(ends, component, missing, null) : status;
}

enum lattn_status ends_add(struct ends *ends, const struct component *component)
{
    const struct solution *solution = component->solution;
    int32_t missing, told;
    double sigma[LATTN_SPECTRUM_END];
    double *null;
    enum lattn_status status = LATTN_OK;

    if (component->columns <= DENSE_MAX)
        return ends_of_all(ends, component);
    missing = columns_seen(solution) - solution->rank;
    told = missing < LATTN_SPECTRUM_END ? missing : LATTN_SPECTRUM_END;
    null = memory_raw((size_t)told * (size_t)component->columns, sizeof *null);
    if (null == NULL)
        return LATTN_NO_MEMORY;
    if (told > 0)
        status = null_rows(solution, told, null);
    if (status == LATTN_OK && told > 0)
        status = null_values(component, told, null, sigma);
    for (int32_t i = 0; status == LATTN_OK && i < told; i++)
        ends_insert(ends, sigma[i]);
    if (status == LATTN_OK)
        status = ends_counted(ends, component, missing, null);
    memory_release(null);
    return status;
}
