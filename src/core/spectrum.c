#include "core/spectrum.h"

#include "base/memory.h"
#include "base/random.h"
#include "core/dense.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    /* Up to this size all singular values cost less than a few Lanczos steps with their overhead.
     */
    SMALL = 32,
    STEPS_MAX = 240,
    /* The tridiagonal eigenproblem is looked at every so many steps. */
    STEPS_PER_LOOK = 4,
    LOOKS_AGREED = 2
};

/*
 * When an iteration may stop.
 *
 * error           aimed at in an eigenvalue, relative; its root is half as large
 * last_component  the most that the last component of a Ritz vector may be, squared
 * is_residual     the residual counts alone: no gap is looked for
 */
struct goal {
    double error;
    double last_component;
    int is_residual;
};

/* Below that rounding hides the last component. */
static const struct goal goal_exact = {1e-11, 1e-12, 0};
static const struct goal goal_told = {1e-6, 1, 0};
static const struct goal goal_glance = {1e-2, 1, 1};

enum operation { PRODUCT, INVERSE };

/* A'A or its inverse, as something to multiply a vector with. */
struct linear_map {
    enum operation operation;
    int32_t n;
    const double *r;
    size_t ldr;
    const double *scale;
};

/* Lanczos state after `steps` steps: basis row k is q_k; T has alpha and beta. */
struct lanczos {
    int32_t n;
    int32_t steps;
    int32_t agreed;
    int is_done;
    struct goal goal;
    double value;
    double *basis;
    double *dots;
    double alpha[STEPS_MAX];
    double beta[STEPS_MAX];
};

static void scale_apply(const struct linear_map *map, double *x)
{
    if (map->scale == NULL)
        return;
    for (int32_t i = 0; i < map->n; i++)
        x[i] = map->operation == PRODUCT ? x[i] * map->scale[i] : x[i] / map->scale[i];
}

/* A triangle in memory is one map alone. */
static void map_apply(void *arg, int32_t count, const int32_t *which, double *x)
{
    const struct linear_map *map = arg;
    int32_t n = map->n;

    (void)count;
    (void)which;
    scale_apply(map, x);
    if (map->operation == PRODUCT) {
        dense_triangle_multiply(DENSE_PLAIN, n, map->r, map->ldr, x);
        dense_triangle_multiply(DENSE_TRANSPOSED, n, map->r, map->ldr, x);
    } else {
        dense_triangle_solve(DENSE_TRANSPOSED, n, map->r, map->ldr, x);
        dense_triangle_solve(DENSE_PLAIN, n, map->r, map->ldr, x);
    }
    scale_apply(map, x);
}

static void vector_scale(int32_t n, double factor, double *x)
{
    for (int32_t i = 0; i < n; i++)
        x[i] *= factor;
}

/* Fill the first basis vector with fixed random numbers, so that no direction is left out. */
static void lanczos_start(struct lanczos *lanczos)
{
    struct random random = {.state = 0x6c617474};

    random_normals(&random, lanczos->basis, lanczos->n);
    vector_scale(lanczos->n, 1 / dense_norm(lanczos->n, lanczos->basis), lanczos->basis);
}

static int32_t steps_max(int32_t n)
{
    return n < STEPS_MAX ? n : STEPS_MAX;
}

static double *lanczos_last(const struct lanczos *lanczos)
{
    return lanczos->basis + (size_t)lanczos->steps * (size_t)lanczos->n;
}

/* One step, x = map q_k; returns 0 when the basis spans an invariant subspace: that is all. */
static int lanczos_step(struct lanczos *lanczos, const double *x)
{
    int32_t n = lanczos->n;
    int32_t k = lanczos->steps;
    double *basis = lanczos->basis;
    double *next = lanczos_last(lanczos) + n;
    double norm;

    memcpy(next, x, (size_t)n * sizeof *next);
    norm = dense_norm(n, next);
    lanczos->alpha[k] = dense_dot(n, next, next - n);
    /* Twice is enough (Kahan, Parlett): against all earlier vectors. */
    for (int pass = 0; pass < 2; pass++) {
        dense_multiply_vector(DENSE_PLAIN, k + 1, n, 1, basis, (size_t)n, next, 0, lanczos->dots);
        dense_multiply_vector(DENSE_TRANSPOSED, k + 1, n, -1, basis, (size_t)n, lanczos->dots, 1,
                              next);
    }
    lanczos->beta[k] = dense_norm(n, next);
    lanczos->steps = k + 1;
    if (lanczos->beta[k] <= n * 0x1p-53 * norm)
        return 0;
    vector_scale(n, 1 / lanczos->beta[k], next);
    return 1;
}

/*
 * The largest Ritz value and a bound on its relative error. The last component s of its vector
 * comes from the eigenvalues theta of T and mu of T without its last row: s^2 = prod (theta_1 -
 * mu_j) / (theta_1 - theta_j), each factor in [0, 1] since they interlace.
 */
static enum lattn_status lanczos_look(const struct lanczos *lanczos, double *ret_value,
                                      double *ret_error)
{
    int32_t k = lanczos->steps;
    double theta[STEPS_MAX], mu[STEPS_MAX], beta[STEPS_MAX];
    double s2 = 1;
    double residual2;
    double gap;

    if (k == 1) {
        *ret_value = lanczos->alpha[0];
        *ret_error = 0;
        return LATTN_OK;
    }
    memcpy(theta, lanczos->alpha, (size_t)k * sizeof *theta);
    memcpy(beta, lanczos->beta, (size_t)k * sizeof *beta);
    if (dense_tridiagonal(k, theta, beta) != LATTN_OK)
        return LATTN_NO_CONVERGENCE;
    memcpy(mu, lanczos->alpha, (size_t)k * sizeof *mu);
    memcpy(beta, lanczos->beta, (size_t)k * sizeof *beta);
    if (dense_tridiagonal(k - 1, mu, beta) != LATTN_OK)
        return LATTN_NO_CONVERGENCE;
    for (int32_t j = 0; j < k - 1; j++)
        s2 *= fmin(1, fmax(0, (theta[k - 1] - mu[j]) / (theta[k - 1] - theta[j])));
    residual2 = lanczos->beta[k - 1] / theta[k - 1];
    residual2 *= residual2 * s2;
    gap = 1 - theta[k - 2] / theta[k - 1];
    *ret_value = theta[k - 1];
    if (lanczos->goal.is_residual)
        *ret_error = sqrt(residual2);
    else
        *ret_error = s2 > lanczos->goal.last_component ? 1 : fmin(sqrt(residual2), residual2 / gap);
    return LATTN_OK;
}

/*
 * Go on with x = map q_k, and look now and then. After STEPS_MAX steps the value is a little inside
 * the spectrum, and still a value of it.
 */
static enum lattn_status lanczos_go(struct lanczos *lanczos, const double *x)
{
    int goes_on = lanczos_step(lanczos, x);
    int is_last = !goes_on || lanczos->steps == steps_max(lanczos->n);
    double error = 1;
    enum lattn_status status;

    if (!is_last && lanczos->steps % STEPS_PER_LOOK != 0)
        return LATTN_OK;
    status = lanczos_look(lanczos, &lanczos->value, &error);
    lanczos->agreed = error <= lanczos->goal.error ? lanczos->agreed + 1 : 0;
    lanczos->is_done = is_last || lanczos->agreed == LOOKS_AGREED;
    return status;
}

static enum lattn_status lanczos_open(struct lanczos *lanczos, int32_t n, const struct goal *goal)
{
    size_t vectors = (size_t)steps_max(n) + 1;

    *lanczos = (struct lanczos){
        .n = n,
        .goal = *goal,
        .basis = memory_raw(vectors * (size_t)n, sizeof(double)),
        .dots = memory_raw(vectors, sizeof(double)),
    };
    if (lanczos->basis == NULL || lanczos->dots == NULL)
        return LATTN_NO_MEMORY;
    lanczos_start(lanczos);
    return LATTN_OK;
}

static void lanczos_close(struct lanczos *lanczos)
{
    memory_release(lanczos->basis);
    memory_release(lanczos->dots);
}

/* Last vectors of those that are not done, side by side; returns how many. */
static int32_t vectors_gather(const struct lanczos *all, int32_t maps, int32_t *which, double *x)
{
    int32_t count = 0;

    for (int32_t i = 0; i < maps; i++)
        if (!all[i].is_done) {
            memcpy(x, lanczos_last(&all[i]), (size_t)all[i].n * sizeof *x);
            x += all[i].n;
            which[count++] = i;
        }
    return count;
}

/* x: n x maps scratch. */
static enum lattn_status maps_run(struct lanczos *all, int32_t maps, spectrum_maps_fn map,
                                  void *arg, double *x)
{
    int32_t which[SPECTRUM_MAPS_MAX];
    int32_t count;
    enum lattn_status status = LATTN_OK;

    while (status == LATTN_OK && (count = vectors_gather(all, maps, which, x)) > 0) {
        map(arg, count, which, x);
        for (int32_t i = 0; i < count && status == LATTN_OK; i++)
            status = lanczos_go(&all[which[i]], x + (size_t)i * (size_t)all->n);
    }
    return status;
}

static enum lattn_status maps_find(int32_t n, int32_t maps, spectrum_maps_fn map, void *arg,
                                   const struct goal *goal, double *ret_eigenvalues)
{
    struct lanczos all[SPECTRUM_MAPS_MAX] = {0};
    double *x = memory_raw((size_t)n * (size_t)maps, sizeof *x);
    enum lattn_status status = x == NULL ? LATTN_NO_MEMORY : LATTN_OK;

    assert(1 <= maps && maps <= SPECTRUM_MAPS_MAX);
    for (int32_t i = 0; i < maps && status == LATTN_OK; i++)
        status = lanczos_open(&all[i], n, goal);
    if (status == LATTN_OK)
        status = maps_run(all, maps, map, arg, x);
    for (int32_t i = 0; i < maps; i++) {
        if (status == LATTN_OK)
            ret_eigenvalues[i] = all[i].value;
        lanczos_close(&all[i]);
    }
    memory_release(x);
    return status;
}

enum lattn_status spectrum_of_maps(int32_t n, int32_t maps, spectrum_maps_fn map, void *arg,
                                   enum spectrum_accuracy accuracy, double *ret_eigenvalues)
{
    return maps_find(n, maps, map, arg, accuracy == SPECTRUM_EXACT ? &goal_exact : &goal_told,
                     ret_eigenvalues);
}

enum lattn_status spectrum_all(int32_t n, const double *r, size_t ldr, const double *scale,
                               double *ret_sigma)
{
    double *a = memory_zeroed((size_t)n * (size_t)n, sizeof(double));
    enum lattn_status status;

    if (a == NULL)
        return LATTN_NO_MEMORY;
    for (int32_t i = 0; i < n; i++)
        for (int32_t j = i; j < n; j++)
            a[(size_t)j * (size_t)n + (size_t)i] =
                r[(size_t)i * ldr + (size_t)j] * (scale == NULL ? 1 : scale[j]);
    status = dense_svd(n, n, a, ret_sigma, NULL, NULL);
    memory_release(a);
    return status;
}

/* One end of the spectrum: the largest singular value for PRODUCT, the smallest for INVERSE. */
static enum lattn_status spectrum_end(struct linear_map *map, const struct goal *goal,
                                      double *ret_sigma)
{
    double sigma[SMALL];
    double eigenvalue;
    enum lattn_status status;

    assert(map->n >= 1);
    if (map->n <= SMALL) {
        status = spectrum_all(map->n, map->r, map->ldr, map->scale, sigma);
        if (status == LATTN_OK)
            *ret_sigma = sigma[map->operation == PRODUCT ? 0 : map->n - 1];
        return status;
    }
    status = maps_find(map->n, 1, map_apply, map, goal, &eigenvalue);
    if (status == LATTN_OK)
        *ret_sigma = map->operation == PRODUCT ? sqrt(eigenvalue) : 1 / sqrt(eigenvalue);
    return status;
}

enum lattn_status spectrum_largest(int32_t n, const double *r, size_t ldr, const double *scale,
                                   double *ret_sigma)
{
    struct linear_map map = {PRODUCT, n, r, ldr, scale};

    return spectrum_end(&map, &goal_exact, ret_sigma);
}

enum lattn_status spectrum_smallest(int32_t n, const double *r, size_t ldr, const double *scale,
                                    double *ret_sigma)
{
    struct linear_map map = {INVERSE, n, r, ldr, scale};

    return spectrum_end(&map, &goal_exact, ret_sigma);
}

enum lattn_status spectrum_glance(int32_t n, const double *r, size_t ldr, double *ret_largest,
                                  double *ret_smallest)
{
    struct linear_map product = {PRODUCT, n, r, ldr, NULL};
    struct linear_map inverse = {INVERSE, n, r, ldr, NULL};
    enum lattn_status status = LATTN_OK;

    if (ret_largest != NULL)
        status = spectrum_end(&product, &goal_glance, ret_largest);
    if (status == LATTN_OK && ret_smallest != NULL)
        status = spectrum_end(&inverse, &goal_glance, ret_smallest);
    return status;
}
