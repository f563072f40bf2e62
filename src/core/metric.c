#include "core/metric.h"

#include "base/memory.h"
#include "core/dense.h"
#include "core/whitening.h"

#include <string.h>

static size_t tensor_at(const struct metric *metric, int32_t b, int32_t a, int32_t c)
{
    return ((size_t)(b * metric->m + a) * (size_t)metric->d + (size_t)c) * (size_t)metric->d;
}

/* One row of coefficients from a tensor: T[j,a,k,l] + T[k,a,j,l], once where j = k. */
static void coef_read(const struct metric *metric, struct feature f, const double *tensor,
                      double *row)
{
    for (int32_t a = 0; a < metric->m; a++) {
        row[a] = tensor[tensor_at(metric, f.j, a, f.k) + f.l];
        if (f.j != f.k)
            row[a] += tensor[tensor_at(metric, f.k, a, f.j) + f.l];
    }
}

/* The adjoint of coef_read for all features; every entry of the tensor is written. */
static void coef_spread(const struct metric *metric, const double *rows, double *tensor)
{
    for (int32_t i = 0; i < metric->p; i++) {
        struct feature f = metric->features[i];

        for (int32_t a = 0; a < metric->m; a++) {
            double value = rows[(size_t)i * (size_t)metric->m + (size_t)a];

            tensor[tensor_at(metric, f.j, a, f.k) + f.l] = value;
            tensor[tensor_at(metric, f.k, a, f.j) + f.l] = value;
        }
    }
}

static void coef_gather(const struct metric *metric, const double *tensor)
{
    for (int32_t i = 0; i < metric->p; i++)
        coef_read(metric, metric->features[i], tensor,
                  metric->rows + (size_t)i * (size_t)metric->m);
}

void metric_tensor(const struct metric *metric, double *ret_tensor)
{
    size_t m = (size_t)metric->m;

    for (int32_t i = 0; i < metric->p; i++) {
        double share = metric->features[i].j == metric->features[i].k ? 1 : 0.5;

        for (size_t a = 0; a < m; a++)
            metric->rows[(size_t)i * m + a] = share * metric->weights[(size_t)i * m + a];
    }
    coef_spread(metric, metric->rows, ret_tensor);
}

static void rows_multiply(const struct metric *metric, enum dense_side side)
{
    double *rows = metric->rows;

    if (metric->map.multiply != NULL)
        metric->map.multiply(metric->map.arg, side, metric->m, rows);
    for (int32_t i = 0; i < metric->triangles_count; i++) {
        const struct metric_triangle *triangle = &metric->triangles[i];

        dense_triangle_multiply_many(side, triangle->columns, metric->m, triangle->R, triangle->ldr,
                                     rows, (size_t)metric->m);
        rows += (size_t)triangle->columns * (size_t)metric->m;
    }
}

double metric_norm(const struct metric *metric)
{
    int32_t count = metric->p * metric->m;

    memcpy(metric->rows, metric->weights, (size_t)count * sizeof *metric->rows);
    rows_multiply(metric, DENSE_PLAIN);
    return dense_dot(count, metric->rows, metric->rows);
}

double metric_compare(const struct metric *metric, const struct layer *layer, double *ret_gradient)
{
    int32_t count = metric->p * metric->m;
    double distance;

    layer_multiply(layer, 1, 0, ret_gradient);
    coef_gather(metric, ret_gradient);
    dense_add(count, -1, metric->weights, metric->rows);
    rows_multiply(metric, DENSE_PLAIN);
    distance = dense_dot(count, metric->rows, metric->rows);
    rows_multiply(metric, DENSE_TRANSPOSED);
    coef_spread(metric, metric->rows, ret_gradient);
    return distance;
}

void metric_apply(const struct metric *metric, double *tensor)
{
    coef_gather(metric, tensor);
    rows_multiply(metric, DENSE_PLAIN);
    rows_multiply(metric, DENSE_TRANSPOSED);
    coef_spread(metric, metric->rows, tensor);
}

double metric_residual(const struct metric *metric, const struct layer *layer)
{
    int32_t count = metric->p * metric->m;

    layer_multiply(layer, 1, 0, metric->tensor);
    coef_gather(metric, metric->tensor);
    dense_add(count, -1, metric->weights, metric->rows);
    return dense_norm(count, metric->rows) / dense_norm(count, metric->weights);
}

double metric_flops(const struct metric *metric)
{
    double squares = metric->map.multiply != NULL ? 1.0 * metric->p * metric->p : 0;

    for (int32_t i = 0; i < metric->triangles_count; i++)
        squares += 1.0 * metric->triangles[i].columns * metric->triangles[i].columns;
    return squares * metric->m;
}

/* ---- coordinates of unit covariance -------------------------------------------------------- */

/* The columns of R at d places, 0 in the rows of other triangles; columns: p x d. */
static void columns_read(const struct metric *metric, const int32_t *at, double *columns)
{
    int32_t first = 0;

    for (int32_t t = 0; t < metric->triangles_count; t++) {
        const struct metric_triangle *triangle = &metric->triangles[t];

        for (int32_t i = 0; i < triangle->columns; i++)
            for (int32_t l = 0; l < metric->d; l++) {
                int32_t c = at[l] - first;
                int is_there = c >= i && c < triangle->columns;

                *columns++ = is_there ? triangle->R[(size_t)i * triangle->ldr + (size_t)c] : 0;
            }
        first += triangle->columns;
    }
}

/* moment = sum_j of the Gram matrices of R's columns (jj, .); columns: p x d scratch. */
static void moment_sum(const struct metric *metric, const int32_t *place, double *columns,
                       double *ret_moment)
{
    size_t d = (size_t)metric->d;

    memset(ret_moment, 0, d * d * sizeof *ret_moment);
    for (int32_t j = 0; j < metric->d; j++) {
        const int32_t *at = place + feature_pair(metric->d, j, j) * metric->d;

        columns_read(metric, at, columns);
        dense_multiply(DENSE_TRANSPOSED, metric->d, metric->d, metric->p, 1, columns, d, columns, d,
                       1, ret_moment, d);
    }
}

static void metric_whiten_by(struct metric *metric, double *moment)
{
    /* The scale of all tokens together moves nothing but the size of numbers. */
    for (size_t i = (size_t)metric->d * (size_t)metric->d; i-- > 0;)
        moment[i] /= moment[0];
    whitening_make(metric->d, moment, metric->C, metric->inverse, metric->back);
}

static enum lattn_status metric_whiten(struct metric *metric)
{
    size_t n = (size_t)metric->d;
    size_t p = (size_t)metric->p;
    int32_t *place = memory_raw(p, sizeof *place);
    double *columns = memory_raw(n * p, sizeof *columns);
    double *moment = memory_raw(n * n, sizeof *moment);
    enum lattn_status status = LATTN_NO_MEMORY;

    if (place != NULL && columns != NULL && moment != NULL) {
        for (size_t i = 0; i < p; i++)
            place[feature_index(metric->d, metric->features[i])] = (int32_t)i;
        moment_sum(metric, place, columns, moment);
        metric_whiten_by(metric, moment);
        status = LATTN_OK;
    }
    memory_release(place);
    memory_release(columns);
    memory_release(moment);
    return status;
}

static enum lattn_status metric_open(struct metric *metric, int32_t d, int32_t m,
                                     const struct feature *features, int32_t triangles_count,
                                     const double *weights)
{
    size_t square = (size_t)d * (size_t)d;
    int32_t p = feature_count(d);

    *metric = (struct metric){
        .d = d,
        .m = m,
        .p = p,
        .features = features,
        .triangles = memory_raw((size_t)triangles_count, sizeof(struct metric_triangle)),
        .triangles_count = triangles_count,
        .weights = weights,
        .C = memory_raw(3 * square, sizeof(double)),
        .rows = memory_raw((size_t)p * (size_t)m, sizeof(double)),
        .tensor = memory_raw((size_t)layer_tensor_length(d, m), sizeof(double)),
    };
    if (metric->triangles == NULL || metric->C == NULL || metric->rows == NULL ||
        metric->tensor == NULL) {
        metric_done(metric);
        return LATTN_NO_MEMORY;
    }
    metric->inverse = metric->C + square;
    metric->back = metric->inverse + square;
    return LATTN_OK;
}

enum lattn_status metric_init(struct metric *metric, int32_t d, int32_t m,
                              const struct feature *features,
                              const struct metric_triangle *triangles, int32_t triangles_count,
                              const double *weights)
{
    enum lattn_status status = metric_open(metric, d, m, features, triangles_count, weights);

    if (status != LATTN_OK)
        return status;
    memcpy(metric->triangles, triangles, (size_t)triangles_count * sizeof *triangles);
    status = metric_whiten(metric);
    if (status != LATTN_OK)
        metric_done(metric);
    return status;
}

enum lattn_status metric_init_map(struct metric *metric, int32_t d, int32_t m,
                                  const struct feature *features, const struct metric_map *map,
                                  const double *weights)
{
    enum lattn_status status = metric_open(metric, d, m, features, 0, weights);

    if (status != LATTN_OK)
        return status;
    metric->map = *map;
    memcpy(metric->tensor, map->moment, (size_t)d * (size_t)d * sizeof *map->moment);
    metric_whiten_by(metric, metric->tensor); /* scratch, as large as this at least */
    return LATTN_OK;
}

void metric_done(struct metric *metric)
{
    memory_release(metric->triangles);
    memory_release(metric->C);
    memory_release(metric->rows);
    memory_release(metric->tensor);
    *metric = (struct metric){0};
}
