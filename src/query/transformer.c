/*
 * One head with a network behind it: the network from single tokens, W by the way that suits the
 * network, and a last comparison of both together.
 */
#include "query/transformer.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/dense.h"
#include "query/interior.h"
#include "query/mirror.h"
#include "query/softmax.h"

#include <math.h>
#include <string.h>

enum {
    SEQUENCES = 16,   /* held out, of each length */
    SEQUENCE_MIN = 2, /* tokens */
    SEQUENCE_MAX = 4
};

/* Largest scores in held-out sequences: all tokens count, and no two alike. */
#define SCORE_WANTED 1.5

/* A network without neurons is flat where its slope is less than so many errors. */
#define SLOPE_SIGMAS 64

/* Of the norm of tokens. */
#define NORM_SHARE 0.9

/* Held-out sequences agree to this, times what single tokens had to: 1e-6 with doubles. */
#define TOLERANCE_FACTOR 10

uint64_t transformer_count(int32_t d, int32_t width)
{
    return network_count(d, width) + 2 * softmax_count(d);
}

/* ---- W --------------------------------------------------------------------------------------- */

/* |A w|, by which f(x) - f(-x) = w.A'x: the gradients on both sides of zero together. */
static double mirrored_norm(const struct lattn_attention *attention, double radius,
                            struct random *random)
{
    int32_t d = attention->d;
    double x[LATTN_DIM_MAX], there[LATTN_DIM_MAX], back[LATTN_DIM_MAX];

    terrain_direction(random, d, radius, x);
    (void)network_piece(attention, x, there);
    for (int32_t j = 0; j < d; j++)
        x[j] = -x[j];
    (void)network_piece(attention, x, back);
    dense_add(d, 1, there, back);
    return dense_norm(d, back);
}

/* Where a network does not look the same from both sides, its mirror is one softmax head. */
static enum lattn_status mirror_learn(struct oracle *oracle, const struct conditions *conditions,
                                      struct random *random, const struct network_info *info,
                                      struct lattn_attention *attention)
{
    size_t weights = (size_t)oracle->d * (size_t)oracle->d;
    struct lattn_attention *head = NULL;
    struct mirror mirror;
    enum lattn_status status = mirror_open(&mirror, oracle, conditions, &info->terrain);

    if (status == LATTN_OK)
        status = softmax_learn(&mirror.outer, &mirror.conditions, random, &head);
    if (status == LATTN_OK) {
        memcpy(attention->W, head->W, weights * sizeof *head->W);
        memcpy(attention->W_error, head->W_error, weights * sizeof *head->W_error);
    }
    lattn_attention_close(&head);
    mirror_close(&mirror);
    return status;
}

/* Exactly where that is possible, else with the precision of the network. */
static enum lattn_status weights_learn(struct oracle *oracle, const struct conditions *conditions,
                                       struct random *random, const struct network_info *info,
                                       struct lattn_attention *attention)
{
    const struct terrain *terrain = &info->terrain;
    double noise = sqrt(terrain_noise(terrain, conditions));
    enum lattn_status status = LATTN_RANK; /* of the mirror: it is zero */

    if (terrain->is_homogeneous &&
        mirrored_norm(attention, terrain->radius, random) > noise * terrain->steepness)
        status = mirror_learn(oracle, conditions, random, info, attention);
    if (status != LATTN_RANK)
        return status;
    return interior_learn(oracle, conditions, random, info, attention);
}

/* ---- both together --------------------------------------------------------------------------- */

/* Norm of tokens whose scores are as wanted. */
static double token_norm(const struct lattn_attention *attention,
                         const struct conditions *conditions)
{
    double size = dense_norm(attention->d * attention->d, attention->W);

    return fmin(sqrt(SCORE_WANTED * attention->d / size), NORM_SHARE * conditions->norm);
}

/* Ask sequences of n tokens. ret_wrong: mean square of what is wrong, over the size of answers. */
static enum lattn_status sequences_compare(struct oracle *oracle, struct random *random,
                                           const struct lattn_attention *attention, int32_t n,
                                           double norm, double size, double *ret_wrong)
{
    size_t d = (size_t)oracle->d, length = (size_t)n * d;
    double *x = memory_raw(SEQUENCES * length, sizeof *x);
    double y[SEQUENCES], own;
    enum lattn_status status;

    if (x == NULL)
        return LATTN_NO_MEMORY;
    for (size_t t = 0; t < SEQUENCES * (size_t)n; t++)
        terrain_direction(random, oracle->d, norm, x + t * d);
    status = oracle_ask(oracle, ORACLE_VERIFY, SEQUENCES, n, x, y);
    *ret_wrong = 0;
    for (int i = 0; i < SEQUENCES && status == LATTN_OK; i++) {
        lattn_attention_apply(attention, x + (size_t)i * length, n, &own);
        *ret_wrong += (own - y[i]) * (own - y[i]) / (size * size) / SEQUENCES;
    }
    memory_release(x);
    return status;
}

static enum lattn_status layer_verify(struct oracle *oracle, const struct conditions *conditions,
                                      struct random *random, const struct network_info *info,
                                      const struct lattn_attention *attention)
{
    double norm = token_norm(attention, conditions);
    double size = terrain_size(&info->terrain, norm);
    double tolerance = TOLERANCE_FACTOR * info->tolerance;
    enum lattn_status status = LATTN_OK;

    for (int32_t n = SEQUENCE_MIN; n <= SEQUENCE_MAX && n <= conditions->length; n++) {
        double wrong;

        status = sequences_compare(oracle, random, attention, n, norm, size, &wrong);
        if (status != LATTN_OK)
            break;
        if (sqrt(wrong) > tolerance)
            return complain(&oracle->complaint, LATTN_NO_CONVERGENCE,
                            "held-out answers to %d tokens differ from one softmax head before "
                            "the network by %.2g of their size",
                            n, sqrt(wrong));
    }
    return status;
}

static enum lattn_status layer_learn(struct oracle *oracle, const struct conditions *conditions,
                                     struct random *random, const struct network_info *info,
                                     struct lattn_attention *attention)
{
    const struct lattn_network *network = attention->network;
    enum lattn_status status;

    if (network->width == 0 &&
        dense_norm(attention->d, network->p) <= SLOPE_SIGMAS * sqrt(attention->d) * info->error) {
        memset(network->p, 0, (size_t)attention->d * sizeof *network->p);
        return LATTN_RANK;
    }
    oracle_phase(oracle, "learning W", 0);
    status = weights_learn(oracle, conditions, random, info, attention);
    return status == LATTN_OK ? layer_verify(oracle, conditions, random, info, attention) : status;
}

enum lattn_status transformer_learn(struct oracle *oracle, const struct conditions *conditions,
                                    struct random *random, struct lattn_attention **ret_attention,
                                    uint32_t *ret_freedoms)
{
    struct lattn_attention *attention = NULL;
    struct network_info info;
    enum lattn_status status;

    oracle_phase(oracle, "learning the network", 0);
    status = network_learn(oracle, conditions, random, &attention, &info);
    if (status == LATTN_OK)
        status = layer_learn(oracle, conditions, random, &info, attention);
    if (status < 0) {
        lattn_attention_close(&attention);
        return status;
    }
    *ret_attention = attention;
    *ret_freedoms = info.is_oriented ? 0 : LATTN_FREEDOM_NETWORK;
    if (status == LATTN_RANK)
        *ret_freedoms |= LATTN_FREEDOM_SILENT;
    return status;
}
