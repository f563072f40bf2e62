/*
 * Where in token space to stand. An entry u'W b / |u| |b| is disturbed by noise as
 *
 *     4 error(b) / (|g| reach^2 |b|),     reach <= distance of the nearest kink, 1 / (scale |b|)
 *
 * so that the best points are neither at the largest norms, where logits saturate, nor near zero:
 * of each direction all norms are tried, since the network is known and costs no question.
 */
#include "query/vantages.h"

#include "base/memory.h"
#include "core/dense.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum {
    CANDIDATES = 12,       /* directions for each vantage: of forty the best is hardly better */
    CANDIDATES_MAX = 1000, /* where a network is flat in most of them */
    NORMS = 24             /* the largest, and halves of it */
};

/* Of the distance to the nearest kink: what is known of kinks is known less well than that. */
#define REACH_SHARE 0.9

/* Of the largest norm: b + u has to stay within it. */
#define NORM_SHARE 0.99

/* A gradient of fewer errors is none. */
#define FLAT_SIGMAS 64

/* The logit of u as long as it may be. */
#define LOGIT_WANTED 0.7

/* The part of a direction that earlier ones do not span is so long at least. */
#define NOVELTY_MIN 0.35

/* A point to stand at: b = norm direction. */
struct candidate {
    double direction[LATTN_DIM_MAX];
    double gradient[LATTN_DIM_MAX];
    double norm;
    double reach;
    double merit;
};

enum lattn_status vantages_open(struct vantages *vantages, const struct lattn_attention *attention,
                                const struct network_info *info,
                                const struct conditions *conditions)
{
    size_t d = (size_t)attention->d;

    *vantages = (struct vantages){
        .attention = attention,
        .info = info,
        .conditions = conditions,
        .b = memory_raw(d * d, sizeof(double)),
        .gradient = memory_raw(d * d, sizeof(double)),
        .reach = memory_raw(d, sizeof(double)),
        .basis = memory_raw(d * d, sizeof(double)),
    };
    return vantages->b == NULL || vantages->gradient == NULL || vantages->reach == NULL ||
                   vantages->basis == NULL
               ? LATTN_NO_MEMORY
               : LATTN_OK;
}

void vantages_close(struct vantages *vantages)
{
    memory_release(vantages->b);
    memory_release(vantages->gradient);
    memory_release(vantages->reach);
    memory_release(vantages->basis);
    *vantages = (struct vantages){0};
}

/* ---- directions ------------------------------------------------------------------------------ */

/* Part a direction into what the basis spans and the rest. */
static void direction_part(const struct vantages *vantages, const double *direction,
                           double *ret_old, double *ret_new)
{
    int32_t d = vantages->attention->d;

    memset(ret_old, 0, (size_t)d * sizeof *ret_old);
    memcpy(ret_new, direction, (size_t)d * sizeof *ret_new);
    for (int32_t i = 0; i < vantages->count; i++) {
        const double *q = vantages->basis + (size_t)i * (size_t)d;
        double share = dense_dot(d, q, ret_new);

        dense_add(d, share, q, ret_old);
        dense_add(d, -share, q, ret_new);
    }
}

/* At random, but a third of it outside of what there is. */
static void direction_draw(const struct vantages *vantages, struct random *random,
                           double *ret_direction)
{
    int32_t d = vantages->attention->d;
    double drawn[LATTN_DIM_MAX], old[LATTN_DIM_MAX], new[LATTN_DIM_MAX];
    double novelty, known;

    do {
        terrain_direction(random, d, 1, drawn);
        direction_part(vantages, drawn, old, new);
        novelty = dense_norm(d, new);
    } while (!(novelty > 0));
    known = dense_norm(d, old);
    memcpy(ret_direction, drawn, (size_t)d * sizeof *drawn);
    if (novelty >= NOVELTY_MIN || known == 0)
        return;
    for (int32_t j = 0; j < d; j++)
        ret_direction[j] = new[j] * (NOVELTY_MIN / novelty) +
                           old[j] * (sqrt(1 - NOVELTY_MIN * NOVELTY_MIN) / known);
}

/* ---- how good a point is --------------------------------------------------------------------- */

/*
 * lengths  width: of the rows of J
 * rise     width: J.direction, how fast each neuron turns on with the norm
 * active   width: 1 where it is on at the norm at hand
 */
struct scan {
    const struct vantages *vantages;
    double *lengths;
    double *rise;
    double *active;
    double gradient[LATTN_DIM_MAX];
};

/*
 * Go to another norm: what turns changes the gradient, on a ray each neuron once at most. Returns
 * how far the nearest kink is.
 */
static double scan_step(struct scan *scan, double norm)
{
    const struct lattn_attention *attention = scan->vantages->attention;
    const struct lattn_network *network = attention->network;
    double nearest = INFINITY;

    for (int32_t k = 0; k < network->width; k++) {
        double z = norm * scan->rise[k] + network->c[k], active = z > 0;

        nearest = fmin(nearest, fabs(z) / scan->lengths[k]);
        if (active == scan->active[k])
            continue;
        dense_add(attention->d, (active - scan->active[k]) * network->s[k],
                  network->J + (size_t)k * (size_t)attention->d, scan->gradient);
        scan->active[k] = active;
    }
    return nearest;
}

/* How little noise disturbs entries asked at this norm; 0: not at all to be asked there. */
static double merit_of(const struct scan *scan, double norm, double reach)
{
    const struct network_info *info = scan->vantages->info;
    int32_t d = scan->vantages->attention->d;
    double error = terrain_error(&info->terrain, scan->vantages->conditions, norm);
    double slope = dense_norm(d, scan->gradient);

    if (reach <= 0 || slope <= FLAT_SIGMAS * sqrt(d) * info->error)
        return 0;
    return slope * reach * reach * norm / fmax(error, DBL_MIN);
}

/* The best norm for the candidate's direction. */
static void candidate_place(struct scan *scan, double scale, struct candidate *candidate)
{
    const struct lattn_attention *attention = scan->vantages->attention;
    double largest = scan->vantages->conditions->norm * NORM_SHARE;

    dense_multiply_vector(DENSE_PLAIN, attention->network->width, attention->d, 1,
                          attention->network->J, (size_t)attention->d, candidate->direction, 0,
                          scan->rise);
    memcpy(scan->gradient, attention->network->p, (size_t)attention->d * sizeof(double));
    memset(scan->active, 0, (size_t)attention->network->width * sizeof *scan->active);
    candidate->merit = 0;
    for (int k = 1; k <= NORMS; k++) {
        double norm = ldexp(largest, -k);
        double reach = fmin(REACH_SHARE * scan_step(scan, norm), largest - norm);
        double merit;

        if (scale > 0)
            reach = fmin(reach, LOGIT_WANTED / (scale * norm));
        merit = merit_of(scan, norm, reach);
        if (merit <= candidate->merit)
            continue;
        candidate->merit = merit;
        candidate->norm = norm;
        candidate->reach = reach;
        memcpy(candidate->gradient, scan->gradient, sizeof candidate->gradient);
    }
}

static void candidate_keep(struct vantages *vantages, const struct candidate *candidate)
{
    int32_t d = vantages->attention->d;
    size_t row = (size_t)vantages->count * (size_t)d;
    double old[LATTN_DIM_MAX];
    double novelty;

    direction_part(vantages, candidate->direction, old, vantages->basis + row);
    novelty = dense_norm(d, vantages->basis + row);
    for (int32_t j = 0; j < d; j++) {
        vantages->basis[row + (size_t)j] /= novelty;
        vantages->b[row + (size_t)j] = candidate->norm * candidate->direction[j];
    }
    memcpy(vantages->gradient + row, candidate->gradient, (size_t)d * sizeof(double));
    vantages->reach[vantages->count++] = candidate->reach;
}

static enum lattn_status scan_open(struct scan *scan, const struct vantages *vantages)
{
    const struct lattn_attention *attention = vantages->attention;
    size_t width = (size_t)attention->network->width;

    *scan = (struct scan){.vantages = vantages, .lengths = memory_raw(3 * width, sizeof(double))};
    if (scan->lengths == NULL)
        return LATTN_NO_MEMORY;
    scan->rise = scan->lengths + width;
    scan->active = scan->rise + width;
    for (size_t k = 0; k < width; k++)
        scan->lengths[k] =
            dense_norm(attention->d, attention->network->J + k * (size_t)attention->d);
    return LATTN_OK;
}

enum lattn_status vantages_add(struct vantages *vantages, struct random *random, double scale)
{
    struct candidate candidate, best = {.merit = 0};
    struct scan scan;
    enum lattn_status status = scan_open(&scan, vantages);

    if (status != LATTN_OK)
        return status;
    for (int i = 0; i < CANDIDATES || (best.merit == 0 && i < CANDIDATES_MAX); i++) {
        direction_draw(vantages, random, candidate.direction);
        candidate_place(&scan, scale, &candidate);
        if (candidate.merit > best.merit)
            best = candidate;
    }
    memory_release(scan.lengths);
    if (best.merit == 0)
        return LATTN_RANK;
    candidate_keep(vantages, &best);
    return LATTN_OK;
}
