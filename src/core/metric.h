#ifndef CORE_METRIC_H
#define CORE_METRIC_H

#include "core/dense.h"
#include "core/feature.h"
#include "core/layer.h"

#include <lattn/status.h>

#include <stddef.h>
#include <stdint.h>

/* R of one component, row-major with rows ldr apart. */
struct metric_triangle {
    const double *R;
    size_t ldr;
    int32_t columns;
};

/*
 * R of all features as something to multiply with, where no triangle is at hand: any matrix with
 * R'R = sum w phi phi' serves.
 *
 * multiply  rows = op(R) rows, p x columns row-major
 * moment    d x d: sum over pairs w |S_jj|^2 z z'
 */
struct metric_map {
    void (*multiply)(void *arg, enum dense_side side, int32_t columns, double *rows);
    void *arg;
    const double *moment;
};

/*
 * The distance between layers that the data sees, for coefficients X and Y (p x m):
 *
 *     | R (X - Y) |^2 = sum over pairs w |yhat_X - yhat_Y|^2,      R'R = sum w phi phi'
 *
 * and the coordinates in which tokens have unit covariance, Z = C Z~, where the search for heads is
 * well conditioned. R has a dense triangle for each component.
 *
 * features   p, the columns of all triangles side by side; borrowed like R and weights
 * triangles  triangles_count of them, p columns in all; none where there is a map
 * map        takes the place of triangles; or its multiply is NULL
 * weights    p x m row-major, the solution W that heads shall reproduce
 * C          d x d; inverse = C^-1 and back = C^-T
 * rows       p x m scratch;  tensor  scratch
 */
struct metric {
    int32_t d;
    int32_t m;
    int32_t p;
    const struct feature *features;
    struct metric_triangle *triangles;
    int32_t triangles_count;
    struct metric_map map;
    const double *weights;
    double *C;
    double *inverse;
    double *back;
    double *rows;
    double *tensor;
};

/*
 * Whiten by the second moment of the query tokens, sum over pairs w |S_jj|^2 z z', which R knows;
 * by its diagonal where it is singular to rounding.
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status metric_init(struct metric *metric, int32_t d, int32_t m,
                              const struct feature *features,
                              const struct metric_triangle *triangles, int32_t triangles_count,
                              const double *weights);

/* The same with a map in the place of triangles. */
enum lattn_status metric_init_map(struct metric *metric, int32_t d, int32_t m,
                                  const struct feature *features, const struct metric_map *map,
                                  const double *weights);
void metric_done(struct metric *metric);

/* W as the symmetric tensor S[b,a,c,e] of layer.h, in plain coordinates. */
void metric_tensor(const struct metric *metric, double *ret_tensor);

/* | R W |^2, what all of W explains. */
double metric_norm(const struct metric *metric);

/*
 * Compare a layer (plain coordinates) with W: returns | R (coef(layer) - W) |^2, and half its
 * gradient by T as a tensor.
 */
double metric_compare(const struct metric *metric, const struct layer *layer, double *ret_gradient);

/*
 * Multiply a tensor by the metric: tensor = coef' R'R coef tensor, where coef takes T to its
 * coefficients.
 */
void metric_apply(const struct metric *metric, double *tensor);

/* | coef(layer) - W | / | W |, whatever the data says. */
double metric_residual(const struct metric *metric, const struct layer *layer);

/* About how many flops one application takes, counted half: large products run twice as fast. */
double metric_flops(const struct metric *metric);

#endif
