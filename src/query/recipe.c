/* From what is known of an oracle to the learner that fits, and its questions. */
#include "query/recipe.h"

#include "query/crossing.h"
#include "query/label.h"
#include "query/linear.h"
#include "query/multihead.h"
#include "query/noisy.h"
#include "query/positions.h"
#include "query/rankone.h"
#include "query/slices.h"
#include "query/softmax.h"
#include "query/transformer.h"
#include "query/vector.h"

#include <math.h>

/* Sequences of so many tokens are held out; learners that need no more are content with it. */
enum { LENGTH_LEAST = 8 };

static enum recipe softmax_choose(const struct lattn_oracle *oracle,
                                  const struct lattn_probe_settings *settings, int has_noise)
{
    if (settings->heads > 1)
        return RECIPE_MULTIHEAD;
    if (oracle->answers == LATTN_ANSWERS_POSITIONS)
        return RECIPE_POSITIONS;
    if (oracle->m > 1)
        return RECIPE_VECTOR;
    if (settings->in_batch)
        return RECIPE_RANKONE;
    if (settings->rank != LATTN_RANK_FULL)
        return RECIPE_CROSSING;
    return has_noise ? RECIPE_NOISY : RECIPE_SOFTMAX;
}

enum recipe recipe_choose(const struct lattn_oracle *oracle,
                          const struct lattn_probe_settings *settings,
                          enum lattn_architecture architecture, int has_noise)
{
    switch (architecture) {
    case LATTN_ARCHITECTURE_LINEAR:
        return settings->rank != LATTN_RANK_FULL && oracle->m == 1 ? RECIPE_SLICES : RECIPE_LINEAR;
    case LATTN_ARCHITECTURE_TRANSFORMER:
        return RECIPE_TRANSFORMER;
    case LATTN_ARCHITECTURE_LABEL:
        return RECIPE_LABEL;
    default:
        return softmax_choose(oracle, settings, has_noise);
    }
}

int32_t recipe_length(enum recipe recipe, const struct lattn_oracle *oracle)
{
    int32_t fewer = oracle->m < oracle->d ? oracle->m : oracle->d;
    int32_t length = LENGTH_LEAST;

    if (recipe == RECIPE_MULTIHEAD)
        length = LATTN_QUESTION_TOKENS_MAX;
    if (recipe == RECIPE_VECTOR)
        length = fewer + 1;
    if (recipe == RECIPE_POSITIONS)
        length = oracle->d + 1;
    return length > LENGTH_LEAST ? length : LENGTH_LEAST;
}

/* Entries of W in one answer: as many as V has rank, at most, or as a sequence has room for. */
static int32_t vector_width(const struct lattn_oracle *oracle, const struct conditions *conditions)
{
    int32_t width = oracle->m < oracle->d ? oracle->m : oracle->d;

    return width < conditions->length - 1 ? width : conditions->length - 1;
}

uint64_t recipe_count(enum recipe recipe, const struct lattn_oracle *oracle,
                      const struct lattn_probe_settings *settings,
                      const struct conditions *conditions, int *ret_is_bound)
{
    int32_t d = oracle->d;

    *ret_is_bound = recipe == RECIPE_SLICES || recipe == RECIPE_LABEL ||
                    recipe == RECIPE_CROSSING || recipe == RECIPE_TRANSFORMER;
    switch (recipe) {
    case RECIPE_SOFTMAX:
        return softmax_count(d);
    case RECIPE_NOISY:
        return noisy_count(d);
    case RECIPE_CROSSING:
        return crossing_count(d, settings->rank == LATTN_RANK_FIND ? d : settings->rank);
    case RECIPE_RANKONE:
        return rankone_count(d, settings->rank);
    case RECIPE_VECTOR:
        return vector_count(d, vector_width(oracle, conditions));
    case RECIPE_POSITIONS:
        return positions_count(d, oracle->m < d ? oracle->m : d, conditions);
    case RECIPE_TRANSFORMER:
        return transformer_count(d, 2 * d);
    case RECIPE_MULTIHEAD:
        return multihead_count(d, settings->heads);
    case RECIPE_LABEL:
        return label_count(d, conditions);
    case RECIPE_LINEAR:
    case RECIPE_SLICES:
        break;
    }
    return linear_count(d);
}

/* Of 6 questions each, from the largest score on down, where scores are about as large as tokens.
 */
static uint64_t noisy_trials(const struct conditions *conditions)
{
    double most = conditions->norm * conditions->norm;

    return conditions->scale > 0 || most < 1 ? 6 : 6 + 6 * (uint64_t)(log2(most) / 3);
}

/*
 * As measured (README.md): labels are searched for a place to begin, heads for one to see them, the
 * terrain of a network for where it bends.
 */
uint64_t recipe_trials(enum recipe recipe, int32_t d, const struct conditions *conditions)
{
    uint64_t size = (uint64_t)d;

    switch (recipe) {
    case RECIPE_LABEL:
        return 50 * size + 3 * size * size / 2;
    case RECIPE_MULTIHEAD:
        return 150;
    case RECIPE_NOISY:
        return noisy_trials(conditions);
    case RECIPE_TRANSFORMER:
        return 62;
    case RECIPE_LINEAR:
    case RECIPE_SLICES:
        return 0;
    default:
        return conditions->scale > 0 ? 0 : 6;
    }
}

uint64_t recipe_verify(enum recipe recipe)
{
    switch (recipe) {
    case RECIPE_MULTIHEAD:
        return MULTIHEAD_HELD_OUT;
    case RECIPE_TRANSFORMER:
        return TRANSFORMER_HELD_OUT;
    default:
        return 0;
    }
}

uint64_t recipe_theory(enum recipe recipe, const struct lattn_oracle *oracle, int32_t rank)
{
    uint64_t d = (uint64_t)oracle->d, r = rank > 0 && rank < oracle->d ? (uint64_t)rank : d;
    uint64_t k = (uint64_t)(oracle->m < oracle->d ? oracle->m : oracle->d);

    switch (recipe) {
    case RECIPE_SOFTMAX:
    case RECIPE_NOISY:
    case RECIPE_CROSSING:
    case RECIPE_RANKONE:
        return d + r * (2 * d - r);
    case RECIPE_POSITIONS:
        return k == d ? d + 1 : d + d * ((d + k - 1) / k);
    case RECIPE_VECTOR:
        return d + d * ((d + k - 1) / k);
    case RECIPE_LINEAR:
    case RECIPE_SLICES:
        return (uint64_t)lattn_features(oracle->d);
    default:
        return 0;
    }
}

static enum lattn_status crossing_run(struct oracle *oracle,
                                      const struct lattn_probe_settings *settings,
                                      const struct conditions *conditions, struct random *random,
                                      struct lattn_finding *finding)
{
    int32_t most = settings->rank == LATTN_RANK_FIND ? oracle->d : settings->rank;

    return crossing_learn(oracle, conditions, random, most, &finding->rank, &finding->attention);
}

static enum lattn_status multihead_run(struct oracle *oracle,
                                       const struct lattn_probe_settings *settings,
                                       const struct conditions *conditions, struct random *random,
                                       struct lattn_finding *finding)
{
    enum lattn_status status =
        multihead_learn(oracle, conditions, random, settings->heads, &finding->attention);

    if (status == LATTN_OK && finding->attention->heads > 1)
        finding->freedoms = LATTN_FREEDOM_ORDER;
    return status;
}

static enum lattn_status slices_run(struct oracle *oracle, const struct conditions *conditions,
                                    struct random *random, struct lattn_finding *finding)
{
    int32_t heads;
    enum lattn_status status =
        slices_learn(oracle, conditions, random, &finding->linear, &finding->linear_error, &heads);

    finding->freedoms = status == LATTN_OK ? LATTN_FREEDOM_HEADS : 0;
    return status;
}

static enum lattn_status linear_run(struct oracle *oracle, const struct conditions *conditions,
                                    struct lattn_finding *finding)
{
    enum lattn_status status =
        linear_learn(oracle, conditions, &finding->linear, &finding->linear_error);

    finding->freedoms = status == LATTN_OK ? LATTN_FREEDOM_HEADS : 0;
    return status;
}

enum lattn_status recipe_learn(enum recipe recipe, struct oracle *oracle,
                               const struct lattn_probe_settings *settings,
                               const struct conditions *conditions, struct random *random,
                               struct lattn_finding *finding)
{
    switch (recipe) {
    case RECIPE_SOFTMAX:
        return softmax_learn(oracle, conditions, random, &finding->attention);
    case RECIPE_NOISY:
        return noisy_learn(oracle, conditions, random, &finding->attention);
    case RECIPE_CROSSING:
        return crossing_run(oracle, settings, conditions, random, finding);
    case RECIPE_RANKONE:
        return rankone_learn(oracle, conditions, random, settings->rank, &finding->attention);
    case RECIPE_VECTOR:
        return vector_learn(oracle, conditions, random, &finding->attention);
    case RECIPE_POSITIONS:
        return positions_learn(oracle, conditions, random, &finding->attention);
    case RECIPE_TRANSFORMER:
        return transformer_learn(oracle, conditions, random, &finding->attention,
                                 &finding->freedoms);
    case RECIPE_MULTIHEAD:
        return multihead_run(oracle, settings, conditions, random, finding);
    case RECIPE_LABEL:
        return label_learn(oracle, conditions, random, &finding->attention, &finding->freedoms);
    case RECIPE_LINEAR:
        return linear_run(oracle, conditions, finding);
    case RECIPE_SLICES:
        break;
    }
    return slices_run(oracle, conditions, random, finding);
}
