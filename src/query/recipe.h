#ifndef QUERY_RECIPE_H
#define QUERY_RECIPE_H

#include "base/random.h"
#include "query/conditions.h"
#include "query/oracle.h"

#include <lattn/query.h>
#include <lattn/status.h>

#include <stdint.h>

/* Which learner answers to which settings, and what it asks. */
enum recipe {
    RECIPE_SOFTMAX,
    RECIPE_NOISY,
    RECIPE_CROSSING,
    RECIPE_RANKONE,
    RECIPE_VECTOR,
    RECIPE_POSITIONS,
    RECIPE_MULTIHEAD,
    RECIPE_TRANSFORMER,
    RECIPE_LABEL,
    RECIPE_LINEAR,
    RECIPE_SLICES
};

/*
 * Choose the learner of an architecture.
 *
 * architecture  not AUTO
 * has_noise     answers carry noise
 */
enum recipe recipe_choose(const struct lattn_oracle *oracle,
                          const struct lattn_probe_settings *settings,
                          enum lattn_architecture architecture, int has_noise);

/* Tokens that the longest question of a recipe has where nothing binds it. */
int32_t recipe_length(enum recipe recipe, const struct lattn_oracle *oracle);

/*
 * Questions to learn.
 *
 * conditions    as found, or as expected
 * ret_is_bound  out  1: it depends on the answers, and takes about so many or fewer
 */
uint64_t recipe_count(enum recipe recipe, const struct lattn_oracle *oracle,
                      const struct lattn_probe_settings *settings,
                      const struct conditions *conditions, int *ret_is_bound);

/*
 * What the theory counts: as many numbers as there are, where each takes one question. 0: it does
 * not say.
 *
 * rank  of W; 0: full, or not known
 */
uint64_t recipe_theory(enum recipe recipe, const struct lattn_oracle *oracle, int32_t rank);

/*
 * Learn.
 *
 * finding  in/out  takes attention or linear with linear_error, rank where the learner finds it,
 *                  and freedoms
 *
 * Returns what the learner did; nothing is in the finding then unless it is LATTN_OK or LATTN_RANK.
 */
enum lattn_status recipe_learn(enum recipe recipe, struct oracle *oracle,
                               const struct lattn_probe_settings *settings,
                               const struct conditions *conditions, struct random *random,
                               struct lattn_finding *finding);

#endif
