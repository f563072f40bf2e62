/*
 * Few heads of linear attention. Everything happens in the coordinates of a random orthonormal
 * basis, in which no token is special; the heads are turned back at the end. What was asked of the
 * two whole slices belongs to the design of linear.c in that basis, so nothing is lost where there
 * are many heads.
 */
#include "query/slices.h"

#include "query/frame.h"
#include "query/linear.h"
#include "query/overlap.h"
#include "query/reading.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/canonical.h"
#include "core/dense.h"
#include "core/feature.h"
#include "core/heads.h"

#include <math.h>
#include <string.h>

/* Whole slices that are asked first. */
enum { WHOLE = OVERLAP_SLICES };

/*
 * Tokens of a basis are rounded, each by itself, and so are the heads that are turned back: this
 * many roundings of a coefficient, for all d.
 */
static const double turning_units = 4;

/*
 * basis     d x d rows
 * whole     slices 0 and 1;  variance  of each slice
 * overlap   span of the heads, in coordinates of the basis
 * inner     d x heads x d: slice k is sum over a <= b of inner[k,a,b] (frame_a.x)(frame_b.x)
 */
struct slices {
    int32_t d;
    int32_t q;
    int32_t heads;
    double *basis;
    double *whole;
    double *variance;
    struct overlap overlap;
    double *inner;
};

static void slices_done(struct slices *slices)
{
    memory_release(slices->basis);
    memory_release(slices->whole);
    memory_release(slices->variance);
    overlap_done(&slices->overlap);
    memory_release(slices->inner);
}

static enum lattn_status slices_init(struct slices *slices, int32_t d)
{
    size_t n = (size_t)d;

    *slices = (struct slices){.d = d, .q = d * (d + 1) / 2};
    slices->basis = memory_raw(n * n, sizeof(double));
    slices->whole = memory_raw(WHOLE * (size_t)slices->q, sizeof(double));
    slices->variance = memory_zeroed(n, sizeof(double));
    return slices->basis == NULL || slices->whole == NULL || slices->variance == NULL
               ? LATTN_NO_MEMORY
               : LATTN_OK;
}

uint64_t slices_count(int32_t d, int32_t heads)
{
    int64_t q = (int64_t)d * (d + 1) / 2;
    int64_t inner = (int64_t)d * heads - (int64_t)heads * (heads - 1) / 2;

    return (uint64_t)(WHOLE * q + (d - WHOLE) * (1 + inner));
}

/* How many heads are there? */
static enum lattn_status whole_ask(struct oracle *oracle, const struct conditions *conditions,
                                   struct slices *slices)
{
    enum lattn_status status =
        linear_slices(oracle, conditions, slices->basis, 0, WHOLE, slices->whole, slices->variance);

    if (status == LATTN_OK)
        status = overlap_find(slices->d, slices->whole, slices->variance, &slices->overlap);
    slices->heads = slices->overlap.heads;
    return status;
}

/* ---- the other slices, in the frame ---------------------------------------------------------- */

static double *inner_at(const struct slices *slices, int32_t k, int32_t a, int32_t b)
{
    return slices->inner + ((size_t)k * (size_t)slices->heads + (size_t)a) * (size_t)slices->d + b;
}

/* Those of the two whole ones; the share of them that the frame leaves out is their misfit. */
static enum lattn_status whole_turn(struct slices *slices, double *ret_misfit)
{
    int32_t d = slices->d;
    size_t n = (size_t)d;
    double *S = memory_raw(3 * n * n, sizeof *S);
    double *half, *turned;
    double outside = 0, all = 0;

    if (S == NULL)
        return LATTN_NO_MEMORY;
    half = S + n * n;
    turned = half + n * n;
    for (int32_t k = 0; k < WHOLE; k++) {
        overlap_unpack(d, slices->whole, k, S);
        dense_multiply(DENSE_PLAIN, d, d, d, 1, slices->overlap.frame, n, S, n, 0, half, n);
        dense_multiply_rows(d, d, d, 1, half, n, slices->overlap.frame, n, 0, turned, n);
        for (int32_t a = 0; a < d; a++)
            for (int32_t b = 0; b < d; b++) {
                double number = turned[(size_t)a * n + (size_t)b];

                all += number * number;
                if (a >= slices->heads && b >= slices->heads)
                    outside += number * number;
                else if (a <= b)
                    *inner_at(slices, k, a, b) = a == b ? number : 2 * number;
            }
    }
    *ret_misfit = all > 0 ? sqrt(outside / all) : 0;
    memory_release(S);
    return LATTN_OK;
}

/* Which number of which slice is asked next. */
struct place {
    int32_t k;
    int32_t a;
    int32_t b;
};

static void place_step(const struct slices *slices, struct place *place)
{
    if (++place->b < slices->d)
        return;
    place->b = ++place->a;
    if (place->a < slices->heads)
        return;
    place->k++;
    place->a = place->b = 0;
}

/*
 * Up to a call full of [f_a ; z] and [f_a + f_b ; z], a < heads, a < b, all tokens of this length
 * or a sum of two. Answers come to stand at[] where their numbers will.
 */
static size_t inner_write(const struct slices *slices, const double *frame, double length,
                          struct place *place, double *x, double **at)
{
    size_t d = (size_t)slices->d;
    size_t count = 0;

    for (; count < LATTN_QUESTIONS_MAX && place->k < slices->d; place_step(slices, place)) {
        double *tokens = x + count * 2 * d;

        memset(tokens, 0, 2 * d * sizeof *tokens);
        dense_add(slices->d, length, frame + (size_t)place->a * d, tokens);
        if (place->b > place->a)
            dense_add(slices->d, length, frame + (size_t)place->b * d, tokens);
        dense_add(slices->d, length, slices->basis + (size_t)place->k * d, tokens + d);
        at[count++] = inner_at(slices, place->k, place->a, place->b);
    }
    return count;
}

/* The answers to [z] of all slices but the whole ones. */
static enum lattn_status alone_ask(struct oracle *oracle, const struct slices *slices,
                                   double length, double *ret_alone)
{
    size_t d = (size_t)slices->d;
    double *x = memory_zeroed(d * d, sizeof *x);
    enum lattn_status status;

    if (x == NULL)
        return LATTN_NO_MEMORY;
    dense_add(slices->d * slices->d, length, slices->basis, x);
    status = oracle_ask(oracle, ORACLE_LEARN, d - WHOLE, 1, x + WHOLE * d, ret_alone + WHOLE);
    memory_release(x);
    return status;
}

static enum lattn_status pairs_ask(struct oracle *oracle, const struct slices *slices,
                                   const double *frame, double length)
{
    size_t d = (size_t)slices->d;
    struct place place = {.k = slices->heads > 0 ? WHOLE : slices->d};
    double **at = memory_raw(LATTN_QUESTIONS_MAX, sizeof *at);
    double *x = memory_raw(LATTN_QUESTIONS_MAX * 2 * d, sizeof *x);
    double *y = memory_raw(LATTN_QUESTIONS_MAX, sizeof *y);
    enum lattn_status status = at == NULL || x == NULL || y == NULL ? LATTN_NO_MEMORY : LATTN_OK;
    size_t asked;

    while (status == LATTN_OK && (asked = inner_write(slices, frame, length, &place, x, at)) > 0) {
        status = oracle_ask(oracle, ORACLE_LEARN, asked, 2, x, y);
        for (size_t i = 0; status == LATTN_OK && i < asked; i++)
            *at[i] = y[i];
    }
    memory_release(at);
    memory_release(x);
    memory_release(y);
    return status;
}

static double square(double x)
{
    return x * x;
}

/* Numbers of inner slice k from its answers; one behind the span has no square of its own. */
static void inner_solve(struct slices *slices, const struct conditions *conditions, int32_t k,
                        double length, double alone)
{
    double cube = length * length * length;
    double variance = 0;
    int32_t heads = slices->heads;

    for (int32_t a = 0; a < heads; a++)
        for (int32_t b = a; b < slices->d; b++) {
            double *number = inner_at(slices, k, a, b);

            variance += (b > a ? 3 : 1) * (square(conditions_error(conditions, *number)) +
                                           square(conditions_error(conditions, alone)));
            *number = (*number - alone) / cube;
        }
    for (int32_t a = 0; a < heads; a++)
        for (int32_t b = a + 1; b < slices->d; b++)
            *inner_at(slices, k, a, b) -=
                *inner_at(slices, k, a, a) + (b < heads ? *inner_at(slices, k, b, b) : 0);
    slices->variance[k] = variance / square(cube) / slices->q;
}

/* frame  in  the frame in coordinates of tokens */
static enum lattn_status inner_ask(struct oracle *oracle, const struct conditions *conditions,
                                   struct slices *slices, const double *frame)
{
    double length = exp2(floor(log2(conditions->norm / 2)));
    double *alone = memory_raw((size_t)slices->d, sizeof *alone);
    enum lattn_status status = LATTN_NO_MEMORY;

    if (alone != NULL)
        status = alone_ask(oracle, slices, length, alone);
    if (status == LATTN_OK)
        status = pairs_ask(oracle, slices, frame, length);
    for (int32_t k = WHOLE; status == LATTN_OK && k < slices->d; k++)
        inner_solve(slices, conditions, k, length, alone[k]);
    memory_release(alone);
    return status;
}

/* ---- heads ----------------------------------------------------------------------------------- */

/* P_a = frame_a,  Q_a e_k = sum_b inner[k,a,b] frame_b. */
static void layer_fill(const struct slices *slices, struct layer *layer)
{
    size_t d = (size_t)slices->d;

    memcpy(layer->P, slices->overlap.frame, (size_t)slices->heads * d * sizeof *layer->P);
    memset(layer->Q, 0, (size_t)slices->heads * d * d * sizeof *layer->Q);
    for (int32_t a = 0; a < slices->heads; a++)
        for (int32_t k = 0; k < slices->d; k++)
            for (int32_t b = a; b < slices->d; b++)
                for (size_t c = 0; c < d; c++)
                    layer->Q[((size_t)a * d + c) * d + (size_t)k] +=
                        *inner_at(slices, k, a, b) * slices->overlap.frame[(size_t)b * d + c];
}

/* The heads of a layer in coordinates of the basis as a model in those of tokens. */
static enum lattn_status layer_return(const struct slices *slices, struct layer *layer,
                                      struct lattn_model **ret_model)
{
    struct lattn_model *model = NULL;
    enum lattn_status status = lattn_model_open(&model, layer->d, 1, layer->heads);

    if (status == LATTN_OK && layer->heads > 0)
        status = layer_transform(layer, slices->basis);
    if (status == LATTN_OK && layer->heads > 0)
        status = canonical_write(layer, model);
    if (status != LATTN_OK)
        lattn_model_close(&model);
    else
        *ret_model = model;
    return status;
}

static enum lattn_status inner_model(const struct slices *slices, struct lattn_model **ret_model)
{
    struct layer layer = {0};
    enum lattn_status status = layer_init(&layer, slices->d, 1, slices->heads);

    if (status == LATTN_OK) {
        layer_fill(slices, &layer);
        status = layer_return(slices, &layer, ret_model);
    }
    layer_done(&layer);
    return status;
}

/* An error of the span shows in every slice, times what it is multiplied with. */
static double overlap_share(const struct slices *slices)
{
    double sum = 0;

    for (int32_t a = 0; a < slices->heads; a++)
        for (int32_t k = 0; k < slices->d; k++)
            sum += slices->overlap.variance[a] *
                   square(dense_norm(slices->d, inner_at(slices, k, a, 0)));
    return sum / (double)linear_count(slices->d);
}

/* What turning cost each of all coefficients, given these numbers that stand for them. */
static double turning_error(const struct slices *slices, const struct conditions *conditions,
                            int32_t count, const double *numbers)
{
    return turning_units * conditions->epsilon * dense_norm(count, numbers) /
           sqrt((double)linear_count(slices->d));
}

static double mean(int32_t count, const double *numbers)
{
    double sum = 0;

    for (int32_t i = 0; i < count; i++)
        sum += numbers[i];
    return sum / count;
}

static enum lattn_status few_learn(struct oracle *oracle, const struct conditions *conditions,
                                   struct slices *slices, struct lattn_model **ret_model,
                                   double *ret_error)
{
    int32_t d = slices->d;
    size_t n = (size_t)d;
    double *frame = memory_raw(n * n, sizeof *frame);
    double misfit = 0;
    enum lattn_status status = LATTN_NO_MEMORY;

    oracle_phase(oracle, "learning the other slices",
                 oracle_count(oracle) + slices_count(d, slices->heads) -
                     (uint64_t)(WHOLE * slices->q));
    slices->inner = memory_zeroed(n * (size_t)slices->heads * n, sizeof *slices->inner);
    if (frame == NULL || slices->inner == NULL)
        goto done;
    dense_multiply(DENSE_PLAIN, d, d, d, 1, slices->overlap.frame, n, slices->basis, n, 0, frame,
                   n);
    status = whole_turn(slices, &misfit);
    if (status == LATTN_OK)
        status = inner_ask(oracle, conditions, slices, frame);
    if (status == LATTN_OK)
        status = inner_model(slices, ret_model);
    if (status == LATTN_OK) {
        (*ret_model)->residual = misfit;
        (*ret_model)->decomposition = LATTN_DECOMPOSITION_FEWEST;
        (*ret_model)->certified = conditions->noise > 0 || conditions->step > 0
                                      ? LATTN_CERTIFIED_NOT
                                      : LATTN_CERTIFIED_MINIMAL;
        *ret_error = hypot(sqrt(mean(d, slices->variance) + overlap_share(slices)),
                           turning_error(slices, conditions, d * slices->heads * d, slices->inner));
    }
done:
    memory_release(frame);
    return status;
}

/* ---- many heads ------------------------------------------------------------------------------ */

/* Heads turned back from the basis. */
static enum lattn_status model_turn(const struct slices *slices, const struct lattn_model *turned,
                                    struct lattn_model **ret_model)
{
    size_t d = (size_t)slices->d, heads = (size_t)turned->heads;
    struct layer layer = {0};
    enum lattn_status status = layer_init(&layer, slices->d, 1, turned->heads);

    if (status == LATTN_OK) {
        memcpy(layer.P, turned->V, heads * d * sizeof *layer.P);
        memcpy(layer.Q, turned->Q, heads * d * d * sizeof *layer.Q);
        status = layer_return(slices, &layer, ret_model);
    }
    if (status == LATTN_OK) {
        (*ret_model)->decomposition = turned->decomposition;
        (*ret_model)->certified = turned->certified;
        (*ret_model)->residual = turned->residual;
    }
    layer_done(&layer);
    return status;
}

static enum lattn_status many_learn(struct oracle *oracle, const struct conditions *conditions,
                                    struct slices *slices, struct lattn_model **ret_model,
                                    double *ret_error)
{
    int32_t d = slices->d;
    size_t asked = (size_t)WHOLE * (size_t)slices->q;
    double *all = memory_raw((size_t)linear_count(d), sizeof *all);
    struct lattn_model *turned = NULL;
    double error;
    enum lattn_status status = LATTN_NO_MEMORY;

    if (all == NULL)
        return LATTN_NO_MEMORY;
    memcpy(all, slices->whole, asked * sizeof *all);
    oracle_phase(oracle, "learning coefficients", oracle_count(oracle) + linear_count(d) - asked);
    status = linear_slices(oracle, conditions, slices->basis, WHOLE, d - WHOLE, all + asked,
                           slices->variance + WHOLE);
    error = sqrt(mean(d, slices->variance));
    if (status == LATTN_OK)
        status = reading_make(d, 1, all, error, &turned);
    if (status == LATTN_OK)
        status = model_turn(slices, turned, ret_model);
    if (status == LATTN_OK)
        *ret_error = hypot(hypot(error, reading_misfit(all, *ret_model)),
                           turning_error(slices, conditions, feature_count(d), all));
    lattn_model_close(&turned);
    memory_release(all);
    return status;
}

enum lattn_status slices_learn(struct oracle *oracle, const struct conditions *conditions,
                               struct random *random, struct lattn_model **ret_model,
                               double *ret_error, int32_t *ret_heads)
{
    struct slices slices = {0};
    enum lattn_status status;

    if (oracle->m != 1)
        return complain(&oracle->complaint, LATTN_RANGE,
                        "few heads are looked for in one output, the oracle has %d", oracle->m);
    if (oracle->d <= WHOLE) {
        *ret_heads = -1;
        return linear_learn(oracle, conditions, ret_model, ret_error);
    }
    oracle_phase(oracle, "learning two slices", 0);
    status = slices_init(&slices, oracle->d);
    if (status == LATTN_OK)
        status = frame_random(oracle->d, oracle->d, random, slices.basis);
    if (status == LATTN_OK)
        status = whole_ask(oracle, conditions, &slices);
    if (status == LATTN_OK && slices.overlap.fits)
        status = few_learn(oracle, conditions, &slices, ret_model, ret_error);
    else if (status == LATTN_OK)
        status = many_learn(oracle, conditions, &slices, ret_model, ret_error);
    if (status == LATTN_OK)
        *ret_heads = slices.overlap.fits ? slices.heads : -1;
    slices_done(&slices);
    return status;
}
