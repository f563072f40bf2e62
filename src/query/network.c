/*
 * A network from the pieces of one chord. Seen along it every neuron turns on: left of all kinks
 * the function is p.x + q, and each kink adds one term s ReLU(J.x + c). Which neurons the oracle
 * turns on the other way shows in p alone, the sum of those; where the J are independent they are
 * read off it.
 */
#include "query/network.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/dense.h"
#include "query/caps.h"
#include "query/pieces.h"

#include <math.h>
#include <string.h>

enum {
    CHORDS = 6,    /* one in some ten misses a neuron, or meets two that cannot be told apart */
    HELD_OUT = 16, /* each lies on the wrong side of a missed neuron with probability 1/2 */
    KINK_QUESTIONS = 11 /* of the search, as measured */
};

/* Jumps of the gradient below so many standard deviations are no neurons. */
#define NETWORK_SIGMAS 64

/* Held-out answers agree to this, times the square root of the relative noise: 1e-7 with doubles.
 */
#define TOLERANCE_FACTOR 10

/* In noise that leaves less than this nothing is said of a function. */
#define TOLERANCE_MAX 0.05

/* Answers below so many errors are none. */
#define NOTHING_SIGMAS 64

/* Of the norm of tokens: there a missed neuron is on the wrong side of one point in two. */
#define LARGEST_SHARE 0.9

/* How far from 0 or -1 the share of a neuron in p may be. */
#define ORIENTATION_SLACK 0.1

/*
 * Held-out points, asked once. worst: of those among the kinks, where most is left to explain:
 * there the next chord begins, so that it does not pass through dead neurons alone.
 */
struct trial {
    struct oracle *oracle;
    const struct conditions *conditions;
    struct random *random;
    struct network_info *info;
    double *x; /* HELD_OUT x d */
    double y[HELD_OUT];
    int worst;
};

uint64_t network_count(int32_t d, int32_t width)
{
    return (uint64_t)(width + 1) * (uint64_t)(d + 2) + KINK_QUESTIONS * (uint64_t)width;
}

double network_piece(const struct lattn_attention *attention, const double *x, double *ret_gradient)
{
    const struct lattn_network *network = attention->network;
    int32_t d = attention->d;
    double nearest = INFINITY;

    memcpy(ret_gradient, network->p, (size_t)d * sizeof *ret_gradient);
    for (int32_t k = 0; k < network->width; k++) {
        const double *J = network->J + (size_t)k * (size_t)d;
        double z = dense_dot(d, J, x) + network->c[k];

        nearest = fmin(nearest, fabs(z) / dense_norm(d, J));
        if (z > 0)
            dense_add(d, network->s[k], J, ret_gradient);
    }
    return nearest;
}

/* ---- from pieces to neurons ------------------------------------------------------------------ */

/* The neuron at kink k, unless the jump is noise. Returns how many it is: 0 or 1. */
static int32_t neuron_read(const struct chord *chord, const struct kinks *kinks,
                           const struct pieces *pieces, int32_t k, struct lattn_network *network,
                           int32_t place)
{
    int32_t d = pieces->d;
    const double *before = pieces->gradient + (size_t)k * (size_t)d, *after = before + d;
    double *J = network->J + (size_t)place * (size_t)d;
    double point[LATTN_DIM_MAX];
    double sign;

    for (int32_t j = 0; j < d; j++)
        J[j] = after[j] - before[j];
    if (dense_norm(d, J) <= NETWORK_SIGMAS * sqrt(d) * (pieces->error[k] + pieces->error[k + 1]))
        return 0;
    sign = dense_dot(d, J, chord->direction) > 0 ? 1 : -1;
    for (int32_t j = 0; j < d; j++)
        J[j] *= sign;
    chord_point(chord, kinks->at[k], point);
    network->s[place] = sign;
    network->c[place] = chord->terrain.is_homogeneous ? 0 : -dense_dot(d, J, point);
    return 1;
}

/* q such that the network is exact at zero, where the oracle was asked. */
static void constant_fit(const struct terrain *terrain, struct lattn_network *network)
{
    network->q = terrain->zero;
    for (int32_t k = 0; k < network->width; k++)
        network->q -= network->s[k] * fmax(network->c[k], 0);
}

static enum lattn_status network_read(const struct chord *chord, const struct kinks *kinks,
                                      const struct pieces *pieces,
                                      struct lattn_attention **ret_attention)
{
    enum lattn_status status = lattn_attention_open_network(ret_attention, pieces->d, kinks->count);
    struct lattn_network *network;
    int32_t width = 0;

    if (status != LATTN_OK)
        return status;
    network = (*ret_attention)->network;
    for (int32_t k = 0; k < kinks->count; k++)
        width += neuron_read(chord, kinks, pieces, k, network, width);
    network->width = width;
    memcpy(network->p, pieces->gradient, (size_t)pieces->d * sizeof *network->p);
    constant_fit(&chord->terrain, network);
    return LATTN_OK;
}

/* Of a gradient anywhere: half of the jumps add up in it, each with the errors of two pieces. */
static double errors_sum(const struct pieces *pieces)
{
    double squares = 0;

    for (int32_t i = 0; i < pieces->count; i++)
        squares += pieces->error[i] * pieces->error[i];
    return sqrt(squares);
}

static enum lattn_status chord_learn(struct trial *trial, struct kinks *kinks,
                                     struct lattn_attention **ret_attention)
{
    struct chord chord;
    struct pieces pieces = {0};
    enum lattn_status status =
        chord_open(&chord, trial->oracle, trial->conditions, &trial->info->terrain,
                   trial->x + (size_t)trial->worst * (size_t)trial->oracle->d, trial->random);

    if (status == LATTN_OK)
        status = kinks_find(&chord, trial->random, kinks);
    if (status == LATTN_OK)
        status = pieces_measure(&chord, kinks, &pieces);
    if (status == LATTN_OK)
        status = network_read(&chord, kinks, &pieces, ret_attention);
    if (status == LATTN_OK)
        trial->info->error = errors_sum(&pieces);
    pieces_close(&pieces);
    chord_close(&chord);
    return status;
}

/* ---- which way neurons stand ----------------------------------------------------------------- */

/* The shares y of all s J in p, least squares; row-major J is column-major for LAPACK. */
static enum lattn_status shares_solve(const struct lattn_attention *attention, double *ret_shares)
{
    const struct lattn_network *network = attention->network;
    size_t d = (size_t)attention->d, width = (size_t)network->width;
    double *a = memory_raw(d * width, sizeof *a);
    enum lattn_status status = LATTN_NO_MEMORY;

    if (a != NULL) {
        for (size_t k = 0; k < width; k++)
            for (size_t j = 0; j < d; j++)
                a[k * d + j] = network->s[k] * network->J[k * d + j];
        memcpy(ret_shares, network->p, d * sizeof *ret_shares);
        status = dense_least_squares((int32_t)d, (int32_t)width, a, 1, ret_shares, 0x1p-50, NULL);
    }
    memory_release(a);
    return status;
}

/* Is p the negative sum of the s J whose share is -1, and are all others 0? Lost in `rest`. */
static int is_sum(const struct lattn_attention *attention, const double *shares, double tolerance,
                  double *rest)
{
    const struct lattn_network *network = attention->network;
    int32_t d = attention->d;
    double size = dense_norm(d, network->p);

    memcpy(rest, network->p, (size_t)d * sizeof *rest);
    for (int32_t k = 0; k < network->width; k++) {
        const double *J = network->J + (size_t)k * (size_t)d;
        double share = round(shares[k]);

        if (fabs(shares[k] - share) > ORIENTATION_SLACK || share > 0 || share < -1)
            return 0;
        dense_add(d, -share * network->s[k], J, rest);
        size = fmax(size, dense_norm(d, J));
    }
    return dense_norm(d, rest) <= tolerance * size;
}

/* s ReLU(z) becomes s ReLU(-z) + s z: the line is what p has too little, and q its share. */
static void neurons_turn(struct lattn_attention *attention, const double *shares)
{
    struct lattn_network *network = attention->network;
    size_t d = (size_t)attention->d;

    for (int32_t k = 0; k < network->width; k++) {
        double *J = network->J + (size_t)k * d;

        if (round(shares[k]) == 0)
            continue;
        network->q += network->s[k] * network->c[k];
        network->c[k] = network->c[k] == 0 ? 0 : -network->c[k];
        for (size_t j = 0; j < d; j++)
            J[j] = -J[j];
    }
    memset(network->p, 0, d * sizeof *network->p);
}

static enum lattn_status network_orient(struct lattn_attention *attention,
                                        struct network_info *info)
{
    double shares[LATTN_DIM_MAX], rest[LATTN_DIM_MAX];
    int32_t width = attention->network->width;
    enum lattn_status status = LATTN_OK;

    info->is_oriented = 0;
    if (width > attention->d)
        return LATTN_OK;
    if (width > 0)
        status = shares_solve(attention, shares);
    if (status != LATTN_OK)
        return status;
    info->is_oriented = is_sum(attention, shares, info->tolerance, rest);
    if (info->is_oriented)
        neurons_turn(attention, shares);
    return LATTN_OK;
}

/* ---- held-out points ------------------------------------------------------------------------- */

/* Half of them as large as tokens may be, half among the kinks. */
static void held_out_place(struct trial *trial)
{
    int32_t d = trial->oracle->d;
    double largest = LARGEST_SHARE * trial->conditions->norm;

    for (int i = 0; i < HELD_OUT; i++) {
        double norm;

        random_normals(trial->random, &norm, 1);
        norm = i % 2 == 0 ? largest : fmin(trial->info->terrain.radius * exp(norm), largest);
        terrain_direction(trial->random, d, norm, trial->x + (size_t)i * (size_t)d);
    }
}

/* They lie in more directions than a survey sees: it may have met nothing but dead neurons. */
static enum lattn_status held_out_ask(struct trial *trial)
{
    struct network_info *info = trial->info;
    struct terrain *terrain = &info->terrain;
    size_t d = (size_t)trial->oracle->d;
    enum lattn_status status;

    trial->x = memory_raw(HELD_OUT * d, sizeof *trial->x);
    if (trial->x == NULL)
        return LATTN_NO_MEMORY;
    held_out_place(trial);
    status = oracle_ask(trial->oracle, ORACLE_VERIFY, HELD_OUT, 1, trial->x, trial->y);
    for (size_t i = 0; i < HELD_OUT && status == LATTN_OK; i++) {
        double norm = dense_norm((int32_t)d, trial->x + i * d);
        double rise =
            fabs(trial->y[i] - terrain->zero) - 4 * terrain_error(terrain, trial->conditions, norm);

        terrain->steepness = fmax(terrain->steepness, rise / norm);
    }
    info->tolerance =
        fmin(TOLERANCE_FACTOR * sqrt(terrain_noise(terrain, trial->conditions)), TOLERANCE_MAX);
    return status;
}

/* What a layer gets wrong at point i, relative to the size of answers there; NULL: zero alone. */
static double point_compare(const struct trial *trial, const struct lattn_attention *attention,
                            int i)
{
    const struct terrain *terrain = &trial->info->terrain;
    const double *x = trial->x + (size_t)i * (size_t)trial->oracle->d;
    double norm = dense_norm(trial->oracle->d, x);
    double size = fmax(terrain_size(terrain, norm),
                       NOTHING_SIGMAS * terrain_error(terrain, trial->conditions, norm));
    double y = terrain->zero;

    if (attention != NULL)
        lattn_attention_apply(attention, x, 1, &y);
    return y == trial->y[i] ? 0 : fabs(y - trial->y[i]) / size;
}

/* Root mean square over all points. */
static double held_out_compare(struct trial *trial, const struct lattn_attention *attention)
{
    double squares = 0, most = -1;

    for (int i = 0; i < HELD_OUT; i++) {
        double wrong = point_compare(trial, attention, i);

        squares += wrong * wrong;
        if (i % 2 == 1 && wrong > most) {
            most = wrong;
            trial->worst = i;
        }
    }
    return sqrt(squares / HELD_OUT);
}

/* Where a cap keeps tokens small most chords pass most neurons by: that is no other architecture.
 */
static enum lattn_status residual_refuse(const struct trial *trial, int32_t width)
{
    int is_capped = trial->conditions->norm < ldexp(1, CAPS_EXPONENT);

    return complain(&trial->oracle->complaint, is_capped ? LATTN_REFUSED : LATTN_NO_CONVERGENCE,
                    "answers to one token, of norms up to %.3g, differ from a network of %d "
                    "neurons by %.2g of their size",
                    trial->conditions->norm, width, trial->info->residual);
}

static enum lattn_status chords_try(struct trial *trial, struct lattn_attention **ret_attention)
{
    struct network_info *info = trial->info;
    struct kinks *kinks = memory_raw(1, sizeof *kinks);
    struct lattn_attention *attention = NULL;
    enum lattn_status status = kinks == NULL ? LATTN_NO_MEMORY : held_out_ask(trial);

    if (status == LATTN_OK)
        info->residual = held_out_compare(trial, NULL);
    for (int i = 0; i < CHORDS && status == LATTN_OK; i++) {
        lattn_attention_close(&attention);
        status = chord_learn(trial, kinks, &attention);
        if (status == LATTN_OK)
            info->residual = held_out_compare(trial, attention);
        if (status == LATTN_OK && info->residual <= info->tolerance)
            break;
    }
    memory_release(kinks);
    if (status == LATTN_OK && info->residual > info->tolerance)
        status = residual_refuse(trial, attention->network->width);
    if (status == LATTN_OK)
        *ret_attention = attention;
    else
        lattn_attention_close(&attention);
    return status;
}

enum lattn_status network_learn(struct oracle *oracle, const struct conditions *conditions,
                                struct random *random, struct lattn_attention **ret_attention,
                                struct network_info *ret_info)
{
    struct trial trial = {oracle, conditions, random, ret_info, NULL, {0}, 0};
    struct lattn_attention *attention = NULL;
    enum lattn_status status = terrain_survey(oracle, conditions, random, &ret_info->terrain);

    if (status == LATTN_OK)
        status = chords_try(&trial, &attention);
    if (status == LATTN_OK)
        status = network_orient(attention, ret_info);
    memory_release(trial.x);
    if (status != LATTN_OK) {
        lattn_attention_close(&attention);
        return status;
    }
    *ret_attention = attention;
    return LATTN_OK;
}
