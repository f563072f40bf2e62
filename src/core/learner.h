#ifndef CORE_LEARNER_H
#define CORE_LEARNER_H

#include "core/factor.h"
#include "core/fewest.h"
#include "core/shelf.h"
#include "core/survey.h"

#include <lattn/learner.h>
#include <lattn/limits.h>

/*
 * d, m      0 while not known; the factor is sized once both are
 * team      that shares its work, or NULL; not a part of what a copy takes over
 * is_withheld  data is known to be missing: no verdict is given; not a part of what is saved
 * dim_was   dim_was[k]: tokens of k coordinates (bias included) were right at some time
 */
struct lattn_learner {
    struct lattn_learner_settings settings;
    struct factor factor;
    struct lattn_names names;
    struct survey survey;
    struct shelf shelf;
    struct team *team;
    int32_t d;
    int32_t m;
    int64_t p_identified; /* p when the verdict was last "identifying", or LATTN_NEVER */
    int64_t identifying_since;
    int64_t lost_at;
    int32_t is_withheld;
    uint8_t dim_was[LATTN_DIM_MAX + 1];
    uint8_t outputs_was[LATTN_OUTPUTS_MAX + 1];
};

/*
 * As lattn_learner_copy, in the memory of an earlier copy as far as the sizes are the same: a new
 * one costs the first touch of every page, several times what is copied.
 *
 * copy  in/out  an earlier copy, or NULL; then the new one, or NULL where there is no memory
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status learner_copy_over(const struct lattn_learner *learner,
                                    struct lattn_learner **copy);

/* Let a copy that takes the place of the learner have its threads, instead of those it has. */
void learner_threads_give(struct lattn_learner *learner, struct lattn_learner *copy);

/*
 * Take the place of a learner of the same stream that knew less of it: the generation goes on
 * behind its, and so does what was found out about it, as long as there are no fewer pairs.
 */
void learner_succeed(struct lattn_learner *learner, const struct lattn_learner *earlier);

/* Drop what was derived, of a copy that is kept for the memory it has. */
void learner_strip(struct lattn_learner *learner);

/*
 * Do the sizes of an item agree with the learner, and do its features stay in range? Labels are
 * looked at only where the item has some.
 *
 * Returns as lattn_learner_admit, and changes nothing.
 */
enum lattn_status learner_item_check(const struct lattn_learner *learner,
                                     const struct lattn_item *item,
                                     struct lattn_complaint *complaint);

/* The same of an input, whose labels and weight do not matter. */
enum lattn_status learner_input_check(const struct lattn_learner *learner,
                                      const struct lattn_item *input,
                                      struct lattn_complaint *complaint);

/*
 * Check all of a batch of inputs; where the learner has no sizes yet they are to agree with the
 * first. The complaint begins with name[place].
 */
enum lattn_status learner_inputs_check(const struct lattn_learner *learner, const char *name,
                                       const struct lattn_batch *inputs,
                                       struct lattn_complaint *complaint);

/* Would lattn_learner_name with these change nothing, as all of them are there? */
int learner_is_named(const struct lattn_learner *learner, const char *const *append,
                     size_t append_count, const char *const *outputs, size_t outputs_count,
                     const struct lattn_block *blocks, size_t blocks_count);

/* Has every feature its place, so that admitting an item only checks it? */
int learner_is_full(const struct lattn_learner *learner);

/*
 * Bring rank and weights of every component to the exact solution of this generation.
 *
 * Returns LATTN_OK, LATTN_NO_DATA, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status learner_solve(struct lattn_learner *learner);

/*
 * All numbers on a learner whose certificate and residual were found elsewhere: its own components
 * are not looked at.
 *
 * rss         in   m: residual sum of squares
 * ret_report  out  given, release with lattn_report_done
 *
 * Returns LATTN_OK or LATTN_NO_MEMORY.
 */
enum lattn_status report_make(const struct lattn_learner *learner,
                              const struct lattn_certificate *certificate, const double *rss,
                              struct lattn_report *ret_report);

/*
 * What a search for the fewest heads is to know of what was learned (fewest.h).
 *
 * rss  in  m: residual sum of squares;   rank  in  of the data
 */
struct fewest_evidence learner_evidence(const struct lattn_learner *learner, const double *rss,
                                        int64_t rank);

/* The relative precision that verdicts go by: that of the settings, or of the coarsest item. */
double learner_precision(const struct lattn_learner *learner);

/* Degrees of freedom left for the noise, in units of weight: N_w - rank N_w2 / N_w; 0 if none. */
double learner_freedom(const struct lattn_learner *learner, int64_t rank);

#endif
