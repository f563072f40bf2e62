#ifndef SOLVE_OUTCOME_H
#define SOLVE_OUTCOME_H

#include "solve/shards.h"
#include "solve/system.h"

#include <lattn/learner.h>
#include <lattn/model.h>
#include <lattn/status.h>

#include <stdint.h>

/* Which heads are asked for; count with LATTN_HEADS_COUNT. */
struct outcome_wish {
    enum lattn_heads heads;
    int32_t count;
};

/*
 * What came out, the same however it was found.
 *
 * report      all numbers, with the certificate
 * model       NULL where the data does not determine the function
 * condition   of the sum in even coordinates, lambda_max / lambda_min; NaN where nobody factored it
 */
struct outcome {
    struct lattn_report report;
    struct lattn_model *model;
    double condition;
};

void outcome_done(struct outcome *outcome);

enum { OUTCOME_VECTORS = 3 };

/*
 * Verdict, weights and heads from the factored sums; on rank 0, while the others serve.
 *
 * Asks the system for so many vectors at once, and for as many as there are outputs.
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY, LATTN_NO_CONVERGENCE, or LATTN_MEMORY_LIMIT where the heads
 * would be too large. On LATTN_OK outcome_done must follow.
 */
enum lattn_status outcome_find(const struct system *system, const struct shards *shards,
                               const struct outcome_wish *wish, struct outcome *ret_outcome);

/*
 * The same where the sums were not factored: there are fewer pairs than features, a feature was
 * never seen, or they are not positive definite.
 *
 * is_tried  in  they were to be factored, and could not be
 */
enum lattn_status outcome_find_none(const struct shards *shards, int is_tried,
                                    struct outcome *ret_outcome);

/* Can the data determine the function, as far as its pairs and features tell? */
int outcome_is_possible(const struct shards *shards);

/* The same from states that are merged as lattn merge does, in the memory of this process. */
enum lattn_status outcome_find_merged(const struct shards *shards, const struct outcome_wish *wish,
                                      struct outcome *ret_outcome,
                                      struct lattn_complaint *complaint);

#endif
