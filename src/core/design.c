/*
 * Sequences made to order: two tokens each, whose features span everything.
 *
 * Without a bias the contexts a are e_j and (e_j + e_k) / sqrt 2, the queries z = e_l. There are
 * d (d+1) / 2 matrices aa', which are independent, and a query e_l asks for features (jk, l) alone.
 * With a bias the coordinates besides it take the contexts 0, e_j, -e_j and (e_j + e_k) / sqrt 2,
 * at which the monomials of degree 2 are independent, and the queries 0 and e_l. That zz' is added
 * to aa' changes neither, as README.md, section 3, shows.
 *
 * All tokens but 0 are of one length: long queries make labels stand out of noise, although shorter
 * ones would be better conditioned (measured at d = 8: with queries of a quarter rho is .21 instead
 * of .069, and the least singular value of the features .058 instead of .23).
 */
#include "base/complaint.h"
#include "base/memory.h"
#include "core/certificate.h"
#include "core/suggest.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    TOKENS = 2,
    /* Numbers in the tokens of all sequences: 512 MiB. */
    TOKENS_NUMBERS_MAX = 1 << 26
};

/* So that features, cubes of it, neither vanish nor overflow. */
static const double norm_least = 1e-40;
static const double norm_largest = 1e40;

/*
 * width   coordinates of a token without the bias
 * units   width: length of e_j
 * room    of items: so many of all p sequences are made
 */
struct design {
    int32_t width;
    int32_t bias;
    double units[LATTN_DIM_MAX];
    struct lattn_item *items;
    double *z;
    size_t count;
    size_t room;
};

/* D^2 of (jj, l) of coordinates besides the bias, the mean of S_jj^2 z_l^2. */
static double square_mean(const struct design *design, const struct factor *factor, int32_t j,
                          int32_t l)
{
    const struct feature feature = {(uint16_t)(j + design->bias), (uint16_t)(j + design->bias),
                                    (uint16_t)(l + design->bias)};

    return factor->scales[feature_index(factor->d, feature)] / factor->weight_ever;
}

/* The unit of a coordinate that never asked, by those that did; 0 where none has seen it. */
static double unit_beside(const struct design *design, const struct factor *factor, int32_t j)
{
    double unit = 0;

    for (int32_t l = 0; l < design->width; l++)
        if (design->units[l] > 0)
            unit = fmax(unit, sqrt(sqrt(square_mean(design, factor, j, l)) / design->units[l]));
    return unit;
}

/*
 * A unit for each coordinate that makes features about as large as those learned: D of (jj, l) is
 * u_j^2 u_l. A coordinate that never occurred takes the largest unit, or 1.
 */
static void units_find(struct design *design, const struct factor *factor)
{
    double beside[LATTN_DIM_MAX] = {0};
    double largest = 0;

    for (int32_t j = 0; factor->pairs > 0 && j < design->width; j++)
        design->units[j] = cbrt(sqrt(square_mean(design, factor, j, j)));
    for (int32_t j = 0; factor->pairs > 0 && j < design->width; j++)
        beside[j] = design->units[j] > 0 ? 0 : unit_beside(design, factor, j);
    for (int32_t j = 0; j < design->width; j++) {
        design->units[j] += beside[j];
        largest = fmax(largest, design->units[j]);
    }
    for (int32_t j = 0; j < design->width; j++)
        if (design->units[j] == 0)
            design->units[j] = largest > 0 ? largest : 1;
}

/* Let the longest token be as long as it may. */
static void units_bound(struct design *design, double norm_max)
{
    double largest = 0;

    for (int32_t j = 0; j < design->width; j++)
        largest = fmax(largest, design->units[j]);
    for (int32_t j = 0; j < design->width; j++)
        design->units[j] *= norm_max / largest;
}

/* Write a sequence: the context a e_j + b e_k, and the query e_l, or 0 for l = width. */
static void sequence_write(struct design *design, int32_t j, double a, int32_t k, double b,
                           int32_t l)
{
    double *z = design->z + design->count * TOKENS * (size_t)design->width;

    z[j] += a * design->units[j];
    z[k] += b * design->units[k];
    if (l < design->width)
        z[design->width + l] = design->units[l];
    design->items[design->count++] =
        (struct lattn_item){.z = z, .weight = 1, .n = TOKENS, .d = design->width};
}

/* A context with each query. */
static void context_write(struct design *design, int32_t j, double a, int32_t k, double b)
{
    for (int32_t l = 0; design->count < design->room && l < design->width + design->bias; l++)
        sequence_write(design, j, a, k, b, l);
}

static void contexts_write(struct design *design)
{
    const double half = sqrt(0.5);

    if (design->bias)
        context_write(design, 0, 0, 0, 0);
    for (int32_t j = 0; j < design->width; j++) {
        context_write(design, j, 1, j, 0);
        if (design->bias)
            context_write(design, j, -1, j, 0);
        for (int32_t k = j + 1; k < design->width; k++)
            context_write(design, j, half, k, half);
    }
}

/* Make the first `room` sequences. */
static enum lattn_status design_init(struct design *design, const struct lattn_learner *learner,
                                     double norm_max, size_t room)
{
    int32_t bias = learner->settings.bias;
    size_t numbers = room * TOKENS * (size_t)(learner->d - bias);

    *design = (struct design){.width = learner->d - bias, .bias = bias, .room = room};
    if (numbers > TOKENS_NUMBERS_MAX)
        return LATTN_MEMORY_LIMIT;
    design->items = memory_raw(room, sizeof *design->items);
    design->z = memory_zeroed(numbers, sizeof *design->z);
    if (design->items == NULL || design->z == NULL)
        return LATTN_NO_MEMORY;
    units_find(design, &learner->factor);
    if (norm_max > 0)
        units_bound(design, norm_max);
    contexts_write(design);
    assert(design->count == room);
    return LATTN_OK;
}

static void design_done(struct design *design)
{
    memory_release(design->items);
    memory_release(design->z);
}

/* Copy what was chosen: items, and behind them their tokens. */
static enum lattn_status design_give(const struct design *design, const size_t *order, size_t count,
                                     struct lattn_item **ret_items)
{
    size_t numbers = TOKENS * (size_t)design->width;
    struct lattn_item *items = memory_raw(count, sizeof *items + numbers * sizeof(double));
    double *z;

    if (items == NULL)
        return LATTN_NO_MEMORY;
    z = (double *)(items + count);
    for (size_t i = 0; i < count; i++, z += numbers) {
        items[i] = design->items[order[i]];
        memcpy(z, items[i].z, numbers * sizeof *z);
        items[i].z = z;
    }
    *ret_items = items;
    return LATTN_OK;
}

/* Choose `count` among the first `room` sequences. */
static enum lattn_status design_choose(struct lattn_learner *learner, double norm_max, size_t room,
                                       size_t count, struct lattn_design *ret_design,
                                       struct lattn_complaint *complaint)
{
    struct lattn_batch candidates = {.count = room};
    size_t *order = memory_raw(count, sizeof *order);
    struct design design = {0};
    enum lattn_status status = order == NULL ? LATTN_NO_MEMORY : LATTN_OK;

    if (status == LATTN_OK)
        status = design_init(&design, learner, norm_max, room);
    candidates.items = design.items;
    if (status == LATTN_OK)
        status = suggest_among(learner, learner->d, &candidates, count, order, &ret_design->count,
                               complaint);
    if (status == LATTN_OK)
        status = design_give(&design, order, ret_design->count, &ret_design->items);
    design_done(&design);
    memory_release(order);
    return status;
}

/* The rank of what was learned. */
static enum lattn_status rank_find(struct lattn_learner *learner, size_t *ret_rank)
{
    struct factor *factor = &learner->factor;
    enum lattn_status status = LATTN_OK;

    if (factor->components_count > 0)
        status = certificate_ranks(factor, learner_precision(learner), CERTIFICATE_RANKS);
    *ret_rank = status == LATTN_OK ? (size_t)certificate_rank(factor) : 0;
    return status;
}

/*
 * As the sequences are independent, rank + count of them add count directions to any data of that
 * rank: the others need not be made, unless some of these would not show.
 */
static enum lattn_status design_make(struct lattn_learner *learner, double norm_max, size_t count,
                                     struct lattn_design *ret_design,
                                     struct lattn_complaint *complaint)
{
    size_t p = (size_t)feature_count(learner->d), rank;
    enum lattn_status status = rank_find(learner, &rank);

    if (status != LATTN_OK)
        return status;
    ret_design->missing = p - rank;
    count = count < p - rank ? count : p - rank;
    status = design_choose(learner, norm_max, rank + count, count, ret_design, complaint);
    if (status != LATTN_OK || ret_design->count == count || rank + count == p)
        return status;
    lattn_design_done(ret_design);
    ret_design->missing = p - rank;
    return design_choose(learner, norm_max, p, count, ret_design, complaint);
}

enum lattn_status lattn_learner_design(struct lattn_learner *learner, double norm_max, size_t count,
                                       struct lattn_design *ret_design,
                                       struct lattn_complaint *complaint)
{
    struct lattn_complaint why = {""};
    struct lattn_design chosen = {0};
    enum lattn_status status;

    if (norm_max != 0 && !(norm_max >= norm_least && norm_max <= norm_largest))
        return complain(complaint, LATTN_RANGE, "norm_max is %.3g, it may be from %g to %g",
                        norm_max, norm_least, norm_largest);
    if (learner->d <= learner->settings.bias)
        return complain(complaint, LATTN_NO_DATA,
                        "nothing tells yet how wide a token is: set --dim, name coordinates, or "
                        "send a pair first");
    status = design_make(learner, norm_max, count, &chosen, &why);
    if (status != LATTN_OK)
        return complain(complaint, status, "%s",
                        why.text[0] != '\0' ? why.text : lattn_status_text(status));
    *ret_design = chosen;
    return LATTN_OK;
}

void lattn_design_done(struct lattn_design *design)
{
    if (design == NULL)
        return;
    memory_release(design->items);
    *design = (struct lattn_design){0};
}
