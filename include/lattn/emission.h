#ifndef LATTN_EMISSION_H
#define LATTN_EMISSION_H

#include <lattn/learner.h>
#include <lattn/model.h>
#include <lattn/status.h>

LATTN_BEGIN

/*
 * What a learner knows at one generation: numbers, verdict and model, frozen into one value that
 * readers on other threads may hold as long as they like.
 *
 * model  NULL before the first pair, and where its heads would take too much memory
 */
struct lattn_emission {
    struct lattn_report report;
    struct lattn_model *model;
};

/*
 * Evaluate the learner's current generation.
 *
 * heads, count  in   as for lattn_learner_model
 * ret_emission  out  given; release with lattn_emission_done
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
LATTN_API enum lattn_status lattn_emission_make(struct lattn_learner *learner,
                                                enum lattn_heads heads, int32_t count,
                                                struct lattn_emission *ret_emission);

/* Release what the emission owns; accepts NULL. */
LATTN_API void lattn_emission_done(struct lattn_emission *emission);

LATTN_END

#endif
