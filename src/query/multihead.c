/*
 * Several heads: how many are there, what are they roughly, what exactly, and do they explain what
 * was not asked before. Whatever fails is tried again from another pair of directions, closer
 * around it, before a further head is taken for granted.
 */
#include "query/multihead.h"

#include "base/complaint.h"
#include "base/memory.h"
#include "core/dense.h"
#include "query/copies.h"
#include "query/frame.h"
#include "query/lookout.h"
#include "query/polish.h"
#include "query/rough.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

enum { ATTEMPTS = 4, HELD_OUT = 6, HELD_OUT_TOKENS_MAX = 8, DRAWS = 3 };

/* How far neighbours of a lookout lean: as little as rounding and noise allow. */
#define LEAN_LEAST (1 / 32.0)
#define LEAN_MOST (1 / 4.0)
/* Deviations of noise that a residual may reach. */
#define NOISES 3
/* What held-out answers may be off, in deviations of what parameters and noise explain. */
#define HELD_OUT_DEVIATIONS 10
/* Root mean square of scores in held-out sequences. */
#define HELD_OUT_SCORE 1.5

/* value  d: f of one token, by its coordinates; W, V: the rough layer, heads x d x d, heads x d */
struct search {
    struct oracle *oracle;
    const struct conditions *conditions;
    struct random *random;
    int32_t heads;
    double *value;
    double *W;
    double *V;
    struct lookouts lookouts;
    int is_asked; /* one attempt was made: what follows are trials */
};

uint64_t multihead_count(int32_t d, int32_t heads)
{
    return (uint64_t)d + rough_count(d, heads) + polish_count(d, heads);
}

static enum lattn_status search_open(struct search *search)
{
    size_t d = (size_t)search->oracle->d, heads = (size_t)search->heads;

    search->value = memory_raw(d, sizeof *search->value);
    search->W = memory_raw(heads * d * d, sizeof *search->W);
    search->V = memory_raw(heads * d, sizeof *search->V);
    return search->value == NULL || search->W == NULL || search->V == NULL ? LATTN_NO_MEMORY
                                                                           : LATTN_OK;
}

static void search_close(struct search *search)
{
    lookouts_done(&search->lookouts);
    memory_release(search->value);
    memory_release(search->W);
    memory_release(search->V);
}

/* ---- the beginning --------------------------------------------------------------------------- */

static enum lattn_status value_ask(struct search *search, double size)
{
    int32_t d = search->oracle->d;
    size_t square = (size_t)d * (size_t)d;
    double *x = memory_zeroed(square, sizeof *x);
    enum lattn_status status;

    if (x == NULL)
        return LATTN_NO_MEMORY;
    for (int32_t i = 0; i < d; i++)
        x[(size_t)i * (size_t)d + (size_t)i] = size;
    status = oracle_ask(search->oracle, ORACLE_LEARN, (size_t)d, 1, x, search->value);
    for (int32_t i = 0; i < d && status == LATTN_OK; i++)
        search->value[i] /= size;
    memory_release(x);
    return status;
}

static enum lattn_status search_begin(struct search *search)
{
    struct copies copies;
    enum lattn_status status;

    copies_init(&copies, search->heads, search->conditions->length);
    copies.s = exp2(floor(log2(search->conditions->norm)) - 1);
    copies.value = search->value;
    status = value_ask(search, copies.s);
    return status == LATTN_OK ? lookouts_ask(&search->lookouts, &copies, search->oracle,
                                             search->conditions, search->random)
                              : status;
}

/* ---- held-out answers ------------------------------------------------------------------------ */

/* Tokens of one size, at which the scores of the head with the largest are as they should. */
static double held_out_size(const struct search *search, const struct lattn_attention *layer)
{
    int32_t square = layer->d * layer->d;
    double most = 0;

    for (int32_t h = 0; h < layer->heads; h++)
        most = fmax(most, dense_norm(square, layer->W + (size_t)h * (size_t)square));
    return fmin(search->conditions->norm / 2,
                sqrt(HELD_OUT_SCORE * layer->d / fmax(most, DBL_MIN)));
}

/* A layer drawn from what the errors of this one allow. */
static void layer_draw(const struct lattn_attention *layer, struct random *random,
                       struct lattn_attention *ret_drawn)
{
    size_t weights = (size_t)layer->heads * (size_t)layer->d * (size_t)layer->d;
    size_t values = (size_t)layer->heads * (size_t)layer->d;

    random_normals(random, ret_drawn->W, (int64_t)weights);
    random_normals(random, ret_drawn->V, (int64_t)values);
    for (size_t i = 0; i < weights; i++)
        ret_drawn->W[i] = layer->W[i] + ret_drawn->W[i] * layer->W_error[i];
    for (size_t i = 0; i < values; i++)
        ret_drawn->V[i] = layer->V[i] + ret_drawn->V[i] * layer->V_error[i];
}

/* Sums of squares: answers, what the layer leaves of them, what its errors explain. */
struct held_out {
    double answers;
    double left;
    double explained;
    int32_t count;
};

static enum lattn_status held_out_ask(struct search *search, const struct lattn_attention *layer,
                                      struct lattn_attention *drawn, int32_t n, double *x,
                                      struct held_out *held_out)
{
    int32_t d = layer->d;
    double size = held_out_size(search, layer), y[HELD_OUT];
    enum lattn_status status;

    for (int32_t i = 0; i < HELD_OUT * n; i++) {
        double *token = x + (size_t)i * (size_t)d, norm;

        random_normals(search->random, token, d);
        norm = fmax(dense_norm(d, token), DBL_MIN);
        for (int32_t j = 0; j < d; j++)
            token[j] *= size / norm;
    }
    frame_round((int64_t)HELD_OUT * n * d, x);
    status = oracle_ask(search->oracle, ORACLE_VERIFY, HELD_OUT, n, x, y);
    for (int32_t i = 0; i < HELD_OUT && status == LATTN_OK; i++) {
        const double *sequence = x + (size_t)i * (size_t)n * (size_t)d;
        double said, other;

        lattn_attention_apply(layer, sequence, n, &said);
        lattn_attention_apply(drawn, sequence, n, &other);
        held_out->answers += y[i] * y[i];
        held_out->left += (y[i] - said) * (y[i] - said);
        held_out->explained += (other - said) * (other - said);
        held_out->count++;
    }
    return status;
}

static enum lattn_status held_out_judge(struct search *search, const struct held_out *held_out)
{
    double count = held_out->count;
    double size = sqrt(held_out->answers / count), left = sqrt(held_out->left / count);
    double allowed = HELD_OUT_DEVIATIONS * sqrt(held_out->explained / count) +
                     lookout_slack(search->conditions, NOISES, size);

    if (left <= allowed)
        return LATTN_OK;
    return complain(&search->oracle->complaint, LATTN_NO_CONVERGENCE,
                    "held-out answers differ from the heads found by %.2g of their size, %.2g is "
                    "explained",
                    left / size, allowed / size);
}

static enum lattn_status held_out_check(struct search *search, const struct lattn_attention *layer)
{
    static const int32_t lengths[] = {2, 3, 4, HELD_OUT_TOKENS_MAX};
    static_assert(sizeof lengths / sizeof *lengths * HELD_OUT == MULTIHEAD_HELD_OUT, "as told");
    struct held_out held_out = {0};
    struct lattn_attention *drawn = NULL;
    double *x = memory_raw((size_t)HELD_OUT * HELD_OUT_TOKENS_MAX * (size_t)layer->d, sizeof *x);
    enum lattn_status status =
        x == NULL ? LATTN_NO_MEMORY : lattn_attention_open(&drawn, layer->d, 1, layer->heads);

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths && status == LATTN_OK; i++) {
        if (lengths[i] > search->conditions->length)
            break;
        layer_draw(layer, search->random, drawn);
        status = held_out_ask(search, layer, drawn, lengths[i], x, &held_out);
    }
    lattn_attention_close(&drawn);
    memory_release(x);
    return status == LATTN_OK ? held_out_judge(search, &held_out) : status;
}

/* ---- attempts -------------------------------------------------------------------------------- */

/* An answer's error: told, or what the polish leaves where that is more. */
static double sigma_of(const struct conditions *conditions, const struct polish *polish)
{
    double spare = (double)polish->rows / (polish->rows - polish->unknowns);

    return fmax(conditions_error(conditions, polish->size), polish->residual * sqrt(spare));
}

static enum lattn_status polish_judge(struct search *search, const struct polish *polish)
{
    double allowed = lookout_slack(search->conditions, NOISES, polish->size);

    if (polish->residual <= allowed)
        return LATTN_OK;
    return complain(
        &search->oracle->complaint, LATTN_NO_CONVERGENCE,
        "answers differ from those of %d heads by %.2g of their size, %.2g is explained",
        polish->heads, polish->residual / polish->size, allowed / polish->size);
}

static enum lattn_status layer_make(struct search *search, const struct polish *polish,
                                    struct lattn_attention **ret_attention)
{
    struct lattn_attention *layer;
    enum lattn_status status = lattn_attention_open(&layer, polish->d, 1, polish->heads);

    if (status != LATTN_OK)
        return status;
    status = polish_layer(polish, sigma_of(search->conditions, polish), layer);
    if (status == LATTN_OK)
        status = held_out_check(search, layer);
    if (status == LATTN_OK)
        *ret_attention = layer;
    else
        lattn_attention_close(&layer);
    return status;
}

static enum lattn_status layer_polish(struct search *search, int32_t heads,
                                      enum oracle_purpose purpose,
                                      struct lattn_attention **ret_attention)
{
    struct polish *polish;
    enum lattn_status status = polish_open(&polish, search->oracle->d, heads);

    if (status != LATTN_OK)
        return status;
    status = polish_ask(polish, search->oracle, purpose, search->conditions, search->random,
                        search->W, search->V);
    if (status == LATTN_OK)
        status = polish_run(polish);
    if (status == LATTN_NO_CONVERGENCE)
        complain(&search->oracle->complaint, status,
                 "answers leave open which of their parameters %d heads have", heads);
    if (status == LATTN_OK)
        status = polish_judge(search, polish);
    if (status == LATTN_OK)
        status = layer_make(search, polish, ret_attention);
    polish_close(&polish);
    return status;
}

static enum lattn_status attempt(struct search *search, const struct lookout *lookout, double lean,
                                 struct lattn_attention **ret_attention)
{
    enum oracle_purpose purpose = search->is_asked ? ORACLE_TRIAL : ORACLE_LEARN;
    enum lattn_status status;

    search->is_asked = 1;
    status = rough_learn(&search->lookouts, lookout, lean, search->oracle, purpose, search->W,
                         search->V);
    return status == LATTN_OK ? layer_polish(search, lookout->poles.count, purpose, ret_attention)
                              : status;
}

/* What so many heads say about the lookouts, and leave of them. */
struct guess {
    struct lookout fits[LOOKOUTS];
    double residual;
};

/*
 * Scores of neighbours differ by lean, and by lean^2 where both directions lean: that is divided by
 * it again, and with it what noise leaves.
 */
static double lean_of(const struct lookouts *lookouts)
{
    double share = lookouts->slack / lookouts->size;

    return fmin(LEAN_MOST, fmax(LEAN_LEAST, sqrt(sqrt(share))));
}

/* The fewest heads that explain the lookouts, then more; then all again from the next pair. */
static enum lattn_status attempts_make(struct search *search, const struct guess *guesses,
                                       struct lattn_attention **ret_attention)
{
    enum lattn_status status = LATTN_NO_CONVERGENCE;
    double lean = lean_of(&search->lookouts);

    for (int32_t i = 0; i < ATTEMPTS; i++, lean /= 2)
        for (int32_t k = 0; k < search->heads && status == LATTN_NO_CONVERGENCE; k++)
            if (guesses[k].residual <= search->lookouts.slack)
                status = attempt(search, &guesses[k].fits[i], lean, ret_attention);
    return status;
}

static enum lattn_status heads_find(struct search *search, struct lattn_attention **ret_attention)
{
    const struct lookouts *lookouts = &search->lookouts;
    struct lattn_complaint *complaint = &search->oracle->complaint;
    struct guess guesses[LATTN_PROBE_HEADS_MAX];
    enum lattn_status status;

    for (int32_t k = 0; k < search->heads; k++) {
        status = lookouts_fit(lookouts, k + 1, guesses[k].fits, &guesses[k].residual);
        if (status != LATTN_OK)
            return status;
    }
    status = attempts_make(search, guesses, ret_attention);
    if (status == LATTN_OK)
        complaint->text[0] = '\0';
    if (status == LATTN_NO_CONVERGENCE && complaint->text[0] == '\0')
        complain(complaint, status,
                 "%d heads leave %.2g of what copies of two tokens say, %.2g is explained",
                 search->heads, guesses[search->heads - 1].residual, lookouts->slack);
    return status;
}

static enum lattn_status search_run(struct search *search, struct lattn_attention **ret_attention)
{
    enum lattn_status status = search_begin(search);

    if (status != LATTN_OK)
        return status;
    if (lookouts_are_silent(&search->lookouts)) {
        status = lattn_attention_open(ret_attention, search->oracle->d, 1, search->heads);
        return status == LATTN_OK ? LATTN_RANK : status;
    }
    status = heads_find(search, ret_attention);
    if (status == LATTN_NO_CONVERGENCE && search->lookouts.is_capped)
        return complain(&search->oracle->complaint, LATTN_REFUSED,
                        "tokens of norm up to %.3g move weights too little to tell %d heads apart",
                        search->conditions->norm, search->heads);
    return status;
}

static enum lattn_status sizes_check(struct oracle *oracle, const struct conditions *conditions,
                                     int32_t heads)
{
    int32_t least = copies_length(heads) > 4 ? copies_length(heads) : 4;

    if (conditions->length < least)
        return complain(&oracle->complaint, LATTN_REFUSED,
                        "%d heads need sequences of %d tokens, the cap is %d", heads, least,
                        conditions->length);
    if (!polish_fits(oracle->d, heads))
        return complain(&oracle->complaint, LATTN_REFUSED,
                        "%d heads of %d coordinates are too many to be polished together", heads,
                        oracle->d);
    return LATTN_OK;
}

enum lattn_status multihead_learn(struct oracle *oracle, const struct conditions *conditions,
                                  struct random *random, int32_t heads,
                                  struct lattn_attention **ret_attention)
{
    struct search search = {
        .oracle = oracle, .conditions = conditions, .random = random, .heads = heads};
    enum lattn_status status = sizes_check(oracle, conditions, heads);

    assert(oracle->m == 1 && 1 <= heads && heads <= LATTN_PROBE_HEADS_MAX);
    if (status != LATTN_OK)
        return status;
    status = search_open(&search);
    if (status == LATTN_OK)
        status = search_run(&search, ret_attention);
    search_close(&search);
    return status;
}
