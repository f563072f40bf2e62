#ifndef CORE_WEIGHTS_H
#define CORE_WEIGHTS_H

#include "core/component.h"

#include <lattn/status.h>

/*
 * W = R^-1 C of a component of full rank; no solution is needed. In information form only what the
 * weights at hand lack is solved for, which costs fewer digits.
 */
void weights_full(const struct component *component, double *ret_weights);

/*
 * Solve for the weights of a component whose rank is decided: R^-1 C, of least norm in scaled
 * coordinates where R is deficient, or with ridge > 0 what solution_weights promises.
 *
 * ret_weights  out  columns x m row-major; as it was where refused
 *
 * Returns LATTN_OK, LATTN_NO_MEMORY or LATTN_NO_CONVERGENCE.
 */
enum lattn_status weights_make(const struct component *component, double ridge,
                               double *ret_weights);

#endif
