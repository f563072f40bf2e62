/*
 * Rays from zero. Three answers on a ray that do not lie in a line tell a bias, and where its
 * neuron bends: without biases there is none, since a ray does not cross a hyperplane through zero.
 */
#include "query/terrain.h"

#include "base/memory.h"
#include "core/dense.h"

#include <math.h>

enum {
    DIRECTIONS = 3, /* both ways: every neuron with a bias is crossed by one of two rays */
    RAYS = 2 * DIRECTIONS,
    NORMS = 7,      /* the smallest is 4^-6 of the largest */
    NEIGHBOURS = 2, /* of the largest: what is not in a line there is rounding */
    POINTS = NORMS + NEIGHBOURS,
    QUESTIONS = RAYS * POINTS + 1
};

/* Rounding must not make the largest token larger than allowed. */
#define NORM_SHARE 0.9

/* Standard deviations that count as a bend, as in kinks.c. */
#define TERRAIN_SIGMAS 32

/*
 * Radius without biases, relative to the largest norm. A chord ends at 1/share radii, and misses a
 * neuron with probability 2 share / pi; rounding to decimals is a matter of absolute size.
 */
#define RADIUS_SHARE 0x1p-12
#define RADIUS_SHARE_ROUNDED 0x1p-8

/* Radius with biases: seen from it the ball must be wide. */
#define RADIUS_SHARE_MAX 0.125

/* Between neighbours, relative: rounding falls differently, and hardly ever a kink. */
#define NEIGHBOUR_STEP 0x1p-20

/* norm: falling, down to 0; then the neighbours of the largest. */
struct view {
    double norm[POINTS + 1];
    double y[RAYS][POINTS + 1];
};

double terrain_size(const struct terrain *terrain, double norm)
{
    return fabs(terrain->zero) + terrain->steepness * norm;
}

double terrain_error(const struct terrain *terrain, const struct conditions *conditions,
                     double norm)
{
    return hypot(conditions_error(conditions, terrain_size(terrain, norm)),
                 terrain->roughness * norm);
}

double terrain_noise(const struct terrain *terrain, const struct conditions *conditions)
{
    double size = terrain_size(terrain, terrain->radius);

    return size > 0 ? terrain_error(terrain, conditions, terrain->radius) / size : 0;
}

void terrain_direction(struct random *random, int32_t d, double norm, double *ret_x)
{
    double length;

    do {
        random_normals(random, ret_x, d);
        length = dense_norm(d, ret_x);
    } while (!(length > 0));
    for (int32_t j = 0; j < d; j++)
        ret_x[j] *= norm / length;
}

/* Rays 2i and 2i + 1 are one direction and its negative. Zero is asked once, at the end. */
static void rays_place(struct random *random, int32_t d, const double *norm, double *ret_x)
{
    double direction[LATTN_DIM_MAX];

    for (int ray = 0; ray < RAYS; ray++) {
        if (ray % 2 == 0)
            terrain_direction(random, d, 1, direction);
        for (int k = 0; k <= POINTS; k++)
            for (int32_t j = 0; k != NORMS && j < d; j++)
                *ret_x++ = (ray % 2 == 0 ? norm[k] : -norm[k]) * direction[j];
    }
}

static void norms_choose(double largest, double *ret_norm)
{
    for (int k = 0; k < NORMS; k++)
        ret_norm[k] = ldexp(largest, -2 * k);
    ret_norm[NORMS] = 0;
    for (int k = 1; k <= NEIGHBOURS; k++)
        ret_norm[NORMS + k] = largest * (1 - k * NEIGHBOUR_STEP);
}

static enum lattn_status view_ask(struct oracle *oracle, struct random *random, double norm,
                                  struct view *ret_view)
{
    double y[QUESTIONS];
    double *x = memory_zeroed(QUESTIONS * (size_t)oracle->d, sizeof *x);
    enum lattn_status status;
    int next = 0;

    if (x == NULL)
        return LATTN_NO_MEMORY;
    norms_choose(NORM_SHARE * norm, ret_view->norm);
    rays_place(random, oracle->d, ret_view->norm, x);
    status = oracle_ask(oracle, ORACLE_TRIAL, QUESTIONS, 1, x, y);
    memory_release(x);
    for (int i = 0; i < RAYS && status == LATTN_OK; i++)
        for (int k = 0; k <= POINTS; k++)
            ret_view->y[i][k] = k == NORMS ? y[QUESTIONS - 1] : y[next++];
    return status;
}

/* From the second differences of neighbours, which have six times the variance of an answer. */
static double roughness_read(const struct view *view)
{
    double most = 0;

    for (int i = 0; i < RAYS; i++) {
        const double *y = view->y[i];

        most = fmax(most, fabs(y[0] - 2 * y[NORMS + 1] + y[NORMS + 2]));
    }
    return most / sqrt(6) / view->norm[0];
}

/* The steepest secant from zero, less what noise may do to it. */
static double steepness_read(const struct view *view, const struct conditions *conditions)
{
    double most = 0;

    for (int i = 0; i < RAYS; i++)
        for (int k = 0; k < NORMS; k++) {
            double y = view->y[i][k], zero = view->y[i][NORMS];
            double error = conditions_error(conditions, y) + conditions_error(conditions, zero);

            most = fmax(most, (fabs(y - zero) - 4 * error) / view->norm[k]);
        }
    return most;
}

/* Does the ray bend between norms k and k + 2? */
static int is_bent(const struct view *view, int ray, int k, const struct terrain *terrain,
                   const struct conditions *conditions)
{
    const double *y = view->y[ray], *norm = view->norm;
    double outer = norm[k] - norm[k + 1], inner = norm[k + 1] - norm[k + 2];
    double bend = (y[k] - y[k + 1]) / outer - (y[k + 1] - y[k + 2]) / inner;

    return fabs(bend) > TERRAIN_SIGMAS * (terrain_error(terrain, conditions, norm[k]) / outer +
                                          terrain_error(terrain, conditions, norm[k + 1]) / inner);
}

/*
 * Between the largest norm at which a ray bends and the smallest, as a ratio, and nearer to the
 * latter: a chord close to zero sees the ball wide, and misses fewer neurons.
 */
static void radius_read(const struct view *view, const struct conditions *conditions,
                        struct terrain *terrain)
{
    int first = NORMS, last = 0;
    int is_rounded = conditions->step > 0 || conditions->noise > 0;

    for (int i = 0; i < RAYS; i++)
        for (int k = 0; k + 2 <= NORMS; k++)
            if (is_bent(view, i, k, terrain, conditions)) {
                first = k < first ? k : first;
                last = k > last ? k : last;
            }
    terrain->is_homogeneous = first == NORMS;
    terrain->radius = conditions->norm * (is_rounded ? RADIUS_SHARE_ROUNDED : RADIUS_SHARE);
    if (!terrain->is_homogeneous) {
        double largest = view->norm[first + 1], smallest = view->norm[last + 1];

        terrain->radius =
            fmin(cbrt(largest * smallest * smallest), RADIUS_SHARE_MAX * conditions->norm);
    }
}

enum lattn_status terrain_survey(struct oracle *oracle, const struct conditions *conditions,
                                 struct random *random, struct terrain *ret_terrain)
{
    struct view view;
    enum lattn_status status = view_ask(oracle, random, conditions->norm, &view);

    if (status != LATTN_OK)
        return status;
    *ret_terrain = (struct terrain){
        .zero = view.y[0][NORMS],
        .steepness = steepness_read(&view, conditions),
        .roughness = roughness_read(&view),
    };
    radius_read(&view, conditions, ret_terrain);
    return LATTN_OK;
}
