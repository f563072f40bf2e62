/*
 * W from inside linear pieces. The entries of a vantage b give W b, in closed form since its frame
 * is anchored; the products with all b give W.
 */
#include "query/interior.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/dense.h"
#include "query/frame.h"
#include "query/vantages.h"

#include <math.h>

enum {
    ROUNDS = 24,       /* of entries that are asked again: each divides the reach by 4 */
    SCALE_ENTRIES = 6, /* that tell the scale of W */
    SCALE_ROUNDS = 16  /* of trials: 2^48 and back */
};

/* A weight nearer to 0 or 1 has a logit that has lost a digit or more. */
#define WEIGHT_MIN 0.03

/* Outside of (0, 1) by a part of whose size the known network may explain, no softmax. */
#define WEIGHT_SLACK 0.01
#define INTERIOR_SIGMAS 64

/* A typical logit tells the scale where it is so many errors. */
#define SCALE_SIGMAS 16

/* One entry u'W b: what is asked, and what is known of it. */
struct entry {
    int32_t vantage;
    int32_t row;  /* of the frame */
    size_t place; /* in the block */
    double reach;
    double weight;
    double value;
    double error;
};

struct interior {
    struct oracle *oracle;
    const struct conditions *conditions;
    const struct network_info *info;
    struct vantages vantages;
    int32_t block;         /* vantages that are asked about together */
    int32_t first;         /* of the block at hand */
    double *frames;        /* block x d x d */
    double *flat;          /* d: the answers to b alone */
    struct entry *entries; /* block x d */
    struct entry *again;   /* block x d: those that are saturated */
    double *x;             /* LATTN_QUESTIONS_MAX x 2 x d */
    double *y;             /* LATTN_QUESTIONS_MAX */
    double *products;      /* d x d: column j is W b_j */
    double *variances;     /* d x d: of the products */
};

static enum lattn_status interior_open(struct interior *interior, struct oracle *oracle,
                                       const struct conditions *conditions,
                                       const struct network_info *info,
                                       const struct lattn_attention *attention)
{
    size_t d = (size_t)oracle->d;
    size_t block = LATTN_QUESTIONS_MAX / d < d ? LATTN_QUESTIONS_MAX / d : d;

    *interior = (struct interior){
        .oracle = oracle,
        .conditions = conditions,
        .info = info,
        .block = (int32_t)block,
        .frames = memory_raw(block * d * d, sizeof(double)),
        .flat = memory_raw(d, sizeof(double)),
        .entries = memory_raw(block * d, sizeof(struct entry)),
        .again = memory_raw(block * d, sizeof(struct entry)),
        .x = memory_raw(2 * LATTN_QUESTIONS_MAX * d, sizeof(double)),
        .y = memory_raw(LATTN_QUESTIONS_MAX, sizeof(double)),
        .products = memory_raw(d * d, sizeof(double)),
        .variances = memory_raw(d * d, sizeof(double)),
    };
    if (interior->frames == NULL || interior->flat == NULL || interior->entries == NULL ||
        interior->again == NULL || interior->x == NULL || interior->y == NULL ||
        interior->products == NULL || interior->variances == NULL)
        return LATTN_NO_MEMORY;
    return vantages_open(&interior->vantages, attention, info, conditions);
}

static void interior_close(struct interior *interior)
{
    vantages_close(&interior->vantages);
    memory_release(interior->frames);
    memory_release(interior->flat);
    memory_release(interior->entries);
    memory_release(interior->again);
    memory_release(interior->x);
    memory_release(interior->y);
    memory_release(interior->products);
    memory_release(interior->variances);
}

uint64_t interior_count(int32_t d)
{
    return (uint64_t)d * (uint64_t)d + (uint64_t)d;
}

/* ---- entries --------------------------------------------------------------------------------- */

static const double *direction_of(const struct interior *interior, const struct entry *entry)
{
    size_t d = (size_t)interior->oracle->d;

    return interior->frames +
           ((size_t)(entry->vantage - interior->first) * d + (size_t)entry->row) * d;
}

static void question_write(const struct interior *interior, const struct entry *entry,
                           double *ret_x)
{
    size_t d = (size_t)interior->oracle->d;
    const double *b = interior->vantages.b + (size_t)entry->vantage * d;
    const double *u = direction_of(interior, entry);

    for (size_t j = 0; j < d; j++) {
        ret_x[j] = b[j] + entry->reach * u[j];
        ret_x[d + j] = b[j];
    }
}

/* From an answer: alpha, its logit, and what noise and the network's own error do to it. */
static void entry_read(const struct interior *interior, double y, struct entry *entry)
{
    int32_t d = interior->oracle->d;
    size_t row = (size_t)entry->vantage * (size_t)d;
    const double *b = interior->vantages.b + row;
    double slope = dense_dot(d, direction_of(interior, entry), interior->vantages.gradient + row);
    double noise =
        M_SQRT2 * terrain_error(&interior->info->terrain, interior->conditions, dense_norm(d, b));
    double weight = (y - interior->flat[entry->vantage]) / (entry->reach * slope);
    double error = hypot(noise / (entry->reach * slope), weight * interior->info->error / slope);

    entry->weight = weight;
    entry->value = log(weight / (1 - weight)) / entry->reach;
    entry->error = error / (weight * (1 - weight)) / entry->reach;
}

static int is_saturated(const struct entry *entry)
{
    return !(WEIGHT_MIN < entry->weight && entry->weight < 1 - WEIGHT_MIN);
}

static int is_impossible(const struct entry *entry)
{
    double error = fabs(entry->error * entry->reach * entry->weight * (1 - entry->weight));
    double slack = WEIGHT_SLACK + INTERIOR_SIGMAS * error;

    return entry->weight < -slack || entry->weight > 1 + slack;
}

static enum lattn_status entries_ask(struct interior *interior, enum oracle_purpose purpose,
                                     size_t count, struct entry *entries)
{
    size_t d = (size_t)interior->oracle->d;
    enum lattn_status status;

    for (size_t i = 0; i < count; i++)
        question_write(interior, &entries[i], interior->x + 2 * d * i);
    status = oracle_ask(interior->oracle, purpose, count, 2, interior->x, interior->y);
    for (size_t i = 0; i < count && status == LATTN_OK; i++) {
        entry_read(interior, interior->y[i], &entries[i]);
        if (is_impossible(&entries[i]))
            status =
                complain(&interior->oracle->complaint, LATTN_NO_CONVERGENCE,
                         "one of two tokens has the weight %.6g in front of the network, which "
                         "softmax does not give",
                         entries[i].weight);
    }
    return status;
}

/* ---- a block of vantages --------------------------------------------------------------------- */

/* The frames of `count` vantages from `first` on, and an entry for each direction. */
static void block_prepare(struct interior *interior, int32_t first, int32_t count)
{
    int32_t d = interior->oracle->d;
    size_t n = (size_t)d;

    interior->first = first;
    for (int32_t j = 0; j < count; j++) {
        size_t vantage = (size_t)(first + j);

        frame_anchor(d, interior->vantages.gradient + vantage * n,
                     interior->frames + (size_t)j * n * n);
        for (int32_t i = 0; i < d; i++)
            interior->entries[j * d + i] = (struct entry){
                .vantage = first + j,
                .row = i,
                .place = (size_t)(j * d + i),
                .reach = interior->vantages.reach[vantage],
            };
    }
}

/* Those of the block that are saturated, nearer by a factor of 4. Returns how many. */
static size_t saturated_collect(struct interior *interior, size_t count)
{
    size_t left = 0;

    for (size_t i = 0; i < count; i++)
        if (is_saturated(&interior->entries[i])) {
            interior->again[left] = interior->entries[i];
            interior->again[left++].reach /= 4;
        }
    return left;
}

static enum lattn_status saturated_ask(struct interior *interior, size_t count)
{
    size_t left = saturated_collect(interior, count);
    enum lattn_status status = LATTN_OK;

    for (int round = 0; left > 0 && status == LATTN_OK; round++) {
        if (round == ROUNDS)
            return complain(&interior->oracle->complaint, LATTN_NO_CONVERGENCE,
                            "one of two tokens has all the weight however near they are, which "
                            "softmax does not give");
        status = entries_ask(interior, ORACLE_TRIAL, left, interior->again);
        for (size_t i = 0; i < left; i++)
            interior->entries[interior->again[i].place] = interior->again[i];
        left = saturated_collect(interior, count);
    }
    return status;
}

/* W b of the vantage whose entries begin at `entries`: a column of the products. */
static void product_solve(struct interior *interior, const struct entry *entries)
{
    int32_t d = interior->oracle->d;
    double value[LATTN_DIM_MAX], error[LATTN_DIM_MAX], x[LATTN_DIM_MAX], x_error[LATTN_DIM_MAX];

    for (int32_t i = 0; i < d; i++) {
        value[i] = entries[i].value;
        error[i] = entries[i].error;
    }
    frame_anchor_solve(d, direction_of(interior, entries), value, error, x, x_error);
    for (size_t i = 0; i < (size_t)d; i++) {
        size_t place = i * (size_t)d + (size_t)entries->vantage;

        interior->products[place] = x[i];
        interior->variances[place] = x_error[i] * x_error[i];
    }
}

static enum lattn_status block_learn(struct interior *interior, int32_t first, int32_t count)
{
    size_t d = (size_t)interior->oracle->d;
    enum lattn_status status;

    block_prepare(interior, first, count);
    status = entries_ask(interior, ORACLE_LEARN, (size_t)count * d, interior->entries);
    if (status == LATTN_OK)
        status = saturated_ask(interior, (size_t)count * d);
    for (size_t j = 0; j < (size_t)count && status == LATTN_OK; j++)
        product_solve(interior, interior->entries + j * d);
    return status;
}

/* ---- the scale of W -------------------------------------------------------------------------- */

/* Typical logit of the first vantage's entries, and its error; 1: some are saturated. */
static enum lattn_status logits_try(struct interior *interior, double *ret_logit, double *ret_error,
                                    int *ret_saturated)
{
    int32_t count = interior->oracle->d < SCALE_ENTRIES ? interior->oracle->d : SCALE_ENTRIES;
    double squares = 0, errors = 0;
    enum lattn_status status =
        oracle_ask(interior->oracle, ORACLE_TRIAL, 1, 1, interior->vantages.b, interior->flat);

    if (status != LATTN_OK)
        return status;
    block_prepare(interior, 0, 1);
    status = entries_ask(interior, ORACLE_TRIAL, (size_t)count, interior->entries);
    *ret_saturated = 0;
    for (int32_t i = 0; i < count; i++) {
        const struct entry *entry = &interior->entries[i];

        *ret_saturated |= is_saturated(entry);
        squares += entry->value * entry->value * entry->reach * entry->reach;
        errors += entry->error * entry->error * entry->reach * entry->reach;
    }
    *ret_logit = sqrt(squares / count);
    *ret_error = sqrt(errors / count);
    return status;
}

/* Typical u'W b / |u| |b|; 0 where W is too small for any logit to show. */
static enum lattn_status scale_find(struct interior *interior, struct random *random,
                                    double *ret_scale)
{
    struct vantages *vantages = &interior->vantages;
    double told = interior->conditions->scale;
    double scale = told > 0 ? told / sqrt(interior->oracle->d) : 1;
    enum lattn_status status = LATTN_OK;

    for (int round = 0; round < SCALE_ROUNDS && status == LATTN_OK; round++) {
        double logit, error, product;
        int saturated;

        vantages->count = 0;
        status = vantages_add(vantages, random, scale);
        if (status == LATTN_OK)
            status = logits_try(interior, &logit, &error, &saturated);
        if (status != LATTN_OK)
            break;
        product = vantages->reach[0] * dense_norm(interior->oracle->d, vantages->b);
        if (saturated) {
            scale *= 8;
        } else if (logit < SCALE_SIGMAS * error && product * scale > 0.1) {
            scale /= 64;
        } else {
            scale = logit / product;
            break;
        }
    }
    vantages->count = 0;
    *ret_scale = scale;
    return status;
}

/* ---- W --------------------------------------------------------------------------------------- */

static void transpose(size_t n, double *a)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            double kept = a[i * n + j];

            a[i * n + j] = a[j * n + i];
            a[j * n + i] = kept;
        }
}

/* With the b as rows of B: B W' = (W B')', and row i of W B' is what frame_solve takes. */
static enum lattn_status weights_solve(struct interior *interior, struct lattn_attention *attention)
{
    int32_t d = attention->d;
    enum lattn_status status = frame_solve(d, interior->vantages.b, interior->products,
                                           interior->variances, attention->W, attention->W_error);

    transpose((size_t)d, attention->W);
    transpose((size_t)d, attention->W_error);
    return status;
}

static enum lattn_status vantages_find(struct interior *interior, struct random *random)
{
    double scale;
    enum lattn_status status = scale_find(interior, random, &scale);

    while (status == LATTN_OK && interior->vantages.count < interior->oracle->d)
        status = vantages_add(&interior->vantages, random, scale);
    if (status == LATTN_RANK)
        status = complain(&interior->oracle->complaint, LATTN_NO_CONVERGENCE,
                          "the network is flat at all tokens up to norm %.3g that were tried, and "
                          "hides the attention before it",
                          interior->conditions->norm);
    return status;
}

enum lattn_status interior_learn(struct oracle *oracle, const struct conditions *conditions,
                                 struct random *random, const struct network_info *info,
                                 struct lattn_attention *attention)
{
    struct interior interior;
    int32_t d = oracle->d;
    enum lattn_status status = interior_open(&interior, oracle, conditions, info, attention);

    if (status == LATTN_OK)
        status = vantages_find(&interior, random);
    if (status == LATTN_OK)
        status = oracle_ask(oracle, ORACLE_LEARN, (size_t)d, 1, interior.vantages.b, interior.flat);
    for (int32_t j = 0; j < d && status == LATTN_OK; j += interior.block)
        status = block_learn(&interior, j, d - j < interior.block ? d - j : interior.block);
    if (status == LATTN_OK)
        status = weights_solve(&interior, attention);
    interior_close(&interior);
    return status;
}
