#ifndef QUERY_SLICES_H
#define QUERY_SLICES_H

#include "query/conditions.h"
#include "query/oracle.h"

#include "base/random.h"

#include <lattn/model.h>
#include <lattn/status.h>

#include <stdint.h>

/*
 * Linear attention of few heads and one output from fewer questions than it has coefficients
 * (README.md, linear attention). The slice of a last token z is
 *
 *     S(z) = sum_h sym(v_h (Q_h z)'),     rank 2H for almost every z,
 *
 * so two whole slices tell H, and their ranges meet in span(v_1 .. v_H) where 3H <= d. Of every
 * other slice d H - H (H - 1) / 2 numbers are unknown then, in a frame that begins with that span.
 */

/* Questions of slices_learn where H heads are found: 2 q + (d - 2)(1 + d H - H (H - 1) / 2). */
uint64_t slices_count(int32_t d, int32_t heads);

/*
 * Learn a linear attention oracle of one output, m = 1.
 *
 * ret_heads  out  H where so few heads were found and used; -1 where the two slices do not fit
 *                 3H <= d: then the others were asked whole, linear_count(d) questions in all
 * ret_model, ret_error   as linear_learn; with H found the model has exactly H heads
 *
 * Returns LATTN_OK; LATTN_RANGE (m); LATTN_MEMORY_LIMIT with nothing asked; LATTN_NO_MEMORY,
 * LATTN_NO_CONVERGENCE, or as oracle_ask. Nothing is given then.
 */
enum lattn_status slices_learn(struct oracle *oracle, const struct conditions *conditions,
                               struct random *random, struct lattn_model **ret_model,
                               double *ret_error, int32_t *ret_heads);

#endif
